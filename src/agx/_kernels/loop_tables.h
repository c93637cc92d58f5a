/* The loops of one set of instructions, for both types, its updates, and its activations of float32. */

/* Before a loop over running results side by side: all at once, so that they stay in registers. */
#if defined(__GNUC__) && !defined(__clang__) && defined(AGX_X86)
#define ABREAST _Pragma("GCC unroll 8")
#else
#define ABREAST
#endif

#define NUMBER float
#define EXP agx_exp
#define AGX_NAME(x) AGX_SET(float_##x)
#define AGX_TABLE AGX_SET(floats)
#include "loops.h"

#undef ABREAST
#define ABREAST
#ifndef AGX_FLOATS_ALONE
#define NUMBER double
#define EXP exp
#define AGX_NAME(x) AGX_SET(double_##x)
#define AGX_TABLE AGX_SET(doubles)
#include "loops.h"

#define NUMBER float
#define ROOT sqrtf
#define AGX_NAME(x) AGX_SET(float_##x)
#include "updates.h"
#endif

#include "activations.h"
#undef ABREAST
