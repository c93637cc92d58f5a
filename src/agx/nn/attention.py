"""Attention and transformers, with PyTorch's names, arguments, weights and results."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .._engine.graph import of_arrays, value_of
from .._runtime.rng import generator
from ..ops.elementwise.activations import gelu
from ..ops.elementwise.limits import relu
from ..ops.linalg.products import linear, matmul
from ..ops.reduce.softmax import softmax
from ..ops.shape.axes import as_array, expand_dims, reshape, swapaxes
from ..ops.shape.where import where
from . import init
from .inputs import as_parameters
from .layers import Dropout, Linear, check_positive
from .module import Composed, Module, parameter, settings_in_words
from .norm import LayerNorm

if TYPE_CHECKING:
    from .._engine.signatures import Array, Tensor

__all__ = [
    "MultiheadAttention",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
]

# --- the function --------------------------------------------------------------------------------


def _mask(op: str, name: str, mask: Any, dtype: Any) -> Any:
    """A mask of truth values, or of numbers that are added to scores, in their dtype."""
    mask = as_array(mask)
    if mask.dtype.kind == "b":
        return value_of(mask)
    if mask.dtype.kind != "f":
        raise TypeError(
            f"{op}: {name} must be of truth values or of floating-point numbers, got {mask.dtype}; write "
            "mask.astype(bool)"
        )
    return mask.astype(dtype)


def _causal(steps: int, keys: int) -> np.ndarray:
    return np.tri(steps, keys, dtype=bool)


def _attend(
    query: Any, key: Any, value: Any, masks: list[Any], drop: Callable[[Any], Any], scale: float
) -> tuple[Any, Any]:
    """The result, and the weights; a mask is True where there is attention, or is added to the scores."""
    scores = matmul(query * scale, swapaxes(key, -1, -2))
    open_: Any = True
    for mask in masks:
        if mask.dtype.kind == "b":
            open_ = open_ & mask
        else:
            scores = scores + mask
            open_ = open_ & (value_of(mask) != -np.inf)
    blind: Any = np.False_
    if masks:
        blind = ~open_.any(axis=-1, keepdims=True)
        scores = where(open_, scores, -np.inf)
    if blind.any():  # a softmax of nothing is 0 / 0
        scores = where(blind, 0.0, scores)
    weights = softmax(scores)
    if blind.any():
        weights = where(blind, 0.0, weights)
    weights = drop(weights)
    return matmul(weights, value), weights


@of_arrays
def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    rng: Any = None,
) -> Array:
    """Compute softmax(query @ key.T * scale) @ value (Vaswani et al., 2017).

    ``query`` has shape (..., L, E), ``key`` (..., S, E), ``value`` (..., S, V), the result (..., L, V);
    ``scale`` is 1 / sqrt(E) unless given. ``attn_mask`` broadcasts to (..., L, S): it is True where a
    query may look at a key, or is added to the scores. With ``is_causal`` query i sees keys 0 to i. A
    query that may look at none gets zeros. ``dropout_p`` drops weights, always. Raises ValueError for
    shapes that do not fit, TypeError for a mask of integers.

    >>> q, k, v = np.zeros((2, 3)), np.ones((4, 3)), np.arange(4.0)[:, None]
    >>> ag.scaled_dot_product_attention(q, k, v, is_causal=True)
    array([[0. ],
           [0.5]])
    """
    op = "scaled_dot_product_attention"
    query, key, value = (as_array(x) for x in (query, key, value))
    shapes = query.shape, key.shape, value.shape
    if (
        min(map(len, shapes)) < 2
        or shapes[0][-1] != shapes[1][-1]
        or shapes[1][-2] != shapes[2][-2]
    ):
        raise ValueError(
            f"{op}: expected query (..., L, E), key (..., S, E) and value (..., S, V), got shapes "
            f"{shapes[0]}, {shapes[1]} and {shapes[2]}"
        )
    masks = [_causal(shapes[0][-2], shapes[1][-2])] if is_causal else []
    if attn_mask is not None:
        batch = np.broadcast_shapes(shapes[0][:-2], shapes[1][:-2])
        wanted = (*batch, shapes[0][-2], shapes[1][-2])
        masks.append(_mask(op, "attn_mask", attn_mask, query.dtype))
        _check_broadcast(op, "attn_mask", masks[-1].shape, wanted)
    scale = 1 / math.sqrt(shapes[0][-1]) if scale is None else float(scale)
    drop = Dropout(dropout_p, rng=rng) if dropout_p else lambda weights: weights
    return _attend(query, key, value, masks, drop, scale)[0]


def _check_broadcast(op: str, name: str, shape: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    sizes = zip(reversed(shape), reversed(wanted), strict=False)
    if len(shape) > len(wanted) or any(n not in (1, m) for n, m in sizes):
        raise ValueError(
            f"{op}: expected {name} of a shape that broadcasts to {wanted}, got {shape}; its last axes are "
            "queries and keys"
        )


# --- several heads -------------------------------------------------------------------------------


class MultiheadAttention(Composed):
    """Attend with several heads, each with a projection of its own (Vaswani et al., 2017).

    ``query`` has shape (L, N, embed_dim), ``key`` (S, N, kdim) and ``value`` (S, N, vdim), with N first if
    ``batch_first``, or without it; kdim and vdim are embed_dim unless given. The result is a pair: the
    output, of the shape of the query, and the weights (N, L, S), the mean of all heads, or those of each,
    (N, num_heads, L, S), without ``average_attn_weights``, or None without ``need_weights``.

    ``attn_mask`` (L, S) or (N * num_heads, L, S) and ``key_padding_mask`` (N, S) are True where there must
    be no attention, or are added to the scores. With ``is_causal`` query i sees keys 0 to i. A query that
    may look at no key gets weights of 0. Raises ValueError for sizes that do not fit.

    >>> layer, x = ag.nn.MultiheadAttention(8, 2, batch_first=True), np.ones((3, 5, 8), np.float32)
    >>> out, weights = layer(x, x, x)
    >>> out.shape, weights.shape
    ((3, 5, 8), (3, 5, 5))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        *,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        kdim, vdim = kdim or embed_dim, vdim or embed_dim
        sizes = {"embed_dim": embed_dim, "num_heads": num_heads, "kdim": kdim, "vdim": vdim}
        check_positive("MultiheadAttention", **sizes)
        if embed_dim % num_heads:
            raise ValueError(
                f"MultiheadAttention: num_heads={num_heads} must divide embed_dim={embed_dim}"
            )
        self.embed_dim, self.num_heads, self.kdim, self.vdim = embed_dim, num_heads, kdim, vdim
        self.batch_first, rng = batch_first, rng if rng is None else generator(rng)
        self.dropout = Dropout(dropout, rng=rng)
        if kdim == vdim == embed_dim:
            shapes = {"in_proj_weight": (3 * embed_dim, embed_dim)}
        else:
            widths = {"q": embed_dim, "k": kdim, "v": vdim}
            shapes = {f"{name}_proj_weight": (embed_dim, w) for name, w in widths.items()}
        for name, shape in shapes.items():
            setattr(self, name, parameter(init.glorot_uniform(shape, rng, dtype)))
        if bias:
            self.in_proj_bias: Any = parameter(init.zeros((3 * embed_dim,), dtype))
        else:
            self.in_proj_bias = None
        self.out_proj = Linear(embed_dim, embed_dim, bias, rng=rng, dtype=dtype)
        if self.out_proj.bias is not None:
            self.out_proj.bias.value[...] = 0

    def forward(
        self,
        query: Array,
        key: Array,
        value: Array,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Return the output for each query and the weights of the keys."""
        inputs = [as_array(x) for x in (query, key, value)]
        batched = self._check(*inputs)
        parts = self._projected(inputs, batched)
        heads = [self._heads(x) for x in parts]
        masks = self._masks(heads, key_padding_mask, attn_mask, batched)
        steps = heads[0].shape[2]
        if is_causal:
            masks.append(_causal(steps, heads[1].shape[2]))
        scale = (self.embed_dim // self.num_heads) ** -0.5
        queries, keys, values = heads
        out, weights = _attend(queries, keys, values, masks, self.dropout, scale)
        out = self.out_proj(reshape(swapaxes(out, 1, 2), (-1, steps, self.embed_dim)))
        if not batched:
            out = out[0]
        elif not self.batch_first:
            out = swapaxes(out, 0, 1)
        if not need_weights:
            return out, None
        weights = weights.mean(axis=1) if average_attn_weights else weights
        return out, weights if batched else weights[0]

    def _check(self, query: Any, key: Any, value: Any) -> bool:
        """Whether there is a batch; ValueError for shapes that do not fit."""
        shapes = [tuple(x.shape) for x in (query, key, value)]
        axes, sides = len(shapes[0]), (self.embed_dim, self.kdim, self.vdim)
        length, batch = (1, 0) if axes == 3 and self.batch_first else (0, 1)
        fits = axes in (2, 3) and all(
            len(shape) == axes and shape[-1] == width
            for shape, width in zip(shapes, sides, strict=True)
        )
        fits = fits and shapes[1][length] == shapes[2][length]
        if not fits or (axes == 3 and len({shape[batch] for shape in shapes}) > 1):
            order = "N, {}" if self.batch_first else "{}, N"
            wanted = (
                f"({order.format(n)}, {width})" for n, width in zip("LSS", sides, strict=True)
            )
            names = (
                ("embed_dim", "kdim", "vdim")[k * (x != sides[0])] for k, x in enumerate(sides)
            )
            wrong = {n for n, s, x in zip(names, shapes, sides, strict=True) if s[-1:] != (x,)}
            raise ValueError(
                f"{self!r}: expected query, key and value of shapes {', '.join(wanted)}, or all without "
                f"N, got {shapes[0]}, {shapes[1]}, {shapes[2]}; "
                f"check {' and '.join(sorted(wrong)) or 'batch_first, and that lengths and N agree'}"
            )
        return axes == 3

    def _projected(self, given: list[Any], batched: bool) -> list[Any]:
        """Queries, keys and values, each (N, length, embed_dim)."""
        inputs: list[Any] = []
        for k, x in enumerate(given):
            if k and x is given[k - 1]:  # so that one product serves all of the same
                inputs.append(inputs[-1])
                continue
            dtype = self.out_proj.weight.dtype
            x = x if x.dtype is dtype else as_parameters(self, x, dtype)
            if not batched:
                x = expand_dims(x, 0)
            inputs.append(x if self.batch_first or not batched else swapaxes(x, 0, 1))
        size, bias = self.embed_dim, self.in_proj_bias
        joined = getattr(self, "in_proj_weight", None)
        if joined is not None and inputs[0] is inputs[1] is inputs[2]:
            found = linear(inputs[0], joined, bias)
            return [found[..., k * size : (k + 1) * size] for k in range(3)]
        rows = [slice(k * size, (k + 1) * size) for k in range(3)]
        weights = [
            getattr(self, f"{name}_proj_weight") if joined is None else joined[part]
            for name, part in zip("qkv", rows, strict=True)
        ]
        return [
            linear(x, w, None if bias is None else bias[part])
            for x, w, part in zip(inputs, weights, rows, strict=True)
        ]

    def _heads(self, x: Any) -> Any:
        """(N, num_heads, length, width of a head)."""
        shape = (x.shape[0], x.shape[1], self.num_heads, self.embed_dim // self.num_heads)
        return swapaxes(reshape(x, shape), 1, 2)

    def _masks(self, heads: list[Any], padding: Any, mask: Any, batched: bool) -> list[Any]:
        """Masks that are True where there is attention, or added to scores (N, num_heads, L, S)."""
        batch, count, steps, _ = heads[0].shape
        keys, found, op = heads[1].shape[2], [], repr(self)
        for name, given, shapes in (
            ("key_padding_mask", padding, [(batch, keys)] if batched else [(keys,)]),
            ("attn_mask", mask, [(steps, keys), (batch * count, steps, keys)]),
        ):
            if given is None:
                continue
            given = _mask(op, name, given, heads[0].dtype)
            if given.shape not in shapes:
                raise ValueError(
                    f"{op}: expected {name} of shape {' or '.join(map(str, shapes))}, got {given.shape}"
                )
            given = ~given if given.dtype.kind == "b" else given
            if name == "key_padding_mask":
                given = reshape(given, (batch, 1, 1, keys))
            elif len(given.shape) == 3:
                given = reshape(given, (batch, count, steps, keys))
            found.append(given)
        return found

    def extra_repr(self) -> str:
        """Return the sizes, and what differs from the defaults."""
        return settings_in_words(
            f"{self.embed_dim}, {self.num_heads}",
            ("dropout", self.dropout.p, 0.0),
            ("bias", self.in_proj_bias is not None, True),
            ("kdim", self.kdim, self.embed_dim),
            ("vdim", self.vdim, self.embed_dim),
            ("batch_first", self.batch_first, False),
        )


# --- transformers --------------------------------------------------------------------------------

_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {"relu": relu, "gelu": gelu}


class _TransformerLayer(Composed):
    """What layers of encoders and decoders share: attention to itself, and a network of two layers."""

    #: The attention, in the order of their weights.
    attentions: tuple[str, ...] = ("self_attn",)

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Any], Any] = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        who = type(self).__name__
        check_positive(who, d_model=d_model, nhead=nhead, dim_feedforward=dim_feedforward)
        if activation not in _ACTIVATIONS and not callable(activation):
            raise ValueError(
                f"{who}: activation must be 'relu', 'gelu' or a function, got {activation!r}"
            )
        rng = rng if rng is None else generator(rng)
        kinds: dict[str, Any] = {"rng": rng, "dtype": dtype}
        for name in self.attentions:
            attention = MultiheadAttention(
                d_model, nhead, dropout, bias, batch_first=batch_first, **kinds
            )
            setattr(self, name, attention)
        self.linear1 = Linear(d_model, dim_feedforward, bias, **kinds)
        self.dropout = Dropout(dropout, rng=rng)
        self.linear2 = Linear(dim_feedforward, d_model, bias, **kinds)
        for k in range(1, len(self.attentions) + 2):
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
            setattr(self, f"norm{k}", norm)
        self.activation, self.norm_first = activation, norm_first

    def _part(self, k: int, x: Any, compute: Callable[[Any], Any]) -> Any:
        """Part ``k``: what it computes is added to its input, normalised before or after."""
        norm = getattr(self, f"norm{k}")
        if self.norm_first:
            return x + self.dropout(compute(norm(x)))
        return norm(x + self.dropout(compute(x)))

    def _feed(self, x: Any) -> Any:
        activate = _ACTIVATIONS.get(self.activation, self.activation)  # type: ignore[arg-type]
        return self.linear2(self.dropout(activate(self.linear1(x))))

    def extra_repr(self) -> str:
        """Return the sizes, and what differs from the defaults."""
        attention, norm = getattr(self, self.attentions[0]), self.norm1  # type: ignore[attr-defined]
        return settings_in_words(
            f"{attention.embed_dim}, {attention.num_heads}",
            ("dim_feedforward", self.linear1.out_features, 2048),
            ("dropout", self.dropout.p, 0.1),
            ("activation", self.activation, "relu"),
            ("layer_norm_eps", norm.eps, 1e-5),
            ("batch_first", attention.batch_first, False),
            ("norm_first", self.norm_first, False),
            ("bias", self.linear1.bias is not None, True),
        )


class TransformerEncoderLayer(_TransformerLayer):
    """Let each step of a sequence look at all, then pass through two linear layers (Vaswani et al., 2017).

    Input and output (L, N, d_model), or with N first if ``batch_first``, or without it. What either part
    computes is added to its input, and normalised: after that, or before it if ``norm_first``.
    ``activation`` is "relu", "gelu" or a function. Masks are as in ``MultiheadAttention``. Raises
    ValueError for sizes that do not fit.

    >>> layer = ag.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    >>> layer(np.ones((3, 5, 8), np.float32)).shape
    (3, 5, 8)
    """

    def forward(
        self,
        src: Array,
        src_mask: Any = None,
        src_key_padding_mask: Any = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Compute the output for each step of ``src``."""
        masks = (src_key_padding_mask, False, src_mask, True, is_causal)
        attend: Any = self.self_attn  # type: ignore[attr-defined]
        x = self._part(1, as_array(src), lambda x: attend(x, x, x, *masks)[0])
        return self._part(2, x, self._feed)


class TransformerDecoderLayer(_TransformerLayer):
    """Let each step of a sequence look at all, and at those of a ``memory``, then pass through two layers.

    Input and output (L, N, d_model), memory (S, N, d_model), as what an encoder returns; otherwise as
    TransformerEncoderLayer. ``tgt_is_causal`` hides the steps that are still to come.

    >>> layer = ag.nn.TransformerDecoderLayer(8, 2, 16)
    >>> layer(np.ones((4, 3, 8), np.float32), np.ones((5, 3, 8), np.float32)).shape
    (4, 3, 8)
    """

    attentions = ("self_attn", "multihead_attn")

    def forward(
        self,
        tgt: Array,
        memory: Array,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Compute the output for each step of ``tgt``."""
        masks = (tgt_key_padding_mask, False, tgt_mask, True, tgt_is_causal)
        others = (memory_key_padding_mask, False, memory_mask, True, memory_is_causal)
        attend: Any = self.self_attn  # type: ignore[attr-defined]
        look: Any = self.multihead_attn  # type: ignore[attr-defined]
        memory = as_array(memory)
        x = self._part(1, as_array(tgt), lambda x: attend(x, x, x, *masks)[0])
        x = self._part(2, x, lambda x: look(x, memory, memory, *others)[0])
        return self._part(3, x, self._feed)


class _Stack(Composed):
    """Copies of a layer, one after another, and perhaps a normalisation."""

    kind: type[Module]
    layers: list[Any]
    norm: Any

    def __init__(self, layer: Any, num_layers: int, norm: Module | None = None) -> None:
        name = type(self).__name__
        check_positive(name, num_layers=num_layers)
        if not isinstance(layer, self.kind):
            raise TypeError(
                f"{name}: expected a layer, as {self.kind.__name__}(d_model, nhead), got {layer!r:.60}"
            )
        drawn = (getattr(module, "rng", None) for module in layer.modules())
        shared = {id(rng): rng for rng in drawn}  # else all layers would drop the same
        self.layers = [copy.deepcopy(layer, dict(shared)) for _ in range(num_layers)]
        self.norm = norm

    def _finish(self, x: Any) -> Any:
        return x if self.norm is None else self.norm(x)

    def extra_repr(self) -> str:
        """Return the layer and how often it is there."""
        text = f"{self.layers[0]!r}, num_layers={len(self.layers)}"
        return text if self.norm is None else f"{text}, norm={self.norm!r}"


class TransformerEncoder(_Stack):
    """Pass a sequence through ``num_layers`` copies of a layer, and perhaps a normalisation ``norm``.

    The copies start from the same weights, as PyTorch's do. Raises TypeError for a layer of another kind.

    >>> layer = ag.nn.TransformerEncoderLayer(8, 2, 16)
    >>> ag.nn.TransformerEncoder(layer, 2)(np.ones((5, 3, 8), np.float32)).shape
    (5, 3, 8)
    """

    kind = TransformerEncoderLayer

    def forward(
        self,
        src: Array,
        mask: Any = None,
        src_key_padding_mask: Any = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Compute the output for each step of ``src``."""
        x: Any = src
        for layer in self.layers:
            x = layer(x, mask, src_key_padding_mask, is_causal)
        return self._finish(x)


class TransformerDecoder(_Stack):
    """Pass a sequence, and the ``memory`` that an encoder made of another, through copies of a layer.

    Otherwise as TransformerEncoder; masks are as in TransformerDecoderLayer.

    >>> layer, x = ag.nn.TransformerDecoderLayer(8, 2, 16), np.ones((4, 3, 8), np.float32)
    >>> ag.nn.TransformerDecoder(layer, 2)(x, x, tgt_is_causal=True).shape
    (4, 3, 8)
    """

    kind = TransformerDecoderLayer

    def forward(self, tgt: Array, memory: Array, *masks: Any, **options: Any) -> Tensor:
        """Compute the output for each step of ``tgt``."""
        x: Any = tgt
        for layer in self.layers:
            x = layer(x, memory, *masks, **options)
        return self._finish(x)
