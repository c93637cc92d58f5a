"""Answers to the exercises: the right ones pass, and each mistake gets its hint."""

import numpy as np
import pytest

import agx as ag

check = ag.testing.check_exercise


def operation(function, pull, *, into=None, inputs=True, backward=True):
    """An operation of one input as students write it, with or without its parts."""

    def answer(x, *settings):
        out = ag.Tensor(function(x.value, *settings), inputs=[x] if inputs else [], op="mine")

        def _backward():
            share = pull(out.grad, x.value, *settings)
            if into:
                x.grad = share
            else:
                x.grad += share

        if backward:
            out._backward = _backward
        return out

    return answer


def product(pull_a, pull_b):
    def answer(a, b):
        out = ag.Tensor(a.value * b.value, inputs=[a, b], op="mul")

        def _backward():
            a.grad += pull_a(out.grad, a.value, b.value)
            b.grad += pull_b(out.grad, a.value, b.value)

        out._backward = _backward
        return out

    return answer


def model(forward):
    class Model:
        def __init__(self, n_hidden):
            rng = np.random.default_rng(0)
            self.w1, self.b1, self.w2 = (
                [ag.Scalar(v) for v in rng.standard_normal(n_hidden)] for _ in range(3)
            )
            self.b2 = [ag.Scalar(0.0)]

        def forward(self, x):
            return [forward(self, v) for v in x]

    return Model


def hidden(m, x, act=ag.relu):
    return sum(
        (w2 * act(w1 * x + b1) for w1, b1, w2 in zip(m.w1, m.b1, m.w2, strict=True)), ag.Scalar(0.0)
    )


def mse(p, y):
    return sum(((a - b) ** 2 for a, b in zip(p, y, strict=True)), ag.Scalar(0.0)) / len(p)


def bce(z, y):
    return ag.mean(ag.softplus(z) - y * z)


def indexed(add):
    def answer(x, index):
        out = ag.Tensor(x.value[index], inputs=[x], op="getitem")

        def _backward():
            add(x.grad, index, out.grad)

        out._backward = _backward
        return out

    return answer


def assigned(total, index, g):
    total[index] += g


def first_places(total, index, g):
    total[: len(g)] += g


def expand(g, x, axis):
    return np.expand_dims(g, axis) * np.ones_like(x)


RIGHT = {
    "forward": model(lambda m, x: hidden(m, x) + m.b2[0]),
    "mse": mse,
    "log": operation(np.log, lambda g, x: g / x),
    "mul": product(lambda g, a, b: g * b, lambda g, a, b: (g * a).sum(axis=0)),
    "sum": operation(np.sum, expand),
    "reshape": operation(np.reshape, lambda g, x, shape: np.reshape(g, x.shape)),
    "indexing": indexed(np.add.at),
    "bce": bce,
    "convolution": lambda x: ag.conv2d(x, np.array([[[[0, -1.0], [2, 0]], [[0, 0], [0, 0]]]]))[
        :, 0
    ],
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass(name):
    found = check(name, RIGHT[name])
    assert found and str(found) == repr(found) == f"{name}: right"
    assert found._repr_html_() == f"<pre>{name}: right</pre>"


def forgetful(a, b):
    """A product that names one of its factors."""
    out = ag.Tensor(a.value * b.value, inputs=[a], op="mul")

    def _backward():
        a.grad += out.grad * b.value
        b.grad += (out.grad * a.value).sum(axis=0)

    out._backward = _backward
    return out


def without_b1(m, x):
    return sum((w2 * ag.relu(w1 * x) for w1, w2 in zip(m.w1, m.w2, strict=True)), m.b2[0])


def b2_each_time(m, x):
    return hidden(m, x) + m.b2[0] * len(m.w1)


def only_one(model_class):
    class One(model_class):
        def forward(self, x):
            return super().forward(x)[:1]

    return One


WRONG = [
    ("mul", forgetful, "does not name all that it was computed from"),
    ("log", operation(np.log, lambda g, x: -g / x), "the sign of a gradient is wrong"),
    ("forward", model(without_b1), "b1 is missing"),
    ("forward", model(b2_each_time), "b2 is added once for each hidden unit"),
    ("forward", only_one(model(hidden)), "there are 1 outputs for 3 numbers"),
    ("forward", model(lambda m, x: hidden(m, x, lambda s: s) + m.b2[0]), "apply relu to w1 x"),
    ("forward", model(hidden), "b2 is missing"),
    (
        "forward",
        model(lambda m, x: ag.relu(hidden(m, x, lambda s: s) + m.b2[0])),
        "not to the output",
    ),
    ("forward", model(lambda m, x: ag.Scalar(0.0)), "the outputs are 0"),
    ("forward", model(lambda m, x: (hidden(m, x) + m.b2[0]).value), "plain numbers"),
    (
        "forward",
        model(lambda m, x: ag.Scalar((hidden(m, x) + m.b2[0]).value) * 1.0),
        "gradients of w2",
    ),
    ("forward", model(lambda m, x: hidden(m, x) + m.b2[0].value), "gradients of b2"),
    (
        "forward",
        model(lambda m, x: hidden(m, x, lambda s: ag.Scalar(max(s.value, 0.0))) + m.b2[0]),
        "gradients of w1",
    ),
    ("forward", model(lambda m, x: hidden(m, x) + m.b2[0] + 1.0), "for x = -1 the output is"),
    ("mse", lambda p, y: mse(p, y) * len(p), "the sum of the squares"),
    ("mse", lambda p, y: mse(p, y) / 2, "half of the mean"),
    (
        "mse",
        lambda p, y: sum((abs(a - b) for a, b in zip(p, y, strict=True)), ag.Scalar(0.0)) / 3,
        "absolute",
    ),
    ("mse", lambda p, y: mse(p, y) ** 0.5, "the root of the mean"),
    ("mse", lambda p, y: mse(p, y).value, "a plain number"),
    ("mse", lambda p, y: ag.Scalar(0.0), "the loss is 0"),
    ("mse", lambda p, y: ag.Scalar(mse(p, y).value) * 1.0, "the gradients are wrong"),
    ("mse", lambda p, y: mse(p, y) + 1.0, "and should be 4.667"),
    ("mse", lambda p, y: undefined, "it raises NameError"),  # noqa: F821
    (
        "log",
        operation(np.log, lambda g, x: g / x, inputs=False),
        "it raises TypeError: _backward: this was made without inputs",
    ),
    (
        "log",
        operation(np.log, lambda g, x: g / x, backward=False),
        "has inputs but no _backward; set out._backward",
    ),
    ("log", operation(np.log, lambda g, x: g / x, into=True), "write += for ="),
    ("log", operation(np.log, lambda g, x: 1 / x), "output.grad is missing"),
    ("log", operation(np.log, lambda g, x: g * x), "a gradient is"),
    ("log", operation(np.log2, lambda g, x: g / x), "the value is"),
    ("log", np.log, "write its _backward yourself"),
    ("log", lambda x: np.log(x.value), "no ag.Tensor"),
    ("mul", product(lambda g, a, b: g * b, lambda g, a, b: g * a), "un-broadcast"),
    ("mul", product(lambda g, a, b: g * a, lambda g, a, b: (g * b).sum(axis=0)), "a gradient is"),
    (
        "sum",
        operation(np.sum, lambda g, x, axis: g * np.ones_like(x)),
        "put the axis back",
    ),
    (
        "sum",
        operation(np.sum, lambda g, x, axis: np.expand_dims(g, 1 - axis) * np.ones_like(x)),
        "along axis",
    ),
    (
        "reshape",
        operation(np.reshape, lambda g, x, shape: g),
        "has the shape of the input",
    ),
    (
        "reshape",
        operation(lambda x, shape: np.reshape(x, -1), lambda g, x, shape: np.reshape(g, x.shape)),
        "and should be",
    ),
    ("indexing", indexed(assigned), "gets both gradients"),
    ("indexing", indexed(first_places), "put them at the index"),
    ("bce", lambda z, y: 3 * bce(z, y), "take the mean"),
    ("bce", lambda z, y: -bce(z, y), "the sign is wrong"),
    ("bce", lambda z, y: bce(z, 1 - y), "the classes are swapped"),
    ("bce", lambda z, y: -ag.mean(y * ag.logsigmoid(z)), "class 0 is missing"),
    ("bce", lambda z, y: ag.softplus(z) - y * z, "has shape (3,)"),
    (
        "bce",
        lambda z, y: -ag.mean(y * ag.log(ag.sigmoid(z)) + (1 - y) * ag.log(1 - ag.sigmoid(z))),
        "overflows",
    ),
    (
        "bce",
        lambda z, y: (
            -ag.mean(
                y * ag.log(ag.clip(ag.sigmoid(z), 1e-12, 1 - 1e-12))
                + (1 - y) * ag.log(1 - ag.clip(ag.sigmoid(z), 1e-12, 1 - 1e-12))
            )
        ),
        "cut nothing off",
    ),
    ("bce", lambda z, y: bce(z, y).value, "a plain number"),
    ("bce", lambda z, y: ag.Tensor(bce(z, y).value) * 1.0, "the gradient is not"),
    ("bce", lambda z, y: bce(z, y) + 1, "and should be"),
    ("convolution", lambda x: x[:, 0, 1:, :-1] - x[:, 0, :-1, 1:], "the factor 2"),
    ("convolution", lambda x: 2 * x[:, 0, :-1, 1:] - x[:, 0, 1:, :-1], "upper and lower"),
    ("convolution", lambda x: 2 * x[:, 0, 1:, 1:] - x[:, 0, :-1, :-1], "left and right"),
    ("convolution", lambda x: 2 * x[:, 1, 1:, :-1] - x[:, 1, :-1, 1:], "the second channel"),
    ("convolution", lambda x: (2 * x[:, :, 1:, :-1] - x[:, :, :-1, 1:]).sum(1), "give it zeros"),
    ("convolution", lambda x: 2 * x[:, 0, 1:, :-1] + x[:, 0, :-1, 1:], "subtract it"),
    ("convolution", lambda x: x[:, 0], "stride 1, no padding"),
    ("convolution", lambda x: x[:, 0, 1:, 1:], "the first number is"),
]


@pytest.mark.parametrize(
    ("name", "answer", "hint"), WRONG, ids=lambda v: v if isinstance(v, str) else ""
)
def test_each_mistake_has_its_hint(name, answer, hint):
    with np.errstate(all="ignore"):
        found = check(name, answer)
    assert not found
    assert str(found).startswith(f"{name}: not yet\n  - ") and len(found.hints) == 1
    assert hint in str(found)


def test_what_is_no_exercise_or_no_function_is_refused():
    with pytest.raises(ValueError, match="expected one of forward, mse, log, mul, .*, got 'exp'"):
        check("exp", np.exp)
    with pytest.raises(
        TypeError, match="expected the function of exercise 'mse', got Scalar; give the"
    ):
        check("mse", ag.Scalar(1.0))
