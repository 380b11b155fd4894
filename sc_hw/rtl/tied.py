"""How the datapath of a synapse's part of a rule is made of the whole rule's: its own is connected, the rest unused."""

from dataclasses import dataclass
from functools import cached_property

from .design import CoreDesign
from .port import Port
from .rows import below

__all__ = ["Tied"]


@dataclass(frozen=True)
class Tied:
    """The datapath of ``design``, whose rule is a synapse's part of another. Errors: ``TypeError`` when it is none of a rule."""

    design: CoreDesign

    @cached_property
    def whole(self) -> CoreDesign:
        """A design whose datapath is the whole rule's."""
        rule = self.design.rule.whole
        if rule is None:
            raise TypeError(f"{self.design.rule.name} is no part of a rule")
        return CoreDesign(name=f"{self.design.name}_whole", rule=rule, config=self.design.config, synapses=1)

    @property
    def ports(self) -> list[Port]:
        """Ports of the whole datapath but its clock and enable."""
        return [port for port in self.whole.datapath_ports() if port.name not in ("clk", "enable")]

    def port(self, port: Port) -> str:
        """Return the part's port that a port of the whole datapath is connected to, empty for none."""
        own = {p.name for p in self.design.datapath_ports()}
        kind, _, name = port.name.partition("_")
        given = f"in_{name}"  # what its neurons keep
        return port.name if port.name in own else given if kind == "state" and given in own else ""

    @property
    def rest(self) -> str:
        """Of a synapse's part that says whether it rests: that, in Verilog; else empty."""
        rest = self.design.spec.rest
        if rest is None:
            return ""
        fields = {f.name: f for f in self.design.spec.state}
        held = (
            " & ".join(below(f"next_{name}", fields[name], k) for name, k in bounds.items()) or "1'b1"
            for bounds in (rest.inert, rest.quiet)
        )
        return f"{{{', '.join(held)}}}"
