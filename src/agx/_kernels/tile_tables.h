/* The tiles of one set of instructions, for both types; AGX_FLOATS is how many fit a vector. */

#define NUMBER float
#define AGX_NAME(x) AGX_SET(float_##x)
#define AGX_TABLE AGX_SET(tiles)
#define AGX_WIDTH AGX_FLOATS
#define AGX_TILES AGX_FLOAT_TILES
#include "tile.h"

#define NUMBER double
#define AGX_NAME(x) AGX_SET(double_##x)
#define AGX_TABLE AGX_SET(double_tiles)
#define AGX_WIDTH (AGX_FLOATS / 2)
#define AGX_TILES AGX_DOUBLE_TILES
#include "tile.h"

#undef AGX_FLOATS
#undef AGX_FLOAT_TILES
#undef AGX_DOUBLE_TILES
