"""Metrics equal scikit-learn's, and fit and evaluate take them."""

import math

import numpy as np
import pytest

import agx as ag
from agx import train

RNG = np.random.default_rng(0)
SCORES = RNG.standard_normal((40, 4)).astype(np.float32)
CLASSES = RNG.integers(0, 3, 40)  # of the fourth class there are guesses, and no example
LOGITS, YES = RNG.standard_normal((40, 1)), RNG.integers(0, 2, 40)


@pytest.mark.parametrize("average", ["macro", "weighted", "micro", None])
@pytest.mark.parametrize("kind", [train.Precision, train.Recall, train.F1])
def test_shares_of_classes_are_those_of_scikit_learn(kind, average):
    metrics = pytest.importorskip("sklearn.metrics")
    theirs = getattr(metrics, f"{kind.__name__.lower()}_score")
    for of, outputs, targets, guesses in (
        ("scores", SCORES, CLASSES, SCORES.argmax(1)),
        ("logits", LOGITS, YES, LOGITS[:, 0] > 0),
        (ag.binary_cross_entropy_with_logits, LOGITS, YES[:, None], LOGITS[:, 0] > 0),
    ):
        expected = theirs(targets.reshape(-1), guesses, average=average, zero_division=0)
        assert kind(of, average)(outputs, targets) == pytest.approx(expected)


def test_the_confusion_matrix_has_true_classes_in_rows():
    found = train.ConfusionMatrix()(SCORES, CLASSES)
    expected = np.zeros((4, 4), int)
    np.add.at(expected, (CLASSES, SCORES.argmax(1)), 1)
    np.testing.assert_array_equal(found, expected)
    soft = np.eye(4)[CLASSES]
    np.testing.assert_array_equal(train.ConfusionMatrix()(SCORES, soft), expected)
    images = SCORES.reshape(10, 4, 2, 2), CLASSES.reshape(10, 2, 2)
    assert train.ConfusionMatrix()(*images).sum() == 40


def test_ignored_targets_do_not_count():
    ignoring = ag.nn.CrossEntropyLoss(ignore_index=2)
    assert train.ConfusionMatrix(ignoring)(SCORES, CLASSES).sum() == (CLASSES != 2).sum()
    kept = CLASSES != 2
    top = train.TopK(2, ignore_index=2)
    assert top(SCORES, CLASSES) == train.TopK(2)(SCORES[kept], CLASSES[kept])
    assert math.isnan(top(SCORES[:1], np.array([2])))


def test_top_k():
    ranks = (np.take_along_axis(SCORES, CLASSES[:, None], 1) < SCORES).sum(1)
    for k in (1, 2, 4):
        assert train.TopK(k)(SCORES, CLASSES) == pytest.approx(np.mean(ranks < k))
    assert train.TopK(1)(SCORES, CLASSES) == train.Accuracy("scores")(SCORES, CLASSES)


def test_errors_of_numbers_are_those_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    for shape in ((40,), (40, 1), (20, 2)):
        outputs, targets = RNG.standard_normal((2, *shape))
        for name in ("mean_absolute_error", "mean_squared_error", "root_mean_squared_error"):
            found = getattr(train, name)(ag.Tensor(outputs), targets)
            assert found == pytest.approx(getattr(metrics, name)(targets, outputs))
        assert train.r2(outputs, targets) == pytest.approx(metrics.r2_score(targets, outputs))
    assert train.r2([1.0, 1.0], [1.0, 1.0]) == 1 and train.r2([1.0, 2.0], [1.0, 1.0]) == 0
    assert train.r2(np.zeros((4, 1)), [1.0, 2, 3, 4]) < 0


def test_fit_and_evaluate_take_them():
    model = ag.nn.Linear(4, 4, rng=0)
    metrics = [
        "accuracy", train.TopK(2), train.F1(), train.Precision(average=None), train.ConfusionMatrix()
    ]  # fmt: skip
    trainer = ag.Trainer(
        model, ag.cross_entropy, ag.optim.SGD(model.parameters(), 0.1), metrics=metrics, progress=False,
        callbacks=[train.EarlyStopping(watch="validation_f1", mode="max")],
    )  # fmt: skip
    loader = ag.data.Loader((SCORES, CLASSES), 16)
    row = trainer.fit(loader, 1, validation=loader)[0]
    found = trainer.evaluate(loader)
    assert {key: found[key] for key in found} == {key: row[f"validation_{key}"] for key in found}
    assert set(found) == {"loss", "accuracy", "top2", "f1", "precision", "confusion_matrix"}
    assert np.sum(found["confusion_matrix"]) == 40 and len(found["precision"]) == 4
    header = trainer.history.lines()[0]
    assert "f1" in header and "confusion" not in header and trainer.history.best("f1", "max")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: train.TopK(0), "TopK: k must be a positive integer, got 0"),
        (lambda: train.TopK(5)(SCORES, CLASSES), r"of at least 5 classes .*, got shapes \(40, 4\)"),
        (lambda: train.TopK(2)(SCORES, CLASSES[:5]), r"and \(5,\)"),
        (lambda: train.F1("scores", "mean"), "F1: average must be 'macro', 'weighted', 'micro' or None"),
        (lambda: train.F1("numbers"), "F1: expected 'scores'"),
        (lambda: train.F1()(SCORES, CLASSES + 2), r"F1: .* one class number from 0 to 3 for each"),
        (lambda: train.F1()(SCORES, CLASSES[:5]), r"got int64 of shape \(5,\)"),
        (lambda: train.F1("logits")(SCORES, SCORES > 0), "need one class number from 0 to 1 for each"),
        (lambda: train.F1()(SCORES, CLASSES + 0.5), "got float64"),
        (lambda: train.r2([1.0], [1.0, 2.0]), r"r2: .* one shape, got \(1,\) and \(2,\)"),
        (lambda: train.mean_absolute_error([], []), "mean_absolute_error: expected"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
