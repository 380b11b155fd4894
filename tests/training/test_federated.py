"""Votes by counting, ties, and masks: the sum is right, and what the aggregator sees of one client is uniform."""

import numpy as np
import pytest

from sc_hw_models.rule import ConfigError
from sc_hw_models.training.federated import FederatedAggregator


@pytest.mark.parametrize(("ties", "on_tie"), [("zero", 0), ("one", 1)])
@pytest.mark.parametrize("clients", [2, 3, 4, 7])
def test_every_vote_by_counting(clients, ties, on_tie):
    votes = np.array(list(np.ndindex(*(2,) * clients))).T  # every combination, a column each
    expected = [on_tie if 2 * sum(column) == clients else int(sum(column) > clients / 2) for column in votes.T]
    aggregator = FederatedAggregator(clients, ties=ties)
    assert aggregator.aggregate_gradients(votes).tolist() == expected
    assert aggregator.aggregate_gradients(votes.sum(axis=0)).tolist() == expected


def test_only_random_ties_are_unbiased():
    g = np.random.default_rng(0)
    streams = (g.random((4, 40_000)) < 0.5).astype(np.uint8)
    means = {
        ties: FederatedAggregator(4, ties=ties, seed=1).aggregate_gradients(streams).mean() for ties in ("zero", "one", "random")
    }
    assert abs(means["random"] - 0.5) < 0.01
    assert means["zero"] < 0.33 < 0.66 < means["one"]
    first, again = (FederatedAggregator(4, ties="random", seed=1).aggregate_gradients(streams) for _ in range(2))
    assert (first == again).all()


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
def test_the_masked_sum_is_the_sum(bits):
    g = np.random.default_rng(1)
    aggregator = FederatedAggregator(5, modulus_bits=bits)
    values = g.integers(0, 50, (5, 200))
    total, seen = aggregator.secure_sum_protocol(values, aggregator.pair_keys(b"root"))
    assert (total == values.sum(axis=0)).all()
    assert (seen != values).mean() > 0.9
    bit_streams = values % 2
    total, _ = aggregator.secure_sum_protocol(bit_streams, aggregator.pair_keys(b"root"))
    assert (aggregator.aggregate_gradients(total) == aggregator.aggregate_gradients(bit_streams)).all()


def chi_square(values):
    counts = np.bincount(values, minlength=256)
    expected = len(values) / 256
    return float(((counts - expected) ** 2 / expected).sum())


def test_the_view_of_one_client_is_uniform_whatever_it_sends():
    """And so is the joint view of all but one pair: chi-square with 255 degrees of freedom, 99.99 % below 350."""
    aggregator = FederatedAggregator(3, modulus_bits=8)
    keys = aggregator.pair_keys(b"root")
    for constant in (0, 1, 80):
        _, seen = aggregator.secure_sum_protocol(np.full((3, 50_000), constant), keys)
        assert all(chi_square(row) < 350 for row in seen)
        assert chi_square(seen[0] + seen[1]) < 350
        assert (seen.sum(axis=0, dtype=np.uint8) == 3 * constant).all()
    assert chi_square(np.full(50_000, 80) + np.arange(50_000) % 200) > 350  # the check can fail
    turns = [aggregator.masked(0, np.zeros(1000, int), keys, turn=turn) for turn in (0, 1)]
    assert chi_square((turns[0] - turns[1]).astype(np.uint8)) < 350  # a mask is not used twice


def test_bad_input_is_refused_by_name():
    aggregator = FederatedAggregator(3, modulus_bits=8)
    keys = aggregator.pair_keys(b"")
    for call, words in (
        (lambda: FederatedAggregator(1), "n_clients=1"),
        (lambda: FederatedAggregator(3, ties="two"), "ties='two'"),
        (lambda: FederatedAggregator(3, modulus_bits=12), "modulus_bits=12"),
        (lambda: aggregator.aggregate_gradients(np.ones((2, 4), int)), r"streams: int64 of shape \(2, 4\)"),
        (lambda: aggregator.aggregate_gradients(np.full((3, 4), 2)), "integers 0..1"),
        (lambda: aggregator.aggregate_gradients(np.full((3, 4), 0.5)), "streams: float64"),
        (lambda: aggregator.aggregate_gradients(np.array([4])), "sums 0..3"),
        (lambda: aggregator.secure_sum_protocol(np.full((3, 4), 100), keys), "100 for 3 clients overflows 8 bits"),
        (lambda: aggregator.masked(3, np.ones(2, int), keys), "client=3"),
        (lambda: aggregator.masked(0, np.ones(2, int), {}), r"keys: none for the clients \(0, 1\)"),
        (lambda: aggregator.masked(0, np.array([-1]), keys), "values: int64"),
    ):
        with pytest.raises(ConfigError, match=words):
            call()
