"""Functions of NumPy that write into an array, operators in place, and arrays that are made to be written into."""

import subprocess
import sys

import numpy as np
import pytest

import agx as ag

A = np.arange(6.0).reshape(2, 3)


def made(a=A):
    return ag.Tensor(a.copy(), requires_grad=False)


WRITERS = {
    "put": lambda a, v: np.put(a, [0, 4, -1], v),
    "put, wrapping around": lambda a, v: np.put(a, [0, 7, -1], v, "wrap"),
    "put, clipped": lambda a, v: np.put(a, [1, 17, -4], v, mode="clip"),
    "put, the method": lambda a, v: a.put([0, 2], v),
    "fill": lambda a, v: a.fill(v[0]),
    "sort": lambda a, v: (np.copyto(a, v[0] - a), a.sort(axis=0)),
    "partition": lambda a, v: (np.copyto(a, v[0] * -a), a.partition(1)),
    "copyto": lambda a, v: np.copyto(a, v),
    "copyto, in places": lambda a, v: np.copyto(a, v, where=[True, False, True]),
    "place": lambda a, v: np.place(a, A > 1, v[:2]),
    "putmask": lambda a, v: np.putmask(a, A % 2 == 0, v),
    "fill_diagonal": lambda a, v: np.fill_diagonal(a, v[:2]),
    "put_along_axis": lambda a, v: np.put_along_axis(a, np.array([[1], [0]]), v[:2, None], 1),
    "put_along_axis, flat": lambda a, v: np.put_along_axis(a, np.array([1, 5]), v[:2], None),
    "add.at": lambda a, v: np.add.at(a, ([0, 0, 1], [1, 1, 2]), v),
    "multiply.at": lambda a, v: np.multiply.at(a, (slice(None), [1, 1, 2]), v),
    "negative.at": lambda a, v: np.negative.at(a, [0]),
    "out=": lambda a, v: np.multiply(v, 2.0, out=a),
    "out= and where=": lambda a, v: np.exp(v, out=a, where=[True, False, True]),
    "out= of a function": lambda a, v: np.cumsum(np.stack([v, v]), axis=1, out=a),
    "flat": lambda a, v: setattr(a, "flat", v),
    "an element of flat": lambda a, v: a.flat.__setitem__(4, v[1]),
}


@pytest.mark.parametrize("name", WRITERS)
def test_functions_that_write(name):
    expected, found = A.copy(), made()
    WRITERS[name](expected, np.array([0.3, 0.7, -0.4]))
    WRITERS[name](found, np.array([0.3, 0.7, -0.4]))
    np.testing.assert_allclose(found.value, expected)

    def f(v):
        a = made()
        a *= v[0]
        WRITERS[name](a, v)
        return ag.sin(a)

    ag.testing.check_grads(f, np.array([0.3, 0.7, -0.4]))


def add(a, b):
    a += b
    return a


AUGMENTED = {
    "+=": add,
    "-=": lambda a, b: a.__isub__(b),
    "*=": lambda a, b: a.__imul__(b),
    "/=": lambda a, b: a.__itruediv__(b),
    "//=": lambda a, b: a.__ifloordiv__(b),
    "%=": lambda a, b: a.__imod__(b),
    "**=": lambda a, b: a.__ipow__(b),
    "@=": lambda a, b: a.__imatmul__(np.eye(3) * b),
}


@pytest.mark.parametrize("symbol", AUGMENTED)
def test_operators_in_place_change_every_name_and_view(symbol):
    expected, found = A.copy() + 1, made(A + 1)
    same, row = found, found[1]
    assert AUGMENTED[symbol](found, 1.5) is found
    AUGMENTED[symbol](expected, 1.5)
    np.testing.assert_allclose(same.value, expected)
    np.testing.assert_allclose(row.value, expected[1])
    ag.testing.check_grads(lambda x: AUGMENTED[symbol](x * 1.0, x[0, 0] * 0.7), A + 1.3)


@pytest.mark.parametrize("held", ["nobody", "view", "user"])
def test_many_rows_are_added_to(held):
    """The result may take the place of what was added to; views see it, numbers that were read do not."""
    rng = np.random.default_rng(0)
    a, v, rows = (
        rng.normal(size=(400, 30)),
        rng.normal(size=(500, 30)),
        rng.integers(-400, 400, 500),
    )
    expected = 2 * a
    np.add.at(expected, rows, v)
    expected[7] += 1

    def f(a, v):
        t = a * 2.0
        seen = {"nobody": t, "view": t[5:], "user": t.value}[held]
        np.add.at(t, rows, v)
        t[7] += 1.0
        if held == "user":
            np.testing.assert_array_equal(seen, 2 * a.value)
        else:
            np.testing.assert_allclose(seen.value, expected[-len(seen) :])
        return t

    x, y = ag.Tensor(a), ag.Tensor(v)
    t = f(x, y)
    np.testing.assert_allclose(t.value, expected)
    weight = rng.normal(size=a.shape)
    (t * weight).sum().backward()
    np.testing.assert_allclose(x.grad, 2 * weight)
    np.testing.assert_allclose(y.grad, weight[rows])


def test_numbers_that_a_graph_needs_are_not_written_over():
    rng = np.random.default_rng(0)
    a, rows = rng.normal(size=(400, 30)), rng.integers(0, 400, 300)
    x, w = ag.Tensor(a), ag.Tensor(np.ones((395, 30)))
    t = x * 2.0
    squares = t * t
    np.add.at(t, rows, np.ones((300, 30)))
    (squares.sum() + t.sum()).backward()
    np.testing.assert_allclose(x.grad, 8 * a + 2)
    np.testing.assert_array_equal(squares.value, 4 * a * a)
    t = x * 2.0
    with ag.no_grad():
        view = t[5:]
    weighted = view * w
    np.add.at(t, rows, np.ones((300, 30)))
    weighted.sum().backward()
    np.testing.assert_array_equal(w.grad, 2 * a[5:])


@pytest.mark.parametrize(
    "index", [np.array([0, 5]), np.array([-6]), (np.array([0]), slice(None), 0)]
)
def test_rows_that_are_not_there_are_not_added_to(index):
    t = ag.Tensor(np.ones((5, 3))) * 1.0
    with pytest.raises(IndexError, match="out of bounds for axis 0 with size 5|too many indices"):
        np.add.at(t, index, 1.0)
    np.testing.assert_array_equal(t.value, np.ones((5, 3)))


def test_a_number_without_axes_gives_way_as_in_numpy():
    def f(x):
        total = before = x[0] * 2
        total += x[1]
        return before * total

    assert ag.grad(f)(np.array([1.0, 3.0])).tolist() == [14.0, 2.0] == [2 * 5 + 4, 2]


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda t: np.put(t, [9], 1.0), IndexError, "put: an index is out of bounds .* 6 elements"),
        (lambda t: np.put(t, [0], 1.0, "most"), ValueError, "put: mode must be .* got 'most'"),
        (lambda t: np.place(t, [True], 1.0), ValueError, "place: expected a mask of 6 elements, got 1"),
        (lambda t: np.place(t, A > 1, []), ValueError, "place: expected at least one value"),
        (lambda t: np.putmask(t, [True], 1.0), ValueError, "putmask: expected a mask of 6 elements"),
        (lambda t: np.copyto(t, 1j), TypeError, "copyto: cannot write numbers of dtype complex"),
        (lambda t: np.copyto(t, A, casting="no") or np.copyto(t, A.astype("f4"), casting="no"), TypeError, "'no'"),
        (lambda t: np.add(t, np.ones((4, 2, 3)), out=t), ValueError, r"numpy.add: .*\(4, 2, 3\) does not fit"),
        (lambda t: np.add(t, 1j, out=t), TypeError, "numpy.add: cannot write .* complex128"),
        (lambda t: add(t, np.ones((4, 1, 1))), ValueError, r"\+=: .*\(4, 2, 3\) does not fit"),
        (lambda t: np.put_along_axis(t, np.array([0]), 1.0, 1), ValueError, "expected indices of 2 axes, got 1"),
        (lambda t: t.fill([1.0, 2.0]), ValueError, r"fill: expected one number, .* \(2,\)"),
        (lambda t: t.__setitem__(0, 1j), TypeError, "cannot assign complex numbers .* float64"),
        (lambda t: t.__setitem__(0, "a"), TypeError, "assignment: expected numbers, got str of dtype <U1"),
        (lambda t: t.__setitem__(9, 1.0), IndexError, "index 9 is out of bounds"),
        (lambda t: t.__setitem__(0, [1.0, 2.0]), ValueError, "could not broadcast"),
        (lambda t: np.diagonal(t).__setitem__(0, 1.0), ValueError, "read-only.*np.fill_diagonal"),
        (lambda t: np.broadcast_to(t, (2, 2, 3)).__setitem__(0, 1.0), ValueError, "read-only"),
    ],
)  # fmt: skip
def test_bad_assignments_say_what_and_change_nothing(call, kind, message):
    t = made()
    with pytest.raises(kind, match=message):
        call(t)
    np.testing.assert_array_equal(t.value, A)


@pytest.mark.parametrize("part", ["real", "imag"])
@pytest.mark.parametrize("written", [False, True])
def test_parts_of_complex_tensors(part, written):
    t = made(A + 1j)
    if written:
        t[1] = 2.0
    old = getattr(t, part)
    with pytest.raises(TypeError, match=r"part of a Tensor cannot be assigned into.*t\[...\]"):
        getattr(t, part)[0] = 1.0
    with pytest.raises(TypeError, match="part of a Tensor cannot"):
        add(getattr(t, part), 1.0)
    assert (old * 2).value[0, 0] == {"real": 0.0, "imag": 2.0}[part]
    before = old[1] * 1
    t[0] = 3.0
    assert before.shape == (3,)
    with pytest.raises(RuntimeError, match="was taken before the Tensor was assigned into"):
        old * 2
    assert (getattr(t, part) * 2).value[0, 0] == {"real": 6.0, "imag": 0.0}[part]


def test_a_part_that_was_used_before_an_assignment_keeps_its_gradient():
    def f(x):
        z = x * (1 + 2j)
        before = (z.imag**2).sum()
        z[0] = x[1]
        return before + (z.real**2).sum()

    ag.testing.check_grads(f, np.array([0.3, 0.7]))


def test_the_real_part_of_a_real_tensor_is_itself():
    t = made()
    t.real[0] = 7.0
    assert t.value[0].tolist() == [7.0] * 3


@pytest.mark.parametrize(
    "call",
    [
        lambda a, t: a.__setitem__(0, t),
        lambda a, t: a.__setitem__(slice(2), t),
        lambda a, t: a.__setitem__([True, False, True], t),
        lambda a, t: a.__iadd__(t),
        lambda a, t: a.fill(t),
        lambda a, t: np.add(t, t, out=a),
        lambda a, t: np.add.at(a, [0], t),
        lambda a, t: np.copyto(a, t),
        lambda a, t: np.put(a, [0], t),
        lambda a, t: np.place(a, [True, False, True], t),
        lambda a, t: np.putmask(a, [True, False, True], t),
        lambda a, t: np.fill_diagonal(a.reshape(3, 1), t),
        lambda a, t: np.put_along_axis(a, np.array([0]), t, 0),
    ],
)
def test_a_plain_array_that_would_lose_a_gradient_names_ag_zeros(call):
    def f(x):
        a = np.zeros(3)
        call(a, x * 2)
        return a.sum()

    with pytest.raises(TypeError, match=r"ag.zeros\(shape\)"):
        ag.grad(f)(1.0)


MAKERS = {
    "zeros": lambda xp, **k: xp.zeros((2, 3), **k), "ones": lambda xp, **k: xp.ones(3, **k),
    "empty": lambda xp, **k: xp.empty(3, **k), "eye": lambda xp, **k: xp.eye(2, 3, 1, **k),
    "identity": lambda xp, **k: xp.identity(2, **k), "full": lambda xp, **k: xp.full((2,), 3, **k),
    "zeros_like": lambda xp, **k: xp.zeros_like(made(), **k),
    "ones_like": lambda xp, **k: xp.ones_like(made(), **k),
    "empty_like": lambda xp, **k: np.empty_like(made(), **k),
    "full_like": lambda xp, **k: np.full_like(made(), 2, **k),
}  # fmt: skip


@pytest.mark.parametrize("name", MAKERS)
def test_arrays_to_assign_into(name):
    found = MAKERS[name](ag, dtype="f4")
    assert isinstance(found, ag.Tensor)
    assert found.is_leaf
    assert not found.requires_grad
    found[...] = 1.0
    x = ag.Tensor(2.0)
    found[0] = x
    found.sum().backward()
    assert x.grad == found[0].size
    expected = MAKERS[name](np, dtype="f4")
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    if "empty" not in name:
        np.testing.assert_array_equal(
            MAKERS[name](ag, dtype="f4").value, getattr(expected, "value", expected)
        )


@pytest.mark.parametrize("name", MAKERS)
def test_arrays_of_integers_stay_plain(name):
    assert type(MAKERS[name](ag, dtype=int)) is np.ndarray


def test_compat_makes_arrays_to_assign_into_inside_a_transform():
    from agx.compat import autograd
    from agx.compat.autograd import numpy as anp

    def f(x):
        a = anp.zeros(3)
        a[0], a[1:] = x, anp.ones(2) * x**2
        return anp.sum(a)

    assert autograd.grad(f)(3.0) == 13.0
    assert type(anp.zeros(3)) is np.ndarray


def test_what_a_user_holds_stays_as_it_is():
    x, kept = A.copy(), A.copy()

    def f(t):
        t[0] = 5.0
        return (t * t).sum()

    np.testing.assert_array_equal(ag.grad(f)(x), [[0, 0, 0], [6, 8, 10]])
    made_of = ag.Tensor(x, requires_grad=False)
    made_of[0, 0] = 9.0
    np.testing.assert_array_equal(x, kept)
    assert made_of.value[0, 0] == 9.0


def test_pull_backs_may_assign():
    def rule(g, out, x):
        share = np.zeros_like(g)
        share[...] = g
        share *= x
        share *= 2.0
        return share

    square = ag.primitive("square", lambda x: x * x, [rule])
    ag.testing.check_grads(lambda x: ag.sin(square(x)), np.array([0.3, 0.7]), order=3)


def test_constants_may_be_the_first_thing_that_a_program_assigns():
    program = "import agx as ag; t = ag.zeros(2); t[0] = 3.0; print((t * 2).value)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[6. 0.]\n"


def test_a_scalar_is_no_element():
    with pytest.raises(TypeError, match=r"assignment: .* Scalar.*use its .value, or ag.Tensor"):
        made()[0, 0] = ag.Scalar(2.0)


def test_an_array_that_is_filled_anew_in_each_step_is_made_anew():
    x, out = ag.Tensor(np.ones(2000)), ag.zeros(2000)
    out[:10] = x[:10]
    out.sum().backward(free=True)
    out[10:20] = x[10:20]
    with pytest.raises(
        RuntimeError, match="was freed .*make an array that each step fills in that step"
    ):
        out.sum().backward()


def test_leaves_change_where_nothing_is_recorded():
    x = ag.Tensor([1.0, 2.0, 3.0])
    number = ag.Tensor(4.0)
    same, rows = x, ag.Tensor(A.copy())
    (x * x).sum().backward()
    with ag.no_grad():
        x -= 0.25 * x.grad
        x[0] = 7.0
        np.multiply(x, 2.0, out=x)
        rows[1][0] = 9.0
        rows.T[2] = 5.0
        number *= 2.0
    assert x is same
    assert x.is_leaf
    assert x.requires_grad
    assert x.value.tolist() == [14.0, 2.0, 3.0]
    assert rows.value.tolist() == [[0.0, 1.0, 5.0], [9.0, 4.0, 5.0]]
    assert number.value == 8.0
    assert ag.grad(lambda t: (t * x).sum())(np.ones(3)).tolist() == [14.0, 2.0, 3.0]


def test_a_graph_that_needs_what_a_leaf_was_says_so():
    x = ag.Tensor([1.0, 2.0])
    y = (x * x).sum()
    with ag.no_grad():
        x[0] = 5.0
    with pytest.raises(RuntimeError, match="op 'mul' needs its argument 0.*changed in place"):
        y.backward()


def test_rules_of_compat_may_make_arrays_inside_a_transform():
    from agx.compat.autograd import extend, jacobian
    from agx.compat.autograd import numpy as anp

    twice = extend.primitive(lambda x: 2.0 * x)
    extend.defvjp(twice, lambda ans, x: lambda g: anp.ones(3) * 2.0 * g)
    found = jacobian(lambda x: anp.where(x > 1.0, twice(x), x) + twice(x))(
        np.array([0.5, 2.0, 3.0])
    )
    np.testing.assert_array_equal(found, np.diag([3.0, 4.0, 4.0]))
