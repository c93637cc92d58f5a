"""check_grads accepts what is right, finds what is wrong, and says why."""

import zlib

import numpy as np
import pytest
from broken_formulas import BROKEN
from op_table import rows

import agx as ag
from agx._engine.graph import Primitive, registry
from agx.testing.check import check_grads
from agx.testing.diagnosis import GradientError

X = np.array([0.4, -1.3, 2.1])
ZERO = np.array([0.7, 0.0, -1.2])
TIE = np.array([0.5, 2.0, 2.0, -1.0])


def failure(f, *arrays, **options):
    with pytest.raises(GradientError) as caught:
        check_grads(f, *arrays, **options)
    return caught.value


# --- what is right -------------------------------------------------------------------------------


def test_third_order():
    check_grads(lambda x: ag.exp(x) * x, X, order=3)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_smooth_functions_pass_at_every_order(order):
    check_grads(lambda x: ag.exp(ag.sin(x)) / (1 + x * x), X, order=order)
    check_grads(lambda x, y: ag.tanh(x @ y), np.outer(X, X) / 3, X / 2, order=order)


def test_several_arguments_and_a_result_of_any_shape():
    check_grads(lambda x, y: ag.outer(x, y)[None], X, X[:2])


def test_a_constant_function_has_zero_gradient():
    check_grads(lambda x: np.ones(3), X)
    check_grads(lambda x: x * 0 + 3, X)


def test_empty_arrays_and_scalars():
    check_grads(lambda x, y: ag.sin(x), X, np.zeros((0, 2)))
    check_grads(lambda x: x[:0], X)
    check_grads(ag.sin, 0.3)


def test_complex_arguments_and_results():
    z = X + 1j * X[::-1]
    check_grads(lambda z: z * ag.exp(z), z)
    check_grads(lambda z, x: ag.abs(z) * x, z, X)
    check_grads(lambda z: ag.real(ag.conj(z) * z * z), z, order=3)


def closure_log(factor):
    """The logarithm with a hand-written _backward, wrong unless ``factor`` is 1."""

    def log(x):
        out = ag.Tensor(np.log(x.value), inputs=[x], op="log")

        def push():
            x.grad += factor * out.grad / x.value

        out._backward = push
        return out

    return log


def test_a_hand_written_backward_is_checked_to_first_order():
    f = lambda x: closure_log(1.0)(ag.exp(x)) ** 2
    assert check_grads(f, X, order=1).order == check_grads(f, X).order == 1
    assert check_grads(f, X, order=3).order == 1
    assert check_grads(ag.sin, X).order == 2


def test_a_constant_hides_nothing():
    wrong = Primitive("wrong", np.sin, [lambda g, out, x: g * ag.cos(x) * 1.01])
    error = failure(lambda x: 1e8 + wrong(x), X)
    assert (error.kind, error.op) == ("formula", "wrong")


@pytest.mark.parametrize(
    "x", [np.arange(3), 2, np.array([True]), np.array(["a"])], ids=["ints", "int", "bool", "str"]
)
def test_only_real_and_complex_numbers_are_points(x):
    with pytest.raises(TypeError, match=r"argument 1 has dtype .* only real and complex numbers"):
        check_grads(lambda a, b: a, X, x)


#: A third of the operations, by their names, so that a new one changes no other.
SOME = [row for name, group in rows.items() for row in group if zlib.crc32(name.encode()) % 3 == 0]


@pytest.mark.parametrize(
    ("function", "arrays"),
    [(f, arrays) for f, *arrays in SOME if all(np.isfinite(a).all() for a in arrays)],
)
def test_no_op_is_blamed_for_a_tolerance_that_nothing_meets(function, arrays):
    """The last digits differ; that is told from wrong formulas and from kinks."""
    found = None
    try:
        check_grads(function, *arrays, rtol=0.0, atol=0.0)
    except GradientError as error:
        found = error
    assert found is None or found.kind == "precision", str(found)


def scaled(x):
    x.value[...] *= 2.0
    return ag.sum(x * x)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: check_grads(3, X), TypeError, "check_grads: expected a function, got int"),
        (lambda: check_grads(ag.sin), TypeError, "expected the arguments of f after f, got none"),
        (lambda: check_grads(lambda x: (x, x), X), TypeError, "one array or Tensor, got a tuple; return"),
        (lambda: check_grads(lambda x: None, X), TypeError, "one array or Tensor, got a NoneType"),
        (lambda: check_grads(lambda p: p["w"], {"w": X}), TypeError, "argument 0 is a dict; pass arrays"),
        (lambda: check_grads(ag.exp, ag.Scalar(1.0)), TypeError, "argument 0 is a Scalar; pass arrays"),
        (lambda: check_grads(ag.sin, X, order=0), ValueError, "order must be an integer of at least 1, got 0"),
        (lambda: check_grads(ag.sin, X, step=0), ValueError, "step must be positive, got 0"),
        (lambda: check_grads(ag.sin, X, rtol=-1), ValueError, "rtol and atol must not be negative, got -1"),
        (lambda: check_grads(scaled, X), ValueError, "f changes its argument 0 in place; .* with a copy"),
        (lambda: check_grads(ag.unique, TIE), RuntimeError, r"a result of shape \(3,\) first and of \(4,\)"),
    ],
)  # fmt: skip
def test_what_cannot_be_checked(call, error, message):
    before = X.copy()
    with pytest.raises(error, match=message):
        call()
    assert np.array_equal(X, before)


# --- wrong formulas ------------------------------------------------------------------------------


def test_there_are_enough_broken_formulas():
    assert len({op for op, *_ in BROKEN}) >= 30


@pytest.mark.parametrize(("op", "f", "arrays", "order"), BROKEN, ids=[row[0] for row in BROKEN])
def test_the_broken_op_is_named(op, f, arrays, order):
    if order > 1:
        check_grads(f, *arrays, order=order - 1)
    error = failure(f, *arrays, order=max(order, 2))
    assert (error.kind, error.op, error.order) == ("formula", op, order)
    assert f"derivative {order} along a random direction is" in str(error)
    assert f"op '{op}' of arguments of shape" in str(error)
    assert f"{error.computed:.10g}" in str(error) and f"{error.measured:.10g}" in str(error)


def broken_factor(element=None, factor=2.0):
    """A sine whose gradient is ``factor`` times too large, everywhere or in one element."""

    def rule(g, out, x):
        right = np.ones(np.shape(x))
        right[... if element is None else element] = factor
        return g * ag.cos(x) * right

    return Primitive("wrong", np.sin, [rule])


@pytest.mark.parametrize("element", [(0, 0), (2, 1), (3, 4)])
def test_the_element_and_both_numbers_are_named(element):
    x = np.linspace(-1, 1, 20).reshape(4, 5)
    error = failure(lambda x: ag.exp(broken_factor(element)(x)), x)
    cosine = np.cos(x[element])
    expected = f"element {element} {2 * cosine:.6g} is computed and {cosine:.6g} measured"
    assert expected in str(error)


def test_the_argument_is_named():
    rules = [lambda g, out, x, y: g * y, lambda g, out, x, y: -g * x]
    error = failure(lambda x: Primitive("wrong", np.multiply, rules)(ag.exp(x), ag.sin(x)), X)
    assert "op 'wrong' of arguments of shape (3,), (3,) with respect to argument 1" in str(error)


def test_the_first_of_two_broken_ops_is_named():
    early, late = broken_factor(), Primitive("late", np.exp, [lambda g, out, x: g])
    assert failure(lambda x: late(ag.tanh(early(x))), X).op == "wrong"
    assert failure(lambda x: early(ag.tanh(late(x))), X).op == "late"


@pytest.mark.parametrize(
    "f",
    [
        lambda p, x: ag.relu(x) + p(x),
        lambda p, x: ag.relu(x - 2e-4) + p(x),
        lambda p, x: p(ag.astype(x, np.float32)),
        lambda p, x: p(1e4 * x),
        lambda p, x: ag.abs(p(x)),
    ],
    ids=["kink", "near a kink", "float32", "fast", "before a kink"],
)
def test_a_wrong_formula_is_told_from_what_stands_next_to_it(f):
    error = failure(lambda x: f(broken_factor(factor=1.3), x), ZERO)
    assert (error.kind, error.op) == ("formula", "wrong")


def in_place(which):
    """A sine whose pull-back is right, but writes into one of the arrays that it is given."""

    def rule(g, out, x):
        found = g * ag.cos(x)
        victim = (g, out, x)[which]
        if isinstance(victim, np.ndarray):
            victim *= 1.5
        return found

    return Primitive("careless", np.sin, [rule])


@pytest.mark.parametrize(("which", "what"), [(0, "g"), (1, "out"), (2, "argument 0")])
def test_a_pull_back_that_writes_into_what_it_is_given_is_named(which, what):
    careless = in_place(which)
    around = (lambda s, y: s + y) if what == "g" else (lambda s, y: s**2 + 3 * careless(y) * y)
    error = failure(lambda x: around(careless(y := ag.exp(x)), y), X)
    assert (error.kind, error.op) == ("formula", "careless")
    assert f"writes into {what}, which others need; let it make a new array" in str(error)


def test_a_wrong_op_is_found_deep_in_a_long_graph():
    wrong = broken_factor(factor=1.001)

    def deep(x):
        for k in range(300):
            x = wrong(x) if k == 200 else ag.sin(x) if k % 2 else ag.arcsin(x)
        return x

    error = failure(deep, X / 4, order=1)
    assert (error.kind, error.op) == ("formula", "wrong")


def test_one_wrong_element_of_many_is_found():
    x = np.linspace(-1, 1, 3000)
    error = failure(broken_factor(1234, 1.1), x)
    assert (error.kind, error.op) == ("formula", "wrong")
    assert "at element (1234,)" in str(error)


def test_what_is_wrong_after_broadcasting_only():
    rules = [lambda g, out, x, y: g * y, lambda g, out, x, y: g * x * (1.0 + (x.shape != y.shape))]
    product = Primitive("product", np.multiply, rules)
    check_grads(lambda x, y: product(ag.exp(x), y), X, X)
    error = failure(lambda x, y: product(ag.exp(x), y), np.stack([X, X]), X)
    assert (error.kind, error.op) == ("formula", "product")
    assert "of arguments of shape (2, 3), (3,) with respect to argument 1" in str(error)


def test_a_hand_written_backward_is_named():
    error = failure(lambda x: closure_log(2.0)(ag.exp(x)) ** 2, X, order=1)
    assert (error.kind, error.op) == ("formula", "log")
    assert "hand-written _backward of op 'log'" in str(error)


def test_a_value_that_leaves_the_graph_is_found():
    error = failure(lambda x: ag.sin(x) * x.detach(), X)
    assert error.kind == "formula"
    assert "argument 1 of op 'mul' of arguments of shape (3,), (3,) changes with the point" in str(
        error
    )
    assert failure(lambda x: np.round(x.value * 1e4).astype(int), X).kind == "kink"
    error = failure(lambda x: np.sin(x.value), X)
    assert "computed outside the graph" in str(error)


def test_a_rule_that_disagrees_with_itself_says_in_which_pass():
    rule = lambda g, out, x: g * ag.cos(x) * (1.0 if isinstance(x, ag.Tensor) else 2.0)
    error = failure(Primitive("split", np.sin, [rule]), X)
    assert "by the pull-backs on plain arrays" in str(error)
    assert "along a random direction on plain arrays, differences of 'split'" in str(error)


# --- kinks ---------------------------------------------------------------------------------------


def huber(x):
    return registry["huber"](x, delta=1.0)


KINKS = [
    ("abs", ag.abs, ZERO),
    ("abs", lambda z: ag.abs(z), np.array([1 + 1j, 0j])),
    ("abs", lambda x: ag.sqrt(ag.abs(x)), np.array([1.0, 0.0])),
    ("relu", lambda x: ag.relu(2 * x) ** 2 + ag.relu(x), ZERO),
    ("relu", lambda x: ag.exp(ag.sin(ag.relu(x))), ZERO),
    ("leaky_relu", lambda x: ag.leaky_relu(ag.sin(x)), ZERO),
    ("maximum", lambda x, y: ag.exp(ag.maximum(x, y)), TIE, TIE[::-1]),
    ("maximum", lambda x: ag.maximum(x, 0.0), ZERO),
    ("minimum", lambda x, y: ag.minimum(x * x, y * y), TIE, -TIE),
    ("clip", lambda x: ag.clip(ag.exp(x), 0.5, 2.0), np.log([0.3, 0.5, 1.0])),
    ("clip", lambda x: ag.clip(x, None, 2.0) ** 2, TIE),
    ("max", ag.max, TIE),
    ("max", lambda x: ag.max(x, axis=1), np.stack([TIE, TIE])),
    ("min", lambda x: ag.min(-x) ** 2, TIE),
    ("getitem", lambda x: x[np.argsort(x.value)] ** 2, TIE),
    ("getitem", lambda x: ag.take(x, np.argsort(x.value))[1:3], TIE + np.array([0, 0, 0, 4.0])),
    ("where", lambda x: ag.where(x > 0, x * x, 2 * x), ZERO),
    ("where", lambda x: ag.where(x > 0, x * x, 1.0), ZERO),
    ("sqrt", lambda x: ag.sqrt(ag.sum(x * x)), np.zeros(3)),
    ("sqrt", ag.sqrt, np.array([1.0, 0.0])),
    ("pow", lambda x: ag.exp(x**0.5), np.array([1.0, 0.0])),
    ("std", ag.std, np.ones(3)),
    ("floor", lambda x: ag.floor(x) * x, TIE),
    ("ceil", ag.ceil, TIE),
    ("rint", ag.rint, np.array([0.5, 0.2])),
    ("sign", lambda x: ag.sign(x) + x, ZERO),
    ("mod", lambda x: ag.remainder(x, 1.0), TIE),
    ("floor_divide", lambda x: (x // 0.5) * x, TIE),
    ("angle", ag.angle, np.array([1 + 1j, -1 + 0j])),
    ("max_pool2d", lambda x: ag.max_pool2d(x, 2), np.array([[[[1.0, 3.0], [3.0, 0.0]]]])),
    ("huber", huber, np.array([1.0, 0.3])),
    ("relu", lambda x: ag.relu(x) ** 2, np.array([0.0, 1.0])),
    ("sort", lambda x: ag.sort(x) ** 2, TIE),
    ("sort", lambda x: ag.median(x) ** 2, np.array([1.0, 1.0, 1.0, 2.0])),
    ("getitem", lambda x: x[np.argmax(x.value)] ** 2, np.array([1.0, 1.0])),
    ("norm", ag.linalg.norm, np.zeros(3)),
    ("norm", lambda x: ag.linalg.norm(x, axis=1), np.array([[0.0, 0.0], [1.0, 2.0]])),
    ("cbrt", ag.cbrt, ZERO),
    ("cbrt", lambda x: ag.cbrt(x) ** 2, ZERO),
    ("fmod", lambda x: ag.fmod(x, 1.0) * x, TIE),
    ("trunc", ag.trunc, TIE),
    ("round", lambda x: ag.round(x) + x, np.array([0.5, 0.2])),
    ("heaviside", lambda x: ag.heaviside(x, 0.5), ZERO),
    ("copysign", lambda x: ag.copysign(2.0, x), ZERO),
    ("arctan2", lambda x: ag.arctan2(x, -1.0), ZERO),
    ("hypot", lambda x: ag.hypot(x, 2 * x), ZERO),
    ("sub", lambda x: ag.interp(x, [-2.0, 0.0, 2.0], [0.0, 3.0, 1.0]), ZERO),
    ("where", lambda x: ag.interp(x, [-2.0, 0.0, 2.0], [0.0, 3.0, 1.0]), np.array([-2.0, 0.3])),
    ("pinv", ag.linalg.pinv, np.ones((2, 2))),
    ("eigh", lambda x: ag.linalg.eigh(x)[0], np.eye(3)),
    # corners that cancel in f, but not in the conventions at them
    ("relu", lambda x: ag.relu(x) - ag.relu(-x), ZERO),
    # within a step of the point
    ("relu", ag.relu, ZERO + 2e-4),
    ("abs", lambda x: ag.abs(x - 0.3), np.array([0.3 + 1e-5])),
    ("maximum", lambda x, y: ag.maximum(x, y), TIE, TIE + 3e-4),
    ("floor", ag.floor, TIE + 2e-4),
    ("clip", lambda x: ag.clip(x, 0.0, 1.0), np.array([1.0 - 1e-4, 0.4])),
    ("huber", huber, np.array([1.0 + 1e-4, 0.3])),
]  # fmt: skip


@pytest.mark.parametrize("row", KINKS, ids=[f"{row[0]}-{k}" for k, row in enumerate(KINKS)])
def test_a_kink_is_told_from_a_wrong_formula(row):
    op, f, *arrays = row
    error = failure(f, *arrays)
    assert (error.kind, error.op) == ("kink", op)
    assert f"op '{op}'" in str(error)
    assert "move the point by more than step=0.001" in str(error)


def test_a_kink_of_a_second_derivative_shows_at_second_order():
    cubed = lambda x: ag.relu(x) ** 3
    check_grads(cubed, np.array([0.0, 1.0]), order=1)
    error = failure(cubed, np.array([0.0, 1.0]))
    assert (error.kind, error.op, error.order) == ("kink", "relu", 2)


def test_a_kink_is_described():
    text = str(failure(lambda x: ag.relu(3 * x), np.array([0.0]), rng=1))
    assert "f has a corner at the point, in op 'relu' of arguments of shape (1,)" in text
    assert "which lies between: a subgradient" in text
    assert "f has a jump at the point" in str(failure(ag.floor, TIE))
    text = str(failure(lambda x: ag.sqrt(ag.abs(x)), ZERO))
    assert "f has a vertical tangent at the point" in text
    text = str(failure(ag.sqrt, np.array([1.0, 0.0])))
    assert "f has the end of its domain at the point" in text
    assert "away from the point" in str(failure(ag.relu, ZERO + 2e-4))


def test_a_branch_in_python_is_named_as_the_kink():
    error = failure(lambda x: 2 * x if x.value.sum() > 0 else ag.exp(x), np.array([0.0]))
    assert error.kind == "kink"
    assert "the control flow of f itself" in str(error)


def test_what_is_no_subgradient_is_a_wrong_formula():
    rule = lambda g, out, x: g * ag.where(x > 0, 1.0, ag.where(x < 0, 0.0, 1.5))
    error = failure(Primitive("step_wrong", lambda x: np.maximum(x, 0), [rule]), ZERO)
    assert (error.kind, error.op) == ("formula", "step_wrong")


# --- precision -----------------------------------------------------------------------------------

IMPRECISE = {
    "a fast oscillation": ("", lambda x: ag.sin(1e4 * x), X, {}),
    "a faster oscillation": ("", lambda x: ag.sin(1e6 * x), X, {}),
    "a steep exponential": ("", lambda x: ag.exp(500 * x), X / 10, {}),
    "a pole nearby": ("", lambda x: 1 / x, np.array([1e-3, 1.0]), {}),
    "a smooth bend": ("", lambda x: ag.sqrt(x * x + 1e-10), np.array([0.0, 1.0]), {}),
    "the end of a domain": ("", ag.log, np.array([1e-4, 1.0]), {}),
    "the end of another": ("", ag.sqrt, np.array([1e-6, 1.0]), {}),
    "a step too large": ("", ag.exp, X, {"step": 1.0}),
    "float32": ("astype", lambda x: ag.sin(ag.astype(x, np.float32)), X, {}),
    "float32, large": ("astype", lambda x: ag.exp(ag.astype(x, np.float32) * 3) + x, X, {}),
}


@pytest.mark.parametrize(("op", "f", "x", "options"), IMPRECISE.values(), ids=IMPRECISE)
def test_a_lack_of_precision_is_told_from_a_wrong_formula(op, f, x, options):
    error = failure(f, x, **options)
    assert (error.kind, error.op) == ("precision", op)
    assert "pass step=" in str(error)
    assert "\n  step 1e-05: " in str(error)


def test_the_advice_helps():
    check_grads(lambda x: ag.sin(1e4 * x), X, order=1, step=1e-6)
    check_grads(lambda x: 1e8 + ag.sin(x), X, order=1, step=1e-1)
    check_grads(lambda x: ag.sin(ag.astype(x, np.float32)), X, order=1, step=1e-1, rtol=1e-5)


def test_float32_and_the_end_of_a_domain_are_named():
    error = failure(lambda x: ag.sin(ag.astype(x, np.float32)), X)
    assert "op 'astype' computes in float32: compute in float64" in str(error)
    error = failure(lambda x: 2 * ag.log(x), np.array([1e-4, 1.0]))
    assert "op 'log' is not finite within step=0.001 of the point" in str(error)


# --- not the same twice, not finite --------------------------------------------------------------


def test_nondeterminism_is_found():
    noise = np.random.default_rng(0)
    x = np.linspace(-1, 2, 20)
    calls = iter(range(1000))
    cases = {
        "mul": [
            lambda x: ag.exp(x) * noise.standard_normal(20),
            lambda x: ag.exp(x) * (1 + 1e-7 * noise.standard_normal(20)),
            lambda x: x * (1 + 1e-3 * next(calls)),
            ag.nn.Dropout(0.5, rng=0),
        ],
        "add": [lambda x: x * x + 1e-6 * noise.random(20)],
    }
    for op, functions in cases.items():
        for f in functions:
            error = failure(f, x)
            assert (error.kind, error.op) == ("nondeterminism", op)
            assert "between two calls at the same point" in str(error)


def test_a_gradient_that_is_not_the_same_twice_is_found():
    noise = np.random.default_rng(0)
    rule = lambda g, out, x: g * ag.cos(x) * (1 + 0.1 * noise.random(3))
    error = failure(Primitive("noisy", np.sin, [rule]), X)
    assert (error.kind, error.op) == ("nondeterminism", "noisy")
    assert "the gradient differs by up to" in str(error)


NOT_FINITE = {
    "log of 0": ("log", lambda x: 2 * ag.log(x), np.array([1.0, 0.0])),
    "sqrt below 0": ("sqrt", lambda x: ag.exp(ag.sqrt(x)), X),
    "overflow": ("exp", lambda x: ag.exp(1000 * x), X),
    "division by 0": ("div", lambda x: x / ag.sum(x - x), X),
    "power": ("pow", lambda x: 2 * x**0.5, X),
    "a pole": ("div", lambda x: ag.sin(1 / x), ZERO),
    "a pole of a power": ("pow", lambda x: ag.exp(x) + x**-2.0, ZERO),
    "nan": ("mul", lambda x: ag.exp(x) * np.nan, X),
}


@pytest.mark.parametrize(("op", "f", "x"), NOT_FINITE.values(), ids=NOT_FINITE)
def test_the_op_that_is_not_finite_is_named(op, f, x):
    error = failure(f, x)
    assert (error.kind, error.op) == ("nonfinite", op)
    assert f"op '{op}' of arguments of shape" in str(error)


def test_a_point_that_is_not_finite_is_named():
    error = failure(lambda x, y: x * y, X, np.array([1.0, np.nan, 2.0]))
    assert error.kind == "nonfinite"
    assert "argument 1 is not finite" in str(error)


def test_the_rule_that_is_not_finite_is_named():
    rule = lambda g, out, x: g * 2 * x * x / x
    error = failure(lambda x: Primitive("hole", np.square, [rule])(ag.sin(x)), ZERO)
    assert (error.kind, error.op) == ("nonfinite", "hole")
    assert "at element (1,)" in str(error)
