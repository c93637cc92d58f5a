"""Where agx's own functions differ from HIPS autograd's, and these modules do as those."""

import numpy
import pytest
from numpy.testing import assert_allclose

import agx as ag
import agx.compat.autograd.numpy as np
from agx.compat.autograd import elementwise_grad, grad, jacobian, make_vjp
from agx.compat.autograd.builtins import (
    DictBox,
    SequenceBox,
    container_take,
    make_sequence,
    sequence_extend_left,
    sequence_extend_right,
)
from agx.compat.autograd.numpy import numpy_jvps, numpy_vjps
from agx.compat.autograd.numpy.numpy_boxes import ArrayBox

A = numpy.array([[4.0, 1.0], [1.0, 3.0]])


def test_containers_that_are_traced():
    seen = []

    def f(p):
        seen.append(
            (isinstance(p, DictBox), isinstance(p["w"], SequenceBox), isinstance(p["x"], ArrayBox))
        )
        assert container_take(p, "x") is p["x"]
        return p["w"][0] * p["x"]

    grad(f)({"w": [1.0], "x": 2.0})
    assert seen == [(True, True, True)]
    assert not isinstance({"w": [1.0]}, DictBox) and not isinstance([1.0], SequenceBox)
    assert make_sequence(tuple, 1, 2) == (1, 2)
    assert sequence_extend_right([1], 2) == [1, 2] and sequence_extend_left((1,), 2) == (2, 1)


def test_the_value_of_a_box():
    assert grad(lambda x: x * x._value)(3.0) == 3.0
    assert type(ag.Tensor([1.0])._value) is numpy.ndarray
    assert type(ag.Tensor(1.0)._value) is numpy.float64


def test_where_by_name():
    x = numpy.array([-1.0, 2.0])
    assert_allclose(elementwise_grad(lambda x: np.where(x > 0, x=x**2, y=0.0))(x), [0.0, 4.0])
    assert_allclose(elementwise_grad(lambda x: np.where(x > 0, x**2, y=-x))(x), [-1.0, 4.0])
    assert np.where(numpy.array([0, 1]))[0].tolist() == [1]
    assert type(np.where(False, 1, 2)) is int and np.where([True, False], [1, 2], 0) == [1, 0]
    for wrong in ({"x": x}, {"x": x, "z": x}):
        with pytest.raises(ValueError, match="either both or neither of x and y"):
            np.where(x > 0, **wrong)


@pytest.mark.parametrize("name", ["int8", "int32", "int64", "intp", "uint16", "int_"])
def test_integers_of_what_is_traced(name):
    ours, theirs = getattr(np, name), getattr(numpy, name)
    assert grad(lambda x: x * ours(x))(2.7) == 2.0
    assert type(ours(2.7)) is theirs and isinstance(theirs(1), ours) and issubclass(theirs, ours)
    assert numpy.zeros(2, ours).dtype == theirs and ours == theirs and hash(ours) == hash(theirs)
    assert numpy.issubdtype(theirs, ours) and numpy.iinfo(ours).bits == numpy.iinfo(theirs).bits


@pytest.mark.parametrize("name", ["maximum", "minimum", "fmax", "fmin"])
def test_ties_with_a_plain_number_are_shared(name):
    f, x = getattr(np, name), numpy.array([-1.0, 0.0, 2.0], numpy.float32)
    above = [0.0, 0.5, 1.0] if "max" in name else [1.0, 0.5, 0.0]
    for slope in (elementwise_grad(lambda x: f(x, 0.0))(x), elementwise_grad(lambda x: f(0, x))(x)):
        assert slope.tolist() == above and slope.dtype == numpy.float32
    assert f.reduce([3.0, 1.0]) in (3.0, 1.0)


def test_softplus_has_its_slope_at_0():
    softplus = lambda z: np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z)))
    assert grad(softplus)(0.0) == 0.5


def test_the_gradient_of_a_cholesky_factor_is_symmetric():
    weights = numpy.array([[1.0, 0.0], [2.0, -1.0]])
    slope = grad(lambda a: np.sum(np.linalg.cholesky(a) * weights))(A)
    assert_allclose(slope, slope.T)
    along = lambda a: np.sum(np.linalg.cholesky(a + a.T) * weights)
    assert_allclose(grad(along)(A / 2), ag.grad(along)(A / 2))
    assert_allclose(np.linalg.cholesky(A), numpy.linalg.cholesky(A))


def test_real_eigenvalues_of_real_matrices():
    values, vectors = make_vjp(np.linalg.eig)(A)[1]
    assert values.dtype == vectors.dtype == numpy.float64
    assert_allclose(grad(lambda a: np.sum(np.linalg.eigvals(a) ** 2))(A), 2 * A.T, rtol=1e-9)
    turned = numpy.array([[0.0, -1.0], [1.0, 0.0]])
    assert make_vjp(np.linalg.eigvals)(turned)[1].dtype == numpy.complex128


def test_lists_from_iterators():
    x = numpy.array([1.0, 2.0])
    assert np.stack(map(numpy.array, [x, x])).shape == (2, 2)
    assert_allclose(
        grad(lambda p: np.sum(np.stack(p.values()) ** 2))({"a": 3.0, "b": 2.0})["a"], 6.0
    )
    assert_allclose(jacobian(lambda x: np.concatenate(a for a in (x, x)))(x)[2], [1.0, 0.0])


def test_arrays_of_objects_keep_gradients():
    def f(x):
        kept = np.array([x, 2.0], dtype=object)
        assert type(kept) is numpy.ndarray and kept.dtype == object
        return np.sum(np.array(kept.ravel(), dtype=float) ** 2)

    assert grad(f)(3.0) == 6.0


# --- parts of rules ------------------------------------------------------------------------------


def test_undoing_broadcasting():
    target = numpy.ones((1, 3))
    pull = numpy_vjps.unbroadcast_f(target, lambda g: 2 * g)
    assert pull(numpy.ones((4, 2, 3))).tolist() == [[16.0, 16.0, 16.0]]
    assert numpy_vjps.unbroadcast(1j + numpy.ones(3), numpy_vjps.metadata(1.0)) == 3.0
    row = numpy_vjps.metadata(numpy.ones(3))
    assert numpy_vjps.unbroadcast_einsum(numpy.ones((3, 4)), row, [0, ...]).tolist() == [4.0] * 3
    assert numpy_vjps.unbroadcast_einsum(numpy.ones((4, 3)), row, [..., 0]).tolist() == [4.0] * 3
    assert numpy_vjps.unbroadcast_einsum(target, row, [0]) is target


def test_other_parts():
    assert numpy_vjps.match_complex(1.0, 2 + 1j) == 2.0
    assert type(numpy_vjps.match_complex(1j, 2.0)) is complex
    assert numpy_vjps.match_complex(1.0, 2.0) == 2.0
    equal = numpy_vjps.balanced_eq(
        numpy.array([1.0, 2.0]), numpy.array([1.0, 3.0]), numpy.array([1.0, 3.0])
    )
    assert equal.tolist() == [0.5, 0.0]
    assert numpy_vjps.replace_zero(numpy.array([0.0, 2.0]), 1.0).tolist() == [1.0, 2.0]
    assert numpy_vjps.reverse_axis(numpy.arange(3), 0).tolist() == [2, 1, 0]
    assert numpy_vjps.unpermuter(numpy.array([5, 6, 7]), [2, 0, 1]).tolist() == [6, 7, 5]
    wide, count = numpy_vjps.repeat_to_match_shape(numpy.ones(2), (2, 3), float, 1, False)
    assert wide.shape == (2, 3) and count == 3
    assert numpy_vjps.repeat_to_match_shape(1.0, (), float, None, False) == (1.0, 1)
    assert np.sign in numpy_vjps.nograd_functions or len(numpy_vjps.nograd_functions) > 50
    assert numpy_jvps.broadcast(1.0, numpy.ones(2)).tolist() == [1.0, 1.0]
    assert numpy_jvps.atleast_jvpmaker(np.atleast_1d)(3.0, None, 1.0).shape == (1,)


@pytest.mark.parametrize(
    ("name", "f", "args"),
    [
        ("grad_np_sum", np.sum, (A,)),
        ("grad_np_var", np.var, (A,)),
        ("grad_transpose", np.transpose, (A,)),
        ("matmul_vjp_0", np.matmul, (A, A)),
        ("dot_vjp_0", np.dot, (A, A[0])),
        ("np_abs_vjp", np.abs, (A,)),
    ],
)
def test_pull_backs_by_name(name, f, args):
    value = f(*args)
    pull = getattr(numpy_vjps, name)(value, *args)
    assert_allclose(pull(numpy.ones_like(value)), make_vjp(f)(*args)[0](numpy.ones_like(value)))


def test_numbered_rules_by_name():
    kron = numpy_vjps.grad_kron(1, None, (A, A[0]), {})
    assert_allclose(kron(numpy.ones((2, 4))), [A.sum()] * 2)
    value = numpy_jvps.forward_grad_np_var(numpy.eye(2), None, A)
    assert_allclose(value, np.mean((A - A.mean()) * numpy.eye(2)) * 2)
    joined = numpy_jvps.fwd_grad_concatenate_args(1, A, None, (0, A, A), {})
    assert_allclose(joined, numpy.concatenate([A, 0 * A]))
    meta = numpy_vjps.metadata(A)
    for rule in ("dot_adjoint_0", "dot_adjoint_1"):
        assert_allclose(getattr(numpy_vjps, rule)(A, A, meta, meta), A @ A)
    assert_allclose(numpy_vjps.matmul_adjoint_0(A, A, meta, 2), A @ A.T)
    assert_allclose(numpy_vjps.matmul_adjoint_1(A, A, 2, meta), A.T @ A)


def test_wrapping_a_namespace():
    space = {}
    np.numpy_wrapper.wrap_namespace({"floor": numpy.floor, "pi": 3.0, "int64": numpy.int64}, space)
    assert space["floor"](2.5) == 2.0 and space["pi"] == 3.0 and space["int64"](ag.Tensor(2.5)) == 2


def test_a_function_that_returns_nothing_has_no_gradient():
    with (
        pytest.warns(UserWarning, match="independent"),
        pytest.raises(TypeError, match="returns one real number, got None"),
    ):
        grad(lambda x: None)(1.0)
