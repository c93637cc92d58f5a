#ifndef AGX_EXP_H
#define AGX_EXP_H

#include <stdint.h>
#include "simd.h"

/* exp(d) for d of at most about zero or NaN, to within 2 ulp and without branches so that loops vectorise:
   d = n ln 2 + r, a polynomial for exp(r), and 2^n put together from its bits. */
AGX_INLINE float agx_exp(float d) {
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

#endif
