"""What people read of Tensors and Scalars: numbers where there are few, statistics where there are many."""

from __future__ import annotations

from typing import Any

import numpy as np

from .tables import statistics, table

#: Tensors of more elements are told by a few of them.
_LONG = 200


def _numbers(x: np.ndarray, prefix: str = "") -> str:
    """The elements, or the first three and the last of many."""
    if x.size <= _LONG:
        return np.array2string(x, separator=", ", prefix=prefix, threshold=_LONG)
    flat = x.reshape(-1)
    return f"[{', '.join(f'{number:.4g}' for number in flat[:3])}, ..., {flat[-1]:.4g}]"


def text_of(t: Any) -> str:
    """A Tensor as text."""
    facts = [_numbers(t.array, "Tensor(")]
    if t.dtype != np.float64:
        facts.append(f"dtype={t.dtype}")
    if t.size > _LONG or not t.size:
        facts.append(f"shape={t.shape}")
    if t.size > _LONG:
        facts.append(statistics(t.array))
    facts += [f"{k}={v!r}" for k, v in (("op", t.op), ("label", t.label)) if v]
    if not t.op and not t.requires_grad:
        facts.append("requires_grad=False")
    return f"Tensor({', '.join(facts)})"


def html_of(t: Any) -> str:
    """A Tensor as a table for notebooks."""
    rows = [("shape", f"{t.shape}, {t.dtype}"), ("value", _numbers(t.array))]
    rows += [("statistics", statistics(t.array))] * (t.size > 1)
    grad = t.grad_or_none
    if grad is not None:
        rows.append(("gradient", f"norm {np.linalg.norm(np.ravel(np.asarray(grad))):.4g}"))
    if t.op:
        rows.append(("operation", t.op))
    kind = "Tensor" if t.requires_grad else "Tensor without a gradient"
    return table([], rows, f"{kind} {t.label}".rstrip())


def html_of_number(s: Any) -> str:
    """A Scalar as a table for notebooks."""
    rows = [("value", f"{s.value:.6g}"), ("gradient", f"{s.grad:.6g}")]
    rows += [("operation", s.op)] if s.op else []
    return table([], rows, f"Scalar {s.label}".rstrip())
