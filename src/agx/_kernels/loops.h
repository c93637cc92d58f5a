/* Loops over rows of numbers, in selects only so that they vectorise. Included once for each set of
   instructions and each type, with NUMBER (the type), EXP, AGX_NAME, AGX_TABLE and AGX_TARGET defined.
   A loop is written once: here, with its name in the table at the end; simd.h says what it takes. */

#define LOOP(returned, name) AGX_TARGET static returned AGX_NAME(name)
#define PART(returned, name) AGX_TARGET AGX_INLINE returned AGX_NAME(name)

/* Running results side by side, for vectors without -ffast-math and several additions at a time. */
#define LANES 64

/* What is left of lanes: one number. Loops of known lengths, for short rows have many of them. */
#define PLUS(a, b) a + b
#define LARGER(a, b) b > a ? b : a
#define CLEAR(lane) ABREAST for (int k = 0; k < LANES; k++) lane[k] = 0;
#define HALVE(lane, n, with) for (int k = 0; k < n; k++) lane[k] = with(lane[k], lane[k + n]);
#define HALVE_ALL(lane, with) \
    HALVE(lane, 32, with) HALVE(lane, 16, with) HALVE(lane, 8, with) HALVE(lane, 4, with)                 \
    HALVE(lane, 2, with) HALVE(lane, 1, with)

PART(NUMBER, sum_of_lanes)(NUMBER *lane) {
    HALVE_ALL(lane, PLUS)
    return lane[0];
}

/* --- relu ------------------------------------------------------------------------------------- */

LOOP(void, relu)(const void *AGX_RESTRICT from, void *AGX_RESTRICT to, ptrdiff_t n) {
    const NUMBER *x = from;
    NUMBER *out = to;
    for (ptrdiff_t i = 0; i < n; i++) out[i] = x[i] <= 0 ? 0 : x[i];
}

LOOP(void, relu_back)(
    const void *AGX_RESTRICT gradient, const void *AGX_RESTRICT at, void *AGX_RESTRICT to, ptrdiff_t n) {
    const NUMBER *g = gradient, *x = at;
    NUMBER *out = to;
    for (ptrdiff_t i = 0; i < n; i++) {
        NUMBER passed = g[i];
        out[i] = x[i] > 0 ? passed : 0;
    }
}

LOOP(void, mask)(const void *AGX_RESTRICT at, void *AGX_RESTRICT gradient, ptrdiff_t n) {
    const NUMBER *x = at;
    NUMBER *g = gradient;
    for (ptrdiff_t i = 0; i < n; i++) {
        NUMBER passed = g[i];
        g[i] = x[i] > 0 ? passed : 0;
    }
}

/* --- windows of two by two, in blocks of which the last overlaps the one before ----------------- */

PART(NUMBER, larger)(NUMBER a, NUMBER b) { /* NaN wins. */
    NUMBER m = b > a ? b : a;
    return b != b ? b : m;
}

PART(void, pool_few)(
    const NUMBER *AGX_RESTRICT x, const NUMBER *AGX_RESTRICT y, NUMBER *AGX_RESTRICT out,
    const ptrdiff_t n) {
    for (ptrdiff_t j = 0; j < n; j++) {
        NUMBER upper = AGX_NAME(larger)(x[2 * j], x[2 * j + 1]);
        out[j] = AGX_NAME(larger)(upper, AGX_NAME(larger)(y[2 * j], y[2 * j + 1]));
    }
}

PART(void, unpool_few)(
    const NUMBER *AGX_RESTRICT x, const NUMBER *AGX_RESTRICT y, const NUMBER *AGX_RESTRICT g,
    NUMBER *AGX_RESTRICT dx, NUMBER *AGX_RESTRICT dy, const ptrdiff_t n) {
    for (ptrdiff_t j = 0; j < n; j++) {
        NUMBER a = x[2 * j], b = x[2 * j + 1], c = y[2 * j], d = y[2 * j + 1];
        NUMBER m = AGX_NAME(larger)(AGX_NAME(larger)(a, b), AGX_NAME(larger)(c, d));
        NUMBER left = g[j];
        /* Where the largest is NaN, none is equal to it, and the first NaN is meant. */
        NUMBER after_a = (a == m) | (a != a) ? 0 : left;
        NUMBER after_b = (b == m) | (b != b) ? 0 : after_a;
        NUMBER after_c = (c == m) | (c != c) ? 0 : after_b;
        NUMBER at_a = (a == m) | (a != a) ? left : 0;
        NUMBER at_b = (b == m) | (b != b) ? after_a : 0;
        NUMBER at_c = (c == m) | (c != c) ? after_b : 0;
        dx[2 * j] = at_a;
        dx[2 * j + 1] = at_b;
        dy[2 * j] = at_c;
        dy[2 * j + 1] = after_c;
    }
}

PART(void, pool_blocks)(
    const NUMBER *x, const NUMBER *y, NUMBER *out, ptrdiff_t n, const ptrdiff_t block) {
    ptrdiff_t j = 0;
    for (; j + block < n; j += block) AGX_NAME(pool_few)(x + 2 * j, y + 2 * j, out + j, block);
    j = n - block;
    AGX_NAME(pool_few)(x + 2 * j, y + 2 * j, out + j, block);
}

PART(void, unpool_blocks)(
    const NUMBER *x, const NUMBER *y, const NUMBER *g, NUMBER *dx, NUMBER *dy, ptrdiff_t n,
    const ptrdiff_t block) {
    ptrdiff_t j = 0;
    for (; j + block < n; j += block)
        AGX_NAME(unpool_few)(x + 2 * j, y + 2 * j, g + j, dx + 2 * j, dy + 2 * j, block);
    j = n - block;
    AGX_NAME(unpool_few)(x + 2 * j, y + 2 * j, g + j, dx + 2 * j, dy + 2 * j, block);
}

LOOP(void, pool)(const void *x, const void *y, void *out, ptrdiff_t n) {
    if (n >= 8) AGX_NAME(pool_blocks)(x, y, out, n, 8);
    else if (n >= 4) AGX_NAME(pool_blocks)(x, y, out, n, 4);
    else if (n) AGX_NAME(pool_blocks)(x, y, out, n, 1);
}

LOOP(void, unpool)(const void *x, const void *y, const void *g, void *dx, void *dy, ptrdiff_t n) {
    if (n >= 8) AGX_NAME(unpool_blocks)(x, y, g, dx, dy, n, 8);
    else if (n >= 4) AGX_NAME(unpool_blocks)(x, y, g, dx, dy, n, 4);
    else if (n) AGX_NAME(unpool_blocks)(x, y, g, dx, dy, n, 1);
}

/* --- NaN and infinities ------------------------------------------------------------------------------- */

LOOP(int, nan)(const void *from, ptrdiff_t n) {
    const NUMBER *x = from, *y = x + n / 2; /* One comparison looks at two. */
    int found = n & 1 && x[n - 1] != x[n - 1];
    for (ptrdiff_t i = 0; i < n / 2; i++) found |= isunordered(x[i], y[i]);
    return found;
}

LOOP(int, endless)(const void *from, ptrdiff_t n) { /* Infinities and NaN. */
    const NUMBER *x = from;
    NUMBER lane[LANES], s = 0;
    ptrdiff_t i = 0;
    CLEAR(lane)
    for (; i + LANES <= n; i += LANES)
        ABREAST for (int k = 0; k < LANES; k++) lane[k] += x[i + k] * 0;
    for (; i < n; i++) { ONE_BY_ONE s += x[i] * 0; }
    return s + AGX_NAME(sum_of_lanes)(lane) != 0;
}

/* --- what the soft maximum of a row is made of ---------------------------------------------------- */

/* The largest element; NaN is passed over, for its exponential shows it. */
LOOP(double, largest)(const void *from, ptrdiff_t n) {
    const NUMBER *x = from;
    NUMBER m = (NUMBER)-INFINITY;
    ptrdiff_t i = 0;
    if (n >= 16) { /* Short rows do without lanes. */
        NUMBER lane[LANES];
        int k;
        for (k = 0; k < LANES; k++) lane[k] = m;
        for (; i + LANES <= n; i += LANES)
            ABREAST for (k = 0; k < LANES; k++) lane[k] = x[i + k] > lane[k] ? x[i + k] : lane[k];
        for (; i + 16 <= n; i += 16)
            for (k = 0; k < 16; k++) lane[k] = x[i + k] > lane[k] ? x[i + k] : lane[k];
        HALVE_ALL(lane, LARGER)
        m = lane[0];
    }
    for (; i < n; i++) { ONE_BY_ONE m = x[i] > m ? x[i] : m; }
    return m;
}

/* The sum of exp(x - m), which are written too if there is an ``out``. */
PART(NUMBER, exp_few)(const NUMBER *AGX_RESTRICT x, NUMBER *AGX_RESTRICT out, ptrdiff_t n, NUMBER m) {
    NUMBER s = 0;
    ptrdiff_t i = 0;
    if (n >= 16) {
        NUMBER lane[16] = {0}, e[16];
        int k;
        for (; i + 16 <= n; i += 16) {
            for (k = 0; k < 16; k++) e[k] = EXP(x[i + k] - m);
            for (k = 0; k < 16; k++) lane[k] += e[k];
            if (out) for (k = 0; k < 16; k++) out[i + k] = e[k];
        }
        HALVE(lane, 8, PLUS) HALVE(lane, 4, PLUS) HALVE(lane, 2, PLUS)
        s = lane[0] + lane[1];
    }
    for (; i < n; i++) {
        NUMBER last = EXP(x[i] - m);
        s += last;
        if (out) out[i] = last;
    }
    return s;
}

LOOP(double, exp_sum)(const void *x, void *out, ptrdiff_t n, double m) {
    if (out) return AGX_NAME(exp_few)(x, out, n, (NUMBER)m);
    return AGX_NAME(exp_few)(x, NULL, n, (NUMBER)m);
}

LOOP(void, scale)(void *from, ptrdiff_t n, double s) {
    NUMBER *x = from, factor = (NUMBER)s;
    for (ptrdiff_t i = 0; i < n; i++) x[i] *= factor;
}

LOOP(double, dot)(const void *left, const void *right, ptrdiff_t n) {
    const NUMBER *x = left, *y = right;
    NUMBER lane[LANES], s = 0;
    ptrdiff_t i = 0;
    CLEAR(lane)
    for (; i + LANES <= n; i += LANES)
        ABREAST for (int k = 0; k < LANES; k++) lane[k] += x[i + k] * y[i + k];
    for (; i < n; i++) { ONE_BY_ONE s += x[i] * y[i]; }
    return s + AGX_NAME(sum_of_lanes)(lane);
}

/* The sum of a line; what lanes have added up a few times goes on as a double. */
LOOP(double, total_of_line)(const void *from, ptrdiff_t n) {
    const NUMBER *x = from;
    double s = 0;
    while (n > 0) {
        ptrdiff_t i = 0, stop = n < 16 * LANES ? n : 16 * LANES;
        NUMBER lane[LANES] = {0}, rest = 0;
        for (; i + LANES <= stop; i += LANES)
            ABREAST for (int k = 0; k < LANES; k++) lane[k] += x[i + k];
        for (; i + 8 <= stop; i += 8)
            ABREAST for (int k = 0; k < 8; k++) lane[k] += x[i + k];
        for (; i < stop; i++) { ONE_BY_ONE rest += x[i]; }
        s += rest + AGX_NAME(sum_of_lanes)(lane);
        x += stop;
        n -= stop;
    }
    return s;
}

/* y (g - d) */
LOOP(void, centre)(
    const void *AGX_RESTRICT gradient, const void *AGX_RESTRICT at, void *AGX_RESTRICT to, ptrdiff_t n,
    double d) {
    const NUMBER *g = gradient, *y = at;
    NUMBER *out = to, mean = (NUMBER)d;
    for (ptrdiff_t i = 0; i < n; i++) out[i] = y[i] * (g[i] - mean);
}

/* g - exp(y) s, for y of at most about zero */
LOOP(void, spread)(
    const void *AGX_RESTRICT gradient, const void *AGX_RESTRICT at, void *AGX_RESTRICT to, ptrdiff_t n,
    double s) {
    const NUMBER *g = gradient, *y = at;
    NUMBER *out = to, total = (NUMBER)s;
    for (ptrdiff_t i = 0; i < n; i++) out[i] = g[i] - EXP(y[i]) * total;
}

/* (x - m) - s, and 0 - s between equal infinities */
LOOP(void, shift)(
    const void *AGX_RESTRICT from, void *AGX_RESTRICT to, ptrdiff_t n, double largest, double s) {
    const NUMBER *x = from;
    NUMBER *out = to, m = (NUMBER)largest, less = (NUMBER)s;
    for (ptrdiff_t i = 0; i < n; i++) {
        NUMBER below = x[i] - m;
        out[i] = (x[i] == m ? 0 : below) - less;
    }
}

#include "norm.h"

static const agx_loops AGX_TABLE = {
    AGX_NAME(relu), AGX_NAME(relu_back), AGX_NAME(mask), AGX_NAME(pool), AGX_NAME(unpool), AGX_NAME(sum),
    AGX_NAME(nan), AGX_NAME(endless), AGX_NAME(largest), AGX_NAME(exp_sum), AGX_NAME(scale), AGX_NAME(dot),
    AGX_NAME(total_of_line),
    AGX_NAME(centre), AGX_NAME(spread), AGX_NAME(shift),
    AGX_NAME(deviation), AGX_NAME(product), AGX_NAME(affine), AGX_NAME(blend), AGX_NAME(row_moments),
    AGX_NAME(row_affine), AGX_NAME(row_products), AGX_NAME(row_blend),
};

#undef LOOP
#undef PLUS
#undef LARGER
#undef CLEAR
#undef HALVE
#undef HALVE_ALL
#undef PART
#undef LANES
#undef NUMBER
#undef EXP
#undef AGX_NAME
#undef AGX_TABLE
