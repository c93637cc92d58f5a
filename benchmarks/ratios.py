"""Draw how many times as fast as PyTorch every row of one or more results was.

python -m benchmarks.ratios build/bench/results.json --out build/bench/ratios.svg
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from agx._runtime.files import replacing

COLOURS = ("#0b6e4f", "#c1440e", "#2b5c8a")
#: A row whose ratio is beyond is drawn at the edge, with its number.
EDGES = (0.25, 16.0)


def label(result: dict[str, Any], threads: int) -> str:
    """What a mark stands for."""
    return f"{result['instructions']}, {threads} thread{'s' * (threads > 1)}"


def figure(results: list[dict[str, Any]]) -> Any:
    """A figure with a line for every row, a mark for every result and number of threads."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    works = [r["work"] for r in results[0]["rows"] if r["peer"] == "torch"]
    works = list(dict.fromkeys(works))
    height = 1.1 + 0.19 * len(works)
    drawn = Figure(figsize=(8.4, height), layout="constrained")
    axes = drawn.add_subplot()
    legend = {}
    for result, colour in zip(results, COLOURS, strict=False):
        for row in result["rows"]:
            if row["ratio"] is None or row["work"] not in works:
                continue
            place = min(max(row["ratio"], EDGES[0]), EDGES[1])
            face = colour if row["threads"] == 1 else "white"
            axes.plot(
                place,
                works.index(row["work"]),
                "o",
                color=colour,
                markerfacecolor=face,
                markersize=4.5,
            )
            text = label(result, row["threads"])
            legend[text] = Line2D(
                [], [], color=colour, marker="o", markerfacecolor=face, linestyle=""
            )
    floors = {row["work"]: row["target"] for row in results[0]["rows"]}
    axes.plot(
        [floors[w] for w in works], range(len(works)), "|", color="#888888", markersize=7, zorder=0
    )
    legend["target"] = Line2D([], [], color="#888888", marker="|", linestyle="")
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_xscale("log", base=2)
    ticks = [0.25, 0.5, 1, 2, 4, 8, 16]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.set_xlim(EDGES[0] / 1.1, EDGES[1] * 1.1)
    axes.set_yticks(range(len(works)), works, fontsize=7.5)
    axes.set_ylim(len(works) - 0.5, -0.5)
    axes.grid(axis="both", alpha=0.2)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title("PyTorch's time over agx's, forward and backward", loc="left", fontsize=10)
    drawn.legend(legend.values(), legend, loc="outside lower center", ncols=5, fontsize=8)
    return drawn


def main(arguments: list[str] | None = None) -> None:
    """Read results and write the picture."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ratios", description=__doc__.split("\n")[0]
    )
    parser.add_argument("results", nargs="+", type=Path, help="files results.json, of several runs")
    parser.add_argument("--out", type=Path, default=Path("build/bench/ratios.svg"))
    options = parser.parse_args(arguments)
    results = [json.loads(path.read_text(encoding="utf-8")) for path in options.results]
    import matplotlib

    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "agx"}):
        kind = options.out.suffix.removeprefix(".")
        with replacing(options.out) as file:
            figure(results).savefig(
                file, format=kind, metadata={"Date": None} if kind == "svg" else None
            )


if __name__ == "__main__":
    main()
