"""``agx runs``, ``agx compare`` and ``agx report``: looking at runs of ``agx train``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any


def add(commands: Any) -> None:
    """Add the parsers of these commands."""
    runs = commands.add_parser("runs", help="list the runs below a folder")
    runs.add_argument("folder", nargs="?", default="runs", metavar="DIR", help="default: runs")
    runs.add_argument("--json", action="store_true", help="print JSON")
    runs.set_defaults(run=_runs)
    compare = commands.add_parser("compare", help="show how runs differ, in settings and results")
    compare.add_argument("runs", nargs="+", metavar="RUN", help="folders of two runs or more")
    compare.add_argument("--json", action="store_true", help="print JSON")
    compare.set_defaults(run=lambda options: _compare(compare, options))
    report = commands.add_parser("report", help="write a page about a run")
    report.add_argument("folder", metavar="RUN", help="the run's folder")
    report.add_argument("--out", metavar="FILE", help="the page (default: RUN/report.html)")
    report.set_defaults(run=_report)


def _runs(options: argparse.Namespace) -> int:
    from ..runs.listing import find_runs
    from ..runs.tables import as_json

    found = find_runs(options.folder)
    print(as_json([run.summary() for run in found]) if options.json else found)
    for problem in found.problems:
        print(f"agx runs: {problem}", file=sys.stderr)
    return 0


def _compare(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    from ..runs.listing import compare_runs, read_run
    from ..runs.tables import as_json

    if len(options.runs) < 2:
        parser.error("expected two runs or more")
    runs = [read_run(folder) for folder in options.runs]
    found = compare_runs(runs)
    print(as_json({"runs": options.runs, **found}) if options.json else _text(options.runs, found))
    for problem in (problem for run in runs for problem in run.problems):
        print(f"agx compare: {problem}", file=sys.stderr)
    return 0


def _text(names: Sequence[str], found: dict[str, dict[str, list[Any]]]) -> str:
    from ..runs.tables import cell, table

    rows = [(key, *map(cell, values)) for key, values in found["settings"].items()]
    rows += [
        (f"{what} {key}", *(_measured(key, value) for value in values))
        for key, lasts in found["last"].items()
        for what, values in (("last", lasts), ("best", found["best"].get(key)))
        if values
    ]
    rows += [
        (f"test {key}", *(_measured(key, value) for value in values))
        for key, values in found["results"].items()
    ]
    return table(("", *names), rows)


def _measured(key: str, value: Any) -> str:
    from ..runs.listing import percent
    from ..runs.tables import cell

    return percent(value) or "-" if key.endswith("accuracy") else cell(value)


def _report(options: argparse.Namespace) -> int:
    from ..runs.page import report

    print(report(options.folder, options.out))
    return 0
