"""A ``_backward`` of one's own is called, or refused when it is set."""

import numpy as np
import pytest

import agx as ag


def nothing():
    pass


@pytest.mark.parametrize("kind", [ag.Tensor, ag.Scalar])
def test_without_inputs_it_is_refused(kind):
    with pytest.raises(TypeError, match=r"_backward: this was made without inputs, .* inputs=\[x"):
        kind(1.0, _backward=nothing)
    out = kind(1.0)
    with pytest.raises(TypeError, match="_backward: this was made without inputs"):
        out._backward = nothing


@pytest.mark.parametrize("kind", [ag.Tensor, ag.Scalar])
def test_what_is_no_function_is_refused(kind):
    with pytest.raises(TypeError, match="_backward: expected a function of no arguments, got int"):
        kind(1.0, _backward=3)
    with pytest.raises(TypeError, match="_backward: expected a function of no arguments, got int"):
        kind(1.0, inputs=[kind(2.0)])._backward = 3


def test_the_result_of_an_operation_has_a_pull_back():
    y = ag.Tensor(2.0) * 3.0
    with pytest.raises(TypeError, match="the result of op 'mul' has a pull-back"):
        y._backward = nothing


@pytest.mark.parametrize("kind", [ag.Tensor, ag.Scalar])
@pytest.mark.parametrize("where", ["constructor", "attribute"])
def test_with_inputs_it_is_called(kind, where):
    x = kind(3.0)

    def square(out):
        return lambda: setattr(x, "grad", x.grad + 2 * x.value * out.grad)

    if where == "attribute":
        out = kind(x.value**2, inputs=[x])
        out._backward = square(out)
    else:
        cell = []
        out = kind(x.value**2, inputs=[x], _backward=lambda: square(cell[0])())
        cell.append(out)
    out.backward()
    assert x.grad == 6.0


@pytest.mark.parametrize("kind", [ag.Tensor, ag.Scalar])
def test_where_nothing_is_recorded_it_may_be_set(kind):
    x = kind(3.0)
    with ag.no_grad():
        out = kind(9.0, inputs=[x])
        out._backward = nothing
        kind(9.0, inputs=[x], _backward=nothing)
    assert out.inputs == []


def test_inputs_that_want_no_gradient_make_a_constant():
    x = ag.Tensor(3.0, requires_grad=False)
    out = ag.Tensor(np.square(x.value), inputs=[x])
    out._backward = nothing
    assert not out.requires_grad
