"""The generic engine: memories and lanes of a core, swept once a command, with event, result and host ports."""

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Mux, ResetSignal, Signal, Value
from amaranth.lib import enum, wiring

from sc_hw_models.rule import Field

from .arithmetic import apart, cut, members, unused, wire
from .design import CoreDesign
from .marks import compare_marks
from .queue import queue_of

__all__ = ["Engine"]


class State(enum.Enum, shape=3):  # type: ignore[misc,call-arg] # amaranth ships no types
    """What the sequencer does; after a host's read FETCH, READ and READBACK, after its write to many lanes STORE."""

    IDLE = 0
    SWEEP = 1
    FETCH = 2
    READ = 3
    READBACK = 4
    STORE = 5


@dataclass(frozen=True)
class _Sweep:
    """What every lane sees of the sequencer; ``inputs`` are those of the word that enters the lanes."""

    enable: Value
    word_valid: Signal
    leaving: Value
    address: Signal
    write_address: Signal
    write_back: Signal
    write_last: Signal
    clearing: Signal
    host_store: Signal
    host_data: Signal
    inputs: dict[str, Signal]


class Engine(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """A core: a command sweeps all words of all lanes, either by one timestep or to clear them.

    Parameters: ``design``. Synapse ``i`` lives in lane ``i % lanes``, word ``i // lanes``.
    Ports: ``design.ports()``, each stream with valid and ready; ``clk`` and ``rst`` are the clock domain. A timestep
    takes one event beat a word and returns one result beat a word, in order. A host access is served while idle.
    Reset: synchronous, of control only; it drops the sweep under way and reseeds the random registers.
    Latency: ``design.pipeline_depth`` clocks from an event beat to its result beat, one beat a clock; all of it
    holds while a result waits for ``result_ready``. With a queue, two clocks more, and nothing ever holds: an event is
    taken when there is room for its result. Overflow: none.
    """

    def __init__(self, design: CoreDesign) -> None:
        self._design = design
        super().__init__(members(design.ports()))

    def elaborate(self, _platform: object) -> Module:
        """Build the engine; memories and lanes are instances, so that every lane shares one module of each."""
        m = Module()
        design, spec = self._design, self._design.spec
        first = Const(0, design.address_bits)

        state = Signal(State, name="state_reg")
        clearing = Signal(name="clearing_reg")
        address = Signal(design.address_bits, name="address_reg", reset_less=True)
        write_address = Signal(design.address_bits, name="write_address_reg", reset_less=True)
        fetch_valid, word_valid = Signal(name="fetch_valid_reg"), Signal(name="word_valid_reg")
        valid = Signal(spec.latency, name="valid_reg")  # which updates inside the lanes are real
        occupied = Signal(name="occupied_reg")  # any of them is

        # Stall rule: nothing moves while a result waits; with a queue everything always does.
        enable = Const(1) if design.queued else wire(m, "enable", ~self.result_valid | self.result_ready)
        results, room, waiting = self._results(m)
        drained = wire(m, "drained", ~occupied)
        passed = Signal(name="host_passed_reg")  # a command went before a host access that waits
        resting = wire(m, "resting", state == State.IDLE)
        startable = drained
        if design.overlap:
            # Words still in the lanes are not those the next sweep reads first; a clear would overtake them.
            startable = drained | (~self.command_clear & ~clearing)
        able = resting & startable & ~passed
        if design.shared:  # what the others say decides when a command is taken, not whether one waits
            m.d.comb += self.command_able.eq(apart(able))
            able = self.command_able
        command_accept = wire(m, "command_accept", self.command_valid & self.command_ready)
        # Commands go first, but one at most goes before a host access that waits.
        host_first = wire(m, "host_first", passed | ~self.command_valid)
        # A host access is all that is offered in the clock in which it is taken; in a reset nothing of it remains.
        host_accept = wire(m, "host_accept", self.host_valid & self.host_ready)
        host_store = wire(m, "host_store", host_accept & self.host_write & ~ResetSignal())
        sweeping = wire(m, "sweeping", state == State.SWEEP)
        issue = wire(m, "issue", sweeping & (clearing | (self.event_valid & room if design.queued else self.event_valid)))
        skipping, skipped = self._skips(m, enable, clearing)
        issue_last = wire(m, "issue_last", self._ends(address, skipping))
        write_back = wire(m, "write_back", valid[-1] & enable)
        write_last = wire(m, "write_last", self._ends(write_address, skipped))
        m.d.comb += [
            self.idle.eq(resting & drained & ~waiting if design.queued else resting & drained),
            self.command_ready.eq(able & self.command_others if design.shared else able),
            self.host_ready.eq(self.idle & host_first),
            self.readback_valid.eq(state == State.READBACK),
            self.event_ready.eq(sweeping & ~clearing & (room if design.queued else enable)),
            results["valid"].eq(valid[-1] & ~clearing),
            results["last"].eq(apart(write_last)),
        ]

        picked = self._picked(m, state == State.FETCH)

        # Sweep: one word a clock, as fast as events arrive and results leave.
        if design.checked:
            compare_marks(m, self, "event", issue_last)
        next_address = cut(m, "next_address", address + self._stride(skipping), 0, address.shape())
        with m.Switch(state):
            with m.Case(State.IDLE):
                m.d.sync += address.eq(Mux(host_first, self.host_address, first))
                with m.If(command_accept):
                    m.d.sync += state.eq(State.SWEEP)
                with m.Elif(host_accept):
                    m.d.sync += state.eq(Mux(self.host_write, State.STORE if design.queued else State.IDLE, State.FETCH))
            with m.Case(State.SWEEP), m.If(issue & enable):
                m.d.sync += address.eq(next_address)
                with m.If(issue_last):
                    m.d.sync += state.eq(State.IDLE)
            with m.Case(State.FETCH):
                m.d.sync += state.eq(State.READ)
            with m.Case(State.READ), m.If(picked):
                m.d.sync += state.eq(State.READBACK)
            if design.queued:
                with m.Case(State.STORE):
                    m.d.sync += state.eq(State.IDLE)
            with m.Default(), m.If(self.readback_ready):
                m.d.sync += state.eq(State.IDLE)
        with m.If(command_accept):
            m.d.sync += clearing.eq(self.command_clear)
        m.d.sync += passed.eq(self.host_valid & (command_accept | (passed & ~host_accept)))

        # Write-back: words leave the lanes in the order in which they entered, so a second counter is their address.
        next_write_address = cut(m, "next_write_address", write_address + self._stride(skipped), 0, write_address.shape())
        with m.If(self.idle):
            m.d.sync += write_address.eq(Mux(host_first, self.host_address, first) if design.queued else first)
        with m.Elif(write_back):
            m.d.sync += write_address.eq(Mux(write_last, first, next_write_address))

        # Where nothing moves a result waits.
        following = issue | fetch_valid | word_valid | valid[:-1].any()
        m.d.sync += occupied.eq(following if design.queued else following | ~enable)
        with m.If(enable):
            m.d.sync += [fetch_valid.eq(issue), word_valid.eq(fetch_valid), valid.eq(Cat(word_valid, valid)[: len(valid)])]
        inputs = {f.name: self._held(m, f.name, command_accept) for f in spec.step_inputs}
        inputs |= {f.name: getattr(self, f"event_{f.name}") for f in spec.synapse_inputs}
        for name, value in inputs.items():
            fetched, word = (Signal(value.shape(), name=f"{kind}_{name}_reg", reset_less=True) for kind in ("fetch", "word"))
            with m.If(enable):
                m.d.sync += [fetched.eq(value), word.eq(fetched)]
            inputs[name] = word

        written = wire(m, "written", write_back & ~skipped) if design.row_words else write_back
        host_data = self.host_data
        if design.queued:  # a clock later: it may have to reach many lanes
            host_data = Signal.like(self.host_data, name="store_data_reg", reset_less=True)
            m.d.sync += host_data.eq(self.host_data)
        if not design.queued:
            write_address = wire(m, "stored_address", Mux(valid[-1], write_address, self.host_address))
        sweep = _Sweep(
            enable, word_valid, valid[-1], address, write_address, written, write_last, clearing, host_store, host_data, inputs
        )
        words = [self._lane(m, lane, sweep, results) for lane in range(design.lanes)]
        self._read_back(m, host_accept, words)
        return m

    def _skips(self, m: Module, enable: Value, clearing: Signal) -> tuple[Value, Value]:
        """Return whether the beat on offer and the beat that leaves the lanes skip a row."""
        if not self._design.row_words:
            return Const(0), Const(0)
        skipping = wire(m, "skipping", self.event_skip & ~clearing)
        stages = Signal(self._design.pipeline_depth, name="skip_reg", reset_less=True)
        with m.If(enable):
            m.d.sync += stages.eq(Cat(skipping, stages)[: len(stages)])
        m.d.comb += self.result_skip.eq(apart(stages[-1]))
        return skipping, stages[-1]

    def _ends(self, address: Signal, skip: Value) -> Value:
        """Return whether a beat is the last of a sweep."""
        design = self._design
        if not design.row_words:
            return address == design.words - 1
        return address == Mux(skip, Const(design.words - design.row_words, len(address)), Const(design.words - 1, len(address)))

    def _stride(self, skip: Value) -> Value | int:
        """Return how far a beat moves an address."""
        return Mux(skip, Const(self._design.row_words, self._design.address_bits), 1) if self._design.row_words else 1

    def _results(self, m: Module) -> tuple[dict[str, Signal], Value, Value]:
        """Return where a result beat goes, whether there is room for one more, and whether any waits; add the queues, if any."""
        names = ("valid", "last", *(f.name for f in self._design.spec.outputs))
        offered = {name: getattr(self, f"result_{name}") for name in names}
        queue = queue_of(self._design)
        if queue is None:
            return offered, Const(1), Const(0)
        pushed = {name: Signal(signal.shape(), name=f"pushed_{name}") for name, signal in offered.items()}
        room, waiting = Signal(name="room"), Signal(name="waiting")
        reserve = wire(m, "reserve", self.event_valid & self.event_ready)
        for k, group in enumerate(queue.groups):
            first = {"room": room, "waiting": waiting, "valid": self.result_valid, "last": self.result_last}
            own = first if k == 0 else {name: unused(m, f"{name}_{k}", 1) for name in first}
            data_in, data_out = [pushed["last"]], [own["last"]]
            for f, _, _, missing in queue.places(group):
                lanes = slice(group[0] * f.bits, (group[-1] + 1) * f.bits)
                data_in += [pushed[f.name][lanes], Const(0, missing)]
                data_out += [offered[f.name][lanes], *([unused(m, f"{f.name}_{k}", missing)] if missing else [])]
            m.submodules[f"result_queue_{k}"] = Instance(
                queue.name,
                i_clk=ClockSignal(),
                i_rst=ResetSignal(),
                o_room=own["room"],
                i_reserve=reserve,
                i_push=pushed["valid"],
                i_push_data=Cat(data_in),
                o_waiting=own["waiting"],
                o_result_valid=own["valid"],
                i_result_ready=self.result_ready,
                o_result_data=Cat(data_out),
            )
        return pushed, room, waiting

    def _lane(self, m: Module, lane: int, sweep: _Sweep, results: dict[str, Signal]) -> Signal:
        """Add a lane and its memory; return the word under update, which is also the one the host reads."""
        design, spec = self._design, self._design.spec
        read_data, word_out = (Signal(spec.state_bits, name=f"{name}_{lane}") for name in ("read_data", "word_out"))
        word = Signal(spec.state_bits, name=f"word_reg_{lane}", reset_less=True)
        with m.If(sweep.enable):
            m.d.sync += word.eq(read_data)

        # The last word of a padded lane holds no synapse.
        swept = sweep.write_back & ~sweep.write_last if lane in design.padded_lanes else sweep.write_back
        hosted = sweep.host_store & (self.host_lane == lane) if design.lanes > 1 else sweep.host_store
        # Without a sweep under way nobody writes but the host: what leaves the lanes decides, early in the clock.
        chosen = ~sweep.leaving
        if design.queued:
            store = Signal(name=f"store_{lane}_reg")
            m.d.sync += store.eq(hosted)
            hosted = chosen = store
        stores = swept | hosted
        if design.initial:  # what the memory holds at power-up outlives the reset after it
            stores &= ~ResetSignal()
        reset_word = Const(design.reset_value(), spec.state_bits)
        written = Mux(chosen, sweep.host_data, Mux(sweep.clearing, reset_word, word_out))
        m.submodules[f"memory_{lane}"] = Instance(
            design.memory_module(lane),
            p_WORD_BITS=spec.state_bits,
            p_WORDS=design.words,
            p_COLUMN_BITS=design.column_bits,
            p_ADDRESS_BITS=design.address_bits,
            i_clk=ClockSignal(),
            i_read_enable=sweep.enable,
            i_read_address=sweep.address,
            o_read_data=read_data,
            i_write_enable=wire(m, f"write_enable_{lane}", stores),
            i_write_address=sweep.write_address,
            i_write_data=wire(m, f"write_data_{lane}", written),
        )

        def part(bus: Value, f: Field) -> Value:
            return bus[lane * f.bits : (lane + 1) * f.bits]

        ports = {"i_clk": ClockSignal(), "i_enable": sweep.enable, "i_word_in": word, "o_word_out": word_out}
        if spec.lfsr:
            seed = Const(design.seed(lane), spec.lfsr.bits)
            restart = ResetSignal() | sweep.clearing
            ports |= {"i_restart": restart, "i_accept": sweep.enable & sweep.word_valid, "i_seed": seed}
        ports |= {f"i_in_{f.name}": sweep.inputs[f.name] for f in spec.step_inputs}
        ports |= {f"i_in_{f.name}": part(sweep.inputs[f.name], f) for f in spec.synapse_inputs}
        ports |= {f"o_out_{f.name}": part(results[f.name], f) for f in spec.outputs}
        m.submodules[f"lane_{lane}"] = Instance(f"{design.name}_lane", **ports)
        return word

    def _held(self, m: Module, name: str, accept: Value) -> Value:
        """Return a step input as the last command gave it."""
        value = getattr(self, f"command_{name}")
        held = Signal(value.shape(), name=f"step_{name}_reg", reset_less=True)
        with m.If(accept):
            m.d.sync += held.eq(value)
        return held

    def _picked(self, m: Module, fetching: Value) -> Value:
        """Return whether the word that the host reads has come through the registers behind the lanes."""
        levels = len(self._design.readback_tree)
        if not levels:
            return Const(1)
        picked = Signal(levels + 1, name="picked_reg")
        m.d.sync += picked.eq(Cat(fetching, picked)[: levels + 1])
        return picked[-1]

    def _read_back(self, m: Module, host_accept: Value, words: list[Signal]) -> None:
        """Answer a read from the lane the host asked for."""
        if len(words) == 1:
            m.d.comb += self.readback_data.eq(apart(words[0]))
            return
        host_lane = Signal.like(self.host_lane, name="host_lane_reg", reset_less=True)
        with m.If(host_accept):
            m.d.sync += host_lane.eq(self.host_lane)
        for level, groups in enumerate(self._design.readback_tree):
            picks = [Signal.like(words[0], name=f"pick_{level}_{k}", reset_less=True) for k in range(len(groups))]
            for pick, group in zip(picks, groups, strict=True):
                self._pick(m.d.sync, m, pick, host_lane[2 * level : 2 * level + 2], [words[child] for child in group])
            words = picks
        if len(words) > 1:
            self._pick(m.d.comb, m, self.readback_data, host_lane, words)
        else:
            m.d.comb += self.readback_data.eq(apart(words[0]))

    @staticmethod
    def _pick(domain: Any, m: Module, chosen: Signal, number: Value, words: list[Signal]) -> None:
        """Let ``chosen`` be the word of that number, the first one for a number too high."""
        domain += chosen.eq(apart(words[0]))
        with m.Switch(number):
            for k, word in enumerate(words[1:], start=1):
                with m.Case(k):
                    domain += chosen.eq(word)
