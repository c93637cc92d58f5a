/* The tiles of one set of instructions, for both types, and copies of rows; AGX_FLOATS is how many fit a vector. */

#define NUMBER float
#define AGX_NAME(x) AGX_SET(float_##x)
#define AGX_TABLE AGX_SET(tiles)
#define AGX_WIDTH AGX_FLOATS
#define AGX_TILES AGX_FLOAT_TILES
#include "tile.h"

#define NUMBER double
#define AGX_NAME(x) AGX_SET(double_##x)
#define AGX_TABLE AGX_SET(double_tiles)
#define AGX_WIDTH (AGX_FLOATS / 2)
#define AGX_TILES AGX_DOUBLE_TILES
#include "tile.h"

typedef float AGX_SET(wide) __attribute__((vector_size(4 * AGX_FLOATS), aligned(4), may_alias));
typedef float AGX_SET(narrow) __attribute__((vector_size(16), aligned(4), may_alias));

/* The last vector of a row may overlap the one before. */
#define COPY(vector, few)                                                                             \
    if (n >= few) {                                                                                   \
        for (i = 0; i + few <= n; i += few) *(vector *)(to + i) = *(const vector *)(from + i);        \
        if (i < n) *(vector *)(to + n - few) = *(const vector *)(from + n - few);                     \
        return;                                                                                       \
    }

AGX_TARGET AGX_INLINE void AGX_SET(copy)(float *to, const float *from, ptrdiff_t n) {
    ptrdiff_t i;
    COPY(AGX_SET(wide), AGX_FLOATS)
    COPY(AGX_SET(narrow), 4)
    for (i = 0; i < n; i++) to[i] = from[i];
}

AGX_TARGET static void AGX_SET(gather)(
    char *to, ptrdiff_t ldto, const char *from, ptrdiff_t ld, ptrdiff_t rows, ptrdiff_t n,
    ptrdiff_t step, int item) {
    if (step == 1 && ld == ldto && ld == n * item) n *= rows, rows = rows > 0;
    for (ptrdiff_t r = 0; r < rows; r++, to += ldto, from += ld)
        if (step == 1)
            AGX_SET(copy)((float *)to, (const float *)from, n * (item / 4));
        else if (step == 2 && item == 4)
            agx_every_second(to, from, n);
        else if (item == 4)
            for (ptrdiff_t i = 0; i < n; i++) memcpy(to + 4 * i, from + 4 * i * step, 4);
        else
            for (ptrdiff_t i = 0; i < n; i++) memcpy(to + 8 * i, from + 8 * i * step, 8);
}

#undef COPY
#undef AGX_FLOATS
#undef AGX_FLOAT_TILES
#undef AGX_DOUBLE_TILES
