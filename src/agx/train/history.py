"""What a training measured, epoch by epoch, as a table."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import Any

from ..nn import losses

#: Key of an epoch: title, format, factor and width of its column in a table; metrics come after the
#: training's accuracy and after the validation's.
_COLUMNS = {
    "epoch": ("epoch", "d", 1, 5),
    "loss": ("loss", "#.4g", 1, 9),
    "accuracy": ("accuracy", ".2f", 100, 8),
    "metrics": (),
    "validation_loss": ("val loss", "#.4g", 1, 9),
    "validation_accuracy": ("val accuracy", ".2f", 100, 12),
    "validation_metrics": (),
    "lr": ("lr", ".3g", 1, 8),
    "seconds": ("seconds", ".1f", 1, 7),
    "images_per_second": ("images/s", ".0f", 1, 8),
}

#: Metrics of which more is better, or less.
DIRECTIONS = {"accuracy": "max", "loss": "min"}
DIRECTIONS |= {
    f.__name__: "min" for f in vars(losses).values() if callable(f) and hasattr(f, "takes")
}


def _column(key: str) -> tuple[Any, ...]:
    """Title, format, factor and width of a key's column."""
    if key in _COLUMNS:
        return _COLUMNS[key]
    title = key.replace("validation_", "val ")
    return title, "#.4g", 1, max(9, len(title))


class History(list[dict[str, Any]]):
    """Hold one dict per epoch: a list that prints as a table.

    The keys are ``epoch`` (from 1), ``loss``, ``accuracy`` (0 to 1) and other metrics by name,
    ``validation_loss``, ``validation_accuracy`` and so on, ``lr`` (a list where groups of parameters
    differ), ``seconds`` (of the epoch) and ``images_per_second`` (of its training part); what was not
    measured is absent. ``interrupted`` tells whether Ctrl-C ended the training.

    >>> ag.train.History([{"epoch": 1, "loss": 0.25, "accuracy": 0.5}])
    epoch       loss  accuracy
        1     0.2500     50.00
    """

    interrupted: bool = False

    def best(self, key: str = "validation_accuracy", mode: str | None = None) -> dict[str, Any]:
        """Return the epoch with the best ``key``: the largest accuracy, the smallest loss.

        Of epochs with equal accuracies it is the one with the smallest loss, or the first.

        ``mode`` is "min" or "max" and says what is best of another metric. Raises KeyError if no epoch
        has the key, ValueError if the mode is needed and missing.

        >>> ag.train.History([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.2}]).best("loss")
        {'epoch': 2, 'loss': 0.2}
        """
        rows = [row for row in self if key in row]
        if not rows:
            raise KeyError(
                f"best: no epoch has {key!r}; there is {', '.join(self._keys()) or 'none'}"
            )
        mode = DIRECTIONS.get(key.removeprefix("validation_")) if mode is None else mode
        if mode not in ("min", "max"):
            raise ValueError(f"best: say whether less or more {key} is better, mode='min' or 'max'")
        sign, loss = 1 if mode == "min" else -1, key.replace("accuracy", "loss")
        return min(rows, key=lambda row: (sign * row[key], row.get(loss, 0.0)))

    def _keys(self) -> list[str]:
        present = {key: None for row in self for key in row}
        others = [
            key
            for key in present
            if key not in _COLUMNS and not any(isinstance(row.get(key), list) for row in self)
        ]
        ours = [key for key in others if not key.startswith("validation_")]
        places = {"metrics": ours, "validation_metrics": [key for key in others if key not in ours]}
        found = []
        for key in _COLUMNS:
            found += places.get(key, [key] if key in present else [])
        return found

    def lines(self) -> list[str]:
        """Return the table's lines, the header first."""
        keys = self._keys()
        return [_header(keys), *(_line(row, keys) for row in self)]

    def __repr__(self) -> str:
        return "\n".join(self.lines()) if self else "History of no epochs"

    def _repr_html_(self) -> str:
        """The table for a notebook."""
        keys = self._keys()
        rows = [[_column(key)[0] for key in keys], *(_cells(row, keys) for row in self)]
        lines = [
            "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row) + "</tr>"
            for tag, row in zip(["th", *["td"] * len(self)], rows, strict=True)
        ]
        return f"<table>{''.join(lines)}</table>"


def _header(keys: list[str]) -> str:
    columns = [_column(key) for key in keys]
    return "  ".join(f"{title:>{width}}" for title, _, _, width in columns)


def _line(row: dict[str, Any], keys: list[str]) -> str:
    cells = zip(_cells(row, keys), keys, strict=True)
    return "  ".join(f"{cell:>{_column(key)[3]}}" for cell, key in cells)


def _cells(row: dict[str, Any], keys: list[str]) -> list[str]:
    cells = []
    for key in keys:
        _, style, factor, _ = _column(key)
        values = row[key] if isinstance(row.get(key), list) else [row[key]] if key in row else []
        cells.append("/".join(_text(v, style, factor) for v in values) or "-")
    return cells


def _text(value: Any, style: str, factor: int) -> str:
    return format(value * factor, style) if isinstance(value, (int, float)) else str(value)


@dataclass
class State:
    """What a callback sees: after an epoch ``history[-1]`` is the one just finished.

    ``step`` counts the batches of the run and ``batch`` those of the epoch, with the one at hand; the last
    one has the ``loss``. ``trainer`` is the ``ag.Trainer`` at work, ``begun`` the number of epochs that
    were done before a run was resumed.
    """

    epoch: int
    epochs: int
    model: Any
    optimizer: Any
    history: History
    trainer: Any = None
    step: int = 0
    batch: int = 0
    loss: float = math.nan
    begun: int = 0


def print_epoch(state: State) -> None:
    """Print the epoch as a row of a table, with the header before the first: a callback.

    >>> history = ag.fit(model, loader, loss, optimizer, epochs=1,
    ...                  callbacks=[ag.train.print_epoch])  # doctest: +SKIP
    """
    lines = state.history.lines()
    if len(state.history) == state.begun + 1:
        print(lines[0])
    print(lines[-1], flush=True)


def watched(who: str, of: Any, row: dict[str, Any]) -> float:
    """The quantity of an epoch that ``of`` asks for, or that of the validation that suits its mode."""
    wanted = getattr(of, "watch", "")
    quantity = wanted or ("accuracy" if getattr(of, "mode", "min") == "max" else "loss")
    for key in [wanted] if wanted else [f"validation_{quantity}", quantity]:
        if key in row:
            value: float = row[key]
            return value
    measured = ", ".join(key for key in row if key not in ("epoch", "lr", "seconds"))
    fix = "give one of these" if wanted else "name one of these, watch=..., or leave mode='min'"
    raise ValueError(
        f"{who}: {type(of).__name__} watches the {quantity}, which is not measured; there are "
        f"{measured}; {fix}"
    )
