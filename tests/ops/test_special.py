"""agx.special: values are SciPy's, its ufuncs take Tensors, and rules hold at the corners."""

import subprocess
import sys

import numpy as np
import pytest
from points import normal, positive

import agx as ag

scipy_special = pytest.importorskip("scipy.special")

ONE = [
    "erfc",
    "erfcx",
    "erfinv",
    "erfcinv",
    "gammaln",
    "gamma",
    "digamma",
    "psi",
    "expit",
    "logit",
    "log_expit",
    "ndtr",
    "ndtri",
    "log_ndtr",
    "i0",
    "i1",
    "i0e",
    "i1e",
    "j0",
    "j1",
    "y0",
    "y1",
    "entr",
    "exprel",
]
TWO = ["xlogy", "xlog1py", "betaln", "beta", "rel_entr", "kl_div"]
ORDER = ["jn", "jv", "yv", "iv", "ive"]


def gradient(f, *arrays):
    tensors = [ag.Tensor(a) for a in arrays]
    out = f(*tensors)
    out.backward(np.ones(out.shape))
    return [t.grad for t in tensors]


@pytest.mark.parametrize("name", ONE)
def test_values_of_one_argument_are_scipys(name):
    x = np.array([-1.3, -0.2, 0.0, 0.1, 0.9, 1.0, 7.0])
    with np.errstate(all="ignore"):
        expected = getattr(scipy_special, name)(x)
        np.testing.assert_array_equal(getattr(ag.special, name)(x), expected)
        out = getattr(scipy_special, name)(ag.Tensor(x))
    np.testing.assert_array_equal(out.value, expected)


@pytest.mark.parametrize("name", TWO)
def test_values_of_two_arguments_are_scipys(name):
    x, y = positive(2, 3), positive(3)
    expected = getattr(scipy_special, name)(x, y)
    np.testing.assert_array_equal(getattr(ag.special, name)(x, y), expected)
    np.testing.assert_array_equal(getattr(scipy_special, name)(ag.Tensor(x), y).value, expected)
    np.testing.assert_array_equal(getattr(scipy_special, name)(x, ag.Tensor(y)).value, expected)


@pytest.mark.parametrize("name", ORDER)
def test_bessel_functions_are_differentiable_in_the_argument_alone(name):
    t = ag.Tensor(positive(3))
    out = getattr(scipy_special, name)(2, t)
    np.testing.assert_array_equal(out.value, getattr(scipy_special, name)(2, t.value))
    with pytest.raises(TypeError, match="no gradient with respect to argument 0 is defined"):
        getattr(ag.special, name)(ag.Tensor(2.0), t).sum().backward()


def test_erf_is_agxs_own():
    t = ag.Tensor([0.3])
    assert ag.special.erf is ag.erf
    assert scipy_special.erf(t).op == "erf"


def test_polygamma():
    x = positive(3)
    np.testing.assert_array_equal(ag.special.polygamma(2, x), scipy_special.polygamma(2, x))
    assert gradient(lambda t: ag.special.polygamma(0, t), np.array([1.0]))[0] == pytest.approx(
        np.pi**2 / 6
    )


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_logsumexp_is_scipys(axis, keepdims):
    a, b = 300 * normal(2, 3, 4), positive(3, 1)
    for weights in (None, b, b * (b > 1)):
        ours = ag.special.logsumexp(a, axis, weights, keepdims)
        expected = scipy_special.logsumexp(a, axis, weights, keepdims)
        np.testing.assert_allclose(ours, expected, rtol=1e-14)
        assert ours.shape == expected.shape


def test_logsumexp_gives_no_share_to_what_has_no_weight():
    a, b = np.array([1000.0, 2.0, -np.inf]), np.array([0.0, 2.0, 3.0])
    da, db = gradient(lambda a, b: ag.special.logsumexp(a, b=b), a, b)
    np.testing.assert_allclose(da, [0.0, 1.0, 0.0])
    np.testing.assert_allclose(db[1:], [0.5, 0.0])


@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_logsumexp_with_the_sign_of_the_sum(axis, keepdims):
    a, b = 300 * normal(2, 3), normal(2, 3)
    for weights in (None, b, -2.0, b * (b > 10)):
        ours = ag.special.logsumexp(ag.Tensor(a), axis, weights, keepdims, return_sign=True)
        expected = scipy_special.logsumexp(a, axis, weights, keepdims, return_sign=True)
        np.testing.assert_allclose(ours[0].value, expected[0], rtol=1e-14)
        np.testing.assert_array_equal(ours[1], expected[1])
        assert ours[0].shape == expected[0].shape


def test_logsumexp_of_a_negative_sum():
    a, b = np.array([0.3, -0.2]), np.array([1.0, -4.0])
    with np.errstate(invalid="ignore"):  # SciPy before 1.15 warns
        assert np.isnan(ag.special.logsumexp(ag.Tensor(a), b=b).value)
    size = lambda a, b: ag.special.logsumexp(a, b=b, return_sign=True)[0]
    ag.testing.check_grads(size, a, b, order=3)
    np.testing.assert_allclose(ag.grad(size)(a, b), b * np.exp(a) / np.sum(b * np.exp(a)))


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2)])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_has_scipys_signature(name, axis):
    a = normal(2, 3, 4)
    expected = getattr(scipy_special, name)(a, axis)
    np.testing.assert_allclose(getattr(ag.special, name)(a, axis), expected, rtol=1e-12)
    np.testing.assert_allclose(getattr(ag.special, name)(a.tolist(), axis), expected, rtol=1e-12)


# --- corners -------------------------------------------------------------------------------------


def test_x_log_y_at_zero():
    dx, dy = gradient(ag.special.xlogy, np.array([0.0, 0.0, 2.0]), np.array([0.0, 3.0, 0.0]))
    np.testing.assert_array_equal(dx, [-np.inf, np.log(3), -np.inf])
    np.testing.assert_array_equal(dy, [0.0, 0.0, np.inf])
    dx, dy = gradient(ag.special.xlog1py, np.array([0.0, 0.0]), np.array([-1.0, 3.0]))
    np.testing.assert_array_equal(dx, [-np.inf, np.log(4)])
    np.testing.assert_array_equal(dy, [0.0, 0.0])


def test_logit_is_infinitely_steep_at_its_ends():
    np.testing.assert_array_equal(gradient(ag.special.logit, np.array([0.0, 1.0]))[0], np.inf)
    t = ag.Tensor([0.0, 0.5])
    ag.special.logit(t)[1].backward()
    np.testing.assert_array_equal(t.grad, [0.0, 4.0])


def test_inverses_are_infinitely_steep_at_their_ends():
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(gradient(ag.special.erfinv, np.array([-1.0, 1.0]))[0], np.inf)
        np.testing.assert_array_equal(gradient(ag.special.ndtri, np.array([0.0, 1.0]))[0], np.inf)


def test_a_pole_of_gamma_that_is_not_used_does_no_harm():
    t = ag.Tensor([-1.0, 0.0, 3.0])
    out = ag.special.gammaln(t)
    np.testing.assert_array_equal(out.value[:2], np.inf)
    out[2].backward()
    np.testing.assert_allclose(t.grad, [0.0, 0.0, scipy_special.digamma(3.0)])


def test_divergence_is_flat_where_both_are_zero():
    zero = np.zeros(1)
    np.testing.assert_array_equal(gradient(ag.special.kl_div, zero, zero), [[0.0], [0.0]])
    np.testing.assert_array_equal(gradient(ag.special.rel_entr, zero, zero), [[1.0], [-1.0]])
    np.testing.assert_array_equal(gradient(ag.special.rel_entr, zero, zero + 2), [[-np.inf], [0.0]])
    np.testing.assert_array_equal(gradient(ag.special.entr, zero), [[np.inf]])


def test_far_tails():
    slope = gradient(ag.special.log_ndtr, np.array([-1e8, -1e3, 0.0, 40.0]))[0]
    np.testing.assert_allclose(
        slope, [1e8, 1e3 + 1e-3, (2 / np.pi) ** 0.5, 0.0], rtol=1e-8, atol=1e-300
    )
    slope = gradient(ag.special.log_expit, np.array([-800.0, 0.0, 800.0]))[0]
    np.testing.assert_array_equal(slope, [1.0, 0.5, 0.0])
    near = np.array([-1e-7, 1e-9, 30.0])
    slope = gradient(ag.special.exprel, near)[0]
    exact = [0.5 - 1e-7 / 3, 0.5 + 1e-9 / 3, (np.exp(30.0) * 29 + 1) / 900]
    np.testing.assert_allclose(slope, exact, rtol=1e-13)


def test_second_derivatives_in_far_tails():
    second = lambda f, x: ag.elementwise_grad(ag.elementwise_grad(f))(np.array(x))
    x = [-1e8, -1e6, -1e4]
    np.testing.assert_allclose(second(ag.special.log_ndtr, x), -1 + np.array(x) ** -2.0, rtol=1e-14)
    far = np.array([1e4, 1e8])
    np.testing.assert_allclose(second(ag.special.erfcx, far), 2 / np.pi**0.5 / far**3, rtol=1e-7)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(second(ag.special.logit, [0.0, 1.0]), [-np.inf, np.inf])
        slope = gradient(ag.special.exprel, np.array([-np.inf, -1e9, 1e300, np.inf]))[0]
        np.testing.assert_allclose(slope, [0.0, 1e-18, np.inf, np.inf], atol=1e-99)


def test_higher_derivatives_of_bessel_j0():
    third = ag.grad(ag.grad(ag.grad(ag.special.j0)))(1.7)
    np.testing.assert_allclose(third, (3 * scipy_special.j1(1.7) - scipy_special.jv(3, 1.7)) / 4)


# --- loading -------------------------------------------------------------------------------------


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_a_tensor_loads_what_a_ufunc_of_scipy_needs():
    code = (
        "import agx as ag, scipy.special as s, sys; print('agx.ops.special' in sys.modules)\n"
        "print(s.expit(ag.Tensor([0.0])).op)"
    )
    assert run(code).split() == ["False", "expit"]


def test_without_scipy_it_says_what_to_install():
    code = (
        "import sys; sys.modules['scipy'] = sys.modules['scipy.special'] = None\n"
        "import agx as ag\ntry: ag.special\nexcept ImportError as e: print(e)"
    )
    assert (
        "agx.special needs SciPy, which is not installed; run `python -m pip install scipy`"
        in run(code)
    )


def test_a_ufunc_without_a_rule_is_named():
    with pytest.raises(TypeError, match=r"^scipy\.special\.fresnel is not differentiable in agx"):
        scipy_special.fresnel(ag.Tensor([1.0]))
    with pytest.raises(TypeError, match=r"loggamma .* the nearest thing is ag\.special\.gamma"):
        scipy_special.loggamma(ag.Tensor(1.0))


@pytest.mark.parametrize("name", ["cbrt", "exp2", "expm1", "log1p"])
def test_what_scipy_has_under_the_name_of_numpys_is_that(name):
    f = getattr(scipy_special, name)
    ag.testing.check_grads(f, np.array([0.5, 1.5]))
