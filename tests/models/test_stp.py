"""Short-term plasticity: float against closed forms and the published behaviour, fixed against a second definition and float."""

import itertools
import math

import numpy as np
import pytest

from sc_hw_models.core import CoreModel
from sc_hw_models.lfsr import Lfsr, lane_seed
from sc_hw_models.rule import ConfigError
from sc_hw_models.rules.stp import PRESETS, RULE, ShortTermPlasticity, StpConfig, steady_state

MODES = ("tm98", "mongillo")
RATES = (1, 5, 10, 20, 50, 100)  # Hz
TABLE = {  # U 0.2, tau_f 600 ms, tau_d 200 ms: steady release and paired-pulse ratio at RATES
    "tm98": ((0.23522, 0.36821, 0.31690, 0.20658, 0.09399, 0.04861), (1.1495, 1.4575, 1.4737, 1.4656, 1.4528, 1.4469)),
    "mongillo": ((0.38746, 0.43078, 0.33568, 0.21003, 0.09425, 0.04865), (1.065, 1.089, 1.017, 0.955, 0.906, 0.888)),
}


def train(model, gap, count):
    """Return the releases of ``count`` spikes, ``gap`` timesteps apart, the first after one timestep of rest."""
    spikes = np.zeros(gap * (count - 1) + 1, dtype=bool)
    spikes[::gap] = True
    return [float(model.update(np.array([spike]))[0]) for spike in spikes][::gap]


# Float.


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("rate", RATES)
def test_the_reference_table(mode, rate):
    steady, ratio = (row[RATES.index(rate)] for row in TABLE[mode])
    releases = train(ShortTermPlasticity(mode=mode), 1000 // rate, 40 + 3 * rate)
    assert releases[0] == pytest.approx(0.2 if mode == "tm98" else 0.2 * 1.8, abs=1e-12)
    assert releases[-1] == pytest.approx(steady, abs=5.1e-6)
    assert releases[1] / releases[0] == pytest.approx(ratio, abs=5.1e-5 if mode == "tm98" else 5.1e-4)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("u_se", "tau_f", "tau_d"), list(itertools.product((0.01, 0.2, 0.5, 1.0), (5.0, 100.0, 1500.0), (3.0, 200.0, 800.0)))
)
def test_closed_forms(mode, u_se, tau_f, tau_d):
    """Every release up to the steady state, by the recursion over intervals, and the steady state and the pair by formula."""
    for gap in (1, 7, 50, 400):
        a, b = math.exp(-gap / tau_f), math.exp(-gap / tau_d)
        count = 3 + min(60, int(40 * max(tau_d, tau_f) / gap))
        releases = train(ShortTermPlasticity(tau_d, tau_f, u_se, mode, dt=gap / 2), 2, count)
        rest = u_se if mode == "mongillo" else 0.0
        u, x, expected = rest, 1.0, []
        for _ in range(count):
            u = u + u_se * (1 - u)
            expected.append(u * x)
            u, x = rest + (u - rest) * a, 1 + (x - u * x - 1) * b
        assert releases == pytest.approx(expected, abs=1e-9)
        first = u_se if mode == "tm98" else u_se * (2 - u_se)
        second = (
            (1 + (1 - u_se) * a) * (1 - u_se * b)
            if mode == "tm98"
            else (first + (1 - u_se) ** 2 * u_se * a) * (1 - first * b) / first
        )
        assert releases[1] / releases[0] == pytest.approx(second, abs=1e-9)
        u_inf, x_inf = steady_state(gap, tau_d=tau_d, tau_f=tau_f, u_se=u_se, mode=mode)
        if gap * count > 35 * max(tau_d, tau_f):
            assert releases[-1] == pytest.approx(u_inf * x_inf, abs=1e-9)


@pytest.mark.parametrize("name", ["interval", "tau_d", "tau_f", "u_se"])
@pytest.mark.parametrize("value", [0, -1.0, math.nan, "1"])
def test_the_steady_state_refuses(name, value):
    with pytest.raises(ConfigError, match=f"^{name}={value!r}: allowed are"):
        steady_state(**({"interval": 1.0, "tau_d": 1.0, "tau_f": 1.0, "u_se": 1.0} | {name: value}))
    with pytest.raises(ConfigError, match=r"^u_se=1\.5: allowed are finite numbers above 0 and at most 1$"):
        steady_state(1.0, tau_d=1.0, tau_f=1.0, u_se=1.5)
    with pytest.raises(ConfigError, match=r"^mode='x': .* tm98, mongillo$"):
        steady_state(1.0, tau_d=1.0, tau_f=1.0, u_se=1.0, mode="x")


def test_euler_approaches_exact_as_the_timestep_shrinks():
    def last(integration, dt):
        return train(ShortTermPlasticity(dt=dt, integration=integration), round(20 / dt), 10)[-1]

    errors = [abs(last("euler", dt) - last("exact", 1.0)) for dt in (2.0, 1.0, 0.5)]
    assert 0 < errors[2] < 0.6 * errors[1] < 0.36 * errors[0]
    assert last("exact", 0.5) == pytest.approx(last("exact", 2.0), abs=1e-12)


def test_neurons_are_independent_and_reset_returns_to_rest():
    model = ShortTermPlasticity(n_pre=3)
    model.update(np.array([True, False, True]))
    assert model.u.tolist() == pytest.approx([0.2, 0, 0.2])
    assert model.x.tolist() == pytest.approx([0.8, 1, 0.8])
    model.reset()
    assert (model.u.tolist(), model.x.tolist(), model.n_pre) == ([0] * 3, [1] * 3, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tau_d": 0}, "tau_d=0"),
        ({"tau_f": -1.0}, "tau_f=-1.0"),
        ({"tau_f": math.inf}, "tau_f=inf"),
        ({"tau_d": math.nan}, "tau_d=nan"),
        ({"tau_d": "200"}, "tau_d='200'"),
        ({"tau_d": True}, "tau_d=True"),
        ({"u_se": 0.0}, "u_se=0.0"),
        ({"u_se": 1.01}, "u_se=1.01.*at most 1"),
        ({"dt": 0}, "dt=0"),
        ({"mode": "tm97"}, "mode='tm97'.*tm98, mongillo"),
        ({"n_pre": 0}, "n_pre=0"),
        ({"n_pre": 2.0}, "n_pre=2.0"),
        ({"integration": "rk4"}, "integration='rk4'"),
        ({"dt": 300.0, "integration": "euler"}, "dt=300.0.*200"),
    ],
)
def test_float_refuses(arguments, message):
    with pytest.raises(ConfigError, match=message):
        ShortTermPlasticity(**arguments)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32, np.float64])
def test_spikes_may_be_of_any_real_type(dtype):
    model, same = ShortTermPlasticity(), ShortTermPlasticity()
    for spikes in ([1, 0, 1], [0, 0, 1]):
        np.testing.assert_array_equal(model.update(np.array(spikes, dtype=dtype)), same.update(np.array(spikes, dtype=bool)))


@pytest.mark.parametrize(
    ("spikes", "message"),
    [
        (np.full(2, 0.5), "dtype float64"),
        (np.array([0, 2]), "dtype int64"),
        (np.array([0.0, np.nan]), "dtype float64"),
        (np.array(["0", "1"]), "dtype <U1"),
        (np.array([0j, 1j]), "dtype complex128"),
        (np.ones(3, dtype=bool), r"shape \(3,\) given; allowed is \(2,\)"),
        (np.ones((2, 1), dtype=bool), "shape"),
        (np.array(True), "shape"),
    ],
)
def test_update_refuses_and_changes_nothing(spikes, message):
    model = ShortTermPlasticity()
    model.update(np.array([True, False]))
    before = model.u.tolist(), model.x.tolist()
    with pytest.raises(ConfigError, match=f"pre_spikes: {message}"):
        model.update(spikes)
    assert (model.u.tolist(), model.x.tolist()) == before


# Fixed: a definition of its own, on fractions of whole numbers, conditions and division.


def rounded(numerator, denominator, rounding, noise):
    """Return a quotient rounded down, to the nearest (ties up) or by ``noise`` out of ``denominator``."""
    added = {"floor": 0, "nearest": denominator // 2, "stochastic": noise}[rounding]
    return (numerator + added) // denominator


def definition(c, u, x, spike, noise):
    """One timestep of one neuron; ``noise`` is the update's random word. Stored x stands for x + 1 units."""
    words = []
    for width in (8, c.bits) if c.rounding == "stochastic" else (0, 0):
        words.append(noise % 2**width)
        noise //= 2**width
    for width in (c.facilitation_shift, c.recovery_shift) if c.decay_rounding == "stochastic" else (0, 0):
        words.append(noise % 2**width)
        noise //= 2**width
    one, unit = 2 ** (c.bits + c.fraction_bits), 2**c.fraction_bits
    rest = c.u_se * one // 256 if c.mode == "mongillo" else 0
    u -= rounded(u - rest, 2**c.facilitation_shift, c.decay_rounding, words[2])
    x += rounded(one - (x + 1), 2**c.recovery_shift, c.decay_rounding, words[3])
    if not spike:
        return u, x, 0
    u = min(one - 1, rounded(256 * u + c.u_se * (one - u), 256, c.rounding, words[0]))
    release = min(x // unit, rounded((u // unit) * (x // unit + 1), 2**c.bits, c.rounding, words[1]))
    return u, x - release * unit, release


CONFIGS = [preset.config for preset in PRESETS.values()] + [
    StpConfig(mode=mode, rounding=a, decay_rounding=b, bits=bits, fraction_bits=f, u_se=u, facilitation_shift=k, recovery_shift=j)
    for (mode, a, b), (bits, f, u, k, j) in zip(
        itertools.product(MODES, ("floor", "nearest", "stochastic"), ("floor", "nearest", "stochastic")),
        itertools.cycle([(4, 0, 255, 24, 24), (20, 16, 1, 24, 1), (5, 3, 128, 1, 7), (12, 4, 77, 3, 24)]),
        strict=False,
    )
]


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_the_step_is_the_definition(config):
    """From states drawn from the whole range and its ends, and on through a life; on arrays and on single integers."""
    seed, n = 7, 40
    generator = np.random.default_rng(seed)
    core = CoreModel(RULE, config, synapses=n)
    top, fresh = config.maximum, sum(f.bits for f in core.spec.noise)
    register = lane_seed(config.random_seed, 0, Lfsr(fresh).bits) if fresh else 0
    for k in range(40):
        if k % 4 == 0:
            ends = generator.choice([0, 1, top - 1, top], (2, n))
            drawn = np.where(generator.random((2, n)) < 0.5, ends, generator.integers(0, top + 1, (2, n)))
            core.load({"u": drawn[0], "x": drawn[1]})
        state = list(zip(core.state["u"].tolist(), core.state["x"].tolist(), strict=True))
        spikes = generator.random(n) < 0.5
        outputs = core.step({"pre_spike": spikes})
        for i, (u, x) in enumerate(state):
            noise = register & ((1 << fresh) - 1)
            register = Lfsr(fresh).step(register) if fresh else 0
            expected = definition(config, u, x, bool(spikes[i]), noise)
            assert (core.state["u"][i], core.state["x"][i], outputs["release"][i]) == expected, (seed, k, i)
            low, inputs = 0, {"pre_spike": int(spikes[i])}
            for f in core.spec.noise:
                inputs[f.name] = noise >> low & f.maximum
                low += f.bits
            after, out = RULE.step(config, {"u": u, "x": x}, inputs)
            assert (after["u"], after["x"], out["release"]) == expected
            assert 0 <= expected[0] <= top
            assert 0 <= expected[1] <= x + (top - x)
            assert out["release"] << config.fraction_bits <= top


def test_rest_is_exact_and_a_silent_neuron_stays_there():
    for config in CONFIGS:
        core = CoreModel(RULE, config, synapses=2)
        for _ in range(30):
            assert core.step({"pre_spike": np.zeros(2, dtype=bool)})["release"].tolist() == [0, 0]
        assert core.state["x"].tolist() == [config.maximum] * 2
        assert core.state["u"].tolist() == [config.u_rest] * 2


@pytest.mark.parametrize(("mode", "rounding"), [("tm98", "floor"), ("mongillo", "stochastic")])
def test_the_error_against_float_is_bounded_and_falls_with_the_bits(mode, rounding):
    measured = []
    for bits in (10, 14, 18):
        config = StpConfig(bits=bits, mode=mode, rounding=rounding, decay_rounding=rounding)
        figures = RULE.accuracy(config, 0, 1000)
        assert all(figures[f"{name}_max"] <= bound for name, bound in config.error_bounds.items()), (bits, figures)
        measured.append([figures[f"{name}_rms"] for name in ("u", "x", "release")])
    assert np.all(np.diff(measured, axis=0) < 0), measured


def test_fraction_bits_free_a_stuck_decay():
    stuck, freed = (CoreModel(RULE, StpConfig(bits=10, fraction_bits=f), synapses=1) for f in (0, 10))
    for core in (stuck, freed):
        core.load({"x": np.array([0])})
        for _ in range(3000):
            core.step({"pre_spike": np.array([False])})
    assert 1023 - stuck.state["x"][0] == 255  # a quarter of the resources never comes back
    assert (freed.config.maximum - freed.state["x"][0]) / 2**20 == pytest.approx(255 / 2**20)


def test_conversion_picks_the_closest_and_tells_the_error():
    config, errors = StpConfig.from_time_constants(tau_d=200.0, tau_f=600.0, u_se=0.2, mode="mongillo", bits=12)
    assert (config.recovery_shift, config.facilitation_shift, config.u_se) == (8, 9, 51)
    assert (config.mode, config.bits) == ("mongillo", 12)
    assert errors == pytest.approx({"tau_d": 0.27750, "tau_f": -0.14750, "u_se": -0.00390625}, abs=1e-5)
    made = config.reference(n_pre=1)
    assert (made.tau_d, made.tau_f) == pytest.approx((200 * (1 + errors["tau_d"]), 600 * (1 + errors["tau_f"])))
    exact = -200.0 * math.log1p(-(2.0**-7))  # the timestep at which a shift of 7 is 200 ms
    assert StpConfig.from_time_constants(tau_d=200.0, tau_f=600.0, u_se=0.25, dt=exact)[1]["tau_d"] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("dt", [0.25, 1.0])
@pytest.mark.parametrize("u_se", [1e-4, 1 / 512 + 1e-6, 0.3, 1.0])
def test_a_conversion_is_the_nearest_of_all(u_se, dt):
    taus = {shift: -dt / math.log1p(-(2.0**-shift)) for shift in range(1, 25)}
    for tau_d, tau_f in itertools.pairwise(np.geomspace(0.8 * dt, 2.4e7 * dt, 20)):
        config, errors = StpConfig.from_time_constants(tau_d=tau_d, tau_f=tau_f, u_se=u_se, dt=dt, bits=10)
        for name, tau, shift in (("tau_d", tau_d, config.recovery_shift), ("tau_f", tau_f, config.facilitation_shift)):
            assert abs(math.log(taus[shift] / tau)) == min(abs(math.log(made / tau)) for made in taus.values())
            assert errors[name] == pytest.approx(taus[shift] / tau - 1, abs=1e-12)
        assert config.u_se == min(max(round(256 * u_se), 1), 255)
        assert errors["u_se"] == pytest.approx(config.u_se / 256 / u_se - 1)
    for factor, accepted in ((1.99, True), (2.01, False)):
        for tau in (taus[24] * factor, taus[1] / factor):
            if accepted:
                StpConfig.from_time_constants(tau_d=tau, tau_f=tau, u_se=u_se, dt=dt)
            else:
                with pytest.raises(ConfigError, match=r"no shift comes near; allowed are .*\.\..* at dt="):
                    StpConfig.from_time_constants(tau_d=tau, tau_f=1.0, u_se=u_se, dt=dt)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tau_d": 0.0}, "tau_d=0.0"),
        ({"tau_f": 0.0}, "tau_f=0.0"),
        ({"tau_f": 1e9}, "tau_f=1000000000.0: no shift"),
        ({"tau_f": 0.3}, "tau_f=0.3: no shift"),
        ({"u_se": 1.5}, "u_se=1.5"),
        ({"dt": -1}, "dt=-1"),
        ({"bits": 3}, "bits=3"),
    ],
)
def test_conversion_refuses(arguments, message):
    with pytest.raises(ConfigError, match=message):
        StpConfig.from_time_constants(**({"tau_d": 200.0, "tau_f": 600.0, "u_se": 0.2} | arguments))


@pytest.mark.parametrize(
    ("mode", "decay_rounding", "latency"),
    [
        ("tm98", "floor", 7),
        ("tm98", "nearest", 8),
        ("tm98", "stochastic", 8),
        ("mongillo", "floor", 8),
        ("mongillo", "nearest", 8),
    ],
)
def test_the_pipeline_has_a_stage_more_where_a_decay_adds_twice(mode, decay_rounding, latency):
    spec = RULE.spec(StpConfig(mode=mode, decay_rounding=decay_rounding))
    assert spec.latency == latency
    assert spec.synapse_inputs[0].maximum == 1
