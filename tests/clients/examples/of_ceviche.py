"""ceviche's simulations, its Jacobians in three modes, and its optimiser, as its README and tutorial do."""

import autograd.numpy as npa
import ceviche
import numpy as np
import pytest
from autograd import grad
from ceviche import fdfd_ez, fdfd_hz, fdtd, jacobian
from ceviche.constants import C_0
from ceviche.optimizers import adam_optimize
from ceviche.primitives import sp_mult, sp_solve, spsp_mult

OMEGA, DL, SHAPE, NPML = 2 * np.pi * 200e12, 5e-8, (24, 20), [5, 4]


def permittivity():
    return 1.0 + np.random.default_rng(0).random(SHAPE) * 3.0


def source():
    s = np.zeros(SHAPE)
    s[8, 8:12] = 1.0
    return s


@pytest.mark.parametrize("kind", [fdfd_ez, fdfd_hz])
def test_gradient_of_an_intensity(kind, record):
    simulation = kind(OMEGA, DL, permittivity(), NPML)

    def intensity(eps):
        simulation.eps_r = npa.reshape(eps, SHAPE)
        fields = simulation.solve(source())
        return npa.sum(npa.square(npa.abs(fields[2][14:16, 8:12]))) * 1e-6

    eps = permittivity().ravel()
    record(
        value=intensity(eps),
        slope=grad(intensity)(eps),
        again=jacobian(intensity, mode="reverse")(eps),
    )


@pytest.mark.parametrize("mode", ["reverse", "forward", "numerical"])
def test_jacobian_in_each_mode(mode, record):
    A, B = np.random.default_rng(1).random((2, 4, 3))
    f = lambda x, b: npa.tanh(A @ x) + B @ b**2
    x, b = np.array([0.1, -0.4, 0.3]), np.array([0.5, 0.2, 0.9])
    record(in_x=jacobian(f, argnum=0, mode=mode)(x, b), in_b=jacobian(f, argnum=1, mode=mode)(x, b))


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_sensitivity_of_fields(mode, record):
    def spectrum(scale):
        simulation = fdfd_ez(OMEGA, DL, permittivity() * scale, NPML)
        _, _, field = simulation.solve(source())
        return npa.abs(field[14, 8:12]) * 1e-3

    record(slope=jacobian(spectrum, mode=mode)(1.1))


SPARSE = np.array([[0, 0, 1, 2, 2, 3], [0, 1, 1, 2, 3, 3]])
ENTRIES = np.array([2.0, 0.5, 3.0, 1.5, 0.3, 2.5]) + 0.2j


@pytest.mark.parametrize("f", [sp_mult, sp_solve])
def test_sparse_products_and_solutions(f, record):
    x = np.array([1.0, -2.0, 0.5, 3.0]) + 0j
    loss = lambda entries, x: npa.sum(npa.abs(f(entries, SPARSE, x)) ** 2)
    record(in_entries=grad(loss, 0)(ENTRIES, x), in_x=grad(loss, 1)(ENTRIES, x))
    record(rows=jacobian(loss, argnum=1, mode="forward")(ENTRIES, x))


def test_product_of_sparse_matrices(record):
    ones = np.ones(4) + 0j

    def loss(entries):
        found, indices = spsp_mult(entries, SPARSE, ENTRIES, SPARSE, 4)
        return npa.sum(npa.abs(sp_mult(found, indices, ones)) ** 2)

    record(value=loss(ENTRIES * 2))
    record(slope=grad(loss)(ENTRIES * 2))


def test_time_domain(record):
    def energy(scale):
        eps = np.ones((12, 10, 1)) * scale
        simulation = fdtd(eps, dL=DL, npml=[3, 3, 0])
        current = np.zeros((12, 10, 1))
        current[6, 5, 0] = 1.0
        total = 0.0
        for t in range(12):
            fields = simulation.forward(Jz=current * np.exp(-((t - 5) ** 2) / 8))
            total = total + npa.sum(fields["Ez"] ** 2)
        return total

    record(value=energy(2.0), slope=grad(energy)(2.0))


def test_optimising_a_structure(record):
    simulation = fdfd_ez(OMEGA, DL, permittivity(), NPML)

    def objective(density):
        simulation.eps_r = 1.0 + 3.0 * npa.reshape(density, SHAPE)
        return npa.sum(npa.abs(simulation.solve(source())[2][15, 8:12])) * 1e-3

    start = (permittivity().ravel() - 1) / 4
    slope = jacobian(objective, mode="reverse")
    found, values = adam_optimize(
        objective, start, slope, Nsteps=4, bounds=[0, 1], direction="max", verbose=False
    )
    record(
        found=found,
        values=np.ravel(values),
        light=C_0,
        version=float(ceviche.__version__.split(".")[1]),
    )
