"""Time agx against the peers that are installed, and write a table of how their times compare.

python -m benchmarks                                    # all: results.md, results.json in build/bench
python -m benchmarks --only lenet relu --rounds 30
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from . import machine, report
from .agreement import check_agreement
from .cases import CASES, MNIST, Case, mnist_epoch
from .facts import FACTS
from .programs import PROGRAMS
from .timing import compare

NO_MNIST = (
    f"{MNIST}: its files were not found; `agx train --data mnist --download` gets them, --data or "
    "AGX_DATA names the folder where they are"
)


def say(text: str, end: str = "\n") -> None:
    """Print progress, apart from the results."""
    print(text, file=sys.stderr, flush=True, end=end)


def chosen(patterns: list[str], name: str) -> bool:
    """Whether a name contains one of the patterns; without patterns every name is chosen."""
    return not patterns or any(pattern.lower() in name.lower() for pattern in patterns)


def measure(case: Case, threads: int, rounds: int, peers: machine.Peers) -> dict[str, Any]:
    """One row of the table."""
    machine.use_threads(threads, peers)
    check_agreement(case.work, (case.check or case.build)(peers))
    row: dict[str, Any] = {"work": case.work, "threads": threads, "peer": case.peer}
    with machine.watch(row):
        result = compare(case.build(peers), min(rounds, case.most_rounds), case.count)
    ratio = result.ratios.get(case.peer)
    row |= {**vars(result), "ratio": ratio, "target": case.least, "wanted": case.wanted}
    return {**row, "met": None if ratio is None else ratio >= case.least}


def cases(patterns: list[str], data: Path | None) -> tuple[list[Case], list[str]]:
    """The cases to run, and what is skipped for want of data."""
    found = [case for case in CASES if chosen(patterns, case.work)]
    if not chosen(patterns, MNIST):
        return found, []
    try:
        return [*found, mnist_epoch(data)], []
    except FileNotFoundError:
        return found, [NO_MNIST]


def measure_rows(
    options: argparse.Namespace, peers: machine.Peers
) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows of the cases that were asked for, and what was skipped and why."""
    wanted, skipped = cases(options.only, options.data)
    skipped += [f"{machine.NAMES[p]}: not installed" for p in machine.PEERS if p not in peers]
    for line in skipped:
        say(f"Skipped: {line}")
    rows = []
    say("\n" + report.HEADER)
    for case in wanted:
        for threads in options.threads or case.threads:
            if threads > machine.cores():
                skipped.append(f"{case.work}: {threads} threads on {machine.cores()} core(s)")
                continue
            say(report.row_start(case.work, threads), end=" ")
            rows.append(measure(case, threads, options.rounds, peers))
            say(report.row_end(rows[-1]))
    return rows, skipped


def measure_programs(options: argparse.Namespace, peers: machine.Peers) -> list[dict[str, Any]]:
    """The NumPy programs that were asked for, on one thread."""
    found = []
    wanted = [p for p in PROGRAMS if chosen(options.only, p.name)]
    if wanted:
        say("\n" + report.PROGRAMS_HEADER)
        machine.use_threads(1, peers)
    for program in wanted:
        say(report.program_start(program.name), end=" ")
        with machine.watch(line := {}), machine.one_core():
            line |= program.measure(peers, options.rounds)
        found.append(line)
        say(report.program_end(line))
    return found


def measure_facts(options: argparse.Namespace) -> list[dict[str, Any]]:
    """The facts that were asked for."""
    found = []
    for fact in FACTS:
        if chosen(options.only, fact.name):
            say(report.fact_start(fact.name), end=" ")
            line: dict[str, Any] = {"fact": fact.name, "target": fact.target}
            with machine.watch(line):
                line["measured"], line["met"] = fact.measure(options.rounds)
            if not fact.timed:
                del line["others"]
            found.append(line)
            say(report.fact_end(line))
    return found


def positive(text: str) -> int:
    """An argument that counts something."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a positive integer, got {text!r}")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    add = found.add_argument
    add("--only", nargs="+", default=[], metavar="PATTERN", help="rows and facts named like this")
    add("--rounds", type=positive, default=15, metavar="N", help="rounds of each row (default 15)")
    add("--threads", type=positive, nargs="+", metavar="N", help="instead of each row's own counts")
    add("--out", type=Path, default=Path("build/bench"), metavar="FOLDER",
        help="where to write (default build/bench)")  # fmt: skip
    add(
        "--data", type=Path, metavar="FOLDER", help="that holds MNIST (default: agx's, or AGX_DATA)"
    )
    add("--instructions", choices=tuple(machine.LESS), help="that everybody is to do with")
    add("--plots", action="store_true", help="draw time and memory against the batch size too")
    add("--list", action="store_true", help="name the rows and facts, and stop")
    return found


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and write Markdown, JSON and pictures."""
    options = parser().parse_args(arguments)
    if options.list:
        names = [*(case.work for case in CASES), MNIST]
        names += [*(program.name for program in PROGRAMS), *(fact.name for fact in FACTS)]
        print(*(name for name in names if chosen(options.only, name)), sep="\n")
        return
    if options.instructions:
        machine.restrict(options.instructions)
    np.seterr(all="ignore")
    peers = machine.installed()
    about = machine.description(peers)
    say(report.note(about) + "\n")
    rows, skipped = measure_rows(options, peers)
    programs = measure_programs(options, peers)
    say("\n" + report.FACTS_HEADER)
    facts = measure_facts(options)
    say("")
    print(report.markdown(about, rows, facts, skipped, programs), end="")
    report.write(options.out, about, rows, facts, skipped, programs)
    if options.plots:
        from .plots import save

        say("Drawing; every point is measured first.")
        for path in save(options.out, peers, min(options.rounds, 5)):
            say(str(path))


if __name__ == "__main__":
    main()
