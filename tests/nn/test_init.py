"""Initial values have the distribution that their formula promises."""

import numpy as np
import pytest
from public import public

from agx.nn import init

SHAPE = (40, 10, 5, 5)
FAN_IN, FAN_OUT = 250, 1000


#: What draws at random: its arguments between shape and generator, and the variance of what it draws.
DRAWN = {
    "glorot_uniform": ((), 2 / (FAN_IN + FAN_OUT)),
    "glorot_normal": ((), 2 / (FAN_IN + FAN_OUT)),
    "he_uniform": ((), 2 / FAN_IN),
    "he_normal": ((), 2 / FAN_IN),
    "uniform": ((0.3,), 0.3**2 / 3),
    "normal": ((0.3,), 0.3**2),
    "orthogonal": ((2.0,), 2.0**2 / FAN_IN),
}
CONSTANT = {"zeros": 0.0, "ones": 1.0}


def test_every_initialiser_is_tested():
    assert {*DRAWN, *CONSTANT} == set(public(init)) - {"fans"}


@pytest.mark.parametrize("name", DRAWN)
def test_variance(name):
    options, variance = DRAWN[name]
    w = getattr(init, name)(SHAPE, *options, rng=0)
    assert w.dtype == np.float32
    assert w.shape == SHAPE
    assert w.var() == pytest.approx(variance, rel=0.05)
    assert abs(w.mean()) < 0.01
    np.testing.assert_array_equal(w, getattr(init, name)(SHAPE, *options, rng=0))


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 2, 3, 3)])
def test_orthogonal_rows_or_columns(shape):
    w = init.orthogonal(shape, gain=2.0, rng=0, dtype=np.float64).reshape(shape[0], -1)
    small = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=1e-12)


@pytest.mark.parametrize("name", CONSTANT)
def test_constants(name):
    fill = getattr(init, name)
    assert fill((2,)).tolist() == [CONSTANT[name]] * 2
    assert (fill((2,)).dtype, fill((2,), np.float64).dtype) == (np.float32, np.float64)


def test_fans_need_two_axes():
    with pytest.raises(
        ValueError, match=r"fans need a weight of two axes or more, got shape \(3,\)"
    ):
        init.glorot_uniform((3,))
