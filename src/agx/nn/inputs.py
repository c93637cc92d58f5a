"""What layers take: floating-point numbers in the dtype of their parameters."""

from __future__ import annotations

import sys
import warnings
from types import FrameType
from typing import Any

import numpy as np

from ..tensor import Tensor
from .module import Module

_CALL = Module.__call__.__code__
_OBJECTS = "stack arrays of one shape with np.stack, or convert numbers with x.astype(np.float32)"
_FIXES = {
    "b": "write x.astype(np.float32)",
    "i": "write x.astype(np.float32) / 255 for pixels from 0 to 255, or transforms=[ag.data.ToFloat()] in "
    "the Loader; x.astype(np.float32) for other numbers",
    "O": _OBJECTS,
}


def floating(layer: Module, x: Any) -> None:
    """Raise TypeError for integers, which are most often pixels or words that were not converted."""
    dtype = getattr(x, "dtype", None)  # a list of Tensors has none
    if dtype is not None and dtype.kind in "biu":
        raise _refusal(layer, dtype, "floating-point")


def as_parameters(layer: Module, x: Any, dtype: np.dtype) -> Any:
    """``x`` in the dtype of a layer's parameters; a notice tells once that float64 became float32.

    Raises TypeError for what is no floating-point array or Tensor.
    """
    if not isinstance(x, (Tensor, np.ndarray)):
        raise TypeError(
            f"{layer!r}: expected an array or a Tensor, got {type(x).__name__}; convert numbers, "
            "such as with np.asarray(x, np.float32)"
        )
    given = x.dtype
    if given == dtype or given.kind == "c":
        return x
    if given.kind != "f":
        raise _refusal(layer, given, dtype.name)
    if given.itemsize > dtype.itemsize:
        _tell(
            layer,
            f"the layers have {dtype} parameters and got {given} data, which are converted for every "
            f"call; write x.astype(np.{dtype}), or build the layers with dtype=np.float64",
        )
    return x.astype(dtype)


def _refusal(layer: Module, given: np.dtype, expected: str) -> TypeError:
    kind = "i" if given.kind == "u" else given.kind
    fix = _FIXES.get(kind, "turn what is no number into numbers first")
    return TypeError(f"{layer!r}: expected {expected} numbers, got {given}; {fix}")


def _tell(layer: Module, message: str) -> None:
    """Warn at the user's line, once for a model: the outermost module that is being called."""
    if layer._told:
        return
    model, level, depth = layer, 0, 1
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code is _CALL:
            model = frame.f_locals["self"]
        elif not level and not frame.f_globals.get("__name__", "").startswith("agx."):
            level = depth
        frame, depth = frame.f_back, depth + 1
    told, layer._told, model._told = model._told, True, True
    if not told:
        warnings.warn(message, UserWarning, stacklevel=level + 1)
