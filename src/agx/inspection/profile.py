"""How long each operation takes, forward and backward: by module, operation and line, and as a trace."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

from .._engine.graph import Node
from .._engine.tables import table, text_table
from .._kernels.graph import Scope, set_timer
from .._runtime.files import replacing
from ..nn.paths import calls_of, path_of
from .blame import relative

if TYPE_CHECKING:
    from pathlib import Path

By = Literal["module", "op", "line"]


class Event(NamedTuple):
    """One operation, forward or backward, with its start and end in seconds."""

    op: str
    backward: bool
    where: str
    scope: Scope | None
    start: float
    end: float


class Timed(NamedTuple):
    """What belongs to one module, operation or line: how often it ran, and its seconds there and back."""

    name: str
    calls: int
    forward: float
    backward: float

    @property
    def total(self) -> float:
        """Seconds there and back."""
        return self.forward + self.backward


class profile:  # noqa: N801
    """Time what this thread does inside ``with``, operation by operation, forward and backward.

    Prints as a table by operation; ``rows("module")``, ``rows("op")`` and ``rows("line")`` give its lines,
    and ``save("trace.json")`` a file that chrome://tracing and Perfetto open. What is no operation of agx on
    Tensors (Python, loading, the optimiser, Scalars) is the row "outside", so that all rows add up to
    ``wall``, the seconds from entering to leaving; plans of compiled functions are the row "compiled". Other
    threads are not timed, and may time themselves. Timing itself takes about a microsecond an operation.

    >>> x = ag.Tensor(np.ones(1000))
    >>> with ag.profile() as p:
    ...     ag.sum(np.exp(x)).backward()
    >>> sorted(row.name for row in p.rows("op"))
    ['exp', 'outside', 'sum']
    """

    def __init__(self, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self.events: list[Event] = []
        self.wall = 0.0
        self.clock = clock
        self._thread = 0
        self._started: list[float] = []
        self._before: list[Any] = []

    def __enter__(self) -> Self:
        self._thread = threading.get_native_id()
        self._before.append(set_timer(self))
        self._started.append(self.clock())
        return self

    def __exit__(self, *exc: object) -> None:
        self.wall += self.clock() - self._started.pop()
        set_timer(self._before.pop())

    def forward(self, op: Any, out: Any, start: float) -> None:
        """Take note of an operation that has just ended; those on plain arrays belong to what calls them."""
        end = self.clock()
        if isinstance(out, Node):
            self._note(op.name, False, out.where, out.scope, start, end)

    def backward(self, node: Any, start: float) -> None:
        """Take note of a pull-back that has just ended."""
        self._note(node.op, True, node.where, node.scope, start, self.clock())

    def compiled(self, where: Any, scope: Any, start: float) -> None:
        """Take note of a plan of a compiled function that has just ended."""
        self._note("compiled", False, where, scope, start, self.clock())

    def _note(self, op: str, back: bool, where: Any, scope: Any, start: float, end: float) -> None:
        place = f"{relative(where[0])}:{where[1]}" if where else ""
        self.events.append(Event(op, back, place, scope, start, end))

    def rows(self, by: By = "op") -> list[Timed]:
        """What took the time, the longest first; operations inside others count for these.

        Raises ValueError unless ``by`` is "module", "op" or "line".
        """
        if by not in ("module", "op", "line"):
            raise ValueError(f"rows: by must be 'module', 'op' or 'line', got {by!r}")
        found: dict[str, list[float]] = {}
        for event, taken in self._own():
            name = {"op": event.op, "line": event.where, "module": path_of(event.scope)}[by]
            entry = found.setdefault(name or _UNKNOWN[by], [0, 0, 0])
            entry[0] += not event.backward
            entry[1 + event.backward] += taken
        rows = [Timed(name, int(n), there, back) for name, (n, there, back) in found.items()]
        rows.append(Timed("outside", 0, max(0.0, self.wall - sum(row.total for row in rows)), 0.0))
        return sorted(rows, key=lambda row: -row.total)

    def _own(self) -> Iterator[tuple[Event, float]]:
        """Each event with its seconds, without those of the events inside it."""
        inside: list[tuple[Event, list[float]]] = []
        for event in sorted(self.events, key=lambda e: (e.start, -e.end)):
            while inside and inside[-1][0].end <= event.start:
                yield _finished(inside.pop())
            if inside:
                inside[-1][1][0] += event.end - event.start
            inside.append((event, [0.0]))
        while inside:
            yield _finished(inside.pop())

    def _cells(self, by: By) -> Iterator[list[str]]:
        for row in self.rows(by):
            share = row.total / self.wall if self.wall else 0.0
            back = f"{1e3 * row.backward:.3f}"
            yield [row.name, str(row.calls), f"{1e3 * row.forward:.3f}", back, f"{100 * share:.1f}"]

    def table(self, by: By = "op") -> str:
        """The rows as text, in milliseconds; raises ValueError as ``rows`` does."""
        lines = text_table([[by, *_HEAD], *self._cells(by)], range(1, 5))
        return "\n".join([*lines, f"{1e3 * self.wall:.3f} ms in all"])

    def __str__(self) -> str:
        return self.table()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return table(["op", *_HEAD], self._cells("op"), f"{1e3 * self.wall:.3f} ms in all")

    def save(self, path: str | Path) -> Path:
        """Write a trace that chrome://tracing and Perfetto open, and return the path.

        Operations stand inside the calls of their modules, forward and backward.
        """
        from pathlib import Path

        origin = min((event.start for event in self.events), default=0.0)
        entries = [
            {
                "name": f"{event.op} backward" if event.backward else event.op,
                "cat": "backward" if event.backward else "forward",
                "args": {"line": event.where, "module": path_of(event.scope)},
                **self._span(event.start, event.end, origin),
            }
            for event in self.events
        ]
        spans: dict[tuple[int, bool], list[Any]] = {}
        for event in self.events:
            for call in calls_of(event.scope):
                span = spans.setdefault((id(call), event.backward), [call, event.start, event.end])
                span[1:] = min(span[1], event.start), max(span[2], event.end)
        for (_, back), (call, start, end) in spans.items():
            name = f"{path_of(call)}{' backward' * back}"
            entries.append({"name": name, "cat": "module", **self._span(start, end, origin)})
        entries.sort(key=lambda entry: (entry["ts"], -entry["dur"]))
        path = Path(path)
        with replacing(path, "w") as file:
            json.dump({"traceEvents": entries, "displayTimeUnit": "ms"}, file)
        return path

    def _span(self, start: float, end: float, origin: float) -> dict[str, Any]:
        where = {"pid": os.getpid(), "tid": self._thread}
        return {"ph": "X", "ts": 1e6 * (start - origin), "dur": 1e6 * (end - start), **where}


#: What is not in any module, and what was not recorded.
_UNKNOWN = {"op": "", "line": "(unknown)", "module": "(no module)"}
_HEAD = ["calls", "forward", "backward", "percent"]


def _finished(entry: tuple[Event, list[float]]) -> tuple[Event, float]:
    event, (within,) = entry
    return event, event.end - event.start - within
