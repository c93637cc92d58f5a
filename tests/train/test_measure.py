"""Accuracy and other metrics: they follow from the loss or from metrics=, never from the data."""

import functools

import numpy as np
import pytest

import agx as ag
from agx import runs
from agx.nn import losses

RNG = np.random.default_rng(0)


class Given(ag.nn.Module):
    """A model that returns its input, so that tests choose the outputs."""

    def __init__(self):
        self.scale = ag.Tensor(np.ones(()))

    def forward(self, x):
        return x * self.scale


def measured(outputs, targets, loss, **options):
    """What evaluate and one epoch of fit, without a step, say; they agree."""
    model = Given()
    loader = [(outputs[:3], targets[:3]), (outputs[3:], targets[3:])]
    found = ag.evaluate(model, loader, loss, **options)
    sgd = ag.optim.SGD(model.parameters(), lr=0.0)
    row = ag.fit(model, loader, loss, sgd, 1, progress=False, **options)[0]
    for key, value in found.items():
        assert row[key] == pytest.approx(value)
    assert ("accuracy" in row) == ("accuracy" in found)
    return found


def accuracy(outputs, targets, loss, **options):
    return measured(np.asarray(outputs, float), np.asarray(targets), loss, **options).get(
        "accuracy"
    )


SCORES = np.array([[2.0, 1.0, 0.0], [0.0, 3.0, 1.0], [0.1, 0.2, 0.3], [9.0, 1.0, 1.0]])
LABELS = np.array([0, 1, 0, 2])
ONE_HOT = np.eye(3)[LABELS]
LOGARITHMS = SCORES - np.log(np.exp(SCORES).sum(1, keepdims=True))
P, BITS = np.array([0.9, 0.4, 0.1, 0.6]), np.array([1, 1, 0, 0])
LOGITS = np.log(P / (1 - P))
COLUMN, BIT_COLUMN = P[:, None], BITS[:, None]
PIXELS = RNG.standard_normal((4, 3, 2, 2))
PIXEL_LABELS = PIXELS.argmax(1) * (np.arange(4) < 3)[:, None, None]
SHARE = (PIXELS.argmax(1) == PIXEL_LABELS).mean()
FIRST = np.eye(2, dtype=int)[[0, 0, 0, 0]]

ce, nll = ag.cross_entropy, ag.nll_loss
bce, bcel = ag.binary_cross_entropy, ag.binary_cross_entropy_with_logits
partial = functools.partial


class Penalised(ag.nn.CrossEntropyLoss):
    def forward(self, predictions, targets):
        return super().forward(predictions, targets) + 1.0


@pytest.mark.parametrize(
    ("loss", "outputs", "targets", "expected"),
    [
        (ce, SCORES, LABELS, 0.5),
        (ce, SCORES, LABELS.astype(np.uint8), 0.5),
        (ce, SCORES, ONE_HOT, 0.5),
        (ce, SCORES, ONE_HOT.astype(int), 0.5),
        (ce, SCORES, 0.7 * ONE_HOT + 0.1, 0.5),
        (ce, SCORES, np.full((4, 3), 1 / 3), 1.0),
        (ce, PIXELS, PIXEL_LABELS, SHARE),
        (ce, SCORES[:, :2], LABELS % 2, 0.75),
        (ag.nn.CrossEntropyLoss(weight=[1.0, 2.0, 3.0]), SCORES, LABELS, 0.5),
        (partial(ce, label_smoothing=0.1), SCORES, LABELS, 0.5),
        (partial(partial(ce, reduction="mean"), ignore_index=0), SCORES, LABELS, 0.5),
        (ce, SCORES, np.array([0, 1, -100, 0]), 1.0),
        (ag.nn.CrossEntropyLoss(ignore_index=2), SCORES, LABELS, 2 / 3),
        (partial(ag.nn.CrossEntropyLoss()), SCORES, LABELS, 0.5),
        (nll, LOGARITHMS, LABELS, 0.5),
        (ag.nn.NLLLoss(), LOGARITHMS, LABELS, 0.5),
        (bce, P, BITS, 0.5),
        (bce, COLUMN, BIT_COLUMN, 0.5),
        (bce, COLUMN, BIT_COLUMN.astype(np.float32), 0.5),
        (ag.nn.BCELoss(), COLUMN, BIT_COLUMN.astype(bool), 0.5),
        (bce, np.array([[0.9, 0.8], [0.1, 0.2], [0.9, 0.1], [0.6, 0.4]]), FIRST, 0.75),
        (bcel, LOGITS, BITS, 0.5),
        (bcel, LOGITS[:, None], BIT_COLUMN, 0.5),
        (ag.nn.BCEWithLogitsLoss(pos_weight=3.0), LOGITS, BITS, 0.5),
        (bcel, np.array([[2.0, 0.3], [-1.0, -2.0], [2.0, -1.0], [0.4, -1.0]]), FIRST, 0.75),
        (runs.binary_loss, LOGITS[:, None], BITS, 0.5),
        (ag.nn.FocalLoss(gamma=1.0, ignore_index=2), SCORES, LABELS, 2 / 3),
        (ag.multi_margin_loss, SCORES, LABELS, 0.5),
        (ag.kl_div, LOGARITHMS, ONE_HOT, 0.5),
        (ag.sigmoid_focal_loss, LOGITS, BITS, 0.5),
        # nothing is right or wrong about these
        (bce, P, np.array([0.3, 0.5, 1.0, 0.0]), None),
        (ag.mse, LOGITS, BITS, None),
        (ag.l1, SCORES, np.ones((4, 3), int), None),
        (ag.nn.HuberLoss(), LOGITS, BITS, None),
        (ag.soft_margin_loss, LOGITS, 2 * BITS - 1, None),
        (ag.hinge_embedding_loss, LOGITS, 2 * BITS - 1, None),
        (lambda out, y: ce(out, y), SCORES, LABELS, None),
        (partial(lambda out, y, c: ce(out, y), c=1), SCORES, LABELS, None),
        (Penalised(), SCORES, LABELS, None),
    ],
)
def test_accuracy_follows_from_the_loss(loss, outputs, targets, expected):
    found = accuracy(outputs, targets, loss)
    assert found is expected is None or found == pytest.approx(expected)


def test_every_loss_says_what_it_takes():
    for kind in (getattr(ag.nn, name) for name in dir(ag.nn) if name.endswith("Loss")):
        assert kind.takes == kind().takes == kind.function.takes
        assert kind.takes in losses.PREDICTIONS


def test_a_sigmoid_under_cross_entropy_of_probabilities():
    """As the network of a public report, whose probabilities were voted by their sign."""
    x = RNG.standard_normal((200, 3)).astype(np.float32)
    y = (x.sum(axis=1) > 0.8).astype(int)[:, None]
    model = ag.nn.Sequential(ag.nn.Linear(3, 1), ag.nn.Sigmoid())
    adam = ag.optim.Adam(model.parameters(), 0.1)
    loader = ag.data.Loader((x, y), 50)
    ag.fit(model, loader, bce, adam, 10, progress=False)
    right = np.mean((ag.predict(model, x) > 0.5) == y)
    assert ag.evaluate(model, loader, bce)["accuracy"] == right
    assert np.mean(ag.train.decide(ag.predict(model, x), bce) == y[:, 0]) == right


@pytest.mark.parametrize(
    ("loss", "outputs", "targets", "expected"),
    [
        (ce, [[np.nan, np.nan], [2.0, 1.0]], [0, 0], 0.5),
        (ce, [[[np.nan, 2.0], [1.0, 1.0]]], [[0, 0]], 0.5),
        (ce, [[np.nan, np.nan], [2.0, 1.0]], [[1.0, 0.0], [1.0, 0.0]], 0.5),
        (bcel, [np.nan, -1.0], [0.0, 0.0], 0.5),
        (bce, [[np.nan], [0.9]], [[0.0], [1.0]], 0.5),
    ],
)
def test_a_decision_of_nan_is_not_right(loss, outputs, targets, expected):
    assert ag.train.Accuracy(loss)(np.array(outputs), np.array(targets)) == expected


def wrapped(p, y):
    return ce(-p, y)


class Turned(ag.nn.CrossEntropyLoss):
    def __call__(self, predictions, targets):
        return super().__call__(-predictions, targets)


@pytest.mark.parametrize("loss", [functools.wraps(ce)(wrapped), Turned()])
def test_what_wraps_a_loss_or_calls_it_otherwise_says_nothing(loss):
    assert accuracy(SCORES, LABELS, loss) is None


# --- the loss of all examples --------------------------------------------------------------------

PADDED = np.array([-100, -100, -100, 1, 2, 0, 1])
LOGIT_ROWS = RNG.standard_normal((7, 3))
NO_PADDING = PADDED % 3


@pytest.mark.parametrize(
    ("loss", "outputs", "targets"),
    [
        (ce, LOGIT_ROWS, PADDED),
        (ce, LOGIT_ROWS, NO_PADDING),
        (ce, LOGIT_ROWS, np.eye(3)[NO_PADDING]),
        (ce, LOGIT_ROWS, np.full(7, -100)),
        (nll, LOGIT_ROWS, PADDED),
        (partial(ce, ignore_index=1), LOGIT_ROWS, NO_PADDING),
        (partial(ce, weight=[1.0, 2.0, 5.0]), LOGIT_ROWS, PADDED),
        (ag.nn.CrossEntropyLoss(weight=[1.0, 2.0, 5.0], label_smoothing=0.1), LOGIT_ROWS, PADDED),
        (ag.nn.NLLLoss(weight=[1.0, 2.0, 5.0]), LOGIT_ROWS, PADDED),
        (ag.nn.CrossEntropyLoss(reduction="sum"), LOGIT_ROWS, PADDED),
        (partial(ag.mse, reduction="sum"), LOGIT_ROWS, LOGIT_ROWS[::-1]),
        (ag.mse, LOGIT_ROWS, LOGIT_ROWS[::-1]),
        (bcel, LOGIT_ROWS, np.eye(3)[NO_PADDING]),
        (ce, RNG.standard_normal((7, 3, 2)), np.stack([PADDED, NO_PADDING], axis=1)),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_the_loss_does_not_depend_on_how_the_data_are_cut(loss, outputs, targets, size):
    found = ag.evaluate(Given(), ag.data.Loader((outputs, targets), size), loss)["loss"]
    assert found == pytest.approx(float(loss(outputs, targets)))


# --- metrics= ------------------------------------------------------------------------------------


def f1(outputs, targets):
    votes = outputs > 0
    return 2 * (votes & (targets == 1)).sum() / (votes.sum() + (targets == 1).sum())


def test_a_metric_of_ones_own_sees_the_whole_epoch():
    found = measured(LOGITS, BITS, bcel, metrics=[f1])
    assert found["f1"] == f1(LOGITS, BITS) and set(found) == {"loss", "f1"}


OFF = {"acc": "accuracy", "off": lambda out, y: ag.Tensor(out - y).mean()}


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ("accuracy", {"accuracy": 0.5}),
        (["accuracy", ag.mse], {"accuracy": 0.5, "mse": np.mean((LOGITS - BITS) ** 2)}),
        (OFF, {"acc": 0.5, "off": (LOGITS - BITS).mean()}),
        ({"sure": ag.train.Accuracy("probabilities")}, {"sure": np.mean((LOGITS > 0.5) == BITS)}),
        (partial(f1), {"f1": f1(LOGITS, BITS)}),
        ((), {}),
    ],
)
def test_metrics_by_name_and_function(metrics, expected):
    found = measured(LOGITS, BITS, bcel, metrics=metrics)
    assert {k: v for k, v in found.items() if k != "loss"} == pytest.approx(expected)


def test_a_loss_of_ones_own_with_an_accuracy():
    def own(out, y):
        return ce(out, y) + 1.0

    assert accuracy(SCORES, LABELS, own, metrics=[ag.train.Accuracy("scores")]) == 0.5
    assert accuracy(SCORES, ONE_HOT, ag.mse, metrics=[ag.train.Accuracy(ce)]) == 0.5
    found = ag.evaluate(Given(), [(SCORES, LABELS)], metrics=ag.train.Accuracy("scores"))
    assert found == {"accuracy": 0.5}


def test_functions_that_want_the_truth_first_get_it_first():
    def r2(y_true, y_pred):
        return 1 - ((y_true - y_pred) ** 2).sum() / ((y_true - y_true.mean()) ** 2).sum()

    assert measured(LOGITS, BITS, ag.mse, metrics=[r2])["r2"] == pytest.approx(r2(BITS, LOGITS))


def fit(metrics=None, loss=bcel, targets=BITS, epochs=1, progress=False, **options):
    model = Given()
    sgd = ag.optim.SGD(model.parameters(), lr=0.1)
    loader = [(LOGITS, targets)]
    return ag.fit(model, loader, loss, sgd, epochs, metrics=metrics, progress=progress, **options)


def test_metrics_are_shown_everywhere(capsys):
    history = fit(["accuracy", f1], epochs=2, validation=[(LOGITS, BITS)], progress=True)
    assert "accuracy 50.0 %" in capsys.readouterr().err
    assert repr(history).split("\n")[0].split() == [
        "epoch", "loss", "accuracy", "f1", "val", "loss", "val", "accuracy", "val", "f1", "lr",
        "seconds", "images/s",
    ]  # fmt: skip
    assert set(history[0]) >= {"f1", "validation_f1", "validation_accuracy"}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: fit("f1"), ValueError, "fit: no metric 'f1'; give 'accuracy', or a function"),
        (lambda: fit([3]), TypeError, "fit: the metric 'int' must be a function of outputs and targets, got 3"),
        (lambda: fit([lambda out, y: 1]), ValueError, "fit: a lambda has no name; give metrics as a dict"),
        (lambda: fit([f1, f1]), ValueError, "the name 'f1' of a metric is given twice"),
        (lambda: fit({"loss": f1}), ValueError, "the name 'loss' of a metric is taken"),
        (lambda: fit([ag.train.Accuracy]), TypeError, "the metric 'Accuracy' is the class Accuracy; make one"),
        (lambda: fit({"all": lambda out, y: out}), TypeError, r"metrics: all must return one number, got ndarray of shape \(4,\)"),
        (lambda: fit("accuracy", lambda out, y: bcel(out, y)), ValueError, r"the accuracy depends on what the outputs are, and <lambda> does not say it; give ag.train.Accuracy\('scores'\)"),
        (lambda: fit("accuracy", ag.mse), ValueError, "Accuracy: expected 'scores', .*, got mse, which takes numbers"),
        (lambda: fit("accuracy", targets=0.5 * BITS), ValueError, r"accuracy: outputs of shape \(4,\) that are logits need zeros and ones for targets, got float64 of shape \(4,\)"),
        (lambda: ag.evaluate(Given(), [(LOGITS, BITS)]), ValueError, "evaluate: there is nothing to measure; give the loss, or metrics"),
        (lambda: ag.evaluate(Given(), [(LOGITS, BITS)], metrics="accuracy"), ValueError, "and there is no loss that says it"),
        (lambda: ag.train.Accuracy("numbers"), ValueError, "Accuracy: expected 'scores'.*, got 'numbers'"),
        (lambda: ag.train.Accuracy(f1), ValueError, "Accuracy: the loss f1 does not say what its predictions are; say it: 'scores'"),
        (lambda: ag.train.Accuracy("scores")(SCORES, BITS[:2]), ValueError, "accuracy: .* need class numbers for targets"),
        (lambda: ag.train.decide(P), ValueError, "decide: single outputs that all lie in .* may be probabilities or logits; say which"),
        (lambda: ag.train.decide(P, "bits"), ValueError, "decide: expected 'scores', .*, got 'bits'"),
    ],
)  # fmt: skip
def test_metrics_that_mean_nothing(call, error, message):
    with pytest.raises(error, match=message):
        call()


# --- decide --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outputs", "of", "expected"),
    [
        ([0.5, -0.5], None, [1, 0]),
        ([[0.5], [-0.5]], None, [1, 0]),
        ([[0.5, 1.0]], None, [1]),
        ([0.6, 0.4], "probabilities", [1, 0]),
        ([0.6, 0.4], "logits", [1, 1]),
        ([[0.6], [0.4]], bce, [1, 0]),
        ([[0.6, 0.7], [0.4, -1.0]], bcel, [[1, 1], [1, 0]]),
        ([[0.6, 0.7], [0.4, -1.0]], "scores", [1, 0]),
        ([[0.6, 0.7]], partial(nll, ignore_index=1), [1]),
        ([], None, []),
    ],
)
def test_decide(outputs, of, expected):
    assert ag.train.decide(np.array(outputs), of).tolist() == expected


def test_decide_pixels():
    assert ag.train.decide(np.zeros((2, 3, 4, 5))).shape == (2, 4, 5)


# --- what a plateau watches ----------------------------------------------------------------------


def rates_after(mode, values, name="accuracy", **options):
    """The rates of epochs whose metric has these values; the loss falls all the time."""
    model, left = Given(), iter(values)
    sgd = ag.optim.SGD(model.parameters(), lr=0.01)
    plateau = ag.optim.ReduceLROnPlateau(sgd, mode, 0.5, 0, **options)
    history = ag.fit(
        model, [(np.ones(1), np.zeros(1))], ag.mse, sgd, len(values), schedule=plateau,
        metrics={name: lambda out, y: next(left)}, progress=False,
    )  # fmt: skip
    return [row["lr"] for row in history]


def test_a_plateau_watches_what_its_mode_means():
    assert rates_after("max", [0.1, 0.2, 0.3, 0.4]) == [0.01] * 4
    assert rates_after("max", [0.4, 0.3, 0.5, 0.5]) == [0.01, 0.01, 0.005, 0.005]
    assert rates_after("min", [0.4, 0.4, 0.4, 0.4]) == [0.01] * 4
    last = [0.01, 0.01, 0.01, 0.005]
    assert rates_after("max", [0.4, 0.5, 0.5, 0.6], "f1", watch="f1") == last
    assert rates_after("min", [0.4, 0.3, 0.3, 0.2], "f1", watch="f1") == last


def test_a_plateau_prefers_the_validation():
    class Watch:
        needs_metric, seen = True, []

        def step(self, metric):
            self.seen.append(metric)

    history = fit(validation=[(LOGITS, 1 - BITS)], schedule=Watch())
    assert Watch.seen == [history[0]["validation_loss"]] != [history[0]["loss"]]


def test_a_plateau_without_its_quantity():
    with pytest.raises(ValueError, match=r"Plateau watches the accuracy, which is not .* name one"):
        rates_after("max", [1.0], "f1")
    with pytest.raises(
        ValueError, match=r"watches the f2, which is not measured; there are loss, f1"
    ):
        rates_after("max", [1.0], "f1", watch="f2")
