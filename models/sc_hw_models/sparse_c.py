"""Products with a sparse matrix in C, for machines that have a compiler: what ``sparse`` does with NumPy, an order faster.

A vector is a column here, all vectors of a neuron side by side, so that one synapse is worked on for all of them at once.
"""

import ctypes
from contextlib import suppress
from functools import lru_cache

import numpy as np

from .cache import CacheError
from .compiled import CompileError, compiler, loaded

__all__ = ["SparseProducts", "sparse_products"]

_TEXT = r"""
#include <stdint.h>
#include <string.h>

#define GROUP 8 /* numbers worked on at once */
#define SHARE 64 /* terms of a place's sum at once, so few that both sides stay in the cache */
typedef double group __attribute__((vector_size(GROUP * sizeof(double))));

/* rows x columns, from each row so far to the next, turned into columns x rows, from each column so far to the next */
static void turn(int64_t rows, int64_t columns, int64_t apart, const double *restrict given, int64_t turned_apart,
                 double *restrict turned) {
  for (int64_t i = 0; i < rows; i += 8)
    for (int64_t j = 0; j < columns; j += 8)
      for (int64_t b = j; b < j + 8 && b < columns; b++)
        for (int64_t a = i; a < i + 8 && a < rows; a++) turned[b * turned_apart + a] = given[a * apart + b];
}

/* the sum of values * sent over a span */
static inline double one(int64_t s, int64_t end, const int32_t *restrict from, const double *restrict values,
                         const double *restrict sent) {
  double sums[GROUP] = {0};
  for (; s + GROUP <= end; s += GROUP)
    for (int k = 0; k < GROUP; k++) sums[k] += values[s + k] * sent[from[s + k]];
  for (int k = 0; s < end; s++, k++) sums[k] += values[s] * sent[from[s]];
  for (int k = 1; k < GROUP; k++) sums[0] += sums[k];
  return sums[0];
}

/* result[i] = sum of values * sent over the span of i, for each of so many groups of vectors */
static void summed(int64_t spans, int64_t groups, const int64_t *restrict starts, const int32_t *restrict from,
                   const double *restrict values, const group *restrict sent, group *restrict result) {
  for (int64_t i = 0; i < spans; i++) {
    group *to = result + i * groups;
    int64_t low = 0;
    for (; low + 4 <= groups; low += 4) { /* four sums at once hide how long one addition takes */
      group a = {0}, b = {0}, c = {0}, d = {0};
      for (int64_t s = starts[i]; s < starts[i + 1]; s++) {
        const group *row = sent + from[s] * groups + low;
        a += values[s] * row[0];
        b += values[s] * row[1];
        c += values[s] * row[2];
        d += values[s] * row[3];
      }
      to[low] = a, to[low + 1] = b, to[low + 2] = c, to[low + 3] = d;
    }
    for (; low < groups; low++) {
      group sum = {0};
      for (int64_t s = starts[i]; s < starts[i + 1]; s++) sum += values[s] * sent[from[s] * groups + low];
      to[low] = sum;
    }
  }
}

/* room: (sources + spans) * vectors numbers, these rounded up to whole groups; it begins where a line of the cache does, because
   a group on two lines takes twice as long */
void product(int64_t spans, int64_t sources, int64_t vectors, const int64_t *starts, const int32_t *from,
             const double *values, const double *given, double *result, double *room) {
  if (vectors == 1) {
    for (int64_t i = 0; i < spans; i++) result[i] = one(starts[i], starts[i + 1], from, values, given);
    return;
  }
  const int64_t groups = (vectors + GROUP - 1) / GROUP, wide = groups * GROUP;
  double *found = room + sources * wide;
  if (wide > vectors) memset(room, 0, sources * wide * sizeof *room);
  turn(vectors, sources, sources, given, wide, room);
  summed(spans, groups, starts, from, values, (const group *)room, (group *)found);
  turn(spans, vectors, wide, found, spans, result);
}

/* one vector: only the rows of what is not 0 are read */
void active(int64_t sources, int64_t targets, const int64_t *restrict starts, const int32_t *restrict to,
            const double *restrict values, const double *restrict given, double *restrict result) {
  memset(result, 0, targets * sizeof *result);
  for (int64_t i = 0; i < sources; i++)
    if (given[i] != 0)
      for (int64_t s = starts[i]; s < starts[i + 1]; s++) result[to[s]] += values[s] * given[i];
}

/* result[k] = sum over so many terms of left[., row of k] * right[., column of k]; room as above, (rows + columns) * SHARE.
   What a neuron sent is mostly 0: only the groups of terms in which it sent something are read. */
void outer(int64_t terms, int64_t rows, int64_t columns, const int64_t *restrict starts, const int32_t *restrict to,
           const double *restrict left, const double *restrict right, double *restrict result, double *restrict room) {
  double *restrict second = room + rows * SHARE;
  memset(result, 0, starts[rows] * sizeof *result);
  for (int64_t low = 0; low < terms; low += SHARE) {
    const int64_t share = terms - low < SHARE ? terms - low : SHARE, wide = (share + GROUP - 1) / GROUP * GROUP;
    if (wide > share) memset(room, 0, (rows + columns) * SHARE * sizeof *room);
    turn(share, rows, rows, left + low * rows, wide, room);
    turn(share, columns, columns, right + low * columns, wide, second);
    for (int64_t i = 0; i < rows; i++) {
      const double *restrict a = room + i * wide;
      int64_t groups[SHARE / GROUP], count = 0;
      for (int64_t g = 0; g < wide; g += GROUP) {
        int some = 0;
        for (int k = 0; k < GROUP; k++) some |= a[g + k] != 0;
        groups[count] = g;
        count += some;
      }
      for (int64_t s = starts[i]; s < starts[i + 1] && count; s++) {
        const double *restrict b = second + to[s] * wide;
        group sum = {0};
        for (int64_t c = 0; c < count; c++) sum += *(const group *)(a + groups[c]) * *(const group *)(b + groups[c]);
        for (int k = 1; k < GROUP; k++) sum[0] += sum[k];
        result[s] += sum[0];
      }
    }
  }
}
"""
_GROUP, _SHARE = 8, 64  # as in the text


class SparseProducts:
    """The products of ``SparseMatrix`` in C; shapes as there and checked there. Errors: ``CompileError``."""

    def __init__(self, path: str) -> None:
        library = loaded(_TEXT, path)
        self._product, self._active, self._outer = library.product, library.active, library.outer
        for function, numbers, arrays in ((self._product, 3, 6), (self._active, 2, 5), (self._outer, 3, 6)):
            function.argtypes = [ctypes.c_int64] * numbers + [ctypes.c_void_p] * arrays
            function.restype = None

    def summed(self, vectors: np.ndarray, values: np.ndarray, sent: np.ndarray, starts: np.ndarray, n: int) -> np.ndarray:
        """Return the sums of values times what is sent, one for each of ``n`` spans of ``starts``, for every vector."""
        flat = _numbers(vectors).reshape(-1, vectors.shape[-1])
        count, sources = flat.shape
        result, room = np.empty((count, n)), _aligned(-(-count // _GROUP) * _GROUP * (n + sources) if count > 1 else 0)
        arrays = (starts, sent, _numbers(values), flat, result, room)
        self._product(n, sources, count, *(array.ctypes.data for array in arrays))
        return result.reshape(*vectors.shape[:-1], n)

    def active(self, vector: np.ndarray, values: np.ndarray, starts: np.ndarray, indices: np.ndarray, n: int) -> np.ndarray:
        """Return the product of one vector ``(rows,)``, ``(n,)``; only rows with something in it are read."""
        result = np.empty(n)
        arrays = (starts, indices, _numbers(values), _numbers(vector), result)
        self._active(len(vector), n, *(array.ctypes.data for array in arrays))
        return result

    def outer(self, left: np.ndarray, right: np.ndarray, starts: np.ndarray, indices: np.ndarray) -> np.ndarray:
        """Return at each place the sum over k of ``left[k]`` times ``right[k]``."""
        result, room = np.empty(len(indices)), _aligned((left.shape[1] + right.shape[1]) * _SHARE)
        arrays = (starts, indices, _numbers(left), _numbers(right), result, room)
        self._outer(len(left), left.shape[1], right.shape[1], *(array.ctypes.data for array in arrays))
        return result


def _aligned(numbers: int) -> np.ndarray:
    """Return an empty array that begins where a line of 64 bytes does."""
    array = np.empty(numbers + 8)
    start = -array.ctypes.data % 64 // 8
    return array[start : start + numbers]


def _numbers(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, dtype=np.float64)


@lru_cache
def sparse_products() -> SparseProducts | None:
    """Return the products in C; ``None`` on a machine without a compiler, or without a cache for what it makes."""
    path = compiler()
    with suppress(CompileError, CacheError):
        return None if path is None else SparseProducts(path)
    return None
