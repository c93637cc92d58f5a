"""paragami's patterns, wrappers of functions and derivatives, as its documentation uses them."""

import autograd.numpy as np
import paragami
import paragami.sensitivity_lib
import pytest
from autograd import grad, hessian, jacobian
from autograd.differential_operators import make_jvp_reversemode
from autograd.test_util import check_grads
from paragami import autograd_supplement_lib as supplement
from scipy import sparse


def pattern():
    found = paragami.PatternDict()
    found["mean"] = paragami.NumericVectorPattern(length=2)
    found["precision"] = paragami.PSDSymmetricMatrixPattern(size=2)
    found["weights"] = paragami.SimplexArrayPattern(array_shape=(2,), simplex_size=3)
    found["scale"] = paragami.NumericScalarPattern(lb=0.5)
    return found


def values():
    weights = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
    precision = np.array([[2.0, 0.4], [0.4, 1.0]])
    return {"mean": np.array([0.3, -1.0]), "precision": precision, "weights": weights, "scale": 1.7}


def loss(params):
    sign, logdet = np.linalg.slogdet(params["precision"])
    quadratic = params["mean"] @ params["precision"] @ params["mean"]
    return quadratic - logdet + np.sum(np.log(params["weights"])) * params["scale"] ** 2


@pytest.mark.parametrize("free", [True, False])
def test_gradient_and_hessian_of_a_flat_function(free, record):
    flat = paragami.FlattenFunctionInput(loss, pattern(), free=free)
    x = pattern().flatten(values(), free=free)
    record(value=flat(x), slope=grad(flat)(x), curvature=hessian(flat)(x))


@pytest.mark.parametrize("part", ["mean", "precision", "weights", "scale"])
def test_freeing_jacobians(part, record):
    one = pattern()[part]
    folded = values()[part]
    record(freeing=one.freeing_jacobian(folded, sparse=False))
    record(back=one.unfreeing_jacobian(folded, sparse=False))


def test_volume_of_freeing(record):
    one = paragami.NumericVectorPattern(length=2, lb=-3.0)
    record(up=one.log_abs_det_freeing_jacobian(values()["mean"]))
    record(down=one.log_abs_det_unfreeing_jacobian(values()["mean"]))


def test_preconditioned_optimisation(record):
    flat = paragami.FlattenFunctionInput(
        lambda v: np.sum((v - 2.0) ** 4) + np.sum(v**2), VECTOR, free=True
    )
    better = paragami.PreconditionedFunction(flat)
    x = np.array([0.3, 0.7])
    better.set_preconditioner_with_hessian(x=x, ev_min=1e-3)
    record(scaled=better.get_preconditioner(2))
    watched = paragami.OptimizationObjective(better, print_every=1)
    record(value=watched.f(x), slope=watched.grad(x), curvature=watched.hessian(x))
    record(product=watched.hessian_vector_product(x, np.array([1.0, -2.0])))


VECTOR = paragami.NumericVectorPattern(length=2)


def test_output_folding(record):
    whole = paragami.FlattenFunctionOutput(
        lambda x: {**values(), "mean": x**2}, pattern(), free=True
    )
    record(rows=jacobian(whole)(np.array([0.4, 1.1])))


@pytest.mark.filterwarnings("ignore:This class is being moved")
def test_sensitivity(record):
    def objective(x, weight):
        return np.sum((x - weight) ** 2) + 0.1 * np.sum(x**4)

    from scipy.optimize import minimize

    weight = np.array([0.5, 1.5])
    best = minimize(objective, np.zeros(2), args=(weight,), jac=grad(objective), tol=1e-12).x
    linear = paragami.sensitivity_lib.HyperparameterSensitivityLinearApproximation(
        objective, best, weight, validate_optimum=True
    )
    record(slope=linear.get_dopt_dhyper(), curvature=linear.get_hessian_at_opt())
    record(guess=linear.predict_opt_par_from_hyper_par(weight + 0.1))


def test_what_it_adds_to_autograd(record):
    z = sparse.csr_matrix(np.array([[1.0, 0, 2], [0, 3, 0]]))
    times, back = supplement.get_sparse_product(z)
    b = np.array([0.5, -1.0, 2.0])
    record(rows=jacobian(times)(b), curvature=hessian(lambda b: np.sum(np.sin(times(b))))(b))
    check_grads(times, modes=["rev", "fwd"], order=2)(b)
    grouped = lambda x: supplement.grouped_sum(x, groups=np.array([0, 2, 0]), num_groups=3)
    record(grouped=jacobian(grouped)(b), along=make_jvp_reversemode(grouped)(b)(np.ones(3)))
    a = np.array([[2.0, 0.3], [0.1, 1.5]])
    check_grads(np.linalg.inv, modes=["fwd", "rev"], order=2)(a)
    check_grads(np.linalg.solve, modes=["fwd", "rev"], order=2)(a, np.array([1.0, 2.0]))
