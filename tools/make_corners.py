"""Write docs/corners.md: the corner table as agx computes it, next to the recorded answers of others.

python tools/make_corners.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
if str(ROOT / "tests") not in sys.path:
    sys.path.insert(0, str(ROOT / "tests"))

from corner import Corner, backward_twice  # noqa: E402
from corners import (  # noqa: E402
    derivatives,
    is_there,
    sections,
    smooth,
)

import agx as ag  # noqa: E402
from agx._runtime.files import replacing  # noqa: E402

NAMES = {"torch": "PyTorch", "jax": "JAX", "autograd": "autograd", "mygrad": "MyGrad"}

INTRODUCTION = """# Corners

What agx answers where derivatives are in doubt, in {count} cases. `tests/test_corners.py` checks every
row, and `python tools/make_corners.py` writes this page from what agx computes.

- Functions like relu agree with each other at 0: the gradient there is 0.
- Arguments that tie for a maximum or minimum share the gradient, and the shares sum to 1.
- Norms have the gradient 0 at 0, and a standard deviation of 0 has the gradient 0. Their squares, and
  what else cancels the length, are smooth to any order; of the length itself the second derivative is NaN.
- A cotangent that stays 0 is 0, so `where(x > 0, sqrt(x), 0.0)` needs no trick, to second order too. One
  that is 0 at this point alone, times an infinite derivative, is the right number where the two cancel,
  else NaN.
- Vectors of equal eigenvalues or singular values have no derivative: NaN, unless the result does not depend
  on the choice of a basis. What treats equal values alike has second derivatives, too. `expm`, `sqrtm`,
  `logm` and `symmetric_function` of `ag.linalg` are smooth there.
- At singularities the gradient is the limit, infinite or not; NaN stands only where there is none that is
  known, and `ag.testing.explain_nan(f, x)` says why.
- Kinks between straight lines (relu, abs, maximum, sort, sign) have the second derivative 0, though two of
  them may cancel: write `x` for `relu(x) - relu(-x)`, and `x**2` for `(x * sign(x))**2`.
- Large arguments neither overflow nor lose the gradient. What overflows in a formula, as in `log(1 + exp(x))`
  at 1000, has the gradient NaN if the result is infinite by that, and what it should have if it is not.
- Forward mode (`jvp`) gives the same slopes. There it is a tangent of 0 that stays 0, so of what is
  "0 times infinity" below it may give 0.

Every primitive is in a row, but for those that have no corner:

{smooth}

*Gradient* is that of the sum of the result, *second* that of the sum of all gradients; with several arguments
there is one for each. The last columns say what other libraries gave for the gradient: "=" is the same as
agx's, "-" means that they have no such function or argument, or no derivative of it. `docs/corners.json`
holds their answers, recorded by `tools/record_corners.py`: {versions}.
"""

TWICE = """## Backward twice

`z = x * x; y = 3 * z; y.backward(); y.backward()` at x = 2: x.grad is {ours}, as leaves add up what arrives
and intermediates start afresh. Elsewhere: {theirs}.
"""


def number(x: float) -> str:
    text = f"{x + 0.0:.4g}"
    return text.replace("e+", "e").replace("e0", "e").replace("e-0", "e-")


def show(x: Any) -> str:
    """Nested lists of numbers as text of a few digits."""
    if isinstance(x, (list, tuple)):
        return f"[{', '.join(map(show, x))}]"
    return number(float(x))


def said(x: Any) -> str:
    return x if isinstance(x, str) else number(x)


def several(gradients: list[Any]) -> str:
    return "; ".join(show(np.asarray(g, np.float64).tolist()) for g in gradients)


def theirs(answer: Any, ours: list[Any]) -> str:
    """What another library answered, or "=" if it is ours."""
    if isinstance(answer, str):
        return "-" if answer == "lacks" else answer
    found = [np.array(a, np.float64) for a in answer]
    close = [
        np.allclose(a, b, rtol=1e-5, atol=0, equal_nan=True)
        for a, b in zip(found, ours, strict=True)
    ]
    return "=" if all(close) else several(found)


def line(row: Corner, answers: dict[str, Any], libraries: list[str]) -> str:
    value, first, second = derivatives(row)
    cells = [
        f"`{row.case}`",
        row.point.replace("e+", "e"),
        show(value.tolist()),
        several(first),
        several(second),
        row.why,
        *(theirs(answers.get(name, "lacks"), first) for name in libraries),
    ]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def page() -> str:
    recorded = json.loads((ROOT / "docs" / "corners.json").read_text(encoding="utf-8"))
    libraries = [name for name in NAMES if name in recorded["libraries"]]
    facts = [(NAMES[name], recorded["libraries"][name]) for name in libraries]
    versions = ", ".join(f"{name} {fact['version']} ({fact['date']})" for name, fact in facts)
    heads = [
        "case",
        "at",
        "value",
        "gradient",
        "second",
        "why",
        *(NAMES[name] for name in libraries),
    ]
    without = "\n".join(f"- {why}: `{names.replace(' ', '`, `')}`" for why, names in smooth.items())
    count = sum(len(rows) for rows in sections.values())
    lines = [INTRODUCTION.format(count=count, versions=versions, smooth=without)]
    for title, rows in sections.items():
        lines += [f"## {title}", "", f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
        lines += [
            line(row, recorded["answers"].get(row.key, {}), libraries)
            for row in rows
            if is_there(row)
        ]
        lines.append("")
    twice = [f"{name} {said(fact['twice'])}" for name, fact in facts if fact["twice"] != "lacks"]
    lines.append(TWICE.format(ours=said(backward_twice(ag.Tensor)), theirs=", ".join(twice)))
    return "\n".join(lines)


if __name__ == "__main__":
    text = page()
    with replacing(ROOT / "docs" / "corners.md", "w") as file:
        file.write(text)
