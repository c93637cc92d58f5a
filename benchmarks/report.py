"""The results as Markdown and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agx._runtime.files import replacing

from .machine import NAMES

Row = dict[str, Any]

HEADER = "| work | threads | agx | PyTorch | ratio | target |\n|---|---|---|---|---|---|"
PROGRAMS_HEADER = (
    "| NumPy program | function | gradient over function | target | HIPS autograd | compiled over jax.jit "
    "| target |\n|---|---|---|---|---|---|---|"
)
PROGRAMS_LEGEND = (
    "Medians, float64, one thread: the time of `ag.grad(f)` over that of `f` in plain NumPy, HIPS autograd's "
    "likewise, and the time of `ag.compile(ag.grad(f))` over that of `jax.jit(jax.grad(f))`, both compiled "
    "before. **Bold**: the target is missed."
)
FACTS_HEADER = "| fact | measured | target |\n|---|---|---|"
LEGEND = (
    "Medians, float32. The ratio is the median over paired rounds of PyTorch's time (eager; micrograd's "
    "where it is named) over agx's, on the same threads, ± half the distance between the quartiles; it "
    "should reach the target. **Bold**: the target is missed."
)

#: Cores that other programs may keep busy while a line is measured.
BUSY = 0.1
BUSY_LEGEND = (
    "busy: other programs had more than a tenth of a core meanwhile, which slows some contenders far more "
    "than others; measure the line again."
)


def readable(seconds: float) -> str:
    """A time to three digits, with a unit that fits."""
    units = ((1.0, "s"), (1e3, "ms"), (1e6, "us"), (1e9, "ns"))
    factor, unit = next((u for u in units if seconds * u[0] >= 0.9995), units[-1])
    value = seconds * factor
    return f"{value:.{2 - (value >= 9.995) - (value >= 99.95)}f} {unit}"


def busy(line: Row) -> str:
    """A mark for what was timed while other programs ran."""
    return " (busy)" if line.get("others", 0.0) > BUSY else ""


def row_start(work: str, threads: int) -> str:
    """What is known of a line of the table before it is measured."""
    return f"| {work} | {threads} |"


def row_end(row: Row) -> str:
    """The other cells of the line."""
    seconds, peer = row["seconds"], row["peer"]
    if peer in seconds:
        theirs = readable(seconds[peer]) + ("" if peer == "torch" else f" ({NAMES[peer]})")
        ratio = f"{row['ratio']:.2f} ± {row['ratios_spread'][peer]:.2f}"
    else:
        theirs, ratio = f"{NAMES[peer]} is not installed", "skipped"
    if row["met"] is False:
        ratio = f"**{ratio}**"
    ratio += busy(row)
    wanted = f", {row['wanted']:.1f} wanted" if row["wanted"] else ""
    return f"{readable(seconds['agx'])} | {theirs} | {ratio} | {row['target']:.1f}{wanted} |"


def row_line(row: Row) -> str:
    """One line of the table."""
    return f"{row_start(row['work'], row['threads'])} {row_end(row)}"


def others_line(row: Row) -> str:
    """How a row compares with the peers beside the one that counts; empty if there are none."""
    others = [
        f"{NAMES[name]} {ratio:.1f} ({readable(row['seconds'][name])})"
        for name, ratio in row["ratios"].items()
        if name != row["peer"]
    ]
    return f"{row['work']}, {row['threads']} thread(s): {', '.join(others)}" if others else ""


def program_start(name: str) -> str:
    """What is known of a program before it is measured."""
    return f"| {name} |"


def program_end(row: Row) -> str:
    """The other cells of a program's line."""

    def cell(ratio: str, most: float | None) -> str:
        value = row[ratio]
        if value is None:
            return "skipped"
        return f"**{value:.2f}**" if most is not None and value > most else f"{value:.2f}"

    cells = [
        readable(row["seconds"]["function"]),
        cell("gradient", row["most"]) + busy(row),
        f"at most {row['most']:g}",
        cell("hips", None),
        cell("compiled", row["most_compiled"]),
        f"at most {row['most_compiled']:g}",
    ]
    return " | ".join(cells) + " |"


def fact_start(name: str) -> str:
    """What is known of a fact before it is measured."""
    return f"| {name} |"


def fact_end(fact: Row) -> str:
    """The other cells of a fact's line."""
    value = f"**{fact['measured']}**" if fact["met"] is False else fact["measured"]
    return f"{value}{busy(fact)} | {fact['target']} |"


def note(about: dict[str, str]) -> str:
    """The machine and the versions in one line."""
    return ", ".join(f"{key} {value}" for key, value in about.items())


def markdown(
    about: dict[str, str],
    rows: list[Row],
    facts: list[Row],
    skipped: list[str],
    programs: Sequence[Row] = (),
) -> str:
    """All that was measured."""
    parts = []
    if rows:
        parts += ["\n".join([HEADER, *map(row_line, rows)]), LEGEND]
        if others := [line for line in map(others_line, rows) if line]:
            parts.append("Other peers, ratios likewise: " + "; ".join(others) + ".")
    if programs:
        lines = [f"{program_start(row['program'])} {program_end(row)}" for row in programs]
        parts += ["\n".join([PROGRAMS_HEADER, *lines]), PROGRAMS_LEGEND]
    if facts:
        lines = [f"{fact_start(fact['fact'])} {fact_end(fact)}" for fact in facts]
        parts.append("\n".join([FACTS_HEADER, *lines]))
    if any(map(busy, [*rows, *facts, *programs])):
        parts.append(BUSY_LEGEND)
    parts += [f"Measured: {note(about)}.", *(f"Skipped: {line}." for line in skipped)]
    return "\n\n".join(parts) + "\n"


def write(
    folder: Path,
    about: dict[str, str],
    rows: list[Row],
    facts: list[Row],
    skipped: list[str],
    programs: Sequence[Row] = (),
) -> None:
    """Write results.md and results.json."""
    folder.mkdir(parents=True, exist_ok=True)
    text = markdown(about, rows, facts, skipped, programs)
    found = {**about, "rows": rows, "programs": programs, "facts": facts, "skipped": skipped}
    contents = {"results.md": text, "results.json": json.dumps(found, indent=1) + "\n"}
    for name, content in contents.items():
        with replacing(folder / name, "w") as file:
            file.write(content)
