"""Every node knows the line of the program that made it, and the module in which it did."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import agx as ag
from agx._engine.places import HOME, enter, leave
from agx._engine.walk import nodes_below


def line_of(function, offset):
    return (__file__, function.__code__.co_firstlineno + offset, function.__qualname__)


def squared(x):
    return x * x


def averaged(x):
    return ag.mean(
        np.sin(x),
    )


@pytest.mark.parametrize("make", [ag.Scalar, lambda x: ag.Tensor([x])])
def test_operator_has_the_line_that_wrote_it(make):
    x = make(3.0)
    assert x.where is None
    assert squared(x).where == line_of(squared, 1)


def test_functions_of_agx_and_numpy_are_passed_over():
    mean = averaged(ag.Tensor([1.0, 2.0]))
    assert mean.where == line_of(averaged, 1)
    assert mean.inputs[0].where == line_of(averaged, 2)


def test_nothing_is_known_of_what_is_not_recorded():
    with ag.no_grad():
        assert squared(ag.Tensor([1.0])).where is None
        assert squared(ag.Scalar(1.0)).where is None


def test_hand_written_operation_has_its_line():
    def doubled(x):
        return ag.Tensor(2 * x.value, op="double", inputs=[x])

    assert doubled(ag.Tensor([1.0])).where == line_of(doubled, 1)
    halved = ag.Scalar(0.5, op="half", inputs=[ag.Scalar(1.0)])
    assert halved.where[0] == __file__


def test_pull_backs_have_the_line_that_asked_for_the_derivative():
    found = []

    def slope(x):
        found.append(ag.grad(lambda x: ag.sum(x**3))(x))
        return found[0]

    ag.jacobian(slope)(np.array([2.0]))
    assert found[0].where == line_of(slope, 1)


def test_earlier_self_of_an_array_that_was_assigned_into_keeps_its_place():
    def changed(x):
        y = squared(x)
        y[0] = 0.0
        return y

    y = changed(ag.Tensor([1.0, 2.0]))
    assert y.where == line_of(changed, 2)
    assert line_of(squared, 1) in {node.where for node in nodes_below(y)}


def test_name_of_a_file_need_not_be_ascii():
    code = compile("y = x * x", "/tmp/Übung 八.py", "exec")
    names = {"x": ag.Tensor([1.0])}
    exec(code, names)
    assert names["y"].where == ("/tmp/Übung 八.py", 1, "<module>")


def test_home_is_the_folder_of_agx():
    assert ag.__file__.startswith(HOME)


class Inner(ag.nn.Module):
    def forward(self, x):
        return x * 2.0


class Outer(ag.nn.Module):
    def __init__(self):
        self.inner = Inner()

    def forward(self, x):
        return self.inner(x + 1.0)


def test_scope_is_the_call_of_the_module_that_recorded():
    model = Outer()
    out = model(ag.Tensor([1.0]))
    scope = out.scope
    assert scope.module is model.inner
    assert scope.above.module is model
    assert scope.above.above is None
    assert out.inputs[0].scope is scope.above
    assert squared(out).scope is None


def test_scope_ends_with_an_error():
    class Broken(ag.nn.Module):
        def forward(self, x):
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        Broken()(ag.Tensor([1.0]))
    assert squared(ag.Tensor([1.0])).scope is None


def test_each_thread_has_its_own_scopes():
    model, inside, done = Outer(), threading.Event(), threading.Event()

    class Waiting(ag.nn.Module):
        def forward(self, x):
            inside.set()
            assert done.wait(60)
            return x * 3.0

    waiting = Waiting()
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(waiting, ag.Tensor([1.0]))
        assert inside.wait(60)
        mine = model(ag.Tensor([1.0]))
        done.set()
        assert other.result().scope.module is waiting
    assert mine.scope.above.module is model


def test_scopes_can_be_opened_by_hand():
    scope = enter("anything")
    try:
        assert squared(ag.Tensor([1.0])).scope is scope
    finally:
        leave(scope)
