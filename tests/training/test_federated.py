"""Votes by counting, ties, and masks: the sum is right, and what the aggregator sees of one client is uniform."""

import numpy as np
import pytest

from sc_hw_models.rule import ConfigError
from sc_hw_models.training.federated import FederatedAggregator, SecureSum

majority, secure_sum = FederatedAggregator.aggregate_gradients, FederatedAggregator.secure_sum_protocol


@pytest.mark.parametrize(("ties", "on_tie"), [("zero", 0), ("one", 1)])
@pytest.mark.parametrize("clients", [1, 2, 3, 4, 7])
def test_every_vote_by_counting(clients, ties, on_tie):
    votes = np.array(list(np.ndindex(*(2,) * clients))).T  # every combination, a column each
    expected = [on_tie if 2 * sum(column) == clients else int(sum(column) > clients / 2) for column in votes.T]
    assert majority(list(votes), ties=ties).tolist() == expected
    assert FederatedAggregator.majority_of_sum(votes.sum(axis=0), clients, ties=ties).tolist() == expected


def test_only_random_ties_are_unbiased():
    g = np.random.default_rng(0)
    streams = list((g.random((4, 40_000)) < 0.5).astype(np.uint8))
    means = {ties: majority(streams, ties=ties, seed=1).mean() for ties in ("zero", "one", "random")}
    assert abs(means["random"] - 0.5) < 0.01
    assert means["zero"] < 0.33 < 0.66 < means["one"]
    first, again = (majority(streams, ties="random", seed=1) for _ in range(2))
    assert (first == again).all()
    assert first.dtype == np.uint8


@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 4), (2, 3, 4, 5)])
@pytest.mark.parametrize("clients", [1, 2, 3, 5, 40])
def test_the_masked_sum_is_the_sum_whatever_the_shape(shape, clients):
    g = np.random.default_rng(1)
    values = g.integers(-(2**40), 2**40, (clients, *shape))
    total = secure_sum(list(values))
    assert total.dtype == np.int64
    assert (total == values.sum(axis=0)).all()
    real = g.normal(size=(clients, *shape))
    np.testing.assert_allclose(secure_sum(list(real)), real.sum(axis=0), atol=clients * 2.0**-33)
    bits = values % 2
    assert (FederatedAggregator.majority_of_sum(secure_sum(list(bits)), clients) == majority(list(bits))).all()


def chi_square(words):
    """Over all bytes of the words: 255 degrees of freedom, 99.99 % of uniform ones below 350."""
    octets = np.ascontiguousarray(words).view(np.uint8).reshape(-1)
    expected = len(octets) / 256
    return float(((np.bincount(octets, minlength=256) - expected) ** 2 / expected).sum())


@pytest.mark.parametrize("neighbours", [2, 4, 100])
def test_what_is_seen_of_clients_is_uniform_whatever_they_send(neighbours):
    for constant in (0, 1, -80):
        session = SecureSum(7, neighbours=neighbours)
        values = np.full(20_000, constant)
        for client in range(7):
            session.send(client, values)
        seen = session.seen
        assert all(chi_square(words) < 350 for words in seen.values())
        assert all(chi_square(seen[0] + seen[k]) < 350 for k in range(1, 7))  # nor does a pair's sum give it away
        assert (session.total() == 7 * constant).all()
    assert chi_square(np.full(20_000, 80, np.uint64) + np.arange(20_000, dtype=np.uint64)) > 350  # the check can fail


def test_a_mask_is_never_used_twice():
    """The difference of what one client sends in two sums is uniform too; and within a sum it sends once."""
    values = np.zeros(20_000, int)
    first, second = SecureSum(3), SecureSum(3)
    difference = first.send(0, values) - second.send(0, values)
    assert chi_square(difference) < 350
    with pytest.raises(ConfigError, match="client=0: has sent already"):
        first.send(0, values)
    with pytest.raises(ConfigError, match="total: 2 of 3 clients have not sent"):
        first.total()
    for client in (1, 2):
        first.send(client, values)
    assert not first._keys  # forgotten, so that nothing seen later can be unmasked
    assert (first.total() == 0).all()


def test_the_cost_is_linear_in_the_clients(monkeypatch):
    """Counted in bytes of masks, not timed."""
    import hashlib

    counted = []
    genuine = hashlib.shake_256

    class Counting:
        def __init__(self, data):
            self._hash = genuine(data)

        def digest(self, length):
            counted.append(length)
            return self._hash.digest(length)

    monkeypatch.setattr(hashlib, "shake_256", Counting)
    for clients in (20, 200):
        counted.clear()
        secure_sum([np.zeros(100, int)] * clients)
        assert sum(counted) == clients * 4 * 100 * 8


def test_bad_input_is_refused_by_name():
    ones = [np.ones(3, int)] * 2
    for call, words in (
        (lambda: majority([]), "client_gradients: none"),
        (lambda: majority(3), "client_gradients: none, or no list"),
        (lambda: majority(ones, ties="two"), "ties='two'"),
        (lambda: majority([np.ones(3, int), np.ones(4, int)]), r"client_gradients: shapes \[\(3,\), \(4,\)\]"),
        (lambda: majority([np.full(3, 2)] * 2), "client_gradients: allowed are bits"),
        (lambda: majority([np.full(3, 0.5)] * 2), "client_gradients: allowed are bits"),
        (lambda: majority(["a", "b"]), "client_gradients: <U1"),
        (lambda: secure_sum([np.full(2, np.nan)] * 2), "client_gradients: float64"),
        (lambda: secure_sum([np.full(2, 2**62)] * 3), "values: a sum over 3 clients overflows"),
        (lambda: secure_sum([np.full(2, 1e10)] * 2), "values: a sum over 2 clients overflows"),
        (lambda: secure_sum(ones, neighbours=3), "neighbours=3: odd"),
        (lambda: SecureSum(0), "n_clients=0"),
        (lambda: SecureSum(3).send(3, ones[0]), "client=3"),
        (lambda: FederatedAggregator.majority_of_sum(np.array([4]), 3), r"votes: allowed are integers 0\.\.3"),
    ):
        with pytest.raises(ConfigError, match=words):
            call()
    session = SecureSum(3)
    session.send(0, np.ones(3, int))
    for wrong in (np.ones(4, int), np.ones(3)):
        with pytest.raises(ConfigError, match="allowed is what the first client sent"):
            session.send(1, wrong)
