"""Arrays that were assigned into, seen by hooks, hand-written pull-backs, checkpoints, copies and threads."""

import copy
import gc
import threading
import tracemalloc
import weakref

import numpy as np
import pytest
from numpy_table import NUMPY_2_2

import agx as ag
from agx.compat.autograd import numpy as anp
from agx.testing import explain_nan

X = np.array([1.0, 2.0, 3.0])


@pytest.fixture
def x():
    return ag.Tensor(X.copy())


# --- hooks ---------------------------------------------------------------------------------------


def test_a_hook_from_before_sees_the_gradient_of_what_the_array_was(x):
    t, seen = x * 1.0, []
    t.register_hook(lambda g: seen.append(g.copy()))
    squares = (t * t).sum()
    t[0] = x[1]
    (squares + 3 * t.sum()).backward()
    assert np.array_equal(seen, [[2, 7, 9]])  # The new element 0 does not count.
    assert np.array_equal(x.grad, [2, 10, 9])


def test_a_hook_from_before_outlives_the_name_of_the_array(x):
    seen = []

    def loss(x):
        t = x * 1.0
        t.register_hook(seen.append)
        t[0] = 5.0
        return t.sum()

    loss(x).backward()
    assert np.array_equal(seen, [[0, 1, 1]])


def test_a_hook_belongs_to_the_version_that_it_was_registered_on(x):
    t = x * 1.0
    t[0] = x[1]
    t.register_hook(lambda g: 10 * g)
    t[1] = 0.0
    (3 * t).sum().backward()
    assert np.array_equal(x.grad, [0, 30, 30])


@pytest.mark.parametrize(
    "change", [lambda t, x: t.__setitem__(0, x[1]), lambda t, x: t.__iadd__(x)]
)
def test_a_hook_replaces_the_gradient_of_an_assigned_array(x, change):
    expected = ag.grad(lambda x: _changed(x, change, lambda t: None))(X)
    found = ag.grad(lambda x: _changed(x, change, lambda t: t.register_hook(lambda g: 10 * g)))(X)
    assert np.array_equal(found, 10 * expected)


def _changed(x, change, then):
    t = x * 1.0
    change(t, x)
    then(t)
    return (t * t).sum() + t[1:].sum()


def test_a_hook_of_a_view_sees_the_gradient_of_its_part(x):
    t = ag.zeros((3, 2))
    t[:, 0] = x
    column, seen = t[:, 0], []
    column.register_hook(lambda g: seen.append(g.copy()))
    (column.sum() + (t * t).sum()).backward()
    assert np.array_equal(seen, [1 + 2 * X])
    assert np.array_equal(x.grad, 1 + 2 * X)


def test_a_hook_of_a_view_must_return_the_form_of_the_view(x):
    t = ag.zeros((3, 2))
    t[:, 0] = x
    t[:, 0].register_hook(lambda g: np.ones(2))
    with pytest.raises(
        ValueError, match=r"expected a gradient of shape \(3,\) .* one of shape \(2,\)"
    ):
        t.sum().backward()


def test_a_hook_that_was_removed_is_not_run_after_an_assignment(x):
    t, seen = x * 1.0, []
    handle = t.register_hook(seen.append)
    t[0] = 1.0
    handle.remove()
    t.sum().backward()
    assert not seen


# --- hand-written pull-backs ---------------------------------------------------------------------


def squared(t):
    out = ag.Tensor(t.value**2, inputs=[t], op="squared")

    def _backward():
        t.grad += 2 * t.value * out.grad

    out._backward = _backward
    return out


def assigned_before(x):
    t = ag.zeros(3)
    t[:2] = x[:2]
    return squared(t)


def assigned_through_a_view(x):
    t = ag.zeros(3)
    t[:2] = x[:2]
    return squared(t[:2])


def assigned_after(x):
    t = x[:2] * 1.0
    out = squared(t)
    t[0] = 100.0
    return out


def assigned_before_and_after(x):
    t = ag.zeros(3)
    t[:2] = x[:2]
    out = squared(t)
    t[...] = 100.0
    return out


@pytest.mark.parametrize(
    "program", [assigned_before, assigned_through_a_view, assigned_after, assigned_before_and_after]
)
def test_hand_written_pull_backs_see_what_the_array_was(x, program):
    program(x).sum().backward()
    assert np.array_equal(x.grad, [2, 4, 0])


def test_custom_pull_backs_and_primitives_see_what_the_array_was():
    cube = ag.primitive("cube", lambda x: x**3, [lambda g, out, x: 3 * g * x**2])

    @ag.custom_vjp
    def square(x):
        return x**2

    square.defvjp(lambda x: (x**2, x), lambda x, g: (2 * x * g,))

    def f(x):
        t = ag.zeros(3)
        t[0] = x[0]
        before = cube(t).sum() + square(t).sum()
        t[0] = 7.0
        t[1:][0] = x[1]
        return before + cube(t[1:]).sum() + square(t).sum()

    assert np.allclose(ag.grad(f)(X), [3 + 2, 12 + 4, 0])
    assert np.allclose(ag.hessian(f)(X), np.diag([6 + 2, 12 + 2, 0]))


# --- checkpoints ---------------------------------------------------------------------------------


def outer_result(x):
    return x * 1.0


def outer_zeros(x):
    return ag.zeros(3)


@pytest.mark.parametrize("outer", [outer_result, outer_zeros])
@pytest.mark.parametrize(
    "assign", [lambda t, y: t.__setitem__(0, y[1]), lambda t, y: t.__iadd__(y)]
)
def test_a_checkpoint_refuses_to_assign_into_what_it_was_given_from_outside(outer, assign):
    def f(x):
        t = outer(x)
        return ag.checkpoint(lambda y: (assign(t, y), y.sum())[1])(x) + t.sum()

    with pytest.raises(
        TypeError, match="checkpoint: the function assigns into an array from outside"
    ):
        ag.grad(f)(X)


def test_a_checkpoint_may_assign_into_what_it_makes():
    def inner(x):
        t = np.zeros_like(x)
        t[0] = x[1] ** 2
        t += x
        return (t * t).sum()

    assert np.allclose(ag.hessian(ag.checkpoint(inner))(X), ag.hessian(inner)(X))


def test_a_checkpoint_knows_views_that_met_before_one_was_assigned():
    def inner(x):
        t = np.cumsum(x)
        t[:-1] += t[1:]
        return np.cos(t).sum()

    assert np.allclose(ag.grad(ag.checkpoint(inner))(X), ag.grad(inner)(X))


def test_a_checkpoint_may_assign_what_two_views_of_an_array_make():
    def inner(x):
        t = x.copy()
        t[1:] = t[1:] * t[:-1]
        return (t * t).sum()

    assert np.allclose(ag.hessian(ag.checkpoint(inner))(X), ag.hessian(inner)(X))


def test_inputs_are_what_all_of_several_views_were_before_an_assignment(x):
    t = x.copy()
    product = t[1:] * t[:-1]
    t[...] = 0.0
    assert [a.value.tolist() for a in product.inputs] == [[2.0, 3.0], [1.0, 2.0]]


# --- NaN and inf that were written over -------------------------------------------------------------


@pytest.mark.parametrize(
    "bad", [lambda x: np.log(x - 1.0), lambda x: np.sqrt(x - 1.0), lambda x: 1.0 / (x - 1.0)]
)
@np.errstate(all="ignore")
def test_what_was_written_over_poisons_no_gradient(bad, x):
    def f(x):
        t = bad(x)
        t[0] = 5 * x[1]
        return (t * t).sum()

    def without(x):
        return (bad(x[1:]) ** 2).sum() + (5 * x[1]) ** 2

    f(x).backward()
    assert np.allclose(x.grad, ag.grad(without)(X))
    assert np.allclose(ag.hessian(f)(X), ag.hessian(without)(X))
    with pytest.raises(ValueError, match="no derivative up to order 3 is NaN here"):
        explain_nan(f, X)


def test_a_result_that_is_nan_is_explained_all_the_same():
    def f(x):
        t = ag.zeros(3)
        t[0] = np.log(x[0] - 2.0)
        return t.sum()

    assert "the value is NaN: op 'log'" in explain_nan(f, X)


# --- nested transforms ---------------------------------------------------------------------------


def test_an_inner_function_assigns_into_an_array_of_the_outer_one():
    def f(x):
        t = x * 1.0

        def inner(y):
            t[0] = y * y * x[1]
            return (t * t).sum()

        return ag.grad(inner)(x[2]) + t.sum()

    def closed(x):
        return 4 * x[2] ** 3 * x[1] ** 2 + x[2] ** 2 * x[1] + x[1] + x[2]

    assert np.allclose(ag.grad(f)(X), ag.grad(closed)(X))
    assert np.allclose(ag.hessian(f)(X), ag.hessian(closed)(X))


# --- gradients of bases and views --------------------------------------------------------------------


def test_the_gradient_of_a_view_is_a_view_of_the_gradient(x):
    t = ag.zeros((2, 3))
    t[0] = x
    row = t[0]
    row[1] = x[0] ** 2
    (t * t).sum().backward()
    assert np.array_equal(t.grad, [[2, 2, 6], [0, 0, 0]])
    assert np.array_equal(row.grad, t.grad[0]) and np.shares_memory(row.grad, t.grad)


@pytest.mark.parametrize(
    "look", [lambda t: t[1:], lambda t: t[::-1], lambda t: t[0], lambda t: t[None]]
)
@pytest.mark.parametrize("early", [False, True])
def test_gradients_of_views_of_what_an_operator_made_in_place(x, look, early):
    t = ag.stack([x, x, x]) * 1.0
    view = look(t) if early else None
    t *= x
    view = look(t) if view is None else view
    ((t * t).sum() + 3 * view.sum()).backward()
    assert np.array_equal(view.grad, look(t.grad)) and np.shares_memory(view.grad, t.grad)
    count = np.zeros((3, 3))
    look(count)[...] += 3
    assert np.array_equal(t.grad, 2 * X**2 + count)


# --- what shares memory and what does not -------------------------------------------------------------


@pytest.mark.parametrize(
    ("look", "shares"),
    [
        (lambda t: t.reshape(4), True),
        pytest.param(
            lambda t: np.reshape(t, 4, copy=True),
            False,
            marks=pytest.mark.skipif(not NUMPY_2_2, reason="NumPy 2.0 knows no copy= there"),
        ),
        (lambda t: t.ravel(), True),
        (lambda t: t[::-1].ravel(), False),
        (lambda t: t.T.flatten(), False),
        (lambda t: t.astype(float, copy=False), True),
        (lambda t: t.astype(float), False),
        (lambda t: np.broadcast_to(t, (3, 2, 2)), True),
        (lambda t: np.diagonal(t), True),
        (lambda t: t[[0, 1]], False),
        (lambda t: t[0], True),
        (lambda t: np.array_split(t, 2)[0], True),
        (lambda t: np.einsum("ij->ji", t), True),
        (lambda t: t.conj(), True),
        (lambda t: np.conj(t), False),
    ],
)
@pytest.mark.parametrize("change", [lambda t: t.fill(7.0), lambda t: t.__iadd__(7.0)])
@pytest.mark.parametrize("assigned", [False, True])
def test_views_and_copies_are_those_of_numpy(look, shares, change, assigned):
    t = ag.Tensor(np.arange(4.0).reshape(2, 2)) * 1.0
    if assigned:
        t[0, 0] = 5.0
    seen = look(t)
    before = np.array(getattr(seen, "value", seen))
    change(t)
    assert np.array_equal(getattr(seen, "value", seen), before) != shares


@pytest.mark.parametrize("change", [lambda t: t.fill(7.0), lambda t: t.__iadd__(7.0)])
def test_the_value_of_an_assigned_array_is_seen_to_change(change):
    t = ag.zeros(2)
    t[0] = 1.0
    value = t.value
    change(t)
    assert value is t.value and value[0] > 6


def test_repeated_views_cannot_be_written_into():
    t = ag.zeros(2)
    t[0] = 1.0
    diagonal = np.einsum("ii->i", ag.zeros((2, 2)))
    for view in (np.broadcast_to(t, (3, 2)), np.diagonal(t[None]), diagonal):
        with pytest.raises(
            ValueError, match="destination is read-only, as what np.diagonal and np.broadcast"
        ):
            view[...] = 2.0


def test_parts_of_complex_numbers_are_assigned_as_in_numpy(x):
    t = ag.zeros(3, complex)
    t.real = x
    t.imag = [1.0, 2.0, 3.0]
    assert np.array_equal(t.value, X + 1j * X)
    (ag.abs(t) ** 2).sum().backward()
    assert np.allclose(x.grad, 2 * X)
    u = ag.zeros(3)
    u.real = x
    assert np.array_equal(u.value, X)
    with pytest.raises(
        TypeError, match="cannot assign complex numbers into a Tensor of dtype float64"
    ):
        u.imag = x
    for part in ("real", "imag"):
        with pytest.raises(TypeError, match=f"{part}: expected real numbers, got complex128"):
            setattr(t, part, t)


# --- nothing half done -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("assign", "error"),
    [
        (lambda t, x: t.__setitem__(5, x[0]), IndexError),
        (lambda t, x: t.__setitem__([0, 7], x[0]), IndexError),
        (lambda t, x: t.__setitem__([0, 1], x), ValueError),
        (lambda t, x: t.__setitem__(0, x), ValueError),
        (lambda t, x: t.__setitem__(0, 1j * x[0]), TypeError),
        (lambda t, x: t.__setitem__(0, "one"), TypeError),
        (lambda t, x: t.__iadd__(np.ones((2, 3)) * x), ValueError),
        (lambda t, x: t.fill(x), ValueError),
        (lambda t, x: np.add.at(t, [0, 9], x[0]), IndexError),
        (lambda t, x: np.put(t, [0, 9], x[0]), IndexError),
        (lambda t, x: np.copyto(t, x[:2]), ValueError),
        (lambda t, x: np.copyto(t, 1j * x), TypeError),
        (lambda t, x: np.fill_diagonal(t, x), ValueError),
        (lambda t, x: np.place(t, [True, False], x), ValueError),
        (lambda t, x: np.sin(np.ones((2, 1)) * x, out=t), ValueError),
    ],
)
def test_an_assignment_that_fails_changes_nothing(x, assign, error):
    t = x * 1.0
    t[0] = x[1]
    with pytest.raises(error):
        assign(t, x)
    assert np.array_equal(t.value, [2, 2, 3])
    (t * t).sum().backward()
    assert np.array_equal(x.grad, [0, 8, 6])


# --- copies, memory, threads --------------------------------------------------------------------------


def test_copies_of_assigned_constants_have_memory_of_their_own():
    t = ag.zeros(2)
    t[0] = 5.0
    for other in (copy.copy(t), copy.deepcopy(t)):
        other[1] = 7.0
        assert np.array_equal(t.value, [5, 0]) and np.array_equal(other.value, [5, 7])


def test_graphs_of_assignments_are_freed_without_the_collector(x):
    gc.collect()
    gc.disable()
    try:
        t = x * 1.0
        row = t[1:]
        row[0] = x[0]
        total = (t * t).sum()
        refs = [weakref.ref(node) for node in (t, row, total)]
        del t, row, total
        assert [ref() for ref in refs] == [None] * 3
    finally:
        gc.enable()


def test_memory_comes_back_after_many_steps():
    w = ag.Tensor(np.ones(5))
    optimiser = ag.optim.SGD([w], lr=1e-3)

    def steps(n):
        for _ in range(n):
            t = ag.zeros(6)
            for k in range(5):
                t[k + 1] = 0.5 * t[k] + w[k]
            t[2:4] *= 2.0
            optimiser.zero_grad()
            (t * t).sum().backward(free=True)
            optimiser.step()
        return tracemalloc.get_traced_memory()[0]

    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        before = steps(1000)  # Python keeps some freed tuples for later.
        assert steps(1000) < before + 20_000
    finally:
        tracemalloc.stop()
        gc.enable()


def test_threads_assign_into_arrays_of_their_own():
    found = {}

    def work(scale):
        def f(x):
            t = ag.zeros(50)
            for k in range(1, 50):
                t[k] = 0.9 * t[k - 1] + x * scale
            return t.sum()

        found[scale] = [ag.grad(f)(1.0) for _ in range(10)]

    threads = [threading.Thread(target=work, args=(scale,)) for scale in (1.0, 2.0, 3.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = sum((1 - 0.9**k) / 0.1 for k in range(1, 50))
    assert all(np.allclose(found[scale], scale * expected) for scale in (1.0, 2.0, 3.0))


# --- the names of HIPS autograd -------------------------------------------------------------------------


def test_functions_of_plain_numbers_get_plain_zeros_inside_a_transform():
    from agx.compat.autograd import checkpoint, grad
    from agx.compat.autograd.extend import defvjp, primitive

    kinds = []

    @primitive
    def padded(x):
        out = anp.zeros(4)
        kinds.append(type(out))
        out[:3] = x
        return out

    defvjp(padded, lambda ans, x: lambda g: g[:3])

    def filled(x):
        t = anp.zeros(3)
        t[0] = x[0] ** 2
        t[1:] = x[1:] * t[0]
        return anp.sum(t)

    assert np.allclose(grad(lambda x: anp.sum(padded(x) ** 2))(X), 2 * X) and kinds == [np.ndarray]
    assert np.allclose(grad(checkpoint(filled))(X), [2 * (1 + 2 + 3), 1, 1])


def test_functions_of_plain_numbers_assign_into_no_tensor_from_outside():
    from agx.compat.autograd import checkpoint, grad

    def f(x):
        t = x * 1.0

        def inner(y):
            t[0] = y[1] ** 2
            return anp.sum(y)

        return checkpoint(inner)(x) + anp.sum(t)

    with pytest.raises(
        TypeError, match="a function of plain numbers assigns into a Tensor from outside"
    ):
        grad(f)(X)
