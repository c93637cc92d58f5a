"""Time agx against the peers that are installed, and print how their times compare.

python -m benchmarks                  # everything
python -m benchmarks lenet --rounds 30
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import importlib.metadata
import json
import os
import platform
from pathlib import Path
from typing import Any

import numpy as np

import agx as ag

from .cases import CASES
from .timing import compare

PEERS = {
    "torch": "torch",
    "jax": "jax",
    "mygrad": "mygrad",
    "autograd": "autograd",
    "micrograd": "micrograd.engine",
}


def installed() -> dict[str, Any]:
    """The peers that can be imported, by name."""
    found = {}
    for name, module in PEERS.items():
        try:
            importlib.import_module(module)
            found[name] = importlib.import_module(name)
        except ImportError:
            print(f"{name} is not installed; its columns are skipped")
    return found


def use_threads(n: int, peers: dict[str, Any]) -> None:
    """Give agx, NumPy's BLAS and PyTorch the same number of threads."""
    ag.set_num_threads(n)
    if "torch" in peers:
        peers["torch"].set_num_threads(n)


def processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def versions(peers: dict[str, Any]) -> dict[str, str]:
    """What was compared, where and when."""
    names = ["agx", "numpy", *peers]
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": f"{processor()}, {os.cpu_count()} cores, {platform.system()}",
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in names},
    }


def readable(seconds: float) -> str:
    """A time with a unit that fits."""
    for factor, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "us")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def run(words: list[str], rounds: int, peers: dict[str, Any]) -> list[dict[str, Any]]:
    """Run the cases whose name has one of the words, printing each as it is done."""
    rows = []
    for name, counts, build in CASES:
        if words and not any(word.lower() in name.lower() for word in words):
            continue
        for threads in counts:
            if threads > (os.cpu_count() or 1):
                print(f"{name}: skipped at {threads} threads on this machine")
                continue
            use_threads(threads, peers)
            result = compare(build(peers), rounds)
            rows.append({"case": name, "threads": threads, **vars(result)})
            print(markdown_row(rows[-1]), flush=True)
    return rows


HEADER = "| case | threads | agx | peers: their time over agx's |\n|---|---|---|---|"


def markdown_row(row: dict[str, Any]) -> str:
    """One line of the table: agx's time, and each peer's time over it."""
    peers = ", ".join(
        f"{name} {ratio:.2f} ({readable(row['seconds'][name])})"
        for name, ratio in row["ratios"].items()
    )
    return (
        f"| {row['case']} | {row['threads']} | {readable(row['seconds']['agx'])} | {peers or '-'} |"
    )


def main() -> None:
    """Run, print, and with --out write Markdown and JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.split("\n")[0]
    )
    parser.add_argument("words", nargs="*", help="only cases whose name has one of these words")
    parser.add_argument("--rounds", type=int, default=15, help="rounds of each case (default 15)")
    parser.add_argument("--out", type=Path, help="folder for results.md and results.json")
    args = parser.parse_args()
    np.seterr(all="ignore")
    peers = installed()
    facts = versions(peers)
    print(", ".join(f"{k} {v}" for k, v in facts.items()), HEADER, sep="\n\n")
    rows = run(args.words, args.rounds, peers)
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        table = "\n".join([HEADER, *map(markdown_row, rows)])
        note = ", ".join(f"{k} {v}" for k, v in facts.items())
        (args.out / "results.md").write_text(f"{note}\n\n{table}\n")
        (args.out / "results.json").write_text(json.dumps({**facts, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
