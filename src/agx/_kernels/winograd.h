/* The transforms of Winograd's convolution F(2 x 2, 3 x 3): A. Lavin and S. Gray, arXiv:1509.09308, after
   S. Winograd, Arithmetic Complexity of Computations (1980).

   With the matrices
       B' = 1  0 -1  0     G =  1    0    0     A' = 1  1  1  0
            0  1  1  0         1/2  1/2  1/2         0  1 -1  1
            0 -1  1  0         1/2 -1/2  1/2
            0 -1  0  1          0    0    1
   a tile of 2 x 2 results is A' [(G w G') * (B' x B)] A, of the 4 x 4 numbers x that it sees and of the
   filter w: 16 products in place of 36. Channels come last, eight at a time; each of the 16 numbers has a
   plane of its own, ``next`` numbers after the one before. Included with AGX_TARGET and AGX_SET defined. */

typedef float AGX_SET(eight) __attribute__((vector_size(32), aligned(4), may_alias));

#define EIGHT AGX_SET(eight)
#define AT(p) (*(EIGHT *)(p))
#define OF(p) (*(const EIGHT *)(p))
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 4")
#endif

/* v = B' x B for a row of ``tiles``; rows of x are ``row`` numbers apart. */
AGX_TARGET static void AGX_SET(winograd_image)(
    const float *x, ptrdiff_t row, ptrdiff_t channels, ptrdiff_t tiles, float *v, ptrdiff_t next) {
    for (ptrdiff_t t = 0; t < tiles; t++, x += channels)
        for (ptrdiff_t c = 0; c < channels; c += 8, x += 8, v += 8) {
            EIGHT d[4][4];
            UNROLL for (int j = 0; j < 4; j++) {
                const float *p = x + j * channels;
                EIGHT a = OF(p + row), b = OF(p + 2 * row);
                d[0][j] = OF(p) - b;
                d[1][j] = a + b;
                d[2][j] = b - a;
                d[3][j] = OF(p + 3 * row) - a;
            }
            UNROLL for (int i = 0; i < 4; i++) {
                AT(v + 4 * i * next) = d[i][0] - d[i][2];
                AT(v + (4 * i + 1) * next) = d[i][1] + d[i][2];
                AT(v + (4 * i + 2) * next) = d[i][2] - d[i][1];
                AT(v + (4 * i + 3) * next) = d[i][3] - d[i][1];
            }
        }
}

/* v = A y A' for a row of ``tiles`` of a gradient y. */
AGX_TARGET static void AGX_SET(winograd_gradient)(
    const float *y, ptrdiff_t row, ptrdiff_t channels, ptrdiff_t tiles, float *v, ptrdiff_t next) {
    for (ptrdiff_t t = 0; t < tiles; t++, y += channels)
        for (ptrdiff_t c = 0; c < channels; c += 8, y += 8, v += 8) {
            EIGHT d[4][2];
            UNROLL for (int j = 0; j < 2; j++) {
                EIGHT a = OF(y + j * channels), b = OF(y + j * channels + row);
                d[0][j] = a;
                d[1][j] = a + b;
                d[2][j] = a - b;
                d[3][j] = b;
            }
            UNROLL for (int i = 0; i < 4; i++) {
                AT(v + 4 * i * next) = d[i][0];
                AT(v + (4 * i + 1) * next) = d[i][0] + d[i][1];
                AT(v + (4 * i + 2) * next) = d[i][0] - d[i][1];
                AT(v + (4 * i + 3) * next) = d[i][1];
            }
        }
}

/* y = A' m A + bias for a row of ``tiles``, which have ``ld`` numbers each; adds to ``endless`` what is NaN
   if any of them is not finite. */
AGX_TARGET static void AGX_SET(winograd_result)(
    const float *m, ptrdiff_t next, ptrdiff_t ld, ptrdiff_t channels, ptrdiff_t tiles, const float *bias,
    float *y, ptrdiff_t row, float *endless) {
    EIGHT wrong = OF(endless);
    for (ptrdiff_t t = 0; t < tiles; t++, m += ld, y += 2 * channels)
        for (ptrdiff_t c = 0; c < channels; c += 8) {
            EIGHT d[2][4], b = bias ? OF(bias + c) : (EIGHT){0};
            UNROLL for (int j = 0; j < 4; j++) {
                const float *p = m + c + j * next;
                EIGHT u = OF(p + 4 * next), v = OF(p + 8 * next);
                d[0][j] = OF(p) + u + v;
                d[1][j] = u - v + OF(p + 12 * next);
            }
            UNROLL for (int i = 0; i < 2; i++) {
                EIGHT left = d[i][0] + d[i][1] + d[i][2] + b;
                EIGHT right = d[i][1] - d[i][2] + d[i][3] + b;
                wrong += (left - left) + (right - right);
                AT(y + i * row + c) = left;
                AT(y + i * row + channels + c) = right;
            }
        }
    AT(endless) = wrong;
}

/* u = G w G' for eight filters of one channel, ``next_filter`` numbers apart; ``turned`` by half a turn. */
AGX_TARGET static void AGX_SET(winograd_filter)(
    const float *w, ptrdiff_t next_filter, int turned, float *u, ptrdiff_t next) {
    float nine[72];
    EIGHT d[4][3], half = 0.5f - (EIGHT){0};
    AGX_SET(turn)(w, next_filter, nine, 8);
    for (int i = 0; i < 8; i++) nine[64 + i] = w[i * next_filter + 8];
    UNROLL for (int j = 0; j < 3; j++) {
        int k = turned ? 8 - j : j, down = turned ? -3 : 3;
        EIGHT a = OF(nine + 8 * k), b = half * OF(nine + 8 * (k + down)), c = OF(nine + 8 * (k + 2 * down));
        d[0][j] = a;
        d[1][j] = half * (a + c) + b;
        d[2][j] = half * (a + c) - b;
        d[3][j] = c;
    }
    UNROLL for (int i = 0; i < 4; i++) {
        EIGHT a = half * (d[i][0] + d[i][2]), b = half * d[i][1];
        AT(u + 4 * i * next) = d[i][0];
        AT(u + (4 * i + 1) * next) = a + b;
        AT(u + (4 * i + 2) * next) = a - b;
        AT(u + (4 * i + 3) * next) = d[i][2];
    }
}

/* w = G' u G for eight channels of one filter, nine numbers apart. */
AGX_TARGET static void AGX_SET(winograd_filter_gradient)(const float *u, ptrdiff_t next, float *w) {
    float nine[72];
    EIGHT d[3][4], half = 0.5f - (EIGHT){0};
    UNROLL for (int j = 0; j < 4; j++) {
        const float *p = u + j * next;
        EIGHT a = OF(p + 4 * next), b = OF(p + 8 * next), s = half * (a + b);
        d[0][j] = OF(p) + s;
        d[1][j] = half * (a - b);
        d[2][j] = OF(p + 12 * next) + s;
    }
    UNROLL for (int i = 0; i < 3; i++) {
        EIGHT s = half * (d[i][1] + d[i][2]);
        AT(nine + 24 * i) = d[i][0] + s;
        AT(nine + 24 * i + 8) = half * (d[i][1] - d[i][2]);
        AT(nine + 24 * i + 16) = d[i][3] + s;
    }
    AGX_SET(turn)(nine, 8, w, 9);
    for (int i = 0; i < 8; i++) w[9 * i + 8] = nine[64 + i];
}

static const agx_winograd AGX_SET(winograd) = {
    AGX_SET(winograd_image), AGX_SET(winograd_gradient), AGX_SET(winograd_result), AGX_SET(winograd_filter),
    AGX_SET(winograd_filter_gradient)};

#undef EIGHT
#undef AT
#undef OF
#undef UNROLL
