"""Why a derivative disagrees with finite differences, and in which op: what check_grads explains."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._engine.graph import Node, pullback, value_of
from .._engine.walk import nodes_below
from ..ops.complex import real_dot
from ..tensor import Tensor
from .lines import EPS, Alone, Corner, Line, array_of, derivative, normal, op_with_shapes
from .noise import SAFETY, Measured, measure


class GradientError(AssertionError):
    """Report a derivative that disagrees with finite differences, and why.

    ``kind`` is "formula", "kink", "precision", "nondeterminism" or "nonfinite"; ``op`` names the
    first op where it shows, or is empty; ``order`` is that of the derivative; ``computed`` and
    ``measured`` are the two slopes.

    >>> with np.testing.assert_raises(ag.testing.GradientError):
    ...     ag.testing.check_grads(ag.abs, np.zeros(3) + 1e-5)
    """

    def __init__(
        self, message: str, kind: str, op: str, order: int, computed: float, measured: float
    ) -> None:
        super().__init__(message)
        self.kind, self.op, self.order = kind, op, order
        self.computed, self.measured = computed, measured


# --- what is checked, and the graphs it leaves ---------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Case:
    """A derivative under check: that of ``functions[-1]``, each the slope of the one before."""

    f: Callable[..., Any]
    functions: list[Callable[..., Any]]
    points: list[np.ndarray]
    directions: list[np.ndarray]
    step: float
    rtol: float
    atol: float
    line: Any = None
    computed: float = 0.0
    measured: float = 0.0
    bound: float = 0.0
    path: str = "tensors"

    @property
    def order(self) -> int:
        return len(self.functions)

    def at(self, t: float) -> list[np.ndarray]:
        return [p + t * d for p, d in zip(self.points, self.directions, strict=True)]

    def along(self, t: float) -> float:
        return float(array_of(self.functions[-1](*self.at(t))))

    def found(
        self, line: Line, computed: float, measured: float, bound: float, path: str = "tensors"
    ) -> Case:
        return dataclasses.replace(
            self, line=line, computed=computed, measured=measured, bound=bound, path=path
        )

    def error(self, kind: str, op: str, why: str) -> GradientError:
        by = {"tensors": "the pull-backs", "arrays": "the pull-backs on plain arrays"}
        head = (
            f"check_grads: derivative {self.order} along a random direction is "
            f"{self.computed:.10g} by {by.get(self.path, self.path)} and {self.measured:.10g} by "
            "finite differences"
        )
        return GradientError(
            f"{head}\n{kind}: {why}", kind, op, self.order, self.computed, self.measured
        )


def traced_below(root: Any) -> list[Any]:
    """Every node that wants a gradient below ``root``, inputs before results, leaves included."""
    nodes = nodes_below(root) if isinstance(root, Node) else []
    return [n for n in nodes if n.requires_grad or n is root]


def handwritten(root: Any) -> bool:
    """Whether an op below ``root`` has a ``_backward`` of its own instead of a primitive."""
    return any(node.primitive is None and node.inputs for node in traced_below(root))


class Graphs:
    """The graphs that a function leaves at several places along a line, node by node."""

    def __init__(self, case: Case, f: Callable[..., Any]) -> None:
        self.case, self.f = case, f
        self.known: dict[float, list[Any]] = {}

    def __call__(self, t: float) -> list[Any]:
        if t not in self.known:
            nodes = [Tensor(x) for x in self.case.at(t)]
            self.known[t] = traced_below(self.f(*nodes))
        return self.known[t]

    def at(self, t: float) -> list[Any]:
        """The same as a call, without keeping the graph."""
        return self.known.get(t) or traced_below(self.f(*map(Tensor, self.case.at(t))))

    def value(self, k: int, t: float) -> np.ndarray:
        """The value of node ``k`` at ``t``."""
        return array_of(self.at(t)[k])

    def fork(self, places: Sequence[float]) -> str | None:
        """The first op at 0 that is another one, or missing, at one of ``places``, if there is one."""
        here = [node.op for node in self(0.0)]
        for t in places:
            there = [node.op for node in self(t)]
            if there != here:
                same = [a == b for a, b in zip(here, there, strict=False)] + [False]
                k = same.index(False)
                return str(here[k] if k < len(here) else there[k])
        return None


def place_of(flags: np.ndarray) -> str:
    """Where ``flags`` is largest, as an index."""
    k = np.unravel_index(int(np.argmax(flags)), flags.shape)
    return f" at element {tuple(map(int, k))}" if flags.ndim else ""


def in_spite_of_noise(case: Case) -> Measured | None:
    """How the slope was measured if the values are noisy and it agrees with the computed one, else None.

    What comes from computing in float32 is no excuse, as that can be done in float64, nor is what differs
    from call to call.
    """
    if unsteady(case):
        return None
    found = measure(case.line, case.step)
    if (
        not explains(found, case)
        or not abs(found.slope - case.computed) <= case.bound + found.error
    ):
        return None
    nodes = Graphs(case, case.functions[-1])(0.0)
    return None if any(n.value.dtype.char in "fF" for n in nodes) else found


def explains(found: Measured, case: Case) -> bool:
    """Whether noise may have made the first difference wrong."""
    gap = abs(case.measured - case.computed)
    return bool(found.noise and gap <= case.bound + 2 * SAFETY * found.noise / case.step)


# --- the looks -----------------------------------------------------------------------------------


def diagnose(case: Case) -> GradientError:
    """Say why the computed derivative differs from the measured one."""
    looks = (
        unsteady,
        meddling,
        not_finite,
        kink,
        infinite_gradient,
        too_noisy,
        precision,
        formula,
        hidden_kink,
        unresolved,
    )
    for look in looks if case.path == "tensors" else (unsteady, meddling, formula):
        error = look(case)
        if error is not None:
            return error
    if case.path != "tensors":
        why = (
            "the backward passes differ, but those of every op agree: raise rtol if it is rounding"
        )
        return case.error("precision", "", why)
    return case.error(
        "formula",
        "",
        "every op's pull-back is right by itself, so part of f is computed outside the graph; use the "
        "Tensors themselves where f uses .value, .detach(), no_grad() or np.asarray",
    )


def unsteady(case: Case) -> GradientError | None:
    """Whether f, or its gradient, is not the same twice."""

    def values() -> list[np.ndarray]:
        return [array_of(case.f(*map(Tensor, case.points)))]

    def gradients() -> list[np.ndarray]:
        leaves = [Tensor(p) for p in case.points]
        out = case.functions[0](*leaves)
        return pullback(out, leaves) if isinstance(out, Tensor) else []

    for what, run in (("f", values), ("the gradient", gradients)):
        first = run()
        for other in (run(), run()):
            size = max((spread(a, b) for a, b in zip(first, other, strict=True)), default=0.0)
            if size:
                op = first_change(case)
                return case.error(
                    "nondeterminism",
                    op,
                    f"{what} differs by up to {size:.3g} between two calls at the same point"
                    + (f", first in op '{op}'" if op else "")
                    + "; give it a generator with a fixed seed on every call, and switch off dropout",
                )
    return None


def spread(a: np.ndarray, b: np.ndarray) -> float:
    """The largest difference between two arrays that should be equal; 0 if it is rounding."""
    if a.shape != b.shape:
        return np.inf
    gap = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b))
    size = float(np.nan_to_num(gap, nan=np.inf).max(initial=0.0))
    eps = np.finfo(np.result_type(a, np.float32)).eps
    rounding = 64 * float(eps) * float(np.abs(a).max(initial=0.0))
    return 0.0 if size <= rounding else size


def first_change(case: Case) -> str:
    """The first op whose value, or else whose pull-back, differs between runs."""
    first, *others = (Graphs(case, case.functions[0])(0.0) for _ in range(4))
    for nodes in zip(first, *others, strict=False):
        if any(a.op != nodes[0].op or spread(a.value, nodes[0].value) for a in nodes[1:]):
            return str(nodes[0].op)
    for node in first:
        if node.inputs:
            op = Alone(node, np.random.default_rng(0))
            runs = [op.shares("arrays") for _ in range(4)]
            if any(
                spread(a, b) for run in runs for (_, a), (_, b) in zip(runs[0], run, strict=True)
            ):
                return str(node.op)
    return ""


def meddling(case: Case) -> GradientError | None:
    """Whether a pull-back writes into an array that it is given."""
    for node in Graphs(case, case.functions[0])(0.0):
        if node.primitive is not None and node.inputs:
            what = Alone(node, np.random.default_rng(0)).overwritten()
            if what:
                why = (
                    f"the pull-back of {op_with_shapes(node)} writes into {what}, which others need; let it "
                    "make a new array, such as g * x instead of g *= x"
                )
                return case.error("formula", node.op, why)
    return None


def not_finite(case: Case) -> GradientError | None:
    """Whether a value is infinite or NaN at the point itself."""
    for i, p in enumerate(case.points):
        if not np.isfinite(p).all():
            return case.error("nonfinite", "", f"argument {i} is not finite; check elsewhere")
    if np.isfinite(case.line(0.0)):
        return None
    for node in Graphs(case, case.functions[-1])(0.0):
        bad = ~np.isfinite(node.value)
        if bad.any():
            value = node.value[np.unravel_index(int(np.argmax(bad)), bad.shape)]
            return case.error(
                "nonfinite",
                node.op,
                f"f is not finite at the point: {op_with_shapes(node)} gives {value}{place_of(bad)}; "
                "move the point into the domain of that op",
            )
    return case.error("nonfinite", "", "f is not finite at the point; move the point")


def infinite_gradient(case: Case) -> GradientError | None:
    """Whether the derivative is infinite or NaN although the function is smooth."""
    if np.isfinite(case.computed):
        return None
    nodes = Graphs(case, case.functions[-1])(0.0)
    gradients = pullback(nodes[-1], nodes)
    for node, g in reversed(list(zip(nodes, gradients, strict=True))):
        if not node.inputs or not np.isfinite(g).all():
            continue
        op = Alone(node, np.random.default_rng(0))
        op.weights = g
        for path in op.paths():
            for _, share in op.shares(path):
                bad = ~np.isfinite(share)
                if bad.any():
                    return case.error(
                        "nonfinite",
                        node.op,
                        f"the pull-back of {op_with_shapes(node)} is the first to give a number that is not "
                        f"finite{place_of(bad)}; "
                        f"f itself is smooth there: rewrite the rule of '{node.op}'",
                    )
    return case.error("nonfinite", "", "the gradient is not finite")


def kink(case: Case) -> GradientError | None:
    """Whether the function has a corner or a jump at the point or within a step of it."""
    corner = case.line.corner()
    if corner is None:
        value, error, _ = case.line.best()
        agrees = abs(value - case.computed) <= case.bound + 10 * error
        return near_kink(case) if agrees else None
    wrong = formula(case, sure=corner.spans(case.computed, case.bound))
    return wrong or kink_error(case, case, corner)


def near_kink(case: Case) -> GradientError | None:
    """A corner that is not at the point, or one of the derivative that was found right."""
    if not np.isfinite(case.measured):
        return None
    corner = case.line.nearby()
    if corner is not None:
        return kink_error(case, case, corner)
    nodes = Graphs(case, case.functions[-1])(0.0)
    if not nodes or handwritten(nodes[-1]):
        return None
    slope = derivative(case.functions[-1], case.directions)
    deeper = dataclasses.replace(case, functions=[*case.functions, slope])
    line = Line(deeper.along, case.step)
    try:
        corner = line.corner() or line.nearby()
    except (TypeError, RuntimeError):  # a rule that cannot be differentiated so often
        return None
    return None if corner is None else kink_error(case, deeper, corner)


def kink_error(case: Case, where: Case, corner: Corner) -> GradientError:
    """Report a corner of ``where.functions[-1]``, which spoils the derivative that ``case`` checks."""
    op, place = first_rough(where, corner)
    far = abs(corner.place) > corner.size
    which = "f" if where.order == 1 else f"derivative {where.order - 1}"
    text = (
        f"{which} has {corner.what} "
        + (f"{abs(corner.place):.2g} away from the point" if far else "at the point")
        + (f", in {place}" if place else "")
        + f": its slope is {corner.left:.6g} on one side and {corner.right:.6g} on the other".replace(
            "nan", "undefined"
        )
    )
    if not far and where is case and np.isfinite([case.computed, corner.left, corner.right]).all():
        spans = corner.spans(case.computed, case.bound)
        text += f" and {case.computed:.6g} by the pull-backs, which "
        text += "lies between: a subgradient" if spans else "does not lie between"
    move = f"move the point by more than step={case.step:g}"
    return case.error("kink", op, f"{text}; {move}" + (", or pass a smaller step" if far else ""))


def first_rough(case: Case, corner: Corner) -> tuple[str, str]:
    """The first op whose value is not smooth along the line at ``corner``: (op, description)."""
    s = max(corner.size, case.step / 8**5)
    graphs = Graphs(case, case.functions[-1])
    t = corner.place
    places = [t + k * s for k in (0, -1, 1, -2, 2, -8, 8, -16, 16)]
    fork = graphs.fork(places)
    if fork is not None:
        if case.order > 1 and Graphs(case, case.functions[0]).fork(places) is None:
            first = dataclasses.replace(case, functions=case.functions[:1])
            fork = derived_from(case) or first_rough(first, corner)[0] or fork
            return fork, f"the rule of op '{fork}'"
        return fork, f"the control flow of f itself, which changes at op '{fork}'"
    largest = 0.0
    for k, node in enumerate(graphs(0.0)):
        v = [graphs(p)[k].value for p in places]
        largest = max(largest, float(np.nan_to_num(np.abs(v[0]), posinf=0.0).max(initial=0.0)))
        if not node.inputs or any(a.shape != v[0].shape for a in v):
            continue
        gap, wide = _gap(v[:5], s), _gap([v[0], *v[5:]], 8 * s)
        eps = np.finfo(node.value.dtype).eps
        rough = np.where(np.isnan(gap), np.inf, gap)
        rough = np.where((gap < 0.3 * wide) | (gap * s < 64 * eps * largest), 0.0, rough)
        if rough.any():
            inner = derived_from(case) if case.order > 1 else ""
            text = f"{op_with_shapes(node)}{place_of(rough)}"
            return (inner, f"the rule of op '{inner}', in its {text}") if inner else (node.op, text)
    inner = derived_from(case) if case.order > 1 else ""
    return inner, f"the rule of op '{inner}'" if inner else ""


def _gap(v: list[np.ndarray], s: float) -> np.ndarray:
    """How far slopes at the first of five places (0, -s, s, -2s, 2s) are apart."""
    left, right = (v[0] - v[1]) / s, (v[2] - v[0]) / s
    left2, right2 = (v[0] - v[3]) / (2 * s), (v[4] - v[0]) / (2 * s)
    return np.maximum(abs(right - left), np.maximum(abs(right - right2), abs(left - left2)))


def derived_from(case: Case) -> str:
    """The first op of f whose own derivative is not smooth at the point."""
    for node in Graphs(case, case.functions[0])(0.0):
        if node.primitive is None or not node.inputs:
            continue
        op = Alone(node, np.random.default_rng(0))
        ways = [normal(op.rng, p) for p in op.points]
        f = op.derivative(case.order - 1, ways)
        line = Line(op.along(f, op.points, ways), case.step)
        if line.corner() or line.nearby():
            return str(node.op)
    return ""


def too_noisy(case: Case) -> GradientError | None:
    """Whether there is so much noise in the values that they say nothing of the slope."""
    found = measure(case.line, case.step)
    if found.step or not explains(found, case):
        return None
    return case.error(
        "precision",
        "",
        f"the values of f are noisy, by about {found.noise:.2g}, and no step is long enough for "
        "differences to be exact to 1 %; compute f more exactly, such as with tighter tolerances of a solver",
    )


def precision(case: Case) -> GradientError | None:
    """Whether differences say too little, or agree with the pull-backs at another step."""
    line = case.line
    value, error, h = line.best()
    rounding = 64 * EPS * (abs(value) + abs(case.computed))
    agrees = abs(value - case.computed) <= case.bound + 10 * error + rounding
    settled = error <= max(case.bound, 0.1 * max(abs(value), abs(case.computed)))
    if settled and not agrees:
        return None
    nodes = Graphs(case, case.functions[-1])(0.0)
    narrow = [node for node in nodes if node.value.dtype.char in "fF"]
    op = narrow[0].op if narrow else ""
    if not settled:
        reason = "finite differences do not settle at any step"
    elif not np.isfinite(case.measured):
        reason = f"{outside_domain(case)} is not finite within step={case.step:g} of the point"
    elif h < case.step:
        reason = f"f bends too much within step={case.step:g}"
    else:
        reason = f"the rounding error of f, about {line.noise():.2g}, is too much for the step"
    if narrow:
        reason += f"; op '{op}' computes in {narrow[0].value.dtype}: compute in float64"
    needed = (abs(value - case.computed) + error - case.atol) / max(
        abs(value), abs(line(0.0)), 1e-300
    )
    advice = f"pass step={h:.0e}"
    if needed > case.rtol:
        advice += f" and rtol={10.0 ** np.ceil(np.log10(needed)):.0e}"
    table = "".join(f"\n  step {s:.0e}: {line.difference(s):.10g}" for s in line.steps())
    return case.error("precision", op, f"{reason}; {advice}{table}")


def outside_domain(case: Case) -> str:
    """The first op that is not finite a step away from the point, in words."""
    for h in (case.step, -case.step, case.step / 2, -case.step / 2):
        for node in Graphs(case, case.functions[-1])(h):
            if not np.isfinite(node.value).all():
                return f"op '{node.op}'"
    return "f"


def formula(case: Case, sure: bool = False) -> GradientError | None:
    """Whether an op's pull-back disagrees with finite differences of that op.

    With ``sure`` only what the op by itself confirms counts: next to a kink numbers may mislead.
    """
    rng = np.random.default_rng(0)
    leak = ""
    for node, numbers, outside in wrong_nodes(case, rng):
        op = Alone(node, rng)
        if node.primitive is None:
            if sure:
                continue
            why = f"the hand-written _backward of {op_with_shapes(node)} {numbers}; correct it"
            return case.error("formula", node.op, why)
        detail = op.detail()
        if detail:
            return case.error("formula", node.op, f"{detail}; correct that rule of '{node.op}'")
        leak = leak or outside
    for order in () if sure else range(2, case.order + 1):
        for node in Graphs(case, case.functions[case.order - order])(0.0):
            if node.primitive is not None and node.inputs:
                detail = Alone(node, rng).detail(order)
                if detail:
                    why = (
                        f"{detail}; that is derivative {order} of the op: its rule keeps as a "
                        "constant what it should compute with ops from its arguments, out and g"
                    )
                    return case.error("formula", node.op, why)
    if leak and not sure:
        return case.error("formula", "", leak)
    return None


def wrong_nodes(case: Case, rng: np.random.Generator) -> Any:
    """Nodes whose gradient does not fit how their values change along the line, in order.

    Yields (node, the two numbers, what enters it from outside the graph). Whatever is wrong with f
    along the line is the sum of what is wrong with these.
    """
    h = case.line.best()[2]
    graphs = Graphs(case, case.functions[-1])
    places = [s * h * k for k in (1, 0.5, 0.25) for s in (1, -1)]
    if graphs.fork(places) is not None:
        return
    nodes = graphs(0.0)
    index = {id(node): k for k, node in enumerate(nodes)}

    def slope(k: int, h: float) -> np.ndarray:
        v = [graphs(t)[k].value for t in (h, -h, h / 2, -h / 2)]
        return (8 * (v[2] - v[3]) - (v[0] - v[1])) / (6 * h)

    for k, node in enumerate(nodes):
        if not node.inputs:
            continue
        op = Alone(node, rng)
        moves = slope(k, h)
        measured = float(real_dot(moves, op.weights))
        error = abs(measured - float(real_dot(slope(k, h / 2), op.weights)))
        error += 8 * EPS * float(np.abs(op.weights * node.value).sum()) / h
        exact = 1e-7 if node.value.dtype.char in "dD" else 1e-4
        for path in op.paths():
            pairs = [(c, index[id(a)]) for a, c in op.shares(path) if a.requires_grad]
            computed, again = (
                sum(float(real_dot(c, slope(j, s))) for c, j in pairs) for s in (h, h / 2)
            )
            slack = exact * float(np.abs(moves * op.weights).sum())
            slack += 10 * (error + abs(computed - again)) + 1e-12
            if abs(computed - measured) <= slack or not np.isfinite([computed, measured]).all():
                continue
            at = functools.partial(graphs.value, k)
            corner = Line(functools.partial(op.contracted, at), case.step).corner()
            if corner is None or not corner.allows(computed, slack, at, op.weights):
                numbers = (
                    f"gives {computed:.6g} along the line where differences give {measured:.6g}"
                )
                yield node, numbers, from_outside(graphs, k, h)
                break


def from_outside(graphs: Graphs, k: int, h: float) -> str:
    """Which constant argument of node ``k`` changes with the point, in words."""
    there = graphs(h)[k].arguments
    for i, a in enumerate(graphs(0.0)[k].arguments):
        if isinstance(a, Node) and a.requires_grad:
            continue
        if not np.array_equal(value_of(a), value_of(there[i]), equal_nan=True):
            return (
                f"argument {i} of {op_with_shapes(graphs(0.0)[k])} changes with the point but is not in the "
                "graph, so its gradient is lost; use the Tensor itself instead of .value, .detach() "
                "or np.asarray"
            )
    return ""


def hidden_kink(case: Case) -> GradientError | None:
    """Whether ops have corners at the point that cancel in f, but not in its gradient."""
    op, where = first_rough(case, Corner(0.0, case.measured, case.measured, "a corner", 0.0))
    if not op:
        return None
    return case.error(
        "kink",
        op,
        f"{where} has a corner at the point; corners cancel in f, but not in what the pull-backs "
        f"make of them; move the point by more than step={case.step:g}",
    )


def unresolved(case: Case) -> GradientError | None:
    """Whether differences of f contradict those of its ops, none of which is wrong by itself."""
    for node, numbers, _ in wrong_nodes(case, np.random.default_rng(0)):
        return case.error(
            "precision",
            node.op,
            f"in f {op_with_shapes(node)} {numbers}, but by itself it is right: f varies too fast for the "
            f"differences; pass a step smaller than {case.step:g}",
        )
    return None
