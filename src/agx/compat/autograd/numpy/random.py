"""Every name of numpy.random."""

from __future__ import annotations

from typing import Any

import numpy.random as _np


def __getattr__(name: str) -> Any:
    return getattr(_np, name)


def __dir__() -> list[str]:
    return [name for name in dir(_np) if not name.startswith("_")]
