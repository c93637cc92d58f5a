"""What ``agx coverage`` prints: the table of NumPy's functions, as text or as a page."""

from __future__ import annotations

from typing import NamedTuple

from .._engine.graph import numpy_functions
from .table import ASSIGNING, CONSTANT, CREATION, DIFFERENTIABLE, NOT_APPLICABLE, function, names


class Row(NamedTuple):
    """One function of NumPy."""

    name: str  #: without "numpy.", such as "linalg.inv"
    kind: str  #: "differentiable", "assigning", "constant", "creation" or "not applicable"
    reason: str  #: why it is not applicable
    works: bool  #: whether it takes Tensors


def rows() -> list[Row]:
    """Return a row for each function, in alphabetical order within its kind."""
    from ..ops.signal import fourier as fourier
    from ..ops.signal import polynomials_nd as polynomials_nd

    found = []
    for name in sorted(names(DIFFERENTIABLE)):
        f = function(name)
        found.append(Row(name, "differentiable", "", f is None or f in numpy_functions))
    found += [Row(name, "assigning", "", True) for name in sorted(ASSIGNING.split())]
    found += [Row(name, "constant", "", True) for name in sorted(names(CONSTANT))]
    found += [Row(name, "creation", "", True) for name in sorted(CREATION.split())]
    for reason, groups in NOT_APPLICABLE.items():
        found += [Row(name, "not applicable", reason, False) for name in sorted(names(groups))]
    return found


def summary(found: list[Row]) -> str:
    """Count the rows in one line."""
    count = {
        kind: sum(r.kind == kind for r in found)
        for kind in ("differentiable", "assigning", "constant", "creation", "not applicable")
    }
    works = sum(r.works for r in found if r.kind == "differentiable")
    return (
        f"{works} of {count['differentiable']} differentiable functions of NumPy work "
        f"({100 * works / count['differentiable']:.1f} %); {count['assigning']} write into Tensors, "
        f"{count['constant']} return plain arrays, {count['creation']} make arrays, "
        f"{count['not applicable']} are not applicable"
    )


def report(markdown: bool = False) -> str:
    """Return the table as text, or as a page of Markdown."""
    found = rows()
    if not markdown:
        width = max(len(r.name) for r in found)
        lines = [
            f"{r.name:<{width}}  {r.kind if r.works or r.reason else 'MISSING'}"
            + (f": {r.reason}" if r.reason else "")
            for r in found
        ]
        return "\n".join([*lines, "", summary(found)])
    lines = [
        "# What agx covers of NumPy", "",
        "Made by `agx coverage --markdown` from the table in `src/agx/_protocol/table.py`; a test fails when "
        "NumPy has a function that the table lacks.", "", summary(found) + ".", "",
    ]  # fmt: skip
    for kind, text in (
        ("differentiable", "They take Tensors, as `np.f(t)`, and are differentiated to any order."),
        ("assigning", "They write into their first argument, a Tensor that may be assigned into."),
        (
            "constant",
            "They see the values of Tensors and return plain arrays, indices or booleans.",
        ),
        (
            "creation",
            "With `like=` a Tensor, or in the form of one, they make a Tensor; `full` passes on the gradient "
            "of its value.",
        ),
        ("not applicable", "They raise a TypeError that says why."),
    ):
        lines += [f"## {kind.capitalize()}", "", text, ""]
        reasons = dict.fromkeys(r.reason for r in found if r.kind == kind)
        for reason in reasons:
            names = ", ".join(
                f"`{r.name}`" + ("" if r.works or r.reason else " (missing)")
                for r in found if r.kind == kind and r.reason == reason
            )  # fmt: skip
            lines += [f"- {reason}: {names}" if reason else names]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"
