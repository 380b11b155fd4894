"""The random registers: the recurrence, its period by polynomial arithmetic, and the quality of the noise."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sc_hw_models import lfsr as lfsr_module
from sc_hw_models.lfsr import Lfsr, lane_seed

reproducible = settings(derandomize=True, deadline=None)
widths = st.integers(1, 126)
PRIME_FACTORS = {  # of 2^n - 1; 2^31 - 1 and 2^127 - 1 are Mersenne primes
    31: (2**31 - 1,),
    63: (7, 73, 127, 337, 92737, 649657),
    127: (2**127 - 1,),
}


def words_of(register, state, steps):
    """Return the noise words of a run as integers, one a step."""
    bits, _ = register.run(state, steps)
    return bits.astype(np.int64) @ (1 << np.arange(register.fresh, dtype=np.int64))


def serial_bits(n, k, state, count):
    """Return ``count`` bits of b[t] = b[t-n] ^ b[t-k] after the n bits of the register, one bit at a time."""
    history = [(state >> i) & 1 for i in reversed(range(n))]
    for _ in range(count):
        history.append(history[-n] ^ history[-k])
    return history


@pytest.mark.parametrize("fresh", range(1, 127))
def test_step_and_run_obey_the_recurrence_for_every_width(fresh):
    register, steps = Lfsr(fresh), 12
    n, k = register.taps
    seed = state = lane_seed(7, fresh, n)
    history = serial_bits(n, k, seed, steps * fresh)
    noise, final = register.run(seed, steps)
    assert noise.shape == (steps, fresh)
    for row in noise.tolist():
        assert row == [(state >> i) & 1 for i in range(fresh)]
        state = register.step(state)
    assert state == final
    assert f"{final:0{n}b}" == "".join(map(str, history[-n:]))
    newest_first = history[n - fresh : n - fresh + steps * fresh]
    assert noise[:, ::-1].ravel().tolist() == newest_first


@reproducible
@given(widths, st.integers(0, 200), st.integers(0, 200), st.integers(0, 2**31 - 1))
@example(126, 0, 0, 0)
def test_a_run_may_be_split_anywhere(fresh, first, second, seed):
    register = Lfsr(fresh)
    state = lane_seed(seed, 0, register.bits)
    whole, final = register.run(state, first + second)
    head, middle = register.run(state, first)
    tail, end = register.run(middle, second)
    assert end == final
    np.testing.assert_array_equal(np.concatenate([head, tail]), whole)


@pytest.mark.parametrize("fresh", [1, 28, 29, 62, 63, 126])
def test_a_long_run_ends_where_as_many_steps_end(fresh):
    register = Lfsr(fresh)
    state = seed = lane_seed(3, 1, register.bits)
    for _ in range(5000):
        state = register.step(state)
    assert register.run(seed, 5000)[1] == state


@pytest.mark.parametrize("fresh", range(1, 127))
def test_the_shortest_register_that_can_make_the_bits(fresh):
    n, k = Lfsr(fresh).taps
    assert (n, k) == ((31, 28) if fresh <= 28 else (63, 62) if fresh <= 62 else (127, 126))
    assert fresh <= k < n == Lfsr(fresh).bits


@pytest.mark.parametrize("fresh", [-1, 0, 127])
def test_other_widths_are_refused(fresh):
    with pytest.raises(ValueError, match=rf"fresh={fresh}.*1\.\.126"):
        Lfsr(fresh)


# Period. Polynomials over GF(2) are integers, bit i the coefficient of x^i.


def times(a, b, modulus):
    degree, product = modulus.bit_length() - 1, 0
    while b:
        if b & 1:
            product ^= a
        b >>= 1
        a <<= 1
        if a >> degree:
            a ^= modulus
    return product


def power_of_x(exponent, modulus):
    result, base = 1, 2
    while exponent:
        if exponent & 1:
            result = times(result, base, modulus)
        base = times(base, base, modulus)
        exponent >>= 1
    return result


def is_primitive(modulus, factors):
    order = (1 << (modulus.bit_length() - 1)) - 1
    return power_of_x(order, modulus) == 1 and all(power_of_x(order // q, modulus) != 1 for q in factors)


def test_the_factors_are_the_factors():
    assert 7**2 * math.prod(PRIME_FACTORS[63][1:]) == 2**63 - 1
    for q in PRIME_FACTORS[63]:
        assert all(q % d for d in range(2, math.isqrt(q) + 1))
    for exponent in (31, 127):  # Lucas-Lehmer
        s = 4
        for _ in range(exponent - 2):
            s = (s * s - 2) % (2**exponent - 1)
        assert s == 0


def test_the_primitivity_check_can_fail():
    assert is_primitive(0b1011, (7,))
    assert not is_primitive(0b11111, (3, 5))  # irreducible, order 5
    assert not is_primitive(0b10101, (3, 5))  # a square


@pytest.mark.parametrize(("n", "k"), lfsr_module._TRINOMIALS)
def test_the_trinomials_are_primitive(n, k):
    assert is_primitive(1 << n | 1 << k | 1, PRIME_FACTORS[n])
    assert is_primitive(1 << n | 1 << (n - k) | 1, PRIME_FACTORS[n])  # the recurrence's characteristic polynomial


@pytest.mark.parametrize(("n", "k"), [(7, 6), (9, 5), (10, 7), (11, 9)])
def test_a_register_with_a_small_primitive_trinomial_visits_every_state_but_zero(n, k, monkeypatch):
    monkeypatch.setattr(lfsr_module, "_TRINOMIALS", ((n, k),))
    for fresh in range(1, k + 1):
        register = Lfsr(fresh)
        state, period = register.step(1), 1
        while state != 1 and period < 2**n:
            state, period = register.step(state), period + 1
        assert period == (2**n - 1) // math.gcd(2**n - 1, fresh)


def test_the_period_in_steps_stays_long_for_every_width():
    for fresh in range(1, 127):
        order = 2 ** Lfsr(fresh).bits - 1
        assert order // math.gcd(order, fresh) >= 2**31 - 1


# Quality. The bounds are 4.5 standard deviations of independent uniform draws.


@pytest.mark.parametrize("fresh", [1, 4, 12, 28, 30, 60])
@pytest.mark.parametrize("seed", [1, 2])
def test_rounding_words_are_uniform_and_uncorrelated(fresh, seed):
    count = 1 << 17
    register = Lfsr(fresh)
    words = words_of(register, lane_seed(seed, 0, register.bits), count)
    centred = words - (2**fresh - 1) / 2
    deviation = math.sqrt((4**fresh - 1) / 12)
    assert abs(centred.mean()) < 4.5 * deviation / math.sqrt(count)
    for lag in (*range(1, 33), 512, 1024, 4096):
        serial = np.mean(centred[lag:] * centred[:-lag]) / deviation**2
        assert abs(serial) < 4.5 / math.sqrt(count - lag), lag
    bits = register.run(lane_seed(seed, 0, register.bits), count)[0]
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 4.5 * 0.5 / math.sqrt(count)


@pytest.mark.parametrize("words", [1, 7, 256, 1000])
def test_one_synapse_of_a_sweep_sees_uncorrelated_noise(words):
    """A lane with ``words`` synapses gives each of them every words-th draw."""
    count = 2000
    drawn = words_of(Lfsr(4), lane_seed(1, 0, 31), words * count)[::words] - 7.5
    deviation = math.sqrt(255 / 12)
    assert abs(drawn.mean()) < 4.5 * deviation / math.sqrt(count)
    for lag in range(1, 17):
        assert abs(np.mean(drawn[lag:] * drawn[:-lag])) / deviation**2 < 4.5 / math.sqrt(count - lag)


def test_the_words_cut_from_one_draw_are_uncorrelated():
    """Four 4-bit words an update, as four roundings of a rule draw them, at the same and at later updates."""
    count, deviation = 1 << 16, math.sqrt(255 / 12)
    bits = Lfsr(16).run(lane_seed(1, 0, 31), count)[0].reshape(count, 4, 4)
    words = bits @ (1 << np.arange(4)) - 7.5
    for lag in range(17):
        cross = words[lag:].T @ words[: count - lag] / (count - lag) / deviation**2
        bound = 4.5 / math.sqrt(count - lag)
        assert np.abs(cross - np.eye(4) * (lag == 0)).max() < bound, lag


def test_four_bit_words_fill_all_values_evenly():
    counts = np.bincount(words_of(Lfsr(4), lane_seed(1, 0, 31), 1 << 16), minlength=16)
    statistic = float(((counts - 4096.0) ** 2 / 4096).sum())
    assert statistic < 15 + 4.5 * math.sqrt(30)  # chi square with 15 degrees of freedom


def test_the_quality_bounds_catch_a_counter():
    words = np.arange(1 << 12) % 16 - 7.5
    assert abs(np.mean(words[1:] * words[:-1])) / (255 / 12) > 4.5 / math.sqrt(1 << 12)


# Seeds.


@pytest.mark.parametrize("bits", [31, 63, 127])
def test_lane_seeds_are_distinct_and_not_zero(bits):
    seeds = [lane_seed(seed, lane, bits) for seed in (0, 1, 2, 2**31 - 1) for lane in range(256)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 < seed < 1 << bits for seed in seeds)
    ones = sum(bin(seed).count("1") for seed in seeds) / len(seeds)
    assert abs(ones - bits / 2) < 4.5 * math.sqrt(bits / 4 / len(seeds))


def test_lane_seed_is_splitmix64():
    """The published first two outputs of SplitMix64 seeded with 1234567."""
    expected = 6457827717110365317 | 3203168211198807973 << 64
    seed, lane = divmod(1234567, 1 << 20)
    assert lane_seed(seed, lane, 127) == expected & (2**127 - 1)
    assert lane_seed(seed, lane, 63) == expected & (2**63 - 1)


def test_a_register_never_starts_or_becomes_zero():
    assert {lane_seed(seed, 0, 1) for seed in range(16)} == {1}
    assert all(Lfsr(fresh).step(1 << bit) for fresh in (1, 28) for bit in range(31))
