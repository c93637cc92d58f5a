"""Rules given to primitives, to functions of these modules, and to plain functions."""

import importlib

import numpy
import pytest
from numpy.testing import assert_allclose

import agx.compat.autograd.numpy as np
from agx.compat.autograd import core, elementwise_grad, extend, grad, hessian, jacobian, make_jvp
from agx.compat.autograd.differential_operators import make_jvp_reversemode
from agx.compat.autograd.extend import (
    def_linear,
    defjvp,
    defjvp_argnum,
    defjvp_argnums,
    defvjp,
    defvjp_argnums,
    primitive,
    register_notrace,
)
from agx.compat.autograd.numpy.wrapped import Function
from agx.compat.autograd.test_util import check_grads

X = numpy.array([0.5, 1.5, 2.0])


def test_core_and_extend_offer_the_same_rules():
    for name in ("defvjp", "defvjp_argnum", "defjvp", "defjvp_argnums", "vspace", "def_linear"):
        assert getattr(core, name) is getattr(extend, name)


def test_a_rule_for_a_function_of_numpy():
    sine = Function(numpy.sin)
    defvjp(sine, lambda ans, x: lambda g: 7.0 * g)
    assert grad(sine)(0.3) == 7.0 and sine(0.3) == numpy.sin(0.3)
    assert_allclose(grad(np.sin)(0.3), numpy.cos(0.3))  # only what was given the rule has it


def test_a_rule_for_where_as_a_package_gives_one():
    masked = Function(numpy.where)
    defvjp(masked, None, lambda ans, c, x, y: lambda g: masked(c, g, 0.0), None)
    assert_allclose(grad(lambda x: np.sum(masked(X > 1, x**2, 0.0)))(X), [0.0, 3.0, 4.0])
    check_grads(lambda x: masked(X > 1, x**3, 0.0), modes=["rev"], order=2)(X)


def special_functions():
    pytest.importorskip("scipy")
    return importlib.import_module("agx.compat.autograd.scipy.special")


def test_a_forward_rule_changes_nothing_where_there_is_a_pull_back():
    special = special_functions()
    defjvp(special.expit, lambda g, ans, x: g * 100.0)
    assert_allclose(make_jvp(special.expit)(0.0)(1.0)[1], 0.25)
    defvjp(special.expit, lambda ans, x: lambda g: g * ans * (1 - ans))
    assert_allclose(grad(special.expit)(0.0), 0.25)


def test_a_rule_for_what_agx_cannot_differentiate():
    special = special_functions()
    with pytest.raises(NotImplementedError, match="argument 0 is defined"):
        grad(special.k0e)(1.0)
    defvjp(special.k0e, lambda ans, x: lambda g: g * (ans - special.k1e(x)))
    check_grads(special.k0e, modes=["rev"], order=1)(1.3)
    interp = Function(numpy.unwrap)
    defjvp(interp, lambda g, ans, x: g)
    assert_allclose(jacobian(interp)(X), numpy.eye(3))


def test_rules_of_a_plain_function_are_accepted():
    def square(x):
        return x**2

    defvjp(square, lambda ans, x: lambda g: g * 2 * x)
    defjvp(square, lambda g, ans, x: g * 2 * x)
    assert grad(square)(3.0) == 6.0


def test_a_forward_rule_alone_serves_both_directions():
    cube = primitive(lambda x, a: a * x**3)
    defjvp(cube, lambda g, ans, x, a: 3 * a * x**2 * g, lambda g, ans, x, a: x**3 * g)
    assert_allclose(elementwise_grad(cube)(X, 2.0), 6 * X**2)
    assert_allclose(make_jvp(cube, 1)(X, 2.0)(1.0)[1], X**3)
    assert_allclose(hessian(lambda x: np.sum(cube(x, 2.0)))(X), numpy.diag(12 * X))
    only = primitive(lambda x, y: x * y)
    defjvp(only, lambda g, ans, x, y: g * y)
    with pytest.raises(NotImplementedError, match="argument 1 is defined"):
        grad(only, 1)(1.0, 2.0)


def test_other_forward_rules():
    scale = primitive(lambda x, a: x * a)
    def_linear(scale)
    assert_allclose(grad(lambda x: np.sum(scale(x, 3.0)))(X), 3.0)
    same = primitive(lambda x, n: x * n)
    defjvp(same, "same", None)
    assert grad(same)(2.0, 5.0) == 5.0 and grad(same, 1)(2.0, 5.0) == 0.0
    numbered = primitive(lambda x, y: x + 2 * y)
    defjvp_argnum(numbered, lambda i, g, ans, args, kwargs: g * (i + 1))
    assert grad(numbered, 1)(1.0, 1.0) == 2.0
    defjvp_argnums(numbered, lambda nums, gs, ans, args, kwargs: gs[0] * (nums[0] + 5))
    assert grad(numbered, 1)(1.0, 1.0) == 6.0


def test_primitives_that_return_nests():
    @primitive
    def parts(x):
        return {"w": x**2, "n": numpy.array([4, 2])}, 3.0 * x

    def maker(ans, x):
        found, _ = ans
        assert found["n"].dtype.kind == "i"
        return lambda g: g[0]["w"] * 2 * x + 3.0 * g[1]

    defvjp(parts, maker)

    def loss(x):
        found, more = parts(x)
        return np.sum(found["w"][found["n"][1] - 1] * more)

    want = lambda x: np.sum((x**2)[1] * (3.0 * x))
    assert_allclose(grad(loss)(X), grad(want)(X))
    assert_allclose(hessian(loss)(X), hessian(want)(X))
    assert parts(X)[0]["n"][0] == 4
    mixed = primitive(lambda x: (x, 1j * x))
    defvjp(mixed, lambda ans, x: lambda g: g[0] + np.real(1j * g[1]))
    assert_allclose(grad(lambda x: mixed(x)[0] + np.imag(mixed(x)[1]))(2.0), 2.0)


def test_primitives_of_nests():
    @primitive
    def total(params, scale):
        return scale * (params["a"] + params["b"][0] ** 2)

    def to_params(ans, params, scale):
        return lambda g: {"a": g * scale, "b": [g * scale * 2 * params["b"][0], None]}

    defvjp(total, to_params, lambda ans, params, scale: lambda g: g * ans / scale)
    slope = grad(lambda p: total(p, 3.0))({"a": 1.0, "b": [2.0, 5.0]})
    assert slope["a"] == 3.0 and slope["b"][0] == 12.0 and slope["b"][1] == 0.0
    assert grad(lambda s: total({"a": 1.0, "b": [2.0]}, s))(3.0) == 5.0


def test_primitives_as_methods():
    class Model:
        @primitive
        def scaled(self, x):
            return 2 * x

    defvjp(Model.scaled, lambda ans, self, x: lambda g: 2 * g, argnums=[1])
    assert grad(Model().scaled)(1.0) == 2.0


def test_rules_of_several_arguments_at_once():
    product = primitive(lambda x, y: x * y)
    defvjp_argnums(
        product, lambda nums, ans, args, kwargs: lambda g: [g * args[1 - i] for i in nums]
    )
    assert grad(product, (0, 1))(2.0, 5.0) == (5.0, 2.0)


def test_primitives_without_a_trace():
    step = primitive(lambda x: numpy.floor(x))
    register_notrace(None, step)
    assert grad(lambda x: x * step(x))(2.5) == 2.0
    floor = Function(numpy.ceil)
    register_notrace(None, floor)
    assert grad(lambda x: x * floor(x))(2.5) == 3.0
    with pytest.raises(
        TypeError, match="register_notrace: expected a primitive, got .* notrace_prim"
    ):
        register_notrace(None, len)


def test_the_old_ways_to_give_rules():
    @primitive
    def f(x, y, z):
        return x * y + z

    f.defvjp(lambda g, ans, vs, gvs, x, y, z: g * y * vs.size)
    f.defgrad(lambda ans, x, y, z: lambda g: g * x, argnum=1)
    f.defvjp_is_zero(argnums=(2,))
    assert grad(f, (0, 1, 2))(2.0, 3.0, 5.0) == (3.0, 2.0, 0.0)


def test_pushing_forward_by_pulling_back():
    f = lambda x: np.sin(x) * x[0]
    v = numpy.array([1.0, -1.0, 2.0])
    assert_allclose(make_jvp_reversemode(f)(X)(v), jacobian(f)(X) @ v)


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.parametrize(("f", "slope"), [(np.log, numpy.inf), (np.sqrt, numpy.inf)])
def test_an_infinite_slope_is_pushed_forward(f, slope):
    assert make_jvp(f)(0.0)(1.0)[1] == slope
    only = primitive(lambda x: f(x))
    defjvp(only, lambda g, ans, x: g / x)
    assert grad(only)(0.0) == slope
