"""The parts of SciPy that agx can differentiate."""

import importlib as _importlib
from typing import Any as _Any

_PARTS = ("integrate", "linalg", "signal", "special", "stats")


def __getattr__(name: str) -> _Any:
    if name in _PARTS:
        return _importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(_PARTS)
