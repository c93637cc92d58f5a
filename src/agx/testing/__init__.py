"""Checks of derivatives against finite differences."""

from .._names import shown
from .check import check_grads as check_grads
from .diagnosis import GradientError as GradientError
from .reasons import explain_nan as explain_nan


def __dir__() -> list[str]:
    return shown(globals())
