/* The tiles of one set of instructions, for both types, copies of rows, and windows of float32; AGX_FLOATS is
   how many floats a vector has. */

#define NUMBER float
#define AGX_NAME(x) AGX_SET(float_tile_##x)
#define AGX_TABLE AGX_SET(tiles)
#define AGX_WIDTH AGX_FLOATS
#define AGX_TILES AGX_FLOAT_TILES
#include "tile.h"

#ifdef AGX_DOUBLE_TILES
#define NUMBER double
#define AGX_NAME(x) AGX_SET(double_tile_##x)
#define AGX_TABLE AGX_SET(double_tiles)
#define AGX_WIDTH (AGX_FLOATS / 2)
#define AGX_TILES AGX_DOUBLE_TILES
#include "tile.h"
#endif

typedef double AGX_SET(numbers) __attribute__((vector_size(4 * AGX_FLOATS), aligned(8), may_alias));
typedef int64_t AGX_SET(words) __attribute__((vector_size(4 * AGX_FLOATS)));

#ifdef AGX_DOUBLE_TILES
/* exp(x) to a unit in the last place where that is a normal number: x = k ln 2 + r, the series of exp(r), and
   2^k put together from its bits. Tells whether some x is beyond that, of which the result is nothing. */
AGX_TARGET static int AGX_SET(exp)(const double *x, double *out, ptrdiff_t n) {
    static const double over[] = {1 / 6227020800.0, 1 / 479001600.0, 1 / 39916800.0, 1 / 3628800.0,
                                  1 / 362880.0, 1 / 40320.0, 1 / 5040.0, 1 / 720.0,
                                  1 / 120.0, 1 / 24.0, 1 / 6.0, 0.5};
    const double rounder = 6755399441055744.0; /* of which the last bit counts ones */
    AGX_SET(words) beyond = {0};
    int found = 0;
    for (ptrdiff_t i = 0; i < n; i += AGX_FLOATS / 2) {
        ptrdiff_t at = i <= n - AGX_FLOATS / 2 ? i : n - AGX_FLOATS / 2;
        AGX_SET(numbers) v = *(const AGX_SET(numbers) *)(x + at);
        AGX_SET(numbers) m = v * 1.4426950408889634 + rounder, k = m - rounder;
        AGX_SET(numbers) r = (v - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10;
        AGX_SET(numbers) p = r * over[0] + over[1];
        beyond |= (v < -708.0) | (v > 709.0);
        for (int c = 2; c < 12; c++) p = p * r + over[c];
        p = p * (r * r) + r;
        *(AGX_SET(numbers) *)(out + at) =
            (p + 1.0) * (AGX_SET(numbers))(((AGX_SET(words))m + 1023) << 52);
    }
    for (int j = 0; j < AGX_FLOATS / 2; j++) found |= beyond[j] != 0;
    return found;
}
#endif

typedef float AGX_SET(wide) __attribute__((vector_size(4 * AGX_FLOATS), aligned(4), may_alias));
typedef float AGX_SET(narrow) __attribute__((vector_size(16), aligned(4), may_alias));

/* Rows of up to two vectors, of which the second may overlap the first, and longer ones. */
#define ROWS(few, bytes, copy)                                                                        \
    if (n >= few && n <= 2 * few)                                                                     \
        for (ptrdiff_t r = 0; r < rows; r++, to += ldto, from += ld) {                                \
            copy(to, from);                                                                           \
            copy(to + 4 * (n - few), from + bytes * (n - few));                                       \
        }                                                                                             \
    else if (n > few)                                                                                 \
        for (ptrdiff_t r = 0; r < rows; r++, to += ldto, from += ld) {                                \
            for (ptrdiff_t i = 0; i + few <= n; i += few) copy(to + 4 * i, from + bytes * i);         \
            copy(to + 4 * (n - few), from + bytes * (n - few));                                       \
        }
#define WIDE(to, from) *(AGX_SET(wide) *)(to) = *(const AGX_SET(wide) *)(from)
#define NARROW(to, from) *(AGX_SET(narrow) *)(to) = *(const AGX_SET(narrow) *)(from)

AGX_TARGET static void AGX_SET(gather)(
    char *to, ptrdiff_t ldto, const char *from, ptrdiff_t ld, ptrdiff_t rows, ptrdiff_t n,
    ptrdiff_t step, int item) {
    if (step == 1) {
        if (ld == ldto && ld == n * item) n *= rows, rows = rows > 0;
        n *= item / 4;
        item = 4;
        ROWS(AGX_FLOATS, 4, WIDE)
        else ROWS(4, 4, NARROW)
        if (n >= 4) return;
    }
    if (step == 2 && item == 4 && n >= 4) {
        ROWS(4, 8, agx_every_second_of_seven)
        return;
    }
    for (ptrdiff_t r = 0; r < rows; r++, to += ldto, from += ld)
        for (ptrdiff_t i = 0; i < n; i++)
            if (item == 4)
                memcpy(to + 4 * i, from + 4 * i * step, 4);
            else
                memcpy(to + 8 * i, from + 8 * i * step, 8);
}

/* From the last element to the first, so that one comparison alone waits for those before it. */
AGX_TARGET static void AGX_SET(find_largest)(
    const agx_windows *s, ptrdiff_t i, const float *planes, const int32_t *offset, float *best,
    int32_t *at) {
    const ptrdiff_t first = s->rows[2 * i], depth = (s->rows[2 * i + 1] - first + s->down - 1) / s->down;
    for (ptrdiff_t j = 0; j < s->OW; j += AGX_FLOATS) {
        float most[AGX_FLOATS];
        int32_t place[AGX_FLOATS];
        int k;
        for (k = 0; k < AGX_FLOATS; k++) most[k] = -INFINITY;
        for (k = 0; k < AGX_FLOATS; k++) place[k] = 0;
        for (ptrdiff_t r = depth; r-- > 0;)
            for (ptrdiff_t t = s->taps; t-- > 0;) {
                const ptrdiff_t h = first + r * s->down;
                const float *x = planes + h * s->pitch + offset[t] + j;
                const int32_t here = (int32_t)(h * s->W + s->left + t * s->across);
                for (k = 0; k < AGX_FLOATS; k++) {
                    int larger = (x[k] >= most[k]) | (x[k] != x[k]);
                    most[k] = larger ? x[k] : most[k];
                    place[k] = larger ? here : place[k];
                }
            }
        for (k = 0; k < AGX_FLOATS; k++) best[j + k] = most[k];
        for (k = 0; k < AGX_FLOATS; k++) at[j + k] = place[k];
    }
}

AGX_TARGET static void AGX_SET(sum_rows)(const float *x, ptrdiff_t rows, ptrdiff_t n, float *out) {
    const ptrdiff_t most = n < AGX_FLOATS ? 1 : n < 2 * AGX_FLOATS ? AGX_FLOATS : 2 * AGX_FLOATS;
    for (ptrdiff_t r, j = 0; j < n; j += most) {
        AGX_SET(wide) low = {0}, high = {0};
        float one = 0;
        if (j > n - most) j = n - most;
        if (most == 1) {
            for (r = 0; r < rows; r++) one += x[r * n + j];
            out[j] = one;
            continue;
        }
        for (r = 0; r < rows; r++) {
            const float *from = x + r * n + j;
            low += *(const AGX_SET(wide) *)from;
            high += *(const AGX_SET(wide) *)(from + most - AGX_FLOATS);
        }
        *(AGX_SET(wide) *)(out + j) = low;
        *(AGX_SET(wide) *)(out + j + most - AGX_FLOATS) = high;
    }
}

#undef ROWS
#undef WIDE
#undef NARROW
#undef AGX_FLOATS
#undef AGX_FLOAT_TILES
#undef AGX_DOUBLE_TILES
