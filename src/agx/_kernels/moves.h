/* Copies of rows of numbers, which are words of four or eight bytes, without calls of library functions. */

#ifndef AGX_MOVES_H
#define AGX_MOVES_H

#include <stdint.h>
#include "simd.h"

#if defined(__clang__)
    #define AGX_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#elif defined(__GNUC__)
    #define AGX_SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (agx_four){__VA_ARGS__})
#endif

/* to[i] = from[2 i] for four numbers of four bytes; nothing behind the last of them is read. */
AGX_INLINE void agx_every_second_of_seven(char *to, const char *from) {
#ifdef AGX_SHUFFLE
    typedef uint32_t agx_four __attribute__((vector_size(16)));
    agx_four a, b;
    memcpy(&a, from, 16);
    memcpy(&b, from + 12, 16);
    a = AGX_SHUFFLE(a, b, 0, 2, 5, 7);
    memcpy(to, &a, 16);
#else
    for (int i = 0; i < 4; i++) memcpy(to + 4 * i, from + 8 * i, 4);
#endif
}

/* to[2 i] = even[i] and to[2 i + 1] = odd[i] for numbers of four bytes. */
AGX_INLINE void agx_interleave(char *to, const char *even, const char *odd, ptrdiff_t n) {
    ptrdiff_t i = 0;
#ifdef AGX_SHUFFLE
    typedef uint32_t agx_four __attribute__((vector_size(16)));
    for (; n >= 4 && i < n; i += 4) {
        agx_four a, b, low, high;
        if (i > n - 4) i = n - 4;
        memcpy(&a, even + 4 * i, 16);
        memcpy(&b, odd + 4 * i, 16);
        low = AGX_SHUFFLE(a, b, 0, 4, 1, 5);
        high = AGX_SHUFFLE(a, b, 2, 6, 3, 7);
        memcpy(to + 8 * i, &low, 16);
        memcpy(to + 8 * i + 16, &high, 16);
    }
#endif
    for (; i < n; i++) {
        memcpy(to + 8 * i, even + 4 * i, 4);
        memcpy(to + 8 * i + 4, odd + 4 * i, 4);
    }
}

/* to[i * step] = from[i] */
static inline void agx_scatter(char *to, const char *from, ptrdiff_t n, ptrdiff_t step, int item) {
    if (item == 4)
        for (ptrdiff_t i = 0; i < n; i++) memcpy(to + 4 * i * step, from + 4 * i, 4);
    else
        for (ptrdiff_t i = 0; i < n; i++) memcpy(to + 8 * i * step, from + 8 * i, 8);
}

#endif
