/* The loops themselves: the part of the kernels that is compiled to be fast, where the rest is to be small. */

#include <Python.h>
#include "instructions.h"
