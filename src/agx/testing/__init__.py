"""Checks of derivatives against finite differences."""

from .check import check_grads as check_grads
from .diagnosis import GradientError as GradientError
