"""Activations of float32, over all of its range, with every set of instructions."""

import numpy as np
import pytest
import reference

from agx._kernels import loops

special = pytest.importorskip("scipy.special")

#: Every 20011th float32 there is, and many of those that matter.
EVERY = np.arange(0, 2**32, 20011, dtype=np.uint64).astype(np.uint32).view(np.float32)
X = np.concatenate([EVERY[np.isfinite(EVERY)], np.linspace(-110, 40, 200_001, dtype=np.float32)])
WIDE = X.astype(np.float64)


def gelu_tanh(x):
    t = np.clip(x, -50, 50)
    return x * special.expit(2 * (2 / np.pi) ** 0.5 * (t + 0.044715 * t**3))


def sigmoid_slope(x):
    return special.expit(x) * special.expit(-x)


def slope_of(f, x, step=1e-4):
    """The derivative of a smooth function, in eighths of an ulp of float32."""
    h = step * (1 + np.abs(x))
    return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h)


VALUES = {
    "sigmoid": special.expit,
    "silu": lambda x: x * special.expit(x),
    "softplus": lambda x: np.logaddexp(x, 0),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "gelu": lambda x: x * special.ndtr(x),
    "gelu_tanh": gelu_tanh,
}
SLOPES = {
    "sigmoid": sigmoid_slope,
    "silu": lambda x: special.expit(x) * (1 + x * special.expit(-x)),
    "softplus": special.expit,
    "elu": lambda x: np.where(x > 0, 1, np.exp(np.minimum(x, 0))),
    "gelu": lambda x: special.ndtr(x) + x * np.exp(-x * x / 2) / (2 * np.pi) ** 0.5,
    "gelu_tanh": lambda x: slope_of(gelu_tanh, np.clip(x, -60, 60)),
}
#: Units in the last place; where 1 + tanh(u) or exp(-x^2 / 2) is tiny, the rounding of its argument shows.
ULPS = {"sigmoid": 2.5, "silu": 3.5, "softplus": 2, "elu": 1, "gelu": 7, "gelu_tanh": 3}
#: Where the tanh form has such a tail, a share of the value.
TAIL = {"gelu_tanh": 3e-5}


def team(n):
    return lambda: n


def compute(name, x, threads=1, a=1.0):
    return loops.activation(loops.ACTIVATIONS.index(name), x, a, team(threads))


def gradient(name, g, x, threads=1, a=1.0, **options):
    number = loops.ACTIVATIONS.index(name)
    value = loops.activation(number, x, a, team(threads))
    return loops.activation_gradient(number, g, value, x, a, team(threads), **options)


def test_every_activation_is_tested():
    assert set(VALUES) == set(SLOPES) == set(ULPS) == set(loops.ACTIVATIONS)


@pytest.mark.parametrize("name", VALUES)
def test_values_over_the_whole_range(level, name):
    with np.errstate(all="ignore"):
        wanted = VALUES[name](WIDE)
    found = compute(name, X)
    assert found.dtype == np.float32
    tolerance = ULPS[name] * np.spacing(np.abs(wanted).astype(np.float32)).astype(np.float64)
    tolerance = np.maximum(tolerance, TAIL.get(name, 0) * np.abs(wanted))
    subnormal = np.abs(wanted) < 1e-36  # where x times a subnormal exponential has few digits
    tolerance[subnormal] = np.maximum(tolerance, 3e-43)[subnormal]
    wrong = ~(np.abs(found - wanted) <= tolerance)
    assert not wrong.any(), (X[wrong][:5], found[wrong][:5], wanted[wrong][:5])


@pytest.mark.parametrize("name", VALUES)
def test_slopes_over_the_whole_range(level, name):
    with np.errstate(all="ignore"):
        wanted = SLOPES[name](WIDE)
    found = gradient(name, np.ones_like(X), X)
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=3e-7)


@pytest.mark.parametrize("name", ["sigmoid", "softplus"])
def test_slopes_keep_their_digits_in_both_tails(level, name):
    x = np.linspace(-80, 80, 100_001, dtype=np.float32)
    found = gradient(name, np.ones_like(x), x)
    np.testing.assert_allclose(found, SLOPES[name](x.astype(np.float64)), rtol=3e-6)


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 130, 70_000])
def test_any_number_of_elements(level, name, threads, size):
    x = np.resize(np.array([-np.inf, -3, -0.5, -0.0, 0.7, 5, np.inf], np.float32), size)
    g = np.linspace(-1, 1, size, dtype=np.float32)
    value, share = compute(name, x, threads), gradient(name, g, x, threads)
    single = [compute(name, x[i : i + 1]) for i in range(min(size, 7))]
    np.testing.assert_array_equal(value, np.resize(np.ravel(single), size) if size else x)
    one = gradient(name, np.ones_like(x), x)
    np.testing.assert_array_equal(share, g * one)
    own = g.copy()
    assert gradient(name, own, x, threads, overwrite=True) is own
    np.testing.assert_array_equal(own, share)


@pytest.mark.parametrize("name", VALUES)
def test_nan_stays_nan(level, name):
    x = np.full(70, np.nan, np.float32)
    assert np.isnan(compute(name, x)).all() and np.isnan(gradient(name, np.ones_like(x), x)).all()


def test_a_parameter_scales_elu(level):
    x = np.array([-1.0, 0.0, 2.0], np.float32)
    np.testing.assert_allclose(compute("elu", x, a=0.5), [0.5 * np.expm1(-1.0), 0, 2], rtol=1e-6)
    np.testing.assert_allclose(
        gradient("elu", np.ones_like(x), x, a=0.5), [0.5 * np.exp(-1.0), 0.5, 1], rtol=1e-6
    )


@pytest.mark.parametrize(
    "x",
    [1.0, [1.0], np.ones(3), np.ones(6, "f")[::2], np.ones(3, reference.SWAPPED), np.ones(3, int)],
)
def test_other_arguments_are_left_to_others(x):
    good, gelu = np.ones(3, np.float32), loops.ACTIVATIONS.index("gelu")
    assert compute("gelu", x) is None and gradient("gelu", good, x) is None
    assert loops.activation_gradient(gelu, good, x, good, 0.0, team(1)) is None
    if not (isinstance(x, np.ndarray) and x.dtype == np.float32):
        assert gradient("gelu", x, good) is None


def test_a_gradient_need_not_be_in_one_piece():
    x = np.linspace(-2, 2, 70, dtype=np.float32)
    for g in (np.ones(140, np.float32)[::2], np.broadcast_to(np.float32(1), 70)):
        np.testing.assert_array_equal(gradient("gelu", g, x), gradient("gelu", np.ones_like(x), x))


def test_a_gradient_that_may_not_be_written_is_not():
    g = np.ones(3, np.float32)
    g.flags.writeable = False
    assert gradient("gelu", g, np.ones(3, np.float32), overwrite=True) is None
