"""The report of a run: one HTML page that needs no other file and no network."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .._runtime.files import replacing
from ..storage import archive
from . import charts
from .listing import RunRecord, percent, read_run
from .markup import Markup, address, joined, tag
from .results import Results, parameters, read_results
from .tables import cell

_STYLE = """
:root{color-scheme:light dark;--back:#fff;--card:#f5f7fa;--ink:#1c2430;--soft:#566070;--line:#d5dbe3;
--heat:11,98,196;--wrong:179,71,12}
@media(prefers-color-scheme:dark){:root{--back:#12161c;--card:#1b212a;--ink:#e6eaf0;--soft:#a3adba;
--line:#343d49;--heat:76,150,235;--wrong:222,120,60}}
*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
main{max-width:1400px;margin:auto;padding:16px}h1{font-size:1.6rem;line-height:1.2;margin:.4em 0;
overflow-wrap:anywhere}
h2{font-size:1.2rem;margin:2em 0 .6em;border-bottom:1px solid var(--line);padding-bottom:.2em}
p,figcaption{color:var(--soft);margin:.4em 0}
.facts,.grid{display:grid;gap:12px;grid-template-columns:repeat(auto-fit,minmax(min(100%,150px),1fr))}
.grid{grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr))}
.facts div,figure{background:var(--card);border-radius:8px;padding:12px;margin:0}
.facts b{display:block;font-size:1.4rem;line-height:1.3}.facts span{color:var(--soft)}
svg{width:100%;height:auto;display:block}
.scroll{overflow-x:auto;max-width:100%}.two{display:grid;gap:0 32px;align-items:start;
grid-template-columns:repeat(auto-fit,minmax(min(100%,620px),1fr))}.two>div{margin-bottom:20px}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}caption{text-align:left;
color:var(--soft);padding:4px 0;white-space:nowrap}
th,td{padding:4px 10px;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
th{font-weight:600}tbody th{overflow-wrap:anywhere;min-width:7em;max-width:16em}
.heat .long{writing-mode:vertical-rl;transform:rotate(180deg);max-height:11em;overflow-wrap:anywhere;
vertical-align:bottom;border-bottom:0}.heat thead th:first-child{vertical-align:bottom}
.n{text-align:right;white-space:nowrap}td{overflow-wrap:break-word;max-width:30em}
.heat td{text-align:center;min-width:3em;border:1px solid var(--back);
background:rgba(var(--heat),calc(var(--share,0)*.6))}
.heat td.miss{background:rgba(var(--wrong),calc(var(--share,0)*.6))}.heat thead th+th{text-align:center}
meter{width:4em;vertical-align:middle}
.tiles{display:grid;gap:12px;grid-template-columns:repeat(auto-fill,minmax(112px,1fr))}
.filters{grid-template-columns:repeat(auto-fill,minmax(64px,1fr))}
.tiles figure{padding:8px}img{width:100%;image-rendering:pixelated;display:block;border-radius:4px}
figcaption{font-size:.82rem;line-height:1.35;overflow-wrap:anywhere}
"""


class Number(Markup):
    """A number as it is shown."""


_FILTERS = 64  # tiles at most
_NO_CURVES = {"epoch", "lr", "seconds", "images_per_second"}


def report(folder: str | os.PathLike[str], out: str | os.PathLike[str] | None = None) -> Path:
    """Write a page about a run into its folder, or to ``out``, and return the path.

    One HTML file, complete in itself: settings, curves, confusion matrix, scores of each class, the mistakes
    that the model was surest of, filters, layers, time per epoch, machine and versions. Raises
    FileNotFoundError and ValueError as ``read_run`` does; of a run that did not come to its end the page has
    what there is.

    >>> ag.runs.report("runs/first")  # doctest: +SKIP
    PosixPath('runs/first/report.html')
    """
    run = read_run(folder)
    path = run.path / "report.html" if out is None else Path(out)
    with replacing(path, "w") as file:
        file.write(page(run))
    return path


def page(run: RunRecord) -> str:
    """The report of a run as the text of a page."""
    problems = list(run.problems)
    results = _tried(lambda: read_results(run.path), problems)
    weights = _tried(lambda: _weights(run.path), problems) or {}
    title = f"{run.config.get('model', 'a model')} on {run.config.get('data', 'some data')}"
    parts = [
        tag("h1", title),
        tag("p", run.path.resolve().name),
        *(tag("p", f"Note: {problem}") for problem in problems),
        _facts(run),
        _curves(run),
    ]
    if results:
        parts += [_classes(results), _mistakes(results)]
    parts += [_filters(weights), _layers(run, weights), _settings(run)]
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width,initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("link", rel="icon", href="data:,"),
        tag("title", f"{title} - agx"),
        tag("style", Markup(charts.STYLE + _STYLE)),
    ]
    body = tag("body", tag("main", *parts))
    return f"<!doctype html>\n{tag('html', tag('head', *head), body, lang='en')}\n"


def _tried(read: Any, problems: list[str]) -> Any:
    """What a function reads; None, and a problem more, if it cannot."""
    try:
        return read()
    except (OSError, ValueError, ImportError) as error:
        problems.append(str(error))
        return None


def _weights(folder: Path) -> dict[str, np.ndarray]:
    for name in ("best", "last"):
        for suffix in archive.SUFFIXES:
            if (folder / f"{name}{suffix}").exists():
                return archive.read(folder / f"{name}{suffix}").arrays
    return {}


def _section(title: str, *parts: Any) -> Markup:
    return tag("section", tag("h2", title), *parts)


def _facts(run: RunRecord) -> Markup:
    row, config = run.summary(), run.config
    seconds = row["seconds"]
    facts = {
        "test accuracy": percent(row["test_accuracy"]),
        "best validation accuracy": percent(row["validation_accuracy"]),
        "best epoch": run.best().get("epoch"),
        "epochs": f"{row['epochs']} of {cell(row['planned'])}",
        "training": f"{seconds / 60:.1f} min" if seconds >= 120 else f"{seconds:.1f} s",
        "parameters": _read(config.get("parameters")),
    }
    shown = [tag("div", tag("b", cell(v)), tag("span", k)) for k, v in facts.items()]
    return tag("div", *shown, class_="facts")


def _curves(run: RunRecord) -> Markup:
    if not run.history:
        return _section("Curves", tag("p", "No epoch came to its end."))
    keys = list({key: None for row in run.history for key in row})
    plotted: dict[str, dict[str, list[tuple[int, float]]]] = {}
    for key in keys:
        quantity = key.removeprefix("validation_")
        factor = 100 if quantity == "accuracy" else 1
        points = [
            (row["epoch"], factor * row[key])
            for row in run.history
            if isinstance(row.get(key), (int, float))
        ]
        if key == "epoch" or not points:
            continue
        name = "validation" if key != quantity else "training"
        plotted.setdefault(quantity, {})[name if quantity not in _NO_CURVES else key] = points
    titles = {
        "accuracy": "accuracy (%)",
        "seconds": "time per epoch (s)",
        "lr": "learning rate",
        "images_per_second": "images per second",
    }
    drawn = [
        tag("figure", charts.lines(series, "epoch", titles.get(quantity, quantity)))
        for quantity, series in plotted.items()
    ]
    return _section("Curves", tag("div", *drawn, class_="grid"))


def _classes(results: Results) -> Markup:
    matrix, scores = _confusion(results), _scores(results)
    return _section("Classes", tag("div", matrix, scores, class_="two"))


def _confusion(results: Results) -> Markup:
    counts = results.confusion
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)

    def entry(i: int, j: int) -> Markup:
        share = float(shares[i, j])
        style = f"--share:{max(share, 0.2):.2f}" if share else None
        return tag("td", counts[i, j] or "", class_="miss" if i != j else None, style=style)

    turned = "long" if max(map(len, results.classes)) > 4 else None
    heads = [tag("th", name, scope="col", class_=turned) for name in results.classes]
    heads.insert(0, tag("th", "true class", scope="col"))
    rows = [
        tag("tr", tag("th", name, scope="row"), *(entry(i, j) for j in range(len(counts))))
        for i, name in enumerate(results.classes)
    ]
    caption = "Confusion matrix: each column is what the model took images for"
    return _scrolling(caption, heads, rows, "heat")


def _scores(results: Results) -> Markup:
    def share(value: float) -> Markup:
        bar = tag("meter", value=f"{value:.4f}", aria_hidden="true")
        return Number(joined(f"{value:.3f} ", bar))

    rows = [
        [row["class"], *(share(row[k]) for k in ("precision", "recall", "f1")), row["examples"]]
        for row in results.scores()
    ]
    caption = f"Scores on {len(results.labels):,} test images"
    return _table(("class", "precision", "recall", "F1", "images"), rows, caption)


def _mistakes(results: Results) -> Markup:
    count = int((results.predictions != results.labels).sum())
    if not len(results.pictures):
        said = f"{count} mistakes, no pictures." if count else "No mistakes on the test set."
        return _section("Mistakes", tag("p", said))
    tiles = []
    for picture, i in zip(results.pictures, results.mistakes, strict=True):
        taken, true = (results.classes[k] for k in (results.predictions[i], results.labels[i]))
        sure = results.probabilities[i].max()
        text = f"{taken} ({100 * sure:.1f} %), in truth {true}"
        pixels = picture[0] if len(picture) == 1 else picture.transpose(1, 2, 0)
        image = tag("img", src=address(pixels), alt=f"test image {i}: taken for {text}")
        tiles.append(tag("figure", image, tag("figcaption", f"taken for {text}")))
    said = f"{count} mistakes on the test set; these {len(tiles)} the model was surest of."
    return _section("Most confident mistakes", tag("p", said), tag("div", *tiles, class_="tiles"))


def _filters(weights: dict[str, np.ndarray]) -> Markup:
    name, weight = next(((n, w) for n, w in weights.items() if w.ndim == 4), ("", np.zeros(0)))
    if not weight.size:
        return Markup("")
    reach = float(np.abs(weight).max()) or 1.0
    if weight.shape[1] == 3:
        tiles, said = 0.5 + weight.transpose(0, 2, 3, 1) / (2 * reach), "in red, green and blue"
    else:
        share = weight.reshape(-1, *weight.shape[2:]) / reach
        up, down = np.maximum(share, 0)[..., None], np.maximum(-share, 0)[..., None]
        tiles = 1 - up * [0.3, 0.72, 0.75] - down * [0.87, 0.6, 0.25]
        said = "one channel to a tile, negative weights blue and positive ones red"
    drawn = [
        tag("img", src=address(np.rint(255 * tile).astype(np.uint8)), alt=f"filter {i}")
        for i, tile in enumerate(tiles[:_FILTERS])
    ]
    height, width = weight.shape[2:]
    said = f"{name}: {len(weight)} filters of {height} x {width}, {said}"
    if len(tiles) > _FILTERS:
        said += f"; the first {_FILTERS} of {len(tiles)} tiles"
    return _section("Filters", tag("p", said), tag("div", *drawn, class_="tiles filters"))


def _layers(run: RunRecord, weights: dict[str, np.ndarray]) -> Markup:
    rows = run.results.get("layers") or parameters(weights)
    if not rows:
        return Markup("")
    body = [[_read(value) for value in row.values()] for row in rows]
    return _section(
        "Layers",
        _table(
            list(rows[0]),
            body,
            "Layers and what they make of one input" if "layer" in rows[0] else "Parameters",
        ),
    )


def _read(value: Any) -> Any:
    """A shape in short, and a number with commas."""
    if isinstance(value, list):
        return "x".join(map(str, value))
    return Number(f"{value:,}") if isinstance(value, int) else cell(value)


def _settings(run: RunRecord) -> Markup:
    config = dict(run.config)
    versions = config.pop("versions", None)
    parts = {"Settings": config, "Machine": run.results.get("machine"), "Versions": versions}
    tables = [
        _table(
            (title.lower().removesuffix("s"), "value"), [(k, cell(v)) for k, v in of.items()], title
        )
        for title, of in parts.items()
        if isinstance(of, dict) and of
    ]
    return _section("Settings, machine and versions", tag("div", *tables, class_="two"))


def _table(titles: Sequence[str], rows: Iterable[Sequence[Any]], caption: str = "") -> Markup:
    """A table whose first column heads the rows; columns of numbers are on the right."""
    found = [list(row) for row in rows]
    right = [
        "n" if any(isinstance(v, (int, Number)) for v in column) else None
        for column in zip(*found, strict=True)
    ] or [None] * len(titles)
    heads = [tag("th", t, scope="col", class_=k) for t, k in zip(titles, right, strict=True)]
    body = [
        tag(
            "tr",
            tag("th", row[0], scope="row", class_=right[0]),
            *(tag("td", v, class_=k) for v, k in zip(row[1:], right[1:], strict=True)),
        )
        for row in found
    ]
    return _scrolling(caption, heads, body)


def _scrolling(
    caption: str, heads: Sequence[Markup], rows: Sequence[Markup], kind: str | None = None
) -> Markup:
    """A table that scrolls by itself where it is too wide, also by the keyboard."""
    parts = tag("caption", caption), tag("thead", tag("tr", *heads)), tag("tbody", *rows)
    table = tag("table", *parts, class_=kind)
    return tag("div", table, class_="scroll", tabindex=0, role="region", aria_label=caption)
