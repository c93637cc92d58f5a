"""Initial values have the distribution that their formula promises."""

import numpy as np
import pytest

from agx.nn import init

SHAPE = (40, 10, 5, 5)
FAN_IN, FAN_OUT = 250, 1000


@pytest.mark.parametrize(
    ("draw", "variance"),
    [
        (init.glorot_uniform, 2 / (FAN_IN + FAN_OUT)),
        (init.glorot_normal, 2 / (FAN_IN + FAN_OUT)),
        (init.he_uniform, 2 / FAN_IN),
        (init.he_normal, 2 / FAN_IN),
        (lambda shape, rng: init.uniform(shape, 0.3, rng), 0.3**2 / 3),
        (lambda shape, rng: init.normal(shape, 0.3, rng), 0.3**2),
    ],
)
def test_variance(draw, variance):
    w = draw(SHAPE, rng=0)
    assert w.dtype == np.float32
    assert w.shape == SHAPE
    assert w.var() == pytest.approx(variance, rel=0.05)
    assert abs(w.mean()) < 0.01
    np.testing.assert_array_equal(w, draw(SHAPE, rng=0))


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 2, 3, 3)])
def test_orthogonal_rows_or_columns(shape):
    w = init.orthogonal(shape, gain=2.0, rng=0, dtype=np.float64).reshape(shape[0], -1)
    small = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=1e-12)


def test_constants():
    assert init.zeros((2,)).tolist() == [0.0, 0.0]
    assert init.ones((2,), np.float64).dtype == np.float64


def test_fans_need_two_axes():
    with pytest.raises(
        ValueError, match=r"fans need a weight of two axes or more, got shape \(3,\)"
    ):
        init.glorot_uniform((3,))
