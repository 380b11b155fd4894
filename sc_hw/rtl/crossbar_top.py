"""The top module of a crossbar: its cores, the fan-out between them, and the command that all of them take together."""

from functools import reduce
from operator import and_

from amaranth.hdl import Cat, ClockSignal, Module, ResetSignal, Signal, Value
from amaranth.lib import wiring

from .arithmetic import apart, members, unused
from .crossbar import CrossbarDesign
from .fanout import instance
from .rows import RowsDesign

__all__ = ["Crossbar"]


class Crossbar(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """Neurons, fan-out and synapses.

    Parameters: ``design``. Ports: ``design.ports()``: commands, results and host of the synapses' core; the events of both kinds
    of neurons, and the host ports of those that keep state, begin with ``pre_`` and ``post_``. Reset: synchronous, of
    control only.
    """

    def __init__(self, design: CrossbarDesign) -> None:
        self._design = design
        super().__init__(members(design.ports()))

    def elaborate(self, _platform: object) -> Module:
        """Instantiate the cores and the fan-out."""
        m, design = Module(), self._design
        clocked = {"clk": ClockSignal(), "rst": ResetSignal()}
        ready = {place: Signal(name=f"{place}_command_ready") for place in design.parts}
        idle = {place: Signal(name=f"{place}_idle") for place in design.parts}
        beat = {port.name: Signal(port.bits, name=port.name) for port in design.fanout.ports() if port.name.startswith("beat_")}
        m.d.comb += [self.command_ready.eq(apart(reduce(and_, ready.values()))), self.idle.eq(apart(reduce(and_, idle.values())))]

        streams: dict[str, Value] = {}
        for owner, stream in (("pre", "played"), ("post", "stored")):
            side, events = design.sides[owner], self._events(m, owner, clocked)
            if owner not in design.parts:
                inputs = Cat(events[f"event_{f.name}"] for f in design.given(owner))
                streams |= {f"{stream}_valid": events["event_valid"], f"{stream}_ready": events["event_ready"],
                            f"{stream}_data": inputs}  # fmt: skip
                continue
            valid, taken = Signal(name=f"{owner}_valid"), Signal(name=f"{owner}_ready")
            given = {f.name: Signal(f.bits * side.lanes, name=f"{owner}_{f.name}") for f in design.given(owner)}
            streams |= {f"{stream}_valid": valid, f"{stream}_ready": taken, f"{stream}_data": Cat(given.values())}
            inside = (
                clocked | events | {"result_valid": valid, "result_ready": taken, "result_last": unused(m, f"{owner}_last", 1)}
            )
            inside |= {f"result_{name}": value for name, value in given.items()}
            self._core(m, owner, f"{owner}_", inside, ready, idle)
        if design.rows:
            streams |= self._rows(m, design.rows, clocked, streams)
        m.submodules.fan_out = instance(design.fanout.name, design.fanout.ports(), clocked | streams | beat)

        inside = clocked | {"event_valid": beat["beat_valid"], "event_ready": beat["beat_ready"]}
        inside |= {"event_skip": beat["beat_skip"]} if design.rows else {}
        for owner, word, copies in (("pre", beat["beat_played"], design.lanes), ("post", beat["beat_stored"], 1)):
            low = 0
            for f in design.given(owner):
                bits = f.bits * design.sides[owner].lanes
                inside[f"event_{f.name}"] = word[low : low + bits].replicate(copies)
                low += bits
        self._core(m, "synapses", "", inside, ready, idle)
        return m

    def _events(self, m: Module, owner: str, clocked: dict[str, Value]) -> dict[str, Value]:
        """Return the event stream of one kind of neurons: the crossbar's, or what becomes of its address events."""
        side, addresses = self._design.sides[owner], self._design.addresses.get(owner)
        if addresses is None:
            names = [port.name for port in side.ports() if port.name.startswith("event_")]
            return {name: getattr(self, f"{owner}_{name}") for name in names}
        own = {port.name: getattr(self, f"{owner}_{port.name}") for port in addresses.ports() if port.name.startswith("event_")}
        beat = {name: Signal(name=f"{owner}_spikes_{name}") for name in ("valid", "ready")}
        beat["data"] = Signal(addresses.lanes, name=f"{owner}_spikes")
        m.submodules[f"{owner}_decoder"] = instance(
            addresses.name, addresses.ports(), clocked | own | {f"beat_{name}": signal for name, signal in beat.items()}
        )
        (spike,) = side.spec.inputs
        return {"event_valid": beat["valid"], "event_ready": beat["ready"], f"event_{spike.name}": beat["data"]}

    def _rows(self, m: Module, rows: RowsDesign, clocked: dict[str, Value], streams: dict[str, Value]) -> dict[str, Value]:
        """Put the filter in front of the fan-out's played stream; return that stream."""
        accepted = self.command_valid & self.command_ready
        stored = self.host_valid & self.host_ready & self.host_write
        events = Cat(streams["stored_data"][: self._design.lanes * sum(f.bits for f in self._design.post.spec.synapse_inputs)])
        commanded = Cat(getattr(self, f"command_{f.name}") for f in self._design.spec.step_inputs)
        out = {name: Signal(rows.data_bits if name == "data" else 1, name=f"played_{name}")
               for name in ("valid", "ready", "data", "skip")}  # fmt: skip
        played = {f"played_{name}": signal for name, signal in out.items()}
        m.submodules.row_filter = instance(
            rows.name, rows.ports(),
            clocked | played | {
                "begins": accepted & ~self.command_clear, "silent": ~commanded.any(),
                "changed": accepted & self.command_clear | stored,
                "stored_moves": streams["stored_valid"] & streams["stored_ready"], "stored_events": events.any(),
                "pre_valid": streams["played_valid"], "pre_ready": streams["played_ready"], "pre_data": streams["played_data"],
                "result_moves": self.result_valid & self.result_ready, "result_skip": self.result_skip,
                "result_rest": self.result_rest,
            },
        )  # fmt: skip
        return played

    def _core(self, m: Module, place: str, prefix: str, inside: dict[str, Value], ready: dict[str, Signal],
              idle: dict[str, Signal]) -> None:  # fmt: skip
        """Instantiate a core that takes a command when all others can, too."""
        core = self._design.parts[place][1]
        others = [signal for other, signal in ready.items() if other != place]
        inside |= {"command_valid": reduce(and_, others, self.command_valid), "command_clear": self.command_clear,
                   "command_ready": ready[place], "idle": idle[place]}  # fmt: skip
        ports = core.ports()
        named = {port.name: getattr(self, prefix + port.name) for port in ports if port.name not in inside}
        m.submodules[place] = instance(core.name, ports, named | inside)
