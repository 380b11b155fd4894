"""The datapath of online O(1) reward-modulated STDP: one synapse a clock."""

from typing import Any

from amaranth.hdl import Const, EnableInserter, Fragment, Module, Mux, Signal, Value
from amaranth.lib import wiring

from ..arithmetic import apart, asr, cut, decay, delay, floor_part, members, register, rounded_part, saturate, toward_zero, wire
from ..consolidation import WeightStage
from ..design import CoreDesign
from ..faults import Fault
from ..faults import datapath_fault as fault

__all__ = ["Datapath", "NeuronDatapath", "faults"]


class Datapath(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """One timestep of one synapse, pipelined; docs/rules/r_stdp.md has the equations and their source.

    Parameters: ``design``, whose ``config`` gives widths, shifts and roundings.
    Ports: ``design.datapath_ports()``; ``clk`` is the clock domain. ``enable`` low freezes every register.
    Reset: none. Latency: ``design.spec.latency`` enabled clocks from the inputs to ``out_...`` and ``next_...``;
    one update a clock. Overflow: eligibility and weight saturate, everything between is exact.
    """

    def __init__(self, design: CoreDesign) -> None:
        self._design, self._config, self._latency = design, design.config, design.spec.latency
        super().__init__(members(design.datapath_ports()))

    def elaborate(self, _platform: object) -> Fragment:
        """Build the pipeline; a register called ``<name>_<k>`` ends stage ``k``. Names here leave out the stage ``z`` before."""
        m = Module()
        c = self._config
        z = int(c.decay_rounding != "floor")  # of the rounding
        product_stage = _product_stage(c)
        pre, pre_trace, pre_trace_next = _trace(m, self, c, "pre")
        post, post_trace, post_trace_next = _trace(m, self, c, "post")
        _, eligibility_decayed = _decays(m, self, c, "eligibility", c.effective_eligibility_decay_shift)

        # Stage z + 1: new traces, and what the spikes pair up to.
        eligibility_1 = register(m, f"eligibility_{z + 1}", eligibility_decayed)
        gain, loss = c.eligibility_gain_shift, c.eligibility_gain_shift + c.depression_shift
        paired = pre_trace | pre.replicate(len(pre_trace))
        potentiation = wire(m, "potentiation", asr(Mux(post, paired, 0), gain))
        depression = wire(m, "depression", asr(Mux(pre, post_trace, 0), loss))
        potentiation_1 = register(m, f"potentiation_{z + 1}", potentiation)
        depression_1 = register(m, f"depression_{z + 1}", depression)

        # Stages z + 2 to z + 4: the eligibility.
        difference = wire(m, "difference", potentiation_1 - depression_1)
        difference_2 = register(m, f"difference_{z + 2}", difference)
        eligibility_2 = register(m, f"eligibility_{z + 2}", eligibility_1)
        eligibility_sum = wire(m, "eligibility_sum", eligibility_2 + difference_2)
        eligibility_sum_3 = register(m, f"eligibility_sum_{z + 3}", eligibility_sum)
        clipped = wire(m, "eligibility_clipped", saturate(eligibility_sum_3, self.state_eligibility.shape()))
        eligibility_4 = register(m, f"eligibility_{z + 4}", clipped)

        # Stage z + 5, with a fraction only: whole units, so that a remainder below one drives nothing.
        whole = eligibility_4
        if c.trace_fraction_bits:
            whole = register(m, f"whole_{z + 5}", toward_zero(m, "whole", eligibility_4, c.trace_fraction_bits))

        # The product, exact.
        reward = delay(m, "reward", self.in_reward, product_stage - 1)
        product = wire(m, "product", reward * whole) if c.reward_encoding == "linear" else self._shifted(m, reward, whole)
        drive = register(m, f"product_{product_stage}", product)

        # The weight, which takes as long as its protection needs.
        _stage(self._design).build(m, self, drive)
        m.d.comb += self.out_weight.eq(self.next_weight)
        last = self._latency - 1
        m.d.sync += self.next_pre_trace.eq(delay(m, "pre_trace", pre_trace_next, last, first=z + 1))
        m.d.sync += self.next_post_trace.eq(delay(m, "post_trace", post_trace_next, last, first=z + 1))
        m.d.sync += self.next_eligibility.eq(delay(m, "eligibility", eligibility_4, last, first=z + 5))
        return EnableInserter(self.enable)(m)

    def _shifted(self, m: Module, reward: Value, whole: Value) -> Signal:
        """Return ``whole`` times a power of two given as its sign, the highest bit, and its exponent plus one, 0 for none."""
        highest, code = self._config.reward_bits, reward[:-1]
        every = highest == (1 << len(code)) - 1  # then none is above the highest
        code = wire(m, "reward_code", apart(code) if every else Mux(code > highest, highest, code)[: len(code)])
        value = wire(m, "rewarded_0", Mux(code.any(), Mux(reward[-1], -whole, whole), 0))
        for place, bit in enumerate(code):
            value = wire(m, f"rewarded_{place + 1}", Mux(bit, value.shift_left(1 << place), value))
        value, bits = floor_part(m, "rewarded", value, 1), highest + len(whole)
        if len(value) > bits:
            wire(m, "unused_rewarded_above", value[bits:])
        return wire(m, "product", apart(value[:bits].as_signed()))


class NeuronDatapath(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """What a neuron of a crossbar keeps: a trace, pipelined.

    Parameters: ``design``, whose rule is the part of a neuron. Ports: ``design.datapath_ports()``; ``clk`` is the clock domain.
    Gives the synapses the spike and the trace as they entered. ``enable`` low freezes every register.
    Reset: none. Latency: ``design.spec.latency`` enabled clocks; one update a clock. Overflow: none.
    """

    def __init__(self, design: CoreDesign) -> None:
        self._config, self._side, self._latency = design.config, design.rule.owner, design.spec.latency
        super().__init__(members(design.datapath_ports()))

    def elaborate(self, _platform: object) -> Fragment:
        """Build the stages of the trace."""
        m, side = Module(), self._side
        spike, trace, after = _trace(m, self, self._config, side)
        m.d.sync += [
            getattr(self, f"next_{side}_trace").eq(after),
            getattr(self, f"out_{side}_spike").eq(spike),
            getattr(self, f"out_{side}_trace").eq(trace),
        ]
        return EnableInserter(self.enable)(m)


def _product_stage(config: Any) -> int:
    """Return the stage that the product of reward and eligibility ends."""
    return 5 + int(config.trace_fraction_bits > 0) + int(config.decay_rounding != "floor")


def _trace(m: Module, ports: Any, config: Any, side: str) -> tuple[Value, Value, Value]:
    """Return spike and trace of a neuron as stage z + 1 sees them, and the trace after, which a spike fills with ones."""
    spike = delay(m, f"{side}_spike", getattr(ports, f"in_{side}_spike"), int(config.decay_rounding != "floor"))
    trace, decayed = _decays(m, ports, config, f"{side}_trace", config.trace_decay_shift)
    return spike, trace, wire(m, f"{side}_trace_next", Mux(spike, config.max_trace, decayed))


def _decays(m: Module, ports: Any, config: Any, field: str, shift: int) -> tuple[Value, Value]:
    """Return a field of the state as stage z + 1 sees it, and decayed; a rounded part takes a stage to find."""
    rounding, name = config.decay_rounding, field.removesuffix("_trace")
    value = getattr(ports, f"state_{field}")
    if rounding == "floor":
        return value, decay(m, f"{name}_decayed", value, shift)
    value_1 = register(m, f"{field}_1", value)
    if shift == 0:
        return value_1, decay(m, f"{name}_decayed", value_1, 0)
    noise = getattr(ports, f"noise_{name}_noise") if rounding == "stochastic" else Const(1 << (shift - 1), shift)
    part_1 = register(m, f"{name}_part_1", rounded_part(m, f"{name}_part", value, shift, noise))
    return value_1, cut(m, f"{name}_decayed", value_1 - part_1, 0, value.shape())


def _stage(design: CoreDesign) -> WeightStage:
    c = design.config
    return WeightStage(
        design, drive="product", bits=c.reward_bits + c.trace_bits, shift=c.learning_shift, number=_product_stage(c)
    )


def faults(design: CoreDesign) -> list[Fault]:
    """Return the bugs that ``sc-hw selftest`` plants in the datapath, or why one cannot show in this configuration."""
    c = design.config
    t, stage = c.stored_trace_bits, _stage(design)
    product_bits, still = stage.bits, stage.still
    lowest = f"{{1'b1, {{{t - 1}{{1'b0}}}}}}"

    # How far one timestep can carry the eligibility, and so which of its ends it can reach.
    gain, loss = c.eligibility_gain_shift, c.eligibility_gain_shift + c.depression_shift
    leak = c.effective_eligibility_decay_shift
    removed = -(c.min_eligibility >> leak) if leak and (leak < t or c.decay_rounding == "stochastic") else 0
    reaches_lowest = (c.max_trace >> loss) >= removed or c.decay_rounding == "stochastic"
    reaches_highest = (c.max_trace >> gain) >= removed
    unreachable = "the eligibility never gets there in this configuration"
    sign = c.reward_word_bits - 1
    positive = f"value[{sign}] ? ~value : value" if c.reward_encoding == "linear" else f"value & {{1'b0, {{{sign}{{1'b1}}}}}}"
    return [
        fault(
            "sum one bit short",
            "the eligibility sum wraps at T+1 bits",
            "eligibility_sum",
            f"{{value[{t}], value[{t}:0]}}",
            "" if gain == 0 else "a gain shift leaves that bit unused",
        ),
        fault(
            "negate overflow",
            "negating the most negative eligibility gives the most positive",
            "state_eligibility",
            f"value == {lowest} ? ~value : value",
        ),
        fault(
            "lower bound off by one",
            "the eligibility saturates at its minimum + 1",
            "eligibility_clipped",
            f"value == {lowest} ? value | {t}'d1 : value",
            "" if reaches_lowest else unreachable,
        ),
        fault(
            "saturation wraps",
            "a full eligibility turns negative",
            "eligibility_clipped",
            f"value == ~{lowest} ? ~value : value",
            "" if reaches_highest else unreachable,
        ),
        fault(
            "swapped pre and post",
            "the datapath takes the postsynaptic spike for the presynaptic one",
            "in_pre_spike",
            "post",
            post="in_post_spike",
        ),
        fault(
            "product one bit short",
            "the product of both minima wraps",
            "product",
            f"{{value[{product_bits - 2}], value[{product_bits - 2}:0]}}",
            still or ("" if reaches_lowest else unreachable),
        ),
        fault(
            "trace not clamped",
            "a spike adds a full trace instead of setting it",
            "pre_trace_next",
            "(&value) ? decayed + value : value",
            decayed="pre_decayed",
        ),
        fault(
            "depression lost",
            "a presynaptic spike no longer depresses",
            "depression",
            f"{t}'d0",
            "" if loss < t else "the depression shift leaves nothing",
        ),
        fault("reward sign lost", "a negative reward acts as a positive one", "in_reward", positive, still),
        *(
            []
            if c.reward_encoding == "linear"
            else [
                fault(
                    "no reward acts", "no reward is taken for the smallest", "reward_code", f"|value ? value : {sign}'d1", still
                )
            ]
        ),
        *stage.faults(),
    ]
