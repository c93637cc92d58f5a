/* The tiles of tile.h for every set of instructions that has them, and a table to choose from. */

#ifndef AGX_TILES_H
#define AGX_TILES_H

#include <stddef.h>
#include <string.h>
#include "simd.h"

/* ``rows`` rows are held at a time, by ``vectors`` vectors of ``width`` floats; a product can also do
   with fewer vectors. */
typedef struct {
    int rows, vectors, width;
    void (*product)(
        int vectors, ptrdiff_t K, const float *a, const float *b, const ptrdiff_t *offset, const float *start,
        float *c, ptrdiff_t ldc);
    void (*inner)(
        ptrdiff_t N, ptrdiff_t length, const float *g, ptrdiff_t ldg, ptrdiff_t next_g,
        const float *x, ptrdiff_t next_x, const ptrdiff_t *offset, int stored, float *c,
        ptrdiff_t ldc);
} agx_tile;

#ifdef AGX_SIMD
#include <immintrin.h>

#if defined(__clang__)
#define AGX_UNROLL _Pragma("unroll")
#else
#define AGX_UNROLL _Pragma("GCC unroll 16")
#endif

/* to[0] and to[1] are the sums of the elements of two vectors. */
__attribute__((target("avx2"))) static inline void agx_totals_avx2(__m256 a, __m256 b, float *to) {
    __m256 pairs = _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1));
    _mm_storel_pi((__m64 *)to, _mm_add_ps(s, _mm_movehl_ps(s, s)));
}
__attribute__((target("avx512f"))) static inline void agx_totals_avx512(__m512 a, __m512 b, float *to) {
    __m512 pairs = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    __m256 half = _mm256_add_ps(
        _mm512_castps512_ps256(pairs),
        _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(pairs), 1)));
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    _mm_storel_pi((__m64 *)to, _mm_add_ps(s, _mm_movehl_ps(s, s)));
}

#define AGX_NAME(x) agx_avx2_##x
#define AGX_ISA "avx2,fma"
#define AGX_WIDTH 8
#define AGX_TOTALS(a, b, to) agx_totals_avx2((__m256)(a), (__m256)(b), to)
#include "tile.h"
AGX_TILE(6, 2)
AGX_TILE(4, 3)
AGX_TILE(2, 4)
AGX_TILE(1, 4)
#include "tile_end.h"

#define AGX_NAME(x) agx_avx512_##x
#define AGX_ISA "avx512f"
#define AGX_WIDTH 16
#define AGX_TOTALS(a, b, to) agx_totals_avx512((__m512)(a), (__m512)(b), to)
#include "tile.h"
AGX_TILE(8, 3)
AGX_TILE(6, 4)
AGX_TILE(4, 6)
AGX_TILE(2, 8)
AGX_TILE(1, 8)
#include "tile_end.h"

#define AGX_ROW(isa, R, V, W) {R, V, W, agx_##isa##_product_##R, agx_##isa##_inner_##R}
static const agx_tile agx_tiles[2][5] = {
    {AGX_ROW(avx2, 6, 2, 8), AGX_ROW(avx2, 4, 3, 8), AGX_ROW(avx2, 2, 4, 8), AGX_ROW(avx2, 1, 4, 8)},
    {AGX_ROW(avx512, 8, 3, 16), AGX_ROW(avx512, 6, 4, 16), AGX_ROW(avx512, 4, 6, 16),
     AGX_ROW(avx512, 2, 8, 16), AGX_ROW(avx512, 1, 8, 16)},
};
#else
static const agx_tile agx_tiles[2][5] = {{{1, 1, 1, 0, 0}}, {{1, 1, 1, 0, 0}}};
#endif

/* The largest tile of at most ``rows`` rows. */
static inline const agx_tile *agx_tile_for(int level, ptrdiff_t rows) {
    const agx_tile *t = agx_tiles[level - 1];
    while (t->rows > rows) t++;
    return t;
}

/* The same for inner products, which read a vector for each row: squarer tiles read less. */
static inline const agx_tile *agx_inner_tile_for(int level, ptrdiff_t rows) {
    const agx_tile *t = agx_tile_for(level, rows);
    while (t->rows > 2 * t->vectors) t++;
    return t;
}

#ifdef AGX_SIMD
/* to[j][i] = from[i][j] for eight rows of eight. */
__attribute__((target("avx2"))) static inline void agx_turn8(
    const float *from, ptrdiff_t ld, float *to, ptrdiff_t ldto) {
    __m256 r[8], s[8];
    for (int i = 0; i < 4; i++) {
        /* Rows i and i + 4, columns 0 to 3 and 4 to 7. */
        __m256 a = _mm256_loadu_ps(from + i * ld), b = _mm256_loadu_ps(from + (i + 4) * ld);
        r[i] = _mm256_permute2f128_ps(a, b, 0x20);
        r[i + 4] = _mm256_permute2f128_ps(a, b, 0x31);
    }
    for (int i = 0; i < 8; i += 4) {
        __m256 a = _mm256_unpacklo_ps(r[i], r[i + 1]), b = _mm256_unpackhi_ps(r[i], r[i + 1]);
        __m256 c = _mm256_unpacklo_ps(r[i + 2], r[i + 3]), d = _mm256_unpackhi_ps(r[i + 2], r[i + 3]);
        s[i] = _mm256_shuffle_ps(a, c, 0x44);
        s[i + 1] = _mm256_shuffle_ps(a, c, 0xee);
        s[i + 2] = _mm256_shuffle_ps(b, d, 0x44);
        s[i + 3] = _mm256_shuffle_ps(b, d, 0xee);
    }
    for (int j = 0; j < 8; j++) _mm256_storeu_ps(to + j * ldto, s[j]);
}
#else
static inline void agx_turn8(const float *from, ptrdiff_t ld, float *to, ptrdiff_t ldto) {
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 8; j++) to[j * ldto + i] = from[i * ld + j];
}
#endif

/* Copy n floats, a few at a time so that no library call is needed. */
static inline void agx_copy(float *to, const float *from, ptrdiff_t n) {
    if (n >= 8) {
        for (ptrdiff_t i = 0; i + 8 <= n; i += 8) memcpy(to + i, from + i, 32);
        memcpy(to + n - 8, from + n - 8, 32);
    } else if (n >= 4) {
        memcpy(to, from, 16);
        memcpy(to + n - 4, from + n - 4, 16);
    } else {
        for (ptrdiff_t i = 0; i < n; i++) to[i] = from[i];
    }
}

#endif
