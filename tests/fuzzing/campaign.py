"""What a campaign of strange arguments does: draw, call at every level and number of threads, compare."""

import itertools
import time
import traceback
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from agx._kernels import machine

from .arrays import Drawn

#: Kernels by name: what draws a trial of each.
KERNELS = {}


def kernel(*names, every=1):
    """Add a function that draws a ``Trial`` of each of the kernels ``names``, each time or less often."""

    def added(draw):
        KERNELS[names] = draw, every
        return draw

    return added


@dataclass
class Trial:
    """A call of a kernel, ``call(team)``, and its twin in NumPy.

    The call gives None where it leaves the work to NumPy, and what the twin gives elsewhere: arrays, or
    a tuple of them, that are near, by ``rtol`` of each element and ``atol`` of the largest.
    """

    call: object
    twin: object
    rtol: float = 0.0
    atol: float = 0.0
    told: tuple = ()


@dataclass
class Report:
    """What a campaign found."""

    calls: Counter = field(default_factory=Counter)
    taken: Counter = field(default_factory=Counter)
    findings: list = field(default_factory=list)
    seconds: float = 0.0

    def add(self, other):
        self.calls.update(other.calls)
        self.taken.update(other.taken)
        self.findings += other.findings

    def __str__(self):
        rows = [f"{'kernel':40}{'calls':>12}{'not left to NumPy':>20}"]
        for name, n in sorted(self.calls.items()):
            rows.append(f"{name:40}{n:12,}{self.taken[name] / n:20.0%}")
        total = sum(self.calls.values())
        rows.append(f"{total:,} calls, {len(self.findings)} findings, {self.seconds:.0f} s")
        return "\n".join([*rows, *self.findings[:20]])


def near(found, wanted, rtol, atol):
    """Whether arrays are alike: NaN and infinities at the same places, the rest as near as told."""
    if found.shape != wanted.shape:
        return False
    strange = ~np.isfinite(wanted)
    if strange.any():
        if not np.array_equal(found[strange], wanted[strange], equal_nan=True):
            return False
        found, wanted = found[~strange], wanted[~strange]
    if not rtol:
        return bool((found == wanted).all())
    if not wanted.size:
        return True
    size = np.abs(wanted)
    least = (
        np.finfo(found.dtype).tiny if found.dtype.kind == "f" else 0
    )  # subnormal numbers have few digits
    return bool((np.abs(found - wanted) <= rtol * size + atol * size.max() + least).all())


def alike(found, wanted, rtol, atol):
    if not isinstance(wanted, tuple):
        found, wanted = (found,), (wanted,)
    pairs = zip(found, wanted, strict=True)
    return all(near(np.asarray(a), np.asarray(b), rtol, atol) for a, b in pairs)


def teams():
    """Each level of instructions that this processor has, with one thread and with three."""
    before = machine.level()
    levels = [
        i for i in range(len(machine.names())) if machine.set_level(i) >= 0 and machine.level() == i
    ]
    machine.set_level(before)
    return list(itertools.product(levels, (1, 3)))


def describe(told):
    return ", ".join(
        f"{a.dtype}{a.shape} strides {a.strides}" if isinstance(a, np.ndarray) else repr(a)
        for a in told
    )


def try_one(name, trial, ways, report, seed):
    """Call a kernel in every way, and note what differs from its twin."""
    wanted = None
    for level, threads in ways:
        if level is not None:
            machine.set_level(level)
        report.calls[name] += 1
        try:
            found = trial.call(lambda n=threads: n)
            if found is None:
                continue
            report.taken[name] += 1
            wanted = trial.twin() if wanted is None else wanted
            fine = alike(found, wanted, trial.rtol, trial.atol)
            with np.printoptions(threshold=12):
                difference = f"found  {found!r}\n    wanted {wanted!r}"
        except Exception:
            fine, difference = False, traceback.format_exc()
        if not fine:
            where = f"{name} at level {machine.names()[machine.level()]}, {threads} threads"
            report.findings.append(f"{where}, {seed}: {describe(trial.told)}\n    {difference}")
            return


def make_calls(calls, seed, table, ways, report, told=None):
    """Draw trials of all kernels of the table in turn until so many calls are made."""
    for n in itertools.count():
        for group, (draw, every) in table.items():
            if n % every and len(table) > 1:
                continue
            trials = draw(Drawn([seed, n, *group[0].encode()]))
            for name, trial in zip(group, trials, strict=True):
                if trial is not None:
                    try_one(name, trial, ways, report, f"draw {seed}, {n}")
        made = report.calls.total()
        if told and n % 100 == 0:
            told(f"{made:,} calls", report.findings)
        if made >= calls:
            return


def campaign(calls, seed, callers=1, names=None, told=None):
    """Make at least so many calls of kernels, all or some, and compare them with their twins.

    One caller goes through all levels of instructions; several call at the same time, at the highest.
    """
    report, before, began = Report(), machine.level(), time.perf_counter()
    table = {k: v for k, v in KERNELS.items() if names is None or set(k) & set(names)}
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            if callers == 1:
                make_calls(calls, seed, table, teams(), report, told)
            else:
                reports = [Report() for _ in range(callers)]

                def call(i):
                    with np.errstate(all="ignore"):
                        ways = [(None, 1), (None, 3)]
                        make_calls(
                            calls // callers,
                            seed + i,
                            table,
                            ways,
                            reports[i],
                            told if i == 0 else None,
                        )

                with ThreadPoolExecutor(callers) as pool:
                    list(pool.map(call, range(callers)))
                for other in reports:
                    report.add(other)
    finally:
        machine.set_level(before)
    report.seconds = time.perf_counter() - began
    return report
