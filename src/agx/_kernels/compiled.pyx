"""All that is compiled, in one extension, as each would bring Cython's own code along.

What the machine offers comes first, then arrays, nodes of the graph and the backward sweep, and then loops
over whole arrays.
"""

cimport cython
from cpython.dict cimport PyDict_GetItemWithError
from cpython.object cimport PyObject, PyObject_Call, PyTypeObject
from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_IsValid, PyCapsule_New
from cpython.ref cimport Py_DECREF, Py_INCREF, _Py_REFCNT
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from cpython.weakref cimport PyWeakref_NewRef
from cython cimport floating
from libc.limits cimport INT_MAX
from libc.math cimport (INFINITY, erf as c_erf, exp as c_exp, fabs, isfinite, log as c_log, pow as c_pow,
                        sqrt as c_sqrt, tanh as c_tanh)
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t, uintptr_t
from libc.string cimport memcmp, memcpy, memmove, memset

import operator
import threading
from contextvars import ContextVar
from functools import partial

import numpy as np
from numpy import errstate, geterr

cimport numpy as cnp

from agx._kernels.machine cimport (AGX_ABREAST, PER_ELEMENT, WORK_PER_THREAD, activation_t, copy,
                                   inner_tile_for, instructions_t, loops_t, task_t, tile_for, tile_t,
                                   vectors_for, windows_t, winograd_t)
from agx._kernels.runs cimport (MOST_PLANES, MOST_ROWS, MOST_WIDTH, SLACK, Axis, Sizes, along, back_along,
                                choose_rows, crop, find_offsets, lay_out, pass_of, shift_of)

cdef extern from *:
    """
    #ifndef AGX_CHECKED
        /* Tracebacks name the function; the line, noted wherever anything can fail, took 12 kB of a wheel. */
        #undef __PYX_MARK_ERR_POS
        #define __PYX_MARK_ERR_POS(file, line) \
            { __pyx_filename = __pyx_f[0]; __pyx_lineno = 0; (void)__pyx_filename; (void)__pyx_lineno; }
    #endif
    """
    object PyMethod_New(object function, object instance)

cnp.import_array()
cnp.import_umath()

include "machine.pxi"
include "graph.pxi"
include "places.pxi"
include "arrays.pxi"
include "copying.pxi"
include "finite.pxi"
include "walk.pxi"
include "primitive.pxi"
include "recording.pxi"
include "memory.pxi"
include "changes.pxi"
include "sweep.pxi"
include "scalar.pxi"
include "loops.pxi"
include "rows.pxi"
include "reduce.pxi"
include "norm.pxi"
include "dense.pxi"
include "convolution.pxi"
include "winograd.pxi"
include "plans.pxi"
include "checks.pxi"
include "augment.pxi"
include "patches.pxi"
include "steps.pxi"
