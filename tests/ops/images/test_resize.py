"""Images of another size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from points import normal

import agx as ag

LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}
shapes = st.lists(st.integers(1, 5), min_size=1, max_size=3)


@given(size=shapes, data=st.data())
def test_the_nearest_element_stands_at_its_share_of_the_way(size, data):
    x = normal(2, 3, *size)
    counts = [data.draw(st.integers(1, 9)) for _ in size]
    found = ag.interpolate(x, counts)
    places = [np.arange(k) * n // k for n, k in zip(size, counts, strict=True)]
    np.testing.assert_array_equal(found, x[np.ix_(range(2), range(3), *places)])


@given(size=shapes, data=st.data())
def test_straight_lines_stay_straight(size, data):
    slopes, axes = normal(len(size)), len(size)
    x = sum(s * g for s, g in zip(slopes, np.indices(size), strict=True))[None, None]
    counts = [data.draw(st.integers(2, 9)) for _ in size]
    places = [np.linspace(0, n - 1, k) for n, k in zip(size, counts, strict=True)]
    expected = sum(s * g for s, g in zip(slopes, np.meshgrid(*places, indexing="ij"), strict=True))
    found = ag.interpolate(x, counts, mode=LINEAR[axes], align_corners=True)
    np.testing.assert_allclose(found[0, 0], expected, atol=1e-12)


@pytest.mark.parametrize("how", [{}, {"align_corners": False}, {"align_corners": True}])
@pytest.mark.parametrize("shape", [(1, 2, 3), (1, 2, 3, 2), (1, 1, 2, 2, 3)])
def test_gradients_to_second_order(how, shape):
    mode = LINEAR[len(shape) - 2] if how else "nearest"
    resized = lambda x: ag.interpolate(x * x, scale_factor=1.5, mode=mode, **how)
    ag.testing.check_grads(resized, normal(*shape))


def test_without_corners_the_edges_keep_their_place():
    x = np.array([[[0.0, 1.0, 2.0, 3.0]]])
    assert ag.interpolate(x, 2, mode="linear")[0, 0].tolist() == [0.5, 2.5]
    assert ag.interpolate(x, 2, mode="linear", align_corners=True)[0, 0].tolist() == [0, 3]
    assert ag.interpolate(x, scale_factor=0.5)[0, 0].tolist() == [0, 2]


def test_infinities_stay_where_they_are():
    x = np.array([[[[1.0, np.inf], [np.nan, -np.inf]]]])
    np.testing.assert_array_equal(ag.interpolate(x, 4)[0, 0], np.kron(x[0, 0], np.ones((2, 2))))


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_float32_stays_and_batches_may_be_empty(mode):
    found = ag.interpolate(np.ones((0, 2, 3, 4), np.float32), 6, mode=mode)
    assert found.shape == (0, 2, 6, 6)
    assert found.dtype == np.float32


def test_the_same_size_is_the_same_image():
    x = normal(1, 1, 3, 4)
    for mode in ("nearest", "bilinear"):
        assert ag.interpolate(x, (3, 4), mode=mode) is x


X = np.ones((1, 2, 4, 4))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ag.interpolate(X), "expected size= or scale_factor=, and not both; got None and None"),
        (lambda: ag.interpolate(X, 3, 2.0), "not both; got 3 and 2.0"),
        (lambda: ag.interpolate(X, 3, mode="bicubic"), "mode must be 'nearest', .* got 'bicubic'"),
        (lambda: ag.interpolate(X, 3, align_corners=True), "align_corners= is not for mode='nearest'"),
        (lambda: ag.interpolate(X, 3, mode="bilinear", align_corners=1), "align_corners must be True or False, got 1"),
        (lambda: ag.interpolate(X, 3, mode="linear"), r"expected x of 3 axes for mode='linear', got shape \(1, 2, 4, 4\)"),
        (lambda: ag.interpolate(X[0, 0], 3), r"expected x of 3 to 5 axes, got shape \(4, 4\)"),
        (lambda: ag.interpolate(X, (1, 2, 3)), "size must be an integer of at least 1 or a pair of them"),
        (lambda: ag.interpolate(X, scale_factor=-1), "scale_factor must be a positive number or 2 of them, got -1"),
        (lambda: ag.interpolate(X, scale_factor=0.2), r"size \* scale_factor must be an integer of at least 1 .* got \[0, 0\]"),
        (lambda: ag.interpolate(X[:, :, :0], 3), "expected images with pixels"),
        (lambda: ag.nn.Upsample(), "Upsample: expected size= or scale_factor="),
    ],
)  # fmt: skip
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_there_has_to_be_room():
    with pytest.raises(MemoryError, match="interpolate: a result of shape"):
        ag.interpolate(X, 2**31 - 1)
