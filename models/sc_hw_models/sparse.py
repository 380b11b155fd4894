"""Products with a sparse matrix whose values change all the time: for one vector by what is active, for many at once.

Many vectors at a time are the case of learning. A small matrix, and one with a synapse in ``_DENSE`` places, is
filled in and multiplied as a dense one, which costs less than following indices; else memory stays linear in the synapses.
"""

import numpy as np

__all__ = ["SparseMatrix", "spans"]

_DENSE = 64  # places a synapse up to which a filled-in matrix is faster
_SMALL = 1 << 18  # places up to which it is filled in whatever the synapses: 2 MB
_MANY = 8  # vectors from which it is worth filling a matrix in for them
_BLOCK = 1 << 16  # numbers worked on at once


def spans(starts: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the integers from ``starts[k]`` to ``starts[k + 1] - 1`` of each k in ``chosen``, one span after another."""
    first = starts[chosen]
    counts = starts[chosen + 1] - first
    ends = counts.cumsum()
    return np.asarray((first - ends + counts).repeat(counts) + np.arange(counts.sum()))


class SparseMatrix:
    """The places of a matrix ``(n, m)`` in compressed sparse rows; values are given with each product, ``(synapses,)``.

    Checked by whoever makes it: ``indptr`` ``(n + 1,)`` ascends from 0, ``indices`` ascend in every row. ``rows`` and ``place``
    are the row and row m + column of each synapse; synapses ``order[columns[j] : columns[j + 1]]`` are those of column j.
    """

    def __init__(self, shape: tuple[int, int], indptr: np.ndarray, indices: np.ndarray) -> None:
        self.shape, self.indptr, self.indices = shape, indptr, indices
        self.rows = np.repeat(np.arange(shape[0]), np.diff(indptr))
        self.place = self.rows * shape[1] + indices
        self._complete = len(indices) == shape[0] * shape[1]
        self._filled_in = shape[0] * shape[1] <= max(_SMALL, len(indices) * _DENSE)
        self.order = np.argsort(indices, kind="stable")
        self.columns = np.searchsorted(indices[self.order], np.arange(shape[1] + 1))

    def dense(self, values: np.ndarray) -> np.ndarray:
        """Return the matrix, 0 where there is no synapse; of a complete one it is ``values`` themselves."""
        if self._complete:
            return np.asarray(values.reshape(self.shape))
        matrix = np.zeros(self.shape)
        matrix.reshape(-1)[self.place] = values
        return matrix

    def filled_in(self, values: np.ndarray) -> np.ndarray | None:
        """Return what ``dense`` gives where that is the faster way to multiply, to be given to products with these values."""
        return self.dense(values) if self._filled_in else None

    def product(self, vectors: np.ndarray, values: np.ndarray, filled: np.ndarray | None = None) -> np.ndarray:
        """Return ``vectors`` ``(..., n)`` times the matrix, ``(..., m)``."""
        if vectors.ndim == 1 and not self._complete and filled is None:
            return self._active(vectors, values)
        if filled is not None or self._worth_it(vectors):
            return np.asarray(vectors @ (self.dense(values) if filled is None else filled))
        return self._summed(vectors, values[self.order], self.rows[self.order], self.columns, self.shape[1])

    def transposed(self, vectors: np.ndarray, values: np.ndarray, filled: np.ndarray | None = None) -> np.ndarray:
        """Return ``vectors`` ``(..., m)`` times the transposed matrix, ``(..., n)``."""
        if filled is not None or self._worth_it(vectors):
            return np.asarray(vectors @ (self.dense(values) if filled is None else filled).T)
        return self._summed(vectors, values, self.indices, self.indptr, self.shape[0])

    def outer(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return at each place the sum over k of ``left[k]`` ``(n,)`` times ``right[k]`` ``(m,)``."""
        if self._worth_it(left):
            full = (left.T @ right).reshape(-1)
            return np.asarray(full if self._complete else full[self.place])
        total = np.zeros(len(self.indices))
        first, second = np.ascontiguousarray(left.T), np.ascontiguousarray(right.T)
        step = max(1, _BLOCK // max(1, len(left)))
        for start in range(0, len(total), step):
            part = slice(start, start + step)
            total[part] = np.einsum("kb,kb->k", first[self.rows[part]], second[self.indices[part]])
        return total

    def _worth_it(self, vectors: np.ndarray) -> bool:
        return self._complete or (self._filled_in and vectors.size >= _MANY * vectors.shape[-1])

    def _active(self, vector: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Return the product of one vector; only rows with something in it are read."""
        active = vector.nonzero()[0]
        if not len(active):
            return np.zeros(self.shape[1])
        place = spans(self.indptr, active) if len(active) < len(vector) else slice(None)
        return np.bincount(self.indices[place], values[place] * vector[self.rows[place]], self.shape[1])

    @staticmethod
    def _summed(vectors: np.ndarray, values: np.ndarray, sent: np.ndarray, starts: np.ndarray, n: int) -> np.ndarray:
        """Return the sums of values times what is sent, one for each of ``n`` spans of ``starts``, for every vector."""
        flat = vectors.reshape(-1, vectors.shape[-1])
        sends, result = np.ascontiguousarray(flat.T), np.zeros((n, len(flat)))
        filled = np.flatnonzero(np.diff(starts))
        bounds = np.append(starts[filled], len(values))
        low = 0
        while low < len(filled):  # some spans at a time, so that their products stay in the processor's cache
            high = max(low + 1, int(np.searchsorted(bounds, bounds[low] + _BLOCK // len(flat), side="right")) - 1)
            part = slice(bounds[low], bounds[high])
            products = sends[sent[part]]
            products *= values[part, None]
            result[filled[low:high]] = np.add.reduceat(products, bounds[low:high] - bounds[low], axis=0)
            low = high
        return result.T.reshape(*vectors.shape[:-1], n)
