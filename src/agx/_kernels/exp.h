#ifndef AGX_EXP_H
#define AGX_EXP_H

#include <stdint.h>
#include "simd.h"

/* Functions of float32 without branches, so that loops vectorise. NaN stays NaN. */

typedef union { float f; int32_t i; } agx_bits;

/* -|x| */
AGX_INLINE float agx_minus(float x) {
    agx_bits bits;
    bits.f = x;
    bits.i |= (int32_t)0x80000000u;
    return bits.f;
}

AGX_INLINE float agx_between(float x, float low, float high) {
    float y = x < low ? low : x;
    return y > high ? high : y;
}

/* exp(d + rest) for d of at most zero, where ``rest`` is small: d = n ln 2 + r, a polynomial for exp(r), and
   2^(n + 64) put together from its bits, so that the last factor makes the subnormals. */
AGX_INLINE float agx_exp_sum(float d, float rest) {
    float y = d < -104.0f ? -104.0f : d;
    agx_bits n, power;
    n.f = y * 1.44269504f + 12582912.0f;
    float k = n.f - 12582912.0f;
    float r = (y - k * 0.693359375f) + (k * 2.12194440e-4f + rest);
    power.i = (int32_t)(((uint32_t)n.i + 191u) << 23);
    float p = 1.3814581e-3f;
    p = p * r + 8.3687254e-3f;
    p = p * r + 4.1668389e-2f;
    p = p * r + 1.6666521e-1f;
    p = p * r + 4.9999993e-1f;
    p = p * r * r + r + 1.0f;
    return p * power.f * 5.4210109e-20f;
}

AGX_INLINE float agx_exp(float d) { return agx_exp_sum(d, 0.0f); }

/* exp(d) - 1 for d of at most zero. */
AGX_INLINE float agx_expm1(float d) {
    float y = d < -18.0f ? -18.0f : d;
    agx_bits n, power;
    n.f = y * 1.44269504f + 12582912.0f;
    float k = n.f - 12582912.0f;
    float r = (y - k * 0.693359375f) + k * 2.12194440e-4f;
    power.i = (int32_t)(((uint32_t)n.i + 127u) << 23);
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r;
    return p * power.f + (power.f - 1.0f);
}

/* log(1 + e) for e from 0 to 1; the polynomial is that of Cephes' logf (Moshier, 1989). */
AGX_INLINE float agx_log1p(float e) {
    float large = e > 0.41421356f ? 1.0f : 0.0f;
    float f = e > 0.41421356f ? (e - 1.0f) * 0.5f : e;
    float p = 7.0376836292e-2f;
    p = p * f - 1.1514610310e-1f;
    p = p * f + 1.1676998740e-1f;
    p = p * f - 1.2420140846e-1f;
    p = p * f + 1.4249322787e-1f;
    p = p * f - 1.6668057665e-1f;
    p = p * f + 2.0000714765e-1f;
    p = p * f - 2.4999993993e-1f;
    p = p * f + 3.3333331174e-1f;
    float square = f * f;
    float tail = p * square * f - 2.12194440e-4f * large;
    return (f - 0.5f * square + tail) + 0.693359375f * large;
}

#endif
