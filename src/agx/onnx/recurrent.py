"""ONNX's recurrent operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..ops.elementwise.exponential import sigmoid
from ..ops.elementwise.limits import relu
from ..ops.elementwise.trigonometric import tanh
from ..ops.linalg.products import linear
from ..ops.shape.axes import stack
from ..ops.shape.moves import split


def _rnn(given: Any, kept: Any, h: Any, c: Any, act: Any) -> Any:
    return act(given + kept), c


def _lstm(given: Any, kept: Any, h: Any, c: Any, act: Any) -> Any:
    i, o, f, g = split(given + kept, 4, -1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


def _gru(given: Any, kept: Any, h: Any, c: Any, act: Any) -> Any:
    (update, reset, new), (u, r, n) = split(given, 3, -1), split(kept, 3, -1)
    z = sigmoid(update + u)
    return (1 - z) * tanh(new + sigmoid(reset + r) * n) + z * h, c


def _recurrent(op: str, step: Callable[..., Any], usual: list[str]) -> Callable[..., Any]:
    """An operator that goes through sequences (L, N, features), once or in both directions."""

    def run(
        x: Any, w: Any, r: Any, b: Any = None, sequence_lens: Any = None, initial_h: Any = None,
        initial_c: Any = None, P: Any = None, *, hidden_size: int = 0, direction: str = "forward",
        activations: list[bytes] | None = None, linear_before_reset: int = 0,
    ) -> Any:  # fmt: skip
        acts = [a.decode() for a in activations or ()] or usual * len(w)
        act = {"Tanh": tanh, "Relu": relu}.get(acts[-1]) if op == "RNN" else tanh
        if (
            sequence_lens is not None or P is not None or act is None
            or (op == "RNN" and len(set(acts)) > 1) or (op != "RNN" and acts != usual * len(w))
            or (op == "GRU" and not linear_before_reset)
        ):  # fmt: skip
            raise ValueError(
                f"the ONNX operator {op} is read with usual activations, for sequences of one length, "
                "without peepholes, and with linear_before_reset=1, as PyTorch writes it"
            )
        length, count, size = x.shape[0], x.shape[1], r.shape[2]
        zeros = np.zeros((count, size), x.dtype)
        outputs, last_h, last_c = [], [], []
        for d in range(len(w)):
            here = (None, None) if b is None else split(b[d], 2)
            given = linear(x, w[d], here[0])
            h = zeros if initial_h is None else initial_h[d]
            c = zeros if initial_c is None else initial_c[d]
            backwards = direction == "reverse" or d == 1
            found = []
            for t in range(length)[:: -1 if backwards else 1]:
                h, c = step(given[t], linear(h, r[d], here[1]), h, c, act)
                found.append(h)
            outputs.append(stack(found[:: -1 if backwards else 1]))
            last_h.append(h)
            last_c.append(c)
        return stack(outputs, axis=1), stack(last_h), stack(last_c)

    return run


RECURRENT = {
    "GRU": _recurrent("GRU", _gru, ["Sigmoid", "Tanh"]),
    "LSTM": _recurrent("LSTM", _lstm, ["Sigmoid", "Tanh", "Tanh"]),
    "RNN": _recurrent("RNN", _rnn, ["Tanh"]),
}
