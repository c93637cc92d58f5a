"""Which function of NumPy or Python makes plain numbers of a Tensor, and what to write instead."""

from __future__ import annotations

from types import FrameType
from typing import NamedTuple

from . import table
from .calls import only_looks

#: What makes arrays of its arguments: to compute with them, unless it tests, prints or draws.
_MAKE_ARRAYS = ("numpy.", "statistics.", "agx.ops.", "agx.compat.", "matplotlib.")
_LOOK = ("numpy.testing.", "numpy._core.arrayprint.", "numpy.lib._npyio", "matplotlib.")
#: Objects of NumPy that are called, by the names of their classes.
_OBJECTS = {"RClass": "r_", "CClass": "c_"}

_BY_ELEMENT = "call the function on the array itself, or ag.stack([f(x) for x in t])"
_INSTEAD = {
    "numpy.r_": "write ag.concatenate",
    "numpy.c_": "write ag.column_stack",
    "numpy.vectorize": _BY_ELEMENT,
    "numpy.ndenumerate": "iterate over np.ndindex(t.shape)",
    "numpy.Polynomial": "write ag.polyval, with the highest power first",
    "numpy.matrix": "keep the Tensor and write @ for products",
    "numpy.asmatrix": "keep the Tensor and write @ for products",
    "numpy.bmat": "write ag.block",
    "statistics.correlation": "write ag.corrcoef",
    "statistics.covariance": "write ag.cov",
    "statistics.fmean": "write ag.mean",
    "statistics.mean": "write ag.mean",
    "statistics.geometric_mean": "write ag.exp(ag.mean(ag.log(x)))",
    "statistics.harmonic_mean": "write 1 / ag.mean(1 / x)",
    "statistics.linear_regression": "write ag.polyfit",
    "statistics.pstdev": "write ag.std",
    "statistics.pvariance": "write ag.var",
    "statistics.stdev": "write ag.std(x, ddof=1)",
    "statistics.variance": "write ag.var(x, ddof=1)",
    "statistics.NormalDist": "write agx.compat.autograd.scipy.stats.norm",
}  # fmt: skip


class Asker(NamedTuple):
    """A function that asks for plain numbers."""

    home: str  #: "numpy", "statistics" or "agx"
    name: str  #: as its users call it
    space: str  #: where it lies in numpy: "linalg", "fft" or nothing
    looks: bool  #: whether it computes nothing that has a gradient

    def problem(self, shape: tuple[int, ...]) -> str:
        """What is wrong, and what to write instead."""
        return (
            f"{self.name}: {self.home} makes plain numbers of a Tensor of shape {shape}, which would lose "
            f"its gradient; {self._fix()}, or pass t.value to leave the graph on purpose"
        )

    def _fix(self) -> str:
        if fix := _INSTEAD.get(f"{self.home}.{self.name}"):
            return fix
        name = f"{self.space and self.space + '.'}{self.name}"
        if self.home == "numpy" and self.name in table.ASSIGNING.split():
            return "make the array that is written into with ag.zeros(shape)"
        if self.home == "numpy" and self.name in table.CREATION.split():
            return f"write ag.{name}"
        if self.home == "numpy" and name in table.names(table.DIFFERENTIABLE):
            return f"join Tensors first, as in np.{name}(ag.array([t, 1.0]))"
        return "join Tensors with ag.stack or ag.array, or declare the function with ag.primitive"


def asker(frame: FrameType) -> Asker | None:
    """Who asks for plain numbers in ``frame``, if that is one of these: what the program called."""
    if not _module(frame).startswith(_MAKE_ARRAYS):
        return None
    home = _module(frame).partition(".")[0]
    outermost = frame
    while outermost.f_back is not None and _module(outermost.f_back).startswith(f"{home}."):
        outermost = outermost.f_back
    name = _name(outermost)
    part = _module(outermost).split(".")[1]
    space = part if home == "numpy" and part in ("linalg", "fft") else ""
    around = outermost.f_back or outermost
    looks = any(_module(f).startswith(_LOOK) for f in (frame, around))
    return Asker(home, name, space, looks or only_looks(name))


def _name(frame: FrameType) -> str:
    """What runs in ``frame``: a function, a class for its special methods, or a class and a method."""
    name, held = frame.f_code.co_name, frame.f_locals
    kind = type(held["self"]) if "self" in held else held.get("cls", held.get("subtype"))
    if not isinstance(kind, type):
        return name
    if name.startswith("__"):
        return _OBJECTS.get(kind.__name__, kind.__name__)
    return f"{kind.__name__}.{name}"


def _module(frame: FrameType) -> str:
    return f"{frame.f_globals.get('__name__')}."
