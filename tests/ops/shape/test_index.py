"""Indexing: everything NumPy takes, and repeated elements accumulate."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import agx as ag

X = np.arange(24.0).reshape(2, 3, 4)


def expected_gradient(shape, index, seed):
    out = np.zeros(shape)
    np.add.at(out, index, seed)
    return out


def check(array, index):
    x = ag.Tensor(array)
    out = x[index]
    np.testing.assert_array_equal(out.value, array[index])
    seed = 1.0 + np.arange(out.size, dtype=float).reshape(out.shape)
    out.backward(seed)
    np.testing.assert_array_equal(x.grad, expected_gradient(array.shape, index, seed))


@given(data=st.data())
def test_basic_indices(data):
    shape = data.draw(hnp.array_shapes(max_dims=3, max_side=4))
    index = data.draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    check(np.random.default_rng(0).standard_normal(shape), index)


@given(data=st.data())
def test_integer_arrays(data):
    shape = data.draw(hnp.array_shapes(max_dims=3, max_side=4))
    index = data.draw(
        hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2, max_side=3))
    )
    check(np.random.default_rng(0).standard_normal(shape), index)


@given(data=st.data())
def test_booleans(data):
    shape = data.draw(hnp.array_shapes(max_dims=3, max_side=4))
    depth = data.draw(st.integers(1, len(shape)))
    mask = data.draw(hnp.arrays(bool, shape[:depth]))
    check(np.random.default_rng(0).standard_normal(shape), mask)


def as_array(part):
    return np.array(part, None if part else int) if isinstance(part, list) else part


@pytest.mark.parametrize(
    "index",
    [
        (slice(None), [0, 0, 2]), ([1, 1], slice(None), [0, 0]), (0, ..., [3, 3]), (None, [0, 0], ..., None),
        np.array([[0, 1], [1, 1]]), (np.array([-1, 1]), np.array([-1, 2])), True, np.array(True),
        ([True, False], slice(1, None)), [], ((0, 0), (1, 1)), np.int64(1), (slice(None, None, -2),),
    ],
    ids=repr,
)  # fmt: skip
def test_mixtures(index):
    x = ag.Tensor(X)
    plain = tuple(map(as_array, index)) if isinstance(index, tuple) else as_array(index)
    out = x[index]
    np.testing.assert_array_equal(out.value, X[plain])
    seed = 1.0 + np.arange(out.size, dtype=float).reshape(out.shape)
    out.backward(seed)
    np.testing.assert_array_equal(x.grad, expected_gradient(X.shape, plain, seed))


def test_take_and_take_along_axis():
    t = ag.Tensor(X)
    np.testing.assert_array_equal(ag.take(t, [5, 5, 0]).value, np.take(X, [5, 5, 0]))
    np.testing.assert_array_equal(t.take([1, 1], axis=2).value, np.take(X, [1, 1], 2))
    order = np.argsort(-X, axis=1)
    np.testing.assert_array_equal(
        ag.take_along_axis(t, order, 1).value, np.take_along_axis(X, order, 1)
    )
    ag.testing.check_grads(lambda x: ag.take_along_axis(x * x, order, 1), X / 10, order=1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradient_of_a_lookup_accumulates_in_its_own_dtype(dtype):
    w = ag.Tensor(np.zeros((3, 2), dtype))
    w[np.array([[0, 2], [0, 0]])].sum().backward()
    np.testing.assert_array_equal(w.grad, [[3, 3], [0, 0], [1, 1]])
    assert w.grad.dtype == dtype


def test_an_index_out_of_range_is_numpys_error():
    with pytest.raises(IndexError, match="out of bounds"):
        ag.Tensor(X)[5]
