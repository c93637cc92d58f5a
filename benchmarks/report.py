"""The results as Markdown and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .machine import NAMES

Row = dict[str, Any]

HEADER = "| work | threads | agx | peer | ratio | target |\n|---|---|---|---|---|---|"
LEGEND = (
    "Medians. The ratio is the median over paired rounds of the peer's time over agx's; the peer is "
    "PyTorch eager unless named. Bold: the target is missed."
)


def readable(seconds: float) -> str:
    """A time with a unit that fits."""
    for factor, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "us")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def row_line(row: Row) -> str:
    """One line of the table."""
    seconds, peer = row["seconds"], row["peer"]
    if peer not in seconds:
        theirs, ratio = f"{NAMES.get(peer, peer)} is not installed", "skipped"
    else:
        theirs = readable(seconds[peer]) + (
            "" if peer == "torch" else f" ({NAMES.get(peer, peer)})"
        )
        ratio = f"{row['ratio']:.2f}" if row["met"] else f"**{row['ratio']:.2f}**"
    return (
        f"| {row['work']} | {row['threads']} | {readable(seconds['agx'])} | {theirs} | {ratio} "
        f"| {row['least']:g} |"
    )


def others_line(row: Row) -> str:
    """How a row compares with the peers beside the one that counts; empty if there are none."""
    others = [
        f"{NAMES.get(name, name)} {ratio:.1f} ({readable(row['seconds'][name])})"
        for name, ratio in row["ratios"].items()
        if name != row["peer"]
    ]
    return f"{row['work']}: {', '.join(others)}" if others else ""


def fact_line(fact: Row) -> str:
    """One line of the table of facts."""
    value = fact["measured"] if fact["met"] is not False else f"**{fact['measured']}**"
    return f"| {fact['fact']} | {value} | {fact['target']} |"


def note(about: dict[str, str]) -> str:
    """The machine and the versions in one line."""
    return ", ".join(f"{key} {value}" for key, value in about.items())


def markdown(about: dict[str, str], rows: list[Row], facts: list[Row], skipped: list[str]) -> str:
    """All that was measured."""
    parts = [note(about)]
    if rows:
        parts += ["\n".join([HEADER, *map(row_line, rows)]), LEGEND]
        others = [line for line in map(others_line, rows) if line]
        if others:
            parts.append("Other peers, ratios likewise: " + "; ".join(others) + ".")
    if facts:
        header = "| fact | measured | target |\n|---|---|---|"
        parts.append("\n".join([header, *map(fact_line, facts)]))
    parts += [f"Skipped: {line}" for line in skipped]
    return "\n\n".join(parts) + "\n"


def write(
    folder: Path, about: dict[str, str], rows: list[Row], facts: list[Row], skipped: list[str]
) -> None:
    """Write results.md and results.json."""
    folder.mkdir(parents=True, exist_ok=True)
    text = markdown(about, rows, facts, skipped)
    (folder / "results.md").write_text(text, encoding="utf-8")
    found = {**about, "rows": rows, "facts": facts, "skipped": skipped}
    (folder / "results.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
