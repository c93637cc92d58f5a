"""Tables of text for the command line, and JSON for other programs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Columns as wide as they must be: numbers on the right, texts on the left, - for None."""
    found = [list(row) for row in rows]
    texts = [list(header), *([cell(value) for value in row] for row in found)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    right = [
        any(map(_is_number, column)) or not any(isinstance(v, str) for v in column)
        for column in (zip(*found, strict=True) if found else [()] * len(texts[0]))
    ]
    lines = (
        "  ".join(
            f"{text:>{width}}" if number else f"{text:<{width}}"
            for text, width, number in zip(row, widths, right, strict=True)
        )
        for row in texts
    )
    return "\n".join(line.rstrip() for line in lines)


def cell(value: Any) -> str:
    """A value as people read it."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(cell, value))
    if isinstance(value, dict):
        return ", ".join(f"{key} {cell(v)}" for key, v in value.items())
    return str(value).translate(_CONTROL)


def as_json(value: Any) -> str:
    """JSON as every program reads it: null for numbers that are not finite."""
    return json.dumps(_finite(value), indent=2, allow_nan=False)


#: Characters that would do something to a terminal.
_CONTROL = dict.fromkeys((*range(32), *range(127, 160)), "�")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, (int, float, str, type(None))) else str(value)
