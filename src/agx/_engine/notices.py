"""Warnings at the line of a program that uses agx, and each of them once."""

from __future__ import annotations

import sys
import warnings
from types import FrameType
from typing import Any

from .places import HOME

#: For each warning and line the filters under which it was shown: ``catch_warnings`` makes new ones.
_shown: dict[tuple[str, str, int], Any] = {}


def _user() -> tuple[FrameType, int]:
    """The innermost frame outside agx, and its ``stacklevel`` for whoever calls this."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(HOME):
        frame, level = frame.f_back, level + 1
    return frame, level


def warn(message: str) -> None:
    """Warn at the line of the program that called agx."""
    warnings.warn(message, UserWarning, stacklevel=_user()[1])


def warn_once(key: str, message: str) -> None:
    """Warn at the line of the program that called agx, the first time that it comes there."""
    frame, level = _user()
    place = (key, frame.f_code.co_filename, frame.f_lineno)
    if _shown.get(place) is not warnings.filters:
        _shown[place] = warnings.filters
        warnings.warn(message, UserWarning, stacklevel=level)
