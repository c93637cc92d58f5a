"""Runs of ``agx train`` as their folders tell of them: found, read and compared."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..data.files import parsed, read_object
from ..train.history import DIRECTIONS, History
from .results import read_summary
from .tables import table


@dataclass
class RunRecord:
    """Hold what the folder of a run tells: settings, history, results, and what is wrong with it."""

    path: Path
    config: dict[str, Any]
    history: History
    results: dict[str, Any]
    problems: list[str] = field(default_factory=list)

    def best(self) -> dict[str, Any]:
        """Return the best epoch by the validation, or else the training; empty without epochs."""
        for key in ("validation_accuracy", "validation_loss", "accuracy", "loss"):
            if any(key in row for row in self.history):
                return self.history.best(key)
        return {}

    def summary(self) -> dict[str, Any]:
        """Return the run in one row: what was trained on what, how far it came, and how well."""
        told = ("model", "data", "optimizer", "lr", "batch_size", "seed")
        return {
            "run": str(self.path),
            **{key: self.config.get(key) for key in told},
            "epochs": len(self.history),
            "planned": self.config.get("epochs"),
            "validation_accuracy": self.best().get("validation_accuracy"),
            "test_accuracy": self.results.get("accuracy"),
            "seconds": sum(row.get("seconds") or 0 for row in self.history),
            "finished": bool(self.results),
        }


class RunList(list[RunRecord]):
    """Hold the runs below a folder: a list that prints as a table. ``problems`` says what is none."""

    problems: list[str]

    def __repr__(self) -> str:
        if not self:
            return "no runs"
        rows = [run.summary() for run in self]
        for row in rows:
            row["epochs"] = f"{row['epochs']} of {row.pop('planned')}"
            for key in ("validation_accuracy", "test_accuracy"):
                row[key] = percent(row[key])
            row["seconds"] = round(row["seconds"], 1)
            del row["finished"]
        return table([key.replace("_", " ") for key in rows[0]], [[*row.values()] for row in rows])


def read_run(folder: str | os.PathLike[str]) -> RunRecord:
    """Read what the folder of a run tells.

    A history whose last line was not written to its end is read up to it, and ``problems`` says so. Raises
    FileNotFoundError for a folder without a run, and ValueError for one whose settings are damaged.

    >>> ag.runs.read_run("runs/first").best()  # doctest: +SKIP
    """
    path = Path(folder)
    if not (path / "config.json").is_file():
        what = "config.json is missing" if path.is_dir() else "there is no such folder"
        raise FileNotFoundError(
            f"{path}: expected the folder of a run of agx train, but {what}; agx runs lists those there are"
        )
    config = read_object(path / "config.json")
    config.pop("settings", None)  # what --resume goes by; the rest says it too
    history, problems = _read_history(path / "history.jsonl")
    try:
        results = read_summary(path)
    except ValueError as error:
        results, problems = {}, [*problems, str(error)]
    return RunRecord(path, config, history, results, problems)


def find_runs(folder: str | os.PathLike[str] = "runs") -> RunList:
    """Read all runs below a folder, in the order of their names; prints as a table.

    Folders that hold no run, or a damaged one, are named in ``problems``. Raises FileNotFoundError if there
    is no such folder.

    >>> ag.runs.find_runs("runs")  # doctest: +SKIP
    """
    root = Path(folder)
    if not root.is_dir():
        raise FileNotFoundError(
            f"{root}: there is no such folder; agx train makes runs/, or name the folder of your runs"
        )
    found = RunList()
    found.problems = []
    for place, below, files in os.walk(root):
        below.sort()
        if "config.json" in files:
            below.clear()
            try:
                found.append(read_run(place))
                found.problems += found[-1].problems
            except (OSError, ValueError) as error:
                found.problems.append(str(error))
        elif not below:
            found.problems.append(f"{place}: no run, as config.json is missing")
    return found


def compare_runs(runs: Sequence[RunRecord]) -> dict[str, dict[str, list[Any]]]:
    """Compare runs: the ``settings`` that differ, and ``last`` and ``best`` of what was measured.

    Each is a dict from a name to one value per run, None where a run has none. Best is the smallest loss and
    the largest accuracy; of a metric whose direction is unknown there is the last value only. ``results`` are
    those of the test set.
    """
    configs = [_flat(run.config) for run in runs]
    settings = {key: [config.get(key) for config in configs] for key in _all_keys(configs)}
    measured = _all_keys(row for run in runs for row in run.history)
    ends = {
        key: [run.history[-1].get(key) if run.history else None for run in runs]
        for key in measured
        if key != "epoch"
    }
    tops = {
        key: [
            run.history.best(key)[key] if any(key in row for row in run.history) else None
            for run in runs
        ]
        for key in measured
        if key.removeprefix("validation_") in DIRECTIONS
    }
    results = ("accuracy", "loss")
    return {
        "settings": {k: v for k, v in settings.items() if any(x != v[0] for x in v)},
        "last": ends,
        "best": tops,
        "results": {key: [run.results.get(key) for run in runs] for key in results},
    }


def percent(share: float | None) -> str | None:
    """A share as a percentage."""
    return None if share is None else f"{100 * share:.2f} %"


def _read_history(path: Path) -> tuple[History, list[str]]:
    history = History()
    if not path.exists():
        return history, [f"{path}: missing, as no epoch came to its end"]
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, 1):
        try:
            row = _epoch(parsed(line))
        except (ValueError, TypeError, KeyError):
            return history, [f"{path}: line {number} is damaged; the lines before it are used"]
        history.append(row)
    return history, []


def _epoch(row: dict[str, Any]) -> dict[str, Any]:
    """A row of a history, if what others compute with are numbers in it."""
    for key in {"epoch", "loss", *dict(row)}:
        value = row[key]
        known = key in ("epoch", "seconds") or key.removeprefix("validation_") in DIRECTIONS
        number = isinstance(value, int) and abs(value) < 2**53
        if known and not number and (key == "epoch" or not isinstance(value, float)):
            raise ValueError(f"{key} is {value!r}")
    return row


def _flat(config: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Settings inside settings by dotted names, such as versions.numpy."""
    found: dict[str, Any] = {}
    for key, value in config.items():
        found |= (
            _flat(value, f"{before}{key}.") if isinstance(value, dict) else {before + key: value}
        )
    return found


def _all_keys(rows: Iterable[dict[str, Any]]) -> list[str]:
    return list({key: None for row in rows for key in row})
