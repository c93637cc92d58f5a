"""Cosines and distances of vectors: formulas, zero vectors, other axes."""

import numpy as np
import pytest

import agx as ag

DRAW = np.random.default_rng(0)
A, B = DRAW.standard_normal((2, 3, 4)), DRAW.standard_normal((2, 3, 4))


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_the_cosine_is_its_formula(axis):
    lengths = np.linalg.norm(A, axis=axis) * np.linalg.norm(B, axis=axis)
    expected = (A * B).sum(axis) / lengths
    np.testing.assert_allclose(ag.cosine_similarity(A, B, axis), expected)
    ag.testing.check_grads(lambda a, b: ag.cosine_similarity(a, b, axis), A, B)


def test_the_cosine_of_large_and_small_vectors_is_that_of_others():
    expected = ag.cosine_similarity(A, B)
    np.testing.assert_allclose(ag.cosine_similarity(A * 1e200, B * 1e-200, eps=1e-250), expected)


def test_the_cosine_with_a_zero_vector_is_zero_and_has_a_gradient():
    zero, other = ag.Tensor(np.zeros((1, 2))), ag.Tensor([[3.0, 4.0]])
    cosine = ag.cosine_similarity(zero, other, eps=0.5)
    cosine.sum().backward()
    assert cosine.value == 0
    np.testing.assert_allclose(zero.grad, [[1.2, 1.6]])
    np.testing.assert_array_equal(other.grad, [[0, 0]])


def test_shapes_broadcast():
    one = B[:1, :1]
    np.testing.assert_allclose(
        ag.cosine_similarity(A, one, -1), ag.cosine_similarity(A, one + 0 * A, -1)
    )
    np.testing.assert_allclose(
        ag.cosine_similarity(A, B[0], -1), ag.cosine_similarity(A, B[0] + 0 * A, -1)
    )
    np.testing.assert_allclose(ag.pairwise_distance(A, one), ag.pairwise_distance(A, one + 0 * A))


@pytest.mark.parametrize("p", [1, 2, 3.5, np.inf])
def test_distances_are_norms_of_differences(p):
    expected = np.linalg.norm(A - B + 1e-6, p, axis=-1)
    np.testing.assert_allclose(ag.pairwise_distance(A, B, p), expected)
    np.testing.assert_allclose(ag.pairwise_distance(A, B, p, keepdims=True), expected[..., None])
    ag.testing.check_grads(lambda a, b: ag.pairwise_distance(a, b, p), A, B)


def test_equal_vectors_keep_a_finite_gradient():
    x = ag.Tensor(A)
    ag.pairwise_distance(x, A).sum().backward()
    np.testing.assert_allclose(x.grad, 0.5)


def test_an_axis_that_is_not_there():
    with pytest.raises(np.exceptions.AxisError, match="axis 1 is out of bounds"):
        ag.cosine_similarity(A[0, 0], B[0, 0])
    with pytest.raises(TypeError, match="cosine_similarity: axis must be an integer, got True"):
        ag.cosine_similarity(A, B, axis=True)
