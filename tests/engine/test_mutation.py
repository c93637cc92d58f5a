"""An array that is changed after the forward pass is found at backward(), if a pull-back needs it."""

import numpy as np
import pytest

import agx as ag
from agx._kernels.graph import fingerprint_of


def constant(x):
    c = np.array([1.0, 2.0, 3.0])
    y = x * c
    return y, lambda: c.__iadd__(1.0)


def leaf(x):
    return x * x, lambda: x.value.__setitem__(0, 5.0)


def result(x):
    y = ag.exp(x)
    return y * 2.0, lambda: y.value.fill(0.0)


def result_as_argument(x):
    y = x + 1.0
    return y * y, lambda: y.value.fill(0.0)


def view_of_a_leaf(x):
    return x[1:] ** 3, lambda: x.value.__setitem__(2, 9.0)


def view_of_a_result(x):
    y = (x * 1.0)[1:]
    return y * y, lambda: y.value.fill(0.0)


def memory_given_to_tensor(x):
    a = np.ones(3)
    t = ag.Tensor(a)
    return t * t * x, lambda: a.__imul__(2.0)


def replaced_value(x):
    return x**3, lambda: setattr(x, "value", np.ones(3))


def replaced_value_of_a_late_argument(x):
    row, late = np.ones((1, 3)), x.reshape(3, 1) * 2.0
    y = ag.einsum("ab,bc,cd,de,ef,fg", x.reshape(1, 3), row.T, row, row.T, row, late)
    return y, lambda: setattr(late, "value", np.ones((3, 1)))


def optimiser_step(x):
    x.grad = np.ones(3)
    return x**3, ag.optim.SGD([x], lr=0.1).step


def targets(x):
    t = np.array([2])
    return ag.cross_entropy(x.reshape(1, 3), t), lambda: t.fill(0)


def images(x):
    image = np.ones((1, 1, 4, 4))
    return ag.conv2d(image, x.reshape(1, 1, 1, 3)), lambda: image.fill(0.0)


def ties_after_the_fact(x):
    return ag.max(x), lambda: x.value.fill(0.0)


def matrix(x):
    a = np.eye(3)
    return ag.linalg.solve(a, x), lambda: a.fill(1.0)  # cannot be solved with any more


def mask_of_a_sum(x):
    keep = np.array([True, False, True])
    return ag.sum(x * x, where=keep), lambda: keep.fill(True)


def last_of_many(x):
    many = [np.eye(3) for _ in range(5)]
    return ag.einsum("a,ab,bc,cd,de,ef->f", x, *many), lambda: many[-1].fill(0.0)


@pytest.mark.parametrize(
    ("build", "op"),
    [
        (ties_after_the_fact, "max"),
        (matrix, "solve"),
        (mask_of_a_sum, "where"),
        (last_of_many, "einsum"),
        (constant, "mul"),
        (leaf, "mul"),
        (result, "exp"),
        (result_as_argument, "mul"),
        (view_of_a_leaf, "pow"),
        (view_of_a_result, "mul"),
        (memory_given_to_tensor, "mul"),
        (replaced_value, "pow"),
        (replaced_value_of_a_late_argument, "einsum"),
        (optimiser_step, "pow"),
        (targets, "softmax_nll"),
        (images, "conv2d"),
    ],
)
def test_what_was_changed_is_found_and_named(build, op):
    x = ag.Tensor([1.0, 2.0, 3.0])
    y, change = build(x)
    y.sum().backward()
    change()
    with pytest.raises(RuntimeError, match=f"backward: op '{op}' needs .*changed in place"):
        y.sum().backward()


def test_the_message_says_which_argument_and_what_to_do():
    c = np.ones((2, 3))
    y = (ag.Tensor(np.ones((2, 3))) * c).sum()
    c += 1
    with pytest.raises(
        RuntimeError,
        match=r"needs its argument 1, an array of shape \(2, 3\).*change a copy, or call",
    ):
        y.backward()


def sum_of(x):
    return x.sum(), lambda: x.value.fill(0.0)


def added(x):
    c = np.ones(3)
    return x + c, lambda: c.__iadd__(1.0)


def logarithm(x):
    y = ag.log(x)
    return y, lambda: y.value.fill(0.0)


def other_factor(x):
    c = ag.Tensor([1.0, 2.0, 3.0], requires_grad=False)
    return (x * c).sum(), lambda: x.value.fill(7.0)


def index_in_a_tuple(x):
    rows, keep = np.array([0, 1]), np.array([True, False, False])
    y = ag.outer(x, x)
    return y[rows, keep], lambda: (rows.fill(2), keep.fill(True))


def taken(x):
    index = np.array([0, 2])
    return ag.take(x, index, axis=0) ** 2, lambda: index.fill(1)


def taken_along_an_axis(x):
    index = np.array([[0], [2]])
    return ag.take_along_axis(ag.stack([x, x]), index, 1) ** 2, lambda: index.fill(1)


@pytest.mark.parametrize("build", [index_in_a_tuple, taken, taken_along_an_axis])
def test_what_was_copied_may_be_changed(build):
    gradients = []
    for act in (False, True):
        x = ag.Tensor([1.0, 2.0, 3.0])
        y, change = build(x)
        if act:
            change()
        y.sum().backward()
        gradients.append(x.grad.tolist())
    assert gradients[0] == gradients[1]


@pytest.mark.parametrize("build", [sum_of, added, logarithm, other_factor])
def test_what_no_pull_back_reads_may_be_changed(build):
    x = ag.Tensor([1.0, 2.0, 3.0])
    y, change = build(x)
    change()
    y.sum().backward()


def test_a_training_loop_by_hand_may_write_into_its_weights():
    w = ag.Tensor(np.ones(3))
    for _ in range(3):
        loss = ag.sum(w**2)
        w.grad = None
        loss.backward()
        w.value -= 0.1 * w.grad
        w.value[...] = w.value * 1.0
    np.testing.assert_allclose(w.value, 0.8**3)


def test_reading_values_and_gradients_is_no_change():
    x = ag.Tensor([1.0, 2.0])
    y = ag.exp(x) * x
    for t in (x, y, *y.inputs):
        assert t.value is not None
        assert np.asarray(t) is not None
    y.sum().backward()
    y.sum().backward()


def test_higher_derivatives_find_changes_too():
    c = np.ones(3)

    def f(x):
        y = (x * c).sum()
        c.__iadd__(1.0)
        return y

    with pytest.raises(RuntimeError, match="op 'mul' needs its argument 1"):
        ag.grad(f)(np.ones(3))


def test_a_jacobian_finds_changes_too():
    buffer = np.ones(3)

    def f(x):
        y = x * buffer
        buffer[:] = 2.0
        return y * x

    with pytest.raises(RuntimeError, match="op 'mul' needs its argument 1"):
        ag.jacobian(f)(np.ones(3))


@pytest.mark.parametrize("size", [1, 3, 100, 4096, 100_000, 1_000_000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.bool_, np.complex128])
def test_a_fingerprint_sees_whole_arrays_change(size, dtype):
    a = (np.arange(size) % 2).astype(dtype)
    before = fingerprint_of(a)
    assert fingerprint_of(a.copy()) == before
    assert fingerprint_of(1 - a if dtype != np.bool_ else ~a) != before


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_fingerprint_of_a_small_array_sees_every_element(dtype):
    a = np.zeros(1001, dtype)
    seen = {fingerprint_of(a)}
    for k in range(a.size):
        a[k] = 1
        seen.add(fingerprint_of(a))
        a[k] = 0
    assert len(seen) == a.size + 1


def test_a_fingerprint_of_a_view():
    a = np.arange(60.0).reshape(5, 12)
    for view in (a.T, a[::2, 1:], a[:, ::-1]):
        before = fingerprint_of(view)
        assert before == fingerprint_of(view.copy(order="C"))
        a[2, 3] += 1
        assert fingerprint_of(view) != before
        a[2, 3] -= 1
    big = np.zeros((300, 300))
    assert fingerprint_of(big[:, ::2]) != fingerprint_of(1 + big[:, ::2])
    assert fingerprint_of(np.asfortranarray(big)) != fingerprint_of(np.asfortranarray(big + 1))
