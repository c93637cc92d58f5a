"""Gradients at equal eigenvalues: those of functions that do not ask which basis of an eigenspace they get.

If dA splits equal eigenvalues, its eigenvectors V R are those in whose directions it does, and the
eigenvalues move by the diagonal of R^H V^H dA V R. So the gradient within the eigenspace is the matrix whose
diagonal, seen from every R, is the gradient of the eigenvalues there. A gradient with a graph can be
computed for other V.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..._engine.graph import Node, is_node, value_of
from ..._engine.replay import again, elsewhere, stands_still
from ..._engine.symbols import as_numbers
from ..shape.axes import expand_dims
from ..shape.where import where
from .matrices import as_diagonal


def plain(x: Any) -> np.ndarray:
    return as_numbers(x.value if isinstance(x, Node) else x)


def row(v: Any) -> Any:
    return expand_dims(v, -2)


def column(v: Any) -> Any:
    return expand_dims(v, -1)


def vanishing(x: Any, scale: Any, tolerance: float | None = None) -> np.ndarray:
    """Where x is 0 up to the rounding errors of numbers like ``scale``, or up to ``tolerance`` of them."""
    size = np.abs(plain(scale))
    if tolerance is None:
        tolerance = 32 * max(x.shape[-1:], default=1) * np.finfo(size.dtype).eps
    largest = np.max(size, axis=-1, initial=0.0)
    largest = largest.reshape(largest.shape + (1,) * (x.ndim - largest.ndim))
    return as_numbers(np.abs(plain(x)) <= tolerance * largest)


def reciprocal(x: Any, scale: Any) -> Any:
    """1 / x, and 0 where x is 0 up to the rounding errors of numbers like ``scale``."""
    small = vanishing(x, scale)
    return where(small, 0.0, 1 / where(small, 1.0, x))


def gaps(w: Any) -> Any:
    """The matrix 1 / (w_j - w_i), with 0 where the two are equal."""
    return reciprocal(row(w) - column(w), w)


def equal_pairs(w: Any, tolerance: float | None = None) -> np.ndarray:
    """Where two of the numbers of the last axis are equal."""
    w = plain(w)
    return vanishing(row(w) - column(w), w, tolerance) & ~np.eye(w.shape[-1], dtype=bool)


def unused(g: Any, x: Any) -> np.ndarray:
    """Where the gradient ``g`` stays 0, as only its graph tells: that of vectors that nobody asked for."""
    if not is_node(x):
        return np.zeros(g.shape, bool)
    found = plain(g) == 0
    return found & stands_still(g) if is_node(g) and found.any() else found


def of_equals(inner: Any, pairs: np.ndarray, find: Any) -> Any:
    """``inner``, and NaN for ``pairs`` of equal values if one of their vectors is used."""
    if not pairs.any():
        return inner
    idle = find()
    return without(inner, pairs & ~(row(idle) & column(idle)))


def without(x: Any, where_to: np.ndarray) -> Any:
    """``x``, and NaN in places: as a factor, which forward derivatives see too."""
    return x * np.where(where_to, np.nan, 1.0).astype(x.dtype)


# --- functions of the whole eigenspace ---------------------------------------------------------------


def within_eigenspaces(g: Any, out: Any, x: Any, parts: Any, pack: Any, pairs: np.ndarray) -> Any:
    """The gradients of ``_eigh`` in the bases of its vectors, diagonal but for ``pairs`` of equal values.

    Also those of ``_svd``, whose vectors of equal values on both sides turn together, one above the other.

    NaN for pairs whose share cannot be known: if the function depends on the choice of a basis, on the
    matrix in other ways than through ``out``, or jumps where the values part, as max does.
    """
    (w, v), (gw, gv) = parts(out.array), parts(g)
    n = w.shape[-1]
    size = max(float(np.abs(g.array).max(initial=0.0)), 1e-300)
    apart = np.abs(w[..., :, None] - w[..., None, :]) * pairs
    apart = float(apart.max(initial=0.0) / max(np.abs(w).max(initial=0.0), 1e-300))
    close = (1e4 * np.finfo(w.dtype).eps + 10 * apart) * size
    held = again(g, {**elsewhere(x), out: out.array})
    off = [np.abs(held - g.array).max(-1)]
    torn = _jumps(g, out, lambda step: pack((w + step * np.arange(n)).astype(w.dtype), v), w)

    def turned(r: np.ndarray) -> Any:
        """The gradient of the eigenvalues if the vectors were V R."""
        hw, hv = parts(again(g, {out: pack(w, v @ r)}, record=True))
        off.append(np.abs(value_of(hv) - value_of(gv) @ np.conj(r)).max((-1, -2)))
        return hw[..., None]

    gw, one, found = gw[..., None], np.eye(n), as_diagonal(gw)
    labels = np.argmax(pairs | np.eye(n, dtype=bool), -1)
    for partner in _rounds(labels):
        swap = one[partner]
        first, mates = np.triu(swap, 1), swap * (1 - one)
        for phase in (1, 1j) if v.dtype.kind == "c" else (1,):
            new = turned(_half_turns(partner, phase, v.dtype))
            both = (gw + swap @ gw) * 0.5
            sign = first.sum(-1, keepdims=True) - first.sum(-2)[..., None]
            rise = (new - both) * sign
            off.append(np.abs(value_of(rise - swap @ rise)).max((-1, -2)))
            turn = phase * first + np.conj(phase) * (mates - first)
            found = found + rise * turn
    r = _any_turn(labels, v.dtype)
    inner = np.swapaxes(r, -1, -2) @ value_of(found) @ np.conj(r)
    expected = np.diagonal(inner, axis1=-2, axis2=-1).real
    off.append(np.abs(value_of(turned(r))[..., 0] - expected).max(-1))
    unsound = ~(np.max(off, 0) <= close) | (torn > close)
    return found * np.where(pairs & unsound[..., None, None], np.nan, 1.0)


def _jumps(g: Any, out: Any, parted: Any, w: np.ndarray) -> np.ndarray:
    """By how much the gradient jumps as soon as values part, as that of max does."""
    largest = np.abs(w).max(-1, keepdims=True)
    step = np.finfo(w.dtype).eps ** 0.5 * np.where(largest > 0, largest, 1) / w.shape[-1]
    far, near = (np.abs(again(g, {out: parted(h)}) - g.array).max(-1) for h in (step, step / 8))
    return np.where(near <= far / 2, 0.0, near)


def _rounds(labels: np.ndarray) -> Iterator[np.ndarray]:
    """Partners, such that each meets each of its label once: itself where there is none (Lucas 1883)."""
    n = labels.shape[-1]
    ring = n + n % 2
    for k in range(ring - 1):
        seats = [0, *(1 + (np.arange(ring - 1) + k) % (ring - 1))]
        partner = np.arange(ring)
        for a, b in zip(seats[: ring // 2], reversed(seats[ring // 2 :]), strict=True):
            partner[a], partner[b] = b, a
        found = np.broadcast_to(np.where(partner[:n] < n, partner[:n], np.arange(n)), labels.shape)
        same = np.take_along_axis(labels, found, -1) == labels
        if (same & (found != np.arange(n))).any():
            yield np.where(same, found, np.arange(n))


def _half_turns(partner: np.ndarray, phase: complex, dtype: Any) -> np.ndarray:
    """Partners i < j become (v_i + p v_j) / sqrt(2) and (v_i - p v_j) / sqrt(2)."""
    n = partner.shape[-1]
    i, eye = np.arange(n), np.eye(n)
    alone, first = (partner == i)[..., None, :], (partner > i)[..., None, :]
    mate = np.swapaxes(eye[partner], -1, -2)
    halves = np.where(first, eye + phase * mate, mate - phase * eye) / np.sqrt(2)
    return np.where(alone, eye, halves).astype(dtype)


def _any_turn(labels: np.ndarray, dtype: Any) -> np.ndarray:
    """A unitary matrix that mixes those of one label."""
    n = labels.shape[-1]
    rng = np.random.default_rng(0)
    mix = rng.normal(size=(n, n)) + (
        1j * rng.normal(size=(n, n)) if np.dtype(dtype).kind == "c" else 0
    )
    same = labels[..., :, None] == labels[..., None, :]
    return np.linalg.qr(np.where(same, mix, 0))[0].astype(dtype)
