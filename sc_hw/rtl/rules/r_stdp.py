"""The datapath of online O(1) reward-modulated STDP: one synapse a clock."""

from amaranth.hdl import Const, EnableInserter, Fragment, Module, Mux, Signal, Value
from amaranth.lib import wiring

from ..arithmetic import apart, asr, cut, decay, delay, floor_part, members, register, rounded_part, saturate, toward_zero, wire
from ..consolidation import WeightStage, consolidation_faults, hardly_moves
from ..design import CoreDesign
from ..faults import Fault
from ..faults import datapath_fault as fault

__all__ = ["Datapath", "faults"]


class Datapath(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """One timestep of one synapse, pipelined; docs/rules/r_stdp.md has the equations and their source.

    Parameters: ``design``, whose ``config`` gives widths, shifts and roundings.
    Ports: ``design.datapath_ports()``; ``clk`` is the clock domain. ``enable`` low freezes every register.
    Reset: none. Latency: ``design.spec.latency`` enabled clocks from the inputs to ``out_...`` and ``next_...``;
    one update a clock. Overflow: eligibility and weight saturate, everything between is exact.
    """

    def __init__(self, design: CoreDesign) -> None:
        self._config, self._latency = design.config, design.spec.latency
        super().__init__(members(design.datapath_ports()))

    def elaborate(self, _platform: object) -> Fragment:
        """Build the pipeline; a register called ``<name>_<k>`` ends stage ``k``."""
        m = Module()
        c = self._config
        stage_0 = int(c.decay_rounding != "floor")
        to_product = 4 + (c.trace_fraction_bits > 0)
        pre = delay(m, "pre_spike", self.in_pre_spike, stage_0)
        post = delay(m, "post_spike", self.in_post_spike, stage_0)
        pre_trace, pre_decayed = self._decays(m, "pre_trace", c.trace_decay_shift)
        post_trace, post_decayed = self._decays(m, "post_trace", c.trace_decay_shift)
        _, eligibility_decayed = self._decays(m, "eligibility", c.effective_eligibility_decay_shift)

        # Stage 1: new traces, which a spike fills with ones, and what the spikes pair up to.
        pre_trace_next = wire(m, "pre_trace_next", Mux(pre, c.max_trace, pre_decayed))
        post_trace_next = wire(m, "post_trace_next", Mux(post, c.max_trace, post_decayed))
        pre_trace_1 = register(m, "pre_trace_1", pre_trace_next)
        post_trace_1 = register(m, "post_trace_1", post_trace_next)
        eligibility_1 = register(m, "eligibility_1", eligibility_decayed)
        gain, loss = c.eligibility_gain_shift, c.eligibility_gain_shift + c.depression_shift
        paired = pre_trace | pre.replicate(len(pre_trace))
        potentiation = wire(m, "potentiation", asr(Mux(post, paired, 0), gain))
        depression = wire(m, "depression", asr(Mux(pre, post_trace, 0), loss))
        potentiation_1 = register(m, "potentiation_1", potentiation)
        depression_1 = register(m, "depression_1", depression)

        # Stages 2 to 4: the eligibility.
        difference = wire(m, "difference", potentiation_1 - depression_1)
        difference_2 = register(m, "difference_2", difference)
        eligibility_2 = register(m, "eligibility_2", eligibility_1)
        eligibility_sum = wire(m, "eligibility_sum", eligibility_2 + difference_2)
        eligibility_sum_3 = register(m, "eligibility_sum_3", eligibility_sum)
        clipped = wire(m, "eligibility_clipped", saturate(eligibility_sum_3, self.state_eligibility.shape()))
        eligibility_4 = register(m, "eligibility_4", clipped)

        # Stage 5, with a fraction only: whole units, so that a remainder below one drives nothing.
        whole = eligibility_4
        if c.trace_fraction_bits:
            whole = register(m, "whole_5", toward_zero(m, "whole", eligibility_4, c.trace_fraction_bits))

        # Stage 6: the product, exact.
        reward = delay(m, "reward", self.in_reward, stage_0 + to_product)
        product = wire(m, "product", reward * whole) if c.reward_encoding == "linear" else self._shifted(m, reward, whole)
        product_6 = register(m, "product_6", product)

        # Stage 7 and on: the weight, which takes as long as its protection needs.
        WeightStage(m, self, c, drive=product_6, shift=c.learning_shift, number=6, clocks=stage_0 + to_product + 1)
        m.d.comb += self.out_weight.eq(self.next_weight)
        last = self._latency - stage_0 - 1
        m.d.sync += self.next_pre_trace.eq(delay(m, "pre_trace", pre_trace_1, last - 1))
        m.d.sync += self.next_post_trace.eq(delay(m, "post_trace", post_trace_1, last - 1))
        m.d.sync += self.next_eligibility.eq(delay(m, "eligibility", eligibility_4, last - 4))
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

    def _decays(self, m: Module, field: str, shift: int) -> tuple[Value, Value]:
        """Return a field of the state as stage 1 sees it, and decayed; a rounded part takes stage 0 to find."""
        rounding, name = self._config.decay_rounding, field.removesuffix("_trace")
        value = getattr(self, f"state_{field}")
        if rounding == "floor":
            return value, decay(m, f"{name}_decayed", value, shift)
        value_0 = register(m, f"{field}_0", value)
        if shift == 0:
            return value_0, decay(m, f"{name}_decayed", value_0, 0)
        noise = getattr(self, f"noise_{name}_noise") if rounding == "stochastic" else Const(1 << (shift - 1), shift)
        part_0 = register(m, f"{name}_part_0", rounded_part(m, f"{name}_part", value, shift, noise))
        return value_0, cut(m, f"{name}_decayed", value_0 - part_0, 0, value.shape())


def faults(design: CoreDesign) -> list[Fault]:
    """Return the bugs that ``sc-hw selftest`` plants in the datapath, or why one cannot show in this configuration."""
    c = design.config
    t, product_bits = c.stored_trace_bits, c.reward_bits + c.trace_bits
    lowest = f"{{1'b1, {{{t - 1}{{1'b0}}}}}}"

    # How far one timestep can carry the eligibility, and so which of its ends it can reach.
    gain, loss = c.eligibility_gain_shift, c.eligibility_gain_shift + c.depression_shift
    leak = c.effective_eligibility_decay_shift
    removed = -(c.min_eligibility >> leak) if leak and (leak < t or c.decay_rounding == "stochastic") else 0
    reaches_lowest = (c.max_trace >> loss) >= removed or c.decay_rounding == "stochastic"
    reaches_highest = (c.max_trace >> gain) >= removed
    unreachable = "the eligibility never gets there in this configuration"
    still = hardly_moves(design, product_bits, c.learning_shift)
    sign = c.reward_word_bits - 1
    positive = f"value[{sign}] ? ~value : value" if c.reward_encoding == "linear" else f"value & {{1'b0, {{{sign}{{1'b1}}}}}}"
    return [
        fault("sum one bit short", "the eligibility sum wraps at T+1 bits", "eligibility_sum", f"{{value[{t}], value[{t}:0]}}",
              "" if gain == 0 else "a gain shift leaves that bit unused"),
        fault("negate overflow", "negating the most negative eligibility gives the most positive", "state_eligibility",
              f"value == {lowest} ? ~value : value"),
        fault("lower bound off by one", "the eligibility saturates at its minimum + 1", "eligibility_clipped",
              f"value == {lowest} ? value | {t}'d1 : value", "" if reaches_lowest else unreachable),
        fault("saturation wraps", "a full eligibility turns negative", "eligibility_clipped",
              f"value == ~{lowest} ? ~value : value", "" if reaches_highest else unreachable),
        fault("swapped pre and post", "the datapath takes the postsynaptic spike for the presynaptic one", "in_pre_spike", "post",
              post="in_post_spike"),
        fault("product one bit short", "the product of both minima wraps", "product",
              f"{{value[{product_bits - 2}], value[{product_bits - 2}:0]}}", still or ("" if reaches_lowest else unreachable)),
        fault("trace not clamped", "a spike adds a full trace instead of setting it", "pre_trace_next",
              "(&value) ? decayed + value : value", decayed="pre_decayed"),
        fault("depression lost", "a presynaptic spike no longer depresses", "depression", f"{t}'d0",
              "" if loss < t else "the depression shift leaves nothing"),
        fault("reward sign lost", "a negative reward acts as a positive one", "in_reward", positive, still),
        *([] if c.reward_encoding == "linear" else [
            fault("no reward acts", "no reward is taken for the smallest", "reward_code", f"|value ? value : {sign}'d1",
                  still)]),
        *consolidation_faults(design, drive="product", bits=product_bits, shift=c.learning_shift, stage=6),
    ]  # fmt: skip
