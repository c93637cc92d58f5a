"""Embeddings and bags of them: what PyTorch's numbers do not tell, and messages."""

import numpy as np
import pytest

import agx as ag
from agx import nn


def table(kind, *args, **kwargs):
    return kind(5, 2, *args, rng=0, dtype=np.float64, **kwargs)


def test_the_row_of_the_padding_starts_as_zeros_and_does_not_learn():
    for layer in (table(nn.Embedding, 1), table(nn.EmbeddingBag, padding_idx=-4)):
        assert layer.padding_idx == 1 and not layer.weight.value[1].any()
        layer(np.array([[1, 2], [1, 1]])).sum().backward()
        assert not layer.weight.grad[1].any() and layer.weight.grad[2].any()


@pytest.mark.parametrize("mode", ["mean", "sum", "max"])
def test_bags_are_reduced_embeddings(mode):
    bag, indices = table(nn.EmbeddingBag, mode=mode), np.array([[0, 3, 3], [4, 1, 0]])
    expected = getattr(np, mode)(bag.weight.value[indices], axis=1)
    np.testing.assert_allclose(bag(indices).value, expected)
    np.testing.assert_allclose(bag(indices.reshape(-1), [0, 3]).value, expected)


@pytest.mark.parametrize("mode", ["mean", "sum", "max"])
def test_a_bag_of_nothing_is_zero(mode):
    bag, none = table(nn.EmbeddingBag, mode=mode, padding_idx=1), np.zeros(0, int)
    for out in (
        bag(none, [0, 0]),
        bag(none.reshape(2, 0)),
        bag([1, 1], [0, 1]),
        bag([3, 1], [0, 2])[1:],
    ):
        out.sum().backward()
        assert out.shape[1] == 2 and not out.value.any()
    assert bag(none.reshape(0, 3)).shape == (0, 2)
    assert not np.isnan(bag.weight.grad).any()


def test_the_weights_of_samples_have_a_gradient():
    bag, indices = table(nn.EmbeddingBag, mode="sum"), np.array([0, 3, 3, 1])
    f = lambda w: bag(indices, [0, 1], w)
    ag.testing.check_grads(f, np.array([0.5, -1.0, 2.0, 3.0]))


@pytest.mark.parametrize("mode", ["mean", "sum", "max"])
def test_tables_are_differentiable_twice(mode):
    bag = table(nn.EmbeddingBag, mode=mode, padding_idx=1)

    def reduced(weight):
        vars(bag)["weight"] = weight
        return bag([0, 3, 3, 1, 2], [0, 3]) ** 2

    ag.testing.check_grads(reduced, np.arange(10.0).reshape(5, 2) ** 0.5)


@pytest.mark.parametrize("kind", [nn.Embedding, nn.EmbeddingBag])
def test_compiled_tables_take_new_indices(kind):
    layer = table(kind, padding_idx=1).requires_grad_(False)
    compiled = ag.compile(lambda indices: layer(indices))
    for indices in ([[0, 1], [2, 3]], [[4, 4], [3, 3]], [[1, 1], [1, 0]]):
        indices = np.array(indices)
        np.testing.assert_array_equal(compiled(indices), layer(indices))
    assert "2 plans" in repr(compiled)  # with padding, and without


BAG = nn.EmbeddingBag(5, 2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.Embedding(5, 2, 5), ValueError, "Embedding: padding_idx must be an index of one of the 5 rows, got 5"),
        (lambda: nn.EmbeddingBag(0, 2), ValueError, "EmbeddingBag: num_embeddings must be a positive integer, got 0"),
        (lambda: nn.EmbeddingBag(5, 2, mode="min"), ValueError, "mode must be 'mean', 'sum' or 'max', got 'min'"),
        (lambda: BAG([1.0]), TypeError, "EmbeddingBag: expected integer indices, got dtype float64"),
        (lambda: BAG([[5]]), IndexError, "EmbeddingBag: index 5 is out of range for 5 rows"),
        (lambda: BAG([1, 2]), ValueError, r"EmbeddingBag\(5, 2\): expected indices of shape \(B, L\), or \(N,\) with offsets, got \(2,\)"),
        (lambda: BAG([[1, 2]], [0]), ValueError, r"leave them out for \(1, 2\)"),
        (lambda: BAG([1, 2], [1]), ValueError, r"offsets must be integers that begin with 0 .* up to the 2 indices, got \[1\]"),
        (lambda: BAG([1, 2], [0, 2, 1]), ValueError, "and do not fall"),
        (lambda: BAG([1, 2], [0, 3]), ValueError, "up to the 2 indices"),
        (lambda: BAG([1, 2], [0.0]), ValueError, "offsets must be integers"),
        (lambda: BAG([1, 2], []), ValueError, "offsets must be integers that begin with 0"),
        (lambda: BAG([1, 2], 0), ValueError, "offsets must be integers that begin with 0"),
        (lambda: BAG([[1, 2]], None, [[1.0, 2.0]]), ValueError, "per_sample_weights need mode='sum'"),
        (lambda: nn.EmbeddingBag(5, 2, mode="sum")([[1, 2]], None, [1.0]), ValueError, r"of the shape of the indices, \(1, 2\), got \(1,\)"),
    ],
)  # fmt: skip
def test_messages(call, error, message):
    with pytest.raises(error, match=message):
        call()
