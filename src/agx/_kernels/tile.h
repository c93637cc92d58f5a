/* Products of a few rows at a time, kept in registers: the innermost loops of convolution.

   A row of the second factor is any run of floats at an offset of its own: for convolution the image
   itself, shifted, so that patches are never copied. Included once for each set of instructions, with
   AGX_NAME, AGX_ISA and AGX_WIDTH (floats in a vector) defined. */

typedef float AGX_NAME(vector) __attribute__((vector_size(4 * AGX_WIDTH)));
typedef float AGX_NAME(loose) __attribute__((vector_size(4 * AGX_WIDTH), aligned(4), may_alias));

#define VECTOR AGX_NAME(vector)
#define LOAD(p) ((VECTOR)(*(const AGX_NAME(loose) *)(p)))
#define STORE(p, v) (*(AGX_NAME(loose) *)(p) = (AGX_NAME(loose))(v))
#define INLINE static inline __attribute__((always_inline, target(AGX_ISA)))

/* c[i][:] = start[i] + sum over k of a[k][i] * b[offset[k] + :], for R rows of V vectors; without
   ``start`` the sum is added to c. */
INLINE void AGX_NAME(product)(
    const int R, const int V, ptrdiff_t K, const float *a, const float *b, const ptrdiff_t *offset,
    const float *start, float *c, ptrdiff_t ldc) {
    VECTOR s[8][8];
    AGX_UNROLL for (int i = 0; i < R; i++)
        AGX_UNROLL for (int j = 0; j < V; j++)
            s[i][j] = start ? start[i] - (VECTOR){0} : LOAD(c + i * ldc + j * AGX_WIDTH);
    for (ptrdiff_t k = 0; k < K; k++, a += R) {
        const float *row = b + offset[k];
        VECTOR x[8];
        AGX_UNROLL for (int j = 0; j < V; j++) x[j] = LOAD(row + j * AGX_WIDTH);
        AGX_UNROLL for (int i = 0; i < R; i++)
            AGX_UNROLL for (int j = 0; j < V; j++) s[i][j] += a[i] * x[j];
    }
    AGX_UNROLL for (int i = 0; i < R; i++)
        AGX_UNROLL for (int j = 0; j < V; j++) STORE(c + i * ldc + j * AGX_WIDTH, s[i][j]);
}

/* c[i][j] += sum over n and p of g[n][i][p] * x[n][offset[j] + p], for R rows by V offsets, of which
   the first ``stored`` count; p runs over ``length`` floats, a multiple of the vector. */
INLINE void AGX_NAME(inner)(
    const int R, const int V, ptrdiff_t N, ptrdiff_t length, const float *g, ptrdiff_t ldg,
    ptrdiff_t next_g, const float *x, ptrdiff_t next_x, const ptrdiff_t *offset, int stored, float *c,
    ptrdiff_t ldc) {
    VECTOR s[8][8];
    AGX_UNROLL for (int i = 0; i < R; i++)
        AGX_UNROLL for (int j = 0; j < V; j++) s[i][j] = (VECTOR){0};
    for (ptrdiff_t n = 0; n < N; n++, g += next_g, x += next_x)
        for (ptrdiff_t p = 0; p < length; p += AGX_WIDTH) {
            VECTOR y[8];
            AGX_UNROLL for (int j = 0; j < V; j++) y[j] = LOAD(x + offset[j] + p);
            AGX_UNROLL for (int i = 0; i < R; i++) {
                VECTOR u = LOAD(g + i * ldg + p);
                AGX_UNROLL for (int j = 0; j < V; j++) s[i][j] += u * y[j];
            }
        }
    AGX_UNROLL for (int i = 0; i < R; i++) {
        float total[8];
        AGX_UNROLL for (int j = 0; j < V; j += 2) AGX_TOTALS(s[i][j], s[i][j + 1 < V ? j + 1 : j], total + j);
        for (int j = 0; j < stored; j++) c[i * ldc + j] += total[j];
    }
}

#define AGX_PRODUCT(R, V, most)                                                                       \
    case V:                                                                                           \
        if (V <= most) AGX_NAME(product)(R, V, K, a, b, offset, start, c, ldc);                       \
        return;

#define AGX_TILE(R, V)                                                                                \
    __attribute__((target(AGX_ISA))) static void AGX_NAME(product_##R)(                               \
        int vectors, ptrdiff_t K, const float *a, const float *b, const ptrdiff_t *offset,            \
        const float *start, float *c, ptrdiff_t ldc) {                                                \
        switch (vectors) {                                                                            \
            AGX_PRODUCT(R, 1, V) AGX_PRODUCT(R, 2, V) AGX_PRODUCT(R, 3, V) AGX_PRODUCT(R, 4, V)       \
            AGX_PRODUCT(R, 5, V) AGX_PRODUCT(R, 6, V) AGX_PRODUCT(R, 7, V) AGX_PRODUCT(R, 8, V)       \
        }                                                                                             \
    }                                                                                                 \
    __attribute__((target(AGX_ISA))) static void AGX_NAME(inner_##R)(                                 \
        ptrdiff_t N, ptrdiff_t length, const float *g, ptrdiff_t ldg, ptrdiff_t next_g,               \
        const float *x, ptrdiff_t next_x, const ptrdiff_t *offset, int stored, float *c,              \
        ptrdiff_t ldc) {                                                                              \
        AGX_NAME(inner)(                                                                              \
            R, V, N, length, g, ldg, next_g, x, next_x, offset, stored, c, ldc);                      \
    }
