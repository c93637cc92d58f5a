"""Checks of derivatives against finite differences, and of the lecture's exercises."""

from .._names import shown
from .check import check_grads as check_grads
from .diagnosis import GradientError as GradientError
from .exercises import Checked as Checked
from .exercises import check_exercise as check_exercise
from .reasons import explain_nan as explain_nan


def __dir__() -> list[str]:
    return shown(globals())
