"""Pull-backs of one's own, and computing again instead of keeping."""

import concurrent.futures
import functools

import numpy as np
import pytest

import agx as ag

X = np.array([0.3, -1.2, 0.8])


# --- custom_vjp ------------------------------------------------------------------------------------


def logsumexp():
    @ag.custom_vjp
    def f(x):
        return np.log(np.sum(np.exp(x)))

    def forward(x):
        out = f(x) if isinstance(x, np.ndarray) else np.log(np.sum(np.exp(x)))
        return out, (x, out)

    f.defvjp(forward, lambda kept, g: (g * np.exp(kept[0] - kept[1]),))
    return f


def test_a_custom_pull_back_is_used_to_any_order():
    f = logsumexp()
    ag.testing.check_grads(f, X, order=3, rtol=1e-4)
    np.testing.assert_allclose(ag.hessian(f)(X), ag.hessian(ag.logsumexp)(X), atol=1e-12)


def test_a_custom_pull_back_replaces_the_derivative():
    @ag.custom_vjp
    def through(x):
        return np.round(x)

    through.defvjp(lambda x: (np.round(x), None), lambda kept, g: (g,))
    assert ag.grad(lambda x: through(x).sum())(X).tolist() == [1.0, 1.0, 1.0]


def test_a_custom_pull_back_of_several_arguments_runs_once():
    calls = []

    @ag.custom_vjp
    def scale(x, y, power=1):
        return x * y**power

    def backward(kept, g):
        calls.append(1)
        x, y, power = kept
        return g * y**power, None

    scale.defvjp(lambda x, y, power=1: (x * y**power, (x, y, power)), backward)
    x, y = ag.Tensor(X), ag.Tensor(2 * X)
    scale(x, y, power=2).sum().backward()
    np.testing.assert_allclose(x.grad, 4 * X**2)
    assert y.grad.tolist() == [0.0, 0.0, 0.0]
    assert len(calls) == 1
    assert type(scale(X, X)) is np.ndarray


def test_what_custom_vjp_refuses():
    @ag.custom_vjp
    def f(x):
        return x

    with pytest.raises(TypeError, match=r"f: no gradient is defined; call f.defvjp"):
        f(ag.Tensor(X))
    f.defvjp(lambda x: (x, None), lambda kept, g: (g, g))
    with pytest.raises(ValueError, match="returned 2 gradients for 1 arguments"):
        f(ag.Tensor(X)).sum().backward()


def test_what_custom_vjp_would_lose():
    @ag.custom_vjp
    def f(x, y=1.0):
        return x * y

    f.defvjp(lambda x, y=1.0: ((x, x), None), lambda kept, g: (g,))
    with pytest.raises(TypeError, match="keyword arguments are constants; pass 'y' by position"):
        f(X, y=ag.Tensor(X))
    with pytest.raises(TypeError, match="keyword arguments are constants; pass 'y' by position"):
        f(X, y=[ag.Tensor(1.0), 2.0])
    with pytest.raises(TypeError, match=r"f: a list of Tensors would lose .*ag.stack or ag.array"):
        f([ag.Tensor(1.0), 2.0])
    with pytest.raises(TypeError, match="the value must be one array, got a tuple; stack several"):
        f(ag.Tensor(X))
    f.defvjp(lambda x: x, lambda kept, g: (g,))
    with pytest.raises(TypeError, match=r"f: forward returns a pair \(value, residuals\)"):
        f(ag.Tensor(X))


def doubled_residuals(x, c):
    """A node of a custom pull-back that keeps ``c`` and its result."""

    @ag.custom_vjp
    def f(x, c):
        return x * c

    f.defvjp(lambda x, c: ((out := x * c), (out, c)), lambda kept, g: (g * kept[1], None))
    return f(x, c)


@pytest.mark.parametrize("what", ["argument", "result"])
def test_an_array_that_a_custom_pull_back_kept_must_not_change(what):
    x, c = ag.Tensor(X), X + 2
    y = doubled_residuals(x, c)
    (c if what == "argument" else y.value).fill(1.0)
    with pytest.raises(
        RuntimeError, match="op 'f' needs an array .* change a copy, or call backward"
    ):
        y.sum().backward()


def test_an_argument_of_a_custom_pull_back_must_not_change_before_a_second_derivative():
    f = logsumexp()
    x = ag.Tensor(X.copy())
    y = f(x)
    x.value[0] = 3.0
    with pytest.raises(
        RuntimeError, match="op 'f' needs an array that its forward function was given"
    ):
        y.backward(create_graph=True)


# --- checkpoint ------------------------------------------------------------------------------------


def test_a_checkpoint_changes_nothing_but_memory():
    f = lambda x, y: np.sin(x) * y @ np.exp(y)
    kept = ag.checkpoint(f)
    ag.testing.check_grads(kept, X, X + 1, order=3, rtol=1e-4)
    for argnum in (0, 1):
        np.testing.assert_array_equal(ag.grad(kept, argnum)(X, X + 1), ag.grad(f, argnum)(X, X + 1))
    assert ag.checkpoint(f)(ag.Tensor(X), X).op == "checkpoint"
    assert isinstance(kept(X, X), np.floating)


def test_a_checkpoint_sees_weights_from_outside():
    model = ag.nn.Sequential(ag.nn.Linear(3, 4, rng=0), ag.nn.Tanh(), ag.nn.Linear(4, 2, rng=1))
    x = np.random.default_rng(2).standard_normal((5, 3)).astype(np.float32)

    def gradients(run):
        for p in model.parameters():
            p.grad = None
        run(x).sum().backward()
        return [p.grad.copy() for p in model.parameters()]

    for ours, plain in zip(gradients(ag.checkpoint(model)), gradients(model), strict=True):
        np.testing.assert_array_equal(ours, plain)


def test_a_checkpoint_runs_its_function_again():
    calls = []

    @ag.checkpoint
    def f(tree):
        calls.append(1)
        return {"sum": tree["a"] + tree["b"], "name": "x"}

    a, b = ag.Tensor(X), ag.Tensor(X)
    found = f({"a": a, "b": b})
    assert found["name"] == "x"
    assert len(calls) == 1
    found["sum"].sum().backward()
    assert len(calls) == 2
    assert a.grad.tolist() == b.grad.tolist() == [1.0, 1.0, 1.0]


def test_a_checkpoint_of_constants_is_plain():
    c = ag.Tensor(X, requires_grad=False)
    assert not getattr(ag.checkpoint(np.sin)(c), "requires_grad", False)
    with ag.no_grad():
        assert not ag.checkpoint(np.sin)(ag.Tensor(X)).requires_grad


def changed_constant(x):
    c = X + 2
    return ag.checkpoint(lambda x: x * c)(x), lambda: c.fill(1.0)


def changed_argument(x):
    return ag.checkpoint(np.square)(x), lambda: x.value.fill(1.0)


def random_numbers(x):
    rng = np.random.default_rng(0)
    return ag.checkpoint(lambda x: x * rng.random(3))(x), lambda: None


def optimiser_step(x):
    x.grad = np.ones(3)
    return ag.checkpoint(lambda: x * x)(), ag.optim.SGD([x], lr=0.1).step


@pytest.mark.parametrize(
    "build", [changed_constant, changed_argument, random_numbers, optimiser_step]
)
def test_a_checkpoint_that_gives_another_result_is_found(build):
    y, change = build(ag.Tensor(X.copy()))
    change()
    with pytest.raises(
        RuntimeError, match="checkpoint: the function gave another result .* change a copy"
    ):
        y.sum().backward()


def test_a_seed_that_was_changed_is_another_seed():
    @ag.custom_vjp
    def same(x):
        return x

    same.defvjp(lambda x: (x, None), lambda kept, g: (g * 1.0,))
    for f in (same, ag.checkpoint(lambda x: x * 1.0)):
        x, seed = ag.Tensor([1.0, 1.0]), np.ones(2)
        y = f(x)
        y.backward(seed)
        seed[:] = 2.0
        y.backward(seed)
        np.testing.assert_array_equal(x.grad, [3.0, 3.0])


def test_a_pull_back_for_all_arguments_is_run_once_for_each_sweep():
    runs = []

    @ag.custom_vjp
    def product(x, y):
        return x * y

    product.defvjp(
        lambda x, y: (x * y, (x, y)), lambda kept, g: runs.append(1) or (g * kept[1], g * kept[0])
    )
    x, y = ag.Tensor(2.0), ag.Tensor(3.0)
    out = product(x, y)
    out.backward()
    out.backward()
    assert len(runs) == 2
    assert (x.grad, y.grad) == (6.0, 4.0)


def outer_variable(inner):
    """A gradient of the square of a gradient, of a function that closes over the inner variable."""
    slope = lambda w: np.sum(ag.grad(lambda v: np.sum(inner(v)))(w) ** 2)
    return ag.grad(slope)(X), ag.hessian(lambda v: np.sum(inner(v)))(X)


CLOSURES = {
    "variable": lambda keep, v: keep(lambda x: x * v)(v * 1.0),
    "what is computed from it": lambda keep, v: (lambda u: keep(lambda x: x * u + u)(v))(v**2),
    "two steps away": lambda keep, v: (lambda u: keep(lambda x: x * (u * v) + v)(u))(np.sin(v)),
    "nested": lambda keep, v: keep(lambda x: keep(lambda y: y * x * v)(x * v) + v)(v * 1.0),
    "several results": lambda keep, v: sum(keep(lambda x: (v, x * v, x))(v * 2.0)),
    "no argument": lambda keep, v: keep(lambda: v**3)(),
}


@pytest.mark.parametrize("name", CLOSURES)
def test_a_checkpoint_inside_a_transform_sees_its_variable(name):
    kept, plain = (
        outer_variable(functools.partial(CLOSURES[name], keep))
        for keep in (ag.checkpoint, lambda f: f)
    )
    for ours, expected in zip(kept, plain, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-12)


def test_results_from_outside_a_checkpoint_have_their_whole_gradient():
    w = ag.Tensor([2.0])
    h = w * 2
    y = np.sum(h * 3) + np.sum(ag.checkpoint(lambda x: x * h)(np.array([5.0])))
    y.backward()
    assert (h.grad, w.grad) == (8.0, 16.0)


def elsewhere(f, *args):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(f, *args).result()


def test_a_checkpoint_may_compute_with_its_arguments_in_other_threads():
    x = ag.Tensor(X)
    ag.checkpoint(lambda x: elsewhere(lambda: np.sin(2 * x)))(x).sum().backward()
    np.testing.assert_allclose(x.grad, 2 * np.cos(2 * X))


def test_what_other_threads_make_of_tensors_from_outside_is_refused():
    w = ag.Tensor(X)
    y = ag.checkpoint(lambda x: x * elsewhere(lambda: np.sin(2 * w)))(ag.Tensor(X))
    with pytest.raises(RuntimeError, match="checkpoint: the function computes in other threads"):
        y.sum().backward()
