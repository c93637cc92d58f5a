"""What is surely wrong in the arguments of a loss: one warning at the user's line, or an error."""

import warnings

import numpy as np
import pytest

import agx as ag

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((6, 3)).astype(np.float32), np.arange(6) % 2
BITS = Y.astype(np.float32)


def out(size=2):
    """The outputs of a layer."""
    return ag.nn.Linear(3, size)(X)


def own_softmax(z):
    e = ag.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


CE, NLL = ag.cross_entropy, ag.nll_loss
BCE, BCEL = ag.binary_cross_entropy, ag.binary_cross_entropy_with_logits
SOFTMAX = "cross_entropy: expected logits, got the output of a softmax; .*leave it out of the model"
WRONG = {
    "softmax": (lambda: CE(ag.softmax(out(), axis=1), Y), SOFTMAX),
    "layer": (lambda: CE(ag.nn.Softmax(-1)(out()), Y), SOFTMAX),
    "module": (lambda: ag.nn.CrossEntropyLoss(label_smoothing=0.1)(ag.softmax(out(), 1), Y), SOFTMAX),
    "reshaped": (lambda: CE(ag.softmax(out(), axis=1).reshape(6, 2), Y), SOFTMAX),
    "own": (lambda: CE(own_softmax(out()), Y), SOFTMAX),
    "clipped": (lambda: CE(ag.clip(ag.softmax(out(), axis=1), 1e-7, 1.0), Y), SOFTMAX),
    "shares": (lambda: CE(ag.softmax(out(), axis=1), np.eye(2)[Y]), SOFTMAX),
    "one class": (lambda: CE(out(1), 0 * Y), r"cross_entropy: logits of shape \(6, 1\) have a single class"),
    "one share": (lambda: CE(out(1), BITS[:, None]), "single class, .* binary_cross_entropy_with_logits"),
    "nll of softmax": (lambda: NLL(ag.softmax(out(), axis=1), Y), "nll_loss: expected log-probabilities, got the output of a softmax; give the logits to ag.cross_entropy"),
    "nll of logits": (lambda: NLL(out(), Y), "nll_loss: expected log-probabilities, got the output of a layer"),
    "sigmoid": (lambda: BCEL(ag.sigmoid(out(1)), BITS[:, None]), "binary_cross_entropy_with_logits: expected logits, got the output of a sigmoid; .* or use binary_cross_entropy"),
    "flat sigmoid": (lambda: BCEL(ag.sigmoid(out(1)).reshape(-1), BITS), "got the output of a sigmoid"),
    "picked sigmoid": (lambda: BCEL(ag.nn.Sigmoid()(out(1))[:, 0], BITS), "got the output of a sigmoid"),
    "soft bits": (lambda: BCEL(ag.softmax(out(), axis=1), np.eye(2)[Y]), "got the output of a softmax"),
    "focal of softmax": (lambda: ag.focal_loss(ag.softmax(out(), axis=1), Y), "focal_loss: expected logits, got the output of a softmax"),
    "focal of sigmoid": (lambda: ag.sigmoid_focal_loss(ag.sigmoid(out(1)), BITS[:, None]), "sigmoid_focal_loss: expected logits, got the output of a sigmoid"),
    "divergence of softmax": (lambda: ag.kl_div(ag.softmax(out(), axis=1), np.eye(2)[Y]), "kl_div: expected log-probabilities, got the output of a softmax"),
    "order of divergence": (lambda: ag.kl_div(np.eye(2)[Y], ag.softmax(out(), axis=1)), r"the order is kl_div\(predictions, targets\)"),
    "order": (lambda: BCE(BITS[:, None], ag.sigmoid(out(1))), r"the targets were computed with parameters; the order is binary_cross_entropy\(predictions, targets\)"),
    "order of logits": (lambda: BCEL(BITS[:, None], out(1)), "the predictions are constant and the targets were computed with parameters"),
    "order of classes": (lambda: CE(np.eye(2)[Y], out()), r"the order is cross_entropy\(predictions, targets\)"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_one_warning_at_the_line_of_the_user(name):
    call, message = WRONG[name]
    with pytest.warns(UserWarning, match=message) as told:
        assert [call() for _ in range(3)]
    assert len(told) == 1 and told[0].filename == __file__


def test_it_is_said_again_elsewhere_and_to_another_reader():
    wrong = WRONG["softmax"][0]
    for _ in range(2):
        with pytest.warns(UserWarning, match="softmax"):
            wrong()
    with pytest.warns(UserWarning, match="softmax") as told:
        assert wrong() and CE(ag.softmax(out(), axis=1), Y) and wrong()
    assert len({w.lineno for w in told}) == len(told) == 2


RIGHT = {
    "logits": lambda: CE(out(), Y),
    "log_softmax, which changes nothing": lambda: CE(ag.log_softmax(out(), axis=1), Y),
    "scores that are positive": lambda: CE(ag.relu(out()), Y),
    "small scores": lambda: CE(0.01 * out(), Y),
    "one row": lambda: CE(ag.Tensor([[0.25, 0.25]]) * 2, np.array([0])),
    "sigmoids": lambda: CE(ag.sigmoid(out(3)), Y),
    "given probabilities": lambda: CE(np.full((2, 2), 0.5), np.array([0, 1])),
    "log-probabilities": lambda: NLL(ag.log_softmax(out(), axis=1), Y),
    "logarithms": lambda: NLL(ag.log(own_softmax(out())), Y),
    "probabilities": lambda: BCE(ag.sigmoid(out(1)), BITS[:, None]),
    "single logits": lambda: BCEL(out(1), BITS[:, None]),
    "targets that learn": lambda: BCE(np.full(6, 0.5), ag.Tensor(BITS)),
    "targets and predictions that learn": lambda: BCE(ag.sigmoid(out(1)), ag.sigmoid(out(1))),
    "a teacher": lambda: CE(out(), ag.softmax(out(), axis=1).detach()),
    "no bits": lambda: BCEL(out(1), BITS[:, None] * 5 - 1, reduction="none"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_may_be_right_is_left_in_peace(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        RIGHT[name]()


@pytest.mark.parametrize("loss", [BCE, BCEL])
@pytest.mark.parametrize("targets", [2 * Y - 1, 2 * Y, np.full(6, 255)])
def test_targets_that_are_no_bits(loss, targets):
    message = "targets must lie in .*, got values from .* to .*; write the two classes as 0 and 1"
    with pytest.raises(ValueError, match=f"{loss.__name__}: {message}"):
        loss(np.full(6, 0.5), targets)


def test_a_loss_class_that_is_called_with_predictions():
    with pytest.raises(
        TypeError, match=r"make the loss first, loss = ag.nn.MSELoss\(\), then call"
    ):
        ag.nn.MSELoss(out(), Y)
