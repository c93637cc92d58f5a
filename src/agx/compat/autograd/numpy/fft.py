"""Every name of numpy.fft; what agx can differentiate takes Tensors."""

from __future__ import annotations

from typing import Any

import numpy.fft as _np

from .wrapped import public, wrapped


def __getattr__(name: str) -> Any:
    return wrapped(_np, name)


def __dir__() -> list[str]:
    return public(_np)
