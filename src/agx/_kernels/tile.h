/* Products of a few rows at a time, kept in registers: the innermost loops of convolution.

   A row of the second factor is any run of floats at an offset of its own: for convolution the image
   itself, shifted, so that patches are never copied. Included once for each set of instructions, with
   AGX_NAME, AGX_ISA and AGX_WIDTH (floats in a vector) defined. */

typedef float AGX_SET(vector) __attribute__((vector_size(4 * AGX_WIDTH)));
typedef float AGX_SET(loose) __attribute__((vector_size(4 * AGX_WIDTH), aligned(4), may_alias));

#define VECTOR AGX_SET(vector)
#define LOAD(p) ((VECTOR)(*(const AGX_SET(loose) *)(p)))
#define STORE(p, v) (*(AGX_SET(loose) *)(p) = (AGX_SET(loose))(v))
#define INLINE AGX_TARGET AGX_INLINE
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* c[i][:] = start[i] + sum over k of a[k][i] * b[offset[k] + :], for R rows of V vectors; without
   ``start`` the sum is added to c. */
INLINE void AGX_SET(product)(
    const int R, const int V, ptrdiff_t K, const float *a, const float *b, const ptrdiff_t *offset,
    const float *start, float *c, ptrdiff_t ldc) {
    VECTOR s[8][8];
    UNROLL for (int i = 0; i < R; i++)
        UNROLL for (int j = 0; j < V; j++)
            s[i][j] = start ? start[i] - (VECTOR){0} : LOAD(c + i * ldc + j * AGX_WIDTH);
    for (ptrdiff_t k = 0; k < K; k++, a += R) {
        const float *row = b + offset[k];
        VECTOR x[8];
        UNROLL for (int j = 0; j < V; j++) x[j] = LOAD(row + j * AGX_WIDTH);
        UNROLL for (int i = 0; i < R; i++)
            UNROLL for (int j = 0; j < V; j++) s[i][j] += a[i] * x[j];
    }
    UNROLL for (int i = 0; i < R; i++)
        UNROLL for (int j = 0; j < V; j++) STORE(c + i * ldc + j * AGX_WIDTH, s[i][j]);
}

/* c[i][j] += sum over n and p of g[n][i][p] * x[n][offset[j] + p], for R rows by V offsets, of which
   the first ``stored`` count; p runs over ``length`` floats, a multiple of the vector. */
INLINE void AGX_SET(inner)(
    const int R, const int V, ptrdiff_t N, ptrdiff_t length, const float *g, ptrdiff_t ldg,
    ptrdiff_t next_g, const float *x, ptrdiff_t next_x, const ptrdiff_t *offset, int stored, float *c,
    ptrdiff_t ldc) {
    VECTOR s[8][8];
    UNROLL for (int i = 0; i < R; i++)
        UNROLL for (int j = 0; j < V; j++) s[i][j] = (VECTOR){0};
    for (ptrdiff_t n = 0; n < N; n++, g += next_g, x += next_x)
        for (ptrdiff_t p = 0; p < length; p += AGX_WIDTH) {
            VECTOR y[8];
            UNROLL for (int j = 0; j < V; j++) y[j] = LOAD(x + offset[j] + p);
            UNROLL for (int i = 0; i < R; i++) {
                VECTOR u = LOAD(g + i * ldg + p);
                UNROLL for (int j = 0; j < V; j++) s[i][j] += u * y[j];
            }
        }
    UNROLL for (int i = 0; i < R; i++) {
        float total[8];
        UNROLL for (int j = 0; j < V; j += 2)
            AGX_SET(totals)(s[i][j], s[i][j + 1 < V ? j + 1 : j], total + j);
        for (int j = 0; j < stored; j++) c[i * ldc + j] += total[j];
    }
}

#define PRODUCT(R, V, most)                                                                           \
    case V:                                                                                           \
        if (V <= most) AGX_SET(product)(R, V, K, a, b, offset, start, c, ldc);                        \
        return;

#define TILE(R, V)                                                                                    \
    AGX_TARGET static void AGX_SET(product_##R)(                                                      \
        int vectors, ptrdiff_t K, const float *a, const float *b, const ptrdiff_t *offset,            \
        const float *start, float *c, ptrdiff_t ldc) {                                                \
        switch (vectors) {                                                                            \
            PRODUCT(R, 1, V) PRODUCT(R, 2, V) PRODUCT(R, 3, V) PRODUCT(R, 4, V)                       \
            PRODUCT(R, 5, V) PRODUCT(R, 6, V) PRODUCT(R, 7, V) PRODUCT(R, 8, V)                       \
        }                                                                                             \
    }                                                                                                 \
    AGX_TARGET static void AGX_SET(inner_##R)(                                                        \
        ptrdiff_t N, ptrdiff_t length, const float *g, ptrdiff_t ldg, ptrdiff_t next_g,               \
        const float *x, ptrdiff_t next_x, const ptrdiff_t *offset, int stored, float *c,              \
        ptrdiff_t ldc) {                                                                              \
        AGX_SET(inner)(                                                                               \
            R, V, N, length, g, ldg, next_g, x, next_x, offset, stored, c, ldc);                      \
    }
#define ROW(R, V) {R, V, AGX_WIDTH, AGX_SET(product_##R), AGX_SET(inner_##R)},

AGX_TILES(TILE)
static const agx_tile AGX_SET(tiles)[] = {AGX_TILES(ROW)};

#undef VECTOR
#undef LOAD
#undef STORE
#undef INLINE
#undef UNROLL
#undef PRODUCT
#undef TILE
#undef ROW
#undef AGX_TILES
#undef AGX_WIDTH
