/* What only intrinsics can say of AVX2 and of AVX-512: whether a processor has them, sums within a
   vector, and an exchange of rows and columns. */

#include <immintrin.h>

#define AGX_AVX2 __attribute__((target("avx2,fma")))
#if defined(__clang__)
#define AGX_AVX512 __attribute__((target("avx512f")))
#else /* GCC would take vectors of half the width. */
#define AGX_AVX512 __attribute__((target("avx512f,prefer-vector-width=512")))
#endif

static int agx_avx2_present(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int agx_avx512_present(void) {
    return agx_avx2_present() && __builtin_cpu_supports("avx512f");
}

/* to[0] and to[1] are the sums of the elements of two vectors. */
AGX_AVX2 static inline void agx_avx2_float_tile_totals(__m256 a, __m256 b, float *to) {
    __m256 pairs = _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1));
    _mm_storel_pi((__m64 *)to, _mm_add_ps(s, _mm_movehl_ps(s, s)));
}

AGX_AVX512 static inline void agx_avx512_float_tile_totals(__m512 a, __m512 b, float *to) {
    __m512 pairs = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    __m256 half = _mm256_add_ps(
        _mm512_castps512_ps256(pairs),
        _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(pairs), 1)));
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    _mm_storel_pi((__m64 *)to, _mm_add_ps(s, _mm_movehl_ps(s, s)));
}

AGX_AVX2 static inline void agx_avx2_double_tile_totals(__m256d a, __m256d b, double *to) {
    __m256d pairs = _mm256_hadd_pd(a, b);
    _mm_storeu_pd(to, _mm_add_pd(_mm256_castpd256_pd128(pairs), _mm256_extractf128_pd(pairs, 1)));
}

AGX_AVX512 static inline void agx_avx512_double_tile_totals(__m512d a, __m512d b, double *to) {
    agx_avx2_double_tile_totals(
        _mm256_add_pd(_mm512_castpd512_pd256(a), _mm512_extractf64x4_pd(a, 1)),
        _mm256_add_pd(_mm512_castpd512_pd256(b), _mm512_extractf64x4_pd(b, 1)), to);
}

/* to[j][i] = from[i][j] for eight rows of eight. */
AGX_AVX2 static void agx_avx2_turn(const float *from, ptrdiff_t ld, float *to, ptrdiff_t ldto) {
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
