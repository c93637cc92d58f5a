/* Loops of normalisation, over rows of a channel that lie ``stride`` numbers apart, or over a row alone.
   Included by loops.h. */

/* Sums of ``term`` by lanes, which hand over to wide ones before many roundings have come together. */
#define HANDED_OVER 16
#define SUMS(rows, stride, n, step, lane, wide, rest, term)                                           \
    CLEAR(lane) CLEAR(wide)                                                                           \
    for (ptrdiff_t row = 0, turns = 0; row < rows; row++, step) {                                     \
        ptrdiff_t i = 0;                                                                              \
        for (; i + LANES <= n; i += LANES) {                                                          \
            ABREAST for (int k = 0; k < LANES; k++) lane[k] += term(i + k);                           \
            if (++turns == HANDED_OVER) {                                                             \
                for (int k = 0; k < LANES; k++) wide[k] += lane[k];                                   \
                for (int k = 0; k < LANES; k++) lane[k] = 0;                                          \
                turns = 0;                                                                            \
            }                                                                                         \
        }                                                                                             \
        for (; i < n; i++) { ONE_BY_ONE rest += term(i); }                                            \
    }

PART(double, total)(const NUMBER *lane, const double *wide, double rest) {
    double s[LANES];
    for (int k = 0; k < LANES; k++) s[k] = wide[k] + lane[k];
    HALVE_ALL(s, PLUS)
    return s[0] + rest;
}

LOOP(double, sum)(const void *from, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t n) {
    const NUMBER *x = from;
    NUMBER lane[LANES];
    double wide[LANES], rest = 0;
#define TERM(i) x[i]
    SUMS(rows, stride, n, x += stride, lane, wide, rest, TERM)
#undef TERM
    return AGX_NAME(total)(lane, wide, rest);
}

/* The sum of (x - m)^2. */
LOOP(double, deviation)(const void *from, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t n, double mean) {
    const NUMBER *x = from;
    NUMBER m = (NUMBER)mean, lane[LANES];
    double wide[LANES], rest = 0;
#define TERM(i) (x[i] - m) * (x[i] - m)
    SUMS(rows, stride, n, x += stride, lane, wide, rest, TERM)
#undef TERM
    return AGX_NAME(total)(lane, wide, rest);
}

/* The sum of g (x - m). */
LOOP(double, product)(
    const void *gradient, const void *from, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t n, double mean) {
    const NUMBER *g = gradient, *x = from;
    NUMBER m = (NUMBER)mean, lane[LANES];
    double wide[LANES], rest = 0;
#define TERM(i) g[i] * (x[i] - m)
    SUMS(rows, stride, n, (x += stride, g += stride), lane, wide, rest, TERM)
#undef TERM
    return AGX_NAME(total)(lane, wide, rest);
}

/* a (x - m) + b */
LOOP(void, affine)(
    const void *from, void *to, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t n, double mean, double factor,
    double start) {
    const NUMBER m = (NUMBER)mean, a = (NUMBER)factor, b = (NUMBER)start;
    for (; rows; rows--, from = (const NUMBER *)from + stride, to = (NUMBER *)to + stride) {
        const NUMBER *AGX_RESTRICT x = from;
        NUMBER *AGX_RESTRICT y = to;
        for (ptrdiff_t i = 0; i < n; i++) y[i] = a * (x[i] - m) + b;
    }
}

/* a g + p (x - m) + q, which may be in the memory of g */
LOOP(void, blend)(
    const void *gradient, const void *from, void *to, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t n,
    double mean, double of_g, double of_x, double start) {
    const NUMBER m = (NUMBER)mean, a = (NUMBER)of_g, p = (NUMBER)of_x, q = (NUMBER)start;
    const NUMBER *g = gradient, *x = from;
    NUMBER *y = to;
    for (; rows; rows--, x += stride, g += stride, y += stride)
        ALONE for (ptrdiff_t i = 0; i < n; i++) y[i] = a * g[i] + (p * (x[i] - m) + q);
}

/* Mean and variance of a row that is not long. */
LOOP(void, row_moments)(const void *from, ptrdiff_t n, double *moments) {
    const NUMBER *x = from;
    NUMBER lane[LANES], s = 0, m;
    ptrdiff_t i = 0;
    CLEAR(lane)
    for (; i + LANES <= n; i += LANES)
        ABREAST for (int k = 0; k < LANES; k++) lane[k] += x[i + k];
    for (; i < n; i++) { ONE_BY_ONE s += x[i]; }
    m = (AGX_NAME(sum_of_lanes)(lane) + s) / n;
    CLEAR(lane)
    for (s = 0, i = 0; i + LANES <= n; i += LANES)
        ABREAST for (int k = 0; k < LANES; k++) lane[k] += (x[i + k] - m) * (x[i + k] - m);
    for (; i < n; i++) { ONE_BY_ONE s += (x[i] - m) * (x[i] - m); }
    moments[0] = m, moments[1] = (AGX_NAME(sum_of_lanes)(lane) + s) / n;
}

/* r (x - m) w + b along a row */
LOOP(void, row_affine)(
    const void *from, const void *weight, const void *bias, void *to, ptrdiff_t n, double mean,
    double scale) {
    const NUMBER *x = from, *w = weight, *b = bias;
    NUMBER *AGX_RESTRICT y = to, m = (NUMBER)mean, r = (NUMBER)scale;
    for (ptrdiff_t i = 0; i < n; i++) y[i] = (x[i] - m) * r * w[i] + b[i];
}

/* The sums of g w and of g w (x - m) along a row. */
LOOP(void, row_products)(
    const void *gradient, const void *weight, const void *from, ptrdiff_t n, double mean, double *sums) {
    const NUMBER *g = gradient, *w = weight, *x = from;
    NUMBER m = (NUMBER)mean, plain[LANES], times[LANES], s = 0, t = 0;
    ptrdiff_t i = 0;
    CLEAR(plain)
    CLEAR(times)
    for (; i + LANES <= n; i += LANES)
        ABREAST for (int k = 0; k < LANES; k++) {
            NUMBER share = g[i + k] * w[i + k];
            plain[k] += share;
            times[k] += share * (x[i + k] - m);
        }
    for (; i < n; i++) { ONE_BY_ONE s += g[i] * w[i], t += g[i] * w[i] * (x[i] - m); }
    sums[0] = AGX_NAME(sum_of_lanes)(plain) + s, sums[1] = AGX_NAME(sum_of_lanes)(times) + t;
}

/* Along a row: r g w + p (x - m) + q; g r (x - m) and g are added to the gradients of weight and bias. */
LOOP(void, row_blend)(
    const void *gradient, const void *weight, const void *from, void *to, void *d_weight, void *d_bias,
    ptrdiff_t n, double mean, double scale, double of_x, double start) {
    const NUMBER *g = gradient, *w = weight, *x = from;
    NUMBER *y = to, *AGX_RESTRICT dw = d_weight, *AGX_RESTRICT db = d_bias;
    NUMBER m = (NUMBER)mean, r = (NUMBER)scale, p = (NUMBER)of_x, q = (NUMBER)start;
    ALONE for (ptrdiff_t i = 0; i < n; i++) {
        NUMBER share = g[i], c = x[i] - m;
        dw[i] += share * (r * c);
        db[i] += share;
        y[i] = r * (share * w[i]) + (p * c + q);
    }
}

#undef HANDED_OVER
#undef SUMS
