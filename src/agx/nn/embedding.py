"""Tables of vectors, one for each integer, and what becomes of bags of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._engine.graph import value_of
from .._engine.symbols import as_numbers
from ..ops.reduce.extremes import max
from ..ops.reduce.sums import sum
from ..ops.shape.axes import as_array, expand_dims
from ..ops.shape.where import where
from . import init
from .layers import check_positive
from .module import Module, parameter, settings_in_words

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .._engine.signatures import Tensor

__all__ = [
    "Embedding",
    "EmbeddingBag",
]


class _Table(Module):
    """A row of ``weight`` (num_embeddings, embedding_dim) for each integer, from N(0, 1)."""

    def _build(self, size: int, width: int, padding_idx: int | None, rng: Any, dtype: Any) -> None:
        name = type(self).__name__
        check_positive(name, num_embeddings=size, embedding_dim=width)
        drawn = init.normal((size, width), 1.0, rng, dtype)
        if padding_idx is not None:
            if not -size <= padding_idx < size:
                raise ValueError(
                    f"{name}: padding_idx must be an index of one of the {size} rows, got {padding_idx!r}"
                )
            padding_idx %= size
            drawn[padding_idx] = 0
        self.padding_idx, self.weight = padding_idx, parameter(drawn)

    def _indices(self, indices: Any) -> np.ndarray:
        """Indices as an array of integers that are in range."""
        indices, name = as_numbers(indices), type(self).__name__
        if indices.dtype.kind not in "iu":
            raise TypeError(
                f"{name}: expected integer indices, got dtype {indices.dtype}; write x.astype(np.int64)"
            )
        outside = (indices < 0) | (indices >= len(self.weight))
        if outside.any():
            raise IndexError(
                f"{name}: index {indices[outside][0]} is out of range for {len(self.weight)} rows; "
                f"give indices from 0 to {len(self.weight) - 1}, or a larger num_embeddings"
            )
        return indices

    def extra_repr(self) -> str:
        """Return the sizes, and what differs from the defaults."""
        text = f"{self.weight.shape[0]}, {self.weight.shape[1]}"
        return settings_in_words(text, ("padding_idx", self.padding_idx, None))


class Embedding(_Table):
    """Look up a row of ``weight`` (num_embeddings, embedding_dim) for each integer.

    Starts from N(0, 1); the row ``padding_idx`` starts as zeros and does not learn. Raises TypeError for
    indices that are no integers and IndexError for one out of range.

    >>> ag.nn.Embedding(10, 4)(np.array([[1, 2, 1]])).shape
    (1, 3, 4)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        self._build(num_embeddings, embedding_dim, padding_idx, rng, dtype)

    def forward(self, indices: ArrayLike) -> Tensor:
        """Look up ``indices``, an array of integers of any shape."""
        places = self._indices(indices)
        found = self.weight[places]
        if self.padding_idx is None:
            return found
        padding = places == self.padding_idx
        return where(padding[..., None], value_of(found), found) if padding.any() else found


class EmbeddingBag(_Table):
    """Look up rows of ``weight`` (num_embeddings, embedding_dim), and reduce those of each bag to one.

    ``mode`` is "mean", "sum" or "max"; a bag without rows gives zeros. Bags are the rows of ``indices``
    (B, L), or, of ``indices`` (N,), what begins at each of the ``offsets`` (B,), the last of which is the
    end of the last bag with ``include_last_offset``. ``per_sample_weights``, of the shape of the indices,
    multiply the rows of a sum. Indices that are ``padding_idx`` do not count. Raises TypeError and
    IndexError as Embedding, ValueError for offsets or weights that do not fit.

    >>> ag.nn.EmbeddingBag(10, 4)(np.array([1, 2, 1, 7, 5]), np.array([0, 3])).shape
    (2, 4)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        *,
        mode: str = "mean",
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        if mode not in ("mean", "sum", "max"):
            raise ValueError(f"EmbeddingBag: mode must be 'mean', 'sum' or 'max', got {mode!r}")
        self._build(num_embeddings, embedding_dim, padding_idx, rng, dtype)
        self.mode, self.include_last_offset = mode, include_last_offset

    def forward(
        self, indices: ArrayLike, offsets: ArrayLike | None = None, per_sample_weights: Any = None
    ) -> Tensor:
        """Reduce the rows of each bag."""
        flat = self._indices(indices)
        places = self._places(flat, offsets)
        weights = self._weights(flat.shape, per_sample_weights)
        live = places >= 0
        if weights is not None:
            weights = expand_dims(weights[np.maximum(places, 0)], -1)
        bags = flat.reshape(-1)[np.maximum(places, 0)] if flat.size else np.zeros_like(places)
        if self.padding_idx is not None:
            live = live & (bags != self.padding_idx)
        rows, live = self.weight[bags], live[..., None]
        if self.mode == "max":
            found = max(where(live, rows, -np.inf), 1)
            return where(live.any(1), found, 0.0)
        rows = rows if live.all() else where(live, rows, 0.0)
        total = sum(rows if weights is None else rows * weights, 1)
        if self.mode == "sum":
            return total
        return total / np.maximum(live.sum(1), 1).astype(total.dtype)

    def _places(self, indices: np.ndarray, offsets: Any) -> np.ndarray:
        """Where in the flat indices those of each bag are: (bags, longest), and -1 where it has ended."""
        if indices.ndim == 2:
            if offsets is not None:
                raise ValueError(
                    f"{self!r}: offsets go with indices of one axis; leave them out for {indices.shape}"
                )
            shape = len(indices), np.maximum(indices.shape[1], 1)
            return (
                np.arange(indices.size).reshape(indices.shape)
                if indices.size
                else np.full(shape, -1)
            )
        if indices.ndim != 1 or offsets is None:
            raise ValueError(
                f"{self!r}: expected indices of shape (B, L), or (N,) with offsets, got {indices.shape}"
            )
        starts = np.asarray(offsets)
        fits = starts.ndim == 1 and starts.dtype.kind in "iu" and len(starts) > 0
        if fits:
            ends = np.append(starts[1:], len(indices))
            if self.include_last_offset:
                starts, ends = starts[:-1], ends[:-1]
            lengths = ends - starts
            fits = (
                len(starts) > 0
                and not starts[0]
                and not (lengths < 0).any()
                and ends[-1] <= len(indices)
            )
        if not fits:
            raise ValueError(
                f"{self!r}: offsets must be integers that begin with 0 and do not fall, up to the "
                f"{len(indices)} indices, got {offsets!r:.60}"
            )
        steps = np.arange(np.maximum(lengths.max(), 1))
        return np.where(steps < lengths[:, None], starts[:, None] + steps, -1)

    def _weights(self, shape: tuple[int, ...], weights: Any) -> Any:
        """One weight for each index, in a row, in the dtype of the table; None if there are none."""
        if weights is None:
            return None
        if self.mode != "sum":
            raise ValueError(f"{self!r}: per_sample_weights need mode='sum'")
        weights = as_array(weights)
        if weights.shape != shape:
            raise ValueError(
                f"{self!r}: expected per_sample_weights of the shape of the indices, {shape}, got "
                f"{weights.shape}"
            )
        return weights.reshape(-1).astype(self.weight.dtype)

    def extra_repr(self) -> str:
        """Return the sizes, and what differs from the defaults."""
        return settings_in_words(
            super().extra_repr(),
            ("mode", self.mode, "mean"),
            ("include_last_offset", self.include_last_offset, False),
        )
