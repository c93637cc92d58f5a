"""Tables of one's own: CSV and npz files, frames and dicts, with a column to predict."""

from __future__ import annotations

import difflib
import os
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from .._runtime.rng import generator
from .arrays import Array
from .columns import absent, columns_of, named, naming, rows_named, values_of
from .dataset import ArrayDataset
from .encoder import Encoding, TableEncoder, check_missing, classes_of, learned
from .subset import held_out

Task = Literal["classification", "regression"]
#: Whole numbers are classes if there are at most so many of them.
MOST_CLASSES = 20


class Table(ArrayDataset):
    """Rows read by ``table``: float32 features (N, F), and int64 classes or float32 numbers (N,).

    ``encoder`` is the TableEncoder that made the features, which goes with the model, ``features`` their
    names, ``target`` the column to predict, ``task`` "classification" or "regression", ``rows`` the numbers
    of the rows in the table, counted from 0, and ``notes`` what was done to them.
    """

    encoder: TableEncoder
    target: str | None
    task: Task | None
    rows: Array
    notes: tuple[str, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features."""
        return self.encoder.features

    def encode(self, source: Any) -> Array:
        """Return the float32 features (N, F) of a table of new rows, with or without a target.

        >>> import agx as ag
        >>> pets = ag.data.table({"age": [1, 9], "kind": ["cat", "dog"]}, target="kind")
        >>> pets.encode({"age": [5]}).tolist()
        [[0.0]]
        """
        return self.encoder(source)

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}, target={self.target!r})"


def table(
    source: str | os.PathLike[str] | Mapping[str, Any] | Any,
    target: str | None = None,
    split: Literal["train", "test"] | None = None,
    *,
    task: Task | None = None,
    drop: Sequence[str] = (),
    categorical: Sequence[str] = (),
    categories: Encoding = "one-hot",
    unknown: Literal["raise", "zeros"] = "raise",
    missing: Literal["raise", "drop", "fill"] = "raise",
    standardize: bool = True,
    test: float = 0.2,
    seed: int = 0,
    like: Table | None = None,
) -> Table:
    """Read a table whose rows are examples, and whose column ``target`` is to be predicted.

    ``source`` is the path of a CSV file (UTF-8, names in the first line, separated by comma, semicolon, tab
    or bar) or of an npz file, a frame of pandas or polars, or a dict of columns. Returns float32 features
    (N, F): columns of numbers, with ``standardize`` of mean 0 and deviation 1, and columns of text as
    ``categories``, "one-hot" or integer "codes"; ``categorical`` names columns of numbers that are
    categories too, ``drop`` those that are left out. The target becomes int64 labels with ``classes``, or
    for regression float32; without ``task`` text, booleans and up to 20 whole numbers are classes.

    Missing values (nothing, NA, NaN, null, ?) are refused with the names of columns and rows; with
    ``missing="drop"`` their rows are left out, with "fill" they become the median, or the most frequent
    category, but rows without a target are refused. ``split`` "train" or "test" picks a share: ``test`` of
    each class, drawn by ``seed``, is for testing. Means, deviations and fills are those of the training
    rows. ``like`` takes all of this from another Table, such as for a file of test rows; ``unknown="zeros"``
    lets ``encode`` meet categories that are new.

    Raises FileNotFoundError if there is no such file, TypeError for what is no table, ValueError for columns
    that are not there, dates, text that differs in most rows and infinite numbers. Constant columns are left
    out, with a warning.

    >>> import agx as ag
    >>> pets = {"age": [1, 2, 8], "colour": ["red", "grey", "red"], "kind": ["cat", "cat", "dog"]}
    >>> data = ag.data.table(pets, target="kind")
    >>> data.features, data.classes
    (('age', 'colour=grey', 'colour=red'), ('cat', 'dog'))
    """
    _check(split, task, missing, test)
    with naming(source):
        raw = columns_of(source)
        if like is not None:
            _check_alone(split or drop or categorical or target not in (None, like.target))
            return _alike(raw, like, missing)
        found = _read(raw, target, task, drop, categorical, missing)
        held = _held(found, split, test, seed)
        columns, constant = learned(
            found.values, ~held, standardize, missing == "fill", frozenset(categorical)
        )
        if constant:
            found.notes.append(f"left out {', '.join(map(repr, constant))}, the same in all rows")
            warnings.warn(f"table: {found.notes[-1]}", UserWarning, stacklevel=2)
        _check_left(columns)
        encoder = TableEncoder(columns, categories, unknown)
        return _made(found, encoder, held if split == "test" else ~held)


def _check_alone(others: Any) -> None:
    if others:
        raise ValueError("table: like decides what is read, and how; leave the other options out")


def _check_left(columns: Sequence[Any]) -> None:
    if not columns:
        raise ValueError("table: no column is left to learn from; give more columns, or drop fewer")


class _Rows(NamedTuple):
    """The rows of a table that can be learned from."""

    values: dict[str, Array]
    labels: Array | None
    classes: tuple[str, ...] | None
    target: str | None
    task: Task | None
    rows: Array
    notes: list[str]


def _check(split: Any, task: Any, missing: Any, test: Any) -> None:
    for name, value, known in (
        ("split", split, (None, "train", "test")),
        ("task", task, (None, "classification", "regression")),
        ("missing", missing, ("raise", "drop", "fill")),
    ):
        if value not in known:
            raise ValueError(
                f"table: {name} is {value!r}, expected {', '.join(map(repr, known))}; give one of these"
            )
    if isinstance(test, bool) or not 0 < test < 1:
        raise ValueError(f"table: test is {test!r}, expected a share between 0 and 1, such as 0.2")


def _read(
    raw: Mapping[str, Any],
    target: str | None,
    task: Task | None,
    drop: Sequence[str],
    categorical: Sequence[str],
    missing: str,
) -> _Rows:
    """The columns and the labels of the rows that are complete, or can be filled."""
    for option, names in (("drop", drop), ("categorical", categorical)):
        if isinstance(names, str):
            raise TypeError(
                f"table: {option} is the string {names!r}, expected names of columns; write "
                f"{option}=({names!r},)"
            )
    for name in (*drop, *categorical, *(() if target is None else (target,))):
        if name not in raw:
            close = difflib.get_close_matches(name, raw, 1)
            raise ValueError(
                f"table: there is no column {name!r}, expected one of {', '.join(map(repr, raw))}"
                + (f"; did you mean {close[0]!r}?" if close else "")
            )
    left = [name for name in raw if name != target and name not in drop]
    coded = {name for name in left if str(getattr(raw[name], "dtype", "")) == "category"}  # pandas
    values = {name: values_of(name, raw[name], name in {*categorical, *coded}) for name in left}
    goal = {} if target is None else {target: _goal(target, raw[target], task)}
    keep, notes = _complete({**values, **goal}, missing == "drop")
    for name, column in values.items():
        kind = getattr(getattr(raw[name], "dtype", None), "kind", "f")  # CSV is nothing but text
        if column.dtype != object and kind not in "biuf":
            notes.append(f"read the text of {name!r} as numbers")
    if missing != "drop":
        check_missing(goal if missing == "fill" else {**values, **goal})
    values = {name: column[keep] for name, column in values.items()}
    if missing == "fill":
        counts = {name: int(absent(column).sum()) for name, column in values.items()}
        notes += [f"filled {count} missing in {name!r}" for name, count in counts.items() if count]
    if target is None:
        return _Rows(values, None, None, None, None, np.flatnonzero(keep), notes)
    column, kind = goal[target][keep], _task(goal[target][keep], task)
    classes = tuple(classes_of(column)) if kind == "classification" else None
    labels = _labels(target, column, classes)
    return _Rows(values, labels, classes, target, kind, np.flatnonzero(keep), notes)


def _complete(values: Mapping[str, Array], drop: bool) -> tuple[Array, list[str]]:
    """Which rows to keep, all or those that have every value, and a note on the others."""
    columns = list(values.values())
    keep = np.ones(len(columns[0]) if columns else 0, bool)
    for column in columns if drop else ():
        keep &= ~absent(column)
    if columns and not keep.any():
        raise ValueError(
            "table: every row has a missing value; fill them, missing='fill', or leave columns out, drop=..."
        )
    note = f"left out {rows_named(~keep)}, where values are missing"
    return keep, [] if keep.all() else [note]


def _goal(target: str, raw: Any, task: Task | None) -> Array:
    """The target's column: text for booleans, which are no numbers here."""
    column = values_of(target, raw)
    given = raw.to_numpy() if hasattr(raw, "to_numpy") else np.asarray(raw)
    if given.dtype == np.bool_ or any(isinstance(value, bool) for value in given.tolist()):
        texts = [None if value != value else str(bool(value)) for value in column.tolist()]
        column = np.array(texts, object)
    if task == "regression" and column.dtype == object:
        raise ValueError(
            f"table: the target {target!r} holds text, such as {next(v for v in column if v)!r}, expected "
            "numbers for regression; leave task out, or give another target"
        )
    return column


def _task(column: Array, task: Task | None) -> Task:
    """What is asked for, or classification for text and for few whole numbers."""
    if task is not None:
        return task
    if column.dtype == object:
        if (many := len(classes_of(column))) > MOST_CLASSES and 2 * many > len(column):
            raise ValueError(
                f"table: the target has {many} different texts in {len(column)} rows, expected classes; name "
                "another target, or insist: task='classification'"
            )
        return "classification"
    few = len(np.unique(column)) <= MOST_CLASSES and bool((column == np.round(column)).all())
    return "classification" if few else "regression"


def _labels(target: str, column: Array, classes: tuple[str, ...] | None) -> Array:
    """int64 places among the classes, or float32 numbers."""
    if classes is None:
        with np.errstate(over="ignore"):
            numbers = column.astype(np.float32)
        if not (finite := np.isfinite(numbers)).all():
            raise ValueError(
                f"table: the target {target!r} has {column[~finite][0]} in {rows_named(~finite)}, expected "
                "finite numbers; leave these rows out"
            )
        return numbers
    place = {name: i for i, name in enumerate(classes)}
    names = [named(v) if isinstance(v, float) else v for v in column.tolist()]
    new = np.array([name not in place for name in names])
    if new.any():
        raise ValueError(
            f"table: the target {target!r} is {names[new.argmax()]!r} in {rows_named(new)}, expected one of "
            f"the classes {', '.join(map(repr, classes[:8]))}; leave these rows out"
        )
    return np.array([place[name] for name in names], np.int64)


def _held(found: _Rows, split: str | None, test: float, seed: int) -> Array:
    """Which rows are for testing, if there is a split: of each class, or of all for regression."""
    same = np.zeros(len(found.rows), np.int64)
    if split is None:
        return same.astype(bool)
    labels = found.labels if found.task == "classification" else None
    return held_out(same if labels is None else labels, test, generator(seed))


def _alike(raw: Mapping[str, Any], like: Table, missing: str) -> Table:
    """A table that is encoded and labelled as another one was."""
    target, values, labels = like.target, like.encoder.values(raw), None
    goal = {}
    if target is not None:
        if target not in raw:
            raise ValueError(
                f"table: there is no column {target!r}, the target, expected it beside the features; "
                "encode(source) does without"
            )
        goal = {target: _goal(target, raw[target], like.task)}
    keep, notes = _complete({**values, **goal}, missing == "drop")
    check_missing({name: column[keep] for name, column in goal.items()})
    values = {name: column[keep] for name, column in values.items()}
    if target is not None:
        labels = _labels(target, goal[target][keep], like.classes)
    rows = np.flatnonzero(keep)
    found = _Rows(values, labels, like.classes, target, like.task, rows, notes)
    return _made(found, like.encoder, rows >= 0)


def _made(found: _Rows, encoder: TableEncoder, part: Array) -> Table:
    """The Table of some of the rows."""
    x = encoder.encoded(found.values)
    arrays = [x] if found.labels is None else [x, found.labels]
    made = Table(*(array[part] for array in arrays), classes=found.classes)
    made.encoder, made.target, made.task = encoder, found.target, found.task
    made.rows, made.notes = found.rows[part], tuple(found.notes)
    return made
