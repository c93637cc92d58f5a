"""Names that PyTorch's tensors have and NumPy's arrays do not: what to write in their place."""

from __future__ import annotations

_NAMES = {
    "view": "t.reshape(...), or t[...] for a view of the same shape",
    "permute": "t.transpose(...)",
    "unsqueeze": "np.expand_dims(t, axis)",
    "expand": "np.broadcast_to(t, shape)",
    "t": "t.T",
    "mm": "a @ b",
    "bmm": "a @ b",
    "matmul": "a @ b",
    "pow": "t ** n",
    "clamp": "t.clip(low, high)",
    "norm": "np.linalg.norm(t)",
    "chunk": "np.split(t, n)",
    "split": "np.split(t, n)",
    "masked_fill": "ag.where(mask, value, t)",
    "gather": "np.take_along_axis(t, indices, axis)",
    "index_select": "t[:, indices]",
    "clone": "t.copy()",
    "numel": "t.size",
    "nelement": "t.size",
    "dim": "t.ndim",
    "ndimension": "t.ndim",
    "float": "t.astype(np.float32)",
    "double": "t.astype(np.float64)",
    "long": "np.asarray(y, np.int64) for labels",
    "requires_grad_": "t.requires_grad = True",
}

_NOT_NEEDED = ("contiguous", "cpu", "cuda", "to", "device")

#: What agx has as functions.
_FUNCTIONS = """
    abs cos erf exp gelu log log_softmax logsumexp relu sigmoid sin softmax sqrt square tan tanh
"""

_OPERATORS = {"add": "a + b", "sub": "a - b", "mul": "a * b", "div": "a / b"}


def instead(name: str) -> str:
    """What to write in place of a method of PyTorch's tensors; empty if it has none of that name."""
    if name in _NAMES:
        return f"; write {_NAMES[name]}"
    if name in _OPERATORS:
        return f"; write {_OPERATORS[name]}"
    if name in _FUNCTIONS.split():
        return f"; write ag.{name}(t)"
    if name in _NOT_NEEDED:
        return "; leave it out: agx computes on the CPU"
    known = name in ("zero_", "fill_", "copy_") or (name[-1:] == "_" and instead(name[:-1]))
    if known and not name.startswith("_"):
        return "; write t[...] = new to change it in place, for a leaf under ag.no_grad()"
    return ""
