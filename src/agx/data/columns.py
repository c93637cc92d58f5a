"""Columns of tables by their names: of CSV and NumPy files, frames and dicts, as numbers or as text."""

from __future__ import annotations

import contextlib
import csv
import datetime
import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .arrays import Array
from .files import described, unzipped
from .npz import arrays_of

SUFFIXES = (".csv", ".tsv", ".txt", ".npz")
#: What stands for a missing value in text.
MISSING = frozenset(
    ("", "?", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null", "None")
)
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?\b|\d{1,2}([./-])\d{1,2}\1(\d{4}|\d\d)\b")


@contextlib.contextmanager
def naming(source: Any) -> Iterator[None]:
    """Have errors name the file that a table is read from, if it is one."""
    try:
        yield
    except (TypeError, ValueError) as error:
        said = str(error)
        if not isinstance(source, (str, os.PathLike)) or str(source) in said:
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"table: {source}: {said.removeprefix('table: ')}") from error


def columns_of(source: Any) -> dict[str, Any]:
    """The columns of a file, a frame, a structured array or a dict, in their order.

    An array (N, k) becomes the columns ``name[0]`` and so on. Raises FileNotFoundError, ValueError for a
    file that is damaged or another one and for columns of different lengths, TypeError for what is no table.
    """
    if isinstance(source, (str, os.PathLike)):
        found = _file(Path(source).expanduser())
    elif isinstance(source, Mapping):
        found = {str(name): values for name, values in source.items()}
    elif getattr(getattr(source, "dtype", None), "names", None):
        found = {name: source[name] for name in source.dtype.names}
    elif hasattr(source, "columns") and hasattr(source, "to_numpy"):
        names = [str(name) for name in source.columns]
        _check_names("the frame", names)
        found = {name: source[key] for name, key in zip(names, source.columns, strict=True)}
    else:
        raise TypeError(
            f"table: got {type(source).__name__}, expected the path of a CSV or npz file, a frame of pandas "
            "or polars, or a dict of columns; name columns of an array: {'a': x[:, 0], 'y': y}"
        )
    spread: dict[str, Any] = {}
    for name, values in found.items():
        if isinstance(values, str) or not hasattr(values, "__len__"):
            raise TypeError(
                f"table: column {name!r} is {values!r:.40}, expected one value for each row; write a list, "
                f"such as {{{name!r}: [...]}}"
            )
        if getattr(values, "ndim", 1) == 2 and len(values):
            spread |= {f"{name}[{i}]": values[:, i] for i in range(values.shape[1])}
        else:
            spread[name] = values
    if len({len(values) for values in spread.values()}) > 1:
        lengths = ", ".join(f"{name!r} {len(values)}" for name, values in spread.items())
        raise ValueError(f"table: columns have different lengths, expected one: {lengths}")
    if not spread or not len(next(iter(spread.values()))):
        raise ValueError("table: there are no rows; give a table with at least one")
    return spread


def _file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(
            f"table: expected a CSV or npz file, got {path}, which "
            + ("is no file" if path.exists() else "does not exist")
        )
    if path.suffix.lower() == ".npz":
        return _archive(path)
    data = unzipped(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"table: {path} is no text in UTF-8 (byte {error.start} is {data[error.start]:#x}); it starts "
            f"with {described(data)}; save it as UTF-8, or read it yourself and pass the frame"
        ) from None
    try:
        return _text(path, text)
    except csv.Error as error:
        raise ValueError(f"table: {path} cannot be read as CSV: {error}") from error


def _archive(path: Path) -> dict[str, Any]:
    try:
        return arrays_of(path.read_bytes())
    except Exception as error:  # what damaged bytes make of a reader cannot be foretold
        raise ValueError(
            f"table: {path} is no npz file of plain arrays ({error}); write it by np.savez, text as an array "
            "of strings"
        ) from error


def _text(path: Path, text: str) -> dict[str, list[str]]:
    """The columns of CSV; the separator is the one that splits the first line most."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    fields = {mark: len(next(csv.reader([first], delimiter=mark))) for mark in ",;\t|"}
    mark = max(fields, key=lambda mark: fields[mark])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, skipinitialspace=True)
    rows = [row for row in reader if row]
    if not rows:
        raise ValueError(f"table: {path} is empty, expected a line of names and rows below it")
    names = [name.strip() for name in rows[0]]
    if any(map(_is_number, names)):
        raise ValueError(
            f"table: the first line of {path} holds numbers ({', '.join(names[:4])}), expected the names of "
            "the columns; add a line of names"
        )
    _check_names(str(path), names)
    wrong = [i for i, row in enumerate(rows) if len(row) != len(names)]
    if wrong:
        listed = ", ".join(f"{i - 1} has {len(rows[i])}" for i in wrong[:5])
        raise ValueError(
            f"table: {path} has {len(names)} columns, but row {listed}"
            + (f" and {len(wrong) - 5} more are wrong" if wrong[5:] else "")
            + "; quote text that has the separator in it"
        )
    columns = {
        name: list(values) for name, values in zip(names, zip(*rows[1:], strict=True), strict=False)
    }
    if mark == ";":  # where the comma is taken, by numbers
        columns = {name: _with_points(values) for name, values in columns.items()}
    return columns


def _with_points(values: list[str]) -> list[str]:
    """Numbers with a decimal comma as those with a point; anything else as it is."""
    if not any("," in value for value in values):
        return values
    pointed = [value.replace(",", ".") for value in values]
    return pointed if all(value in MISSING or _is_number(value) for value in pointed) else values


def _check_names(where: str, names: Sequence[str]) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(
            f"table: {where} has several columns named {', '.join(map(repr, twice))}; rename them"
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def values_of(name: str, raw: Any, categorical: bool = False) -> Array:
    """A column as float64 with NaN for what is missing, or as text, an array of str with None for it.

    Text that is a number everywhere becomes numbers, and with ``categorical`` numbers become text. Raises
    ValueError for dates, TypeError for what is neither numbers nor text.
    """
    found = _values(name, raw, categorical)
    if not categorical or found.dtype == object:
        return found
    return _objects([None if np.isnan(value) else named(value) for value in found.tolist()])


def named(value: float) -> str:
    """What a number is called among categories: 3.0, of a frame with missing values, is 3."""
    return (
        str(int(value))
        if value == value and abs(value) < 1e15 and value == int(value)
        else repr(value)
    )


def _values(name: str, raw: Any, categorical: bool) -> Array:
    if isinstance(raw, list):  # of a CSV file, or a user's
        values = raw
    else:
        array = raw.to_numpy() if hasattr(raw, "to_numpy") else np.asarray(raw)
        if array.ndim != 1:
            raise ValueError(f"table: column {name!r} has shape {array.shape}, expected (N,)")
        if array.dtype.kind in "biuf":
            return array.astype(np.float64)
        if array.dtype.kind in "mM":
            raise _dates(name, array[0])
        if array.dtype.kind not in "USOT":
            raise TypeError(f"table: column {name!r} is {array.dtype}, expected numbers or text")
        values = array.tolist()
    if set(map(type, values)) == {str}:
        with contextlib.suppress(ValueError):  # the usual case, in a tenth of the time
            if not categorical:
                return np.array(list(map(float, values)))
        return _texts(name, [value.strip() for value in values], categorical)
    known = [None if _is_missing(value) else value for value in values]
    if all(value is None or isinstance(value, (bool, int, float, np.number)) for value in known):
        return np.array([np.nan if value is None else float(value) for value in known])
    for value in known:
        if isinstance(value, datetime.date):
            raise _dates(name, value)
        if value is not None and not isinstance(value, (str, bool, int, float, np.number)):
            raise TypeError(
                f"table: column {name!r} holds {type(value).__name__}, expected numbers or text"
            )
    return _texts(name, [None if v is None else str(v).strip() for v in known], categorical)


def _texts(name: str, texts: list[str | None], categorical: bool) -> Array:
    known = [None if text is None or text in MISSING else text for text in texts]
    if not categorical:
        try:
            return np.array([np.nan if text is None else float(text) for text in known])
        except ValueError:
            pass
        if all(text is None or _DATE.match(text) for text in known):
            raise _dates(name, next(text for text in known if text))
    return _objects(known)


def _is_missing(value: Any) -> bool:
    return (
        value is None
        or (isinstance(value, float) and value != value)
        or type(value).__name__ in ("NAType", "NaTType")
    )


def _objects(values: list[Any]) -> Array:
    found = np.empty(len(values), object)
    found[:] = values
    return found


def _dates(name: str, value: Any) -> ValueError:
    return ValueError(
        f"table: column {name!r} holds dates, such as {str(value)!r}, expected numbers or categories; make "
        f"numbers of them first, such as the day of the year, or leave it out: drop=({name!r},); categories "
        f"that look like dates: categorical=({name!r},)"
    )


def absent(values: Array) -> Array:
    """Which entries of a column are missing."""
    if values.dtype == object:
        return np.array([value is None for value in values.tolist()], bool)
    return np.isnan(values)


def rows_named(mask: Array) -> str:
    """The numbers of rows, counted from 0 below the names."""
    rows = np.flatnonzero(mask)
    listed = ", ".join(map(str, rows[:5])) + (f" and {len(rows) - 5} more" if len(rows) > 5 else "")
    return f"row{'s' * (len(rows) > 1)} {listed}"
