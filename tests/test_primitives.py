"""What is known of an operation belongs to the object that is the operation, whatever its name."""

import copy

import numpy as np
import pytest

import agx as ag
from agx._engine.graph import numpy_functions, primitive, registry

X, W = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4) / 7


def test_a_function_called_matmul_has_its_own_jacobian():
    @ag.custom_vjp
    def matmul(x, w):
        return x @ w

    matmul.defvjp(lambda x, w: (x @ w, w), lambda w, g: (3 * g @ w.T, None))
    pulled = ag.vjp(matmul, X, W)[1](np.ones((2, 4)))[0]
    found = ag.jacobian(matmul)(X, W)
    np.testing.assert_allclose(pulled, 3 * np.ones((2, 4)) @ W.T)
    np.testing.assert_allclose(found.sum((0, 1)), pulled)


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("reshape", {"shape": (2, 3)}),
        ("transpose", {"axes": None}),
        ("sum", {"axis": 0, "keepdims": False}),
        ("mean", {"axis": 0, "keepdims": False}),
        ("matmul", {}),
        ("sum", {}),
        ("transpose", {}),
    ],
)
def test_an_operation_of_any_name_has_its_own_jacobian(name, setting):
    triple = ag.primitive(name, lambda x, **_: 3.0 * x, [lambda g, out, x, **_: 3 * g])
    found = ag.jacobian(lambda x: triple(x, **setting))(X)
    np.testing.assert_array_equal(found.reshape(6, 6), 3 * np.eye(6))


@pytest.mark.parametrize("name", ["exp", "max", "sin"])
def test_scalars_do_not_take_an_operation_for_another_of_its_name(name):
    triple = ag.primitive(name, lambda x: 3.0 * x, [lambda g, out, x: 3 * g])
    with pytest.raises(TypeError, match=f"{name}: not defined for Scalar"):
        triple(ag.Scalar(2.0))


def test_a_users_operation_stays_out_of_the_table_of_agxs_own():
    before = dict(registry)
    ag.primitive("exp", lambda x: 3.0 * x, [lambda g, out, x: 3 * g])
    assert registry == before
    assert registry["exp"] is ag.exp


def test_a_copy_of_an_operation_is_the_operation():
    assert copy.copy(ag.exp) is copy.deepcopy([ag.exp])[0] is ag.exp


def test_agxs_own_names_are_unique():
    with pytest.raises(
        ValueError, match="primitive 'exp': agx has an operation of this name; choose"
    ):
        primitive("exp", np.exp, [None])
    assert registry["exp"] is ag.exp


def test_a_ufunc_that_agx_does_not_know_takes_tensors_once_declared():
    theirs = np.frompyfunc(lambda x: 3.0 * x, 1, 1)
    ag.primitive("triple", theirs, [lambda g, out, x: 3 * g])
    assert numpy_functions.pop(theirs).name == "triple"
    assert numpy_functions[np.exp] is ag.exp
    ag.primitive("other", np.exp, [lambda g, out, x: g])
    assert numpy_functions[np.exp] is ag.exp


def test_a_stacked_rule_pulls_all_rows_at_once():
    calls = []

    def stacked(i, g, out, x, y):
        calls.append((i, g.shape))
        return None if i else g[:, ::-1] * 2

    turned = ag.primitive(
        "turned",
        lambda x, y: 2 * x[::-1] + y,
        [lambda g, out, x, y: g[::-1] * 2, lambda g, out, x, y: g],
        stacked=stacked,
    )
    by_x, by_y = ag.jacobian(turned, (0, 1))(np.ones(3), np.zeros(3))
    np.testing.assert_array_equal(by_x, 2 * np.eye(3)[::-1])
    np.testing.assert_array_equal(by_y, np.eye(3))  # by the pull-back, row by row
    assert calls == [(0, (3, 3)), (1, (3, 3))]


def test_a_derivative_may_be_told():
    triple = ag.primitive("triple", lambda x: 3.0 * x, [lambda g, out, x: 3 * g], derivative="3")
    assert triple.derivative == ("3",)


@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.maximum, np.minimum, np.logaddexp])
def test_reductions_of_ufuncs_are_declared_where_they_are_made(ufunc):
    x = np.array([[0.3, -1.2, 2.0], [1.5, 0.7, -0.4]])
    ours = numpy_functions[ufunc.reduce]
    mask = np.array([True, False, True])
    settings = {"initial": 0.1, "where": mask}
    np.testing.assert_allclose(
        ours(ag.Tensor(x), 1, **settings).value, ufunc.reduce(x, 1, **settings)
    )
    ag.testing.check_grads(lambda t: ufunc.reduce(t, 1, **settings), x, order=2)


def test_a_jacobian_takes_an_elementwise_operation_of_any_number_of_arguments():
    product = ag.primitive(
        "product", lambda *xs: xs[0] * xs[1], lambda i, g, out, *xs: g * xs[1 - i], elementwise=True
    )
    found = ag.jacobian(product, (0, 1))(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    np.testing.assert_array_equal(found[0], np.diag([3.0, 4.0]))
    np.testing.assert_array_equal(found[1], np.diag([1.0, 2.0]))
