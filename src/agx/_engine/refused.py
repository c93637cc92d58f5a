"""What agx refused while another library ran, which may have answered with an error of its own.

SciPy's solvers, pandas and NumPy's compiled code swallow what is raised below them: "setting an array element
with a sequence", "must return a scalar value". A transform raises the refusal instead, with its fix.
"""

from __future__ import annotations

import sys
from types import FrameType

from .entered import here

#: Libraries whose errors may stand for one of agx's.
LIBRARIES = {"astropy", "dask", "numpy", "pandas", "pint", "polars", "scipy", "unyt", "xarray"}


def refusal(text: str) -> TypeError:
    """Return a TypeError to be raised, and remember it and where the program is."""
    error = TypeError(text)
    if here.traces:
        places: list[tuple[FrameType, int]] = []
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            places.append((frame, frame.f_lasti))
            frame = frame.f_back
        here.refused = error, places
    return error


def meant_by(problem: BaseException) -> TypeError | None:
    """The refusal in whose place a library raised ``problem``, if it did.

    Either ``problem`` comes from the very call that was refused, or the library was handling the refusal.
    """
    if here.refused is None or problem.__traceback__ is None:
        return None
    error, places = here.refused
    if problem is error:
        return None
    last = problem.__traceback__
    while last.tb_next is not None:
        last = last.tb_next
    if any(last.tb_frame is frame and last.tb_lasti == at for frame, at in places):
        return error
    home = str(last.tb_frame.f_globals.get("__name__")).partition(".")[0]
    if home in LIBRARIES or isinstance(problem, SystemError):
        reason: BaseException | None = problem
        while reason is not None:
            reason = reason.__cause__ or reason.__context__
            if reason is error:
                return error
    return None
