/* What a set of vector instructions is to the kernels: tables of loops and of tiles. The sets themselves
   are in instructions.h. */

#ifndef AGX_SIMD_H
#define AGX_SIMD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(_MSC_VER)
    #define AGX_RESTRICT __restrict
    #define AGX_INLINE static __forceinline
#else
    #define AGX_RESTRICT restrict
    #define AGX_INLINE static inline __attribute__((always_inline))
#endif

/* Before a function of loops in a module that is made small: they are to be fast, or quick and not long. */
#if defined(__GNUC__) && !defined(__clang__)
#define AGX_FAST __attribute__((optimize("O3")))
#define AGX_QUICK __attribute__((optimize("O2")))
#else
#define AGX_FAST
#define AGX_QUICK
#endif

/* Before a loop whose arrays are one and the same, or have nothing in common. */
#ifdef __clang__
#define ALONE _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define ALONE _Pragma("GCC ivdep")
#else
#define ALONE
#endif

/* In a loop over what lanes leave over: in vectors it would only be long. */
#if defined(__GNUC__)
#define ONE_BY_ONE __asm__ volatile("");
#else
#define ONE_BY_ONE
#endif

/* The activations of activations.h, in the order of their numbers; how the slope is found while values are up
   to a limit. */
#define AGX_ACTIVATIONS(DO)                                                                               \
    DO(sigmoid, near, 0.96875f) DO(silu, near, 4.0f) DO(softplus, slope, INFINITY)                        \
    DO(elu, slope, INFINITY) DO(gelu, slope, INFINITY) DO(gelu_tanh, slope, INFINITY)

/* An activation with its parameter a; and its slope, where it is v, times g, maybe in the memory of g. */
typedef struct {
    void (*value)(const float *x, float *out, ptrdiff_t n, float a);
    void (*back)(const float *x, const float *v, const float *g, float *out, ptrdiff_t n, float a);
} agx_activation;

/* The loops of loops.h for one type of number, which is what all pointers point to. Results that are
   single numbers are passed as doubles, in which every float is exact. */
typedef struct {
    void (*relu)(const void *x, void *out, ptrdiff_t n);
    void (*relu_back)(const void *g, const void *x, void *out, ptrdiff_t n);
    void (*mask)(const void *x, void *g, ptrdiff_t n);
    void (*pool)(const void *upper, const void *lower, void *out, ptrdiff_t n);
    void (*unpool)(
        const void *upper, const void *lower, const void *g, void *d_upper, void *d_lower, ptrdiff_t n);
    double (*sum)(const void *x, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t n);
    int (*nan)(const void *x, ptrdiff_t n);
    int (*endless)(const void *x, ptrdiff_t n);
    double (*largest)(const void *x, ptrdiff_t n);
    double (*exp_sum)(const void *x, void *out, ptrdiff_t n, double m);
    void (*scale)(void *x, ptrdiff_t n, double s);
    double (*dot)(const void *x, const void *y, ptrdiff_t n);
    double (*total_of_line)(const void *x, ptrdiff_t n);
    void (*centre)(const void *g, const void *y, void *out, ptrdiff_t n, double d);
    void (*spread)(const void *g, const void *y, void *out, ptrdiff_t n, double s);
    void (*shift)(const void *x, void *out, ptrdiff_t n, double m, double s);
    double (*deviation)(const void *x, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t n, double m);
    double (*product)(
        const void *g, const void *x, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t n, double m);
    void (*affine)(
        const void *x, void *out, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t n, double m, double a,
        double b);
    void (*blend)(
        const void *g, const void *x, void *out, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t n, double m,
        double a, double p, double q);
    void (*row_moments)(const void *x, ptrdiff_t n, double *moments);
    void (*row_affine)(
        const void *x, const void *w, const void *b, void *out, ptrdiff_t n, double m, double r);
    void (*row_products)(
        const void *g, const void *w, const void *x, ptrdiff_t n, double m, double *sums);
    void (*row_blend)(
        const void *g, const void *w, const void *x, void *out, void *dw, void *db, ptrdiff_t n, double m,
        double r, double p, double q);
} agx_loops;

/* A step of an optimiser (updates.h), whose options begin with the learning rate. */
typedef void (*agx_update)(
    void *parameter, const void *gradient, void *const *kept, ptrdiff_t n, const double *options,
    ptrdiff_t step);

/* Products of one type of number (tile.h): ``rows`` rows are held at a time, by ``vectors`` vectors of
   ``width`` numbers; a product can also do with some fewer (agx_vectors_for). */
typedef struct {
    int rows, vectors, width;
    void (*product)(
        int vectors, ptrdiff_t K, const void *a, ptrdiff_t lda, ptrdiff_t next, const void *b,
        const ptrdiff_t *offset, const void *start, void *c, ptrdiff_t ldc);
    void (*inner)(
        ptrdiff_t N, ptrdiff_t length, const void *g, ptrdiff_t ldg, ptrdiff_t next_g, const void *x,
        ptrdiff_t next_x, const ptrdiff_t *offset, int stored, void *c, ptrdiff_t ldc);
    void (*nine)(
        const void *x, ptrdiff_t ldx, const void *a, int turned, const void *start, void *c,
        ptrdiff_t rows, ptrdiff_t columns);
} agx_tile;

/* The transforms of winograd.h. */
typedef struct {
    void (*image)(
        const float *x, ptrdiff_t row, ptrdiff_t channels, ptrdiff_t tiles, float *v, ptrdiff_t next);
    void (*gradient)(
        const float *y, ptrdiff_t row, ptrdiff_t channels, ptrdiff_t tiles, float *v, ptrdiff_t next);
    void (*result)(
        const float *m, ptrdiff_t next, ptrdiff_t ld, ptrdiff_t channels, ptrdiff_t tiles,
        const float *bias, float *y, ptrdiff_t row, float *endless);
    void (*filter)(const float *w, ptrdiff_t next_filter, int turned, float *u, ptrdiff_t next);
    void (*filter_gradient)(const float *u, ptrdiff_t next, float *w);
} agx_winograd;

/* Windows of images: the first and the last-plus-one row (OH, 2) and column (OW, 2) of each, and the steps
   from row to row and from column to column in it. */
typedef struct {
    ptrdiff_t count, H, W, OH, OW, down, across;
    const int64_t *rows, *columns;
    /* Window j has ``taps`` columns from left + j * step on, but for those outside the image; no step if that
       is not so. */
    ptrdiff_t left, step, taps;
    /* Every step-th column of an image is in one plane: numbers in its rows, and of those before the image's.
       No pitch if windows are looked at one by one. */
    ptrdiff_t pitch, pad;
    /* Whether they are pairs of columns; what an empty one gives. */
    int pairs;
    double empty;
} agx_windows;

/* Windows are looked at together: what is written of a row is rounded up to a multiple of this. */
enum { AGX_ABREAST = 16 };

typedef struct {
    const char *name;
    /* Whether this processor has the instructions; NULL where they are another architecture's. */
    int (*present)(void);
    const agx_loops *floats, *doubles;
    const agx_activation *activations;
    const agx_update *float_updates, *double_updates;
    /* Of float32 and of float64, tall ones first, the last of one row; NULL for no products of its own. */
    const agx_tile *tiles, *double_tiles;
    /* These come with tiles. to[j][i] = from[i][j] for eight rows of eight floats; to[r][i] =
       from[r][i * step] for numbers of ``item`` bytes, with ``ldto`` and ``ld`` bytes from row to row. */
    void (*turn)(const float *from, ptrdiff_t ld, float *to, ptrdiff_t ldto);
    void (*gather)(
        char *to, ptrdiff_t ldto, const char *from, ptrdiff_t ld, ptrdiff_t rows, ptrdiff_t n,
        ptrdiff_t step, int item);
    const agx_winograd *winograd;
    /* The largest elements of row i of the windows of an image, NaN before all others, and where they are
       first, less j * step; anywhere if -infinity, which surrounds the planes. ``offset`` says where in these
       the first window has each of its columns. */
    void (*find_largest)(
        const agx_windows *s, ptrdiff_t i, const float *planes, const int32_t *offset, float *best,
        int32_t *at);
    void (*sum_rows)(const float *x, ptrdiff_t rows, ptrdiff_t n, float *out);
    int (*exp)(const double *x, double *out, ptrdiff_t n); /* for at least eight */
} agx_instructions;

/* The largest tile of at most ``rows`` rows. */
static inline const agx_tile *agx_tile_for(const agx_tile *tiles, ptrdiff_t rows) {
    while (tiles->rows > rows) tiles++;
    return tiles;
}

/* The same for inner products, which read a vector for each row: squarer tiles read less. */
static inline const agx_tile *agx_inner_tile_for(const agx_tile *tiles, ptrdiff_t rows) {
    const agx_tile *t = agx_tile_for(tiles, rows);
    while (t->rows > 2 * t->vectors) t++;
    return t;
}

/* How many vectors of a tile to multiply so as to have at least ``needed``, if there are so many: one, half
   of them or all, each of which is a function of its own. */
static inline int agx_vectors_for(const agx_tile *t, ptrdiff_t needed) {
    int half = (t->vectors + 1) / 2;
    return needed <= 1 ? 1 : needed <= half ? half : t->vectors;
}

/* Copy n floats, a few at a time so that no library call is needed. */
static inline void agx_copy(float *to, const float *from, ptrdiff_t n) {
    if (n >= 8) {
        for (ptrdiff_t i = 0; i + 8 <= n; i += 8) memcpy(to + i, from + i, 32);
        memcpy(to + n - 8, from + n - 8, 32);
    } else if (n >= 4) {
        memcpy(to, from, 16);
        memcpy(to + n - 4, from + n - 4, 16);
    } else {
        for (ptrdiff_t i = 0; i < n; i++) to[i] = from[i];
    }
}

#endif
