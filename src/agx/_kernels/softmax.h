/* What the soft maximum of a row is made of: its largest element, its exponentials and their sum. Float
   loops are compiled for the compiler's baseline and for each set of instructions of simd.h. */

#ifndef AGX_SOFTMAX_H
#define AGX_SOFTMAX_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include "simd.h"

#if defined(_MSC_VER)
    #define AGX_RESTRICT __restrict
    #define AGX_INLINE static __forceinline
#else
    #define AGX_RESTRICT restrict
    #define AGX_INLINE static inline __attribute__((always_inline))
#endif

/* Running results side by side, for vectors without -ffast-math and several additions at a time. */
enum { AGX_SIDE = 64 };

#define AGX_ROW_BODIES(type)                                                                          \
    /* The largest element; a NaN wins. */                                                            \
    AGX_INLINE type agx_largest_body_##type(const type *x, ptrdiff_t n) {                             \
        type lane[AGX_SIDE], m = (type)-INFINITY;                                                     \
        ptrdiff_t i, k, body = n - n % AGX_SIDE;                                                      \
        if (body) {                                                                                   \
            for (k = 0; k < AGX_SIDE; k++) lane[k] = m;                                               \
            for (i = 0; i < body; i += AGX_SIDE)                                                      \
                for (k = 0; k < AGX_SIDE; k++) {                                                      \
                    type v = x[i + k], larger = v > lane[k] ? v : lane[k];                            \
                    lane[k] = v != v ? v : larger;                                                    \
                }                                                                                     \
            for (k = 0; k < AGX_SIDE; k++) m = lane[k] > m || lane[k] != lane[k] ? lane[k] : m;       \
        }                                                                                             \
        for (i = body; i < n; i++) m = x[i] > m || x[i] != x[i] ? x[i] : m;                           \
        return m;                                                                                     \
    }                                                                                                 \
    AGX_INLINE type agx_total_body_##type(const type *x, ptrdiff_t n) {                               \
        type lane[AGX_SIDE] = {0}, s = 0;                                                             \
        ptrdiff_t i, k, body = n - n % AGX_SIDE;                                                      \
        if (body) {                                                                                   \
            for (i = 0; i < body; i += AGX_SIDE)                                                      \
                for (k = 0; k < AGX_SIDE; k++) lane[k] += x[i + k];                                   \
            for (k = 0; k < AGX_SIDE; k++) s += lane[k];                                              \
        }                                                                                             \
        for (i = body; i < n; i++) s += x[i];                                                         \
        return s;                                                                                     \
    }
AGX_ROW_BODIES(float)
AGX_ROW_BODIES(double)

/* scale * exp(x - m) for x - m of at most about zero, to within 2 ulp and without branches:
   x - m = n ln 2 + r, a polynomial for exp(r), and 2^n put together from its bits. */
AGX_INLINE void agx_exp_body_float(
    const float *AGX_RESTRICT x, float *AGX_RESTRICT out, ptrdiff_t size, float m, float scale) {
    for (ptrdiff_t i = 0; i < size; i++) {
        float d = x[i] - m;
        float y = d > -87.3f ? d : -87.3f;
        union { float f; int32_t i; } n, power;
        n.f = y * 1.44269504f + 12582912.0f;
        float k = n.f - 12582912.0f;
        float r = (y - k * 0.693359375f) + k * 2.12194440e-4f;
        float p = 1.9875691500e-4f;
        p = p * r + 1.3981999507e-3f;
        p = p * r + 8.3334519073e-3f;
        p = p * r + 4.1665795894e-2f;
        p = p * r + 1.6666665459e-1f;
        p = p * r + 5.0000001201e-1f;
        p = p * r * r + r + 1.0f;
        power.i = (int32_t)(((uint32_t)n.i + 127u) << 23);
        out[i] = d > -87.3f ? p * power.f * scale : 0.0f;
    }
}
AGX_INLINE void agx_exp_body_double(
    const double *x, double *out, ptrdiff_t size, double m, double scale) {
    for (ptrdiff_t i = 0; i < size; i++) out[i] = exp(x[i] - m) * scale;
}
#define AGX_SCALE_BODY(type)                                                                          \
    AGX_INLINE void agx_scale_body_##type(type *x, ptrdiff_t n, type s) {                             \
        for (ptrdiff_t i = 0; i < n; i++) x[i] *= s;                                                  \
    }
AGX_SCALE_BODY(float)
AGX_SCALE_BODY(double)

#define AGX_ROW_TABLE(type)                                                                           \
    typedef struct {                                                                                  \
        type (*largest)(const type *, ptrdiff_t);                                                     \
        type (*total)(const type *, ptrdiff_t);                                                       \
        void (*exponentials)(const type *, type *, ptrdiff_t, type, type);                            \
        void (*scale)(type *, ptrdiff_t, type);                                                       \
    } agx_rows_##type;
AGX_ROW_TABLE(float)
AGX_ROW_TABLE(double)

#define AGX_ROW_LOOPS(type, isa, target)                                                              \
    target static type agx_largest_##isa##_##type(const type *x, ptrdiff_t n) {                       \
        return agx_largest_body_##type(x, n);                                                         \
    }                                                                                                 \
    target static type agx_total_##isa##_##type(const type *x, ptrdiff_t n) {                         \
        return agx_total_body_##type(x, n);                                                           \
    }                                                                                                 \
    target static void agx_exp_##isa##_##type(                                                        \
        const type *x, type *out, ptrdiff_t n, type m, type s) {                                      \
        agx_exp_body_##type(x, out, n, m, s);                                                         \
    }                                                                                                 \
    target static void agx_scale_##isa##_##type(type *x, ptrdiff_t n, type s) {                       \
        agx_scale_body_##type(x, n, s);                                                               \
    }
#define AGX_ROW(type, isa)                                                                            \
    {agx_largest_##isa##_##type, agx_total_##isa##_##type, agx_exp_##isa##_##type,                    \
     agx_scale_##isa##_##type}

AGX_ROW_LOOPS(float, base, )
AGX_ROW_LOOPS(double, base, )
static const agx_rows_double agx_double_rows = AGX_ROW(double, base);
#ifdef AGX_SIMD
AGX_ROW_LOOPS(float, avx2, __attribute__((target("avx2,fma"))))
AGX_ROW_LOOPS(float, avx512, __attribute__((target("avx512f,prefer-vector-width=512"))))
static const agx_rows_float agx_float_rows[] = {
    AGX_ROW(float, base), AGX_ROW(float, avx2), AGX_ROW(float, avx512)};
#else
static const agx_rows_float agx_float_rows[] = {AGX_ROW(float, base)};
#endif
#endif
