"""Transposed convolution: the adjoint of convolution, of the sizes that are asked for."""

import numpy as np
import pytest
from points import normal

import agx as ag

GEOMETRIES = [
    {},
    {"stride": 2},
    {"stride": 3, "padding": 1, "output_padding": 2},
    {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2), "output_padding": (1, 0)},
    {"groups": 2, "dilation": 2, "output_padding": 1},
]


@pytest.mark.parametrize("how", GEOMETRIES, ids=str)
def test_it_is_the_adjoint_of_convolution(how):
    x, w = normal(2, 4, 3, 4), normal(4, 3, 2, 3)
    out = ag.conv_transpose2d(x, w, **how)
    image = normal(*out.shape)
    forwards = {k: v for k, v in how.items() if k != "output_padding"}
    back = ag.conv2d(image, w, **forwards)[:, :, : x.shape[2], : x.shape[3]]
    assert back.shape == x.shape
    np.testing.assert_allclose((out * image).sum(), (back * x).sum())


@pytest.mark.parametrize("how", GEOMETRIES, ids=str)
def test_gradients_to_second_order(how):
    x, w = normal(1, 2, 2, 3), normal(2, 2, 2, 2)
    b = normal(2 * how.get("groups", 1))
    ag.testing.check_grads(lambda x, w, b: ag.conv_transpose2d(x, w, b, **how), x, w, b)


def test_a_stride_of_two_doubles_an_image():
    x = np.arange(4.0).reshape(1, 1, 2, 2)
    found = ag.conv_transpose2d(x, np.ones((1, 1, 2, 2)), stride=2)
    np.testing.assert_array_equal(found[0, 0], np.kron(x[0, 0], np.ones((2, 2))))


def test_float32_stays_and_batches_may_be_empty():
    x, w = np.ones((0, 3, 4, 4), np.float32), np.ones((3, 2, 2, 2), np.float32)
    found = ag.conv_transpose2d(x, w)
    assert found.shape == (0, 2, 5, 5)
    assert found.dtype == np.float32


X, W = np.ones((1, 4, 3, 3)), np.ones((4, 2, 2, 2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ag.conv_transpose2d(X[0], W), r"expected .* \(N, C, H, W\)"),
        (lambda: ag.conv_transpose2d(X, W[0]), r"w of shape \(C, O / groups, KH, KW\), got \(2, 2, 2\)"),
        (lambda: ag.conv_transpose2d(X, W[:3]), r"x has 4 channels, w expects 3"),
        (lambda: ag.conv_transpose2d(X, W, groups=3), "groups=3 must divide the 4 channels of x"),
        (lambda: ag.conv_transpose2d(X, W, np.ones(3)), r"expected b of shape \(2,\), got \(3,\)"),
        (lambda: ag.conv_transpose2d(X, W, output_padding=1), r"output_padding \(1, 1\) must be less"),
        (lambda: ag.conv_transpose2d(X, W, padding=4), r"images of \(3, 3\) would become \(-4, -4\)"),
        (lambda: ag.nn.ConvTranspose2d(4, 3, 2, groups=2), "groups=2 must divide in_channels=4 and"),
        (lambda: ag.nn.ConvTranspose2d(3, 2, 2)(X), r"expected images of shape \(N, 3, H, W\)"),
    ],
)  # fmt: skip
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()
