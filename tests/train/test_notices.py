"""What does not learn is said at the line of ``fit``, and what learns is left in peace."""

import functools
import re
import warnings

import numpy as np
import pytest

import agx as ag
from agx import nn

X, Y = np.random.default_rng(0).standard_normal((6, 2)).astype(np.float32), np.arange(6) % 2
BATCHES = [(X[:3], Y[:3]), (X[3:], Y[3:])]


def told(model, optimizer=None, loss=ag.cross_entropy, batches=BATCHES, epochs=2):
    optimizer = optimizer or ag.optim.SGD(model.parameters(), lr=0.1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ag.fit(model, batches, loss, optimizer, epochs, progress=False)
    assert all(w.filename == __file__ for w in caught)
    return [str(w.message) for w in caught]


class Applied(nn.Module):
    """A layer, and then a function."""

    def __init__(self, function):
        self.layer, self.function = nn.Linear(2, 2), function

    def forward(self, x):
        return self.function(self.layer(x))


class Scaled(nn.Module):
    def __init__(self):
        self.scale = ag.Tensor(1.0)

    def forward(self, predictions, targets):
        return ag.cross_entropy(predictions * self.scale, targets)


class Lazy(nn.Module):
    def __init__(self):
        self.first, self.second = nn.Linear(2, 2), None

    def forward(self, x):
        self.second = self.second or nn.Linear(2, 2)
        return self.second(self.first(x))


class Two(nn.Module):
    def __init__(self, cut=lambda hidden: hidden):
        self.a, self.b, self.cut = nn.Linear(2, 3), nn.Linear(3, 2), cut

    def forward(self, x):
        return self.b(self.cut(self.a(x)))


HIDDEN = nn.Linear(2, 2)
WEIGHT = ag.Tensor(np.array([[1, 2], [3, 4]], np.float32), label="mixing")


@pytest.mark.parametrize(
    ("model", "loss", "message"),
    [
        (lambda: Applied(lambda x: HIDDEN(x)), ag.cross_entropy, r"a Tensor of shape \(2,\) gets a gradient, but was"),
        (lambda: Applied(lambda x: x @ WEIGHT), ag.cross_entropy, r"shape \(2, 2\) \(mixing\) gets a gradient"),
        (lambda: Applied(lambda x: nn.Linear(2, 2)(x)), ag.cross_entropy, "the weight of a layer that is made anew"),
        (Lazy, ag.cross_entropy, "keep it, .* in an attribute of the model before the optimiser is made"),
        (lambda: nn.Linear(2, 2), Scaled(), r"a Tensor of shape \(\) gets a gradient, but was neither"),
        (lambda: Two(lambda hidden: hidden.value), ag.cross_entropy, r"2 of 4 parameters of SGD got no gradient .* 'a.weight', 'a.bias'"),
        (lambda: Two(lambda hidden: hidden.detach()), ag.cross_entropy, r"not behind .value or detach\(\)"),
    ],
)  # fmt: skip
def test_what_does_not_learn_is_told_once(model, loss, message):
    (found,) = told(model(), loss=loss)
    assert re.search(message, found)


def test_an_optimiser_made_before_the_head_was_replaced():
    model = nn.Sequential(nn.Linear(2, 4), ag.relu, nn.Linear(4, 3))
    sgd = ag.optim.SGD(model.parameters(), lr=0.1)
    model.steps[2] = nn.Linear(4, 2)
    (message,) = told(model, sgd)
    assert "2 of 4 parameters of SGD got no gradient" in message
    assert "2 not in the model; make the optimiser after the last change" in message


def test_a_loss_that_is_flat():
    (message,) = told(nn.Linear(2, 2), loss=lambda out, y: ag.mean(ag.relu(-ag.exp(out)) + 1))
    assert "fit: the loss is " in message
    assert (
        "every gradient is 0, so that nothing is learned; look for an operation that is flat"
        in message
    )


def test_a_loss_of_zero_has_no_gradient_and_need_not():
    hinge = lambda out, y: ag.mean(ag.relu(1 - 1e9 * ag.abs(out)))
    assert told(nn.Linear(2, 2), loss=hinge) == []


def noisy(x):
    """With constants that are Tensors, made anew every time."""
    return (x + ag.Tensor(np.ones(x.shape, np.float32))) * ag.Tensor(2.0)


def with_loss():
    model, loss = nn.Linear(2, 2), Scaled()
    return told(model, ag.optim.SGD([*model.parameters(), loss.scale], lr=0.1), loss)


def frozen():
    model = Two()
    model.a.weight.requires_grad = model.a.bias.requires_grad = False
    return told(model)


def one_part():
    model = Two()
    return told(model, ag.optim.SGD(model.b.parameters(), lr=0.1))


@pytest.mark.parametrize(
    "messages",
    [
        lambda: told(Two()),
        lambda: told(Applied(noisy)),
        lambda: told(Applied(functools.partial(np.multiply, ag.Tensor(2.0, requires_grad=False)))),
        lambda: told(nn.Linear(2, 2), batches=[(ag.Tensor(x), y) for x, y in BATCHES]),
        with_loss,
        frozen,
        one_part,
    ],
)
def test_what_learns_or_need_not_is_left_in_peace(messages):
    assert messages() == []


# --- a loss of one's own that broadcasts ---------------------------------------------------------

TARGETS = X.sum(axis=1)


def squared(outputs, targets):
    return ((outputs - targets) ** 2).mean()


@pytest.mark.parametrize(
    ("last", "targets", "fix"),
    [
        (lambda z: z, TARGETS, r"targets\[:, None\]"),
        (lambda z: z[:, 0], TARGETS[:, None], r"targets\[:, 0\]"),
        (lambda z: z, np.arange(6), r"targets\[:, None\]"),
    ],
)
def test_every_output_with_every_target_is_told(last, targets, fix):
    model = nn.Sequential(nn.Linear(2, 1), last)
    (message,) = told(model, loss=squared, batches=[(X, targets)])
    assert "became (6, 6) in the loss squared: every output with every target" in message
    assert message.endswith(fix.replace("\\", ""))


def ranked(outputs, targets):
    """All pairs of outputs, on purpose, as in losses of rankings."""
    return ag.mean((outputs - outputs.T) * np.sign(targets[:, None] - targets))


@pytest.mark.parametrize(
    ("loss", "targets"),
    [(squared, TARGETS[:, None]), (ranked, TARGETS), (lambda o, y: squared(o[:, 0], y), TARGETS)],
)
def test_pairs_that_are_meant_are_left_in_peace(loss, targets):
    assert told(nn.Linear(2, 1), loss=loss, batches=[(X, targets)]) == []
