/* Activations of float32 and their slopes, in selects only so that loops over them vectorise.

   Included once for each set of instructions, by loop_tables.h. An activation is two functions here, a row in
   the table at the end, and its number in simd.h. */

#define VALUE(name) AGX_TARGET AGX_INLINE float AGX_SET(name)
#define SLOPE(name) AGX_TARGET AGX_INLINE float AGX_SET(name##_slope)

/* Beyond which exp(-|x|) is 0, and what multiplies it may be anything but infinite. */
#define FAR 1e30f

/* exp(-|x|) / (1 + exp(-|x|)) where x is negative, else its complement. */
VALUE(sigmoid)(float x, float a) {
    float e = agx_exp(agx_minus(x));
    return (x < 0 ? e : 1.0f) / (1.0f + e);
}

SLOPE(sigmoid)(float x, float a) {
    float e = agx_exp(agx_minus(x)), r = 1.0f / (1.0f + e);
    return e * r * r;
}

VALUE(silu)(float x, float a) {
    float e = agx_exp(agx_minus(x)), y = x < -FAR ? -FAR : x;
    return y * ((x < 0 ? e : 1.0f) / (1.0f + e));
}

SLOPE(silu)(float x, float a) {
    float e = agx_exp(agx_minus(x)), r = 1.0f / (1.0f + e), y = agx_between(x, -FAR, FAR);
    return (x < 0 ? e : 1.0f) * r * (1.0f + y * ((x < 0 ? 1.0f : e) * r));
}

VALUE(softplus)(float x, float a) {
    return (x < 0 ? 0.0f : x) + agx_log1p(agx_exp(agx_minus(x)));
}

SLOPE(softplus)(float x, float a) { return AGX_SET(sigmoid)(x, a); }

VALUE(elu)(float x, float a) {
    float e = a * agx_expm1(x < 0 ? x : 0.0f);
    return x <= 0 ? e : x;
}

SLOPE(elu)(float x, float a) {
    float e = a * agx_exp(x < 0 ? x : 0.0f);
    return x <= 0 ? e : x != x ? x : 1.0f;
}

/* The density of the normal distribution at x, up to 1 / sqrt(2 pi). The square is split in two numbers that
   are exact, for a rounded one would spoil the exponential of a large one. */
VALUE(bell)(float x) {
    agx_bits high;
    float y = agx_between(x, -20.0f, 20.0f);
    high.f = y;
    high.i &= (int32_t)0xfffff000u;
    float rest = (y - high.f) * (y + high.f);
    return agx_exp_sum(-0.5f * (high.f * high.f), -0.5f * rest);
}

/* The normal distribution function at x: half of erfc(t), t = |x| / sqrt(2), or what is missing to one.
   erfc(t) exp(t^2) (1 + 2 t) is a polynomial of (t - 2) / (t + 2), fitted to a relative error of 2^-26. */
VALUE(normal)(float x, float bell) {
    float far = -agx_minus(x * 0.70710678f), t = far > 16.0f ? 16.0f : far;
    float r = 1.0f / ((t + 2.0f) * (2.0f + 4.0f * t)), s = (t - 2.0f) * ((2.0f + 4.0f * t) * r);
    float p = -3.9944959e-4f;
    p = p * s - 1.2280023e-3f;
    p = p * s + 1.3133099e-3f;
    p = p * s + 8.6300978e-3f;
    p = p * s - 8.0601433e-3f;
    p = p * s - 5.4203883e-2f;
    p = p * s + 1.6405542e-1f;
    p = p * s - 1.6603146e-1f;
    p = p * s - 9.2763984e-2f;
    p = p * s + 1.2769784f;
    float half = p * bell * ((t + 2.0f) * r);
    return x < 0 ? half : x != x ? x : 1.0f - half;
}

VALUE(gelu)(float x, float a) {
    float y = x < -FAR ? -FAR : x;
    return y * AGX_SET(normal)(x, AGX_SET(bell)(x));
}

SLOPE(gelu)(float x, float a) {
    float bell = AGX_SET(bell)(x), y = agx_between(x, -FAR, FAR);
    return AGX_SET(normal)(x, bell) + y * (0.39894228f * bell);
}

/* tanh's form of gelu: x sigmoid(u), u = 2 sqrt(2 / pi) (x + 0.044715 x^3). */
VALUE(gelu_tanh)(float x, float a) {
    float t = agx_between(x, -50.0f, 50.0f), y = x < -FAR ? -FAR : x;
    return y * AGX_SET(sigmoid)(1.5957691f * (t + 0.044715f * t * t * t), a);
}

SLOPE(gelu_tanh)(float x, float a) {
    float t = agx_between(x, -50.0f, 50.0f), u = 1.5957691f * (t + 0.044715f * t * t * t);
    float e = agx_exp(agx_minus(u)), r = 1.0f / (1.0f + e), share = (u < 0 ? e : 1.0f) * r;
    return share + t * (1.5957691f * (1.0f + 0.134145f * t * t)) * share * ((u < 0 ? 1.0f : e) * r);
}

/* A few numbers at a time, the last of them in memory of its own, so that no loop has a remainder. */
#define LANES 64
#define ACTIVATION(name)                                                                              \
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
        const float *x, const float *g, float *out, ptrdiff_t n, float a) {                           \
        float last[LANES] = {0}, share[LANES] = {0};                                                  \
        for (; n > 0; n -= LANES, x += LANES, g += LANES, out += LANES) {                             \
            const float *from = n < LANES ? last : x, *given = n < LANES ? share : g;                 \
            float *to = n < LANES ? share : out;                                                      \
            if (n < LANES) memcpy(last, x, n * sizeof *x), memcpy(share, g, n * sizeof *g);           \
            ALONE for (int k = 0; k < LANES; k++) to[k] = given[k] * AGX_SET(name##_slope)(from[k], a); \
            if (n < LANES) memcpy(out, share, n * sizeof *out);                                       \
        }                                                                                             \
    }
#define ROW(name) {AGX_SET(name##_all), AGX_SET(name##_back)},

AGX_ACTIVATIONS(ACTIVATION)
static const agx_activation AGX_SET(activations)[] = {AGX_ACTIVATIONS(ROW)};

#undef VALUE
#undef SLOPE
#undef FAR
#undef ACTIVATION
#undef LANES
#undef ROW
