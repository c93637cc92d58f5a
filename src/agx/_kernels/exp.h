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

/* min(|x|, most), and ``most`` for NaN */
AGX_INLINE float agx_size(float x, float most) {
    agx_bits bits, limit;
    bits.f = x, limit.f = most;
    bits.i &= 0x7fffffff;
    bits.i = bits.i < limit.i ? bits.i : limit.i;
    return bits.f;
}

/* NaN where x is, else y. */
AGX_INLINE float agx_or_nan(float y, float x) {
    agx_bits bits;
    bits.f = y;
    bits.i |= x != x ? -1 : 0;
    return bits.f;
}

/* y, and minus y for a negative x, of a y that is not negative */
AGX_INLINE float agx_signed(float y, float x) {
    agx_bits bits, sign;
    bits.f = y, sign.f = x;
    bits.i |= sign.i & (int32_t)0x80000000u;
    return bits.f;
}

/* What rounds a number to the integer in the last bits of the sum, ``more`` added to that. */
#define AGX_ROUNDER(more) (12582912.0f + more)

/* exp(h r), where that is from 0.7 to 1.5 */
AGX_INLINE float agx_exp_near(float r, const float h) {
    float p = 1.3814581e-3f * (h * h * h * h * h * h);
    p = p * r + 8.3687254e-3f * (h * h * h * h * h);
    p = p * r + 4.1668389e-2f * (h * h * h * h);
    p = p * r + 1.6666521e-1f * (h * h * h);
    p = p * r + 4.9999993e-1f * (h * h);
    p = p * r + h;
    return p * r + 1.0f;
}

/* p 2^(m - 127) for the integer m in the last bits of n */
AGX_INLINE float agx_scaled(float p, float n) {
    agx_bits power;
    power.f = n;
    power.i = (int32_t)((uint32_t)power.i << 23);
    return p * power.f;
}

/* exp(d) for d of at most zero: d = k ln 2 + r, a polynomial for exp(r), and 2^(k + 64) put together from its
   bits, so that the last factor makes the subnormals. */
AGX_INLINE float agx_exp(float d) {
    float y = d < -104.0f ? -104.0f : d;
    float n = y * 1.44269504f + AGX_ROUNDER(191.0f), k = n - AGX_ROUNDER(191.0f);
    float r = (y - k * 0.693359375f) + k * 2.12194440e-4f;
    return agx_scaled(agx_exp_near(r, 1.0f), n) * 5.4210109e-20f;
}

/* 1 / (1 + exp(-x)), with numerator and denominator times 2^-64, so that nothing overflows; some number for
   NaN. */
AGX_INLINE float agx_logistic(float x) {
    agx_bits y;
    y.f = x;
    y.i = y.i < 0x41a00000 ? y.i : 0x41a00000; /* 20 */
    y.i = (int32_t)((uint32_t)y.i < 0xc2d00000u ? (uint32_t)y.i : 0xc2d00000u); /* -104 */
    float n = y.f * -1.44269504f + AGX_ROUNDER(63.0f), k = n - AGX_ROUNDER(63.0f);
    float r = (y.f + k * 0.693359375f) - k * 2.12194440e-4f;
    return 5.4210109e-20f / (5.4210109e-20f + agx_scaled(agx_exp_near(r, -1.0f), n));
}

/* exp(-u^2 / 2) for u from 0 to 14.4. The square is split in two numbers that are exact, for a rounded one
   would spoil the exponential of a large one. */
AGX_INLINE float agx_bell(float u) {
    agx_bits high;
    high.f = u;
    high.i &= (int32_t)0xfffff000u;
    float square = high.f * high.f, rest = (u - high.f) * (u + high.f);
    float n = square * -0.72134752f + AGX_ROUNDER(191.0f), k = n - AGX_ROUNDER(191.0f);
    float r = (square + k * 1.38671875f) + (rest - k * 4.2438888e-4f);
    return agx_scaled(agx_exp_near(r, -0.5f), n) * 5.4210109e-20f;
}

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
