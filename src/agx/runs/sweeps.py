"""Many trials of a function, one for each choice of settings: a grid, or drawn at random."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import json
import math
import os
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent import futures
from pathlib import Path
from typing import Any

from .._runtime.files import replacing
from .._runtime.rng import generator
from ..data.files import read_object
from ..train.history import DIRECTIONS
from . import charts
from .tables import as_json, cell, table

FILE = "sweep.json"

Row = dict[str, Any]


class Sweep(list[Row]):
    """Hold the trials of a sweep: a list that prints as a table, the best one first.

    Each is a dict with ``settings``, ``result`` (None if the trial failed), ``error`` (None if not) and
    ``seconds``. ``key`` is the result by which trials are compared, ``mode`` whether "min" or "max" is best.
    """

    key: str | None = None
    mode: str | None = None

    def best(self) -> Row:
        """Return the best trial. Raises ValueError if none came to its end."""
        ranked = self.ranked()
        if not ranked or ranked[0]["result"] is None:
            raise ValueError("best: no trial of the sweep came to its end")
        return ranked[0]

    def ranked(self) -> list[Row]:
        """Return the trials, the best one first and those that failed last."""
        sign = -1 if self._mode() == "max" else 1

        def place(row: Row) -> tuple[bool, float]:
            value = _finite((row["result"] or {}).get(self._key()))
            return (value is None, sign * (value or 0.0))

        return sorted(self, key=place)

    def varied(self) -> list[str]:
        """Return the settings that are not the same in all trials."""
        every = {key: None for row in self for key in row["settings"]}
        texts = {key: {json.dumps(row["settings"].get(key)) for row in self} for key in every}
        return [key for key, found in texts.items() if len(found) > 1]

    def _key(self) -> str | None:
        measured = (key for row in self for key in row["result"] or ())
        return self.key or next(measured, None)

    def _mode(self) -> str:
        key = (self._key() or "").removeprefix("validation_").removeprefix("test_")
        return self.mode or DIRECTIONS.get(key, "max")

    def _columns(self) -> tuple[list[str], list[str]]:
        return self.varied(), list({key: None for row in self for key in row["result"] or ()})

    def __repr__(self) -> str:
        if not self:
            return "a sweep of no trials"
        settings, results = self._columns()
        failed = ["error"] if any(row["error"] for row in self) else []
        rows = [
            [row["settings"].get(key) for key in settings]
            + [(row["result"] or {}).get(key) for key in results]
            + [row["seconds"], *([row["error"] or ""] if failed else [])]
            for row in self.ranked()
        ]
        return table([*settings, *results, "seconds", *failed], rows)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write ``sweep.json``, ``sweep.csv`` and ``sweep.svg``, each as a whole."""
        settings = list({key: None for row in self for key in row["settings"]})
        results = self._columns()[1]
        lines = io.StringIO()
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow([*settings, *results, "seconds", "error"])
        for row in self:
            found = row["result"] or {}
            writer.writerow(
                [row["settings"].get(key) for key in settings]
                + [found.get(key) for key in results]
                + [row["seconds"], row["error"]]
            )
        text = as_json({"key": self._key(), "mode": self._mode(), "trials": self})
        for name, content in (
            (FILE, text),
            ("sweep.csv", lines.getvalue()),
            ("sweep.svg", self.svg()),
        ):
            with replacing(Path(folder) / name, "w") as file:
                file.write(content)

    def svg(self) -> str:
        """Return a picture, as the text of an SVG file: a chart for each setting that varies."""
        key = self._key()
        rows = [row for row in self if _finite((row["result"] or {}).get(key)) is not None]
        if not rows or key is None:
            return charts.side_by_side([], "no trial came to its end")
        best = rows.index(self.ranked()[0])
        names = self.varied()
        points = {
            name: [
                (_place(row["settings"].get(name)), row["result"][key], _described(row, names, key))
                for row in rows
            ]
            for name in names
        }
        title = key.replace("_", " ")
        drawn = [
            charts.scatter(points[name], name.replace("_", " "), title, best) for name in names
        ]
        return charts.side_by_side(drawn, f"{title} of {len(rows)} trials")

    def _repr_svg_(self) -> str:
        return self.svg()


def sweep(
    function: Callable[..., Any],
    space: Mapping[str, Any],
    executor: futures.Executor | None = None,
    *,
    samples: int | None = None,
    seed: int = 0,
    folder: str | os.PathLike[str] | None = None,
    key: str | None = None,
    mode: str | None = None,
    callback: Callable[[Row], None] | None = None,
) -> Sweep:
    """Call a function with every choice of settings, or with some at random, and return what it gave.

    ``space`` has a list of values for each setting, which are arguments of ``function`` by name. With
    ``samples`` only so many choices are tried, drawn by ``seed``; a setting may then be a function of a
    generator that draws a value too. ``function`` returns a number, or a dict of numbers. The trials run in
    any ``concurrent.futures.Executor``, such as ``ProcessPoolExecutor(4)``, or else one after the other here.
    ``key`` is the result by which they are compared (default: the first), ``mode`` "min" or "max" (default:
    what suits a loss or an accuracy).

    After every trial the table is written to ``folder``, and a picture; a sweep of the same folder goes on
    where it stopped. A trial that raises is recorded with its error, and tried again the next time.
    ``callback`` is called with each trial. Raises ValueError for a setting without values, and
    TypeError for values that JSON cannot hold.

    >>> found = ag.runs.sweep(lambda x, y: (x - 1) ** 2 + y, {"x": [0, 1, 2], "y": [0, 3]}, mode="min")
    >>> found.best()["settings"]
    {'x': 1, 'y': 0}
    """
    wanted = choices(space, samples, seed)
    found = Sweep()
    found.key, found.mode = key, mode
    if folder is not None:
        Path(folder).mkdir(parents=True, exist_ok=True)
        if (Path(folder) / FILE).exists():
            found += [row for row in _read(Path(folder) / FILE) if row["error"] is None]
    known = {_identity(row["settings"]) for row in found}
    left = [settings for settings in wanted if _identity(settings) not in known]
    with contextlib.closing(_run(function, left, executor)) as rows:
        for row in rows:
            found.append(row)
            if folder is not None:
                found.save(folder)
            if callback is not None:
                callback(row)
    return found


def choices(space: Mapping[str, Any], samples: int | None, seed: int) -> list[Row]:
    """The settings of each trial. More samples of the same seed begin with the same ones."""
    for name, values in space.items():
        if not callable(values) and (isinstance(values, str) or not len(values)):
            raise ValueError(f"sweep: {name} is {values!r}, expected a list of values")
        if callable(values) and samples is None:
            raise ValueError(f"sweep: {name} draws its values; say how many with samples=20")
    if samples is not None and samples < 1:
        raise ValueError(f"sweep: samples is {samples}, expected a positive number")
    lists = {name: list(values) for name, values in space.items() if not callable(values)}
    grid = [dict(zip(lists, chosen, strict=True)) for chosen in itertools.product(*lists.values())]
    rng = generator(seed)
    if samples is None:
        found = grid
    elif len(lists) == len(space):
        found = [grid[i] for i in rng.permutation(len(grid))[:samples]]
    else:
        found = [
            {
                n: v(rng) if callable(v) else lists[n][rng.integers(len(lists[n]))]
                for n, v in space.items()
            }
            for _ in range(samples)
        ]
    for settings in found:
        _identity(settings)
    return found


def _run(
    function: Callable[..., Any], trials: Sequence[Row], executor: futures.Executor | None
) -> Generator[Row, None, None]:
    """The trials as they come to their end."""
    if executor is None:
        for settings in trials:
            start = time.perf_counter()
            try:
                yield _row(settings, function(**settings), None, time.perf_counter() - start)
            except Exception as error:
                yield _row(settings, None, error, time.perf_counter() - start)
        return
    running = {executor.submit(_timed, function, settings): settings for settings in trials}
    try:
        for future in futures.as_completed(running):
            raised = future.exception()
            result, seconds = (None, 0.0) if raised else future.result()
            yield _row(running[future], result, raised, seconds)
    finally:  # also if Ctrl-C ends the waiting
        for future in running:
            future.cancel()


def _timed(function: Callable[..., Any], settings: Row) -> tuple[Any, float]:
    start = time.perf_counter()
    return function(**settings), time.perf_counter() - start


def _row(settings: Row, result: Any, error: BaseException | None, seconds: float) -> Row:
    """A trial as it is written down."""
    numbers = result if isinstance(result, Mapping) else {"result": result}
    try:
        measured = {str(name): float(value) for name, value in numbers.items()}
    except (TypeError, ValueError):
        error = error or TypeError(f"expected a number or a dict of numbers, got {result!r:.80}")
    said = None if error is None else f"{type(error).__name__}: {error}"
    return {
        "settings": settings,
        "result": None if error else measured,
        "error": said,
        "seconds": round(seconds, 3),
    }


def _identity(settings: Row) -> str:
    try:
        return json.dumps(settings, sort_keys=True)
    except TypeError as error:
        raise TypeError(
            f"sweep: expected settings that JSON can hold, such as numbers and words, got {settings!r:.80}; "
            "give names, and look them up in the function"
        ) from error


def _read(path: Path) -> list[Row]:
    rows = read_object(path).get("trials")
    if not isinstance(rows, list) or not all(map(_is_trial, rows)):
        raise ValueError(
            f"{path}: expected the trials of a sweep, got something else; name another folder"
        )
    return rows


def _is_trial(row: Any) -> bool:
    """Whether this is what ``_row`` wrote."""
    match row:
        case {
            "settings": dict(),
            "result": dict() | None,
            "error": str() | None,
            "seconds": seconds,
        }:
            numbers = [*(row["result"] or {}).values(), seconds]
            return all(
                v is None or isinstance(v, float) or (isinstance(v, int) and abs(v) < 2**53)
                for v in numbers
            )
    return False


def _finite(value: Any) -> float | None:
    return value if isinstance(value, (int, float)) and math.isfinite(value) else None


def _place(value: Any) -> Any:
    """A setting as it stands on an axis: numbers as they are, and lists as their text."""
    return value if isinstance(value, (int, float)) else cell(value)


def _described(row: Row, names: Sequence[str], key: str) -> str:
    said = ", ".join(f"{name} {row['settings'].get(name)}" for name in names)
    return f"{said}: {key} {row['result'][key]:.4g}"
