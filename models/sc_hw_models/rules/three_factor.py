"""Three-factor rule with a learning signal per postsynaptic neuron: the form that delta rule, e-prop and reward rules share.

A presynaptic activity times a signal that tells the postsynaptic neuron how wrong it was: dw_ji = L_j x_i 2^-shift. With L the
output error it is the delta rule (Widrow and Hoff, "Adaptive switching circuits", IRE WESCON 1960); with x an eligibility
and L a learning signal it is e-prop's update (Bellec et al., "A solution to the learning dilemma for recurrent networks of
spiking neurons", Nature Communications 11, 2020, eq. 1). What resists the change is the stage of ``consolidation``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ..consolidation import ConsolidationConfig, Stage
from ..continual.plasticity import Conversion, PlasticityConfig, learning_shift, weight_bits
from ..core import CoreModel
from ..deviation import Deviations
from ..fixed import Value
from ..rule import Demonstration, Field, Preset, Rest, Rule, RuleSpec

__all__ = ["RULE", "ThreeFactorConfig"]


@dataclass(frozen=True, kw_only=True)
class ThreeFactorConfig(ConsolidationConfig):
    """Widths and scaling of the rule, and the settings of its consolidation.

    ``weight_bits`` W 2..31 (signed), ``activity_bits`` X 1..16 (unsigned presynaptic activity), ``signal_bits`` S 2..16 (signed
    learning signal); ``learning_shift`` 0..30 scales the change by 2^-shift; ``random_seed`` (0..2^31-1) seeds what is
    stochastic. Errors: ``ConfigError`` names the field, the value and what is allowed.
    """

    weight_bits: int = 11
    activity_bits: int = 5
    signal_bits: int = 9
    learning_shift: int = 8
    rounding: str = "stochastic"
    random_seed: int = 1

    RANGES: ClassVar[dict[str, tuple[int, int]]] = {
        "weight_bits": (2, 31),
        "activity_bits": (1, 16),
        "signal_bits": (2, 16),
        "learning_shift": (0, 30),
        "random_seed": (0, 2**31 - 1),
        **ConsolidationConfig.RANGES,
    }


def _stage(config: ThreeFactorConfig) -> Stage:
    weight = Field(name="weight", bits=config.weight_bits, signed=True, meaning="synaptic weight")
    return Stage(config=config, weight=weight, shift=config.learning_shift)


def _spec(config: ThreeFactorConfig) -> RuleSpec:
    stage = _stage(config)
    return RuleSpec(
        rule="three_factor",
        state=(stage.weight, *stage.state),
        synapse_inputs=(
            Field(name="activity", bits=config.activity_bits, meaning="presynaptic activity", owner="pre"),
            Field(
                name="signal",
                bits=config.signal_bits,
                signed=True,
                meaning="learning signal of the postsynaptic neuron",
                owner="post",
            ),
        ),
        step_inputs=stage.step_inputs,
        noise=stage.noise,
        outputs=(Field(name="weight", bits=config.weight_bits, signed=True, meaning="weight after this timestep"),),
        latency=1 + stage.latency,  # the product comes first
        random_seed=config.random_seed,
        presynaptic_input="activity",
        rest=Rest(pre={}, quiet={}, inert={}) if stage.resting and not stage.noise else None,
    )


def _step(
    config: ThreeFactorConfig, state: Mapping[str, Value], inputs: Mapping[str, Value]
) -> tuple[dict[str, Value], dict[str, Value]]:
    """Advance one synapse, N synapses or a symbolic synapse by one timestep (see docs/rules/three_factor.md)."""
    drive = inputs["signal"] * inputs["activity"]
    new = _stage(config).update(state, inputs, drive)
    return new, {"weight": new["weight"]}


def _accuracy(config: ThreeFactorConfig, seed: int, timesteps: int = 2000) -> dict[str, float]:
    """Run fixed and float64 side by side on random activities, signals and codes; deviations relative to full scale.

    512 synapses; weights start uniform in the middle half, activities uniform, signals normal with a deviation of a
    sixteenth of full scale.
    """
    n, deviations = 512, Deviations()
    generator = np.random.default_rng(seed)
    core = CoreModel(RULE, config, synapses=n)
    weight, signal = core.spec.state[0], core.spec.synapse_inputs[1]
    half, scale = (weight.maximum + 1) // 2, 2.0 * (weight.maximum + 1)
    start = generator.integers(-half, half + 1, n)
    core.load({"weight": start, **_stage(config).random_protection(start, generator)})
    exact = {name: array.astype(float) for name, array in core.state.items()}
    held = {f.name: 0 for f in core.spec.step_inputs}
    for _ in range(timesteps):
        activities = generator.integers(0, 1 << config.activity_bits, n)
        signals = np.rint(generator.normal(0, signal.maximum / 16, n)).astype(np.int64)
        core.step({"activity": activities, "signal": signals, **held})
        change = activities * signals * 2.0**-config.learning_shift
        exact["weight"] = config.next_float(exact, change, weight.minimum, weight.maximum)
        errors = (core.state["weight"] - exact["weight"]) / scale
        deviations.add({"weight": errors})
    return deviations.figures() | {"weight_bias": float(errors.mean())}


def _demonstration(config: ThreeFactorConfig) -> Demonstration:
    """Learn up, make what was learned an anchor where there is one, learn down, and leave the synapse alone."""
    top = (1 << (config.signal_bits - 1)) - 1
    activity = (1 << config.activity_bits) - 1

    def stretch(signal: int, timesteps: int = 40) -> list[dict[str, int]]:
        return [{"activity": activity, "signal": signal}] * timesteps

    command = [{f.name: 1 for f in _stage(config).step_inputs}]
    return Demonstration(
        state={"code": 1} if config.stored_code_bits else {},
        stretches={
            "error above": stretch(max(1, top // 4)),
            **({"consolidate": command} if command[0] else {}),
            "error below": stretch(-max(1, top // 4), 60),
            "no error": stretch(0),
        },
    )


def _from_plasticity(asked: PlasticityConfig) -> Conversion:
    """Return a configuration; a learning rate is the change at full activity and signal, and traces are the host's."""
    asked.require("stdp", "r_stdp")
    span = asked.w_max - asked.w_min
    potentiation, depression = asked.lr_potentiation / span, asked.lr_depression / span
    base = ThreeFactorConfig(weight_bits=weight_bits(potentiation))
    activity, signal = _spec(base).synapse_inputs
    shift, error = learning_shift(activity.maximum * signal.maximum, potentiation * (1 << base.weight_bits))
    both = (1 + error) * potentiation / depression - 1 if depression else 0.0
    return Conversion(config=replace(base, learning_shift=shift), errors={"lr_potentiation": error, "lr_depression": both})


RULE = Rule(
    name="three_factor",
    summary="presynaptic activity times a learning signal per postsynaptic neuron",
    config_type=ThreeFactorConfig,
    spec=_spec,
    step=_step,
    accuracy=_accuracy,
    presets={
        "default": Preset(summary="the delta rule on 11-bit weights, nothing protected", config=ThreeFactorConfig()),
        "shift": Preset(
            summary="a 3-bit code makes a synapse up to 64 times slower, or locks it",
            config=ThreeFactorConfig(consolidation="shift"),
        ),
        "probabilistic": Preset(
            summary="a 3-bit code makes a synapse change up to 128 times less often",
            config=ThreeFactorConfig(consolidation="probabilistic"),
        ),
        "pull": Preset(
            summary="elastic weight consolidation: each weight is pulled back to its anchor",
            config=ThreeFactorConfig(consolidation="pull"),
        ),
        "lock": Preset(summary="one bit locks a synapse", config=ThreeFactorConfig(consolidation="lock")),
        "si": Preset(
            summary="synaptic intelligence: the core counts importance and makes the codes",
            config=ThreeFactorConfig(consolidation="si"),
        ),
    },
    motifs={
        "up-down": ({"activity": 1, "signal": 1}, {"activity": 1, "signal": -1}),
        "strong": ({"activity": 1, "signal": 1},) * 4,
    },
    demonstration=_demonstration,
    from_plasticity=_from_plasticity,
)
