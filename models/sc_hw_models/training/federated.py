"""Federated aggregation: a majority vote over clients' bitstreams, and a sum that shows the aggregator no client's values.

Sources: Bernstein et al., "signSGD with majority vote", ICLR 2019; Bonawitz et al., "Practical secure aggregation for
privacy-preserving machine learning", CCS 2017, section 4 (masks of pairs; without its recovery of clients that drop out); Bell
et al., "Secure single-server aggregation with (poly)logarithmic overhead", CCS 2020: a few pairs for each client are enough.
"""

import hashlib
import secrets
from collections.abc import Sequence

import numpy as np

from ..checks import as_array, check_choice, new_generator
from ..rule import ConfigError, check_integer

__all__ = ["FederatedAggregator", "SecureSum"]

TIES = ("zero", "one", "random")
FRACTION_BITS = 32  # of a real number in a masked sum


class FederatedAggregator:
    """Aggregates what clients send, arrays of one shape, whatever it is."""

    @staticmethod
    def aggregate_gradients(client_gradients: Sequence[np.ndarray], *, ties: str = "zero", seed: int = 0) -> np.ndarray:
        """Return the majority of the clients' bits at each place, uint8.

        ``ties`` says what an even vote gives: ``zero``, ``one``, or ``random``, a fair bit from ``seed``, the only one without
        bias. Errors: ``ConfigError`` names the argument.
        """
        check_choice("ties", ties, TIES)
        generator, streams = new_generator(seed), _clients(client_gradients)
        if not np.isin(streams, (0, 1)).all():
            raise ConfigError("client_gradients: allowed are bits, 0 and 1")
        return _majority(streams.sum(axis=0, dtype=np.int64), len(streams), ties, generator)

    @staticmethod
    def majority_of_sum(votes: np.ndarray, n_clients: int, *, ties: str = "zero", seed: int = 0) -> np.ndarray:
        """Return the same from how many of ``n_clients`` sent a 1 at each place, which is what a masked sum tells."""
        check_choice("ties", ties, TIES)
        n_clients = check_integer("n_clients", n_clients, 1, 2**31 - 1)
        votes = as_array("votes", votes)
        if votes.dtype.kind not in "biu" or not votes.size or votes.min() < 0 or votes.max() > n_clients:
            raise ConfigError(f"votes: allowed are integers 0..{n_clients}")
        return _majority(votes.astype(np.int64), n_clients, ties, new_generator(seed))

    @staticmethod
    def secure_sum_protocol(client_gradients: Sequence[np.ndarray], *, neighbours: int = 4) -> np.ndarray:
        """Return the sum over clients, each of which sends it masked (``SecureSum``), with masks that are used this once.

        Integers add up exactly, in int64; real numbers in units of 2^-32. Errors: ``ConfigError`` for a sum that overflows.
        """
        values = _clients(client_gradients)
        session = SecureSum(len(values), neighbours=neighbours)
        for client, value in enumerate(values):
            session.send(client, value)
        return session.total()


class SecureSum:
    """One sum over ``n_clients`` >= 1, in which each client's values are hidden from who adds up.

    Clients sit in a ring, and each shares a key with its ``neighbours`` (an even number >= 2), half of them on each side; all
    others where there are no more. Of a pair, one adds and the other subtracts the same mask, SHAKE-256 of their key, modulo
    2^64, so the masks cancel in the sum. Whoever lacks one of a client's keys sees uniform words. Keys are drawn anew for
    each sum by the operating system and a client sends once, so that no mask is used twice; this plays all parties in one
    process, and a key is forgotten when both have used it. The cost is n_clients x values x neighbours. Errors: ``ConfigError``.
    """

    def __init__(self, n_clients: int, *, neighbours: int = 4) -> None:
        self.n_clients = check_integer("n_clients", n_clients, 1, 2**31 - 1)
        neighbours = check_integer("neighbours", neighbours, 2, 2**31 - 1)
        if neighbours % 2:
            raise ConfigError(f"neighbours={neighbours}: odd; allowed are even numbers of at least 2")
        self._reach = min(neighbours // 2, self.n_clients // 2)
        self._keys: dict[tuple[int, int], bytes] = {}
        self._sent: dict[int, np.ndarray] = {}
        self._real = False

    @property
    def seen(self) -> dict[int, np.ndarray]:
        """All that the aggregator sees: what each client has sent, uint64."""
        return dict(self._sent)

    def send(self, client: int, values: np.ndarray) -> np.ndarray:
        """Return what a client sends, and count it: its values plus a mask for each neighbour, modulo 2^64."""
        client = check_integer("client", client, 0, self.n_clients - 1)
        if client in self._sent:
            raise ConfigError(f"client={client}: has sent already; a mask is used once, so make a new SecureSum")
        array = _numbers("values", values)
        for first in self._sent.values():
            if array.shape != first.shape or (array.dtype.kind == "f") != self._real:
                raise ConfigError(f"values: {array.dtype} of shape {array.shape}; allowed is what the first client sent")
            break
        self._real = array.dtype.kind == "f"
        limit = 2.0 ** (63 - FRACTION_BITS * self._real) / self.n_clients
        if np.abs(array.astype(np.float64)).max() >= limit:
            raise ConfigError(
                f"values: a sum over {self.n_clients} clients overflows; allowed are values below {limit:g} in size"
            )
        whole = np.rint(np.ldexp(array, FRACTION_BITS)).astype(np.int64) if self._real else array.astype(np.int64)
        sent = np.atleast_1d(whole.astype(np.uint64))  # two's complement: negative numbers wrap and come back in the sum
        for pair in self._pairs(client):
            stream = hashlib.shake_256(self._key(pair)).digest(sent.size * 8)
            mask = np.frombuffer(stream, "<u8").reshape(sent.shape)
            sent = sent + mask if client == pair[0] else sent - mask
        self._sent[client] = sent.reshape(array.shape)
        return self._sent[client]

    def total(self) -> np.ndarray:
        """Return the sum of what all clients had, int64 or float64. Errors: ``ConfigError`` while one has not sent."""
        if len(self._sent) < self.n_clients:
            lacking = self.n_clients - len(self._sent)
            raise ConfigError(
                f"total: {lacking} of {self.n_clients} clients have not sent; the masks cancel only in the whole sum"
            )
        words = np.asarray(np.sum(list(self._sent.values()), axis=0, dtype=np.uint64))  # wraps, as the masks do
        whole = words.astype(np.int64)
        return np.asarray(np.ldexp(whole.astype(np.float64), -FRACTION_BITS)) if self._real else whole

    def _pairs(self, client: int) -> set[tuple[int, int]]:
        """Return the pairs a client is in, in a ring of the clients, each as (smaller, larger)."""
        others = {(client + step * sign) % self.n_clients for step in range(1, self._reach + 1) for sign in (1, -1)} - {client}
        return {(min(client, other), max(client, other)) for other in others}

    def _key(self, pair: tuple[int, int]) -> bytes:
        if pair in self._keys:
            return self._keys.pop(pair)
        self._keys[pair] = secrets.token_bytes(32)
        return self._keys[pair]


def _majority(votes: np.ndarray, clients: int, ties: str, generator: np.random.Generator) -> np.ndarray:
    on_tie = generator.integers(0, 2, votes.shape) if ties == "random" else int(ties == "one")
    return np.where(2 * votes == clients, on_tie, 2 * votes > clients).astype(np.uint8)


def _clients(values: Sequence[np.ndarray]) -> np.ndarray:
    """Return the clients' arrays, of one shape, one behind the other."""
    if (
        not isinstance(values, list | tuple | np.ndarray)
        or (isinstance(values, np.ndarray) and not values.ndim)
        or not len(values)
    ):
        raise ConfigError("client_gradients: none, or no list; give one array for each client")
    arrays = [_numbers("client_gradients", value) for value in values]
    if len({array.shape for array in arrays}) > 1:
        raise ConfigError(f"client_gradients: shapes {[array.shape for array in arrays]}; allowed is one shape for all")
    return np.stack(arrays)


def _numbers(name: str, value: np.ndarray) -> np.ndarray:
    """Return an array of finite real numbers, not empty."""
    array = as_array(name, value)
    if not array.size or array.dtype.kind not in "biuf" or not np.isfinite(array).all():
        raise ConfigError(f"{name}: {array.dtype} of shape {array.shape}; allowed are finite numbers, at least one")
    return array
