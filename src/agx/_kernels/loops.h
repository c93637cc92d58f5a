/* Loops over rows of numbers, in selects only so that they vectorise: once for the compiler's baseline,
   and once for each set of instructions of simd.h. */

#ifndef AGX_LOOPS_H
#define AGX_LOOPS_H

#include <stddef.h>
#include "simd.h"

#if defined(_MSC_VER)
    #define AGX_RESTRICT __restrict
    #define AGX_INLINE static __forceinline
#else
    #define AGX_RESTRICT restrict
    #define AGX_INLINE static inline __attribute__((always_inline))
#endif

enum { AGX_LANES = 64 };

/* Do j = 0 to n in blocks of B, a constant, the last of which overlaps the one before. */
#define AGX_IN_BLOCKS(size, few, n, arguments)                                                        \
    {                                                                                                 \
        enum { B = size };                                                                            \
        ptrdiff_t j = 0;                                                                              \
        for (; j + B < n; j += B) few arguments;                                                      \
        j = n - B;                                                                                    \
        few arguments;                                                                                \
    }
#define AGX_BLOCKS(few, n, arguments)                                                                 \
    if (n >= 8) AGX_IN_BLOCKS(8, few, n, arguments)                                                   \
    else if (n >= 4) AGX_IN_BLOCKS(4, few, n, arguments)                                              \
    else for (ptrdiff_t j = 0, B = 1; j < n; j++) few arguments;

#define AGX_LOOP_BODIES(type)                                                                         \
    AGX_INLINE type agx_larger_##type(type a, type b) { /* NaN wins. */                               \
        type m = b > a ? b : a;                                                                       \
        return b != b ? b : m;                                                                        \
    }                                                                                                 \
    AGX_INLINE void agx_relu_body_##type(                                                             \
        const type *AGX_RESTRICT x, type *AGX_RESTRICT out, ptrdiff_t n) {                            \
        for (ptrdiff_t i = 0; i < n; i++) out[i] = x[i] <= 0 ? 0 : x[i];                              \
    }                                                                                                 \
    AGX_INLINE void agx_relu_back_body_##type(                                                        \
        const type *AGX_RESTRICT g, const type *AGX_RESTRICT x, type *AGX_RESTRICT out,               \
        ptrdiff_t n) {                                                                                \
        for (ptrdiff_t i = 0; i < n; i++) {                                                           \
            type passed = g[i];                                                                       \
            out[i] = x[i] > 0 ? passed : 0;                                                           \
        }                                                                                             \
    }                                                                                                 \
    AGX_INLINE void agx_mask_body_##type(const type *AGX_RESTRICT x, type *AGX_RESTRICT g, ptrdiff_t n) { \
        for (ptrdiff_t i = 0; i < n; i++) {                                                           \
            type passed = g[i];                                                                       \
            g[i] = x[i] > 0 ? passed : 0;                                                             \
        }                                                                                             \
    }                                                                                                 \
    AGX_INLINE void agx_pool_few_##type(                                                              \
        const type *AGX_RESTRICT x, const type *AGX_RESTRICT y, type *AGX_RESTRICT out,               \
        const ptrdiff_t n) {                                                                          \
        for (ptrdiff_t j = 0; j < n; j++) {                                                           \
            type upper = agx_larger_##type(x[2 * j], x[2 * j + 1]);                                   \
            out[j] = agx_larger_##type(upper, agx_larger_##type(y[2 * j], y[2 * j + 1]));             \
        }                                                                                             \
    }                                                                                                 \
    AGX_INLINE void agx_unpool_few_##type(                                                            \
        const type *AGX_RESTRICT x, const type *AGX_RESTRICT y, const type *AGX_RESTRICT g,           \
        type *AGX_RESTRICT dx, type *AGX_RESTRICT dy, const ptrdiff_t n) {                            \
        for (ptrdiff_t j = 0; j < n; j++) {                                                           \
            type a = x[2 * j], b = x[2 * j + 1], c = y[2 * j], d = y[2 * j + 1];                      \
            type m = agx_larger_##type(agx_larger_##type(a, b), agx_larger_##type(c, d));             \
            type left = g[j];                                                                         \
            type after_a = a == m ? 0 : left;                                                         \
            type after_b = b == m ? 0 : after_a;                                                      \
            type after_c = c == m ? 0 : after_b;                                                      \
            type at_a = a == m ? left : 0;                                                            \
            type at_b = b == m ? after_a : 0;                                                         \
            type at_c = c == m ? after_b : 0;                                                         \
            dx[2 * j] = at_a;                                                                         \
            dx[2 * j + 1] = at_b;                                                                     \
            dy[2 * j] = at_c;                                                                         \
            dy[2 * j + 1] = after_c;                                                                  \
        }                                                                                             \
    }                                                                                                 \
    AGX_INLINE void agx_pool_body_##type(                                                             \
        const type *AGX_RESTRICT x, const type *AGX_RESTRICT y, type *AGX_RESTRICT out,               \
        ptrdiff_t n) {                                                                                \
        AGX_BLOCKS(agx_pool_few_##type, n, (x + 2 * j, y + 2 * j, out + j, B))                        \
    }                                                                                                 \
    AGX_INLINE void agx_unpool_body_##type(                                                           \
        const type *AGX_RESTRICT x, const type *AGX_RESTRICT y, const type *AGX_RESTRICT g,           \
        type *AGX_RESTRICT dx, type *AGX_RESTRICT dy, ptrdiff_t n) {                                  \
        AGX_BLOCKS(                                                                                   \
            agx_unpool_few_##type, n, (x + 2 * j, y + 2 * j, g + j, dx + 2 * j, dy + 2 * j, B))       \
    }                                                                                                 \
    AGX_INLINE type agx_sum_body_##type(                                                              \
        const type *x, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t n) {                               \
        type lane[AGX_LANES] = {0}, s = 0;                                                            \
        int k, half;                                                                                  \
        for (; rows; rows--, x += stride) {                                                           \
            ptrdiff_t i = 0;                                                                          \
            for (; i + AGX_LANES <= n; i += AGX_LANES)                                                \
                for (k = 0; k < AGX_LANES; k++) lane[k] += x[i + k];                                  \
            for (; i + 16 <= n; i += 16)                                                              \
                for (k = 0; k < 16; k++) lane[k] += x[i + k];                                         \
            for (; i < n; i++) s += x[i];                                                             \
        }                                                                                             \
        for (half = AGX_LANES / 2; half; half /= 2)                                                   \
            for (k = 0; k < half; k++) lane[k] += lane[k + half];                                     \
        return s + lane[0];                                                                           \
    }                                                                                                 \
    AGX_INLINE int agx_nan_body_##type(const type *x, ptrdiff_t n) {                                  \
        int found = 0;                                                                                \
        for (ptrdiff_t i = 0; i < n; i++) found |= x[i] != x[i];                                      \
        return found;                                                                                 \
    }
AGX_LOOP_BODIES(float)
AGX_LOOP_BODIES(double)

#define AGX_LOOP_TABLE(type)                                                                          \
    typedef struct {                                                                                  \
        void (*relu)(const type *, type *, ptrdiff_t);                                                \
        void (*mask)(const type *, type *, ptrdiff_t);                                                \
        void (*relu_back)(const type *, const type *, type *, ptrdiff_t);                             \
        void (*pool)(const type *, const type *, type *, ptrdiff_t);                                  \
        void (*unpool)(const type *, const type *, const type *, type *, type *, ptrdiff_t);          \
        type (*sum)(const type *, ptrdiff_t, ptrdiff_t, ptrdiff_t);                                   \
        int (*nan)(const type *, ptrdiff_t);                                                          \
    } agx_loops_##type;
AGX_LOOP_TABLE(float)
AGX_LOOP_TABLE(double)

#define AGX_LOOPS(type, isa, target)                                                                  \
    target static void agx_relu_##isa##_##type(const type *x, type *out, ptrdiff_t n) {               \
        agx_relu_body_##type(x, out, n);                                                              \
    }                                                                                                 \
    target static void agx_relu_back_##isa##_##type(                                                  \
        const type *g, const type *x, type *out, ptrdiff_t n) {                                       \
        agx_relu_back_body_##type(g, x, out, n);                                                      \
    }                                                                                                 \
    target static void agx_mask_##isa##_##type(const type *x, type *g, ptrdiff_t n) {                 \
        agx_mask_body_##type(x, g, n);                                                                \
    }                                                                                                 \
    target static void agx_pool_##isa##_##type(                                                       \
        const type *x, const type *y, type *out, ptrdiff_t n) {                                       \
        agx_pool_body_##type(x, y, out, n);                                                           \
    }                                                                                                 \
    target static void agx_unpool_##isa##_##type(                                                     \
        const type *x, const type *y, const type *g, type *dx, type *dy, ptrdiff_t n) {               \
        agx_unpool_body_##type(x, y, g, dx, dy, n);                                                   \
    }                                                                                                 \
    target static type agx_sum_##isa##_##type(                                                        \
        const type *x, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t n) {                               \
        return agx_sum_body_##type(x, rows, stride, n);                                               \
    }                                                                                                 \
    target static int agx_nan_##isa##_##type(const type *x, ptrdiff_t n) {                            \
        return agx_nan_body_##type(x, n);                                                             \
    }
#define AGX_LOOP_ROW(type, isa)                                                                       \
    {agx_relu_##isa##_##type, agx_mask_##isa##_##type, agx_relu_back_##isa##_##type, agx_pool_##isa##_##type, \
     agx_unpool_##isa##_##type, agx_sum_##isa##_##type, agx_nan_##isa##_##type}

AGX_LOOPS(float, base, )
AGX_LOOPS(double, base, )
#ifdef AGX_SIMD
AGX_LOOPS(float, avx2, AGX_AVX2)
AGX_LOOPS(double, avx2, AGX_AVX2)
AGX_LOOPS(float, avx512, AGX_AVX512)
AGX_LOOPS(double, avx512, AGX_AVX512)
static const agx_loops_float agx_float_loops[] = {
    AGX_LOOP_ROW(float, base), AGX_LOOP_ROW(float, avx2), AGX_LOOP_ROW(float, avx512)};
static const agx_loops_double agx_double_loops[] = {
    AGX_LOOP_ROW(double, base), AGX_LOOP_ROW(double, avx2), AGX_LOOP_ROW(double, avx512)};
#else
static const agx_loops_float agx_float_loops[] = {AGX_LOOP_ROW(float, base)};
static const agx_loops_double agx_double_loops[] = {AGX_LOOP_ROW(double, base)};
#endif
#endif
