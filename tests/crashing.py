"""Runs of ``agx train`` that are killed at random moments, and what is left of them.

    python tests/crashing.py KILLS FOLDER

trains in children that are killed by SIGKILL and resumed until they end, with every optimiser and every
schedule, and compares the files with those of runs that nobody killed. It prints a summary as JSON. The
children are forked of a process that has imported all, so that most of the time is training.
"""

import contextlib
import itertools
import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from pathlib import Path

import numpy as np

import agx as ag
from agx import cli, runs
from agx.data import readers
from agx.train.checkpoint import newest

CLOCK = ("seconds", "images_per_second")

#: The states of NumPy's and Python's own generators: nobody has seeded them, and nobody draws from them.
UNSEEDED = ("/generators/numpy", "/generators/python")


def noisy(shape, outputs):
    """A small network with all that has a state of its own: running statistics and random numbers."""
    return ag.nn.Sequential(
        ag.nn.Flatten(), ag.nn.Linear(shape[1] * shape[2], 16), ag.nn.BatchNorm1d(16), ag.nn.ReLU(),
        ag.nn.Dropout(0.1), ag.nn.Linear(16, 16), ag.nn.ReLU(), ag.nn.Dropout(0.1, rng=7),
        ag.nn.Linear(16, outputs),
    )  # fmt: skip


def settings():
    """Options of ``agx train``: every optimiser and schedule, augmentation, one and two threads."""
    optimizers, schedules = list(runs.OPTIMIZERS), list(runs.SCHEDULES)
    for i in range(max(len(optimizers), len(schedules))):
        yield [
            "--optimizer", optimizers[i % len(optimizers)],
            "--schedule", schedules[i % len(schedules)], "--threads", str(1 + i % 2),
            "--checkpoint-every", ("5 steps", "1 epoch", "0.02 s")[i % 3],
        ]  # fmt: skip


def start(options, log, slow=False):
    """Run ``agx train`` in a child; with ``slow`` the disk is, so that files take long to be written."""
    pid = os.fork()
    if pid:
        return pid
    code = 99
    try:
        with open(log, "a") as file, contextlib.redirect_stdout(file):
            sys.stderr = file
            if slow:
                flush = os.fsync
                os.fsync = lambda handle: (time.sleep(0.004), flush(handle))
            code = cli.main(["train", *options])
    except BaseException:
        Path(log).write_text(traceback.format_exc())
    os._exit(code)


def ended(pid, seconds):
    """The exit status of a child, or None if it has not ended after some time."""
    end = time.monotonic() + seconds
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= end:
            return None
        time.sleep(0.001)


def whole(options, folder):
    """A run that nobody kills; returns how long it took."""
    begun = time.monotonic()
    log = folder.with_suffix(".log")
    assert ended(start([*options, "--out", str(folder)], log), 600) == 0, log.read_text()
    return time.monotonic() - begun


def survivor(options, folder, seconds, kills, rng):
    """A run that is killed again and again; returns how often, and how often while it wrote a file."""
    log, killed, torn = folder.with_suffix(".log"), 0, 0
    while True:
        begun = (folder / "config.json").exists()
        given = ["--resume", str(folder)] if begun else [*options, "--out", str(folder)]
        pid = start(given, log, slow=rng.random() < 0.5)
        status = ended(pid, rng.uniform(0, seconds) if killed < kills else 600)
        if status is not None:
            assert status == 0, (status, log.read_text())
            return killed, torn
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        killed += 1
        torn += any(folder.rglob(".*.part"))


def without_clock(rows):
    return [{key: value for key, value in row.items() if key not in CLOCK} for row in rows]


def flat(path, tree):
    """The leaves of a state by their paths, arrays as bytes, without what the clock has made."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key not in CLOCK and f"{path}/{key}" not in UNSEEDED:
                yield from flat(f"{path}/{key}", value)
    elif isinstance(tree, list):
        for i, value in enumerate(tree):
            yield from flat(f"{path}/{i}", value)
    else:
        yield path, (tree.dtype.str, tree.tobytes()) if isinstance(tree, np.ndarray) else repr(tree)


def left(folder):
    """What a run has left: files byte for byte, history and last state but for what the clock says."""
    found = {name: (folder / name).read_bytes() for name in ("best.npz", "last.npz")}
    if (folder / "results.npz").exists():
        found["results.npz"] = (folder / "results.npz").read_bytes()
    rows = (folder / "history.jsonl").read_text().splitlines()
    found["history"] = without_clock(map(json.loads, rows))
    path, state, refused = newest(folder / "checkpoints")
    assert path and not refused, refused
    found["step"], found["state"] = path.name, dict(flat("", state))
    return found


def main(kills, folder, seed=0):
    rng = random.Random(seed)
    runs.RunFolder.save_pictures = lambda *_: []
    digits = readers.READERS["digits"]
    readers.READERS["digits"] = digits._replace(recipe={**digits.recipe, "shift": 0.13})  # a pixel
    common = [
        "crashing:noisy", "--data", "digits", "--epochs", "3", "--batch-size", "48",
    ]  # fmt: skip
    expected, summary = {}, {"kills": 0, "torn": 0, "runs": 0, "options": []}
    every = list(settings())
    for i, options in enumerate(itertools.cycle(every)):
        if summary["kills"] >= kills and i >= len(every):
            break
        key = " ".join(options)
        if key not in expected:
            place = folder / f"whole-{i}"
            seconds = whole([*common, *options], place)
            expected[key] = seconds, left(place)
            summary["options"].append(key)
        seconds, wanted = expected[key]
        place = folder / f"killed-{i}"
        most = min(max(2, -(-kills // len(every))), 8, kills - summary["kills"])
        killed, torn = survivor([*common, *options], place, seconds, most, rng)
        found = left(place)
        for name in wanted:
            assert found[name] == wanted[name], f"{name} differs after {killed} kills: {key}"
        shutil.rmtree(place)
        summary["kills"] += killed
        summary["torn"] += torn
        summary["runs"] += 1
    print(json.dumps(summary))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
