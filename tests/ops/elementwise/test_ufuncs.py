"""The rest of NumPy's ufuncs: values, two results, and what is refused."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import agx as ag
from agx._engine.graph import constant_functions, numpy_functions
from agx._engine.graph import registry as ops

x = np.array([-7.25, -0.5, 0.0, 2.5, 11.0])

#: What has no derivative because it is about bits, integers, dates or matrices.
OTHER = {
    "bitwise_and", "bitwise_count", "bitwise_invert", "bitwise_left_shift", "bitwise_not", "bitwise_or",
    "bitwise_right_shift", "bitwise_xor", "gcd", "invert", "isnat", "lcm", "left_shift", "right_shift",
    "matvec", "vecdot", "vecmat",
}  # fmt: skip


def ufuncs():
    return [name for name in dir(np) if isinstance(getattr(np, name), np.ufunc)]


@pytest.mark.parametrize("name", [name for name in ufuncs() if name not in OTHER])
def test_every_ufunc_with_a_derivative_is_here(name):
    ufunc = getattr(np, name)
    assert ufunc in constant_functions or (ufunc in numpy_functions and hasattr(ag, name))


@pytest.mark.parametrize("function", [np.modf, np.frexp, lambda t: np.divmod(t, 2.0)])
def test_two_results(function):
    for found, expected in zip(function(ag.Tensor(x)), function(x), strict=True):
        assert_array_equal(np.asarray(found), expected)


@pytest.mark.parametrize(
    "function",
    [
        np.sinc, np.i0, np.fix, np.round, np.around, np.unwrap, np.nan_to_num, np.cbrt,
        lambda t: np.round(t, decimals=-1), lambda t: np.unwrap(t, period=3.0),
        lambda t: np.float_power(t, 3), lambda t: np.float_power(2, t), lambda t: np.ldexp(t, [1, 2, 3, 4, 5]),
        lambda t: np.nan_to_num(t / 0.0, nan=1.0, posinf=2.0),
        lambda t: np.clip(t, a_min=-1, a_max=3), lambda t: np.clip(t, [-8, 0, 0, 3, 0], 4.0),
    ],
)  # fmt: skip
def test_values_are_numpys(function):
    with np.errstate(all="ignore"):
        assert_array_equal(np.asarray(function(ag.Tensor(x))), function(x))


def test_float_power_computes_in_double_precision():
    t = ag.Tensor(np.array([1.1], np.float32))
    out = ag.float_power(t, 3)
    assert out.dtype == np.float64
    out.sum().backward()
    assert t.grad.dtype == np.float32
    assert_array_equal(out.value, np.float_power(t.value, 3))
    assert ag.float_power(ag.Tensor(t.value + 1j), 2).dtype == np.complex128
    assert ag.float_power(2, ag.Tensor([3.0])).value.tolist() == [8.0]


def test_where_with_one_argument_finds_what_is_not_zero():
    for found in (ag.where(ag.Tensor(x)), np.where(ag.Tensor(x)), ag.where(x)):
        assert_array_equal(found[0], [0, 1, 3, 4])
    with pytest.raises(TypeError, match="both x and y or neither"):
        ag.where(x > 0, x)


def test_real_if_close_drops_small_imaginary_parts():
    small = ag.Tensor(x + 1e-15j)
    assert ag.real_if_close(small).dtype == np.float64
    assert ag.real_if_close(small, tol=2).dtype == np.complex128
    assert ag.real_if_close(ag.Tensor(x)).dtype == np.float64
    assert ag.real_if_close(x + 0j).dtype == np.float64


def test_nan_to_num_changes_no_tensor_in_place():
    with pytest.raises(TypeError, match="copy=False"):
        np.nan_to_num(ag.Tensor(x), copy=False)


def test_clip_with_a_bound_that_wants_a_gradient():
    t, low = ag.Tensor([np.nan, 0.0, 1.0, 2.0]), ag.Tensor(1.0)
    out = ag.clip(t, low)
    out.sum().backward()
    assert_array_equal(out.value, [np.nan, 1.0, 1.0, 2.0])
    assert_array_equal(t.grad, [1.0, 0.0, 0.0, 1.0])
    assert low.grad == 2.0


@pytest.mark.parametrize("order", range(6))
def test_bessel_functions_are_scipys(order):
    special = pytest.importorskip("scipy.special")
    z = np.concatenate([np.linspace(0, 60, 601), np.logspace(-6, 2.8, 50)])
    found = ops["spherical_bessel"](z, order=order)
    assert_allclose(found, special.spherical_jn(order, z), rtol=1e-12, atol=1e-15)
    assert_allclose(ops["spherical_bessel"](-z, order=order), found * (-1) ** order)
    assert_allclose(ops["modified_bessel"](z, order=order), special.iv(order, z), rtol=1e-14)
    assert_allclose(
        ops["modified_bessel"](-z, order=order),
        ops["modified_bessel"](z, order=order) * (-1) ** order,
    )


def test_sinc_has_every_derivative_at_zero():
    f, expected = ag.sinc, [1.0, 0.0, -(np.pi**2) / 3, 0.0, np.pi**4 / 5]
    for value in expected:
        assert float(f(0.0)) == pytest.approx(value, rel=1e-14, abs=0)
        f = ag.grad(f)


@pytest.mark.parametrize("options", [{"order": "F"}, {"subok": False}, {"casting": "same_kind"}])
def test_options_that_change_no_number_are_taken(options):
    assert_array_equal(np.multiply(ag.Tensor(x), x, **options).value, x * x)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"order": "X"}, ValueError),
        ({"casting": "any"}, ValueError),
        ({"casting": "safe", "dtype": np.float32}, TypeError),
    ],
)
def test_options_that_numpy_refuses_are_refused(options, kind):
    with pytest.raises(kind):
        np.multiply(x, x, **options)
    with pytest.raises(kind):
        np.multiply(ag.Tensor(x), x, **options)
