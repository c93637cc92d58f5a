"""Checks of derivatives against finite differences."""

from .._names import shown
from .check import check_grads as check_grads
from .diagnosis import GradientError as GradientError


def __dir__() -> list[str]:
    return shown(globals())
