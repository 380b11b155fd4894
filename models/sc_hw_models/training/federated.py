"""Federated aggregation: a majority vote over clients' bitstreams, and a sum that shows the aggregator no client's values.

Sources: Bernstein et al., "signSGD with majority vote", ICLR 2019; Bonawitz et al., "Practical secure aggregation for
privacy-preserving machine learning", CCS 2017, section 4 (pairwise masks; without its recovery of clients that drop out).
"""

import hashlib
from collections.abc import Mapping
from itertools import combinations

import numpy as np

from ..checks import new_generator
from ..rule import ConfigError, check_integer

__all__ = ["FederatedAggregator"]

TIES = ("zero", "one", "random")
Keys = Mapping[tuple[int, int], bytes]


class FederatedAggregator:
    """Aggregates ``n_clients`` (2..65535) streams.

    ``ties`` says what an even vote gives: ``zero``, ``one``, or ``random``, a fair bit from ``seed``, the only one without
    bias. Masked sums are modulo 2^``modulus_bits`` (8, 16, 32 or 64). Errors: ``ConfigError`` names the argument.
    """

    def __init__(self, n_clients: int, *, ties: str = "zero", modulus_bits: int = 32, seed: int = 0) -> None:
        self.n_clients = check_integer("n_clients", n_clients, 2, 65535)
        if ties not in TIES:
            raise ConfigError(f"ties={ties!r}: not known; allowed are {', '.join(TIES)}")
        if modulus_bits not in (8, 16, 32, 64):
            raise ConfigError(f"modulus_bits={modulus_bits!r}: allowed are 8, 16, 32, 64")
        self.ties, self.modulus_bits = ties, modulus_bits
        self._word = np.dtype(f"<u{modulus_bits // 8}")
        self._generator = new_generator(seed)

    def aggregate_gradients(self, streams: np.ndarray) -> np.ndarray:
        """Return the majority of bits ``(clients, length)``, or from how many clients sent a 1, ``(length,)``, as uint8."""
        streams = np.asarray(streams)
        votes = streams if streams.ndim == 1 else self._checked("streams", streams, 1).sum(axis=0)
        if streams.dtype.kind not in "biu" or not votes.size or votes.min() < 0 or votes.max() > self.n_clients:
            raise ConfigError(f"streams: allowed are bits of {self.n_clients} clients, or sums 0..{self.n_clients}")
        tied = 2 * votes.astype(np.int64) == self.n_clients
        on_tie = self._generator.integers(0, 2, votes.shape) if self.ties == "random" else int(self.ties == "one")
        return np.where(tied, on_tie, 2 * votes.astype(np.int64) > self.n_clients).astype(np.uint8)

    def pair_keys(self, root: bytes) -> dict[tuple[int, int], bytes]:
        """Return one key for each pair of clients, all derived from ``root``: for tests and simulations.

        In the field each pair agrees on its key without the aggregator; whoever knows a client's keys can unmask it.
        """
        return {pair: hashlib.sha256(root + repr(pair).encode()).digest() for pair in combinations(range(self.n_clients), 2)}

    def masked(self, client: int, values: np.ndarray, keys: Keys, *, turn: int = 0) -> np.ndarray:
        """Return what a client sends: its values plus a mask for each other client, modulo 2^modulus_bits.

        Of a pair, one adds and the other subtracts the same mask, SHAKE-256 of their key and ``turn``, which must be new for
        each sum. To whoever lacks one of the client's keys the result is uniform.
        """
        check_integer("client", client, 0, self.n_clients - 1)
        check_integer("turn", turn, 0, 2**64 - 1)
        values = np.asarray(values)
        if values.ndim != 1 or not values.size or values.dtype.kind not in "biu" or values.min() < 0:
            raise ConfigError(f"values: {values.dtype} of shape {values.shape}; allowed are integers of at least 0, (length,)")
        if int(values.max()) * self.n_clients >= 1 << self.modulus_bits:
            raise ConfigError(
                f"values: {values.max()} for {self.n_clients} clients overflows {self.modulus_bits} bits; raise modulus_bits"
            )
        sent = values.astype(self._word)
        for pair in combinations(range(self.n_clients), 2):
            if client in pair:
                if pair not in keys:
                    raise ConfigError(f"keys: none for the clients {pair}; allowed is one for each pair")
                stream = hashlib.shake_256(keys[pair] + turn.to_bytes(8, "little")).digest(values.size * self._word.itemsize)
                mask = np.frombuffer(stream, self._word)
                sent = sent + mask if client == pair[0] else sent - mask
        return sent

    def secure_sum_protocol(self, values: np.ndarray, keys: Keys, *, turn: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Play the protocol for ``(clients, length)``: return the sum over clients and all that the aggregator saw."""
        values = self._checked("values", np.asarray(values), None)
        seen = np.stack([self.masked(client, row, keys, turn=turn) for client, row in enumerate(values)])
        return seen.sum(axis=0, dtype=self._word), seen

    def _checked(self, name: str, array: np.ndarray, largest: int | None) -> np.ndarray:
        good = array.ndim == 2 and len(array) == self.n_clients and array.size and array.dtype.kind in "biu"
        if not good or (largest is not None and (array.min() < 0 or array.max() > largest)):
            allowed = "integers" if largest is None else f"integers 0..{largest}"
            raise ConfigError(f"{name}: {array.dtype} of shape {array.shape}; allowed are {allowed}, ({self.n_clients}, length)")
        return array
