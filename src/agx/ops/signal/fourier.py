"""Discrete Fourier transforms, which are linear: the pull-back of each is another one.

The matrix of a transform is symmetric, so that of ``fft`` is itself. Transforms between real numbers
and half a spectrum are each other's, up to the weight of the half that is left out.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.fft as _np_fft
from numpy.lib.array_utils import normalize_axis_index

from ..._engine.graph import implements, primitive
from ..complex import conj
from ..shape.axes import as_array, refuse_out
from ..shape.moves import roll
from ..shape.pad import pad

if TYPE_CHECKING:
    from ..._engine.signatures import Array

__all__ = [
    "fft",
    "fft2",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftn",
]

Sizes = Sequence[int] | None
Axes = Sequence[int] | None

_SWAPPED = {"backward": "forward", "ortho": "ortho", "forward": "backward"}


def _fit(g: Any, shape: tuple[int, ...]) -> Any:
    """Cut ``g`` at the end of each axis, or add zeros there, to give it ``shape``."""
    g = g[tuple(map(slice, shape))]
    if g.shape == shape:
        return g
    return pad(g, [(0, n - m) for n, m in zip(shape, g.shape, strict=True)])


def _weights(g: Any, n: int, axis: int, inner: float) -> np.ndarray:
    """1 for the frequencies 0 and n/2 of half a spectrum and ``inner`` for the others, along ``axis``."""
    w = np.full(n // 2 + 1, inner, np.dtype(g.dtype.char.lower()))
    w[0] = 1
    if n % 2 == 0:
        w[-1] = 1
    return w.reshape(-1, *[1] * (g.ndim - 1 - axis))


def _rfftn_vjp(g: Any, out: Any, x: Any, *, s: Any, axes: Any, norm: str) -> Any:
    half = conj(g) * _weights(g, s[-1], axes[-1], 0.5)
    return _fit(_irfftn(half, s=s, axes=axes, norm=_SWAPPED[norm]), x.shape)


def _irfftn_vjp(g: Any, out: Any, x: Any, *, s: Any, axes: Any, norm: str) -> Any:
    whole = conj(_rfftn(g, s=s, axes=axes, norm=_SWAPPED[norm]))
    return _fit(whole * _weights(whole, s[-1], axes[-1], 2.0), x.shape)


# Axes are distinct and counted from the front; s holds the length of the transform along each.
_fftn = primitive(
    "fftn",
    lambda x, *, s, axes, norm: _np_fft.fftn(x, s, axes, norm),
    (lambda g, out, x, *, s, axes, norm: _fit(_fftn(g, s=s, axes=axes, norm=norm), x.shape),),
)
_ifftn = primitive(
    "ifftn",
    lambda x, *, s, axes, norm: _np_fft.ifftn(x, s, axes, norm),
    (lambda g, out, x, *, s, axes, norm: _fit(_ifftn(g, s=s, axes=axes, norm=norm), x.shape),),
)
_rfftn = primitive(
    "rfftn", lambda x, *, s, axes, norm: _np_fft.rfftn(x, s, axes, norm), (_rfftn_vjp,)
)
_irfftn = primitive(
    "irfftn", lambda x, *, s, axes, norm: _np_fft.irfftn(x, s, axes, norm), (_irfftn_vjp,)
)


# --- arguments -----------------------------------------------------------------------------------


def _norm(who: str, norm: str | None, out: Any) -> str:
    refuse_out(who, out)
    norm = "backward" if norm is None else norm
    if norm not in _SWAPPED:
        raise ValueError(f"{who}: norm must be 'backward', 'ortho' or 'forward', got {norm!r}")
    return norm


def _lengths(
    who: str, shape: tuple[int, ...], s: Sizes, axes: Axes, half: bool
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The length of the transform along each axis, and the axes counted from the front.

    ``half`` tells that the last axis of the array holds half a spectrum.
    """
    ndim = len(shape)
    if axes is None:
        axes = range(-(ndim if s is None else len(s)), 0)
    where = tuple(normalize_axis_index(a, ndim) for a in axes)
    if not where and "r" in who:
        raise ValueError(f"{who}: expected at least one axis to transform, got none")
    wanted = (-1,) * len(where) if s is None else s
    if len(wanted) != len(where):
        raise ValueError(
            f"{who}: s has {len(wanted)} lengths for {len(where)} axes; give one for each"
        )
    found = [
        shape[a] if n is None or n == -1 else operator.index(n)
        for n, a in zip(wanted, where, strict=True)
    ]
    if half and (s is None or wanted[-1] is None):
        found[-1] = 2 * (found[-1] - 1)
    if min(found, default=1) < 1:
        raise ValueError(f"{who}: every length must be at least 1, got {tuple(found)}")
    return tuple(found), where


def _full(whole: Any, who: str, x: Any, s: Sizes, axes: Axes, norm: str | None, out: Any) -> Any:
    """Transform ``x`` along axes that may repeat, the last first, as NumPy does."""
    norm = _norm(who, norm, out)
    x = as_array(x)
    sizes, where = _lengths(who, x.shape, s, axes, half=False)
    if len(set(where)) == len(where):
        return whole(x, s=sizes, axes=where, norm=norm)
    for n, a in zip(reversed(sizes), reversed(where), strict=True):
        x = whole(x, s=(n,), axes=(a,), norm=norm)
    return x


def _to_half(who: str, x: Any, s: Sizes, axes: Axes, norm: str | None, out: Any) -> Any:
    norm = _norm(who, norm, out)
    x = as_array(x)
    if x.dtype.kind == "c":
        raise TypeError(f"{who}: expected real numbers, got {x.dtype}; use fft, or take ag.real")
    sizes, where = _lengths(who, x.shape, s, axes, half=False)
    if len(set(where)) == len(where):
        return _rfftn(x, s=sizes, axes=where, norm=norm)
    x = _rfftn(x, s=sizes[-1:], axes=where[-1:], norm=norm)
    return _full(_fftn, who, x, sizes[:-1], where[:-1], norm, None)


def _from_half(who: str, x: Any, s: Sizes, axes: Axes, norm: str | None, out: Any) -> Any:
    norm = _norm(who, norm, out)
    x = as_array(x)
    sizes, where = _lengths(who, x.shape, s, axes, half=True)
    if len(set(where)) == len(where):
        return _irfftn(x, s=sizes, axes=where, norm=norm)
    for n, a in zip(sizes[:-1], where[:-1], strict=True):
        x = _ifftn(x, s=(n,), axes=(a,), norm=norm)
    return _irfftn(x, s=sizes[-1:], axes=where[-1:], norm=norm)


def _one(n: int | None) -> Sizes:
    """Lengths for one axis, where -1 does not mean that of the array."""
    return None if n is None else (max(operator.index(n), 0),)


# --- one axis ------------------------------------------------------------------------------------


@implements(_np_fft.fft)
def fft(
    a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: None = None
) -> Array:
    """Compute the discrete Fourier transform along ``axis``, of real or complex numbers.

    out[k] = sum(a[j] exp(-2 pi i j k / n) for j in range(n)). ``a`` is cut to ``n`` or padded with zeros
    (by default n is its length), and ``out`` has n elements along ``axis``. ``norm`` says which direction is
    divided by n: the inverse ("backward", the default), this one ("forward"), or both by its square root
    ("ortho"). Raises ValueError for another norm and for n < 1, TypeError for an array ``out``.

    >>> x = ag.Tensor([1.0, 2.0, 3.0, 4.0])
    >>> (ag.abs(ag.fft.fft(x)) ** 2).sum().backward()
    >>> x.grad
    array([ 8., 16., 24., 32.])
    """
    return _full(_fftn, "fft", a, _one(n), (axis,), norm, out)


@implements(_np_fft.ifft)
def ifft(
    a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: None = None
) -> Array:
    """Compute the inverse of ``fft`` along ``axis``; arguments and errors are the same.

    out[j] = sum(a[k] exp(2 pi i j k / n) for k in range(n)) / n.

    >>> ag.fft.ifft(np.array([2.0, 0.0]))
    array([1.+0.j, 1.+0.j])
    """
    return _full(_ifftn, "ifft", a, _one(n), (axis,), norm, out)


@implements(_np_fft.rfft)
def rfft(
    a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: None = None
) -> Array:
    """Compute the first n // 2 + 1 elements of ``fft`` along ``axis``, the rest being determined.

    Arguments and errors are those of ``fft``; raises TypeError for complex numbers.

    >>> ag.fft.rfft(np.array([1.0, 2.0, 3.0]), norm="forward").shape
    (2,)
    """
    return _to_half("rfft", a, _one(n), (axis,), norm, out)


@implements(_np_fft.irfft)
def irfft(
    a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: None = None
) -> Array:
    """Compute the inverse of ``rfft``: ``n`` real numbers along ``axis`` from half a spectrum.

    ``n`` is 2 (m - 1) for a length of m by default; pass it if it was odd. The imaginary parts of the
    frequencies 0 and n/2 count for nothing. Other arguments and errors are those of ``fft``.

    >>> ag.fft.irfft(ag.fft.rfft(np.array([1.0, 2.0, 3.0])), 3)
    array([1., 2., 3.])
    """
    return _from_half("irfft", a, _one(n), (axis,), norm, out)


@implements(_np_fft.hfft)
def hfft(
    a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: None = None
) -> Array:
    """Compute the real spectrum, of ``n`` elements, of a signal that is the conjugate of its mirror image.

    ``a`` holds half of the signal, as the result of ``rfft`` holds half of a spectrum. Arguments and errors
    are those of ``irfft``.

    >>> ag.fft.hfft(np.array([1.0, 2.0j]), 3).round(3)
    array([ 1.   ,  4.464, -2.464])
    """
    return _from_half(
        "hfft", conj(as_array(a)), _one(n), (axis,), _SWAPPED[_norm("hfft", norm, out)], None
    )


@implements(_np_fft.ihfft)
def ihfft(
    a: Any, n: int | None = None, axis: int = -1, norm: str | None = None, out: None = None
) -> Array:
    """Compute the inverse of ``hfft``: half of a signal from its real spectrum.

    Arguments and errors are those of ``rfft``.

    >>> ag.fft.ihfft(np.array([1.0, 1.0]))
    array([1.-0.j, 0.-0.j])
    """
    return conj(_to_half("ihfft", a, _one(n), (axis,), _SWAPPED[_norm("ihfft", norm, out)], None))


# --- several axes --------------------------------------------------------------------------------


@implements(_np_fft.fftn)
def fftn(
    a: Any, s: Sizes = None, axes: Axes = None, norm: str | None = None, out: None = None
) -> Array:
    """Compute the discrete Fourier transform along several axes (all of them by default).

    ``s`` holds the length along each of ``axes``, -1 for that of ``a``; with ``s`` alone the last axes are
    transformed. An axis named twice is transformed twice. ``norm`` is as for ``fft``. Raises ValueError
    for another norm, a length < 1, or a different number of lengths and axes; TypeError for ``out``.

    >>> ag.fft.fftn(np.ones((2, 2)))
    array([[4.+0.j, 0.+0.j],
           [0.+0.j, 0.+0.j]])
    """
    return _full(_fftn, "fftn", a, s, axes, norm, out)


@implements(_np_fft.ifftn)
def ifftn(
    a: Any, s: Sizes = None, axes: Axes = None, norm: str | None = None, out: None = None
) -> Array:
    """Compute the inverse of ``fftn``; arguments and errors are the same.

    >>> ag.fft.ifftn(np.ones((2, 2)))[0]
    array([1.+0.j, 0.+0.j])
    """
    return _full(_ifftn, "ifftn", a, s, axes, norm, out)


@implements(_np_fft.rfftn)
def rfftn(
    a: Any, s: Sizes = None, axes: Axes = None, norm: str | None = None, out: None = None
) -> Array:
    """Compute ``rfft`` along the last of ``axes`` and ``fft`` along the others, of real numbers.

    Arguments and errors are those of ``fftn``; raises TypeError for complex numbers.

    >>> ag.fft.rfftn(np.ones((2, 3, 4))).shape
    (2, 3, 3)
    """
    return _to_half("rfftn", a, s, axes, norm, out)


@implements(_np_fft.irfftn)
def irfftn(
    a: Any, s: Sizes = None, axes: Axes = None, norm: str | None = None, out: None = None
) -> Array:
    """Compute the inverse of ``rfftn``: real numbers from half a spectrum.

    Without ``s`` the last length is 2 (m - 1) for m numbers in ``a``. Other arguments and errors are those
    of ``fftn``.

    >>> ag.fft.irfftn(np.ones((2, 3)), (2, 5)).shape
    (2, 5)
    """
    return _from_half("irfftn", a, s, axes, norm, out)


@implements(_np_fft.fft2)
def fft2(
    a: Any, s: Sizes = None, axes: Axes = (-2, -1), norm: str | None = None, out: None = None
) -> Array:
    """Compute ``fftn`` along two axes, the last two by default.

    >>> ag.fft.fft2(np.ones((3, 2, 2))).shape
    (3, 2, 2)
    """
    return _full(_fftn, "fft2", a, s, axes, norm, out)


@implements(_np_fft.ifft2)
def ifft2(
    a: Any, s: Sizes = None, axes: Axes = (-2, -1), norm: str | None = None, out: None = None
) -> Array:
    """Compute ``ifftn`` along two axes, the last two by default.

    >>> ag.fft.ifft2(np.ones((3, 2, 2))).shape
    (3, 2, 2)
    """
    return _full(_ifftn, "ifft2", a, s, axes, norm, out)


@implements(_np_fft.rfft2)
def rfft2(
    a: Any, s: Sizes = None, axes: Axes = (-2, -1), norm: str | None = None, out: None = None
) -> Array:
    """Compute ``rfftn`` along two axes, the last two by default.

    >>> ag.fft.rfft2(np.ones((3, 2, 2))).shape
    (3, 2, 2)
    """
    return _to_half("rfft2", a, s, axes, norm, out)


@implements(_np_fft.irfft2)
def irfft2(
    a: Any, s: Sizes = None, axes: Axes = (-2, -1), norm: str | None = None, out: None = None
) -> Array:
    """Compute ``irfftn`` along two axes, the last two by default.

    >>> ag.fft.irfft2(np.ones((3, 2, 2))).shape
    (3, 2, 2)
    """
    return _from_half("irfft2", a, s, axes, norm, out)


# --- order of the frequencies --------------------------------------------------------------------


def _shift(x: Any, axes: int | Axes, sign: int) -> Any:
    x = as_array(x)
    if axes is None:
        axes = range(x.ndim)
    elif isinstance(axes, (int, np.integer)):
        axes = (axes,)
    where = tuple(normalize_axis_index(a, x.ndim) for a in axes)
    return roll(x, tuple(sign * (x.shape[a] // 2) for a in where), where) if where else x


@implements(_np_fft.fftshift)
def fftshift(x: Any, axes: int | Axes = None) -> Array:
    """Move the frequency 0 to the middle, along ``axes`` (all of them by default).

    >>> ag.fft.fftshift(ag.fft.fftfreq(5, 0.2))
    array([-2., -1.,  0.,  1.,  2.])
    """
    return _shift(x, axes, 1)


@implements(_np_fft.ifftshift)
def ifftshift(x: Any, axes: int | Axes = None) -> Array:
    """Undo ``fftshift``: move the middle to the front, along ``axes`` (all of them by default).

    >>> ag.fft.ifftshift(np.array([-1.0, 0.0, 1.0]))
    array([ 0.,  1., -1.])
    """
    return _shift(x, axes, -1)
