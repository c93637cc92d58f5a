"""Tensors in sequences, settings and closures, and plain arrays that libraries make of them."""

import collections
import copy
import statistics

import numpy as np
import pytest

import agx as ag
import agx.compat.autograd.numpy as anp
from agx._engine.sequences import is_sequence, wants_gradient

V = np.array([1.0, 2.0, 3.0])
kinds = pytest.mark.parametrize("kind", [list, tuple, collections.deque, collections.UserList])


def test_what_is_a_sequence():
    for x in ([], (), collections.deque(), collections.UserList()):
        assert is_sequence(x)
    for x in ("ab", b"ab", range(3), 1.0, 1, None, {}, {1}, V, np.float64(1.0), ag.Tensor(V)):
        assert not is_sequence(x)


def test_what_wants_a_gradient():
    t = ag.Tensor(1.0)
    for x in (t, [1.0, (t,)], collections.deque([t]), {"a": [t]}, np.array([t, None], object)):
        assert wants_gradient(x)
    for x in (1.0, V, "t", [V, "t"], ag.Tensor(1.0, requires_grad=False), {"a": None}):
        assert not wants_gradient(x)


@kinds
@pytest.mark.parametrize(
    "f", [ag.linalg.norm, anp.linalg.norm, anp.sqrt, anp.array, ag.array, ag.stack, np.stack]
)
def test_a_gradient_arrives_through_any_sequence(f, kind):
    a = ag.Tensor(3.0)
    ag.sum(f(kind([a, 4.0]))).backward()
    slope = {"norm": 0.6, "sqrt": 0.5 / 3**0.5}.get(f.__name__, 1.0)
    assert a.grad == pytest.approx(slope)


@kinds
@pytest.mark.parametrize(
    "f",
    [
        ag.sum, ag.exp, ag.mean, np.linalg.norm, np.mean, np.sum, np.sort, ag.Tensor, np.median,
        lambda s: ag.add(ag.Tensor(1.0), s), lambda s: np.ones(2) + ag.multiply(s, 1.0),
        lambda s: ag.Tensor(1.0) * s, lambda s: np.interp(0.5, [0.0, 1.0], s),
        lambda s: np.polynomial.Polynomial(s), lambda s: np.full(2, s),
    ],
)  # fmt: skip
def test_what_does_not_take_a_sequence_says_so(f, kind):
    with pytest.raises(
        TypeError, match=r"list of Tensors|plain numbers of a Tensor|Polynomial|full"
    ):
        f(kind([ag.Tensor(3.0), 4.0]))


@pytest.mark.parametrize(
    "f",
    [
        lambda t: np.linalg.norm([t, 4.0]),
        lambda t: np.vectorize(lambda x: x * 2)(t),
        lambda t: np.ma.array(t),
        lambda t: np.interp(-1.0, [0.0, 1.0], [2.0, 5.0], left=t),
        lambda t: statistics.fmean([t, t]),
        lambda t: np.full(3, t),
    ],
)
def test_a_function_of_numpy_that_makes_a_plain_array_is_refused_outside_transforms_too(f):
    with pytest.raises(TypeError, match="plain numbers of a Tensor of shape .* lose its gradient"):
        f(ag.Tensor(3.0))


def test_a_function_of_scipy_that_makes_a_plain_array_is_refused():
    integrate = pytest.importorskip("scipy.integrate")
    with pytest.raises(TypeError, match="scipy.integrate.simpson would lose the gradient"):
        integrate.simpson(ag.Tensor(V))


def test_looking_is_allowed():
    t = ag.Tensor(V)
    np.testing.assert_allclose(t, V)
    np.testing.assert_array_equal([t], [V])
    assert np.allclose([t], [V]) and np.argmax([t[0], t[2]]) == 1 and np.shape([t]) == (1, 3)
    assert np.array2string(t) == "[1. 2. 3.]" and np.asarray(t).tolist() == [1.0, 2.0, 3.0]
    with ag.no_grad():
        assert np.mean([t, t]) == 2.0
    assert np.mean([t.detach(), t.detach()]) == 2.0


def test_checks_of_numpy_look_inside_a_transform_too():
    def checked(x):
        np.testing.assert_allclose(x, V)
        np.testing.assert_array_equal(x * 1.0, x)
        return ag.sum(x**2)

    assert np.array_equal(ag.grad(checked)(V), 2 * V)
    with pytest.raises(AssertionError, match="Mismatched elements"):
        ag.grad(checked)(V + 1)


# --- settings and closures -------------------------------------------------------------------------

scaled = ag.primitive(
    "scaled", lambda x, *, by=1.0: x * by, [lambda g, out, x, *, by=1.0: g * np.asarray(by)]
)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda t: ag.relu(x=t), "relu: the argument 'x'"),
        (lambda t: ag.matmul(x1=t, x2=V), "matmul: the argument 'x1'"),
        (lambda t: scaled(V, by=t), "scaled: the argument 'by'"),
        (lambda t: scaled(ag.Tensor(V), by=t), "scaled: the argument 'by'"),
        (lambda t: scaled(V, by=[t]), "scaled: the argument 'by'"),
        (lambda t: scaled(V, by=(t, t, t)), "scaled: the argument 'by'"),
    ],
)
def test_a_tensor_as_a_keyword_argument_of_a_primitive_is_refused(call, name):
    with pytest.raises(TypeError, match=f"{name} is given by keyword, .* pass it by position"):
        call(ag.Tensor(V))


def test_a_constant_tensor_may_be_a_setting():
    x, c = ag.Tensor(V), ag.Tensor(V, requires_grad=False)
    ag.sum(scaled(x, by=c)).backward()
    np.testing.assert_array_equal(x.grad, V)
    assert ag.no_grad(scaled)(V, by=x).shape == (3,)


def test_a_primitive_that_closes_over_a_tensor_is_refused():
    t = ag.Tensor(2.0)
    by_t = ag.primitive("by_t", lambda x: x * t, [lambda g, out, x: g * 2])
    with pytest.raises(TypeError, match="by_t: the function of the operation returned a Tensor"):
        by_t(ag.Tensor(V))


# --- copies and conversions ------------------------------------------------------------------------


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda x: copy.deepcopy([x])[0]])
def test_copies_inside_a_transform_keep_the_gradient(duplicate):
    np.testing.assert_array_equal(ag.grad(lambda x: ag.sum(x * duplicate(x)))(V), 2 * V)
    assert ag.grad(ag.grad(lambda x: x * duplicate(x) * x))(3.0) == 18.0


def test_a_deep_copy_of_a_leaf_elsewhere_is_a_leaf_of_its_own():
    x = ag.Tensor(V)
    twin = copy.deepcopy(x)
    ag.sum(x * twin).backward()
    np.testing.assert_array_equal(twin.grad, V)


def test_numpy_inside_a_transform_would_drop_the_gradient():
    with pytest.raises(TypeError, match=r"numpy\(\) would drop the gradient"):
        ag.grad(lambda x: np.sum(x.numpy() * x))(V)
    assert ag.Tensor(V).numpy() is V


def test_what_numpy_says_of_a_number_that_it_may_not_have():
    with pytest.raises(TypeError, match="sum: numpy makes plain numbers of a Tensor"):
        np.sum(V, initial=ag.Tensor(3.0))
