"""Structural plasticity: weak synapses are pruned and new ones grow between neurons that spike together.

Source: Bellec et al., "Deep rewiring", ICLR 2018: what is pruned is replaced, so that sparsity is held. There
new synapses are drawn at random; here candidates are ranked by the correlation of their spikes.
"""

import numpy as np

from ..checks import as_array, check_array, check_instance, check_number, new_generator
from ..network import Kept, Population, Projection
from ..rule import ConfigError, check_integer

__all__ = ["StructuralPlasticity"]


class StructuralPlasticity:
    """Rewires projections by their weights and the spikes of their neurons over the last ``window`` timesteps.

    ``prune_threshold`` (above 0): what is smaller in size goes, and as many synapses grow, so a projection keeps its number. A
    fraction ``growth_rate`` (above 0, at most 1) of the absent synapses is tried, or as many as are missing if that is more;
    those whose neurons correlate best grow, at twice the threshold. None grows from a neuron to itself, nor where one was just
    pruned, unless there is no other place. Synapses are exchanged once every ``period`` (>= 1) updates. ``tau`` (timesteps, above
    0) smooths spikes before they are correlated. The generator is owned and drawn from ``seed``. Memory: ``window`` x neurons,
    and the candidates. Errors: ``ConfigError`` names the argument.
    """

    def __init__(
        self,
        growth_rate: float = 0.001,
        prune_threshold: float = 0.01,
        *,
        window: int = 1000,
        tau: float = 5.0,
        period: int = 1,
        seed: int = 0,
    ) -> None:
        self.growth_rate = check_number("growth_rate", growth_rate, above=0, high=1)
        self.prune_threshold = check_number("prune_threshold", prune_threshold, above=0)
        self.window, self.period = check_integer("window", window, 2, 10**9), check_integer("period", period, 1, 2**31 - 1)
        self._decay = float(np.exp(-1 / check_number("tau", tau, above=0)))
        self._generator = new_generator(seed)
        self._seen: Kept[Projection, int] = Kept()
        self._traces: Kept[Projection, tuple[np.ndarray, np.ndarray]] = Kept()

    def update(self, projection: Projection) -> None:
        """Take what the projection's neurons sent in the last timestep, and exchange synapses if it is time to, in place.

        Errors: ``ConfigError`` for populations that run samples side by side.
        """
        p = check_instance("projection", projection, Projection)
        p.check_finite()
        if p not in self._seen:
            self._seen[p] = 0
            self._traces[p] = (np.zeros((self.window, p.source.n)), np.zeros((self.window, p.target.n)))
        seen = self._seen[p]
        for traces, end in zip(self._traces[p], (p.source, p.target), strict=True):
            spikes = check_array(f"spikes of {end.name}", end.output, (end.n,))
            traces[seen % self.window] = self._decay * traces[(seen - 1) % self.window] + spikes
        self._seen[p] = seen + 1
        if self._seen[p] % self.period == 0:
            self._exchange(p)

    def correlation(self, projection: Projection, pre: np.ndarray, post: np.ndarray) -> np.ndarray:
        """Return Pearson's correlation of the smoothed spikes of each pair; 0 where a neuron was silent or steady."""
        p = check_instance("projection", projection, Projection)
        pre, post = (_neurons(name, chosen, end) for name, chosen, end in (("pre", pre, p.source), ("post", post, p.target)))
        if pre.shape != post.shape:
            check_array("post", post, pre.shape)
        seen, result = min(self._seen.get(p, 0), self.window), np.zeros(len(pre))
        if seen < 2:
            return result
        first, second = ((traces[:seen] - traces[:seen].mean(axis=0)) for traces in self._traces[p])
        first, second = (x / np.maximum(np.sqrt(np.square(x).sum(axis=0)), 1e-12) for x in (first, second))
        for start in range(0, len(pre), 4096):  # in parts, so that memory does not grow with the candidates times the window
            part = slice(start, start + 4096)
            result[part] = (first[:, pre[part]] * second[:, post[part]]).sum(axis=0)
        return result

    def _exchange(self, p: Projection) -> None:
        """Prune, and grow as many."""
        columns, place = p.target.n, p.matrix.place
        keep = np.abs(p.data) >= self.prune_threshold
        missing = int((~keep).sum())
        if not missing:
            return
        candidates = self._candidates(p, place, missing)
        ranked = np.argsort(-self.correlation(p, candidates // columns, candidates % columns), kind="stable")
        best = candidates[ranked[:missing]]
        if len(best) < missing:  # no other place is left
            best = np.concatenate([best, self._generator.permutation(place[~keep])[: missing - len(best)]])
        grown = np.concatenate([place[keep], best])
        weights = np.concatenate([p.data[keep], np.full(missing, 2 * self.prune_threshold)])
        order = np.argsort(grown)
        rows, indices = grown[order] // columns, grown[order] % columns
        p.rewire(np.searchsorted(rows, np.arange(p.source.n + 1)), indices, weights[order])

    def _candidates(self, p: Projection, place: np.ndarray, missing: int) -> np.ndarray:
        """Draw absent synapses, each once: the k-th absent place is k and the taken places before it."""
        taken = place
        if p.source is p.target:
            taken = np.union1d(place, np.arange(p.source.n) * (p.target.n + 1))
        absent = p.source.n * p.target.n - len(taken)
        wanted = min(absent, max(missing, round(self.growth_rate * absent)))
        drawn = self._generator.choice(absent, wanted, replace=False) if absent else np.zeros(0, np.int64)
        return np.asarray(drawn + np.searchsorted(taken - np.arange(len(taken)), drawn, side="right"))


def _neurons(name: str, chosen: np.ndarray, end: Population) -> np.ndarray:
    """Return numbers of neurons of a population as an array ``(pairs,)``."""
    given = as_array(name, chosen)
    array = check_array(name, given, (given.size,)) if given.size else np.zeros(0)
    indices = array.astype(np.int64)
    if (indices != array).any() or (len(indices) and (indices.min() < 0 or indices.max() >= end.n)):
        raise ConfigError(f"{name}: allowed are neurons 0..{end.n - 1}, one for each pair")
    return indices
