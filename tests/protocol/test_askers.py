"""Functions that make plain numbers of Tensors say what to write instead, or only look."""

import fractions
import math
import statistics

import numpy as np
import pytest

import agx as ag

X = np.array([0.7, 1.3, 2.1])

LOSING = [
    (lambda t: np.sum([t[0], t[1]]), "sum", r"as in np[.]sum\(ag.array\("),
    (lambda t: np.linalg.norm([t[0], 4.0]), "norm", r"as in np[.]linalg.norm\(ag.array\("),
    (lambda t: np.fft.fft([t[0], 4.0]), "fft", r"as in np[.]fft.fft\(ag.array\("),
    (lambda t: np.full(2, t[0]), "full", "write ag.full,"),
    (lambda t: np.r_[t, 1.0], "r_", "write ag.concatenate"),
    (lambda t: np.c_[t, t], "c_", "write ag.column_stack"),
    (lambda t: np.vectorize(abs)(t), "vectorize", "call the function on the array itself"),
    (lambda t: np.asmatrix(t), "asmatrix", "keep the Tensor and write @"),
    (lambda t: list(np.ndenumerate(t)), "ndenumerate", r"np.ndindex\(t.shape\)"),
    (lambda t: np.polynomial.Polynomial(t), "Polynomial", "write ag.polyval"),
    (
        lambda t: np.polynomial.Polynomial.fit(X, t, 1),
        "Polynomial.fit",
        "join Tensors with ag.stack",
    ),
    (lambda t: statistics.mean(t), "mean", "write ag.mean"),
    (lambda t: statistics.stdev(t), "stdev", r"write ag.std\(x, ddof=1\)"),
    (lambda t: statistics.fmean(t), "fmean", "write ag.mean"),
    (lambda t: statistics.NormalDist(t[0]), "NormalDist", "scipy.stats.norm"),
]


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize(("f", "name", "fix"), LOSING)
def test_the_function_is_named_with_what_to_write(f, name, fix):
    message = f"^{name}: (numpy|statistics) makes plain numbers of a Tensor .*{fix}"
    with pytest.raises(TypeError, match=message):
        f(ag.Tensor(X))
    with pytest.raises(TypeError, match=message):
        ag.grad(f)(X)


@pytest.mark.parametrize(
    "f",
    [
        lambda t: np.sum(ag.array([t[0], 1.0])),
        lambda t: np.linalg.norm(ag.array([t[0], 4.0])),
        lambda t: ag.sum(ag.real(np.fft.fft(ag.array([t[0], 4.0])))),
        lambda t: ag.sum(ag.full(2, t[0])),
    ],
)
def test_what_is_to_be_written_has_the_gradient(f):
    ag.testing.check_grads(f, X)


@pytest.mark.parametrize(
    "look",
    [
        lambda t: np.argmax([t[0], t[1]]),
        lambda t: np.shape([t[0], t[1]])[0] - 1,
        lambda t: np.testing.assert_allclose(t, X) or 1,
        lambda t: np.allclose([t[0]], [X[0]]),
        lambda t: math.floor(t[2]) - 1,
        lambda t: math.ceil(t[0]),
        lambda t: math.trunc(t[1]),
    ],
)
def test_looking_is_allowed_inside_transforms(look):
    assert ag.grad(lambda t: look(t) * np.sum(t))(X) == pytest.approx([1.0] * 3)


def test_fractions_are_plain_numbers():
    t = ag.Tensor(0.75)
    assert fractions.Fraction(*t.as_integer_ratio()) == fractions.Fraction(3, 4)
    with pytest.raises(TypeError, match=r"as_integer_ratio\(\) would drop the gradient"):
        ag.grad(lambda t: t.as_integer_ratio()[0] * t)(0.75)


def test_other_libraries_that_ask_for_memory_or_elements_are_told_of_the_value():
    t = ag.Tensor(X)
    with pytest.raises(AttributeError, match="__array_interface__'; pass t.value"):
        _ = t.__array_interface__
    with pytest.raises(TypeError, match="other libraries' arrays are made of t.value"):
        len(t[0])


def test_sympy_is_told_of_functions_that_take_tensors():
    with pytest.raises(TypeError, match="sympy.lambdify"):
        _ = ag.Tensor(1.0)._sympy_


def test_text_has_formats_of_numbers_only():
    assert f"{ag.Tensor(1.25):.1f}" == "1.2"
    for a in (X, ag.Tensor(X)):
        with pytest.raises(TypeError, match="unsupported format string"):
            format(a, ".1f")


def test_drawing_only_looks():
    pyplot = pytest.importorskip("matplotlib.figure")
    axes = pyplot.Figure().subplots()

    def f(t):
        axes.plot(t)
        axes.plot([t[0], t[1]])
        return np.sum(t)

    assert ag.grad(f)(X) == pytest.approx([1.0] * 3)
    f(ag.Tensor(X))
    assert [line.get_ydata().tolist() for line in axes.lines] == 2 * [X.tolist(), X[:2].tolist()]
