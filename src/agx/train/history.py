"""What a training measured, epoch by epoch, as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: Key of an epoch: title, format, factor and width of its column in a table.
_COLUMNS = {
    "epoch": ("epoch", "d", 1, 5),
    "loss": ("loss", "#.4g", 1, 9),
    "accuracy": ("accuracy", ".2f", 100, 8),
    "validation_loss": ("val loss", "#.4g", 1, 9),
    "validation_accuracy": ("val accuracy", ".2f", 100, 12),
    "lr": ("lr", ".3g", 1, 8),
    "seconds": ("seconds", ".1f", 1, 7),
    "images_per_second": ("images/s", ".0f", 1, 8),
}


class History(list[dict[str, Any]]):
    """Hold one dict per epoch: a list that prints as a table.

    The keys are ``epoch`` (from 1), ``loss``, ``accuracy`` (0 to 1, for classification),
    ``validation_loss``, ``validation_accuracy``, ``lr``, ``seconds`` (of the epoch) and
    ``images_per_second`` (of its training part); what was not measured is absent. ``interrupted``
    tells whether Ctrl-C ended the training.

    >>> ag.train.History([{"epoch": 1, "loss": 0.25, "accuracy": 0.5}])
    epoch       loss  accuracy
        1     0.2500     50.00
    """

    interrupted: bool = False

    def best(self, key: str = "validation_accuracy") -> dict[str, Any]:
        """Return the epoch with the largest ``key``, or the smallest if the key names a loss.

        Raises KeyError if no epoch has it.

        >>> ag.train.History([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.2}]).best("loss")
        {'epoch': 2, 'loss': 0.2}
        """
        rows = [row for row in self if key in row]
        if not rows:
            raise KeyError(
                f"best: no epoch has {key!r}; there is {', '.join(self._keys()) or 'none'}"
            )
        pick = min if key.endswith("loss") else max
        return pick(rows, key=lambda row: row[key])

    def _keys(self) -> list[str]:
        present = {key for row in self for key in row}
        return [key for key in _COLUMNS if key in present]

    def lines(self) -> list[str]:
        """Return the table's lines, the header first."""
        keys = self._keys()
        return [_header(keys), *(_line(row, keys) for row in self)]

    def __repr__(self) -> str:
        return "\n".join(self.lines()) if self else "History of no epochs"


def _header(keys: list[str]) -> str:
    return "  ".join(f"{_COLUMNS[key][0]:>{_COLUMNS[key][3]}}" for key in keys)


def _line(row: dict[str, Any], keys: list[str]) -> str:
    cells = []
    for key in keys:
        _, style, factor, width = _COLUMNS[key]
        text = format(row[key] * factor, style) if key in row else "-"
        cells.append(f"{text:>{width}}")
    return "  ".join(cells)


@dataclass
class State:
    """What a callback sees after each epoch: ``history[-1]`` is the epoch just finished."""

    epoch: int
    epochs: int
    model: Any
    optimizer: Any
    history: History


def print_epoch(state: State) -> None:
    """Print the epoch as a row of a table, with the header before the first: a callback.

    >>> history = ag.fit(model, loader, loss, optimizer, epochs=1,
    ...                  callbacks=[ag.train.print_epoch])  # doctest: +SKIP
    """
    lines = state.history.lines()
    if len(state.history) == 1:
        print(lines[0])
    print(lines[-1], flush=True)
