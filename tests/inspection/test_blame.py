"""Blame names the line that made a NaN or an infinity, and what to write instead; and nobody where all is well."""

import inspect
import re

import numpy as np
import pytest

import agx as ag

from . import failing, healthy

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def guilty_line(function):
    lines, first = inspect.getsourcelines(function)
    return next((first + i for i, line in enumerate(lines) if "# <- here" in line), 0)


def needs(name):
    """Skip a program of special functions where SciPy is not installed."""
    if name in ("factorial", "xlogy", "xlogy, clipped", "entropy_by_xlogy"):
        pytest.importorskip("scipy")


@pytest.mark.parametrize("name", failing.PROGRAMS)
def test_line_and_advice(name):
    program, advice = failing.PROGRAMS[name]
    needs(name)
    found = ag.blame(program())
    assert found.line == guilty_line(program), str(found)
    assert re.search(
        advice.replace("(", r"\(").replace(")", r"\)").replace("+", r"\+"), str(found)
    ), str(found)


@pytest.mark.parametrize("name", healthy.PROGRAMS)
def test_nobody_is_blamed_where_all_is_well(name):
    needs(name)
    with np.errstate(all="ignore"):
        found = ag.blame(healthy.PROGRAMS[name]())
    assert not found, str(found)
    assert str(found) == "nothing is wrong: the value and all gradients are finite"
    with ag.debug(nonfinite="raise"):
        healthy.PROGRAMS[name]()


def test_corpus_is_as_large_as_promised():
    assert len(failing.PROGRAMS) >= 45 and len(healthy.PROGRAMS) >= 40


# --- the report ----------------------------------------------------------------------------------


class Net(ag.nn.Module):
    def __init__(self):
        self.head = ag.nn.Linear(2, 2)

    def forward(self, x):
        return np.log(self.head(x) * 0)


def test_report_has_all_that_there_is_to_know():
    model = Net()
    loss = ag.sum(model(np.ones((1, 2), np.float32)))
    found = ag.blame(loss)
    assert (found.op, found.module, found.index, found.part) == ("log", "Net", (0, 0), "value")
    assert found.function == "Net.forward" and found.path == ("sum",) and found.values == (0.0,)
    text = str(found)
    assert text.startswith("'log' in Net made infinity at (0, 0), where its inputs were finite\n")
    assert "return np.log(self.head(x) * 0)" in text and repr(found) == text
    assert "<pre>&#x27;log&#x27;" in found._repr_html_()


def test_first_operation_is_blamed_and_not_what_came_of_it():
    x = ag.Tensor([1000.0])
    found = ag.blame(ag.sum(np.sin(np.exp(x) - np.exp(x))))
    assert found.op == "exp" and found.path == ("sub", "sin", "sum")


def test_gradients_stay_what_they_were():
    x = ag.Tensor([0.0, 4.0])
    loss = ag.sum(np.sqrt(x))
    x.grad = np.array([7.0, 8.0])
    assert ag.blame(loss).part == "slope"
    np.testing.assert_array_equal(x.grad, [7.0, 8.0])
    s = ag.Scalar(0.0)
    root, s.grad = s.sqrt(), 5.0
    assert ag.blame(root).part == "slope" and s.grad == 5.0


def test_product_of_own_operation_is_blamed_too():
    x = ag.Tensor([1.0])
    out = ag.Tensor([np.inf], inputs=[x], op="mine", label="y")
    out._backward = lambda: None
    found = ag.blame(out)
    assert found.op == "mine" and "keep its argument away from that place" in found.advice


def test_data_are_blamed_by_row_and_column():
    x = ag.Tensor([[1.0, 2.0], [np.nan, np.nan]], label="x", requires_grad=False)
    w = ag.Tensor([1.0, 1.0])
    found = ag.blame(ag.sum(x @ w))
    assert str(found).startswith("'x' holds NaN in row 1, column 0 and 1 other places\n")


def test_infinity_of_a_leaf_is_told_and_not_what_cancels():
    x, mask = ag.Tensor([1.0, np.inf]), ag.Tensor([0.0, -np.inf], requires_grad=False)
    found = ag.blame(ag.sum(x - x))
    assert str(found).startswith("a leaf holds infinity at (1,)")
    assert "lower the learning rate if these are weights" in found.advice
    s = ag.Scalar(np.inf, label="s")
    assert str(ag.blame(s - s)).startswith("'s' holds infinity")
    hidden = ag.Tensor([1.0, 2.0]) + mask
    assert ag.blame(ag.sum(hidden - hidden)).op == "sub"


@pytest.mark.parametrize(
    "overflow",
    [
        lambda w: w**2.0,
        lambda w: w * w,
        np.square,
        np.exp,
        lambda w: w @ w,
        lambda w: np.sum(w * np.full((20, 1), 8e152)),
    ],
    ids=["pow", "mul", "square", "exp", "matmul", "sum"],
)
def test_weights_that_have_grown_are_told_of(overflow):
    advice = ag.blame(ag.sum(overflow(ag.Tensor([2e154, 1.0])))).advice
    assert advice.startswith(
        "a leaf has grown to 2.0e+154: if it holds weights, use a smaller learning rate or clip the gradients"
    )
    assert "grown to" not in ag.blame(ag.sum(np.exp(ag.Tensor([1000.0])))).advice
    assert "grown to" not in ag.blame(ag.Tensor([0.0, 1e7]) ** -1.0).advice


def test_what_has_no_graph_is_refused():
    with pytest.raises(
        TypeError, match="blame: expected a Scalar or a Tensor, got ndarray; give the"
    ):
        ag.blame(np.ones(2))
    x = ag.Tensor([1.0])
    with pytest.raises(TypeError, match="expected a real result, got a complex one"):
        ag.blame(x * 1j)


def test_graph_that_was_let_go():
    loss = ag.sum(np.log(ag.Tensor([0.0])))
    loss.backward(free=True)
    with pytest.raises(RuntimeError, match=r"blame: the graph was let go; call it before backward"):
        ag.blame(loss)


def test_what_was_not_recorded_was_not_let_go():
    x, s = ag.Tensor([0.0]), ag.Scalar(0.0)
    with ag.no_grad():
        results = [np.log(x), s.log()]
    for result in [*results, np.log(ag.Tensor([0.0], requires_grad=False))]:
        with pytest.raises(RuntimeError, match=r"nothing was recorded; compute it outside no_grad"):
            ag.blame(result)


# --- checkpoint ----------------------------------------------------------------------------------


def log_inside(x):
    y = np.log(x)  # <- here
    return np.sum(y), 2 * x


def root_inside(x):
    y = np.sqrt(x)  # <- here
    return np.sum(y), 2 * x


@pytest.mark.parametrize(
    ("function", "part"), [(log_inside, "value"), (root_inside, "slope")], ids=["value", "slope"]
)
def test_blame_looks_inside_checkpoint(function, part):
    twice = ag.checkpoint(lambda x: 1 * ag.checkpoint(function)(x)[0])
    found = ag.blame(3 * twice(ag.Tensor([1.0, 0.0])))
    assert (found.op, found.part, found.index) == (function.__code__.co_names[1], part, (1,))
    assert found.line == guilty_line(function) and found.function == function.__name__
    assert found.path == ("sum", "checkpoint", "mul", "checkpoint", "mul")
    assert "eps" in found.advice


class Sparing(ag.nn.Module):
    def forward(self, x):
        return ag.checkpoint(np.log)(x)


def test_module_of_a_checkpoint():
    assert ag.blame(Sparing()(ag.Tensor([0.0]))).module == "Sparing"


def test_checkpoint_that_gives_another_result_is_blamed_itself():
    given = iter([0.0, 1.0])
    found = ag.blame(ag.checkpoint(lambda x: np.log(x * next(given)))(ag.Tensor([1.0])))
    assert found.op == "checkpoint" and found.what == "infinity"


# --- debug ---------------------------------------------------------------------------------------


def run(program):
    loss = program()
    loss.backward()


@pytest.mark.parametrize("name", sorted(set(failing.PROGRAMS) - {"number_with_an_infinite_slope"}))
def test_debug_stops_at_the_line(name):
    program, _ = failing.PROGRAMS[name]
    needs(name)
    with pytest.raises(FloatingPointError) as caught, ag.debug(nonfinite="raise"):
        run(program)
    assert caught.value.blame.line == guilty_line(program)
    assert str(caught.value) == str(caught.value.blame)


def test_debug_can_warn():
    with pytest.warns(UserWarning, match="'log' made infinity"), ag.debug(nonfinite="warn"):
        y = np.log(ag.Tensor([0.0]))
    assert np.isinf(y.value).all()


def test_debug_leaves_everything_as_it_was():
    from agx._engine.graph import before_sweeps

    with pytest.raises(FloatingPointError), ag.debug():
        np.log(ag.Tensor([0.0]))
    assert before_sweeps == [] and np.log(ag.Tensor([0.0])).note is None


def test_debug_inside_transforms():
    with pytest.raises(FloatingPointError, match="'log' made infinity"), ag.debug():
        ag.grad(lambda x: np.sum(np.log(x)))(np.array([0.0]))


def test_debug_stops_a_training():
    x, y = np.ones((4, 2), np.float32), np.zeros(4, int)
    model = Net()
    with pytest.raises(FloatingPointError, match="'log' in Net made"), ag.debug():
        ag.fit(
            model,
            ag.data.Loader((x, y), batch_size=2),
            ag.cross_entropy,
            ag.optim.SGD(model.parameters(), lr=0.1),
            epochs=1,
            progress=False,
        )


def test_debug_takes_two_words():
    with pytest.raises(ValueError, match="nonfinite must be 'raise' or 'warn', got 'stop'"):
        ag.debug(nonfinite="stop")
