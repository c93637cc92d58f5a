/* Products of float matrices with few rows, for which a general BLAS spends its time on packing.

   c = a b and c += a b^T, rows of b and c contiguous. Compiled for the two levels of
   simd.h; never called at level 0. */

#ifndef AGX_SMALL_GEMM_H
#define AGX_SMALL_GEMM_H

#include <stddef.h>
#include "simd.h"

#ifdef AGX_SIMD

/* Six rows of c by two vectors are held in registers. Rows beyond the last repeat it and are not
   stored; the last columns are taken from an overlapping block. */
#define AGX_SMALL_KERNELS(name, isa, W)                                                               \
    typedef float name##_v __attribute__((vector_size(4 * W), aligned(4), may_alias));                \
                                                                                                      \
    __attribute__((target(isa))) static void name##_nn(                                               \
        ptrdiff_t M, ptrdiff_t N, ptrdiff_t K, const float *a, ptrdiff_t am, ptrdiff_t ak,            \
        const float *b, ptrdiff_t ldb, float *c, ptrdiff_t ldc) {                                     \
        for (ptrdiff_t m = 0; m < M; m += 6) {                                                        \
            const float *row[6];                                                                      \
            for (int i = 0; i < 6; i++) row[i] = a + (m + i < M ? m + i : M - 1) * am;                \
            for (ptrdiff_t start = 0; start < N; start += 2 * W) {                                    \
                ptrdiff_t n = start + 2 * W <= N ? start : N - 2 * W;                                 \
                name##_v s0[6], s1[6];                                                                \
                for (int i = 0; i < 6; i++) s0[i] = s1[i] = (name##_v){0};                            \
                for (ptrdiff_t k = 0; k < K; k++) {                                                   \
                    name##_v b0 = *(const name##_v *)(b + k * ldb + n);                               \
                    name##_v b1 = *(const name##_v *)(b + k * ldb + n + W);                           \
                    for (int i = 0; i < 6; i++) {                                                     \
                        s0[i] += row[i][k * ak] * b0;                                                 \
                        s1[i] += row[i][k * ak] * b1;                                                 \
                    }                                                                                 \
                }                                                                                     \
                for (int i = 0; i < 6 && m + i < M; i++) {                                            \
                    *(name##_v *)(c + (m + i) * ldc + n) = s0[i];                                     \
                    *(name##_v *)(c + (m + i) * ldc + n + W) = s1[i];                                 \
                }                                                                                     \
            }                                                                                         \
        }                                                                                             \
    }                                                                                                 \
                                                                                                      \
    __attribute__((target(isa))) static void name##_nt(                                               \
        ptrdiff_t M, ptrdiff_t N, ptrdiff_t K, const float *a, ptrdiff_t lda, const float *b,         \
        ptrdiff_t ldb, float *c, ptrdiff_t ldc) {                                                     \
        ptrdiff_t body = K - K % W;                                                                   \
        for (ptrdiff_t n = 0; n < N; n += 2)                                                          \
            for (ptrdiff_t m = 0; m < M; m += 6) {                                                    \
                const float *row[6], *x = b + n * ldb, *y = b + (n + 1 < N ? n + 1 : n) * ldb;        \
                name##_v s0[6], s1[6];                                                                \
                for (int i = 0; i < 6; i++) {                                                         \
                    row[i] = a + (m + i < M ? m + i : M - 1) * lda;                                   \
                    s0[i] = s1[i] = (name##_v){0};                                                    \
                }                                                                                     \
                for (ptrdiff_t k = 0; k < body; k += W) {                                             \
                    name##_v x0 = *(const name##_v *)(x + k), y0 = *(const name##_v *)(y + k);        \
                    for (int i = 0; i < 6; i++) {                                                     \
                        name##_v g = *(const name##_v *)(row[i] + k);                                 \
                        s0[i] += g * x0;                                                              \
                        s1[i] += g * y0;                                                              \
                    }                                                                                 \
                }                                                                                     \
                for (int i = 0; i < 6 && m + i < M; i++) {                                            \
                    float t0 = 0, t1 = 0;                                                             \
                    for (int j = 0; j < W; j++) {                                                     \
                        t0 += s0[i][j];                                                               \
                        t1 += s1[i][j];                                                               \
                    }                                                                                 \
                    for (ptrdiff_t k = body; k < K; k++) {                                            \
                        t0 += row[i][k] * x[k];                                                       \
                        t1 += row[i][k] * y[k];                                                       \
                    }                                                                                 \
                    c[(m + i) * ldc + n] += t0;                                                       \
                    if (n + 1 < N) c[(m + i) * ldc + n + 1] += t1;                                    \
                }                                                                                     \
            }                                                                                         \
    }

AGX_SMALL_KERNELS(agx_avx2, "avx2,fma", 8)
AGX_SMALL_KERNELS(agx_avx512, "avx512f", 16)

static inline void agx_small_nn(
    int level, ptrdiff_t M, ptrdiff_t N, ptrdiff_t K, const float *a, ptrdiff_t am, ptrdiff_t ak,
    const float *b, ptrdiff_t ldb, float *c, ptrdiff_t ldc) {
    if (level == 2) agx_avx512_nn(M, N, K, a, am, ak, b, ldb, c, ldc);
    else agx_avx2_nn(M, N, K, a, am, ak, b, ldb, c, ldc);
}

static inline void agx_small_nt(
    int level, ptrdiff_t M, ptrdiff_t N, ptrdiff_t K, const float *a, ptrdiff_t lda, const float *b,
    ptrdiff_t ldb, float *c, ptrdiff_t ldc) {
    if (level == 2) agx_avx512_nt(M, N, K, a, lda, b, ldb, c, ldc);
    else agx_avx2_nt(M, N, K, a, lda, b, ldb, c, ldc);
}

#else

static inline void agx_small_nn(
    int level, ptrdiff_t M, ptrdiff_t N, ptrdiff_t K, const float *a, ptrdiff_t am, ptrdiff_t ak,
    const float *b, ptrdiff_t ldb, float *c, ptrdiff_t ldc) {
    (void)level, (void)M, (void)N, (void)K, (void)a, (void)am, (void)ak, (void)b, (void)ldb;
    (void)c, (void)ldc;
}
static inline void agx_small_nt(
    int level, ptrdiff_t M, ptrdiff_t N, ptrdiff_t K, const float *a, ptrdiff_t lda, const float *b,
    ptrdiff_t ldb, float *c, ptrdiff_t ldc) {
    (void)level, (void)M, (void)N, (void)K, (void)a, (void)lda, (void)b, (void)ldb, (void)c;
    (void)ldc;
}

#endif
#endif
