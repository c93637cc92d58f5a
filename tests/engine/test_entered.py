"""What is computed inside a transform and hands on the gradient of its variable, or says that it cannot."""

import numpy as np
import pytest

import agx as ag

X = np.array([1.0, 2.0])


@pytest.mark.parametrize(
    "inner",
    [
        lambda f: ag.grad(lambda x: np.sum(f(x)))(X),
        lambda f: ag.elementwise_grad(f)(X),
        lambda f: ag.jacobian(f)(X),
        lambda f: ag.jvp(f, (X,), (X / X,))[1],
        lambda f: ag.vjp(f, X)[1](np.ones(2))[0],
    ],
)
def test_a_hook_may_use_the_variable_of_an_outer_transform(inner):
    def slope(w):
        def f(x):
            x.register_hook(lambda g: g * w**2)
            return x * x

        return np.sum(inner(f))

    assert ag.grad(slope)(3.0) == pytest.approx(36.0)
    assert ag.grad(ag.grad(slope))(3.0) == pytest.approx(12.0)


def test_a_hook_that_would_drop_the_variable_of_an_outer_transform_is_refused():
    def in_a_checkpoint(w):
        @ag.checkpoint
        def f(x):
            y = x * x
            y.register_hook(lambda g: g * w)
            return np.sum(y)

        return ag.grad(f)(3.0)

    def in_backward(w):
        x = ag.Tensor(3.0)
        x.register_hook(lambda g: g * w)
        np.sum(x * x).backward()
        return np.sum(x.grad)

    for f in (in_a_checkpoint, in_backward):
        with pytest.raises(RuntimeError, match="register_hook: .* what an outer transform"):
            ag.grad(f)(2.0)


def test_a_plain_backward_pass_inside_a_transform_is_refused():
    def f(w):
        x = ag.Tensor(3.0)
        (x * x * w).backward()
        return x.grad * w

    with pytest.raises(RuntimeError, match="backward: .* pass create_graph=True"):
        ag.grad(f)(2.0)


def test_a_backward_pass_inside_a_transform_that_has_nothing_to_do_with_it():
    def f(w):
        x = ag.Tensor(3.0)
        (x * x).backward()
        return x.grad * w

    assert ag.grad(f)(2.0) == 6.0


def test_a_backward_pass_with_a_graph_inside_a_transform():
    def f(w):
        x = ag.Tensor(3.0)
        (x * x * w).backward(create_graph=True)
        return x.grad * w

    assert ag.grad(f)(2.0) == 24.0


@pytest.mark.parametrize("plain", [lambda a: float(a[0]), np.asarray, lambda a: a.tolist()[1]])
def test_a_checkpoint_inside_a_transform_refuses_what_would_drop_a_gradient(plain):
    def f(x):
        return np.sum(ag.checkpoint(lambda a: plain(a) * a)(x))

    with pytest.raises(TypeError, match="would drop the gradient|would lose its gradient"):
        ag.grad(f)(X)
    assert np.sum(f(ag.Tensor(X)).value) == pytest.approx(np.sum(plain(X) * X))
