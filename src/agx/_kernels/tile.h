/* Products of a few rows at a time, kept in registers: the innermost loops of convolution.

   A row of the second factor is any run of numbers at an offset of its own: for convolution the image
   itself, shifted, so that patches are never copied. Included for each set of instructions and type of
   number, with AGX_TARGET, NUMBER, AGX_NAME, AGX_WIDTH (numbers in a vector), AGX_TILES (rows and vectors of
   each tile, the last of one row) and AGX_TABLE defined, and AGX_NAME(totals) that sums the elements of two
   vectors. */

typedef NUMBER AGX_NAME(vector) __attribute__((vector_size(sizeof(NUMBER) * AGX_WIDTH)));
typedef NUMBER AGX_NAME(loose) __attribute__((
    vector_size(sizeof(NUMBER) * AGX_WIDTH), aligned(sizeof(NUMBER)), may_alias));

#define VECTOR AGX_NAME(vector)
#define LOAD(p) ((VECTOR)(*(const AGX_NAME(loose) *)(p)))
#define STORE(p, v) (*(AGX_NAME(loose) *)(p) = (AGX_NAME(loose))(v))
#define INLINE AGX_TARGET AGX_INLINE
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* c[i][:] = start[i] + sum over k of a[k][i] * b[offset[k] + :], for R rows of V vectors, with ``lda``
   numbers from a[k] to a[k + 1]; without ``start`` the sum is added to c. */
INLINE void AGX_NAME(product)(
    const int R, const int V, ptrdiff_t K, const NUMBER *a, ptrdiff_t lda, const NUMBER *b,
    const ptrdiff_t *offset, const NUMBER *start, NUMBER *c, ptrdiff_t ldc) {
    VECTOR s[8][8];
    UNROLL for (int i = 0; i < R; i++)
        UNROLL for (int j = 0; j < V; j++)
            s[i][j] = start ? start[i] - (VECTOR){0} : LOAD(c + i * ldc + j * AGX_WIDTH);
    for (ptrdiff_t k = 0; k < K; k++, a += lda) {
        const NUMBER *row = b + offset[k];
        VECTOR x[8];
        UNROLL for (int j = 0; j < V; j++) x[j] = LOAD(row + j * AGX_WIDTH);
        UNROLL for (int i = 0; i < R; i++)
            UNROLL for (int j = 0; j < V; j++) s[i][j] += a[i] * x[j];
    }
    UNROLL for (int i = 0; i < R; i++)
        UNROLL for (int j = 0; j < V; j++) STORE(c + i * ldc + j * AGX_WIDTH, s[i][j]);
}

/* c[i][j] += sum over n and p of g[n][i][p] * x[n][offset[j] + p], for R rows by V offsets, of which
   the first ``stored`` count; p runs over ``length`` numbers, a multiple of the vector. */
INLINE void AGX_NAME(inner)(
    const int R, const int V, ptrdiff_t N, ptrdiff_t length, const NUMBER *g, ptrdiff_t ldg,
    ptrdiff_t next_g, const NUMBER *x, ptrdiff_t next_x, const ptrdiff_t *offset, int stored, NUMBER *c,
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
        NUMBER total[8];
        UNROLL for (int j = 0; j < V; j += 2)
            AGX_NAME(totals)(s[i][j], s[i][j + 1 < V ? j + 1 : j], total + j);
        for (int j = 0; j < stored; j++) c[i * ldc + j] += total[j];
    }
}

/* c[r][i] = start[0] + sum over j and k < 3 of a[j][k] * x[r + j][i + k], for at least four ``rows`` and a
   vector of ``columns``; ``turned`` takes a from its end. Each vector of x serves all that it meets in four
   rows. */
AGX_TARGET static void AGX_NAME(nine)(
    const void *x, ptrdiff_t ldx, const void *a, int turned, const void *start, void *c, ptrdiff_t rows,
    ptrdiff_t columns) {
    VECTOR w[9];
    UNROLL for (int k = 0; k < 9; k++)
        w[k] = ((const NUMBER *)a)[turned ? 8 - k : k] - (VECTOR){0};
    for (ptrdiff_t row = 0; row < rows; row += 4)
        for (ptrdiff_t column = 0; column < columns; column += AGX_WIDTH) {
            /* The last ones overlap those before. */
            ptrdiff_t r = row < rows - 4 ? row : rows - 4;
            ptrdiff_t i = column < columns - AGX_WIDTH ? column : columns - AGX_WIDTH;
            const NUMBER *from = (const NUMBER *)x + r * ldx + i;
            NUMBER *to = (NUMBER *)c + r * columns + i;
            VECTOR s[4];
            UNROLL for (int q = 0; q < 4; q++) s[q] = *(const NUMBER *)start - (VECTOR){0};
            UNROLL for (int j = 0; j < 6; j++)
                UNROLL for (int k = 0; k < 3; k++) {
                    VECTOR v = LOAD(from + j * ldx + k);
                    UNROLL for (int q = 0; q < 4; q++)
                        if (0 <= j - q && j - q < 3) s[q] += w[3 * (j - q) + k] * v;
                }
            UNROLL for (int q = 0; q < 4; q++) STORE(to + q * columns, s[q]);
        }
}

/* As agx_vectors_for has it. */
#define PRODUCT(R, V) AGX_NAME(product)(R, V, K, a, lda, b, offset, start, c, ldc)
#define INNER(R, V)                                                                                   \
    AGX_NAME(inner)(R, V, N, length, g, ldg, next_g, x, next_x, offset, stored, c, ldc)
#define TILE(R, V)                                                                                    \
    AGX_TARGET static void AGX_NAME(product_##R)(                                                     \
        int vectors, ptrdiff_t K, const void *a, ptrdiff_t lda, const void *b,                        \
        const ptrdiff_t *offset, const void *start, void *c, ptrdiff_t ldc) {                         \
        if (vectors == 1)                                                                             \
            PRODUCT(R, 1);                                                                            \
        else if (V > 2 && vectors < V)                                                                \
            PRODUCT(R, (V + 1) / 2);                                                                  \
        else                                                                                          \
            PRODUCT(R, V);                                                                            \
    }                                                                                                 \
    AGX_TARGET static void AGX_NAME(inner_##R)(                                                       \
        ptrdiff_t N, ptrdiff_t length, const void *g, ptrdiff_t ldg, ptrdiff_t next_g,                \
        const void *x, ptrdiff_t next_x, const ptrdiff_t *offset, int stored, void *c,                \
        ptrdiff_t ldc) {                                                                              \
        /* As agx_inner_tile_for has it, a taller tile is not used. */                                \
        if (R == 1 && V > 4 && stored <= 4)                                                           \
            INNER(R, 4);                                                                              \
        else if (R <= 2 * V)                                                                          \
            INNER(R, V);                                                                              \
    }
#define ROW(R, V) {R, V, AGX_WIDTH, AGX_NAME(product_##R), AGX_NAME(inner_##R), AGX_NAME(nine)},

AGX_TILES(TILE)
static const agx_tile AGX_TABLE[] = {AGX_TILES(ROW)};

#undef VECTOR
#undef LOAD
#undef STORE
#undef INLINE
#undef UNROLL
#undef PRODUCT
#undef INNER
#undef TILE
#undef ROW
#undef NUMBER
#undef AGX_NAME
#undef AGX_TABLE
#undef AGX_TILES
#undef AGX_WIDTH
