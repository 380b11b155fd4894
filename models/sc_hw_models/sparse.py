"""Products with a sparse matrix whose values change all the time: for one vector by what is active, for many at once.

A matrix with a synapse in ``_DENSE`` places is filled in for several vectors, and multiplied as a dense one; memory stays linear
in the synapses. Where there is a C compiler the products are ``sparse_c``'s. Without one NumPy follows the indices, which costs
so much that filling in is worth it much longer.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from .sparse_c import MOST, SparseProducts, sparse_products

__all__ = ["Held", "SparseMatrix", "spans"]

# Places a synapse up to which a filled-in matrix is faster for several vectors and for one, and places up to which any is.
_DENSE, _ALMOST, _SMALL = 2.5, 1.2, 1 << 14
_DENSE_NUMPY, _SMALL_NUMPY = 64, 1 << 18  # the same without a compiler
_ACTIVE = 8  # numbers of several vectors of which less than one is not 0, that what is not is worth following
_SCATTER = 20  # what a product at a synapse costs, times one of a dense product, where vectors are followed so
_GATHER = 8  # what a product at a synapse costs, times one of a dense product
_MANY = 8  # vectors from which it is worth filling a matrix in for them
_BLOCK = 1 << 16  # numbers worked on at once


def spans(starts: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the integers from ``starts[k]`` to ``starts[k + 1] - 1`` of each k in ``chosen``, one span after another."""
    first = starts[chosen]
    counts = starts[chosen + 1] - first
    ends = counts.cumsum()
    return np.asarray((first - ends + counts).repeat(counts) + np.arange(counts.sum()))


def _sent(numbers: np.ndarray) -> int:
    """Return how many numbers are not 0; compared first, because truths are counted in a fraction of the time."""
    return int(np.count_nonzero(numbers != 0))


def _stacked(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of one pair of arrays, one below another."""
    if len(pairs) == 1:
        return pairs[0]
    left, right = (np.concatenate(arrays) for arrays in zip(*pairs, strict=True))
    return left, right


class Held:
    """Values made ready for products when these first ask: the matrix filled in, or the values column by column."""

    def __init__(self, places: "SparseMatrix", values: np.ndarray) -> None:
        self._places, self._values = places, values

    @cached_property
    def matrix(self) -> np.ndarray:
        """The matrix filled in."""
        return self._places.dense(self._values)

    @cached_property
    def ordered(self) -> np.ndarray:
        """The values column by column, which a single vector never asks for."""
        return np.asarray(self._values[self._places.order])


class SparseMatrix:
    """The places of a matrix ``(n, m)`` in compressed sparse rows; values are given with each product, ``(synapses,)``.

    Checked by whoever makes it: ``indptr`` ``(n + 1,)`` ascends from 0, ``indices`` ascend in every row. ``rows`` and ``place``
    are the row and row m + column of each synapse; synapses ``order[columns[j] : columns[j + 1]]`` are those of column j.
    """

    def __init__(self, shape: tuple[int, int], indptr: np.ndarray, indices: np.ndarray) -> None:
        self.shape = shape
        self.indptr, self.indices = (np.ascontiguousarray(array, dtype=np.int64) for array in (indptr, indices))
        self.rows = np.repeat(np.arange(shape[0]), np.diff(indptr))
        self.place = self.rows * shape[1] + indices
        self._complete = len(indices) == shape[0] * shape[1]
        self.order = np.argsort(indices, kind="stable")
        self.columns = np.searchsorted(indices[self.order], np.arange(shape[1] + 1))
        self._places = shape[0] * shape[1]
        dense, small = (_DENSE, _SMALL) if self._c else (_DENSE_NUMPY, _SMALL_NUMPY)
        self._small, self._dense = self._places <= small, self._places <= len(indices) * dense
        self._almost = self._places <= len(indices) * _ALMOST
        self._to, self._from = (array.astype(np.int32) for array in (self.indices, self.rows[self.order]))

    @property
    def _c(self) -> SparseProducts | None:  # not an attribute: a network can be copied and sent to other processes
        return None if self._complete else sparse_products()

    def dense(self, values: np.ndarray) -> np.ndarray:
        """Return the matrix, 0 where there is no synapse; of a complete one it is ``values`` themselves."""
        if self._complete:
            return np.asarray(values.reshape(self.shape))
        matrix = np.zeros(self.shape)
        matrix.reshape(-1)[self.place] = values
        return matrix

    def held(self, values: np.ndarray) -> Held:
        """Return what makes products with these values faster, to be given to them."""
        return Held(self, values)

    def product(self, vectors: np.ndarray, values: np.ndarray, held: Held | None = None) -> np.ndarray:
        """Return ``vectors`` ``(..., n)`` times the matrix, ``(..., m)``."""
        few = self._few(vectors)
        matrix = None if few else self._matrix(vectors, values, held)
        if matrix is not None:
            return np.asarray(vectors @ matrix)
        if few or vectors.ndim == 1:
            return self._active(vectors, values)
        ordered = values[self.order] if held is None else held.ordered
        return self._sums(vectors, ordered, self._from, self.columns, self.shape[1])

    def transposed(self, vectors: np.ndarray, values: np.ndarray, held: Held | None = None) -> np.ndarray:
        """Return ``vectors`` ``(..., m)`` times the transposed matrix, ``(..., n)``."""
        matrix = self._matrix(vectors, values, held)
        if matrix is not None:
            return np.asarray(vectors @ matrix.T)
        return self._sums(vectors, values, self._to, self.indptr, self.shape[0])

    def outer(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return at each place the sum over k of ``left[k]`` ``(n,)`` times ``right[k]`` ``(m,)``."""
        return self.outers([(left, right)])

    def outers(self, pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
        """Return the sum of ``outer`` of all pairs, which are of one length; they are stacked only where they must be."""
        if self._c and not self._small and self._gathered([left for left, _ in pairs]):
            if len(pairs[0][0]) < MOST:
                pairs = [_stacked(pairs)]
            return self._c.outer(pairs, self.indptr, self._to)
        left, right = _stacked(pairs)
        if self._c or self._complete or ((self._small or self._dense) and len(left) >= _MANY):
            full = (left.T @ right).reshape(-1)
            return np.asarray(full if self._complete else full[self.place])
        total = np.zeros(len(self.indices))
        first, second = np.ascontiguousarray(left.T), np.ascontiguousarray(right.T)
        step = max(1, _BLOCK // max(1, len(left)))
        for start in range(0, len(total), step):
            part = slice(start, start + step)
            total[part] = np.einsum("kb,kb->k", first[self.rows[part]], second[self.indices[part]])
        return total

    def _few(self, vectors: np.ndarray) -> bool:
        """Return whether so little of several vectors is not 0 that only the rows of that are read."""
        if vectors.ndim == 1 or self._small or not self._c:
            return False
        work = _sent(vectors) * max(_ACTIVE, _SCATTER * len(self.indices) / self._places if self._dense else 0)
        return bool(work < vectors.size)

    def _gathered(self, lefts: Sequence[np.ndarray]) -> bool:
        """Return whether what was sent meets so few synapses that products are made at these alone."""
        work = len(self.indices) * _GATHER
        return work < self._places or sum(map(_sent, lefts)) * work < sum(left.size for left in lefts) * self._places

    def _matrix(self, vectors: np.ndarray, values: np.ndarray, held: Held | None) -> np.ndarray | None:
        """Return the matrix where it is filled in to be multiplied."""
        if self._complete:
            return self.dense(values)
        if not (self._small or (self._dense and (vectors.ndim > 1 or not self._c or self._almost))):
            return None
        if held is not None:
            return held.matrix
        return self.dense(values) if vectors.size >= _MANY * vectors.shape[-1] else None

    def _sums(self, vectors: np.ndarray, values: np.ndarray, sent: np.ndarray, starts: np.ndarray, n: int) -> np.ndarray:
        return (self._c.summed if self._c else self._summed)(vectors, values, sent, starts, n)

    def _active(self, vectors: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Return the product of one vector, in C of several; only rows with something in them are read."""
        if self._c:
            return self._c.active(vectors, values, self.indptr, self._to, self.shape[1])
        active = vectors.nonzero()[0]
        if not len(active):
            return np.zeros(self.shape[1])
        place = spans(self.indptr, active) if len(active) < len(vectors) else slice(None)
        return np.bincount(self.indices[place], values[place] * vectors[self.rows[place]], self.shape[1])

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
