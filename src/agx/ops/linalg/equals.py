"""Gradients at equal eigenvalues: those of functions that do not ask which basis of an eigenspace they get.

If dA splits equal eigenvalues, its eigenvectors V R are those in whose directions it does, and the eigenvalues
move by the diagonal of R^H V^H dA V R. So the gradient within the eigenspace is the matrix whose diagonal, seen
from every R, is the gradient of the eigenvalues there. A gradient with a graph can be computed for other V.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..._engine.graph import value_of
from ..._engine.replay import again, elsewhere
from .matrices import as_diagonal


def within_eigenspaces(g: Any, out: Any, x: Any, parts: Any, pack: Any, pairs: np.ndarray) -> Any:
    """The gradients of ``_eigh`` in the bases of its vectors, diagonal but for ``pairs`` of equal values.

    NaN for pairs whose share cannot be known: if the function depends on the choice of a basis, or on
    the matrix in other ways than through ``out``.
    """
    n, (w, v), (gw, gv) = x.shape[-1], parts(out.array), parts(g)
    size = max(float(np.abs(g.array).max(initial=0.0)), 1e-300)
    gaps = np.abs(w[..., :, None] - w[..., None, :]) * pairs
    apart = float(gaps.max(initial=0.0) / max(np.abs(w).max(initial=0.0), 1e-300))
    close = (1e4 * np.finfo(w.dtype).eps + 10 * apart) * size
    held = again(g, {**elsewhere(x), out: out.array})
    off = [np.abs(held - g.array).max(-1)]

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
    unsound = ~(np.max(off, 0) <= close)
    return found * np.where(pairs & unsound[..., None, None], np.nan, 1.0)


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
    mix = rng.normal(size=(n, n)) + (1j * rng.normal(size=(n, n)) if np.dtype(dtype).kind == "c" else 0)
    same = labels[..., :, None] == labels[..., None, :]
    return np.linalg.qr(np.where(same, mix, 0))[0].astype(dtype)
