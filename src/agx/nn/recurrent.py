"""Recurrent layers, with PyTorch's names, arguments, weights and results."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .._engine.notices import warn
from .._runtime.rng import generator
from ..ops.elementwise.exponential import sigmoid
from ..ops.elementwise.limits import relu
from ..ops.elementwise.trigonometric import tanh
from ..ops.linalg.products import linear
from ..ops.shape.axes import concatenate, expand_dims, stack, swapaxes
from ..tensor import Tensor
from . import init
from .inputs import as_parameters
from .layers import Dropout, check_positive
from .module import Composed, parameter, settings_in_words

if TYPE_CHECKING:
    from .._engine.signatures import Array

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "GRUCell",
    "LSTMCell",
    "RNNCell",
]

# --- what a step computes ------------------------------------------------------------------------


class _Gated(Composed):
    """Weights of the input and of the last hidden state, and the step that they make."""

    gates = 1
    input_size: int
    hidden_size: int

    def _draw(self, width: int, bias: bool, suffix: str, rng: Any, dtype: Any) -> None:
        """Draw the weights for inputs of a width, from U(-1/sqrt(hidden_size), 1/sqrt(hidden_size))."""
        rows = self.gates * self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (rows, width), "weight_hh": (rows, self.hidden_size),
        }  # fmt: skip
        if bias:
            shapes.update(bias_ih=(rows,), bias_hh=(rows,))
        for name, shape in shapes.items():
            drawn = init.uniform(shape, 1 / math.sqrt(self.hidden_size), rng, dtype)
            setattr(self, f"{name}{suffix}", parameter(drawn))

    def _weights(self, suffix: str) -> list[Any]:
        names = ("weight_ih", "bias_ih", "weight_hh", "bias_hh")
        return [getattr(self, f"{name}{suffix}", None) for name in names]

    def _next(self, x: Any, state: Any, weights: list[Any]) -> Any:
        """The next state."""
        w_input, b_input, w_hidden, b_hidden = weights
        recurrent = linear(self._hidden(state), w_hidden, b_hidden)
        return self._step(linear(x, w_input, b_input), recurrent, state)

    def _step(self, inner: Any, recurrent: Any, state: Any) -> Any:
        """The next state, of what the weights make of the input and of the last hidden state."""
        raise NotImplementedError

    def _hidden(self, state: Any) -> Any:
        return state

    def _gates(self, x: Any) -> list[Any]:
        """The gates, side by side in the last axis."""
        size = self.hidden_size
        return [x[:, k * size : (k + 1) * size] for k in range(self.gates)]


class _Elman(_Gated):
    nonlinearity: str

    def _check_nonlinearity(self, nonlinearity: str) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"{type(self).__name__}: nonlinearity must be 'tanh' or 'relu', got {nonlinearity!r}"
            )
        self.nonlinearity = nonlinearity

    def _step(self, inner: Any, recurrent: Any, state: Any) -> Any:
        return (tanh if self.nonlinearity == "tanh" else relu)(inner + recurrent)

    def extra_repr(self) -> str:
        """Return the sizes, and what differs from the defaults."""
        return settings_in_words(super().extra_repr(), ("nonlinearity", self.nonlinearity, "tanh"))


class _UpdateAndReset(_Gated):
    gates = 3

    def _step(self, inner: Any, recurrent: Any, state: Any) -> Any:
        (r, z, n), (r_h, z_h, n_h) = self._gates(inner), self._gates(recurrent)
        r, z = sigmoid(r + r_h), sigmoid(z + z_h)
        n = tanh(n + r * n_h)
        return n + z * (state - n)


class _Memory(_Gated):
    gates = 4

    def _step(self, inner: Any, recurrent: Any, state: Any) -> Any:
        i, f, g, o = self._gates(inner + recurrent)
        c = sigmoid(f) * state[1] + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(c), c

    def _hidden(self, state: Any) -> Any:
        return state[0]

    def _pair(self, hx: Any) -> tuple[Any, Any]:
        if hx is not None and (not isinstance(hx, (tuple, list)) or len(hx) != 2):
            raise TypeError(f"{self!r}: expected hx to be a pair (h, c), got {type(hx).__name__}")
        return (None, None) if hx is None else tuple(hx)


# --- sequences -----------------------------------------------------------------------------------


class _Recurrent(_Gated):
    """Go through sequences step by step, in layers, forwards and perhaps backwards too.

    Input (L, N, input_size), (N, L, input_size) with ``batch_first``, or (L, input_size); output of the
    last layer for each step, hidden_size or twice that wide if ``bidirectional``, and the states after
    the last step, (num_layers * directions, N, hidden_size).
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        check_positive(
            type(self).__name__,
            input_size=input_size,
            hidden_size=hidden_size,
            num_layers=num_layers,
        )
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.bidirectional = bias, batch_first, bidirectional
        rng = rng if rng is None else generator(rng)
        self.dropout = Dropout(dropout, rng=rng)
        if dropout and num_layers == 1:
            warn(
                f"{type(self).__name__}: dropout={dropout} acts between layers, and there is one layer; put "
                "an ag.nn.Dropout after it"
            )
        for k, direction in self._runs():
            width = input_size if k == 0 else hidden_size * (2 if bidirectional else 1)
            self._draw(width, bias, f"_l{k}{direction}", rng, dtype)

    def _runs(self) -> list[tuple[int, str]]:
        directions = ("", "_reverse") if self.bidirectional else ("",)
        return [(k, direction) for k in range(self.num_layers) for direction in directions]

    def _run(self, steps: list[Any], state: Any, k: int, direction: str) -> tuple[list[Any], Any]:
        """The hidden states of one layer in one direction, and its last state."""
        weights, found = self._weights(f"_l{k}{direction}"), []
        for x in reversed(steps) if direction else steps:
            state = self._next(x, state, weights)
            found.append(self._hidden(state))
        return (found[::-1] if direction else found), state

    def _steps(self, x: Any) -> tuple[list[Any], bool]:
        """The input of each step, (N, input_size), and whether there was a batch."""
        if hasattr(x, "batch_sizes"):
            raise TypeError(
                f"{self!r}: packed sequences are not taken; pad them to one length, and leave the padding "
                "out of the loss, as with ignore_index"
            )
        shape = tuple(x.shape)
        if len(shape) not in (2, 3) or shape[-1] != self.input_size:
            order = "(N, L, " if self.batch_first else "(L, N, "
            raise ValueError(
                f"{self!r}: expected sequences of shape {order}{self.input_size}) or "
                f"(L, {self.input_size}), got {shape}; check input_size"
            )
        batched = len(shape) == 3
        x = x if batched else expand_dims(x, 1)
        x = swapaxes(x, 0, 1) if batched and self.batch_first else x
        dtype = self._weights("_l0")[0].dtype
        if x.dtype is not dtype:
            x = as_parameters(self, x, dtype)
        if not x.shape[0]:
            raise ValueError(f"{self!r}: expected at least one step, got x of shape {shape}")
        return list(x), batched

    def _first(self, given: Any, name: str, x: Any, batched: bool) -> list[Any]:
        """One state for each layer and direction: those given, or zeros."""
        count, shape = len(self._runs()), (x.shape[0], self.hidden_size)
        if given is None:
            return [np.zeros(shape, x.dtype)] * count
        wanted = (count, *shape) if batched else (count, self.hidden_size)
        if np.shape(given) != wanted:
            raise ValueError(f"{self!r}: expected {name} of shape {wanted}, got {np.shape(given)}")
        given = given if isinstance(given, Tensor) else np.asarray(given)
        given = as_parameters(self, given, x.dtype)
        return list(given if batched else expand_dims(given, 1))

    def _forward(self, x: Any, states: list[Any], steps: list[Any], batched: bool) -> Any:
        """The output and the last state of each run."""
        last = []
        runs = self._runs()
        per_layer = len(runs) // self.num_layers
        for k in range(self.num_layers):
            steps = [self.dropout(s) for s in steps] if k else steps
            outputs = []
            for number in range(k * per_layer, (k + 1) * per_layer):
                found, state = self._run(steps, states[number], *runs[number])
                outputs.append(found)
                last.append(state)
            sides = zip(*outputs, strict=True)
            steps = [concatenate(s, 1) for s in sides] if per_layer > 1 else outputs[0]
        axis = 1 if self.batch_first and batched else 0
        return (stack(steps, axis) if batched else stack(steps)[:, 0]), last

    def forward(self, x: Array, hx: Any = None) -> tuple[Tensor, Any]:
        """Return the output for each step of ``x`` and the states after the last, from states ``hx``."""
        steps, batched = self._steps(x)
        first = self._first(hx, "hx", steps[0], batched)
        out, last = self._forward(x, first, steps, batched)
        return out, self._joined(last, batched)

    def _joined(self, states: list[Any], batched: bool) -> Any:
        return stack(states) if batched else stack(states)[:, 0]

    def extra_repr(self) -> str:
        """Return the sizes, and what differs from the defaults."""
        return settings_in_words(
            f"{self.input_size}, {self.hidden_size}",
            ("num_layers", self.num_layers, 1),
            ("bias", self.bias, True),
            ("batch_first", self.batch_first, False),
            ("dropout", self.dropout.p, 0.0),
            ("bidirectional", self.bidirectional, False),
        )


class RNN(_Elman, _Recurrent):
    """Compute h = tanh(W_ih x + b_ih + W_hh h + b_hh) at each step (Elman, 1990).

    Input (L, N, input_size), output (L, N, hidden_size) and the last h, (num_layers, N, hidden_size); see
    ``torch.nn.RNN`` for the options. Raises ValueError for sizes that do not fit.

    >>> out, last = ag.nn.RNN(3, 4)(np.ones((5, 2, 3), np.float32))
    >>> out.shape, last.shape
    ((5, 2, 4), (1, 2, 4))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        self._check_nonlinearity(nonlinearity)
        sizes = (input_size, hidden_size, num_layers, bias, batch_first)
        super().__init__(*sizes, dropout, bidirectional, rng=rng, dtype=dtype)


class GRU(_UpdateAndReset, _Recurrent):
    """Gated recurrent units: h = (1 - z) n + z h (Cho et al., 2014).

    The reset and update gates r and z and the new value n = tanh(W_in x + b_in + r (W_hn h + b_hn)) lie
    one below the other in the weights. Input and output as in ``RNN``.

    >>> out, last = ag.nn.GRU(3, 4, batch_first=True)(np.ones((2, 5, 3), np.float32))
    >>> out.shape, last.shape
    ((2, 5, 4), (1, 2, 4))
    """


class LSTM(_Memory, _Recurrent):
    """Long short-term memory: c = f c + i g and h = o tanh(c) (Hochreiter and Schmidhuber, 1997).

    The gates i, f, g and o lie one below the other in the weights; g goes through tanh, the others
    through the sigmoid. Input and output as in ``RNN``; the states are pairs (h, c).

    >>> out, (h, c) = ag.nn.LSTM(3, 4, num_layers=2)(np.ones((5, 2, 3), np.float32))
    >>> out.shape, c.shape
    ((5, 2, 4), (2, 2, 4))
    """

    def forward(self, x: Array, hx: Any = None) -> tuple[Tensor, Any]:
        """Return the output for each step of ``x`` and the states (h, c) after the last, from ``hx``."""
        steps, batched = self._steps(x)
        h, c = self._pair(hx)
        first = zip(
            self._first(h, "h", steps[0], batched),
            self._first(c, "c", steps[0], batched),
            strict=True,
        )
        out, last = self._forward(x, list(first), steps, batched)
        return out, tuple(self._joined(list(part), batched) for part in zip(*last, strict=True))


# --- single steps --------------------------------------------------------------------------------


class _Cell(_Gated):
    """One step: input (N, input_size) or (input_size,), states (N, hidden_size) or (hidden_size,)."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        check_positive(type(self).__name__, input_size=input_size, hidden_size=hidden_size)
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        self._draw(input_size, bias, "", generator(rng), dtype)

    def _input(self, x: Any) -> Any:
        """The input, (N, input_size), in the dtype of the weights."""
        shape = tuple(x.shape)
        if len(shape) not in (1, 2) or shape[-1] != self.input_size:
            raise ValueError(
                f"{self!r}: expected x of shape (N, {self.input_size}) or ({self.input_size},), got {shape}; "
                "check input_size"
            )
        x = as_parameters(self, x, self._weights("")[0].dtype)
        return x if len(shape) == 2 else expand_dims(x, 0)

    def _state(self, given: Any, name: str, like: Any) -> Any:
        """A state, (N, hidden_size): the one given, or zeros."""
        wanted = (*like.shape[:-1], self.hidden_size)
        dtype = self._weights("")[0].dtype
        if given is None:
            given = np.zeros(wanted, dtype)
        if np.shape(given) != wanted:
            raise ValueError(f"{self!r}: expected {name} of shape {wanted}, got {np.shape(given)}")
        given = given if isinstance(given, Tensor) else np.asarray(given)
        given = as_parameters(self, given, dtype)
        return given if len(wanted) == 2 else expand_dims(given, 0)

    def forward(self, x: Array, hx: Any = None) -> Tensor:
        """Return the state after ``x``, from the state ``hx`` or zeros."""
        state = self._next(self._input(x), self._state(hx, "hx", x), self._weights(""))
        return state if len(x.shape) == 2 else state[0]

    def extra_repr(self) -> str:
        """Return the sizes, and what differs from the defaults."""
        return settings_in_words(
            f"{self.input_size}, {self.hidden_size}", ("bias", self.bias, True)
        )


class RNNCell(_Elman, _Cell):
    """Compute one step of ``RNN``: input (N, input_size), state (N, hidden_size).

    Raises ValueError for sizes that do not fit.

    >>> ag.nn.RNNCell(3, 4)(np.ones((2, 3), np.float32)).shape
    (2, 4)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        self._check_nonlinearity(nonlinearity)
        super().__init__(input_size, hidden_size, bias, rng=rng, dtype=dtype)


class GRUCell(_UpdateAndReset, _Cell):
    """Compute one step of ``GRU``: input (N, input_size), state (N, hidden_size).

    >>> ag.nn.GRUCell(3, 4)(np.ones((2, 3), np.float32)).shape
    (2, 4)
    """


class LSTMCell(_Memory, _Cell):
    """Compute one step of ``LSTM``: input (N, input_size), states (h, c), each (N, hidden_size).

    >>> h, c = ag.nn.LSTMCell(3, 4)(np.ones((2, 3), np.float32))
    >>> h.shape, c.shape
    ((2, 4), (2, 4))
    """

    def forward(self, x: Array, hx: Any = None) -> Any:
        """Return the states (h, c) after ``x``, from the states ``hx`` or zeros."""
        h, c = self._pair(hx)
        states = self._state(h, "h", x), self._state(c, "c", x)
        found = self._next(self._input(x), states, self._weights(""))
        return found if len(x.shape) == 2 else tuple(part[0] for part in found)
