"""What is refused is refused with the name of the operation, what it got, and a fix."""

import re

import numpy as np
import pytest
from op_table import rows

import agx as ag
from agx._engine.errors import explained
from agx._engine.graph import Primitive

T = ag.Tensor
X3, X4, M = np.ones(3), np.ones(4), np.ones((2, 3))
DATES = np.full(3, np.datetime64("2026-01-01"))

BROADCAST = (
    r"add: shapes \(3,\) and \(4,\) do not broadcast; .* insert an axis, such as x\[:, None\]"
)
NUMBERS = "expected numbers, got ndarray of dtype {}; convert it, such as with np.asarray"

MESSAGES = [
    # shapes
    (lambda: T(X3) + T(X4), ValueError, BROADCAST),
    (lambda: T(X3) + X4, ValueError, BROADCAST),
    (lambda: X3 + T(X4), ValueError, BROADCAST),
    (lambda: np.add(X3, T(X4)), ValueError, BROADCAST),
    (lambda: ag.add(X3, X4), ValueError, BROADCAST),
    (lambda: ag.where(X3 > 0, T(X3), X4), ValueError, r"where: shapes \(3,\) and \(4,\) do not"),
    (lambda: T(X3) @ T(X4), ValueError, r"matmul: shapes \(3,\) and \(4,\) do not fit: .* transpose"),
    (lambda: ag.dot(T(M), M), ValueError, r"matmul: shapes \(2, 3\) and \(2, 3\) do not fit"),
    (lambda: T(M) @ 2.0, ValueError, r"matmul: an argument has too few axes.* for numbers use \*"),
    (lambda: T(X3).reshape(2, 2), ValueError, r"reshape: cannot reshape .*; got shape \(3,\)"),
    (lambda: ag.broadcast_to(T(M), (3, 3)), ValueError, r"\(2, 3\) does not broadcast to \(3,3\)"),
    (lambda: ag.concatenate([T(M), X3]), ValueError, r"concatenate: .*shapes \(2, 3\) and \(3,\)"),
    (lambda: ag.linalg.inv(T(M)), np.linalg.LinAlgError, r"inv: .* be square; got shape \(2, 3\)"),
    (lambda: T(X3) * [[1, 2], [3]], ValueError, "mul: .* rows differ in length; pad them"),
    (lambda: T([[1, 2], [3]]), ValueError, "Tensor: .* rows differ in length; pad them"),
    # axes and indices
    (lambda: T(X3).sum(axis=3), np.exceptions.AxisError, "sum: axis 3 .* use an axis from -1 to 0"),
    (lambda: ag.std(T(1.0), axis=1), np.exceptions.AxisError, r"std: .*it has no axes; use x\[None\]"),
    (lambda: T(X3)[5], IndexError, r"getitem: index 5 is out of bounds .*; got shape \(3,\)"),
    (lambda: T(X3)["a"], IndexError, "getitem: only integers, slices"),
    # what is no number
    (lambda: T(X3) * DATES, TypeError, "mul: " + NUMBERS.format("datetime64.D.")),
    (lambda: T(X3) * np.array([None] * 3), TypeError, "mul: " + NUMBERS.format("object")),
    (lambda: ag.sin(np.array(["a"])), TypeError, "sin: " + NUMBERS.format("<U1")),
    (lambda: ag.softmax(np.array(["1", "2"])), TypeError, "softmax: " + NUMBERS.format("<U1")),
    (lambda: ag.erf(DATES), TypeError, "erf: " + NUMBERS.format("datetime64.D.")),
    (lambda: ag.exp(None), TypeError, "exp: expected numbers, got NoneType of dtype object"),
    (lambda: ag.erf(None), TypeError, "erf: expected numbers, got NoneType of dtype object"),
    (lambda: T(X3) + "a", TypeError, "add: expected numbers, got str of dtype <U1"),
    (lambda: T(X3) * np.str_("a"), TypeError, "mul: expected numbers, got str_ .* as argument 1"),
    (lambda: T(X3) * np.ma.ones(3), TypeError, r"mul: a masked array would lose .* x\.filled\(0\)"),
    (lambda: T(np.ma.ones(3)), TypeError, "Tensor: a masked array would lose its mask"),
    (lambda: ag.floor(T(X3 * 1j)), TypeError, "floor: is not defined for complex128; convert with"),
    # what an operation does not take
    (lambda: ag.sin(T(X3), T(X3)), TypeError, "sin: a Tensor does not go with out=; use the result"),
    (lambda: ag.sin(T(X3), out=X3), TypeError, "sin: writing a Tensor into a plain array"),
    (lambda: ag.sin(T(X3), where=X3 > 0), TypeError, "sin: where= leaves the other elements undefined"),
    (lambda: ag.multiply(T(X3)), TypeError, "mul: multiply.* but 1 w(as|ere) given"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), MESSAGES)
def test_messages(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_nothing_is_written_by_a_refused_call():
    x, y = T(X3), T(np.zeros(3))
    with pytest.raises(TypeError, match="does not go with out="):
        ag.sin(x, y)
    assert y.value.tolist() == [0, 0, 0]


def complaint(function, arguments):
    try:
        function(*arguments)
    except (TypeError, ValueError) as error:
        return str(error)
    return "none"


PUBLIC = {k: v[0] for k, v in rows.items() if v[0][0].__name__ != "<lambda>"}


@pytest.mark.parametrize("bad", [DATES, np.array(["a"] * 3), X3.astype(object)])
@pytest.mark.parametrize("name", PUBLIC)
def test_no_operation_takes_what_is_no_number(name, bad):
    function, *arrays = PUBLIC[name]
    for k in range(len(arrays)):
        arguments = [T(a) if i != k else bad for i, a in enumerate(arrays)]
        assert re.match(r"\w+: .*(of dtype|shape)", complaint(function, arguments))


def test_an_error_inside_a_users_operation_names_it_and_keeps_its_cause():
    def function(x):
        raise ValueError("no luck")

    with pytest.raises(ValueError, match=r"mine: no luck; got shape \(3,\)") as caught:
        ag.primitive("mine", function, [None])(T(X3))
    assert str(caught.value.__cause__) == "no luck"


def test_an_error_in_a_pull_back_says_whose_it_is():
    mine = Primitive("mine", np.sin, [lambda g, out, x: g + X4])
    with pytest.raises(ValueError, match="broadcast") as caught:
        mine(T(X3)).sum().backward()
    assert caught.value.__notes__ == ["in the pull-back of op 'mine'"]


def test_an_error_in_a_hand_written_backward_says_whose_it_is():
    x = T(X3)
    out = ag.Tensor(np.log(x.value), inputs=[x], op="mine")

    def _backward():
        x.grad += out.grad[:2]

    out._backward = _backward
    with pytest.raises(ValueError, match="broadcast") as caught:
        out.sum().backward()
    assert caught.value.__notes__ == ["in the _backward of op 'mine'"]


def test_an_error_that_names_its_operation_stays_as_it_is():
    problem = ValueError("conv2d: expected x of shape (N, C, H, W), got (3,)")
    assert explained("conv2d_input", (X3,), problem) is problem
