"""Results that have no gradient: integers are refused, and of constants there is a word."""

import warnings

import numpy as np
import pytest

import agx as ag
import agx.compat.autograd as hips

X = np.array([1.5, -0.5, 2.0])

TRANSFORMS = {
    "grad": lambda f: ag.grad(f)(X),
    "value_and_grad": lambda f: ag.value_and_grad(f)(X),
    "grad_and_aux": lambda f: ag.grad_and_aux(lambda x: (f(x), "more"))(X),
    "elementwise_grad": lambda f: ag.elementwise_grad(f)(X),
    "jacobian": lambda f: ag.jacobian(f)(X),
    "hessian": lambda f: ag.hessian(f)(X),
    "hvp": lambda f: ag.hvp(f)(X, X),
    "vjp": lambda f: ag.vjp(f, X),
    "jvp": lambda f: ag.jvp(f, (X,), (X,)),
    "compat grad": lambda f: hips.grad(f)(X),
    "compat value_and_grad": lambda f: hips.value_and_grad(f)(X),
    "compat grad_and_aux": lambda f: hips.grad_and_aux(lambda x: (f(x), "more"))(X),
    "compat elementwise_grad": lambda f: hips.elementwise_grad(f)(X),
    "compat jacobian": lambda f: hips.jacobian(f)(X),
    "compat deriv": lambda f: hips.deriv(f)(X),
    "compat make_vjp": lambda f: hips.make_vjp(f)(X),
    "compat make_jvp": lambda f: hips.make_jvp(f)(X)(X),
}
every_transform = pytest.mark.parametrize(("name", "run"), TRANSFORMS.items())


def heard(run, *args):
    """The result of a call and what it warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = run(*args)
    return found, caught


@every_transform
@pytest.mark.parametrize(
    ("f", "what"),
    [
        (np.argmax, "the int64 2"),
        (lambda x: np.allclose(x, x), "the bool True"),
        (lambda x: (x > 0).any(), "the bool True"),
        (lambda x: int(x[0]), "the int 1"),
        (lambda x: 0, "the int 0"),
        (lambda x: np.array([2]), "an array of dtype int64"),
    ],
)
def test_integers_and_truth_values_are_refused(name, run, f, what):
    message = f"{name.split()[-1]}: the function returned {what}, and truth values and integers"
    with pytest.raises(TypeError, match=message):
        run(f)


@every_transform
def test_a_float_that_does_not_depend_on_the_argument_gives_zeros_and_one_warning(name, run):
    _, caught = heard(run, lambda x: 3.0)
    assert [w.category for w in caught] == [UserWarning]
    expected = (
        rf"Output seems independent of input\. {name.split()[-1]}: what the function returned"
    )
    assert str(caught[0].message).startswith(expected.replace("\\", ""))
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "f",
    [
        lambda x: 3.0,
        lambda x: np.ones(2).sum(),
        lambda x: ag.Tensor(3.0, requires_grad=False),
        lambda x: x.value.sum(),
        lambda x: x.detach().sum(),
        lambda x: np.sum(np.ones_like(x)),
        lambda x: ag.no_grad(np.sum)(x),
    ],
)
def test_what_counts_as_constant(f):
    gradient, caught = heard(ag.grad(f), X)
    np.testing.assert_array_equal(gradient, np.zeros(3))
    assert len(caught) == 1


def test_a_hessian_and_nested_gradients_of_a_constant_warn_once():
    twice = ag.grad(lambda x: ag.grad(lambda y: 3.0)(x).sum())
    for run in (ag.hessian(lambda x: 3.0), lambda x: ag.hvp(lambda x: 3.0)(x, x), twice):
        found, caught = heard(run, X)
        assert not found.any() and len(caught) == 1


LINEAR = {
    "hessian": ag.hessian(np.sum),
    "hvp": lambda x: ag.hvp(np.sum)(x, x),
    "grad of grad": ag.grad(lambda x: ag.grad(np.sum)(x).sum()),
    "jacobian of jacobian": ag.jacobian(ag.jacobian(lambda x: 2 * x)),
    "third of a square": ag.jacobian(ag.jacobian(ag.jacobian(lambda x: x * x))),
    "jacobian of jvp": ag.jacobian(lambda x: ag.jvp(np.sum, (x,), (np.ones(3),))[1]),
    "jacobian of vjp": ag.jacobian(lambda x: ag.vjp(np.sum, x)[1](1.0)[0]),
    "compat hessian": hips.hessian(np.sum),
    "compat hvp": lambda x: hips.hessian_vector_product(np.sum)(x, x),
    "fourth": ag.grad(ag.grad(ag.grad(ag.grad(lambda x: x[0] ** 2 if x.ndim else x**2)))),
}


@pytest.mark.parametrize("name", LINEAR)
def test_constant_derivatives_of_what_does_depend_are_zeros_without_a_word(name):
    found = LINEAR[name](2.0 if name == "fourth" else X)
    assert not np.any(found)


def test_a_step_function_depends_on_its_argument():
    np.testing.assert_array_equal(ag.grad(lambda x: np.sum(np.floor(x)))(X), np.zeros(3))


def test_one_dependent_result_or_argument_is_enough():
    found = ag.jacobian(lambda x: {"a": x[0], "b": 3.0})(X)
    np.testing.assert_array_equal(found["b"], np.zeros(3))
    assert ag.grad(lambda x, y: x**2, (0, 1))(3.0, 4.0)[1] == 0.0
    tree = ag.grad(lambda p: p["w"] ** 2)({"w": 2.0, "n": 3, "name": "x"})
    assert tree == {"w": 4.0, "n": 0.0, "name": None}


def test_what_is_handed_on_besides_the_result_may_be_anything():
    value = ag.value_and_grad(lambda x: (np.sum(x), {"n": 3, "right": x > 0}), has_aux=True)(X)
    assert value[0][1]["n"] == 3
    assert ag.grad_and_aux(lambda x: (np.sum(x), np.argmax(x)))(X)[1] == 2


def test_text_in_a_result_has_no_derivative():
    value, slope = ag.jvp(lambda x: (x, "seen", None), (2.0,), (1.0,))
    assert value[1:] == ("seen", None) and slope == (1.0, None, None)


def test_a_result_that_depends_on_an_outer_variable_alone():
    inner = lambda a: ag.grad(lambda b: a**2)(1.0)
    found, caught = heard(ag.grad(inner), 3.0)
    assert found == 0.0 and len(caught) == 1
    with pytest.warns(UserWarning, match="grad: what the function returned"):
        inner(3.0)


def test_an_inner_derivative_of_something_else_excuses_nothing():
    with pytest.warns(UserWarning, match="Output seems independent"):
        ag.grad(lambda x: ag.grad(lambda y: y**2)(3.0))(1.0)


def test_without_recording_a_result_still_depends_on_the_argument():
    with ag.no_grad():
        assert ag.grad(lambda x: x**2)(3.0) == 6.0
        with pytest.warns(UserWarning, match="Output seems independent"):
            ag.grad(lambda x: 3.0)(3.0)


def test_nothing_is_said_of_arguments_or_results_without_numbers():
    assert ag.grad(lambda p: 3.0)({"name": "x"}) == {"name": None}
    assert ag.jacobian(lambda x: np.ones(0))(X).shape == (0, 3)
