"""Every name of scipy.special; what agx can differentiate takes Tensors."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    from .... import special

    if hasattr(special, name):
        return getattr(special, name)
    import scipy.special

    return getattr(scipy.special, name)


def __dir__() -> list[str]:
    import scipy.special

    return [name for name in dir(scipy.special) if not name.startswith("_")]
