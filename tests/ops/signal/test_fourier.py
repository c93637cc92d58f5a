"""numpy.fft of Tensors: values, dtypes, corners, errors, and when it is loaded."""

import subprocess
import sys

import numpy as np
import pytest
from points import complex_normal, normal

import agx as ag

ONE = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
MANY = ["fft2", "ifft2", "fftn", "ifftn", "rfft2", "irfft2", "rfftn", "irfftn"]
NORMS = [None, "backward", "ortho", "forward"]


def operand(name, *shape):
    return normal(*shape) if name in ("rfft", "ihfft", "rfft2", "rfftn") else complex_normal(*shape)


def assert_same(found, expected):
    """To the bit; NumPy 2.0 rounds real transforms over a repeated axis otherwise."""
    bits = 0 if np.lib.NumpyVersion(np.__version__) >= "2.1.0" else 1e-14
    np.testing.assert_allclose(found, expected, rtol=bits, atol=bits)


def check(name, x, *args, **params):
    """Plain, through agx and through NumPy's protocol the values are NumPy's; the slope fits."""
    expected = getattr(np.fft, name)(x, *args, **params)
    ours = getattr(ag.fft, name)
    assert_same(ours(x, *args, **params), expected)
    t = ag.Tensor(x)
    out = getattr(np.fft, name)(t, *args, **params)
    assert_same(out.value, expected)
    assert out.dtype == expected.dtype
    assert_same(ours(t, *args, **params).value, expected)
    weights = complex_normal(*expected.shape)
    ag.real(ag.sum(out * weights)).backward()
    v = operand(name, *x.shape)
    slope = np.sum(getattr(np.fft, name)(v, *args, **params) * weights).real
    np.testing.assert_allclose(np.sum(t.grad * v).real, slope, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("axis", [0, 1, -1, -2])
@pytest.mark.parametrize("n", [None, 1, 2, 3, 4, 5, 8, 9])
@pytest.mark.parametrize("name", ONE)
def test_one_axis(name, n, axis, norm):
    check(name, operand(name, 4, 5), n, axis, norm)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(
    ("s", "axes"),
    [
        (None, (0, 1)), (None, (-1, 0)), (None, (2,)), ((2, 6), (0, 2)), ((5, -1), (2, 0)),
        (None, (0, 0)), (None, (1, 2, 1)), ((3, 4, 5), (1, 0, 1)), ((2, 7), (-1, 2)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", MANY)
def test_several_axes(name, s, axes, norm):
    check(name, operand(name, 3, 4, 5), s, axes, norm)


@pytest.mark.parametrize("name", MANY)
def test_all_axes_by_default(name):
    check(name, operand(name, 3, 4, 5))


def test_lengths_alone_mean_the_last_axes():
    x = complex_normal(2, 3, 4)
    np.testing.assert_array_equal(ag.fft.fftn(x, (5, 6)), np.fft.fftn(x, (5, 6), (-2, -1)))
    expected = np.fft.irfftn(x, (3, 6), (-2, -1))
    np.testing.assert_array_equal(ag.fft.irfftn(x, (-1, None)), expected)


def test_no_axes_leave_the_array_as_it_is():
    x = complex_normal(3)
    np.testing.assert_array_equal(ag.fft.fftn(x, axes=()), x)
    with pytest.raises(
        ValueError, match="rfftn: expected at least one axis to transform, got none"
    ):
        ag.fft.rfftn(x.real, axes=())


@pytest.mark.parametrize("axes", [None, 0, -1, (0, 1), (1, 1), ()])
@pytest.mark.parametrize("name", ["fftshift", "ifftshift"])
def test_shifts(name, axes):
    check(name, complex_normal(3, 4), axes)


def test_an_operand_may_be_a_list_of_numbers():
    np.testing.assert_array_equal(ag.fft.fft([1, 2, 3]), np.fft.fft([1, 2, 3]))
    np.testing.assert_array_equal(ag.fft.fftshift([1, 2, 3]), [3, 1, 2])


def test_frequencies_are_numpys():
    assert ag.fft.fftfreq is np.fft.fftfreq
    assert ag.fft.rfftfreq is np.fft.rfftfreq


@pytest.mark.parametrize("name", ONE + MANY)
def test_single_precision_stays(name):
    x = operand(name, 4, 4)
    x = x.astype(np.complex64 if x.dtype.kind == "c" else np.float32)
    t = ag.Tensor(x)
    out = getattr(np.fft, name)(t)
    assert out.dtype == getattr(np.fft, name)(x).dtype
    assert out.dtype in (np.float32, np.complex64)
    (ag.abs(out) ** 2).sum().backward()
    assert t.grad.dtype == x.dtype


def test_gradient_of_a_filter_is_the_mirrored_filter():
    x, h, g = normal(16), normal(16), normal(16)
    t = ag.Tensor(x)
    (np.fft.irfft(np.fft.rfft(t) * np.fft.rfft(h)) * g).sum().backward()
    mirrored = np.roll(h[::-1], 1)
    convolved = np.array([sum(g[j] * mirrored[k - j] for j in range(16)) for k in range(16)])
    np.testing.assert_allclose(t.grad, convolved, atol=1e-12)


def test_parseval_has_a_constant_hessian():
    energy = lambda x: ag.sum(ag.abs(ag.fft.fft(x)) ** 2)
    np.testing.assert_allclose(ag.hessian(energy)(normal(4)), 8 * np.eye(4), atol=1e-12)


def test_third_derivative():
    f = lambda x: ag.sum(ag.real(ag.fft.ifft(ag.fft.fft(x) ** 3)))
    cube = ag.grad(lambda x: f(x * np.array([1.0, 0.0])))
    third = ag.hessian(lambda x: ag.sum(cube(x)))(np.array([0.7, 0.1]))
    np.testing.assert_allclose(third[0, 0], 6.0, rtol=1e-12)


@pytest.mark.parametrize("name", ONE + MANY)
def test_out_is_refused(name):
    x = operand(name, 4, 4)
    with pytest.raises(TypeError, match=rf"{name}: out= would lose the gradient; use the result"):
        getattr(np.fft, name)(ag.Tensor(x), out=getattr(np.fft, name)(x))
    getattr(np.fft, name)(ag.Tensor(x), out=None)


@pytest.mark.parametrize("name", ONE + MANY)
def test_norm_has_three_names(name):
    with pytest.raises(ValueError, match=rf"{name}: norm must be .* got 'unitary'"):
        getattr(np.fft, name)(ag.Tensor(operand(name, 4, 4)), norm="unitary")


def test_other_arguments_are_checked():
    t = ag.Tensor(normal(4, 4))
    with pytest.raises(ValueError, match=r"fft: every length must be at least 1, got \(0,\)"):
        np.fft.fft(t, 0)
    with pytest.raises(ValueError, match=r"irfft: every length must be at least 1, got \(0,\)"):
        np.fft.irfft(ag.Tensor([1.0]))
    with pytest.raises(ValueError, match="fft2: s has 3 lengths for 2 axes; give one for each"):
        np.fft.fft2(t, (1, 2, 3))
    with pytest.raises(np.exceptions.AxisError, match="axis 2 is out of bounds"):
        np.fft.fft(t, axis=2)
    with pytest.raises(np.exceptions.AxisError, match="axis -3 is out of bounds"):
        np.fft.fftn(t, (2, 2, 2))
    with pytest.raises(ValueError, match="fft: every length must be at least 1"):
        np.fft.fft(t, -1)
    with pytest.raises(TypeError, match="'float' object cannot be interpreted as an integer"):
        np.fft.fft(t, 2.5)
    with pytest.raises(TypeError, match="rfft: expected real numbers, got complex128; use fft"):
        np.fft.rfft(t * 1j)


def test_it_is_loaded_when_it_is_first_used():
    code = (
        "import sys, numpy, agx as ag; loaded = lambda: 'agx.ops.signal.fourier' in sys.modules\n"
        "print('numpy.fft' in sys.modules, loaded())\n"
        "numpy.fft.fft(ag.Tensor([1.0, 2.0])); print(loaded(), 'scipy' in sys.modules)\n"
        "print(hasattr(ag, 'fft'), hasattr(ag, 'fast_fourier'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "True", "False", "True", "False"]
