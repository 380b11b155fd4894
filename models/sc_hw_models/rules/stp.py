"""Short-term plasticity (Tsodyks-Markram): the float reference, the fixed-point rule and its specification.

A presynaptic neuron spends at every spike the fraction u of the resources x that its synapses have; u is raised by
the spike and relaxes with tau_f, x is used up and recovers with tau_d. Sources: M. V. Tsodyks and H. Markram, "The neural
code between neocortical pyramidal neurons depends on neurotransmitter release probability", PNAS 94 (1997), for x;
M. Tsodyks, K. Pawelzik and H. Markram, "Neural networks with dynamic synapses", Neural Computation 10 (1998), for u
(mode tm98); G. Mongillo, O. Barak and M. Tsodyks, "Synaptic theory of working memory", Science 319 (2008), for mode mongillo.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, expm1, inf, log, log1p
from typing import Any, ClassVar

import numpy as np

from ..checks import as_array, check_choice, check_number
from ..core import CoreModel
from ..deviation import Deviations
from ..fixed import Value, asr, minimum, rounded_asr, select
from ..rule import ConfigError, Field, Preset, Rule, RuleConfig, RuleSpec, check_integer

__all__ = ["RULE", "ShortTermPlasticity", "StpConfig", "steady_state"]

MODES = ("tm98", "mongillo")
ROUNDINGS = ("floor", "nearest", "stochastic")
U_SE_BITS = 8


class ShortTermPlasticity:
    """Float64 reference: one u and one x for each presynaptic neuron.

    Parameters: time constants ``tau_d`` of recovery and ``tau_f`` of facilitation in ms; ``u_se`` the utilisation U,
    above 0, at most 1; ``mode`` ``tm98`` (u relaxes to 0; the first release is U) or ``mongillo`` (u relaxes to U; the
    first is U(2-U)); ``n_pre`` neurons (``None``: as many as the first update has); the timestep ``dt`` in ms;
    ``integration`` ``exact`` (exp(-dt/tau)) or ``euler`` (1 - dt/tau, for dt <= tau).
    State: ``u`` and ``x``, float64 ``(n_pre,)``. Errors: ``ConfigError`` names the argument.
    """

    def __init__(
        self,
        tau_d: float = 200.0,
        tau_f: float = 600.0,
        u_se: float = 0.2,
        mode: str = "tm98",
        n_pre: int | None = None,
        dt: float = 1.0,
        integration: str = "exact",
    ) -> None:
        self.tau_d, self.tau_f = check_number("tau_d", tau_d, above=0), check_number("tau_f", tau_f, above=0)
        self.u_se, self.dt = check_number("u_se", u_se, above=0, high=1), check_number("dt", dt, above=0)
        check_choice("mode", mode, MODES)
        check_choice("integration", integration, ("exact", "euler"))
        dt, shortest = self.dt, min(self.tau_d, self.tau_f)
        if integration == "euler" and dt > shortest:
            raise ConfigError(f"dt={dt}: longer than a time constant; euler allows at most {shortest:g}")
        self.mode, self.integration = mode, integration
        self.n_pre = None if n_pre is None else check_integer("n_pre", n_pre, 1, 1 << 32)
        # expm1 keeps the digits of a decay that is close to 1.
        leaks = [dt / tau if integration == "euler" else -expm1(-dt / tau) for tau in (self.tau_f, self.tau_d)]
        self._u_leak, self._x_leak = leaks
        self._u_rest = self.u_se if mode == "mongillo" else 0.0
        self.reset()

    def reset(self) -> None:
        """Return to rest: all resources available, u relaxed; the number of neurons stays."""
        self.u = np.full(self.n_pre or 0, self._u_rest)
        self.x = np.ones(self.n_pre or 0)

    def update(self, pre_spikes: np.ndarray) -> np.ndarray:
        """Let one timestep pass, then spike: return the released fraction of each neuron, 0 without a spike.

        ``pre_spikes`` is an array ``(n_pre,)`` of bool, or of 0 and 1 of any real type, such as a population's output. A spike
        raises u first, then releases u x, then x loses that.
        """
        given = as_array("pre_spikes", pre_spikes)
        spikes = given == 1 if given.dtype.kind in "biuf" else np.zeros(given.shape, bool)
        if given.dtype.kind not in "biuf" or not (spikes | (given == 0)).all():
            raise ConfigError(f"pre_spikes: dtype {given.dtype} given, or other values; allowed are bool, and 0 and 1")
        expected = spikes.shape[:1] if self.n_pre is None else (self.n_pre,)
        if spikes.ndim != 1 or spikes.shape != expected or not spikes.size:
            raise ConfigError(f"pre_spikes: shape {spikes.shape} given; allowed is ({self.n_pre or 'n_pre'},)")
        if self.n_pre is None:
            self.n_pre = int(spikes.size)
            self.reset()
        self.u += self._u_leak * (self._u_rest - self.u)
        self.x += self._x_leak * (1.0 - self.x)
        self.u = np.where(spikes, self.u + self.u_se * (1.0 - self.u), self.u)
        release = np.where(spikes, self.u * self.x, 0.0)
        self.x -= release
        return release


def steady_state(interval: float, *, tau_d: float, tau_f: float, u_se: float, mode: str = "tm98") -> tuple[float, float]:
    """Return u after and x before a spike, in closed form, after many spikes ``interval`` ms apart; the release is u x."""
    given = (("interval", interval), ("tau_d", tau_d), ("tau_f", tau_f))
    interval, tau_d, tau_f = (check_number(name, value, above=0) for name, value in given)
    u_se = check_number("u_se", u_se, above=0, high=1)
    check_choice("mode", mode, MODES)
    a, b = exp(-interval / tau_f), exp(-interval / tau_d)
    u = u_se * (1 + (mode == "mongillo") * (1 - u_se) * (1 - a)) / (1 - (1 - u_se) * a)
    return u, (1 - b) / (1 - (1 - u) * b)


def _tau(shift: int, dt: float) -> float:
    """Return the time constant of a decay shift."""
    return -dt / log1p(-(2.0**-shift))


@dataclass(frozen=True, kw_only=True)
class StpConfig(RuleConfig):
    """Widths, shifts and options of the fixed-point rule.

    ``bits`` B (4..20) is the width of the release and of both factors of the multiplier; u and x are stored with
    ``fraction_bits`` F (0..16) more below, for their decays. ``facilitation_shift`` and ``recovery_shift`` (1..24): every
    timestep u and 1 - x lose the 2^-shift part of their distance to rest, a time constant of -dt / ln(1 - 2^-shift).
    ``u_se`` (1..255) is U in units of 1/256. ``mode``: tm98 or mongillo. ``rounding`` is applied to U (1 - u) and to
    the release, ``decay_rounding`` to both decays; each floor, nearest or stochastic. ``random_seed`` (0..2^31-1)
    seeds the stochastic ones. Errors: ``ConfigError`` names the field, the value and what is allowed.
    """

    bits: int = 16
    fraction_bits: int = 0
    facilitation_shift: int = 9
    recovery_shift: int = 8
    u_se: int = 51
    mode: str = "tm98"
    rounding: str = "nearest"
    decay_rounding: str = "floor"
    random_seed: int = 1

    RANGES: ClassVar[dict[str, tuple[int, int]]] = {
        "bits": (4, 20),
        "fraction_bits": (0, 16),
        "facilitation_shift": (1, 24),
        "recovery_shift": (1, 24),
        "u_se": (1, (1 << U_SE_BITS) - 1),
        "random_seed": (0, 2**31 - 1),
    }

    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {"mode": MODES, "rounding": ROUNDINGS, "decay_rounding": ROUNDINGS}

    @property
    def stored_bits(self) -> int:
        """Bits of stored u and x: B + F."""
        return self.bits + self.fraction_bits

    @property
    def maximum(self) -> int:
        """Largest stored u and x: 2^(B+F) - 1."""
        return (1 << self.stored_bits) - 1

    @property
    def u_rest(self) -> int:
        """What stored u relaxes to: 0 in tm98, U in mongillo, rounded down."""
        return (self.u_se << self.stored_bits) >> U_SE_BITS if self.mode == "mongillo" else 0

    def reference(self, *, n_pre: int, dt: float = 1.0) -> ShortTermPlasticity:
        """Return the float reference with the constants that this configuration has."""
        tau_d, tau_f = (_tau(shift, dt) for shift in (self.recovery_shift, self.facilitation_shift))
        return ShortTermPlasticity(tau_d, tau_f, self.u_se / (1 << U_SE_BITS), self.mode, n_pre, dt)

    @property
    def error_bounds(self) -> dict[str, float]:
        """Bounds on |fixed - float| of u, x and release for any spikes from rest (derived in docs/rules/stp.md)."""
        stored, unit = 2.0**-self.stored_bits, 2.0**-self.bits
        used = self.u_se / (1 << U_SE_BITS)
        u = stored * (1 + max(2.0**self.facilitation_shift, 1 / used))
        rounded = 2 * unit
        x = max(stored * 2**self.recovery_shift, (u + rounded + stored) / (used - stored)) if used > stored else inf
        return {name: min(1.0, bound) for name, bound in (("u", u), ("x", x), ("release", u + x + rounded))}

    @classmethod
    def from_time_constants(
        cls, *, tau_d: float, tau_f: float, u_se: float, dt: float = 1.0, **options: Any
    ) -> tuple["StpConfig", dict[str, float]]:
        """Return the configuration closest to constants in ms, and the relative error made in each of the three.

        ``options`` are the other fields. A shorter or longer ``dt`` moves all the time constants that shifts can reach.
        Errors: ``ConfigError`` for a time constant whose nearest shift is out of range.
        """
        wanted = {"tau_d": check_number("tau_d", tau_d, above=0), "tau_f": check_number("tau_f", tau_f, above=0)}
        u_se, dt = check_number("u_se", u_se, above=0, high=1), check_number("dt", dt, above=0)
        low, high = cls.RANGES["recovery_shift"]
        shifts = {}
        for name, tau in wanted.items():
            shifts[name] = min(range(low, high + 1), key=lambda shift: abs(log(_tau(shift, 1.0)) + log(dt) - log(tau)))
            if not 0.5 < _tau(shifts[name], dt) / tau < 2:
                raise ConfigError(
                    f"{name}={tau!r}: no shift comes near; allowed are {_tau(low, dt):.3g}..{_tau(high, dt):.3g} at dt={dt:g}"
                )
        code = min(max(1, round(u_se * (1 << U_SE_BITS))), cls.RANGES["u_se"][1])
        config = cls(facilitation_shift=shifts["tau_f"], recovery_shift=shifts["tau_d"], u_se=code, **options)
        made = config.reference(n_pre=1, dt=dt)
        return config, {name: getattr(made, name) / value - 1 for name, value in (*wanted.items(), ("u_se", u_se))}


def _noise_bits(config: StpConfig) -> dict[str, int]:
    """Return the width of each noise word, in the order in which they are cut from the LFSR."""
    product, decaying = config.rounding == "stochastic", config.decay_rounding == "stochastic"
    widths = {
        "use_noise": product * U_SE_BITS,
        "release_noise": product * config.bits,
        "facilitation_noise": decaying * config.facilitation_shift,
        "recovery_noise": decaying * config.recovery_shift,
    }
    return {name: bits for name, bits in widths.items() if bits}


def _spec(config: StpConfig) -> RuleSpec:
    return RuleSpec(
        rule="stp",
        state=(
            Field(name="u", bits=config.stored_bits, reset=config.u_rest, meaning="utilisation"),
            Field(name="x", bits=config.stored_bits, reset=config.maximum, meaning="available resources, less one unit"),
        ),
        synapse_inputs=(Field(name="pre_spike", bits=1, meaning="spike of the presynaptic neuron in this timestep"),),
        step_inputs=(),
        noise=tuple(Field(name=name, bits=bits) for name, bits in _noise_bits(config).items()),
        outputs=(Field(name="release", bits=config.bits, meaning="released fraction of the resources, 0 without a spike"),),
        # decays | U + (1 - U) u by low and by high bits of U | u | product | rounding | x; one more where a decay adds twice
        latency=7 + (config.decay_rounding != "floor" or config.mode == "mongillo"),
        random_seed=config.random_seed,
        presynaptic_output="release",
    )


def _rounding_noise(rounding: str, shift: int, inputs: Mapping[str, Value], name: str) -> Value:
    return {"floor": 0, "nearest": 1 << (shift - 1)}[rounding] if rounding != "stochastic" else inputs[name]


def _step(
    config: StpConfig, state: Mapping[str, Value], inputs: Mapping[str, Value]
) -> tuple[dict[str, Value], dict[str, Value]]:
    """Advance one neuron, n_pre neurons or a symbolic neuron by one timestep (see docs/rules/stp.md)."""
    spike = inputs["pre_spike"]

    def relaxed(distance: Value, shift: int, name: str) -> Value:
        return rounded_asr(distance, shift, _rounding_noise(config.decay_rounding, shift, inputs, name))

    u = state["u"] - relaxed(state["u"] - config.u_rest, config.facilitation_shift, "facilitation_noise")
    x = state["x"] + relaxed(config.maximum - state["x"], config.recovery_shift, "recovery_noise")
    # U + (1 - U) u in 256ths: for every bit of U, lowest first, the mean of what there is and of 1 or u.
    used = u
    for place in range(U_SE_BITS):
        used = used + (config.maximum + 1 if config.u_se >> place & 1 else u) * (1 << place)
    used = rounded_asr(used, U_SE_BITS, _rounding_noise(config.rounding, U_SE_BITS, inputs, "use_noise"))
    u = select(spike, minimum(used, config.maximum), u)
    u_whole, x_whole = asr(u, config.fraction_bits), asr(x, config.fraction_bits)
    # Stored x is one unit less than the resources, hence u (x + 1).
    noise = _rounding_noise(config.rounding, config.bits, inputs, "release_noise")
    release = rounded_asr(u_whole * x_whole, config.bits, u_whole + noise)
    release = select(spike, minimum(release, x_whole), 0)
    return {"u": u, "x": x - release * (1 << config.fraction_bits)}, {"release": release}


def _accuracy(config: StpConfig, seed: int, timesteps: int = 4000) -> dict[str, float]:
    """Run fixed and float side by side on Poisson spikes and return deviations relative to 1.

    512 neurons with rates from 1 to 100 Hz, evenly spaced in the logarithm, ``timesteps`` of 1 ms.
    """
    n, deviations, bias, spikes = 512, Deviations(), 0.0, 0
    chances = np.geomspace(0.001, 0.1, n)
    generator = np.random.default_rng(seed)
    reference, fixed = config.reference(n_pre=n), CoreModel(RULE, config, synapses=n)
    scale = 2.0**-config.stored_bits
    for _ in range(timesteps):
        pre = generator.random(n) < chances
        released = fixed.step({"pre_spike": pre})["release"] * 2.0**-config.bits
        wrong = (released - reference.update(pre))[pre]
        bias, spikes = bias + float(wrong.sum()), spikes + wrong.size
        u, x = fixed.state["u"] * scale, (fixed.state["x"] + 1) * scale
        deviations.add({"u": u - reference.u, "x": x - reference.x, "release": wrong})
    return deviations.figures() | {"release_bias": bias / spikes}  # without a spike the line above refuses


PRESETS = {
    "default": Preset(summary="U 0.2, tau_f 511 ms, tau_d 255 ms at 1 ms a timestep; 32 bits a neuron", config=StpConfig()),
    "fine": Preset(
        summary="the same constants with decays that reach rest and no bias: 64 bits a neuron, the same multiplier",
        config=StpConfig(fraction_bits=16, rounding="stochastic"),
    ),
    "compact": Preset(
        summary="an 8 x 8 multiplier and an 8-bit release; 24 bits a neuron",
        config=StpConfig(bits=8, fraction_bits=4, rounding="stochastic", decay_rounding="stochastic"),
    ),
    "depressing": Preset(
        summary="U 0.5, tau_f 31 ms, tau_d 1023 ms: successive releases shrink",
        config=StpConfig(bits=12, fraction_bits=8, u_se=128, facilitation_shift=5, recovery_shift=10),
    ),
    "working_memory": Preset(
        summary="U 0.2 to which u relaxes, tau_f 2047 ms, tau_d 255 ms: strongly facilitating",
        config=StpConfig(mode="mongillo", bits=12, fraction_bits=8, facilitation_shift=11, decay_rounding="nearest"),
    ),
}

RULE = Rule(
    name="stp",
    summary="Tsodyks-Markram short-term plasticity of presynaptic neurons",
    config_type=StpConfig,
    spec=_spec,
    step=_step,
    accuracy=_accuracy,
    presets=PRESETS,
    motifs={
        "pair": ({"pre_spike": 1}, {}, {"pre_spike": 1}, *({} for _ in range(13))),
        "burst and pause": (*({"pre_spike": 1} for _ in range(8)), *({} for _ in range(24))),
    },
)
