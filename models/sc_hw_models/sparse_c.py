"""Products with a sparse matrix in C, for machines that have a compiler: what ``sparse`` does with NumPy, an order faster.

A vector is a column here, all vectors of a neuron side by side, so that one synapse is worked on for all of them at once.
"""

import ctypes
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache

import numpy as np

from .cache import CacheError
from .compiled import CompileError, compiler, loaded

__all__ = ["MOST", "SparseProducts", "sparse_products"]

_TEXT = r"""
#include <stdint.h>
#include <string.h>
#ifdef __AVX__
#include <immintrin.h>
#endif

#define GROUP 8 /* sums of a span at once, of a single vector */
#define SHARE 32 /* terms of a place's sum at once, so few that both sides stay in the cache */
#define LINE 8 /* numbers of a line of the cache */
#define TILE 32 /* spans whose sums are turned at once */
#define AHEAD 3 /* rows that are fetched before their turn: which comes next follows from what was sent */
#define BLOCK 1024 /* numbers looked through at once for those that are not 0 */
#if defined(__AVX512F__)
#define LANE 8 /* numbers that the processor works on at once: a compiler takes longer types apart, number by number */
#elif defined(__AVX__)
#define LANE 4
#else
#define LANE 2
#endif
typedef double lane __attribute__((vector_size(LANE * sizeof(double))));

/* four rows x four columns, as turn */
static inline void turned_four(int64_t apart, const double *restrict given, int64_t turned_apart, double *restrict turned) {
#ifdef __AVX__
  const __m256d a = _mm256_loadu_pd(given), b = _mm256_loadu_pd(given + apart);
  const __m256d c = _mm256_loadu_pd(given + 2 * apart), d = _mm256_loadu_pd(given + 3 * apart);
  const __m256d ab = _mm256_unpacklo_pd(a, b), cd = _mm256_unpacklo_pd(c, d); /* columns 0 and 2; below, 1 and 3 */
  const __m256d ab_odd = _mm256_unpackhi_pd(a, b), cd_odd = _mm256_unpackhi_pd(c, d);
  _mm256_storeu_pd(turned, _mm256_permute2f128_pd(ab, cd, 0x20));
  _mm256_storeu_pd(turned + turned_apart, _mm256_permute2f128_pd(ab_odd, cd_odd, 0x20));
  _mm256_storeu_pd(turned + 2 * turned_apart, _mm256_permute2f128_pd(ab, cd, 0x31));
  _mm256_storeu_pd(turned + 3 * turned_apart, _mm256_permute2f128_pd(ab_odd, cd_odd, 0x31));
#else
  for (int b = 0; b < 4; b++)
    for (int a = 0; a < 4; a++) turned[b * turned_apart + a] = given[a * apart + b];
#endif
}

/* rows x columns, from each row so far to the next, turned into columns x rows, from each column so far to the next: as many rows
   at once as fill a line of the cache, each read from left to right, so that the processor fetches what comes next */
static void turn(int64_t rows, int64_t columns, int64_t apart, const double *restrict given, int64_t turned_apart,
                 double *restrict turned) {
  for (int64_t i = 0; i < rows; i += LINE) {
    const int64_t end = rows - i < LINE ? rows : i + LINE;
    int64_t j = 0;
    for (; j + 4 <= columns; j += 4) {
      int64_t a = i;
      for (; a + 4 <= end; a += 4) turned_four(apart, given + a * apart + j, turned_apart, turned + j * turned_apart + a);
      for (; a < end; a++)
        for (int64_t b = j; b < j + 4; b++) turned[b * turned_apart + a] = given[a * apart + b];
    }
    for (; j < columns; j++)
      for (int64_t a = i; a < end; a++) turned[j * turned_apart + a] = given[a * apart + j];
  }
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

/* room: sources * 4 * LANE numbers; it begins where a line of the cache does, because a lane on two lines takes twice as long.
   Four lanes at a time: what they need of each source then stays near the processor. */
void product(int64_t spans, int64_t sources, int64_t vectors, const int64_t *starts, const int32_t *from,
             const double *values, const double *given, double *result, double *room) {
  if (vectors == 1) {
    for (int64_t i = 0; i < spans; i++) result[i] = one(starts[i], starts[i + 1], from, values, given);
    return;
  }
  for (int64_t low = 0; low < vectors; low += 4 * LANE) {
    const int64_t count = vectors - low < 4 * LANE ? vectors - low : 4 * LANE, lanes = (count + LANE - 1) / LANE;
    if (lanes * LANE > count) memset(room, 0, sources * lanes * LANE * sizeof *room);
    turn(count, sources, sources, given + low * sources, lanes * LANE, room);
    for (int64_t first = 0; first < spans; first += TILE) {
      const int64_t some = spans - first < TILE ? spans - first : TILE;
      double found[TILE * 4 * LANE] __attribute__((aligned(64)));
      (lanes == 4 ? summed_4 : lanes == 3 ? summed_3 : lanes == 2 ? summed_2 : summed_1)(
          some, starts + first, from, values, (const lane *)room, (lane *)found);
      turn(some, count, lanes * LANE, found, spans, result + low * spans + first);
    }
  }
}

/* the places from low to high at which something is not 0, and how many; written down first, because a processor that guesses
   whether the next is one loses more time than this takes */
static inline int64_t listed(int64_t low, int64_t high, const double *restrict given, int32_t *restrict list) {
  int64_t count = 0, i = low;
#ifdef __AVX__
  static const int32_t places[16][4] __attribute__((aligned(16))) = {
      {0}, {0},    {1},    {0, 1},    {2},    {0, 2},    {1, 2},    {0, 1, 2},
      {3}, {0, 3}, {1, 3}, {0, 1, 3}, {2, 3}, {0, 2, 3}, {1, 2, 3}, {0, 1, 2, 3}}; /* of each four truths, those that hold */
  for (; i + 4 <= high; i += 4) {
    const int found = _mm256_movemask_pd(_mm256_cmp_pd(_mm256_loadu_pd(given + i), _mm256_setzero_pd(), _CMP_NEQ_UQ));
    const __m128i four = _mm_add_epi32(_mm_set1_epi32(i), _mm_load_si128((const __m128i *)places[found]));
    _mm_storeu_si128((__m128i *)(list + count), four); /* what is too much is written over, or never read */
    count += __builtin_popcount(found);
  }
#endif
  for (; i < high; i++) {
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
      for (int64_t c = 0; c < count; c++) {
        const double factor = given[list[c]];
        const int64_t end = starts[list[c] + 1];
        if (c + AHEAD < count) {
          const int64_t next = starts[list[c + AHEAD]];
          __builtin_prefetch(to + next);
          __builtin_prefetch(values + next);
          __builtin_prefetch(values + next + LINE);
        }
        for (int64_t s = starts[list[c]]; s < end; s++) result[to[s]] += values[s] * factor;
      }
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

/* the same with the terms of a column side by side, so far apart from the next column's, in[.] those of the span: of a short span
   hardly any columns share a line of the cache, but the terms of a column do. So many at once, added in the order given. */
#define BESIDE(terms)                                                                                                       \
  static inline void beside_##terms(const double *restrict a, const int32_t *restrict in, int64_t apart,                    \
                                    const double *restrict right, int64_t span, const int32_t *restrict to,                 \
                                    double *restrict result) {                                                              \
    for (int64_t s = 0; s < span; s++) {                                                                                    \
      double sum = result[s];                                                                                               \
      for (int k = 0; k < terms; k++) sum += a[k] * right[to[s] * apart + in[k]];                                           \
      result[s] = sum;                                                                                                      \
    }                                                                                                                       \
  }
BESIDE(1) BESIDE(2) BESIDE(3) BESIDE(4)

static inline void beside(int64_t count, const double *restrict a, const int32_t *restrict in, int64_t apart,
                          const double *restrict right, int64_t span, const int32_t *restrict to, double *restrict result) {
  int64_t k = 0;
  for (; k + 4 <= count; k += 4) beside_4(a + k, in + k, apart, right, span, to, result);
  if (count - k == 3) beside_3(a + k, in + k, apart, right, span, to, result);
  if (count - k == 2) beside_2(a + k, in + k, apart, right, span, to, result);
  if (count - k == 1) beside_1(a + k, in + k, apart, right, span, to, result);
}

/* result[k] += sum over so many terms of left[., row of k] * right[., column of k]; room: (rows + columns) * SHARE numbers.
   What a neuron sent is mostly 0: only the terms in which it sent something are read. */
void outer(int64_t terms, int64_t rows, int64_t columns, const int64_t *restrict starts, const int32_t *restrict to,
           const double *restrict left, const double *restrict right, double *restrict result, double *restrict room) {
  const int64_t apart = terms < SHARE ? terms : SHARE;
  const int turned = starts[rows] * LINE <= rows * columns;
  double *lefts = room + columns * apart;
  for (int64_t low = 0; low < terms; low += SHARE, left += SHARE * rows, right += SHARE * columns) {
    const int64_t some = terms - low < SHARE ? terms - low : SHARE;
    turn(some, rows, rows, left, apart, lefts);
    if (turned) turn(some, columns, columns, right, apart, room);
    for (int64_t i = 0; i < rows; i++) {
      int32_t list[SHARE];
      double a[SHARE];
      const double *b[SHARE];
      const int64_t count = listed(0, some, lefts + i * apart, list), span = starts[i + 1] - starts[i];
      for (int64_t k = 0; k < count; k++) {
        a[k] = lefts[i * apart + list[k]];
        b[k] = right + list[k] * columns;
      }
      if (turned)
        beside(count, a, list, apart, room, span, to + starts[i], result + starts[i]);
      else
        gathered(count, a, b, span, to + starts[i], result + starts[i]);
    }
  }
}
"""
MOST = 32  # vectors worked on at once: four lanes of the widest processor, or a share of terms


class SparseProducts:
    """The products of ``SparseMatrix`` in C; shapes as there and checked there. Errors: ``CompileError``."""

    def __init__(self, path: str) -> None:
        library = loaded(_TEXT, path)
        self._product, self._active, self._outer = library.product, library.active, library.outer
        for function, numbers, arrays in ((self._product, 3, 6), (self._active, 3, 5), (self._outer, 3, 6)):
            function.argtypes = [ctypes.c_int64] * numbers + [ctypes.c_void_p] * arrays
            function.restype = None

    def summed(self, vectors: np.ndarray, values: np.ndarray, sent: np.ndarray, starts: np.ndarray, n: int) -> np.ndarray:
        """Return the sums of values times what is sent, one for each of ``n`` spans of ``starts``, for every vector."""
        flat = _numbers(vectors).reshape(-1, vectors.shape[-1])
        count, sources = flat.shape
        result, room = np.empty((count, n)), _aligned(MOST * sources if count > 1 else 0)
        arrays = (starts, sent, _numbers(values), flat, result, room)
        self._product(n, sources, count, *map(_address, arrays))
        return result.reshape(*vectors.shape[:-1], n)

    def active(self, vectors: np.ndarray, values: np.ndarray, starts: np.ndarray, indices: np.ndarray, n: int) -> np.ndarray:
        """Return the products ``(..., n)`` of vectors ``(..., rows)``; only rows with something in them are read."""
        result = np.empty((*vectors.shape[:-1], n))
        arrays = (starts, indices, _numbers(values), _numbers(vectors), result)
        self._active(vectors.size // vectors.shape[-1], vectors.shape[-1], n, *map(_address, arrays))
        return result

    def outer(self, pairs: Iterable[tuple[np.ndarray, np.ndarray]], starts: np.ndarray, indices: np.ndarray) -> np.ndarray:
        """Return at each place the sum over k of ``left[k]`` times ``right[k]`` of all pairs ``(terms, n)``, ``(terms, m)``.

        Of what is left in a pair only what is not 0 is read.
        """
        result, room = np.zeros(len(indices)), _aligned(0)
        for left, right in pairs:
            size = MOST * (left.shape[1] + right.shape[1])
            room = room if len(room) == size else _aligned(size)
            arrays = (starts, indices, _numbers(left), _numbers(right), result, room)
            self._outer(len(left), left.shape[1], right.shape[1], *map(_address, arrays))
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
