"""Complex numbers: values, gradients of real losses, and what takes real numbers only."""

import numpy as np
import pytest

import agx as ag

Z = np.array([[0.3 - 0.2j, 1.1 + 0.4j], [-0.7 + 0.5j, 0.2 - 1.3j]])


def slopes(f, z, step=1e-6):
    """dL/dx - i dL/dy by central differences."""
    out = np.zeros_like(z)
    for k in np.ndindex(z.shape):
        d = np.zeros_like(z)
        d[k] = step
        dx = (f(z + d) - f(z - d)) / (2 * step)
        dy = (f(z + 1j * d) - f(z - 1j * d)) / (2 * step)
        out[k] = dx - 1j * dy
    return out


@pytest.mark.parametrize(
    "f",
    [
        lambda z: np.sum(np.abs(z)),
        lambda z: np.sum(np.abs(np.exp(z) * z) ** 2),
        lambda z: np.sum(np.real(np.sin(z) / (z + 2))),
        lambda z: np.sum(np.imag(z**3)),
        lambda z: np.sum(np.angle(z) * np.abs(z)),
        lambda z: np.sum(np.real(np.conj(z) * np.roll(z, 1))),
        lambda z: np.abs(np.prod(z)),
        lambda z: np.real(np.linalg.det(z)),
        lambda z: np.sum(np.abs(np.linalg.inv(z))),
        lambda z: np.linalg.norm(z),
        lambda z: np.var(z),
        lambda z: np.std(z),
        lambda z: np.sum(np.nanvar(z, axis=0) + np.nanstd(z, axis=1, ddof=1)),
        lambda z: np.sum(np.abs(z @ np.conj(z).T)),
        lambda z: np.sum(np.abs(np.einsum("ij,jk->ik", z, z))),
        lambda z: np.sum(np.real(np.sqrt(z) + np.log(z) + np.tanh(z) + np.arctan(z))),
        lambda z: np.abs(np.vdot(z, np.flip(z))),
        lambda z: np.sum(np.abs(np.sign(z) + 0.3)),
        lambda z: np.sum(np.abs(np.cumprod(z))),
        lambda z: np.sum(np.abs(z[[0, 0, 1]])),
        lambda z: np.sum(np.abs(np.concatenate([z, np.ones((1, 2))]) + 1.0)),
        lambda z: np.sum(np.abs(np.convolve(z[0], z[1]))),
        lambda z: np.real(np.trace(z @ z)) + np.imag(np.kron(z, z)).sum(),
        lambda z: np.sum(np.abs(np.where(np.real(Z) > 0, z, 2 * z))),
    ],
)
def test_gradients_of_real_losses(f):
    np.testing.assert_allclose(ag.grad(f)(Z), slopes(f, Z), rtol=1e-6, atol=1e-7)
    t = ag.Tensor(Z)
    f(t).backward()
    np.testing.assert_allclose(t.grad, slopes(f, Z), rtol=1e-6, atol=1e-7)
    assert t.grad.dtype == np.complex128


def test_a_step_along_the_conjugate_descends():
    f = lambda z: np.sum(np.abs(z**2 - 1j) ** 2)
    z = Z.copy()
    for _ in range(500):
        z = z - 0.02 * np.conj(ag.grad(f)(z))
    np.testing.assert_allclose(z**2, np.full((2, 2), 1j), atol=1e-6)


def test_real_parameters_of_complex_computations_have_real_gradients():
    x = ag.Tensor([1.0, 2.0])
    y = ag.sum(ag.abs(x * (1 + 2j)) ** 2)
    y.backward()
    assert x.grad.dtype == np.float64
    np.testing.assert_allclose(x.grad, 10 * x.value)


def test_dtypes():
    z = ag.Tensor(Z.astype(np.complex64))
    assert z.dtype == np.complex64
    assert (z * 2.0).dtype == np.complex64
    assert ag.abs(z).dtype == np.float32
    assert z.real.dtype == z.imag.dtype == np.float32
    assert (ag.Tensor([1.0]) * 1j).dtype == np.complex128
    assert ag.Tensor([1 + 2j]).item() == 1 + 2j
    assert complex(ag.Tensor(1 + 2j)) == 1 + 2j
    assert ag.astype(ag.Tensor([1.0]), np.complex64).dtype == np.complex64
    ag.sum(ag.abs(z)).backward()
    assert z.grad.dtype == np.complex64
    assert ag.Tensor([1.0]).conj().value.tolist() == [1.0]


def test_derivatives_at_zero():
    zero = np.zeros(1, complex)
    for f in (ag.abs, ag.angle, ag.std, lambda z: ag.real(ag.sign(z))):
        assert ag.grad(lambda z, f=f: ag.sum(f(z)))(zero).tolist() == [0.0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda z: z.sum().backward(),
            "the result is complex, and only a real number has a gradient",
        ),
        (
            lambda z: ag.conv2d(z.reshape(1, 1, 2, 2), np.ones((1, 1, 1, 1))),
            "expected real numbers",
        ),
        (lambda z: ag.max_pool2d(z.reshape(1, 1, 2, 2), 2), "expected real numbers"),
        (
            lambda z: ag.softmax(z),
            "softmax and its relatives: expected real numbers, got complex128",
        ),
        (lambda z: ag.logsumexp(z), "softmax and its relatives: expected real numbers"),
        (lambda z: ag.cross_entropy(z, np.zeros(2, int)), "expected real numbers"),
        (lambda z: ag.sigmoid(z), "sigmoid: expected real numbers"),
        (lambda z: ag.erf(z), "erf: expected real numbers"),
        (lambda z: ag.relu(z), "relu: expected real numbers"),
        (lambda z: ag.softplus(z), "softplus: expected real numbers"),
        (lambda z: ag.leaky_relu(z), "leaky_relu: expected real numbers"),
        (lambda z: ag.mish(z), "mish: expected real numbers"),
        (lambda z: ag.prelu(z, 0.5), "prelu: expected real numbers"),
        (lambda z: ag.softsign(z), "softsign: expected real numbers"),
        (lambda z: ag.focal_loss(z, np.zeros(2, int)), "focal_loss: expected real numbers"),
        (
            lambda z: ag.soft_margin_loss(z, np.ones((2, 2))),
            "soft_margin_loss: expected real numbers",
        ),
        (lambda z: ag.mse(np.ones((2, 2)), z), "mse: expected real numbers, got complex128"),
        (lambda z: ag.huber(z, np.ones((2, 2))), "huber: expected real numbers"),
        (lambda z: ag.nll_loss(z, np.zeros(2, int)), "nll_loss: expected real numbers"),
        (lambda z: ag.cross_entropy(np.ones((2, 2)), z), "cross_entropy: expected real numbers"),
        (lambda z: ag.nn.BatchNorm1d(2)(z), r"BatchNorm1d\(2, .*\): expected real numbers"),
        (lambda z: np.quantile(z, 0.5), "quantile: expected real numbers"),
        (lambda z: np.nanpercentile(z, 50), "nanpercentile: expected real numbers"),
        (lambda z: np.interp(z, [0.0, 1.0], [0.0, 1.0]), "interp: expected real numbers"),
        (lambda z: np.interp([0.5], z[0], [0.0, 1.0]), "interp: expected real numbers"),
        (lambda z: np.bincount([0, 1], z[0]), "bincount: expected real numbers"),
        (lambda z: ag.optim.SGD([z], lr=0.1), "parameter 0 is complex; optimise its real and imag"),
    ],
)
def test_what_takes_real_numbers_only(call, message):
    with pytest.raises((TypeError, RuntimeError), match=message):
        call(ag.Tensor(Z))


def test_gradients_of_complex_leaves_are_clipped_by_their_size():
    z = ag.Tensor([0.0 + 0.0j])
    z.grad = np.array([3.0 + 4.0j])
    assert ag.optim.clip_grad_norm([z], 1.0) == 5.0
    np.testing.assert_allclose(z.grad, [0.6 + 0.8j], rtol=1e-6)


def test_variances_are_real():
    z = np.array([1 + 1j, np.nan, 3 - 1j])
    for f in (np.nanvar, np.nanstd):
        assert f(ag.Tensor(z)).dtype == np.float64
        np.testing.assert_allclose(f(ag.Tensor(z)).value, f(z))


# --- functions of functions ----------------------------------------------------------------------

X = np.array([0.3, 0.7])
V = np.array([0.5 - 1.0j, 2.0j])


def test_jacobians_of_complex_results_of_real_arguments_are_complex():
    wave = lambda x: np.exp(1j * x)
    np.testing.assert_allclose(ag.jacobian(wave)(X), np.diag(1j * np.exp(1j * X)))
    np.testing.assert_allclose(ag.elementwise_grad(wave)(X), 1j * np.exp(1j * X))
    assert ag.jacobian(wave)(X.astype(np.float32)).dtype == np.complex64
    both = ag.jacobian(lambda p: p["x"] * p["z"])({"x": X, "z": V})
    np.testing.assert_allclose(both["x"], np.diag(V))
    np.testing.assert_allclose(both["z"], np.diag(X))


def test_jacobians_of_holomorphic_functions_are_complex_derivatives():
    np.testing.assert_allclose(ag.jacobian(lambda z: z**2)(V), np.diag(2 * V))
    np.testing.assert_allclose(ag.elementwise_grad(np.exp)(V), np.exp(V))
    np.testing.assert_allclose(ag.hessian(lambda z: np.sum(np.real(z**3)))(V), np.diag(6 * V))
    slope = lambda x: np.sum(np.abs(ag.jacobian(lambda z: z**3)(x + 1j)) ** 2)
    np.testing.assert_allclose(ag.grad(slope)(X), 36 * X * (X**2 + 1))


def test_rounding_of_single_precision_is_not_taken_for_a_conjugate():
    rng = np.random.default_rng(0)
    for _ in range(60):
        a, b, x, y = rng.standard_normal((4, 5, 5))
        m = (a + 1j * b).astype(np.complex64)
        v = ((x + 1j * y)[0] * 10 ** rng.uniform(-3, 3)).astype(np.complex64)
        solved = lambda v, m=m: np.linalg.solve(m + 0.01 * np.outer(v, v), v)
        assert ag.jacobian(solved)(v).shape == (5, 5)


@pytest.mark.parametrize(
    ("call", "who"),
    [
        (lambda: ag.jacobian(np.conj)(V), "jacobian"),
        (lambda: ag.jacobian(lambda z: z * np.abs(z))(V), "jacobian"),
        (lambda: ag.elementwise_grad(np.conj)(V), "elementwise_grad"),
        (lambda: ag.hessian(lambda z: np.sum(np.abs(z) ** 2))(V), "hessian"),
    ],
)
def test_what_is_not_holomorphic_has_no_complex_jacobian(call, who):
    message = rf"{who}: the function is not holomorphic.*lambda x, y: ag.real\(f\(x \+ 1j \* y\)\)"
    with pytest.raises(ValueError, match=message):
        call()


def test_second_derivatives_along_a_vector():
    f = lambda z: np.sum(np.abs(z) ** 4)
    _, pushed = ag.jvp(ag.grad(f), (V,), (1j * V,))
    np.testing.assert_allclose(ag.hvp(f)(V, 1j * V), pushed)
    z, step = V.copy(), 1e-5j * V
    np.testing.assert_allclose(
        (ag.grad(f)(z + step) - ag.grad(f)(z - step)) / 2e-5, pushed, rtol=1e-8
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ag.jvp(np.sin, (X,), (1j * X,)), "jvp: expected tangents of dtype float64, got complex128"),
        (lambda: ag.hvp(lambda x: np.sum(x**3))(X, 1j * X), "hvp: expected a vector of dtype float64, got complex128"),
        (lambda: ag.vjp(np.sin, X)[1](1j * X), "vjp: expected a gradient of dtype float64, got complex128"),
        (lambda: ag.Tensor(X).sum().backward(1j), "backward: the result is real and the seed complex"),
    ],
)  # fmt: skip
def test_what_is_real_takes_no_complex_direction(call, message):
    with pytest.raises(TypeError, match=message):
        call()
