"""A stop at the first operation that is not finite."""

from __future__ import annotations

import threading
from typing import Any, Literal

import numpy as np

from .._engine.graph import before_sweeps
from .._engine.notes import notes
from .._engine.notices import warn_once
from .blame import Blame, bad_of, blame


class debug:  # noqa: N801
    """Look at every result that this thread records inside ``with``, and stop where one is not finite.

    ``nonfinite`` is "raise" or "warn". The operation is named whose inputs were finite, with its line, its
    operands and what to write instead, and so is NaN in data; ``backward()`` of a Tensor looks for the
    operation whose slope is not finite. Everything takes longer inside; outside nothing is looked at.

    Raises ValueError for another word, and FloatingPointError inside, which has the ``Blame`` as ``blame``.

    >>> with ag.debug(nonfinite="raise"):
    ...     ag.log(ag.Tensor([1.0, 0.0]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    FloatingPointError: 'log' made infinity at (1,), where its inputs were finite
    ...
    """

    def __init__(self, *, nonfinite: Literal["raise", "warn"] = "raise") -> None:
        if nonfinite not in ("raise", "warn"):
            raise ValueError(f"debug: nonfinite must be 'raise' or 'warn', got {nonfinite!r}")
        self._raises = nonfinite == "raise"
        self._notes = notes(self._look)
        self._quiet: list[np.errstate] = []

    def __enter__(self) -> debug:
        self._quiet.append(np.errstate(all="ignore"))
        self._quiet[-1].__enter__()
        self._notes.__enter__()
        self._thread = threading.get_ident()
        before_sweeps.append(self._look_at_slopes)
        return self

    def __exit__(self, *exc: Any) -> None:
        before_sweeps.remove(self._look_at_slopes)
        self._notes.__exit__(*exc)
        self._quiet.pop().__exit__(*exc)

    def _look(self, node: Any) -> None:
        if not bad_of(node):
            return
        arguments = [bad_of(a) for a in node.arguments]
        if "infinite" in arguments and (bad_of(node) == "infinite" or "NaN" in arguments):
            return  # put in by the program, or found before
        if "NaN" in arguments and any(
            getattr(a, "op", "") and bad_of(a) == "NaN" for a in node.arguments
        ):
            return
        self._tell(blame(node))

    def _look_at_slopes(self, root: Any) -> None:
        if self._thread == threading.get_ident():
            self._notes.__exit__()  # What is computed for the answer is nobody's.
            try:
                found = blame(root)
            finally:
                self._notes.__enter__()
            if found:
                self._tell(found)

    def _tell(self, found: Blame) -> None:
        if self._raises:
            error = FloatingPointError(str(found))
            error.blame = found  # type: ignore[attr-defined]
            raise error
        warn_once(f"debug: {found.place}", str(found))
