"""Structural plasticity: weak synapses are pruned and new ones grow between neurons that spike together.

Source: Bellec et al., "Deep rewiring", ICLR 2018: what is pruned is replaced, so that sparsity is held. There
new synapses are drawn at random; here candidates are ranked by the correlation of their spikes.
"""

import numpy as np

from ..checks import check_array, check_number, new_generator
from ..network import Projection
from ..rule import ConfigError, check_integer

__all__ = ["StructuralPlasticity"]


class StructuralPlasticity:
    """Rewires a projection from the last ``window`` timesteps of its neurons' spikes.

    ``growth_rate`` (above 0, at most 1) is the fraction of the absent synapses that is tried in a rewiring; those whose neurons
    correlate best grow, as many as are missing to the number the projection started with. ``prune_threshold`` (above 0): what
    is smaller in size goes. New synapses start at twice that. ``tau`` (timesteps, above 0) smooths spikes before they are
    correlated. The generator is owned and drawn from ``seed``. Memory: ``window`` x neurons, and the candidates.
    """

    def __init__(
        self, projection: Projection, growth_rate: float = 0.001, prune_threshold: float = 0.01, *, window: int = 1000,
        tau: float = 5.0, seed: int = 0,
    ) -> None:  # fmt: skip
        self.projection, self.synapses = projection, len(projection.data)
        self.growth_rate = check_number("growth_rate", growth_rate, above=0, high=1)
        self.prune_threshold = check_number("prune_threshold", prune_threshold, above=0)
        self.window, self._decay = (
            check_integer("window", window, 2, 10**9),
            float(np.exp(-1 / check_number("tau", tau, above=0))),
        )
        self._generator, self._seen = new_generator(seed), 0
        self._pre, self._post = (np.zeros((window, end.n)) for end in (projection.source, projection.target))

    def observe(self, pre: np.ndarray, post: np.ndarray) -> None:
        """Take the spikes of a timestep, ``(source.n,)`` and ``(target.n,)``."""
        now, before = self._seen % self.window, (self._seen - 1) % self.window
        for name, traces, spikes in (("pre", self._pre, pre), ("post", self._post, post)):
            traces[now] = self._decay * traces[before] + check_array(name, spikes, traces.shape[1:])
        self._seen += 1

    def rewire(self) -> tuple[int, int]:
        """Prune and grow; ``projection`` is the new one. Return the numbers of synapses pruned and grown.

        Errors: ``ConfigError`` before two timesteps were observed.
        """
        if self._seen < 2:
            raise ConfigError(f"observe: {self._seen} timesteps seen; needed are at least 2 before synapses are rewired")
        p, columns = self.projection, self.projection.target.n
        place = p.rows * columns + p.indices
        keep = np.abs(p.data) >= self.prune_threshold
        candidates = self._candidates(place)
        room = min(self.synapses - int(keep.sum()), len(candidates))
        best = candidates[np.argsort(-self.correlation(candidates // columns, candidates % columns), kind="stable")[:room]]
        grown = np.concatenate([place[keep], best])
        weights = np.concatenate([p.data[keep], np.full(room, 2 * self.prune_threshold)])
        order = np.argsort(grown)
        rows, indices = grown[order] // columns, grown[order] % columns
        indptr = np.searchsorted(rows, np.arange(p.source.n + 1))
        self.projection = Projection(p.source, p.target, indptr, indices, weights[order])
        return int((~keep).sum()), room

    def correlation(self, pre: np.ndarray, post: np.ndarray) -> np.ndarray:
        """Return Pearson's correlation of the smoothed spikes of each pair; 0 where a neuron was silent or steady."""
        for name, chosen, end in (("pre", pre, self._pre), ("post", post, self._post)):
            if chosen.shape != pre.shape or pre.ndim != 1 or not np.isin(chosen, np.arange(end.shape[1])).all():
                raise ConfigError(f"{name}: shape {chosen.shape} given; allowed are a neuron 0..{end.shape[1] - 1} for each pair")
        seen = min(self._seen, self.window)
        first, second = ((traces[:seen] - traces[:seen].mean(axis=0)) for traces in (self._pre, self._post))
        first, second = (x / np.maximum(np.sqrt(np.square(x).sum(axis=0)), 1e-12) for x in (first, second))
        result = np.zeros(len(pre))
        for start in range(0, len(pre), 4096):  # in parts, so that memory does not grow with the candidates times the window
            part = slice(start, start + 4096)
            result[part] = (first[:, pre[part]] * second[:, post[part]]).sum(axis=0)
        return result

    def _candidates(self, place: np.ndarray) -> np.ndarray:
        """Draw absent synapses, each once, none from a neuron to itself."""
        p = self.projection
        total = p.source.n * p.target.n
        wanted = round(self.growth_rate * (total - len(place)))
        drawn = np.unique(self._generator.integers(0, total, 2 * wanted + 16))
        drawn = drawn[~np.isin(drawn, place)]
        if p.source is p.target:
            drawn = drawn[drawn // p.target.n != drawn % p.target.n]
        return self._generator.permutation(drawn)[:wanted]
