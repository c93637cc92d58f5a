"""Functions that are one step of the graph, and the derivatives that are given to them."""

from __future__ import annotations

import functools
import itertools
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..._engine.entered import outside
from ..._engine.graph import Primitive
from ..._engine.trace import Trace
from ...ops.complex import is_complex, real
from ...ops.shape.axes import concatenate, ravel, reshape
from .boxes import isbox, peek, subval
from .nests import each, items, rebuild
from .spaces import dense, vspace

Maker = Callable[..., Any]


_HERE = object()  # where a Tensor was


def _holds(what: Callable[[Any], bool], x: Any) -> bool:
    return what(x) or (isinstance(x, (list, tuple, dict)) and any(map(what, items(x))))


def _has_box(x: Any) -> bool:
    return _holds(isbox, x)


def _is_here(x: Any) -> bool:
    return x is _HERE


class _Packing:
    """A nest of arrays as one vector, which a node of the graph can carry.

    What is not made of floating-point numbers, such as indices, has no gradient and stays as it is.
    """

    def __init__(self, nest: Any) -> None:
        self.nest = nest
        self._parts = [np.asarray(part) for part in items(nest)]
        self._carried = [part.dtype.kind in "fc" for part in self._parts]

    def pack(self, nest: Any) -> Any:
        """One vector; None stands for zeros."""
        whole = zip(items(nest), self._parts, self._carried, strict=True)
        vectors = [
            np.zeros(part.size) if new is None else ravel(new) for new, part, on in whole if on
        ]
        return concatenate(vectors) if vectors else np.zeros(0)

    def unpack(self, vector: Any) -> Any:
        """The nest."""
        return rebuild(self.nest, self._unpacked(vector))

    def _unpacked(self, vector: Any) -> Iterator[Any]:
        end = 0
        for old, part, on in zip(items(self.nest), self._parts, self._carried, strict=True):
            if not on:
                yield old
                continue
            start, end = end, end + part.size
            new = reshape(vector[start:end], part.shape)
            yield (real(new) if is_complex(new) and part.dtype.kind == "f" else new)[()]


class primitive:  # noqa: N801
    """Make a function of plain values one step of the graph; ``defvjp`` gives it a derivative.

    It may be called with Tensors by position, alone or in nests, and with anything else, and returns an
    array or a nest of arrays.

    >>> from agx.compat.autograd.extend import defvjp, primitive
    >>> cube = primitive(lambda x: x**3)
    >>> defvjp(cube, lambda ans, x: lambda g: g * 3 * x**2)
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.fun = function
        self.plain = False
        self.vjp_of: Maker | None = None
        self.jvp_of: Maker | None = None
        self._step = Primitive(getattr(function, "__name__", "primitive"), self._value, self._rule)

    def ruled(self) -> primitive:
        """What ``defvjp`` and its relatives give rules to."""
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        where = tuple(i for i, a in enumerate(args) if isbox(a))
        if not where and not any(map(_has_box, args)) and not any(map(_has_box, kwargs.values())):
            return self.fun(*args, **kwargs)
        if self.plain:
            with outside():
                return self.fun(*each(peek, args), **each(peek, kwargs))
        for name, value in kwargs.items():
            if _has_box(value):
                raise TypeError(
                    f"{self._step.name}: no gradient flows through the keyword argument {name!r}; "
                    "pass it by position"
                )
        tensors = [v for a in args if _has_box(a) for v in items(a) if isbox(v)]
        form: list[_Packing] = []
        out = self._step(*tensors, given=_Given(args, kwargs, form))
        return form[0].unpack(out) if form else out

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def _value(self, *values: Any, given: _Given) -> Any:
        plain = [v if getattr(v, "ndim", 0) else v[()] for v in values]
        with outside():
            out = self.fun(*given.filled(plain), **given.kwargs)
        if any(map(isbox, items(out))):
            raise TypeError(
                f"{self._step.name}: a primitive must return plain numbers, got a Tensor; pass every "
                "Tensor that it uses as an argument by position"
            )
        if isinstance(out, (list, tuple, dict)):
            given.form[:] = [_Packing(out)]
            return given.form[0].pack(out)
        return out

    def _rule(self, i: int, g: Any, out: Any, *values: Any, given: _Given) -> Any:
        argnum, place = given.places()[i]
        args = given.filled(values)
        if given.form:
            g, out = given.form[0].unpack(g), given.form[0].unpack(out)
        if self.vjp_of is not None:
            found = self.vjp_of(argnum, out, args, given.kwargs)(g)
        elif self.jvp_of is not None:
            found = self._transposed(argnum, g, out, args, given.kwargs)
        else:
            self.undefined(argnum)
        if place is not None and found is not None:
            found = list(items(found))[place]
        return dense(found)

    def _transposed(self, argnum: int, g: Any, out: Any, args: Any, kwargs: Any) -> Any:
        """The pull-back that a forward derivative, linear in its argument, amounts to."""
        along = Trace(np.ones_like(peek(x)) for x in items(args[argnum]))
        assert self.jvp_of is not None
        with along:
            step = rebuild(args[argnum], iter(along.nodes))
            moved = self.jvp_of(argnum, step, out, args, kwargs)
            packing = _Packing(each(peek, moved))
            change = packing.pack(moved)
            if not isbox(change):
                return each(lambda x: None, args[argnum])
            nested = any(map(isbox, (*items(g), *items(out), *items(args))))
            found = along.gradients(change, packing.pack(g), nested)
        return rebuild(args[argnum], iter(found))

    def undefined(self, argnum: int) -> Any:
        """Say that there is no derivative in an argument."""
        raise NotImplementedError(
            f"{self._step.name}: no gradient with respect to argument {argnum} is defined; give one "
            "with defvjp"
        )

    def defvjp(self, vjp: Maker, argnum: int = 0) -> None:
        """Give the pull-back ``vjp(g, ans, vs, gvs, *args, **kwargs)`` of one argument (an old form)."""

        def maker(ans: Any, *args: Any, **kwargs: Any) -> Any:
            spaces = vspace(args[argnum]), vspace(ans)
            return lambda g: vjp(g, ans, *spaces, *args, **kwargs)

        self.defgrad(maker, argnum)

    def defgrad(self, maker: Maker, argnum: int = 0) -> None:
        """Give the pull-back ``maker(ans, *args, **kwargs)(g)`` of one argument (an old form)."""
        others = self.vjp_of or (lambda argnum, *_: self.undefined(argnum))
        self.vjp_of = lambda i, ans, args, kwargs: (
            maker(ans, *args, **kwargs) if i == argnum else others(i, ans, args, kwargs)
        )

    def defvjp_is_zero(self, argnums: Iterable[int] = (0,)) -> None:
        """Say that gradients in some arguments are zero (an old form)."""
        for argnum in argnums:
            self.defgrad(lambda ans, *args, **kwargs: lambda g: None, argnum)


class _Given:
    """What a primitive was called with, without the Tensors, which are the inputs of its node."""

    def __init__(self, args: Any, kwargs: Any, form: list[_Packing]) -> None:
        mark = lambda x: _HERE if isbox(x) else x
        self.args = [each(mark, a) if _has_box(a) else a for a in args]
        self.kwargs, self.form = kwargs, form

    def filled(self, values: Iterable[Any]) -> tuple[Any, ...]:
        """The arguments with values in the places of Tensors, one after the other."""
        found = iter(values)
        put = lambda x: next(found) if x is _HERE else x
        return tuple(each(put, a) if _holds(_is_here, a) else a for a in self.args)

    def places(self) -> list[tuple[int, int | None]]:
        """For each Tensor the number of its argument, and its place in it if that is a nest."""
        found: list[tuple[int, int | None]] = []
        for i, a in enumerate(self.args):
            if a is _HERE:
                found.append((i, None))
            elif _holds(_is_here, a):
                found += [(i, k) for k, v in enumerate(items(a)) if v is _HERE]
        return found


# --- rules ---------------------------------------------------------------------------------------


def _target(who: str, fun: Any) -> primitive:
    """What carries the rules of ``fun``. A plain function has no use for them: it is traced through."""
    if hasattr(fun, "ruled"):
        return fun.ruled()
    if not callable(fun):
        raise TypeError(f"{who}: expected a function, got {fun!r}")
    return primitive(fun)


def _table(makers: Iterable[Any], argnums: Iterable[int] | None) -> dict[int, Any]:
    return dict(zip(itertools.count() if argnums is None else argnums, makers, strict=False))


def defvjp(fun: Any, *makers: Maker | None, argnums: Iterable[int] | None = None) -> None:
    """Give a function its pull-backs: ``maker(ans, *args, **kwargs)(g)`` for each argument.

    None stands for a gradient of zero. ``argnums`` says which arguments they belong to. Functions of
    these modules, such as ``numpy.sin``, take the new rules in place of agx's own where they are called
    by name; a function that is no primitive is traced through as before.
    """
    table, target = _table(makers, argnums), _target("defvjp", fun)

    def vjp_of(argnum: int, ans: Any, args: Any, kwargs: Any) -> Any:
        if argnum not in table:
            return target.undefined(argnum)
        maker = table[argnum]
        return (lambda g: None) if maker is None else maker(ans, *args, **kwargs)

    target.vjp_of = vjp_of


def defvjp_argnum(fun: Any, maker: Maker) -> None:
    """Give a function one pull-back for all arguments: ``maker(argnum, ans, args, kwargs)(g)``."""
    _target("defvjp_argnum", fun).vjp_of = maker


def defvjp_argnums(fun: Any, maker: Maker) -> None:
    """Give a function a pull-back to several arguments: ``maker(argnums, ans, args, kwargs)(g)``."""
    _target("defvjp_argnums", fun).vjp_of = lambda argnum, *rest: (
        lambda g: next(iter(maker((argnum,), *rest)(g)))
    )


def defjvp(fun: Any, *jvps: Any, argnums: Iterable[int] | None = None) -> None:
    """Give a function its forward derivatives: ``jvp(g, ans, *args, **kwargs)`` for each argument.

    None stands for zero, "same" for a function that is linear in that argument, and is then traced
    through. agx computes forward derivatives from pull-backs, and uses these for a function without.
    """
    table, target = _table(jvps, argnums), _target("defjvp", fun)

    def jvp_of(argnum: int, g: Any, ans: Any, args: Any, kwargs: Any) -> Any:
        jvp = table.get(argnum, target)
        if jvp is target:
            return target.undefined(argnum)
        if jvp is None:
            return each(lambda x: np.zeros_like(peek(x)), ans)
        if jvp == "same":
            return target.fun(*subval(args, argnum, g), **kwargs)
        return jvp(g, ans, *args, **kwargs)

    target.jvp_of = jvp_of


def defjvp_argnum(fun: Any, jvp: Any) -> None:
    """Give one forward derivative for all arguments: ``jvp(argnum, g, ans, args, kwargs)``."""
    _target("defjvp_argnum", fun).jvp_of = jvp


def defjvp_argnums(fun: Any, jvp: Any) -> None:
    """Give a forward derivative for several: ``jvp(argnums, gs, ans, args, kwargs)``."""
    _target("defjvp_argnums", fun).jvp_of = lambda argnum, g, *rest: jvp((argnum,), (g,), *rest)


def def_linear(fun: Any) -> None:
    """Say that a function is linear in every argument: without pull-backs it is traced through."""
    target = _target("def_linear", fun)
    target.jvp_of = lambda argnum, g, ans, args, kwargs: target.fun(
        *subval(args, argnum, g), **kwargs
    )
