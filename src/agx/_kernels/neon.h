/* What only intrinsics can say of NEON, which every 64-bit ARM processor has: sums within a vector, and an
   exchange of rows and columns. */

#include <arm_neon.h>

static int agx_neon_present(void) { return 1; }

/* to[0] and to[1] are the sums of the elements of two vectors. */
static inline void agx_neon_float_tile_totals(float32x4_t a, float32x4_t b, float *to) {
    float32x4_t pairs = vpaddq_f32(a, b);
    vst1_f32(to, vget_low_f32(vpaddq_f32(pairs, pairs)));
}

static inline void agx_neon_double_tile_totals(float64x2_t a, float64x2_t b, double *to) {
    vst1q_f64(to, vpaddq_f64(a, b));
}

/* to[j][i] = from[i][j] for four rows of four. */
static inline void agx_neon_turn_four(const float *from, ptrdiff_t ld, float *to, ptrdiff_t ldto) {
    float32x4_t a = vld1q_f32(from), b = vld1q_f32(from + ld);
    float32x4_t c = vld1q_f32(from + 2 * ld), d = vld1q_f32(from + 3 * ld);
    float32x4_t ac = vzip1q_f32(a, c), bd = vzip1q_f32(b, d);
    vst1q_f32(to, vzip1q_f32(ac, bd));
    vst1q_f32(to + ldto, vzip2q_f32(ac, bd));
    ac = vzip2q_f32(a, c), bd = vzip2q_f32(b, d);
    vst1q_f32(to + 2 * ldto, vzip1q_f32(ac, bd));
    vst1q_f32(to + 3 * ldto, vzip2q_f32(ac, bd));
}

/* The same for eight rows of eight. */
static void agx_neon_turn(const float *from, ptrdiff_t ld, float *to, ptrdiff_t ldto) {
    for (int i = 0; i < 8; i += 4)
        for (int j = 0; j < 8; j += 4)
            agx_neon_turn_four(from + i * ld + j, ld, to + j * ldto + i, ldto);
}
