"""Programs in the style of HIPS autograd, run on agx by their imports alone.

Numbers written out below were printed by autograd 1.9.1 for the same programs.
"""

from collections import namedtuple
from importlib.util import find_spec

import numpy
import pytest
from numpy.testing import assert_allclose

import agx.compat.autograd.numpy as np
import agx.compat.autograd.numpy.random as npr
from agx.compat.autograd import (
    checkpoint,
    deriv,
    elementwise_grad,
    grad,
    grad_and_aux,
    grad_named,
    hessian,
    hessian_vector_product,
    holomorphic_grad,
    jacobian,
    make_ggnvp,
    make_hvp,
    make_jvp,
    make_vjp,
    multigrad_dict,
    tensor_jacobian_product,
    value_and_grad,
)
from agx.compat.autograd.builtins import dict as ag_dict
from agx.compat.autograd.builtins import isinstance as ag_isinstance
from agx.compat.autograd.builtins import list as ag_list
from agx.compat.autograd.builtins import tuple as ag_tuple
from agx.compat.autograd.builtins import type as ag_type
from agx.compat.autograd.extend import defjvp, defvjp, defvjp_argnum, notrace_primitive, primitive
from agx.compat.autograd.misc.flatten import flatten, flatten_func
from agx.compat.autograd.misc.optimizers import adam, rmsprop, sgd
from agx.compat.autograd.numpy.numpy_boxes import ArrayBox
from agx.compat.autograd.scipy import special
from agx.compat.autograd.scipy.stats import norm
from agx.compat.autograd.test_util import (
    check_equivalent,
    check_grads,
    check_jvp,
    check_vjp,
    combo_check,
    scalar_close,
)
from agx.compat.autograd.tracer import getval, isbox
from agx.compat.autograd.util import quick_grad_check

needs_scipy = pytest.mark.skipif(not find_spec("scipy"), reason="SciPy is not installed")


def close(actual, expected, rtol=1e-9):
    assert_allclose(actual, expected, rtol=rtol, atol=1e-12)


# --- programs ------------------------------------------------------------------------------------


def test_logistic_regression():
    inputs = np.array(
        [[0.52, 1.12, 0.77], [0.88, -1.08, 0.15], [0.52, 0.06, -1.30], [0.74, -2.49, 1.39]]
    )
    targets = np.array([True, True, False, True])

    def sigmoid(x):
        return 0.5 * (np.tanh(x / 2.0) + 1)

    def training_loss(weights):
        preds = sigmoid(np.dot(inputs, weights))
        label_probabilities = preds * targets + (1 - preds) * (1 - targets)
        return -np.sum(np.log(label_probabilities))

    training_gradient_fun = grad(training_loss)
    weights = np.array([0.0, 0.0, 0.0])
    for _ in range(100):
        weights -= training_gradient_fun(weights) * 0.1
    close(training_loss(weights), 0.16741083035759796)
    close(weights, [1.7703072743008375, -0.537711787479544, 3.210466517121864])
    check_grads(training_loss, modes=["rev"])(weights)


@needs_scipy
def test_neural_network_with_adam():
    rs = npr.RandomState(0)
    params = [(rs.randn(m, n) * 0.5, rs.randn(n) * 0.1) for m, n in [(2, 8), (8, 8), (8, 3)]]
    x = rs.randn(20, 2)
    labels = np.eye(3)[(x[:, 0] > 0).astype(int) + (x[:, 1] > 0)]

    def predict(params, inputs):
        for W, b in params:
            outputs = np.dot(inputs, W) + b
            inputs = np.tanh(outputs)
        return outputs - special.logsumexp(outputs, axis=1, keepdims=True)

    def l2_norm(params):
        flattened, _ = flatten(params)
        return np.dot(flattened, flattened)

    def objective(params, i):
        return -np.sum(predict(params, x) * labels) + 0.01 * l2_norm(params)

    seen = []

    def callback(params, i, g):
        if i % 10 == 0:
            assert len(g) == 3 and g[0][0].shape == (2, 8)
            seen.append(objective(params, i))

    trained = adam(grad(objective), params, step_size=0.05, num_iters=50, callback=callback)
    seen.append(objective(trained, 0))
    close(
        seen,
        [
            29.843688248733805,
            8.302427843935876,
            4.147683348466364,
            2.240796083463241,
            1.3992370747900282,
            1.1573337142513682,
        ],
    )
    assert type(trained) is list and type(trained[0]) is tuple


def test_other_optimizers():
    slope = lambda p, i: grad(lambda p: np.sum((p["w"] - 3.0) ** 2) + p["b"] ** 2)(p)
    start = {"w": np.array([1.0, -2.0]), "b": 2.0}
    found = sgd(slope, start, num_iters=30, step_size=0.2, mass=0.8)
    close([*found["w"], found["b"]], [3.0184230567194, 3.0460576417984995, -0.01842305671939977])
    found = rmsprop(slope, start, num_iters=30)
    close([*found["w"], found["b"]], [2.976303828891892, 1.2992539007639463, 0.023696171108107858])


def test_rosenbrock_hessian():
    def rosenbrock(x):
        return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2

    x = np.array([-1.2, 1.0])
    close(hessian(rosenbrock)(x), [[1330.0, 480.0], [480.0, 200.0]])
    close(hessian_vector_product(rosenbrock)(x, np.array([1.0, -1.0])), [850.0, 280.0])
    hvp, gradient = make_hvp(rosenbrock)(x)
    close(hvp(np.array([1.0, -1.0])), [850.0, 280.0])
    close(gradient, [-215.6, -88.0])
    for _ in range(10):
        x = x - np.linalg.inv(hessian(rosenbrock)(x)) @ grad(rosenbrock)(x)
    close(x, [1.0, 1.0])


def test_steps_of_a_differential_equation():
    """Fit the rate and the start of x' = -rate x (1 + 0.1 sin t) through an explicit loop."""

    def simulate(params, steps=40, dt=0.05):
        x, path = params["start"], []
        for k in range(steps):
            half = x + 0.5 * dt * (-params["rate"] * x * (1 + 0.1 * np.sin(k * dt)))
            x = x + dt * (-params["rate"] * half * (1 + 0.1 * np.sin((k + 0.5) * dt)))
            path.append(x)
        return np.array(path)

    def loss(params, data):
        return np.mean((simulate(params) - data) ** 2)

    data = np.exp(-0.7 * np.arange(1, 41) * 0.05)
    value, slope = value_and_grad(loss)({"rate": 0.5, "start": 1.2}, data)
    close(
        [value, slope["rate"], slope["start"]],
        [0.0420547476060665, -0.2615601617520073, 0.2549947728931634],
    )
    check_grads(lambda p: loss(p, data), modes=["fwd", "rev"], order=2)({"rate": 0.5, "start": 1.2})


def test_logsumexp_of_ones_own():
    @primitive
    def logsumexp(x):
        """Numerically stable log(sum(exp(x)))"""
        assert not isbox(x)
        max_x = np.max(x)
        return max_x + np.log(np.sum(np.exp(x - max_x)))

    def logsumexp_vjp(ans, x):
        x_shape = x.shape
        return lambda g: np.full(x_shape, g) * np.exp(x - np.full(x_shape, ans))

    defvjp(logsumexp, logsumexp_vjp)
    defjvp(logsumexp, lambda g, ans, x: np.sum(g * np.exp(x - ans)))

    def example_func(y):
        z = y**2
        return np.sum(logsumexp(z))

    y = np.array([1.5, -6.7, 1e-10])
    close(grad(example_func)(y), [9.09503859548648e-19, -13.4, 6.390733435496685e-30])
    check_grads(example_func, modes=["rev"])(np.array([0.5, -0.7, 0.1]))
    assert logsumexp.__name__ == "logsumexp"


def test_complex_fourier_loss():
    target = np.abs(np.fft.fft(np.cos(np.arange(8.0))))

    def loss(z):
        spectrum = np.fft.fft(z)
        return np.sum((np.abs(spectrum) - target) ** 2) + np.real(z[0] * np.conj(z[1]))

    z = np.exp(1j * np.arange(8.0) ** 1.5)
    slope = grad(loss)(z)
    close(
        [slope[0], slope[3]],
        [-4.3138674722187815 + 3.6790313063298656j, 15.155308421900909 + 10.025525117565632j],
    )
    close(holomorphic_grad(lambda z: np.sum(z**3))(z), 3 * z**2)


def test_tanh_seven_times():
    x = np.linspace(-7, 7, 5)
    f, found = np.tanh, []
    for _ in range(7):
        found.append(f(x)[1])
        f = elementwise_grad(f)
    found.append(f(x)[1])
    close(
        found,
        [
            -0.9981778976111987,
            0.0036408847204873066,
            0.007268501311481513,
            0.01448400263266196,
            0.02875643994153624,
            0.056669222188347024,
            0.10997940145585616,
            0.2066158889013754,
        ],
        rtol=1e-7,
    )


@needs_scipy
def test_gaussian_mixture_likelihood():
    x = np.array([-1.3, 0.2, 2.5])

    def loglik(params):
        logits, means, log_scales = params
        weights = logits - special.logsumexp(logits)
        parts = [
            w + norm.logpdf(x, m, np.exp(s))
            for w, m, s in zip(weights, means, log_scales, strict=True)
        ]
        return np.sum(special.logsumexp(np.array(parts), axis=0))

    params = (np.array([0.1, -0.2]), np.array([-1.0, 2.0]), np.array([0.0, 0.3]))
    value, slope = value_and_grad(loglik)(params)
    close(
        [value, *np.concatenate(slope)],
        [
            -5.439923940492124,
            -0.06386163421177926,
            0.06386163421177926,
            0.5432941960421034,
            -0.09049708906859938,
            -0.5359417999939542,
            -0.47283664622456834,
        ],
    )
    assert type(slope) is tuple


# --- transforms ----------------------------------------------------------------------------------


def test_argnum_may_be_several():
    f = lambda x, y, z: np.sum(x * y**2) + z
    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    close(grad(f, 1)(x, y, 0.0), 2 * x * y)
    both = grad(f, (0, 1))(x, y, 0.0)
    assert type(both) is tuple
    close(both[0], y**2)
    close(grad(f, argnum=[2])(x, y, 0.0)[0], 1.0)
    close(grad_named(lambda a, b: a * b**2, "b")(3.0, 2.0), 12.0)
    value, (gx, gy) = value_and_grad(f, (0, 1))(x, y, 0.0)
    close(value, 41.0)
    close(gy, 2 * x * y)


def test_gradients_by_name():
    f = lambda a, *rest, b=2.0, **more: a * b + rest[0] * more["c"]
    found = multigrad_dict(f)(3.0, 5.0, c=7.0)
    assert found == {"a": 2.0, "rest": (7.0,), "b": 3.0, "more": {"c": 5.0}}


def test_results_are_plain():
    value, slope = value_and_grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    assert type(slope) is np.ndarray and np.isscalar(value)
    assert np.isscalar(grad(np.tanh)(1.0))
    with pytest.warns(UserWarning, match="Output seems independent of input"):
        assert grad(lambda x: 3.0)(1.0) == 0.0
    assert grad(np.sum)(np.ones(3, np.float32)).dtype == np.float32


def test_containers_keep_their_form():
    Pair = namedtuple("Pair", "left right")
    tree = {"b": [np.ones(2), (2.0, np.ones((1, 2)))], "a": Pair(1.0, np.ones(1))}

    def f(tree):
        total = np.sum(tree["b"][0] ** 2) + tree["b"][1][0] * np.sum(tree["b"][1][1])
        return total * tree["a"].left + np.sum(tree["a"].right)

    slope = grad(f)(tree)
    assert list(slope) == ["b", "a"] and type(slope["b"][1]) is tuple and type(slope["a"]) is Pair
    close(slope["b"][0], [2.0, 2.0])
    close([slope["b"][1][0], slope["a"].left, slope["a"].right[0]], [2.0, 6.0, 1.0])
    close(slope["b"][1][1], [[2.0, 2.0]])


def test_vjp_and_jvp():
    f = lambda x: np.sin(x) * x[0]
    x, v = np.array([0.3, 0.7]), np.array([1.0, -2.0])
    J = jacobian(f)(x)
    vjp, value = make_vjp(f)(x)
    close(value, f(x))
    close(vjp(v), v @ J)
    value, tangent = make_jvp(f)(x)(v)
    close(value, f(x))
    close(tangent, J @ v)
    close(make_jvp(lambda a, b: a * b, (0, 1))(2.0, 3.0)((1.0, 10.0))[1], 23.0)
    close(deriv(lambda x: x**3)(2.0), 12.0)
    close(tensor_jacobian_product(f)(x, v), v @ J)
    close(make_jvp(lambda z: z**2)(1 + 2j)(1j)[1], 2j * (1 + 2j))
    close(grad(lambda x: make_jvp(lambda y: x * y**2)(3.0)(1.0)[1])(2.0), 6.0)
    close(make_ggnvp(f)(x)(v), J.T @ J @ v)


def test_jacobian_shapes():
    assert jacobian(lambda x: np.dot(x, x.T))(np.ones((2, 3))).shape == (2, 2, 2, 3)
    assert jacobian(np.sum)(np.ones((2, 3))).shape == (2, 3)
    assert hessian(lambda x: x**2)(np.ones(2)).shape == (2, 2, 2)


def test_auxiliary_results():
    slope, aux = grad_and_aux(lambda x: (np.sum(x**2), {"half": x / 2}))(np.array([2.0]))
    close(slope, [4.0])
    close(aux["half"], [1.0])


def test_nested_transforms_do_not_confuse_each_other():
    close(grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0), 1.0)
    close(grad(lambda x: x * grad(lambda y: x * y**2)(x))(2.0), 24.0)
    close(grad(lambda a: value_and_grad(lambda b: a * b["p"])({"p": a})[0])(3.0), 6.0)
    inner_plain = lambda x: grad(lambda y: x * y**2)(3.0) * make_vjp(lambda y: x * y)(2.0)[0](1.0)
    assert type(grad(inner_plain)(2.0)) is np.float64
    close(grad(inner_plain)(2.0), 24.0)
    pushed = grad(lambda x: make_jvp(lambda y: x**2 * y**2)(3.0)(1.0)[1])(2.0)
    assert type(pushed) is np.float64 and pushed == 24.0


def test_a_gradient_that_would_be_lost_is_an_error():
    with pytest.raises(TypeError, match="would drop the gradient|would lose its gradient"):
        grad(lambda x: numpy.sum([x, x]))(1.0)


def test_checkpoint():
    calls = []

    def layer(w, x, power=2):
        calls.append(0)
        return np.tanh(np.dot(w["W"], x)) ** power

    w, x = {"W": np.array([[0.1, 0.2], [0.3, -0.4]])}, np.array([1.0, 2.0])
    loss = lambda f: lambda w, x: np.sum(f(w, f(w, x), power=3))
    expected = grad(loss(layer), (0, 1))(w, x)
    calls.clear()
    found = grad(loss(checkpoint(layer)), (0, 1))(w, x)
    close(found[0]["W"], expected[0]["W"])
    close(found[1], expected[1])
    assert len(calls) == 4
    close(
        hessian(lambda x: loss(checkpoint(layer))(w, x))(x), hessian(lambda x: loss(layer)(w, x))(x)
    )


# --- arrays of Tensors ---------------------------------------------------------------------------


def test_arrays_of_what_is_traced():
    def f(x):
        rows = np.array([[x, 2.0 * x], [1.0, x**2]])
        return (
            np.sum(rows)
            + np.sum([x, x])
            + np.dot([x, 1.0], np.array([2.0, 0.0]))
            + np.max((x, 5.0 * x))
        )

    close(grad(f)(3.0), 3.0 + 6.0 + 2.0 + 2.0 + 5.0)
    close(grad(lambda x: np.sum(np.concatenate([[x, x**2], np.ones(2)]) ** 2))(2.0), 4.0 + 32.0)
    close(jacobian(lambda x: np.stack([x, [x[1], x[0]]]))(np.ones(2))[1], [[0.0, 1.0], [1.0, 0.0]])
    close(grad(lambda x: np.sum(np.asarray(x) * np.full(3, x)))(2.0), 12.0)
    assert jacobian(lambda x: np.array([x, x], ndmin=2))(2.0).shape == (1, 2)


def test_joining_by_index():
    x = np.array([1.0, 2.0])
    close(jacobian(lambda x: np.r_[x, 3.0, 0:2, x[0]])(x), [[1, 0], [0, 1], *[[0, 0]] * 3, [1, 0]])
    close(np.r_[x, 3.0], [1.0, 2.0, 3.0])
    close(grad(lambda x: np.sum(np.c_[x, x**2, np.eye(2)] * [[1.0], [10.0]]))(x), [3.0, 50.0])
    close(jacobian(np.make_diagonal)(x)[1, 1], [0.0, 1.0])
    with pytest.raises(TypeError, match="joined without a directive; use np.concatenate"):
        grad(lambda x: np.sum(np.r_["0,2", x]))(x)
    with pytest.raises(NotImplementedError, match="only offset=0 and the last two axes"):
        np.make_diagonal(x, 1)


def test_plain_arrays_are_numpys():
    assert type(np.array([1, 2])) is np.ndarray and np.array([1, 2]).dtype == int
    assert np.zeros((2, 3), dtype=np.float32).dtype == np.float32
    assert np.pi > 3 and np.full(2, 7).tolist() == [7, 7] and np.asarray([1.0]).shape == (1,)
    assert np.maximum.reduce(np.array([1.0, 3.0])) == 3.0
    assert npr.RandomState(0).rand() == npr.RandomState(0).rand()
    close(np.linalg.inv(np.eye(2) * 2), np.eye(2) / 2)


# --- extending -----------------------------------------------------------------------------------


def test_primitives_of_several_arguments():
    @primitive
    def scaled_power(x, n, y, axis=None):
        return np.sum(y * x**n, axis=axis)

    assert scaled_power(np.ones(3), 2, 1.0) == 3.0
    defvjp(
        scaled_power,
        lambda ans, x, n, y, axis=None: lambda g: g * n * y * x ** (n - 1),
        None,
        lambda ans, x, n, y, axis=None: lambda g: g * np.sum(x**n, axis=axis),
    )
    x = np.array([1.0, 2.0])
    gx, gy = grad(lambda x, y: scaled_power(x, 3, y, axis=0), (0, 1))(x, 2.0)
    close(gx, 6 * x**2)
    close(gy, 9.0)
    close(hessian(lambda x: scaled_power(x, 3, 2.0))(x), np.diag(12 * x))

    @primitive
    def product(*xs):
        return np.prod(np.array(xs))

    defvjp_argnum(product, lambda i, ans, args, kwargs: lambda g: g * ans / args[i])
    close(grad(product, (0, 2))(2.0, 3.0, 5.0), (15.0, 6.0))
    defvjp(product, lambda ans, *xs: lambda g: g * 7.0, argnums=(1,))
    close(grad(product, 1)(2.0, 3.0, 5.0), 7.0)
    with pytest.raises(NotImplementedError, match="product wrt argnum 0 not|argument 0 is defined"):
        grad(product)(2.0, 3.0, 5.0)


def test_untraced_functions_and_builtins():
    seen = []

    @notrace_primitive
    def look(x):
        seen.append(isbox(x))
        return float(np.sum(x))

    def f(x):
        assert ag_isinstance(x, np.ndarray) and ag_type(x) is np.ndarray and isbox(x)
        assert isinstance(x, ArrayBox)
        assert ag_isinstance(ag_list([x]), list) and ag_isinstance(ag_tuple([x]), tuple)
        return np.sum(ag_dict({"a": x})["a"] * getval(x)) + look(x)

    close(grad(f)(np.array([1.0, 2.0])), [1.0, 2.0])
    assert seen == [False]


def test_flatten():
    tree = {"b": np.array([[1.0, 2.0]]), "a": (3.0, [4.0])}
    vector, unflatten = flatten(tree)
    close(vector, [3.0, 4.0, 1.0, 2.0])
    back = unflatten(vector)
    assert back["a"] == (3.0, [4.0])
    close(back["b"], tree["b"])
    close(grad(lambda t: np.sum(flatten(t)[0] ** 2))(tree)["b"], [[2.0, 4.0]])
    close(grad(lambda v: np.sum(unflatten(v)["b"] ** 2))(vector), [0.0, 0.0, 2.0, 4.0])
    assert flatten([])[0].shape == (0,)
    func, _, start = flatten_func(lambda t: {"c": t["b"] * 2}, tree)
    close(func(start), [2.0, 4.0])


def test_every_combination_is_checked():
    seen = []

    def f(x, y, power=1):
        seen.append((int(getval(y)), power))
        return x**power * y

    combo_check(f, 0, modes=["rev"], order=1)([np.ones(2), 0.5], [3, 4], power=[1, 2])
    assert set(seen) == {(3, 1), (3, 2), (4, 1), (4, 2)}


def test_check_grads_finds_a_wrong_rule():
    @primitive
    def wrong(x):
        return x**2

    defvjp(wrong, lambda ans, x: lambda g: g * x)
    with pytest.raises(AssertionError, match="derivative"):
        check_grads(wrong, modes=["rev"], order=1)(1.5)
    check_grads(lambda z, w: np.abs(z * w["a"]) ** 2, (0, 1))(
        1.0 + 2.0j, {"a": np.array([0.5, 2.0])}
    )


def test_checks_of_older_programs():
    check_equivalent({"a": [1.0]}, {"a": [1.0 + 1e-9]})
    with pytest.raises(AssertionError, match="the values differ"):
        check_equivalent([1.0], [1.1])
    with pytest.raises(AssertionError, match="the forms differ"):
        check_equivalent(1.0, np.ones(2))
    assert scalar_close(1e9, 1e9 + 1) and not scalar_close(1.0, 1.1)
    check_vjp(np.sin, 1.0)
    check_jvp(np.min, np.array([1.0, 1.0 + 1e-5]))
    quick_grad_check(lambda x, y: x * y, 2.0, (3.0,))

    @primitive
    def blind(g):
        return g * 2.0

    defvjp(blind, lambda ans, g: lambda h: h * 2.1)
    doubled = primitive(lambda x: x * 2.0)
    defvjp(doubled, lambda ans, x: lambda g: blind(g))
    with pytest.raises(AssertionError, match="forward and reverse derivatives differ"):
        check_grads(doubled, modes=["rev"])(1.0)


# --- what is refused -----------------------------------------------------------------------------


def test_results_that_have_no_gradient():
    with pytest.raises(
        TypeError, match=r"grad: expected .* one real number, got float64 of shape \(2,\)"
    ):
        grad(lambda x: x * 2)(np.ones(2))
    with pytest.raises(
        TypeError, match=r"grad: .*got complex128 of shape \(\); use .*holomorphic_grad"
    ):
        grad(lambda z: z * 2)(1j)
    with pytest.raises(TypeError, match="value_and_grad: expected .* got list; use jacobian"):
        value_and_grad(lambda x: [x])(1.0)
    with pytest.raises(TypeError, match="elementwise_grad: the result is complex"):
        elementwise_grad(lambda z: z * 2)(1j)
    with pytest.raises(
        TypeError, match="jacobian: expected one array in and one out, got a container"
    ):
        jacobian(lambda x: x[0])([np.ones(2)])
    with pytest.raises(TypeError, match="jacobian: the result is complex and the argument real"):
        jacobian(lambda x: x * 1j)(np.ones(2))


def test_arguments_that_have_no_gradient():
    with pytest.raises(
        TypeError, match="cannot differentiate with respect to str: expected numbers"
    ):
        grad(lambda p: p["x"])({"x": 1.0, "name": "rate"})
    with pytest.raises(TypeError, match="grad: argnum is 1 but there are 1 positional arguments"):
        grad(lambda x, y: x * y, 1)(1.0, y=2.0)
    with pytest.warns(UserWarning, match="holomorphic_grad: the argument is not complex"):
        holomorphic_grad(lambda x: x**2)(3.0)


def test_primitives_that_would_lose_a_gradient():
    scale = primitive(lambda x, by=1.0: x * by)
    with pytest.raises(TypeError, match="no gradient flows through the keyword argument 'by'"):
        grad(lambda x: scale(2.0, by=x))(3.0)
    with pytest.raises(NotImplementedError, match="argument 0 is defined; give one with defvjp"):
        grad(scale)(3.0)
    with pytest.raises(
        TypeError, match="must return plain numbers, got a Tensor; pass every Tensor"
    ):
        grad(lambda y: checkpoint(lambda x: x * y)(y))(3.0)
    with pytest.raises(TypeError, match="defvjp: expected a function, got 3"):
        defvjp(3, lambda ans, x: lambda g: g)
    with pytest.raises(ValueError, match="check_grads: modes are 'fwd' and 'rev', got"):
        check_grads(np.sin, modes=["forward"])(1.0)
