"""Types of arguments: each reads a text, or says in one line what it expected."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any

from ..data.readers import READERS


def data(text: str) -> str:
    """Check that data have a name that is known, or a folder."""
    if text not in READERS and not os.path.isdir(text):
        raise argparse.ArgumentTypeError(
            f"invalid choice: {text!r} (choose from {', '.join(READERS)}, or a folder of pictures)"
        )
    return text


def number(kind: Callable[[str], Any], accept: Callable[[Any], bool], what: str) -> Callable:
    """An argument type: a number that ``accept`` takes, or an error that says ``what`` it must be."""

    def read(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not accept(value):
            raise argparse.ArgumentTypeError(f"expected {what}, got {text!r}")
        return value

    return read


count = number(int, lambda n: n >= 1, "a positive integer")
positive = number(float, lambda x: 0 < x < float("inf"), "a positive number")
natural = number(int, lambda n: n >= 0, "an integer of at least 0")
least_zero = number(float, lambda x: 0 <= x < float("inf"), "a number of at least 0")
share = number(float, lambda x: 0 < x < 1, "a number between 0 and 1")
fraction = number(float, lambda x: 0 <= x < 1, "a number from 0 to below 1")


def values(text: str) -> list[str]:
    """Read values with commas between them."""
    found = [part.strip() for part in text.split(",")]
    if not all(found) or len(set(found)) < len(found):
        raise argparse.ArgumentTypeError(
            f"expected different values with commas between them, such as 0.1,0.01, got {text!r}"
        )
    return found
