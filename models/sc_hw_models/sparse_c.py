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

#define GROUP 8 /* sums of a span at once, of a single vector */
#define SHARE 32 /* terms of a place's sum at once, so few that both sides stay in the cache */
#define FEW 2 /* terms of a share, on average, up to which it is not worth gathering them, and of short spans twice as many */
#define SHORT 64
#define LINE 8 /* numbers of a line of the cache */
#define BLOCK 1024 /* numbers looked through at once for those that are not 0 */
#if defined(__AVX512F__)
#define LANE 8 /* numbers that the processor works on at once: a compiler takes longer types apart, number by number */
#elif defined(__AVX__)
#define LANE 4
#else
#define LANE 2
#endif
typedef double lane __attribute__((vector_size(LANE * sizeof(double))));

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

/* result[i] = sum of values * sent over the span of i, for so many lanes of vectors: several hide how long an addition takes */
#define SUMS(lanes)                                                                                                         \
  static void summed_##lanes(int64_t spans, const int64_t *restrict starts, const int32_t *restrict from,                   \
                             const double *restrict values, const lane *restrict sent, lane *restrict result) {             \
    for (int64_t i = 0; i < spans; i++) {                                                                                   \
      lane sums[lanes] = {{0}};                                                                                             \
      for (int64_t s = starts[i]; s < starts[i + 1]; s++)                                                                   \
        for (int k = 0; k < lanes; k++) sums[k] += values[s] * sent[from[s] * lanes + k];                                   \
      for (int k = 0; k < lanes; k++) result[i * lanes + k] = sums[k];                                                      \
    }                                                                                                                       \
  }
SUMS(1) SUMS(2) SUMS(3) SUMS(4)

/* room: (sources + spans) * 4 * LANE numbers; it begins where a line of the cache does, because a lane on two lines takes twice
   as long. Four lanes at a time: what they need of each source then stays near the processor. */
void product(int64_t spans, int64_t sources, int64_t vectors, const int64_t *starts, const int32_t *from,
             const double *values, const double *given, double *result, double *room) {
  if (vectors == 1) {
    for (int64_t i = 0; i < spans; i++) result[i] = one(starts[i], starts[i + 1], from, values, given);
    return;
  }
  for (int64_t low = 0; low < vectors; low += 4 * LANE) {
    const int64_t count = vectors - low < 4 * LANE ? vectors - low : 4 * LANE, lanes = (count + LANE - 1) / LANE;
    double *found = room + sources * lanes * LANE;
    if (lanes * LANE > count) memset(room, 0, sources * lanes * LANE * sizeof *room);
    turn(count, sources, sources, given + low * sources, lanes * LANE, room);
    (lanes == 4 ? summed_4 : lanes == 3 ? summed_3 : lanes == 2 ? summed_2 : summed_1)(
        spans, starts, from, values, (const lane *)room, (lane *)found);
    turn(spans, count, lanes * LANE, found, spans, result + low * spans);
  }
}

/* the places from low to high at which something is not 0, and how many; written down first, because a processor that guesses
   whether the next is one loses more time than this takes */
static inline int64_t listed(int64_t low, int64_t high, const double *restrict given, int32_t *restrict list) {
  int64_t count = 0;
  for (int64_t i = low; i < high; i++) {
    list[count] = i;
    count += given[i] != 0;
  }
  return count;
}

/* vectors in which little is not 0: only the rows of that are read */
void active(int64_t vectors, int64_t sources, int64_t targets, const int64_t *restrict starts, const int32_t *restrict to,
            const double *restrict values, const double *restrict given, double *restrict result) {
  int32_t list[BLOCK];
  memset(result, 0, vectors * targets * sizeof *result);
  for (int64_t v = 0; v < vectors; v++, given += sources, result += targets)
    for (int64_t low = 0; low < sources; low += BLOCK) {
      const int64_t count = listed(low, sources - low < BLOCK ? sources : low + BLOCK, given, list);
      for (int64_t c = 0; c < count; c++)
        for (int64_t s = starts[list[c]]; s < starts[list[c] + 1]; s++) result[to[s]] += values[s] * given[list[c]];
    }
}

/* result[s] += the sum over so many terms of a * b[column of s] over a span; four at once read and write the result once */
static inline void gathered(int64_t count, const double *restrict a, const double *const *b, int64_t span,
                            const int32_t *restrict to, double *restrict result) {
  int64_t k = 0;
  for (; k + 4 <= count; k += 4) {
    const double *restrict b0 = b[k], *restrict b1 = b[k + 1], *restrict b2 = b[k + 2], *restrict b3 = b[k + 3];
    const double a0 = a[k], a1 = a[k + 1], a2 = a[k + 2], a3 = a[k + 3];
    for (int64_t s = 0; s < span; s++) result[s] += a0 * b0[to[s]] + a1 * b1[to[s]] + a2 * b2[to[s]] + a3 * b3[to[s]];
  }
  for (; k < count; k++)
    for (int64_t s = 0; s < span; s++) result[s] += a[k] * b[k][to[s]];
}

/* as outer, where little was sent or spans are short, so that a row has hardly any terms to gather: term by term, its right side
   beside the processor, and the next one's on the way */
static void followed(int64_t terms, int64_t rows, int64_t columns, const int64_t *restrict starts, const int32_t *restrict to,
                     const double *restrict left, const double *restrict right, double *restrict result) {
  int32_t list[BLOCK];
  for (int64_t k = 0; k < terms; k++, left += rows, right += columns) {
    for (int64_t j = 0; k + 1 < terms && j < columns; j += LINE) __builtin_prefetch(right + columns + j);
    for (int64_t low = 0; low < rows; low += BLOCK) {
      const int64_t count = listed(low, rows - low < BLOCK ? rows : low + BLOCK, left, list);
      for (int64_t c = 0; c < count; c++)
        for (int64_t s = starts[list[c]]; s < starts[list[c] + 1]; s++) result[s] += left[list[c]] * right[to[s]];
    }
  }
}

/* result[k] = sum over so many terms of left[., row of k] * right[., column of k].
   What a neuron sent is mostly 0: only the terms in which it sent something are read; sent: how many there are in all. */
void outer(int64_t terms, int64_t rows, int64_t columns, int64_t sent, const int64_t *restrict starts,
           const int32_t *restrict to, const double *restrict left, const double *restrict right, double *restrict result) {
  memset(result, 0, starts[rows] * sizeof *result);
  if (sent * SHARE <= (starts[rows] <= SHORT * rows ? 2 * FEW : FEW) * terms * rows) {
    followed(terms, rows, columns, starts, to, left, right, result);
    return;
  }
  for (int64_t low = 0; low < terms; low += SHARE) {
    const int64_t high = terms - low < SHARE ? terms : low + SHARE;
    for (int64_t i = 0; i < rows; i++) {
      double a[SHARE];
      const double *b[SHARE];
      int64_t count = 0;
      for (int64_t k = low; k < high; k++) {
        a[count] = left[k * rows + i];
        b[count] = right + k * columns;
        count += a[count] != 0;
      }
      gathered(count, a, b, starts[i + 1] - starts[i], to + starts[i], result + starts[i]);
    }
  }
}
"""
_MOST = 32  # vectors worked on at once: four lanes of the widest processor


class SparseProducts:
    """The products of ``SparseMatrix`` in C; shapes as there and checked there. Errors: ``CompileError``."""

    def __init__(self, path: str) -> None:
        library = loaded(_TEXT, path)
        self._product, self._active, self._outer = library.product, library.active, library.outer
        for function, numbers, arrays in ((self._product, 3, 6), (self._active, 3, 5), (self._outer, 4, 5)):
            function.argtypes = [ctypes.c_int64] * numbers + [ctypes.c_void_p] * arrays
            function.restype = None

    def summed(self, vectors: np.ndarray, values: np.ndarray, sent: np.ndarray, starts: np.ndarray, n: int) -> np.ndarray:
        """Return the sums of values times what is sent, one for each of ``n`` spans of ``starts``, for every vector."""
        flat = _numbers(vectors).reshape(-1, vectors.shape[-1])
        count, sources = flat.shape
        result, room = np.empty((count, n)), _aligned(_MOST * (n + sources) if count > 1 else 0)
        arrays = (starts, sent, _numbers(values), flat, result, room)
        self._product(n, sources, count, *map(_address, arrays))
        return result.reshape(*vectors.shape[:-1], n)

    def active(self, vectors: np.ndarray, values: np.ndarray, starts: np.ndarray, indices: np.ndarray, n: int) -> np.ndarray:
        """Return the products ``(..., n)`` of vectors ``(..., rows)``; only rows with something in them are read."""
        result = np.empty((*vectors.shape[:-1], n))
        arrays = (starts, indices, _numbers(values), _numbers(vectors), result)
        self._active(vectors.size // vectors.shape[-1], vectors.shape[-1], n, *map(_address, arrays))
        return result

    def outer(self, left: np.ndarray, right: np.ndarray, sent: int, starts: np.ndarray, indices: np.ndarray) -> np.ndarray:
        """Return at each place the sum over k of ``left[k]``, in which ``sent`` numbers are not 0, times ``right[k]``."""
        result = np.empty(len(indices))
        arrays = (starts, indices, _numbers(left), _numbers(right), result)
        self._outer(len(left), left.shape[1], right.shape[1], sent, *map(_address, arrays))
        return result


def _aligned(numbers: int) -> np.ndarray:
    """Return an empty array that begins where a line of 64 bytes does."""
    array = np.empty(numbers + 8)
    start = -array.ctypes.data % 64 // 8
    return array[start : start + numbers]


def _address(array: np.ndarray) -> int:
    """Return where an array begins. ``array.ctypes`` takes several times as long: as the product of some thousand synapses."""
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(array))  # type: ignore[arg-type]  # an array is a buffer
    except (TypeError, ValueError):  # an array that cannot be written, or without anything in it
        return array.ctypes.data


def _numbers(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, dtype=np.float64)


@lru_cache
def sparse_products() -> SparseProducts | None:
    """Return the products in C; ``None`` on a machine without a compiler, or without a cache for what it makes."""
    path = compiler()
    with suppress(CompileError, CacheError):
        return None if path is None else SparseProducts(path)
    return None
