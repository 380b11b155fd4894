"""How the datapath of a part of a rule is made of the whole rule's: what is the part's is connected, the rest is tied off."""

from dataclasses import dataclass
from functools import cached_property

from .design import CoreDesign, Port
from .rows import below

__all__ = ["Tied"]


@dataclass(frozen=True)
class Tied:
    """The datapath of ``design``, whose rule is a part of another. Errors: ``TypeError`` when it is not."""

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

    @cached_property
    def passed_on(self) -> dict[str, str]:
        """What a neuron's part gives as it entered: output port and input port. A synapse's part gives what the whole does."""
        spec = self.design.spec
        if set(self.whole.spec.outputs) <= set(spec.outputs):
            return {}
        entered = {f.name: f"in_{f.name}" for f in spec.inputs} | {f.name: f"state_{f.name}" for f in spec.state}
        return {f"out_{f.name}": entered[f.name] for f in spec.outputs}

    def port(self, port: Port) -> str:
        """Return the part's port that a port of the whole datapath is connected to, empty for none."""
        own = {p.name for p in self.design.datapath_ports()} - set(self.passed_on)
        kind, _, name = port.name.partition("_")
        given = f"in_{name}"  # of a synapse: what its neurons keep
        return port.name if port.name in own else given if kind == "state" and given in own else ""

    @property
    def rest(self) -> str:
        """Of a synapse's part that says whether it rests: that, in Verilog; else empty."""
        rest = self.design.spec.rest
        if rest is None:
            return ""
        fields = {f.name: f for f in self.design.spec.state}
        held = (" & ".join(below(f"next_{name}", fields[name], k) for name, k in bounds.items()) or "1'b1"
                for bounds in (rest.inert, rest.quiet))  # fmt: skip
        return f"{{{', '.join(held)}}}"

    def bits(self, name: str) -> int:
        """Return the bits of a port of the part."""
        return next(port.bits for port in self.design.datapath_ports() if port.name == name)
