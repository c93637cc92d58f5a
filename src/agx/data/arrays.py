"""What other libraries hold, as plain arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

import numpy as np
import numpy.typing as npt

from ..tensor import Tensor

Array = npt.NDArray[Any]


def as_array(who: str, value: Any) -> Array:
    """An array-like, a Tensor, a table of pandas or polars, a tensor of PyTorch, or a picture as an array.

    Raises TypeError for what is no array, such as a sparse matrix, text or an iterator, and for a table
    with columns that are no numbers; ValueError for rows of different lengths and for masked numbers.
    """
    if isinstance(value, np.ma.MaskedArray):
        if np.ma.is_masked(value):
            raise ValueError(
                f"{who}: the array has masked numbers, expected a number everywhere; write x.filled(0) "
                "or leave these examples out"
            )
        return np.ma.getdata(value)
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, Tensor):
        return value.array
    if hasattr(value, "toarray") and hasattr(value, "nnz"):
        raise TypeError(
            f"{who}: got a sparse matrix ({type(value).__name__}), expected an array; write x.toarray()"
        )
    if hasattr(value, "to_numpy"):
        return _table(who, value)
    if isinstance(value, (str, bytes, Mapping, Set, Iterator)):
        raise TypeError(f"{who}: got {_named(value)}, expected an array of numbers{_fix(value)}")
    try:
        found = np.asarray(value)
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        raise ValueError(
            f"{who}: the rows have different lengths, expected arrays of one shape; pad or cut them "
            "to one length (examples go into a list of tuples: [(x0, y0), (x1, y1), ...])"
        ) from None
    if found.dtype == object and found.ndim == 0:
        raise TypeError(f"{who}: got {_named(value)}, expected an array of numbers{_fix(value)}")
    return found


def is_array(value: Any) -> bool:
    """Whether a value is one array, of whatever library."""
    return any(hasattr(value, name) for name in ("__array__", "__array_interface__", "toarray"))


def _table(who: str, value: Any) -> Array:
    """The numbers of a table; columns of several kinds of numbers become float64."""
    found: Array = value.to_numpy()
    if found.dtype != object:
        return found
    numbers = (bool, int, float, np.number, np.bool_)
    rows = found if found.ndim == 2 else found[:, None]
    wrong = [i for i in range(rows.shape[1]) if not all(isinstance(v, numbers) for v in rows[:, i])]
    if not wrong:
        return found.astype(np.float64)
    if found.ndim == 1:  # labels, perhaps: who uses them says whether they will do
        return found
    names = ", ".join(repr(value.columns[i]) for i in wrong[:5]) + (", ..." if wrong[5:] else "")
    raise TypeError(
        f"{who}: expected a table of numbers, got columns with text or missing values: {names}; encode "
        "them as numbers, such as with pandas.get_dummies, or leave them out"
    )


def _fix(value: Any) -> str:
    if isinstance(value, (str, bytes)):
        return "; encode labels as numbers, as with np.unique(labels, return_inverse=True)"
    return "; give its values as a tuple, such as (x, y)" if isinstance(value, Mapping) else ""


def _named(value: Any) -> str:
    return (
        f"{type(value).__name__} {value!r:.40}"
        if isinstance(value, (str, bytes))
        else type(value).__name__
    )
