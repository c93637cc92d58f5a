"""NumPy's functions of plain arrays, said to type checkers: those that take arrays take Tensors too."""

from typing import Any, Literal, overload

import numpy as np
from numpy import arange as arange
from numpy import broadcast_shapes as broadcast_shapes
from numpy import can_cast as can_cast
from numpy import complex64 as complex64
from numpy import complex128 as complex128
from numpy import diag_indices as diag_indices
from numpy import e as e
from numpy import einsum_path as einsum_path
from numpy import errstate as errstate
from numpy import finfo as finfo
from numpy import float32 as float32
from numpy import float64 as float64
from numpy import fromfunction as fromfunction
from numpy import indices as indices
from numpy import inf as inf
from numpy import int32 as int32
from numpy import int64 as int64
from numpy import isscalar as isscalar
from numpy import nan as nan
from numpy import newaxis as newaxis
from numpy import pi as pi
from numpy import tri as tri
from numpy import tril_indices as tril_indices
from numpy import triu_indices as triu_indices
from numpy.typing import DTypeLike

from .._engine.signatures import (
    Arrays,
    Axes,
    Comparison,
    Extremum,
    Operand,
    Places,
    Quantifier,
    Side,
    Test,
    Truths,
)

equal: Comparison
greater: Comparison
greater_equal: Comparison
less: Comparison
less_equal: Comparison
logical_and: Comparison
logical_or: Comparison
logical_xor: Comparison
not_equal: Comparison

isfinite: Test
isinf: Test
isnan: Test
logical_not: Test
signbit: Test

all: Quantifier
any: Quantifier

argmax: Extremum
argmin: Extremum
nanargmax: Extremum
nanargmin: Extremum

def allclose(
    a: Arrays, b: Arrays, rtol: Arrays = 1e-5, atol: Arrays = 1e-8, equal_nan: bool = False
) -> bool: ...
def argpartition(
    a: Arrays, kth: Arrays, axis: int | None = -1, kind: Any = "introselect", order: Any = None
) -> Places: ...
def argsort(
    a: Arrays,
    axis: int | None = -1,
    kind: Any = None,
    order: Any = None,
    *,
    stable: bool | None = None,
) -> Places: ...
def argwhere(a: Arrays) -> Places: ...
def array_equal(a1: Arrays, a2: Arrays, equal_nan: bool = False) -> bool: ...
def array_equiv(a1: Arrays, a2: Arrays) -> bool: ...
def common_type(*arrays: Operand) -> type[np.inexact[Any]]: ...
@overload
def count_nonzero(a: Arrays, axis: None = None, *, keepdims: Literal[False] = False) -> np.intp: ...
@overload
def count_nonzero(a: Arrays, axis: Axes = None, *, keepdims: bool = ...) -> Places: ...
def diag_indices_from(arr: Operand) -> tuple[Places, ...]: ...
def digitize(x: Arrays, bins: Arrays, right: bool = False) -> Places: ...
def flatnonzero(a: Arrays) -> Places: ...
def isclose(
    a: Arrays, b: Arrays, rtol: Arrays = 1e-5, atol: Arrays = 1e-8, equal_nan: bool = False
) -> Truths: ...
def iscomplex(x: Arrays) -> Truths: ...
def iscomplexobj(x: Any) -> bool: ...
def isin(
    element: Arrays,
    test_elements: Arrays,
    assume_unique: bool = False,
    invert: bool = False,
    *,
    kind: Literal["sort", "table"] | None = None,
) -> Truths: ...
def isneginf(x: Arrays, out: Any = None) -> Truths: ...
def isposinf(x: Arrays, out: Any = None) -> Truths: ...
def isreal(x: Arrays) -> Truths: ...
def isrealobj(x: Any) -> bool: ...
def lexsort(keys: Arrays, axis: int = -1) -> Places: ...
def may_share_memory(a: Any, b: Any, /, max_work: int = 0) -> bool: ...
def min_scalar_type(a: Arrays, /) -> np.dtype[Any]: ...
def ndim(a: Arrays) -> int: ...
def nonzero(a: Arrays) -> tuple[Places, ...]: ...
def result_type(*arrays_and_dtypes: Operand | DTypeLike) -> np.dtype[Any]: ...
def searchsorted(a: Arrays, v: Arrays, side: Side = "left", sorter: Any = None) -> Places: ...
def shape(a: Arrays) -> tuple[int, ...]: ...
def shares_memory(a: Any, b: Any, /, max_work: int = -1) -> bool: ...
def size(a: Arrays, axis: Axes = None) -> int: ...
def tril_indices_from(arr: Operand, k: int = 0) -> tuple[Places, Places]: ...
def triu_indices_from(arr: Operand, k: int = 0) -> tuple[Places, Places]: ...
