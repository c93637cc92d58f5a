/* The sets of vector instructions, from the plainest to the best, compiled once, by themselves (tables.c).

   A set to come adds its section here, with what only its intrinsics can say in a header beside x86.h,
   and its row to the table at the end; loops.h and tile.h are compiled for it as for the others. */

#ifndef AGX_INSTRUCTIONS_H
#define AGX_INSTRUCTIONS_H

#include <math.h>
#include "exp.h"
#include "moves.h"
#include "simd.h"
#include "tables.h"

#define AGX_NAMED(set, x) agx_##set##_##x

/* Updates of float64 mostly wait for memory, and are the same for all sets. */
#define AGX_TARGET
#define NUMBER double
#define ROOT sqrt
#define AGX_NAME(x) agx_double_##x
#include "updates.h"
#undef AGX_TARGET

/* What the compiler uses by itself. */
static int agx_baseline_present(void) { return 1; }
/* Where better sets follow, this one had better be small: few processors are left to it. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
#define AGX_TARGET __attribute__((optimize("Os")))
#else
#define AGX_TARGET
#endif
#define AGX_SET(x) AGX_NAMED(baseline, x)
#include "loop_tables.h"
#undef AGX_SET
#undef AGX_TARGET

#if (defined(__GNUC__) || defined(__clang__)) && defined(__x86_64__)
#define AGX_X86
#include "x86.h"

#define AGX_TARGET AGX_AVX2
#define AGX_SET(x) AGX_NAMED(avx2, x)
#include "loop_tables.h"
#define AGX_FLOATS 8
#define AGX_FLOAT_TILES(TILE) TILE(6, 2) TILE(4, 3) TILE(2, 4) TILE(1, 8)
#define AGX_DOUBLE_TILES(TILE) TILE(4, 3) TILE(1, 8)
#include "tile_tables.h"
#include "winograd.h"
#undef AGX_SET
#undef AGX_TARGET

/* Updates, and what computes with float64, do with AVX2: loops wait for memory, and one more copy would take
   room. */
#define AGX_TARGET AGX_AVX512
#define AGX_SET(x) AGX_NAMED(avx512, x)
#define AGX_FLOATS_ALONE
#include "loop_tables.h"
#undef AGX_FLOATS_ALONE
#define AGX_FLOATS 16
#define AGX_FLOAT_TILES(TILE) TILE(8, 3) TILE(6, 4) TILE(4, 6) TILE(2, 8) TILE(1, 8)
#include "tile_tables.h"
#undef AGX_SET
#undef AGX_TARGET
#endif

/* The baseline of 64-bit ARM has NEON, so its loops are this set's too. */
#if (defined(__GNUC__) || defined(__clang__)) && defined(__aarch64__)
#define AGX_ARM
#include "neon.h"

#define AGX_TARGET
#define AGX_SET(x) AGX_NAMED(neon, x)
#define AGX_FLOATS 4
#define AGX_FLOAT_TILES(TILE) TILE(8, 3) TILE(6, 4) TILE(4, 6) TILE(2, 8) TILE(1, 8)
#define AGX_DOUBLE_TILES(TILE) TILE(8, 3) TILE(4, 6) TILE(1, 8)
#include "tile_tables.h"
#include "winograd.h"
#undef AGX_SET
#undef AGX_TARGET
#endif

#define AGX_LOOPS(set, wide)                                                                                \
    #set, agx_##set##_present, &agx_##set##_floats, &agx_##wide##_doubles, agx_##set##_activations,         \
        agx_##wide##_float_updates, agx_double_updates
const agx_instructions agx_instruction_sets[] = {
    {AGX_LOOPS(baseline, baseline)},
#ifdef AGX_ARM
    {"neon", agx_neon_present, &agx_baseline_floats, &agx_baseline_doubles, agx_baseline_activations,
     agx_baseline_float_updates, agx_double_updates, agx_neon_tiles, agx_neon_double_tiles, agx_neon_turn,
     agx_neon_gather, &agx_neon_winograd, agx_neon_find_largest, agx_neon_sum_rows, agx_neon_exp},
#else
    {.name = "neon"},
#endif
#ifdef AGX_X86
    {AGX_LOOPS(avx2, avx2), agx_avx2_tiles, agx_avx2_double_tiles, agx_avx2_turn, agx_avx2_gather,
     &agx_avx2_winograd, agx_avx2_find_largest, agx_avx2_sum_rows, agx_avx2_exp},
    {AGX_LOOPS(avx512, avx2), agx_avx512_tiles, agx_avx2_double_tiles, agx_avx2_turn, agx_avx512_gather,
     &agx_avx2_winograd, agx_avx512_find_largest, agx_avx512_sum_rows, agx_avx2_exp},
#else
    {.name = "avx2"},
    {.name = "avx512"},
#endif
};

const int agx_set_count = sizeof agx_instruction_sets / sizeof *agx_instruction_sets;

#endif
