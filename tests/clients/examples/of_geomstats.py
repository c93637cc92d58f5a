"""geomstats with its autograd backend: what it differentiates, and its own autodiff functions."""

import geomstats.backend as gs
import pytest
from geomstats.geometry.base import ImmersedSet
from geomstats.geometry.discrete_curves import DiscreteCurvesStartingAtOrigin
from geomstats.geometry.euclidean import Euclidean
from geomstats.geometry.hypersphere import Hypersphere
from geomstats.geometry.invariant_metric import InvariantMetric
from geomstats.geometry.riemannian_metric import RiemannianMetric
from geomstats.geometry.spd_matrices import SPDAffineMetric, SPDMatrices
from geomstats.geometry.special_euclidean import SpecialEuclidean
from geomstats.geometry.special_orthogonal import SpecialOrthogonal
from geomstats.information_geometry.beta import BetaDistributions
from geomstats.information_geometry.dirichlet import DirichletDistributions
from geomstats.information_geometry.fisher_rao_metric import FisherRaoMetric
from geomstats.information_geometry.gamma import GammaDistributions
from geomstats.information_geometry.normal import UnivariateNormalDistributions
from geomstats.learning.frechet_mean import FrechetMean
from geomstats.numerics.geodesic import ExpODESolver
from geomstats.numerics.ivp import GSIVPIntegrator


@pytest.fixture(autouse=True)
def seed():
    assert gs.__name__.endswith("autograd") or gs.has_autodiff()
    gs.random.seed(0)


POINT = gs.array([0.3, -0.8, 1.2])
POINTS = gs.array([[0.3, -0.8, 1.2], [1.0, 0.1, -0.4]])
cubic = lambda x: gs.sum(x**3 + gs.sin(x), axis=-1)
vector = lambda x: gs.stack([x[..., 0] * x[..., 1], gs.exp(x[..., 2])], axis=-1)


@pytest.mark.parametrize("x", [POINT, POINTS], ids=["one", "several"])
def test_autodiff(x, record):
    record(v=gs.autodiff.value_and_grad(cubic)(x)[0], g=gs.autodiff.value_and_grad(cubic)(x)[1])
    record(j=gs.autodiff.jacobian_vec(vector)(x), h=gs.autodiff.hessian_vec(cubic)(x))
    for part in gs.autodiff.value_and_jacobian(vector)(x):
        record(part=part)


def test_value_jacobian_and_hessian(record):
    for part in gs.autodiff.value_jacobian_and_hessian(vector, func_out_ndim=1)(POINT):
        record(part=part)
    for part in gs.autodiff.jacobian_and_hessian(vector, func_out_ndim=1)(POINT):
        record(part=part)


def test_custom_gradient(record):
    @gs.autodiff.custom_gradient(lambda x, y: 3.0 * x, lambda x, y: y**2)
    def f(x, y):
        return gs.sum(x * y)

    for argnum in (0, 1):
        record(
            part=gs.autodiff.value_and_grad(lambda a, b: f(a, b) * 2.0, argnums=argnum)(
                POINT, POINT
            )[1]
        )


def metric_by_derivatives(space, matrix):
    space.metric = RiemannianMetric(space)
    space.metric.metric_matrix = matrix
    return space.metric


def test_christoffel_symbols_and_curvature(record):
    sphere = Hypersphere(2, intrinsic=True)
    point = gs.array([0.9, 0.4])
    record(known=sphere.metric.christoffels(point))
    plane = Euclidean(2, equip=False)
    metric = metric_by_derivatives(
        plane, lambda base_point: gs.eye(2) * (1.0 + gs.sum(base_point**2))
    )
    record(symbols=metric.christoffels(point), slope=metric.inner_product_derivative_matrix(point))
    metric.exp_solver = ExpODESolver(plane, integrator=GSIVPIntegrator(n_steps=20))
    record(along=metric.exp(gs.array([0.1, 0.2]), point))


class Dome(ImmersedSet):
    """The graph of a function over the plane."""

    def __init__(self):
        super().__init__(dim=2)

    def _define_embedding_space(self):
        return Euclidean(3)

    def immersion(self, point):
        x, y = point[..., 0], point[..., 1]
        return gs.stack([x, y, gs.sin(x) * gs.exp(-(y**2))], axis=-1)


def test_pullback_metric(record):
    space, point = Dome(), gs.array([0.9, 0.4])
    record(jacobian=space.jacobian_immersion(point), hessian=space.hessian_immersion(point))
    record(matrix=space.metric.metric_matrix(point), symbols=space.metric.christoffels(point))
    record(slope=space.metric.inner_product_derivative_matrix(point))
    record(end=space.metric.exp(gs.array([0.2, -0.1]), point))
    record(curvature=space.metric.mean_curvature_vector(point))


@pytest.mark.parametrize(
    "make", [BetaDistributions, GammaDistributions, UnivariateNormalDistributions]
)
def test_information_geometry(make, record):
    space = make()
    point = gs.array([1.4, 2.3])
    record(matrix=space.metric.metric_matrix(point), symbols=space.metric.christoffels(point))
    record(end=space.metric.exp(gs.array([0.1, 0.2]), point))


def test_dirichlet(record):
    space = DirichletDistributions(dim=3)
    point, other = gs.array([1.0, 2.0, 1.5]), gs.array([1.4, 1.1, 1.9])
    record(symbols=space.metric.christoffels(point), log=space.metric.log(other, point))


def test_fisher_rao_metric_by_integration(record):
    space = UnivariateNormalDistributions(equip=False)
    space.equip_with_metric(FisherRaoMetric, support=(-20, 20))
    record(matrix=space.metric.metric_matrix(gs.array([0.2, 1.3])))


def test_invariant_metric(record):
    group = SpecialEuclidean(n=2, equip=False)
    group.equip_with_metric(InvariantMetric)
    point = group.random_point()
    tangent = group.to_tangent(gs.array([[0.0, -0.3, 0.5], [0.3, 0.0, 0.1], [0, 0, 0]]), point)
    end = group.metric.exp(tangent, point)
    record(point=point, end=end, back=group.metric.log(end, point))


def test_rotations(record):
    rotations = SpecialOrthogonal(n=3)
    points = rotations.random_uniform(4)
    record(mean=FrechetMean(rotations).fit(points).estimate_)


def test_positive_matrices(record):
    space = SPDMatrices(2, equip=False)
    space.equip_with_metric(SPDAffineMetric)
    record(mean=FrechetMean(space).fit(space.random_point(4)).estimate_)


def test_curves(record):
    curves = DiscreteCurvesStartingAtOrigin(ambient_dim=2, k_sampling_points=6)
    first, second = curves.random_point(2)
    record(distance=curves.metric.dist(first, second))


def test_gradient_through_the_geometry(record):
    sphere = Hypersphere(2)
    base = gs.array([0.0, 0.6, 0.8])
    target = gs.array([1.0, 0.0, 0.0])
    loss = lambda v: sphere.metric.squared_dist(
        sphere.metric.exp(sphere.to_tangent(v, base), base), target
    )
    record(slope=gs.autodiff.value_and_grad(loss)(gs.array([0.2, 0.1, -0.3]))[1])
    inverse = lambda x: gs.sum(gs.linalg.inv(gs.reshape(x, (2, 2))) ** 2)
    record(slope=gs.autodiff.value_and_grad(inverse)(gs.array([0.1, 0.5, -0.2, 0.3]))[1])
