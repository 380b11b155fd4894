"""The generic lane: a rule's datapath, its state word taken apart, and the random register it draws noise from."""

from amaranth.hdl import ClockSignal, Instance, Module, Shape, Signal
from amaranth.lib import data, wiring

from sc_hw_models.rule import Field

from .arithmetic import members
from .design import CoreDesign

__all__ = ["Lane"]


def _layout(fields: tuple[Field, ...]) -> data.StructLayout:
    """Return the layout of a word that holds the fields, the first in the lowest bits."""
    return data.StructLayout({f.name: Shape(f.bits, f.signed) for f in fields})


class Lane(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """One update a clock through the datapath of the rule.

    Parameters: ``design``, the core the lane belongs to.
    Ports: ``design.lane_ports()``; ``clk`` is the clock domain. ``enable`` low freezes the datapath. With a random
    register, ``accept`` draws the noise of the update that enters and ``restart`` loads ``seed``.
    Reset: none; whoever feeds the lane knows which updates are valid. Latency: ``word_out`` and ``out_...`` follow
    ``word_in`` and ``in_...`` by ``design.spec.latency`` enabled clocks. Overflow: the datapath's affair.
    """

    def __init__(self, design: CoreDesign) -> None:
        self._design = design
        super().__init__(members(design.lane_ports()))

    def elaborate(self, _platform: object) -> Module:
        """Build the lane; its parts are instances, so that every lane shares one module of each."""
        m = Module()
        name, spec = self._design.name, self._design.spec
        before, after = (_layout(spec.state)(word) for word in (self.word_in, self.word_out))
        ports = {"i_clk": ClockSignal(), "i_enable": self.enable}
        ports |= {f"i_state_{f.name}": before[f.name] for f in spec.state}
        ports |= {f"i_in_{f.name}": getattr(self, f"in_{f.name}") for f in spec.inputs}
        ports |= {f"o_out_{f.name}": getattr(self, f"out_{f.name}") for f in spec.outputs}
        ports |= {f"o_next_{f.name}": after[f.name] for f in spec.state}
        if spec.lfsr:
            noise = Signal(spec.lfsr.fresh)
            noise_words = _layout(spec.noise)(noise)
            ports |= {f"i_noise_{f.name}": noise_words[f.name] for f in spec.noise}
            m.submodules.random = Instance(
                f"{name}_random",
                i_clk=ClockSignal(),
                i_restart=self.restart,
                i_step=self.accept,
                i_seed=self.seed,
                o_bits=noise,
            )
        m.submodules.datapath = Instance(f"{name}_datapath", **ports)
        return m
