"""grad and its relatives."""

import collections
import dataclasses
import math

import numpy as np
import pytest

import agx as ag
from agx._engine.trees import flatten

X = np.array([1.5, -0.5])


def rosenbrock(x):
    return ag.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


POINT = np.array([0.5, -0.3, 0.8])


def test_grad_and_value():
    value, gradient = ag.value_and_grad(rosenbrock)(POINT)
    assert value == pytest.approx(rosenbrock(POINT))
    assert type(gradient) is np.ndarray
    np.testing.assert_allclose(gradient[2], 200 * (0.8 - 0.09))


def test_grad_in_another_argument():
    f = lambda x, y: ag.sum(x * y**2)
    np.testing.assert_array_equal(ag.grad(f, 1)(np.ones(2), np.array([1.0, 3.0])), [2.0, 6.0])


def test_code_written_for_numpy_is_differentiated():
    f = lambda x: np.sum(np.sin(x) ** 2) + np.max(x)
    np.testing.assert_allclose(ag.grad(f)(POINT), np.sin(2 * POINT) + [0, 0, 1])


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_any_order(order):
    f = lambda x: x**4
    for _ in range(order):
        f = ag.grad(f)
    expected = {1: 4 * 2.0**3, 2: 12 * 2.0**2, 3: 24 * 2.0, 4: 24.0}[order]
    assert f(2.0) == pytest.approx(expected)


def test_jacobian_and_hessian_have_the_shapes_of_result_and_argument():
    f = lambda x: ag.stack([x[0] * x[1], x[1] ** 2, ag.sin(x[0])])
    x = np.array([0.3, 2.0])
    np.testing.assert_allclose(ag.jacobian(f)(x), [[2.0, 0.3], [0.0, 4.0], [np.cos(0.3), 0.0]])
    hessian = ag.hessian(rosenbrock)(POINT)
    assert hessian.shape == (3, 3)
    np.testing.assert_allclose(hessian, hessian.T)
    matrix = np.arange(6.0).reshape(2, 3)
    assert ag.jacobian(lambda x: x @ matrix)(np.ones((4, 2))).shape == (4, 3, 4, 2)


def test_scipys_optimisers_take_gradients_and_products_as_they_are():
    optimize = pytest.importorskip("scipy.optimize")
    found = optimize.minimize(
        rosenbrock, POINT, jac=ag.grad(rosenbrock), hessp=ag.hvp(rosenbrock), method="trust-ncg"
    )
    np.testing.assert_allclose(found.x, np.ones(POINT.size), rtol=1e-4)


def test_hvp_is_the_hessian_times_a_vector():
    v = np.array([1.0, -2.0, 0.5])
    np.testing.assert_allclose(ag.hvp(rosenbrock)(POINT, v), ag.hessian(rosenbrock)(POINT) @ v)


def test_vjp_pulls_back_to_every_argument():
    x, y, g = np.ones((2, 3)), np.arange(3.0), np.array([1.0, 2.0])
    value, pull = ag.vjp(ag.matmul, x, y)
    np.testing.assert_array_equal(value, [3.0, 3.0])
    gx, gy = pull(g)
    np.testing.assert_array_equal(gx, np.outer(g, y))
    np.testing.assert_array_equal(gy, [3.0, 3.0, 3.0])


def test_nested_transforms_do_not_confuse_their_variables():
    f = lambda x: x * ag.grad(lambda y: x * y)(1.0)
    assert ag.grad(f)(3.0) == 6.0


def test_grad_of_an_array_is_refused():
    with pytest.raises(RuntimeError, match=r"grad: the result has shape \(2,\)"):
        ag.grad(lambda x: x * 2)(np.ones(2))


def test_arguments_are_not_changed_or_shared():
    x = np.ones(2)
    gradient = ag.grad(ag.sum)(x)
    gradient += 1
    np.testing.assert_array_equal(x, [1.0, 1.0])


# --- nested containers -----------------------------------------------------------------------------


@dataclasses.dataclass
class Params:
    weight: object
    bias: object = None


Pair = collections.namedtuple("Pair", "left right")


@pytest.mark.parametrize(
    ("tree", "f", "expected"),
    [
        ({"a": X, "b": [X]}, lambda p: (p["a"] * p["b"][0]).sum(), {"a": X, "b": [X]}),
        ((X, 2.0), lambda p: (p[0] * p[1]).sum(), (np.full(2, 2.0), X.sum())),
        (Params(X, None), lambda p: (p.weight**2).sum(), Params(2 * X, None)),
        (Pair(X, X), lambda p: (p.left * 3 + p.right).sum(), Pair(np.full(2, 3.0), np.ones(2))),
        ([X, {"c": (X,)}], lambda p: (p[0] ** 2).sum(), [2 * X, {"c": (0 * X,)}]),
    ],
)
def test_gradients_have_the_structure_of_the_argument(tree, f, expected):
    found = ag.grad(f)(tree)
    assert type(found) is type(tree)
    ours, _ = flatten(found)
    wanted, _ = flatten(expected)
    assert len(ours) == len(wanted)
    for a, b in zip(ours, wanted, strict=True):
        np.testing.assert_allclose(a, b)


def test_several_arguments_at_once():
    f = lambda x, y, z: (x * y**2).sum() + z
    gx, gy = ag.grad(f, (0, 1))(X, 2 * X, 1.0)
    np.testing.assert_allclose(gx, 4 * X**2)
    np.testing.assert_allclose(gy, 4 * X**2)
    jx, jy = ag.jacobian(lambda x, y: x * y, (0, 1))(X, 2 * X)
    np.testing.assert_allclose(jx, np.diag(2 * X))
    np.testing.assert_allclose(jy, np.diag(X))


def test_jacobians_and_hessians_of_trees():
    p = {"w": X, "b": 3.0}
    f = lambda p: {"out": p["w"] * p["b"]}
    found = ag.jacobian(f)(p)
    np.testing.assert_allclose(found["out"]["w"], 3 * np.eye(2))
    np.testing.assert_allclose(found["out"]["b"], X)
    h = ag.hessian(lambda p: (p["w"] ** 2 * p["b"]).sum())(p)
    np.testing.assert_allclose(h["w"]["w"], np.eye(2) * 6)
    np.testing.assert_allclose(h["w"]["b"], 2 * X)
    np.testing.assert_allclose(h["b"]["w"], 2 * X)
    assert h["b"]["b"] == 0
    v = {"w": np.array([1.0, 0.0]), "b": 1.0}
    along = ag.hvp(lambda p: (p["w"] ** 2 * p["b"]).sum())(p, v)
    np.testing.assert_allclose(along["w"], 6 * v["w"] + 2 * X)
    np.testing.assert_allclose(along["b"], 2 * X[0])


def test_vjp_and_jvp_of_trees():
    f = lambda p: (p["a"] * 2, [p["b"] ** 2])
    p = {"a": X, "b": X}
    value, pull = ag.vjp(f, p)
    np.testing.assert_allclose(value[1][0], X**2)
    (back,) = pull((X, [X]))
    np.testing.assert_allclose(back["a"], 2 * X)
    np.testing.assert_allclose(back["b"], 2 * X * X)
    out, pushed = ag.jvp(f, (p,), ({"a": X, "b": X},))
    np.testing.assert_allclose(out[0], 2 * X)
    np.testing.assert_allclose(pushed[1][0], 2 * X * X)


@dataclasses.dataclass(frozen=True)
class Layer:
    weight: object
    activation: str = "tanh"
    use_bias: bool = False


@dataclasses.dataclass
class Scaled:
    weight: object
    norm: object = dataclasses.field(init=False, default=None)

    def __post_init__(self):
        assert self.weight.shape == (2,)
        self.norm = (self.weight**2).sum()


def test_what_is_no_number_is_a_constant_in_a_container():
    def loss(p):
        assert p["layer"].activation == "tanh" and p["layer"].use_bias is False
        return (p["f"](p["layer"].weight) ** 2).sum()

    tree = {"layer": Layer(X), "f": np.tanh, "note": None}
    found = ag.grad(loss)(tree)
    t = np.tanh(X)
    np.testing.assert_allclose(found["layer"].weight, 2 * t * (1 - t**2))
    assert (found["layer"].activation, found["layer"].use_bias) == (None, None)
    assert found["f"] is found["note"] is None
    assert ag.hessian(loss)(tree)["layer"].weight["layer"].weight.shape == (2, 2)
    direction = {"layer": Layer(X, None), "f": None, "note": None}
    along = ag.jvp(loss, (tree,), (direction,))[1]
    np.testing.assert_allclose(along, found["layer"].weight @ X)


def test_what_a_dataclass_computes_from_its_fields_is_followed():
    found = ag.grad(lambda p: p.norm)(Scaled(X))
    assert type(found) is Scaled
    np.testing.assert_allclose(found.weight, 2 * X)
    assert ag.jacobian(lambda p: p.weight)(Scaled(X)).weight.shape == (2, 2)


def test_dicts_of_a_kind_stay_of_that_kind():
    kinds = []

    def f(p):
        kinds.append((type(p), p.default_factory))
        return p["a"].sum()

    found = ag.grad(f)(collections.defaultdict(list, a=X))
    assert kinds == [(collections.defaultdict, list)]
    assert type(found) is collections.defaultdict


def test_directions_are_matched_by_name():
    p, v = {"a": X, "b": 2 * X}, {"b": X, "a": 3 * X}
    f = lambda p: {"x": p["a"] * p["b"], "y": p["a"]}
    pushed = ag.jvp(f, (p,), (v,))[1]
    np.testing.assert_allclose(pushed["x"], X * X + 6 * X * X)
    (back,) = ag.vjp(f, p)[1]({"y": X, "x": 3 * X})
    np.testing.assert_allclose(back["a"], 6 * X * X + X)
    along = ag.hvp(lambda p: (p["a"] ** 2 * p["b"]).sum())(p, v)
    np.testing.assert_allclose(along["b"], 2 * X * 3 * X)
    zeros = ag.jvp(f, (p,), ({"a": None, "b": X},))[1]
    np.testing.assert_allclose(zeros["x"], X * X)
    np.testing.assert_allclose(ag.vjp(f, p)[1]({"x": None, "y": X})[0]["a"], X)


# --- forward ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.tanh(x) * x[::-1],
        lambda x: np.sort(x**2),
        lambda x: np.linalg.inv(np.diag(x) + 2),
        lambda x: np.cumprod(x),
        lambda x: x.sum(),
        lambda x: np.abs(np.exp(1j * x)[0] + x),
        lambda x: np.where(x > 0, x**3, 0.0),
    ],
)
def test_jvp_agrees_with_the_jacobian(f):
    x, v = np.array([0.4, -0.7, 1.3]), np.array([1.0, 2.0, -0.5])
    value, pushed = ag.jvp(f, (x,), (v,))
    np.testing.assert_allclose(value, f(x))
    np.testing.assert_allclose(pushed, ag.jacobian(f)(x) @ v, atol=1e-12)


def test_jvp_of_complex_functions():
    value, pushed = ag.jvp(lambda z: np.exp(z) * z, (1 + 2j,), (1j,))
    z = 1 + 2j
    np.testing.assert_allclose(value, np.exp(z) * z)
    np.testing.assert_allclose(pushed, np.exp(z) * (1 + z) * 1j)


def test_jvp_can_be_differentiated():
    slope = lambda t: ag.jvp(lambda x: x**3 * t, (2.0,), (1.0,))[1]
    assert ag.grad(slope)(5.0) == pytest.approx(12.0)
    second = lambda x: ag.jvp(ag.grad(lambda y: y**4), (x,), (1.0,))[1]
    assert second(2.0) == pytest.approx(48.0)


def test_inner_points_do_not_leak_into_outer_results():
    found = ag.grad(lambda t: ag.grad(lambda x: x**3 * t)(2.0))(5.0)
    assert type(found) is np.ndarray
    assert found == 12.0
    pulled = ag.grad(lambda g: ag.vjp(lambda y: y**3, X)[1](g)[0].sum())(X)
    assert type(pulled) is np.ndarray
    np.testing.assert_allclose(pulled, 3 * X**2)
    rows = ag.jacobian(lambda t: ag.jacobian(lambda x: x * t)(X))(X)
    assert type(rows) is np.ndarray
    assert rows.shape == (2, 2, 2)


def test_jvp_of_a_constant_is_zero():
    assert ag.jvp(lambda x: (x, 3.0), (X,), (X,))[1][1] == 0
    assert ag.jvp(lambda x: np.floor(x), (X,), (X,))[1].tolist() == [0.0, 0.0]


# --- more ------------------------------------------------------------------------------------------


def test_elementwise_grad():
    x = np.linspace(-2, 2, 7)
    f = np.tanh
    for _ in range(3):
        f = ag.elementwise_grad(f)
    t = np.tanh(x)
    np.testing.assert_allclose(f(x), -2 * (1 - t**2) * (1 - 3 * t**2), atol=1e-12)


def test_grad_and_aux():
    gradient, aux = ag.grad_and_aux(lambda x: ((x**2).sum(), {"seen": x * 2}))(X)
    np.testing.assert_allclose(gradient, 2 * X)
    assert type(aux["seen"]) is np.ndarray
    (value, aux), gradient = ag.value_and_grad(lambda x: ((x**2).sum(), 3), has_aux=True)(X)
    assert (value, aux) == ((X**2).sum(), 3)


def test_an_auxiliary_result_keeps_what_outer_transforms_follow():
    inner = ag.grad_and_aux(lambda y, x: (y**2, {"three": x * 3}))

    def outer(x):
        slope, aux = inner(2.0, x)
        return slope * aux["three"]

    assert ag.grad(outer)(3.0) == 12.0


def test_derivatives_are_taken_under_no_grad():
    with ag.no_grad():
        assert ag.grad(lambda x: x**3)(2.0) == 12.0
        assert ag.hessian(lambda x: x**3)(2.0) == 12.0
        assert ag.jvp(lambda x: x**3, (2.0,), (1.0,))[1] == 12.0
        assert ag.vjp(lambda x: x**3, 2.0)[1](1.0)[0] == 12.0
        w = ag.Tensor(2.0)
        value, slope = ag.value_and_grad(lambda x: x * w)(w)
        assert type(value) is type(slope) is np.ndarray
        assert ag.exp(ag.Tensor(1.0)).requires_grad is False
    assert ag.grad(lambda x: x * ag.no_grad(ag.grad(lambda y: x * y**2))(1.0))(3.0) == 6.0
    with pytest.raises(ZeroDivisionError):
        ag.grad(lambda x: 1 / 0)(1.0)
    assert ag.exp(ag.Tensor(1.0)).requires_grad


def test_jacobians_of_complex_functions():
    z = np.array([1 + 2j, 3 - 1j])
    np.testing.assert_allclose(ag.jacobian(lambda z: z**2)(z), np.diag(2 * z))
    np.testing.assert_allclose(ag.jacobian(lambda z: z[0] * z)(z)[1], [z[1], z[0]])
    np.testing.assert_allclose(
        ag.jacobian(lambda x: np.exp(1j * x))(X), np.diag(1j * np.exp(1j * X))
    )
    np.testing.assert_allclose(
        ag.elementwise_grad(lambda x: np.exp(1j * x))(X), 1j * np.exp(1j * X)
    )
    np.testing.assert_allclose(ag.elementwise_grad(np.sin)(z), np.cos(z))
    second = ag.jacobian(ag.jacobian(lambda x: x**3 * (1 + 1j)))(X)
    np.testing.assert_allclose(second[0, 0, 0], 6 * X[0] * (1 + 1j))
    along = ag.hvp(lambda z: np.sum(np.abs(z) ** 2))(z, 1j * z)
    np.testing.assert_allclose(along, 2 * np.conj(1j * z))


def test_gradients_of_complex_arguments():
    gradient = ag.grad(lambda z: np.sum(np.abs(z) ** 2))(np.array([1 + 2j]))
    np.testing.assert_allclose(gradient, [2 - 4j])
    step = 1e-6
    f = lambda z: np.real(np.sum(np.sin(z) * np.conj(z)))
    z = np.array([0.3 - 0.2j])
    dx, dy = ((f(z + d) - f(z - d)) / (2 * step) for d in (step, 1j * step))
    np.testing.assert_allclose(ag.grad(f)(z)[0], dx - 1j * dy, rtol=1e-6)


def test_blocks_of_rows_equal_single_rows(monkeypatch):
    rng = np.random.default_rng(0)
    w, b = rng.standard_normal((4, 3)), rng.standard_normal(4)
    functions = [
        lambda x: np.tanh(w @ np.sin(x) * b),
        lambda x: (np.exp(-(x @ w.T)) + b).mean(axis=0, keepdims=True) * x.sum(),
        lambda x: np.concatenate([x[1:], x[:1] ** 2]).T.reshape(-1) * b[:3].sum(),
        lambda x: np.sort(x) * np.cumsum(x),
        lambda x: np.outer(x, x) @ x,
        lambda x: np.where(x > 0, np.sqrt(np.abs(x)), 0.0),
        lambda x: np.stack([x.sum(), x @ x, np.linalg.norm(x)]),
        lambda x: np.maximum(x, 0.1) / (x[0] + 3),
    ]
    for f in functions:
        x = rng.standard_normal(3)
        together = ag.jacobian(f)(x)
        monkeypatch.setattr("agx.transforms.pull_block", lambda *_: None)
        np.testing.assert_allclose(together, ag.jacobian(f)(x), rtol=1e-13, atol=1e-13)
        monkeypatch.undo()


def test_jacobians_are_cut_into_blocks_that_fit(monkeypatch):
    monkeypatch.setattr("agx._engine.stacked.MOST", 20)
    np.testing.assert_allclose(
        ag.jacobian(lambda x: x**2)(np.arange(9.0)), np.diag(2 * np.arange(9.0))
    )


def test_backward_with_create_graph():
    w = ag.Tensor([2.0, 3.0])
    (w**3).sum().backward(create_graph=True)
    first = w.grad
    assert isinstance(first, ag.Tensor)
    np.testing.assert_allclose(first.value, [12.0, 27.0])
    (w**3).sum().backward()
    np.testing.assert_allclose(w.grad.value, [24.0, 54.0])
    w.grad = None
    first.sum().backward()
    np.testing.assert_allclose(w.grad, [12.0, 18.0])
    with pytest.raises(ValueError, match="free=True lets go of the graph"):
        w.sum().backward(free=True, create_graph=True)
    with pytest.raises(ValueError, match=r"grad: expected shape \(2,\)"):
        w.grad = ag.Tensor(1.0)


# --- what drops a gradient -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: float(x[0]), r"float\(\) would drop the gradient.*t.value"),
        (lambda x: complex(x[0]).real, r"complex\(\) would drop the gradient"),
        (lambda x: np.array([x[0], x[1]]).sum(), "making a plain array would drop.*ag.stack"),
        (lambda x: np.asarray(x).sum(), "making a plain array would drop"),
        (lambda x: math.sin(x[0]), "would drop the gradient"),
        (lambda x: x[0].item() * 2, r"item\(\) would drop the gradient.*keep the Tensor"),
        (lambda x: sum(x.tolist()), r"tolist\(\) would drop the gradient"),
        (lambda x: X.dot(x), r"write np.f\(a, t\) for methods of plain arrays such as a.dot"),
    ],
)
def test_conversions_inside_a_transform_are_refused(f, message):
    with pytest.raises(TypeError, match=message):
        ag.grad(f)(X)


def test_filling_a_plain_array_is_refused():
    def f(x):
        out = np.zeros(2)
        out[0] = x[0]
        return out.sum()

    with pytest.raises(TypeError, match="would drop the gradient.*ag.stack joins"):
        ag.grad(f)(X)


def test_conversions_work_on_everything_else():
    t = ag.Tensor([1.0, 2.0])
    assert float(t[0]) == 1.0
    assert np.array([t[0], t[1]]).tolist() == [1.0, 2.0]
    assert np.asarray(t * 2).tolist() == [2.0, 4.0]

    def f(x):
        assert float(ag.Tensor(3.0)) == 3.0
        assert np.asarray(x.detach()).tolist() == X.tolist()
        assert float(x.value[0]) == X[0]
        assert x[0] < 5
        return x.sum()

    ag.grad(f)(X)
    joined = ag.grad(lambda x: (ag.array([x[0] * 2, x[1], 1.0]) ** 2).sum())(X)
    np.testing.assert_allclose(joined, [8 * X[0], 2 * X[1]])


# --- errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: ag.grad(lambda x: x)(np.arange(3)),
            "cannot differentiate in an array of dtype int64",
        ),
        (lambda: ag.grad(lambda x: x)("text"), "cannot differentiate in a str"),
        (lambda: ag.grad(lambda x: x, 2)(X), "argnums names argument 2, but 1 were given"),
        (lambda: ag.grad(lambda x: x)(X), r"the result has shape \(2,\)"),
        (lambda: ag.grad(lambda x: x)(np.array(["2020"], "M8[Y]")), "of dtype datetime64"),
        (lambda: ag.grad(lambda x: x)(np.array([None])), "of dtype object"),
        (lambda: ag.vjp(lambda x: (x, x), X)[1](X), "a tuple of 2, got an array of shape"),
        (lambda: ag.vjp(lambda x: x, X)[1](ag.Tensor(1.0)), r"expected a gradient of shape \(2,\)"),
        (lambda: ag.jvp(lambda x: x, X, (X,)), "primals and tangents must be tuples"),
        (
            lambda: ag.jvp(lambda x: x, (X,), (1.0,)),
            r"jvp: expected tangents of shape \(2,\), got \(\)",
        ),
        (
            lambda: ag.jvp(lambda x: x, (X,), (X, X)),
            "built as the arguments are: a tuple of 1, got a tuple",
        ),
        (lambda: ag.jvp(lambda x: x, (X,), (1j * X,)), "tangents of dtype float64, got complex128"),
        (lambda: ag.vjp(lambda x: x, X)[1](1j * X), "a gradient of dtype float64, got complex128"),
        (
            lambda: ag.vjp(lambda x: {"a": x}, X)[1]({"b": X}),
            r"the keys \['a'\], got a dict with the keys",
        ),
        (lambda: ag.hvp(lambda x: (x**2).sum())(X, 1.0), r"hvp: expected a vector of shape \(2,\)"),
        (lambda: ag.hvp(lambda x: (x**2).sum())(X), "the arguments of the function and a vector"),
        (lambda: ag.grad(lambda x, y: x, (0, -2))(X, X), "argnums names argument 0 twice"),
        (lambda: ag.grad(lambda x: x, "x"), "argnums must be the position of an argument"),
        (lambda: ag.jacobian(lambda x: x, True), "argnums must be the position of an argument"),
        (lambda: ag.hessian(np.sum, X), r"to what this returns: ag.hessian\(f\)\(x\)"),
        (lambda: ag.elementwise_grad(np.sin, (0, X)), r"ag.elementwise_grad\(f\)\(x\)"),
        (lambda: ag.grad(np.sum(X)), r"expected a function, .*; write ag.grad\(f\)\(x\), not"),
        (lambda: ag.jacobian(3.0), "jacobian: expected a function, got a float"),
        (
            lambda: ag.grad(lambda x: x)(x=X),
            "0 were given by position; keyword arguments are constants",
        ),
        (
            lambda: ag.grad(lambda x: x)(ag.Scalar(2.0)),
            "cannot differentiate in a Scalar; pass its .value",
        ),
        (lambda: ag.grad(lambda x: x)({"i": np.arange(3)}), "in an array of dtype int64"),
        (lambda: ag.grad(lambda x: None)(X), "grad: the function returned None; return the result"),
        (lambda: ag.jacobian(lambda x: None)(X), "jacobian: the function returned None"),
        (lambda: ag.vjp(lambda x: None, X), "vjp: the function returned None"),
        (lambda: ag.jvp(lambda x: None, (X,), (X,)), "jvp: the function returned None"),
        (
            lambda: ag.grad(lambda x: [x])(X),
            "returned a list of 1, expected one array; use ag.jacobian",
        ),
        (
            lambda: ag.elementwise_grad(lambda x: (x,))(X),
            "returned a tuple of 1, expected one array",
        ),
        (
            lambda: ag.jacobian(lambda x: (x, "name"))(X),
            "returned a str, expected one array; return",
        ),
        (
            lambda: ag.grad_and_aux(lambda x: x.sum())(X),
            r"returns a pair \(value, aux\), got an array",
        ),
        (lambda: ag.jacobian(np.conj)(1j * X), "not holomorphic.*real and imaginary parts"),
        (
            lambda: ag.elementwise_grad(np.conj)(1j * X),
            "elementwise_grad: the function is not holomorphic",
        ),
        (
            lambda: ag.Tensor(X).backward(1j * X),
            "backward: the result is real and the seed complex",
        ),
        (
            lambda: ag.hvp(lambda x: (x**2).sum())(X, (X, X)),
            "built as the arguments are: an array of shape",
        ),
        (lambda: ag.grad(lambda x: x * 1j)(2.0), "the result is complex"),
    ],
)
def test_what_cannot_be_differentiated(call, message):
    with pytest.raises((TypeError, ValueError, RuntimeError), match=message):
        call()
