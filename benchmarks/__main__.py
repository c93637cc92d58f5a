"""Time agx against the peers that are installed, and write a table of how their times compare.

python -m benchmarks                  # everything: results.md and results.json in build/bench
python -m benchmarks lenet --rounds 30
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from . import machine, report
from .cases import CASES, Case, check_agreement, mnist_epoch
from .facts import facts
from .timing import compare

MNIST = "MNIST epoch of LeNet-5 by ag.fit, batch 64"


def say(line: str) -> None:
    """Print progress, apart from the results."""
    print(line, file=sys.stderr, flush=True)


def chosen(words: list[str], name: str) -> bool:
    """Whether a name has one of the words; with no words everything has."""
    return not words or any(word.lower() in name.lower() for word in words)


def measure(case: Case, threads: int, rounds: int, peers: machine.Peers) -> dict[str, Any]:
    """One row of the table."""
    machine.use_threads(threads, peers)
    contenders = case.build(peers)
    check_agreement(case.work, contenders)
    result = compare(contenders, min(rounds, case.most_rounds))
    ratio = result.ratios.get(case.peer)
    row = {"work": case.work, "threads": threads, "least": case.least, "peer": case.peer}
    return {**row, **vars(result), "ratio": ratio, "met": ratio is not None and ratio >= case.least}


def run_cases(
    words: list[str], rounds: int, peers: machine.Peers, data: Path | None
) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows of the cases that were asked for, and what was skipped and why."""
    cases, skipped = [case for case in CASES if chosen(words, case.work)], []
    if chosen(words, MNIST):
        try:
            cases.append(mnist_epoch(data))
        except FileNotFoundError as problem:
            skipped.append(f"{MNIST}: {problem}; give their folder with --data")
    rows = []
    say(report.HEADER)
    for case in cases:
        for threads in case.threads:
            if threads > machine.cores():
                skipped.append(f"{case.work}: {threads} threads on {machine.cores()} core")
                continue
            rows.append(measure(case, threads, rounds, peers))
            say(report.row_line(rows[-1]))
    skipped += [
        f"{report.NAMES.get(name, name)}: not installed"
        for name in machine.PEERS
        if name not in peers
    ]
    return rows, skipped


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and write Markdown, JSON and pictures."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.split("\n")[0]
    )
    parser.add_argument("words", nargs="*", help="only rows whose name has one of these words")
    parser.add_argument("--rounds", type=int, default=15, help="rounds of each row (default 15)")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder to write to")
    parser.add_argument("--data", type=Path, help="folder of the MNIST files (default: agx's own)")
    parser.add_argument("--plots", action="store_true", help="draw pictures too, by batch size")
    parser.add_argument("--list", action="store_true", help="name the rows and stop")
    args = parser.parse_args(arguments)
    if args.list:
        print(*[case.work for case in CASES], MNIST, sep="\n")
        return
    np.seterr(all="ignore")
    peers = machine.installed()
    about = machine.description(peers)
    say(report.note(about) + "\n")
    rows, skipped = run_cases(args.words, args.rounds, peers, args.data)
    found = []
    for find in [] if args.words else facts(args.rounds):
        found.append(find())
        say(report.fact_line(found[-1]))
    print(report.markdown(about, rows, found, skipped), end="")
    report.write(args.out, about, rows, found, skipped)
    if args.plots:
        from .plots import save

        say("drawing; every point is measured first")
        for path in save(args.out, peers, min(args.rounds, 5)):
            say(str(path))


if __name__ == "__main__":
    main()
