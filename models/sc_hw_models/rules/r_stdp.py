"""Online O(1) reward-modulated STDP: the fixed-point rule, its specification and its float reference.

Trace-based STDP pairs a presynaptic and a postsynaptic trace into an eligibility, which a reward turns
into a weight change. Source of the three-factor form: E. M. Izhikevich, "Solving the distal reward
problem through linkage of STDP and dopamine signaling", Cerebral Cortex 17 (2007); of the trace form, here
nearest-neighbour (a spike sets its trace to the maximum): Morrison, Diesmann and Gerstner, Biol. Cybern. 98 (2008).
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, asdict, dataclass, replace
from math import log1p, log2, sqrt
from typing import Any, ClassVar

from ..annotation import annotation
from ..consolidation import ConsolidationConfig, Stage
from ..continual.plasticity import Conversion, PlasticityConfig, decay_shift, learning_shift, weight_bits
from ..fixed import ROUNDINGS, Value, asr, bit, clip, decay_magnitude, minimum, rounding_noise, select, truncate
from ..online_o1_float import OnlineO1Float, accuracy
from ..rule import Demonstration, Field, Preset, Rest, Rule, RuleSpec, as_integer, check_integer

__all__ = ["RULE", "OnlineO1Config", "OnlineO1Float"]

RULE_FAMILY = "reward_modulated_stdp"
ANNOTATION_SCHEMA = "sc-hw/online-o1/1"


@dataclass(frozen=True)
class OnlineO1Config(ConsolidationConfig):
    """Widths, shifts and options of the rule; every default keeps the rule bit-compatible with its first definition.

    The first six may be given by position; options only by name.

    Widths: ``weight_bits`` W 1..31 (unsigned), ``trace_bits`` T 2..30 (traces unsigned, eligibility
    signed), ``reward_bits`` R 1..30. Shifts 0..30: ``learning_shift`` L scales the weight
    change by 2^-L; ``trace_decay_shift`` D removes the 2^-D part of a trace every timestep (0: none).

    Options, off by default: ``trace_fraction_bits`` F (0..30-T) keeps F more bits below the unit in
    traces and eligibility, so that they decay below 2^D-1, and only whole units reach the weight;
    ``eligibility_decay_shift`` gives the eligibility its own time constant (None: as the traces);
    ``eligibility_gain_shift`` scales what enters the eligibility by 2^-G, ``depression_shift`` only its
    depressing part; ``rounding`` is applied to the weight change, ``decay_rounding`` to every decay,
    each floor, nearest or stochastic; ``random_seed`` (0..2^31-1) seeds the stochastic ones;
    ``reward_encoding`` ``linear`` makes the reward a signed number of R bits, ``pow2`` 0 or +-2^k with k < R, so that a
    shifter takes the multiplier's place: its word is the sign above k + 1, or 0 for no reward (``encode_reward``);
    ``consolidation`` and what belongs to it protects weights (see ``ConsolidationConfig``).

    Errors: ``ConfigError`` names the field, the value and what is allowed.
    """

    weight_bits: int = 16
    trace_bits: int = 12
    reward_bits: int = 8
    learning_shift: int = 4
    trace_decay_shift: int = 4
    rule_family: str = RULE_FAMILY
    _: KW_ONLY
    trace_fraction_bits: int = 0
    eligibility_decay_shift: int | None = None
    eligibility_gain_shift: int = 0
    depression_shift: int = 0
    decay_rounding: str = "floor"
    reward_encoding: str = "linear"
    random_seed: int = 1

    RANGES: ClassVar[dict[str, tuple[int, int]]] = {
        "weight_bits": (1, 31),
        "trace_bits": (2, 30),
        "reward_bits": (1, 30),
        "learning_shift": (0, 30),
        "trace_decay_shift": (0, 30),
        "trace_fraction_bits": (0, 28),
        "eligibility_decay_shift": (0, 30),
        "eligibility_gain_shift": (0, 30),
        "depression_shift": (0, 30),
        "random_seed": (0, 2**31 - 1),
        **ConsolidationConfig.RANGES,
    }

    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {
        "rule_family": (RULE_FAMILY,),
        "decay_rounding": ROUNDINGS,
        "reward_encoding": ("linear", "pow2"),
        **ConsolidationConfig.CHOICES,
    }

    def __post_init__(self) -> None:
        # The product of reward and eligibility must stay within 62 bits, hence T + F <= 30; first, to name this range.
        bits = check_integer("trace_bits", self.trace_bits, *self.RANGES["trace_bits"])
        check_integer("trace_fraction_bits", self.trace_fraction_bits, 0, 30 - bits)
        super().__post_init__()
        self.check_drive(self.reward_bits + self.trace_bits)
        _spec(self)

    @property
    def stored_trace_bits(self) -> int:
        """Bits of a stored trace and of the eligibility: T + F."""
        return self.trace_bits + self.trace_fraction_bits

    @property
    def effective_eligibility_decay_shift(self) -> int:
        """The eligibility's decay shift after the default is resolved."""
        own = self.eligibility_decay_shift
        return self.trace_decay_shift if own is None else own

    @property
    def max_weight(self) -> int:
        """Largest weight: 2^W - 1."""
        return (1 << self.weight_bits) - 1

    @property
    def max_trace(self) -> int:
        """Largest stored trace, what a spike sets it to: 2^(T+F) - 1."""
        return (1 << self.stored_trace_bits) - 1

    @property
    def min_eligibility(self) -> int:
        """Most negative stored eligibility: -2^(T+F-1)."""
        return -(1 << (self.stored_trace_bits - 1))

    @property
    def max_eligibility(self) -> int:
        """Largest stored eligibility: 2^(T+F-1) - 1."""
        return (1 << (self.stored_trace_bits - 1)) - 1

    @property
    def min_reward(self) -> int:
        """Most negative reward: -2^(R-1)."""
        return -(1 << (self.reward_bits - 1))

    @property
    def max_reward(self) -> int:
        """Largest reward: 2^(R-1) - 1, as a power of two 2^(R-1)."""
        return (1 << (self.reward_bits - 1)) - (self.reward_encoding == "linear")

    @property
    def reward_word_bits(self) -> int:
        """Bits of the reward's word: R, as a power of two its sign and the bits of 0..R."""
        return self.reward_bits if self.reward_encoding == "linear" else 1 + self.reward_bits.bit_length()

    def encode_reward(self, reward: int) -> int:
        """Return the word that stands for a reward: clipped to its range, as a power of two the nearest, the larger of two."""
        reward = clip(as_integer("reward", reward), self.min_reward, self.max_reward)
        if self.reward_encoding == "linear" or reward == 0:
            return reward
        code = (abs(reward) * 4 // 3).bit_length()  # from three quarters of a power on it is the nearest
        return code | (reward < 0) << (self.reward_word_bits - 1)

    @property
    def per_synapse_state_bits(self) -> int:
        """State of one synapse in bits: W + 3(T+F), and what its consolidation keeps."""
        return _spec(self).state_bits

    def to_scnir_annotation(self, *, rule_id: str) -> dict[str, Any]:
        """Return a JSON-ready description of the rule for a network exchange format; ``rule_id`` names the instance.

        Errors: ``ConfigError`` for a ``rule_id`` that is no string or empty.
        """
        own = asdict(self) | {"eligibility_decay_shift": self.effective_eligibility_decay_shift}
        return annotation(ANNOTATION_SCHEMA, rule_id, own, _spec(self))


def _stage(config: OnlineO1Config) -> Stage:
    weight = Field(name="weight", bits=config.weight_bits, meaning="synaptic weight")
    return Stage(config=config, weight=weight, shift=config.learning_shift)


def _noise(config: OnlineO1Config) -> tuple[Field, ...]:
    """Return the noise words, in the order in which they are cut from the LFSR."""
    trace, eligibility = config.trace_decay_shift, config.effective_eligibility_decay_shift
    shifts = {"pre": trace, "post": trace, "eligibility": eligibility}
    decays = shifts if config.decay_rounding == "stochastic" else {}
    owners = {"eligibility": "synapse"}
    words = [Field(name=f"{name}_noise", bits=bits, owner=owners.get(name, name)) for name, bits in decays.items() if bits]
    return (*_stage(config).noise, *words)


def _spec(config: OnlineO1Config) -> RuleSpec:
    stored, stage = config.stored_trace_bits, _stage(config)
    return RuleSpec(
        rule="r_stdp",
        state=(
            stage.weight,
            Field(name="pre_trace", bits=stored, meaning="presynaptic trace", owner="pre"),
            Field(name="post_trace", bits=stored, meaning="postsynaptic trace", owner="post"),
            Field(name="eligibility", bits=stored, signed=True, meaning="eligibility trace"),
            *stage.state,
        ),
        synapse_inputs=(
            Field(name="pre_spike", bits=1, meaning="presynaptic spike in this timestep", owner="pre"),
            Field(name="post_spike", bits=1, meaning="postsynaptic spike in this timestep", owner="post"),
        ),
        step_inputs=(
            Field(
                name="reward",
                bits=config.reward_word_bits,
                signed=config.reward_encoding == "linear",
                meaning="reward of this timestep",
            ),
            *stage.step_inputs,
        ),
        noise=_noise(config),
        outputs=(Field(name="weight", bits=config.weight_bits, meaning="weight after this timestep"),),
        # trace | difference | sum | clip | product, one stage for each option that adds arithmetic, and the weight's
        latency=5 + (config.trace_fraction_bits > 0) + (config.decay_rounding != "floor") + stage.latency,
        random_seed=config.random_seed,
        rest=_rest(config),
        neuron_latency=1 + (config.decay_rounding != "floor"),
    )


def _rest(config: OnlineO1Config) -> Rest | None:
    """Return when a synapse rests: its trace is too small to pair with a spike, and its eligibility to decay or to drive."""
    if not _stage(config).resting or _noise(config):
        return None
    shift = config.effective_eligibility_decay_shift
    stuck = shift - (config.decay_rounding == "nearest") if shift else config.stored_trace_bits
    return Rest(pre={"pre_trace": config.eligibility_gain_shift}, quiet={"eligibility": stuck},
                inert={"eligibility": min(stuck, config.trace_fraction_bits)})  # fmt: skip


def _step(
    config: OnlineO1Config, state: Mapping[str, Value], inputs: Mapping[str, Value]
) -> tuple[dict[str, Value], dict[str, Value]]:
    """Advance one synapse, N synapses or a symbolic synapse by one timestep (see docs/rules/r_stdp.md)."""
    pre, post = inputs["pre_spike"], inputs["post_spike"]
    p0, q0 = state["pre_trace"], state["post_trace"]

    def decay(value: Value, shift: int, noise_name: str) -> Value:
        return decay_magnitude(value, shift, rounding_noise(config.decay_rounding, shift, inputs.get(noise_name)))

    pre_trace = select(pre, config.max_trace, decay(p0, config.trace_decay_shift, "pre_noise"))
    post_trace = select(post, config.max_trace, decay(q0, config.trace_decay_shift, "post_noise"))
    potentiation = asr(select(post, select(pre, config.max_trace, p0), 0), config.eligibility_gain_shift)
    depression = asr(select(pre, q0, 0), config.eligibility_gain_shift + config.depression_shift)
    decayed = decay(state["eligibility"], config.effective_eligibility_decay_shift, "eligibility_noise")
    eligibility = clip(decayed + potentiation - depression, config.min_eligibility, config.max_eligibility)
    drive = _rewarded(config, inputs["reward"], truncate(eligibility, config.trace_fraction_bits))
    traces = {"pre_trace": pre_trace, "post_trace": post_trace, "eligibility": eligibility}
    new = _stage(config).update(state, inputs, drive)
    return {"weight": new["weight"], **traces, **new}, {"weight": new["weight"]}


def _rewarded(config: OnlineO1Config, word: Value, value: Value) -> Value:
    """Return the reward that a word stands for times a value."""
    if config.reward_encoding == "linear":
        return clip(word, config.min_reward, config.max_reward) * value
    places = config.reward_word_bits - 1
    negative = asr(word, places)
    code = minimum(word - negative * (1 << places), config.reward_bits)
    value = select(code == 0, 0, select(negative, -value, value))
    for place in range(places):
        value = select(bit(code, place), value * (1 << (1 << place)), value)
    return asr(value, 1)


def _accuracy(config: OnlineO1Config, seed: int, timesteps: int = 4000) -> dict[str, float]:
    """Compare with the float reference; deviations relative to full scale."""
    return accuracy(RULE, _stage(config), config, seed, timesteps)


def _demonstration(config: OnlineO1Config) -> Demonstration:
    """Pair spikes in both orders and let a reward, and once a punishment, arrive when the traces have faded."""
    pre, post, idle = {"pre_spike": 1}, {"post_spike": 1}, [dict[str, int]()]
    reward, punishment = ([{"reward": config.encode_reward(sign * max(1, config.max_reward // 4))}] * 8 for sign in (1, -1))
    if config.max_reward == 0:
        reward = idle * 8  # one bit of reward can only punish
    causal = [*idle * 4, pre, *idle * 10, post, *idle * 14]
    anticausal = [post, *idle * 10, pre, *idle * 14]
    return Demonstration(
        state={"weight": (config.max_weight + 1) // 2},
        stretches={
            "pre before post": causal,
            "reward": [*reward, *idle * 16],
            "post before pre": anticausal,
            "reward again": [*reward, *idle * 16],
            "pre before post again": causal,
            "punishment": [*punishment, *idle * 10],
        },
    )


def _from_plasticity(asked: PlasticityConfig) -> Conversion:
    """Return a configuration for timesteps of 1 ms; a learning rate is the change by one pairing at lag 0 and full reward."""
    asked.require("stdp", "r_stdp")
    span = asked.w_max - asked.w_min
    potentiation, depression = asked.lr_potentiation / span, asked.lr_depression / span
    width = weight_bits(potentiation)
    decay, _ = decay_shift(sqrt(asked.tau_pre * asked.tau_post))  # pre and post share one
    base = OnlineO1Config(weight_bits=width, trace_decay_shift=decay, trace_fraction_bits=min(decay, 18),
                          eligibility_gain_shift=1, rounding="stochastic")  # fmt: skip
    drive = base.max_reward * (base.max_eligibility >> base.trace_fraction_bits)
    learning, error = learning_shift(drive, potentiation * base.max_weight)
    ratio = depression / potentiation if potentiation and depression else 1.0
    depressing = min(max(round(-log2(ratio)), 0), 30)
    made = -1 / log1p(-(2.0**-decay))
    return Conversion(
        config=replace(base, learning_shift=learning, depression_shift=depressing),
        errors={
            "tau_pre": made / asked.tau_pre - 1,
            "tau_post": made / asked.tau_post - 1,
            "lr_potentiation": error,
            "lr_depression": (1 + error) * 2.0**-depressing / ratio - 1,
        },
    )


PRESETS = {
    "default": Preset(summary="the rule as first defined: every option off", config=OnlineO1Config()),
    "fine": Preset(
        summary="decays to zero and rounds without bias: 40 times closer to the float reference",
        config=OnlineO1Config(trace_fraction_bits=4, rounding="stochastic"),
    ),
    "delayed_reward": Preset(
        summary="an eligibility of about 1 s at 1 ms a timestep, for rewards that come late",
        config=OnlineO1Config(trace_fraction_bits=8, eligibility_decay_shift=10, eligibility_gain_shift=1,
                              learning_shift=12, rounding="stochastic"),
    ),
    "compact": Preset(
        summary="32 bits a synapse: 8-bit weight, traces and eligibility",
        config=OnlineO1Config(weight_bits=8, trace_bits=8, reward_bits=4, learning_shift=8, eligibility_gain_shift=1,
                              rounding="stochastic", decay_rounding="stochastic"),
    ),
    **{
        f"narrow{bits}": Preset(
            summary=f"{bits}-bit weight, traces and eligibility, rewards as powers of two: {4 * bits} bits a synapse",
            config=OnlineO1Config(weight_bits=bits, trace_bits=bits, reward_bits=7, learning_shift=7, eligibility_gain_shift=1,
                                  rounding="stochastic", decay_rounding="stochastic", reward_encoding="pow2"),
        )
        for bits in (8, 4, 2)
    },
    "protected": Preset(
        summary="fine, and a 3-bit code makes a synapse up to 64 times slower, or locks it",
        config=OnlineO1Config(trace_fraction_bits=4, rounding="stochastic", consolidation="shift"),
    ),
    "elastic": Preset(
        summary="fine, and each weight is pulled back to the value it was consolidated at",
        config=OnlineO1Config(trace_fraction_bits=4, rounding="stochastic", consolidation="pull"),
    ),
    "widest": Preset(
        summary="every width at its limit",
        config=OnlineO1Config(weight_bits=31, trace_bits=30, reward_bits=30, learning_shift=30),
    ),
}  # fmt: skip


def _alone(inputs: Mapping[str, Value], side: str) -> Value:
    """Return whether only this side spikes."""
    return inputs[f"{side}_spike"] * (inputs["pre_spike"] + inputs["post_spike"] == 1)


def _sign(config: OnlineO1Config, inputs: Mapping[str, Value]) -> Value:
    """Return a number with the sign of the reward, 0 for none."""
    return _rewarded(config, inputs["reward"], 1)


def _between(value: Value, low: int, high: int) -> Value:
    return (value > low) * (value < high)


RULE = Rule(
    name="r_stdp",
    summary="online O(1) reward-modulated STDP",
    config_type=OnlineO1Config,
    spec=_spec,
    step=_step,
    accuracy=_accuracy,
    presets=PRESETS,
    motifs={
        "pre-post-post": ({"pre_spike": 1}, {"post_spike": 1}, {"post_spike": 1}),
        "post-pre-pre": ({"post_spike": 1}, {"pre_spike": 1}, {"pre_spike": 1}),
        "post-pre": ({"post_spike": 1}, {"pre_spike": 1}, {}, {}),
    },
    demonstration=_demonstration,
    cover={
        "both spikes at once": lambda c, s, i, n: i["pre_spike"] * i["post_spike"],
        "potentiation by a decayed trace": lambda c, s, i, n: _alone(i, "post") * _between(s["pre_trace"], 0, c.max_trace),
        "depression by a decayed trace": lambda c, s, i, n: _alone(i, "pre") * _between(s["post_trace"], 0, c.max_trace),
        "eligibility saturates above": lambda c, s, i, n: _alone(i, "post") * (n["eligibility"] == c.max_eligibility),
        "eligibility saturates below": lambda c, s, i, n: _alone(i, "pre") * (n["eligibility"] == c.min_eligibility),
        "positive reward, positive eligibility": lambda c, s, i, n: (_sign(c, i) > 0) * (n["eligibility"] > 0),
        "positive reward, negative eligibility": lambda c, s, i, n: (_sign(c, i) > 0) * (n["eligibility"] < 0),
        "negative reward, positive eligibility": lambda c, s, i, n: (_sign(c, i) < 0) * (n["eligibility"] > 0),
        "negative reward, negative eligibility": lambda c, s, i, n: (_sign(c, i) < 0) * (n["eligibility"] < 0),
        "reward without eligibility": lambda c, s, i, n: (_sign(c, i) != 0) * (n["eligibility"] == 0),
        "weight held at 0": lambda c, s, i, n: (s["weight"] == 0) * (n["weight"] == 0) * (_sign(c, i) * n["eligibility"] < 0),
        "weight held at its maximum": lambda c, s, i, n: (
            (s["weight"] == c.max_weight) * (n["weight"] == c.max_weight) * (_sign(c, i) * n["eligibility"] > 0)
        ),
    },
    from_plasticity=_from_plasticity,
)


def __getattr__(name: str) -> Any:  # names that were here first; what has them imports this module
    if name in ("OnlineO1Array", "OnlineO1Synapse", "build_online_o1_memory_proof"):
        from .. import online_o1

        return getattr(online_o1, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
