"""Every name of scipy.special; what agx can differentiate takes Tensors."""

from __future__ import annotations

import functools
from typing import Any

from ....ops.elementwise.exponential import exp
from ..absent import INSTEAD, absent
from ..numpy.wrapped import Function
from ..primitives import defvjp, primitive
from . import densities

_look_up_absent = absent("agx.compat.autograd.scipy.special")


def _look_up(name: str) -> Any:
    return __getattr__(name)


#: Pull-backs of what ``ag.special`` lacks, by argument.
_RULES: dict[str, dict[int, Any]] = {
    "betainc": {2: lambda out, a, b, x: lambda g: g * exp(densities.beta(x, a, b))},
    "gammainc": {1: lambda out, a, x: lambda g: g * exp(densities.gamma(x, a))},
    "gammaincc": {1: lambda out, a, x: lambda g: -g * exp(densities.gamma(x, a))},
    "gammasgn": {0: None},
    "multigammaln": {
        0: lambda out, a, d: lambda g: g * sum(_look_up("psi")(a - k / 2) for k in range(d))
    },
    "rgamma": {0: lambda out, x: lambda g: -g * out * _look_up("psi")(x)},
    "stdtr": {1: lambda out, df, x: lambda g: g * exp(densities.t(x, df))},
    "yn": {
        1: lambda out, n, x: lambda g: g * (_look_up("yn")(n - 1, x) - _look_up("yn")(n + 1, x)) / 2
    },
}


@functools.cache
def _named(name: str) -> Any:
    """A function of agx where it has one, else SciPy's, to which ``defvjp`` may give a derivative."""
    from .... import special

    if name not in _RULES and hasattr(special, name):
        return Function(getattr(special, name))
    import scipy.special

    found = getattr(scipy.special, name)
    if not callable(found) or isinstance(found, type):
        return found
    new = primitive(found)
    if name in _RULES:
        defvjp(new, *_RULES[name].values(), argnums=tuple(_RULES[name]))
    return new


def __getattr__(name: str) -> Any:
    if name.startswith("__") or name in INSTEAD:
        return _look_up_absent(name)
    return _named(name)


def __dir__() -> list[str]:
    import scipy.special

    return [name for name in dir(scipy.special) if not name.startswith("_")]
