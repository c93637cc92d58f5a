"""Tables as text, and for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np


def table(head: Sequence[Any], rows: Iterable[Sequence[Any]], title: str = "") -> str:
    """An HTML table of texts, which are escaped; notebooks give it their own colours.

    >>> from agx._engine.tables import table
    >>> table([], [["a < b"]])
    "<table><tr><td style='text-align:left'>a &lt; b</td></tr></table>"
    """

    def row(kind: str, cells: Sequence[Any]) -> str:
        inside = "".join(
            f"<{kind} style='text-align:left'>{escape(str(c))}</{kind}>" for c in cells
        )
        return f"<tr>{inside}</tr>"

    caption = f"<caption style='text-align:left'>{escape(title)}</caption>" if title else ""
    top = row("th", head) if head else ""
    return f"<table>{caption}{top}{''.join(row('td', cells) for cells in rows)}</table>"


def text_table(rows: Sequence[Sequence[str]], right: Iterable[int]) -> list[str]:
    """The lines of a table, columns as wide as their texts; those numbered in ``right`` end together.

    >>> from agx._engine.tables import text_table
    >>> text_table([["op", "n"], ["sin", "10"]], [1])
    ['op    n', 'sin  10']
    """
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    flush = set(right)
    return [
        "  ".join(c.rjust(w) if i in flush else c.ljust(w) for i, (c, w) in pairs).rstrip()
        for pairs in (list(enumerate(zip(row, wide, strict=True))) for row in rows)
    ]


def statistics(x: Any) -> str:
    """Least, greatest, mean and deviation of an array of numbers, and how many are zero or not finite.

    >>> from agx._engine.tables import statistics
    >>> statistics(np.array([0.0, 1.0, 2.0, np.inf]))
    '0 to 2, mean 1, std 0.8165, 1 zeros, 1 not finite'
    """
    array = np.asarray(x)
    finite = array[np.isfinite(array)]
    bad = f"{array.size - finite.size} not finite"
    if not finite.size:
        return bad if array.size else "empty"
    size = np.abs(finite) if array.dtype.kind == "c" else finite.astype(float)
    unit = np.ldexp(0.5, np.frexp(np.abs(size).max())[1])  # so that no square or sum overflows
    small = size / (unit or 1.0)
    facts = [
        f"{size.min():.4g} to {size.max():.4g}",
        f"mean {small.mean() * unit:.4g}",
        f"std {small.std() * unit:.4g}",
    ]
    zeros = int((finite == 0).sum())
    facts += [f"{zeros} zeros"] * bool(zeros) + [bad] * (finite.size < array.size)
    return ", ".join(facts)


def too_large(array: np.ndarray, dtype: np.dtype) -> Any:
    """A number of an array that would become infinite in another dtype, or None.

    >>> from agx._engine.tables import too_large
    >>> too_large(np.array([1.0, 1e300]), np.dtype(np.float32))
    np.float64(1e+300)
    """
    if dtype.kind != "f" or np.can_cast(array.dtype, dtype):
        return None
    with np.errstate(over="ignore"):
        lost = np.isfinite(array) & ~np.isfinite(array.astype(dtype))
    return array[lost].flat[0] if lost.any() else None
