/* The tables of loops, one for each set of instructions, which tables.c holds. */

#ifndef AGX_TABLES_H
#define AGX_TABLES_H

#include "simd.h"

#if defined(__GNUC__)
#pragma GCC visibility push(hidden)
#endif
extern const agx_instructions agx_instruction_sets[];
extern const int agx_set_count;
#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
