"""One case where a derivative is in doubt (see ``corners``)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

inf, nan = np.inf, np.nan


def chain(x: Any) -> Any:
    """5000 operations, one after another."""
    for _ in range(5000):
        x = x * 1.0
    return x


def backward_twice(tensor: Callable[[float], Any]) -> float:
    """What x.grad is after the second of two backward passes of 3 z, z = x x, at x = 2."""
    x = tensor(2.0)
    z = x * x
    y = 3 * z
    y.backward()
    y.backward()
    return float(x.grad)


class Names:
    """The names that a case may use: arguments, constants, and the functions of a library."""

    def __init__(self, lookup: Callable[[str], Any], arguments: tuple[Any, ...]) -> None:
        self.lookup = lookup
        self.known = {
            "inf": inf,
            "nan": nan,
            "chain": chain,
            **dict(zip("xyz", arguments, strict=False)),
        }

    def __getitem__(self, name: str) -> Any:
        return self.known[name] if name in self.known else self.lookup(name)


@dataclass
class Corner:
    """One case and what is expected of it."""

    case: str
    at: Any
    value: Any
    gradient: Any
    why: str
    second: Any = None
    dtype: type = np.float64

    @property
    def points(self) -> tuple[Any, ...]:
        return self.at if isinstance(self.at, tuple) else (self.at,)

    def arguments(self) -> tuple[np.ndarray, ...]:
        return tuple(np.array(p, self.dtype) for p in self.points)

    def function(self, lookup: Callable[[str], Any]) -> Callable[..., Any]:
        """The case as a function of arrays of the library whose functions ``lookup`` finds."""
        code = compile(self.case, "<corner>", "eval")
        return lambda *arguments: eval(code, {}, Names(lookup, arguments))

    @property
    def point(self) -> str:
        """The arguments as text: x = ..., y = ..."""
        named = zip("xyz", self.points, strict=False)
        text = ", ".join(f"{name} = {at}" for name, at in named)
        return text + (" (float32)" if self.dtype is np.float32 else "")

    @property
    def key(self) -> str:
        return f"{self.case} at {self.point}"
