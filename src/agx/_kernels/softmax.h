/* What the soft maximum of a row is made of: its largest element, its exponentials and their sum. Float
   loops are compiled for the compiler's baseline and for each set of instructions of simd.h. */

#ifndef AGX_SOFTMAX_H
#define AGX_SOFTMAX_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include "simd.h"

/* Running results side by side, for vectors without -ffast-math and several additions at a time. */
enum { AGX_SIDE = 64 };

#define AGX_ROW_BODIES(type)                                                                          \
    /* The largest element; NaN is passed over, for its exponential shows it. */                      \
    AGX_INLINE type agx_largest_body_##type(const type *x, ptrdiff_t n) {                             \
        type lane[AGX_SIDE], m = (type)-INFINITY;                                                     \
        ptrdiff_t i = 0;                                                                              \
        int k, half;                                                                                  \
        for (k = 0; k < AGX_SIDE; k++) lane[k] = m;                                                   \
        for (; i + AGX_SIDE <= n; i += AGX_SIDE)                                                      \
            for (k = 0; k < AGX_SIDE; k++) lane[k] = x[i + k] > lane[k] ? x[i + k] : lane[k];         \
        for (; i + 16 <= n; i += 16)                                                                  \
            for (k = 0; k < 16; k++) lane[k] = x[i + k] > lane[k] ? x[i + k] : lane[k];               \
        for (half = AGX_SIDE / 2; half; half /= 2)                                                    \
            for (k = 0; k < half; k++) lane[k] = lane[k + half] > lane[k] ? lane[k + half] : lane[k]; \
        for (m = lane[0]; i < n; i++) m = x[i] > m ? x[i] : m;                                        \
        return m;                                                                                     \
    }
AGX_ROW_BODIES(float)
AGX_ROW_BODIES(double)

/* exp(d) for d of at most about zero or NaN, to within 2 ulp and without branches so that loops vectorise:
   d = n ln 2 + r, a polynomial for exp(r), and 2^n put together from its bits. */
AGX_INLINE float agx_exp_float(float d) {
    float y = d < -87.3f ? -87.3f : d;
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
    return d < -87.3f ? 0.0f : p * power.f;
}
AGX_INLINE double agx_exp_double(double d) { return exp(d); }

#define AGX_EXP_BODIES(type)                                                                          \
    /* The sum of exp(x - m), which are written too if there is an ``out``. */                        \
    AGX_INLINE type agx_exp_sum_body_##type(                                                          \
        const type *AGX_RESTRICT x, type *AGX_RESTRICT out, ptrdiff_t n, type m) {                    \
        type lane[AGX_SIDE] = {0}, e[AGX_SIDE], s = 0;                                                \
        ptrdiff_t i = 0;                                                                              \
        int k, half;                                                                                  \
        for (; i + AGX_SIDE <= n; i += AGX_SIDE) {                                                    \
            for (k = 0; k < AGX_SIDE; k++) e[k] = agx_exp_##type(x[i + k] - m);                       \
            for (k = 0; k < AGX_SIDE; k++) lane[k] += e[k];                                           \
            if (out) for (k = 0; k < AGX_SIDE; k++) out[i + k] = e[k];                                \
        }                                                                                             \
        for (; i + 16 <= n; i += 16) {                                                                \
            for (k = 0; k < 16; k++) e[k] = agx_exp_##type(x[i + k] - m);                             \
            for (k = 0; k < 16; k++) lane[k] += e[k];                                                 \
            if (out) for (k = 0; k < 16; k++) out[i + k] = e[k];                                      \
        }                                                                                             \
        for (half = AGX_SIDE / 2; half; half /= 2)                                                    \
            for (k = 0; k < half; k++) lane[k] += lane[k + half];                                     \
        for (s = lane[0]; i < n; i++) {                                                               \
            type last = agx_exp_##type(x[i] - m);                                                     \
            s += last;                                                                                \
            if (out) out[i] = last;                                                                   \
        }                                                                                             \
        return s;                                                                                     \
    }
AGX_EXP_BODIES(float)
AGX_EXP_BODIES(double)
#define AGX_SCALE_BODY(type)                                                                          \
    AGX_INLINE void agx_scale_body_##type(type *x, ptrdiff_t n, type s) {                             \
        for (ptrdiff_t i = 0; i < n; i++) x[i] *= s;                                                  \
    }
AGX_SCALE_BODY(float)
AGX_SCALE_BODY(double)

#define AGX_ROW_TABLE(type)                                                                           \
    typedef struct {                                                                                  \
        type (*largest)(const type *, ptrdiff_t);                                                     \
        type (*exp_sum)(const type *, type *, ptrdiff_t, type);                                       \
        void (*scale)(type *, ptrdiff_t, type);                                                       \
    } agx_rows_##type;
AGX_ROW_TABLE(float)
AGX_ROW_TABLE(double)

#define AGX_ROW_LOOPS(type, isa, target)                                                              \
    target static type agx_largest_##isa##_##type(const type *x, ptrdiff_t n) {                       \
        return agx_largest_body_##type(x, n);                                                         \
    }                                                                                                 \
    target static type agx_exp_sum_##isa##_##type(const type *x, type *out, ptrdiff_t n, type m) {    \
        if (out) return agx_exp_sum_body_##type(x, out, n, m);                                        \
        return agx_exp_sum_body_##type(x, 0, n, m);                                                   \
    }                                                                                                 \
    target static void agx_scale_##isa##_##type(type *x, ptrdiff_t n, type s) {                       \
        agx_scale_body_##type(x, n, s);                                                               \
    }
#define AGX_ROW_FUNCTIONS(type, isa)                                                                  \
    {agx_largest_##isa##_##type, agx_exp_sum_##isa##_##type, agx_scale_##isa##_##type}

AGX_ROW_LOOPS(float, base, )
AGX_ROW_LOOPS(double, base, )
static const agx_rows_double agx_double_rows = AGX_ROW_FUNCTIONS(double, base);
#ifdef AGX_SIMD
AGX_ROW_LOOPS(float, avx2, AGX_AVX2)
AGX_ROW_LOOPS(float, avx512, AGX_AVX512)
static const agx_rows_float agx_float_rows[] = {
    AGX_ROW_FUNCTIONS(float, base), AGX_ROW_FUNCTIONS(float, avx2), AGX_ROW_FUNCTIONS(float, avx512)};
#else
static const agx_rows_float agx_float_rows[] = {AGX_ROW_FUNCTIONS(float, base)};
#endif
#endif
