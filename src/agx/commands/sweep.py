"""``agx sweep``: runs of ``agx train`` with different settings, in processes of their own."""

from __future__ import annotations

import argparse
import itertools
import math
import shlex
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ..runs.results import SUMMARY
from .arguments import count, positive, values

DESCRIPTION = """\
Run agx train with each choice of settings, each in a process of its own, and write a table of what came
out (sweep.json, sweep.csv) and a picture (sweep.svg) into a folder, after every run.

The settings below take values with commas between them; --lr also takes a range such as 0.001:0.1, of
which --random draws. All other options are those of agx train and go to every run. The same command again
goes on where it stopped: what has come to its end is not run again.
"""

#: The options of ``agx train`` that vary, and what reads a value in the table.
SWEPT = {"lr": float, "batch-size": int, "optimizer": str, "seed": int, "momentum": float,
         "schedule": str, "epochs": int, "model": str}  # fmt: skip


def add(commands: Any, train: argparse.ArgumentParser) -> None:
    """Add the parser of this command; ``train`` is that of ``agx train``."""
    parser = commands.add_parser(
        "sweep", help="train with many settings", description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--data", required=True, metavar="DATA", help="as of agx train")
    for name in SWEPT:
        kind = _rates if name == "lr" else values
        parser.add_argument(f"--{name}", type=kind, metavar="A,B", help="values to try")
    parser.add_argument("--random", type=count, metavar="N", help="try N choices drawn at random")
    parser.add_argument(
        "--draw-seed", type=int, default=0, metavar="N", help="of the drawing (default: 0)"
    )
    parser.add_argument(
        "--jobs", type=count, metavar="N", help="runs at a time (default: one a core)"
    )
    parser.add_argument(
        "--threads", type=count, metavar="N", help="of each run (default: its share)"
    )
    parser.add_argument("--out", metavar="DIR", help="the folder (default: runs/sweep-<data>)")
    parser.set_defaults(run=lambda options: _sweep(parser, train, options), others=[])


def _rates(text: str) -> Any:
    """Learning rates, or a range of them."""
    low, colon, high = text.partition(":")
    if not colon:
        return values(text)
    ends = positive(low), positive(high)
    if ends[0] >= ends[1]:
        raise argparse.ArgumentTypeError(f"expected a range such as 0.001:0.1, got {text!r}")
    return ends


def _sweep(
    parser: argparse.ArgumentParser, train: argparse.ArgumentParser, options: argparse.Namespace
) -> int:
    from ..runs.sweeps import choices, sweep
    from ..runs.tables import cell

    space = _space(parser, options)
    for settings in choices(space, options.random, options.draw_seed):
        train.parse_args(_arguments(settings))  # wrong ones end here, before anything is run
    root = Path(options.out or Path("runs") / f"sweep-{Path(options.data).resolve().name}")
    runner = _Runner(root, [key for key, of in space.items() if callable(of) or len(of) > 1])
    total = options.random or math.prod(len(of) for of in space.values())
    jobs = min(options.jobs or _cores(), total)
    runner.threads = options.threads or max(_cores() // jobs, 1)

    def tell(row: dict[str, Any]) -> None:
        said = "  ".join(f"{key} {row['settings'][key]}" for key in runner.varied)
        found = row["error"] or ", ".join(f"{k} {cell(v)}" for k, v in row["result"].items())
        print(f"{said}: {found} ({row['seconds']:.1f} s)", file=sys.stderr, flush=True)

    with ThreadPoolExecutor(jobs) as executor:
        try:
            found = sweep(
                runner, space, executor, samples=options.random, seed=options.draw_seed, folder=root,
                key="validation_accuracy", callback=tell,
            )  # fmt: skip
        except BaseException:
            runner.stop()
            raise
    print(found)
    print(f"table and picture are in {root}")
    return 1 if any(row["error"] for row in found) else 0


def _cores() -> int:
    from .._runtime import threads

    return threads.get_num_threads()


def _space(parser: argparse.ArgumentParser, options: argparse.Namespace) -> dict[str, Any]:
    """The values of each setting; what is the same in all runs has one."""
    space: dict[str, Any] = {"data": [options.data]}
    for name, kind in SWEPT.items():
        key = name.replace("-", "_")
        given = getattr(options, key)
        if isinstance(given, tuple):
            if options.random is None:
                parser.error("--lr: a range needs --random N, the number of runs")
            space[key] = _drawing(*given)
        elif given is not None:
            space[key] = [_read(parser, name, kind, text) for text in given]
    if options.others:
        space["options"] = [shlex.join(options.others)]
    return space


def _drawing(low: float, high: float) -> Any:
    """A function that draws rates whose logarithms are evenly spread, with three digits."""
    start, stop = math.log(low), math.log(high)
    return lambda rng: float(f"{math.exp(rng.uniform(start, stop)):.3g}")


def _read(parser: argparse.ArgumentParser, name: str, kind: Any, text: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        parser.error(f"argument --{name}: expected numbers with commas between them, got {text!r}")


def _arguments(settings: dict[str, Any]) -> list[str]:
    """The arguments of ``agx train`` for the settings of one run."""
    others = shlex.split(settings.get("options", ""))
    named = [(key, value) for key, value in settings.items() if key != "options"]
    return [f"--{key.replace('_', '-')}={value}" for key, value in named] + others


class _Runner:
    """Run ``agx train`` with some settings, in a process of its own; called from several threads."""

    def __init__(self, root: Path, varied: list[str]) -> None:
        self.root, self.varied, self.threads = root, varied, 1
        self.running: set[subprocess.Popen[bytes]] = set()
        self.stopped = False

    def __call__(self, **settings: Any) -> dict[str, float]:
        if self.stopped:
            raise RuntimeError("the sweep was stopped")
        arguments = _arguments(settings)
        first = f"{shlex.join(['agx', 'train', *arguments])}\n"
        folder, log = self._place(settings, first)
        begun = (folder / "config.json").exists()
        if not (folder / SUMMARY).exists():
            where = [f"--resume={folder}"] if begun else [*arguments, f"--out={folder}"]
            status = self._train([*where, f"--threads={self.threads}"], log, "" if begun else first)
            if status:
                last = log.read_text(encoding="utf-8", errors="replace").splitlines()[-1]
                raise RuntimeError(f"agx train ended with {status}: {last}; see {log}")
        return _measured(folder)

    def _place(self, settings: dict[str, Any], first: str) -> tuple[Path, Path]:
        """The folder of a run, named after what varies, and its log, which begins with the command.

        It may hold the same run, begun or ended before the sweep knew; not another one.
        """
        parts = [f"{key}{settings[key]}".replace(":", ".") for key in self.varied]
        base = "-".join(parts) or "run"
        for number in itertools.count(1):
            folder = self.root / (base if number == 1 else f"{base}-{number}")
            log = folder.with_name(f"{folder.name}.log")
            if not (folder / "config.json").exists():
                break
            if log.exists() and log.read_text(encoding="utf-8", errors="replace").startswith(first):
                break
        return folder, log

    def _train(self, arguments: list[str], log: Path, first: str) -> int:
        """Run ``agx train`` and return its exit status; what it prints goes to the log."""
        command = [sys.executable, "-m", "agx", "train", *arguments]
        with open(log, "w" if first else "a", encoding="utf-8") as file:
            print(first, end="", file=file, flush=True)
            process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
            self.running.add(process)
            if self.stopped:
                process.terminate()
            process.wait()
            self.running.discard(process)
        return process.returncode

    def stop(self) -> None:
        """End what is running, as Ctrl-C does."""
        self.stopped = True
        for process in list(self.running):
            process.send_signal(signal.SIGTERM if sys.platform == "win32" else signal.SIGINT)


def _measured(folder: Path) -> dict[str, float]:
    from ..runs.listing import read_run

    run = read_run(folder)
    best = run.best()
    found = {
        "validation_accuracy": best.get("validation_accuracy"),
        "validation_loss": best.get("validation_loss"),
        "test_accuracy": run.results.get("accuracy"),
        "epoch": best.get("epoch"),
    }
    return {key: value for key, value in found.items() if value is not None}
