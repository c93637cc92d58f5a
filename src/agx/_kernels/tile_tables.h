/* The tiles of one set of instructions, for both types, and copies of rows; AGX_FLOATS is how many floats a
   vector has. */

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

#undef ROWS
#undef WIDE
#undef NARROW
#undef AGX_FLOATS
#undef AGX_FLOAT_TILES
#undef AGX_DOUBLE_TILES
