/* Activations of float32 and their slopes, in selects only so that loops over them vectorise.

   Included once for each set of instructions, by loop_tables.h. An activation is two functions here, a row in
   the table at the end, and its number in simd.h. */

#define VALUE(name) AGX_TARGET AGX_INLINE float AGX_SET(name)
#define SLOPE(name) AGX_TARGET AGX_INLINE float AGX_SET(name##_slope)
#define NEAR(name) AGX_TARGET AGX_INLINE float AGX_SET(name##_near)

/* Beyond which exp(-|x|) is 0, and what multiplies it may be anything but infinite. */
#define FAR 1e30f
/* Beyond which the normal distribution is 0 or 1. */
#define MOST 14.4f

VALUE(sigmoid)(float x, float a) { return agx_or_nan(agx_logistic(x), x); }

/* What is missing to one keeps its digits where the value does not come close to one. */
NEAR(sigmoid)(float x, float v, float a) { return v * (1.0f - v); }

SLOPE(sigmoid)(float x, float v, float a) {
    float less = agx_logistic(agx_minus(x));
    return agx_or_nan(less * (1.0f - less), x);
}

VALUE(silu)(float x, float a) { return (x < -FAR ? -FAR : x) * agx_logistic(x); }

/* v / x, one half where x is too small to tell. */
VALUE(share)(float x, float v) { return agx_size(x, FAR) < 1e-30f ? 0.5f : v / x; }

NEAR(silu)(float x, float v, float a) {
    float s = AGX_SET(share)(x, v);
    return s + v * (1.0f - s);
}

SLOPE(silu)(float x, float v, float a) {
    float less = agx_logistic(agx_minus(x)), y = agx_between(x, -FAR, FAR);
    return (x < 0 ? less : 1.0f - less) * (1.0f + y * (x < 0 ? 1.0f - less : less));
}

VALUE(softplus)(float x, float a) {
    return (x < 0 ? 0.0f : x) + agx_log1p(agx_exp(agx_minus(x)));
}

SLOPE(softplus)(float x, float v, float a) { return AGX_SET(sigmoid)(x, a); }

VALUE(elu)(float x, float a) {
    float e = a * agx_expm1(x < 0 ? x : 0.0f);
    return x <= 0 ? e : x;
}

SLOPE(elu)(float x, float v, float a) {
    float e = a * agx_exp(x < 0 ? x : 0.0f);
    return x <= 0 ? e : x != x ? x : 1.0f;
}

/* x times the normal distribution function, which is exp(-x^2 / 2) times a polynomial of q below zero, fitted
   to a relative error of 2^-26, and what is missing to one above. */
VALUE(gelu)(float x, float a) {
    float u = agx_size(x, MOST), q = 1.0f / (u + 3.75f), p = 4439.5034f;
    p = p * q - 5415.7422f;
    p = p * q + 2102.8108f;
    p = p * q - 278.1529f;
    p = p * q + 94.403183f;
    p = p * q + 12.766049f;
    p = p * q + 5.3952966f;
    p = p * q + 1.4910022f;
    p = p * q + 0.39900121f;
    return (x < 0 ? 0.0f : x) - p * q * agx_bell(u) * u;
}

SLOPE(gelu)(float x, float v, float a) {
    float u = agx_size(x, MOST), share = agx_size(v, MOST) / u, more = u * (0.39894228f * agx_bell(u));
    return agx_or_nan((u < 1e-30f ? 0.5f : share) + agx_signed(more, x), x);
}

/* tanh's form of gelu: x sigmoid(u), u = 2 sqrt(2 / pi) (x + 0.044715 x^3). */
VALUE(gelu_tanh)(float x, float a) {
    float t = agx_between(x, -50.0f, 50.0f), y = x < -FAR ? -FAR : x;
    return y * agx_logistic(1.5957691f * (t + 0.044715f * t * t * t));
}

SLOPE(gelu_tanh)(float x, float v, float a) {
    float t = agx_between(x, -50.0f, 50.0f), u = 1.5957691f * (t + 0.044715f * t * t * t);
    float less = agx_logistic(agx_minus(u)), more = 1.0f - less;
    return (u < 0 ? less : more) + t * (1.5957691f * (1.0f + 0.134145f * t * t)) * (less * more);
}

/* A few numbers at a time, the last of them in memory of its own, so that no loop has a remainder. Where none
   of the values is beyond ``limit``, the slope is found the quick way. */
#define LANES 64
#define ACTIVATION(name, quick, limit)                                                                \
    AGX_TARGET static void AGX_SET(name##_all)(const float *x, float *out, ptrdiff_t n, float a) {    \
        float last[LANES] = {0};                                                                      \
        for (; n > 0; n -= LANES, x += LANES, out += LANES) {                                         \
            const float *from = n < LANES ? last : x;                                                 \
            float *to = n < LANES ? last : out;                                                       \
            if (n < LANES) agx_copy(last, x, n);                                                      \
            ALONE for (int k = 0; k < LANES; k++) to[k] = AGX_SET(name)(from[k], a);                  \
            if (n < LANES) agx_copy(out, last, n);                                                    \
        }                                                                                             \
    }                                                                                                 \
    AGX_TARGET static void AGX_SET(name##_back)(                                                      \
        const float *x, const float *v, const float *g, float *out, ptrdiff_t n, float a) {           \
        float last[3][LANES] = {{0}};                                                                 \
        for (; n > 0; n -= LANES, x += LANES, v += LANES, g += LANES, out += LANES) {                 \
            const float *from = x, *value = v, *given = g;                                            \
            float *to = out;                                                                          \
            int beyond = 0;                                                                           \
            if (n < LANES) {                                                                          \
                from = memcpy(last[0], x, n * sizeof *x), value = memcpy(last[1], v, n * sizeof *v);  \
                given = to = memcpy(last[2], g, n * sizeof *g);                                       \
            }                                                                                         \
            for (int k = 0; k < LANES; k++) beyond |= value[k] > limit;                               \
            if (beyond) {                                                                             \
                ALONE for (int k = 0; k < LANES; k++) {                                               \
                    float by_value = AGX_SET(name##_##quick)(from[k], value[k], a);                   \
                    float by_slope = AGX_SET(name##_slope)(from[k], value[k], a);                     \
                    float share = given[k] * (value[k] > limit ? by_slope : by_value);                \
                    to[k] = given[k] == 0 ? given[k] : share;                                         \
                }                                                                                     \
            } else {                                                                                  \
                ALONE for (int k = 0; k < LANES; k++) {                                               \
                    float share = given[k] * AGX_SET(name##_##quick)(from[k], value[k], a);           \
                    to[k] = given[k] == 0 ? given[k] : share;                                         \
                }                                                                                     \
            }                                                                                         \
            if (n < LANES) memcpy(out, to, n * sizeof *to);                                           \
        }                                                                                             \
    }
#define ROW(name, quick, limit) {AGX_SET(name##_all), AGX_SET(name##_back)},

AGX_ACTIVATIONS(ACTIVATION)
static const agx_activation AGX_SET(activations)[] = {AGX_ACTIVATIONS(ROW)};

#undef VALUE
#undef SLOPE
#undef NEAR
#undef FAR
#undef MOST
#undef ACTIVATION
#undef LANES
#undef ROW
