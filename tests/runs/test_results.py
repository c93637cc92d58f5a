"""What a run's test set gave, written once and read again."""

import json

import numpy as np
import pytest
import run_folders
from run_folders import CLASSES

import agx as ag
from agx import runs
from agx.runs.results import read_summary
from agx.storage import archive


@pytest.mark.parametrize("classes", [CLASSES, ("cat", "dog")], ids=["three", "two"])
def test_results_come_back(tmp_path, classes):
    images, outputs, labels = run_folders.outcome(classes)
    written = runs.record(tmp_path, run_folders.model_of(classes), images, outputs, labels, classes)
    found = runs.read_results(tmp_path)
    for name in ("outputs", "labels", "mistakes", "pictures"):
        np.testing.assert_array_equal(getattr(found, name), getattr(written, name), strict=True)
    assert found.classes == classes
    loss = ag.cross_entropy if len(classes) == 3 else runs.binary_loss
    summary = json.loads((tmp_path / "results.json").read_text())
    assert summary["loss"] == pytest.approx(float(loss(outputs.astype(np.float64), labels)))
    assert summary["accuracy"] == 0.75 and summary["images"] == 24


def test_mistakes_are_those_that_the_model_was_surest_of(tmp_path):
    images, outputs, labels = run_folders.outcome(n=200)
    found = runs.record(tmp_path, run_folders.model_of(), images, outputs, labels, CLASSES)
    assert found.mistakes.tolist() == list(range(199, 199 - 24 * 4, -4))  # the last is the surest
    np.testing.assert_array_equal(found.pictures, images[found.mistakes])
    sure = found.probabilities.max(1)[found.mistakes]
    assert (np.diff(sure) <= 0).all()


def test_probabilities_and_scores():
    outputs = np.array([[2.0, 0, 0], [2, 0, 0], [0, 2, 0], [0, 2, 0]])
    found = runs.Results(outputs, np.array([0, 1, 1, 1]), CLASSES, np.zeros(0), np.zeros(0))
    np.testing.assert_allclose(found.probabilities, ag.softmax(outputs, 1))
    assert found.confusion.tolist() == [[1, 0, 0], [1, 2, 0], [0, 0, 0]]
    cat, dog, bird = found.scores()
    assert cat == pytest.approx({"class": "cat", "precision": 0.5, "recall": 1, "f1": 2 / 3, "examples": 1})  # fmt: skip
    assert dog == pytest.approx({"class": "dog", "precision": 1, "recall": 2 / 3, "f1": 0.8, "examples": 3})  # fmt: skip
    assert bird == {"class": "bird", "precision": 0, "recall": 0, "f1": 0, "examples": 0}


def test_a_single_output_is_the_second_classs_logit():
    found = runs.Results(np.array([[3.0], [-900.0]]), np.array([1, 0]), ("a", "b"), None, None)
    p = 1 / (1 + np.exp(-3.0))
    np.testing.assert_allclose(found.probabilities, [[1 - p, p], [1, 0]], atol=1e-300)
    assert found.predictions.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("images", "shape"),
    [
        (np.full((24, 3, 2, 2), 255, np.uint8), (3, 2, 2)),
        (np.ones((24, 1, 2, 2), np.float32), (1, 2, 2)),
        (np.ones((24, 2, 2, 2)), (1, 2, 2)),  # of channels that are no colours the first
        (np.full((24, 3, 2, 2), 7.0), (3, 2, 2)),  # beyond 1 the largest is white
    ],
)
def test_pictures_are_bytes(tmp_path, images, shape):
    _, outputs, labels = run_folders.outcome()
    found = runs.record(tmp_path, run_folders.model_of(), images, outputs, labels, CLASSES)
    assert found.pictures.shape == (6, *shape) and found.pictures.dtype == np.uint8
    assert (found.pictures == 255).all()


def test_tables_have_no_pictures(tmp_path):
    _, outputs, labels = run_folders.outcome()
    found = runs.record(
        tmp_path, run_folders.model_of(), np.ones((24, 5)), outputs, labels, CLASSES
    )
    assert len(found.pictures) == 0 and len(found.mistakes) == 6


def test_the_machine_and_the_layers_are_written_down(tmp_path):
    folder = run_folders.write(tmp_path / "run")
    summary = json.loads((folder / "results.json").read_text())
    assert summary["machine"]["threads"] == ag.info()["threads"] and summary["machine"]["processor"]
    first, *_, last = summary["layers"]
    assert (first["layer"], first["kind"], first["output"]) == ("0", "Conv2d", [1, 2, 6, 6])
    assert (first["parameters"], last["multiply-adds"]) == (20, 72 * 3 + 3)


def test_of_a_model_that_cannot_be_run_on_zeros_the_parameters_are_written_down(tmp_path):
    _, outputs, labels = run_folders.outcome()
    runs.record(tmp_path, run_folders.model_of(), np.ones((24, 5)), outputs, labels, CLASSES)
    first = json.loads((tmp_path / "results.json").read_text())["layers"][0]
    assert first == {"parameter": "0.weight", "shape": [2, 1, 3, 3], "numbers": 18}


@pytest.mark.parametrize(
    ("outputs", "labels", "message"),
    [
        (np.ones((4, 2)), np.zeros(4, int), r"shape \(N, 3\) for 3 classes, got \(4, 2\)"),
        (np.ones((0, 3)), np.zeros(0, int), r"shape \(N, 3\) for 3 classes, got \(0, 3\)"),
        (np.ones((4, 3)), np.zeros(3, int), r"integer labels of shape \(4,\), got int64 of shape \(3,\)"),
        (np.ones((4, 3)), np.zeros(4), "expected integer labels .* got float64"),
        (np.ones((4, 3)), np.array([0, 1, 2, 3]), "labels from 0 to 2, got 0 to 3"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(tmp_path, outputs, labels, message):
    with pytest.raises(ValueError, match=message):
        runs.record(tmp_path, run_folders.model_of(), None, outputs, labels, CLASSES)
    assert not list(tmp_path.iterdir())


def test_an_unfinished_run_has_no_results(tmp_path):
    folder = run_folders.write(tmp_path / "run", finished=False)
    with pytest.raises(FileNotFoundError, match=r"run: results.npz is missing, .* --resume"):
        runs.read_results(folder)
    np.savez(folder / "results.npz", outputs=np.ones(3))
    with pytest.raises(
        ValueError, match=r"results.npz: expected the results of a run, got a file without"
    ):
        runs.read_results(folder)


@pytest.mark.parametrize(
    ("changed", "classes", "message"),
    [
        ({}, 3, "got a file without"),
        ({}, [1, 2, 3], "outputs of float32 for the classes"),
        ({}, ["a"], "shape .N, 1. for 1 classes"),
        ({"labels": np.full(24, 7)}, CLASSES, "labels from 0 to 2, got 7 to 7"),
        ({"mistakes": np.array([99])}, CLASSES, "mistakes int64 .1,. among 24 images"),
        ({"mistakes": np.array([-1] * 6)}, CLASSES, "of 6 mistakes"),
        ({"pictures": np.zeros((6, 2, 8, 8), np.uint8)}, CLASSES, "pictures uint8 .6, 2, 8, 8."),
        ({"outputs": np.full((24, 3), "x")}, CLASSES, "outputs of <U1"),
    ],
)
def test_results_that_do_not_fit_each_other_are_refused(tmp_path, changed, classes, message):
    folder = run_folders.write(tmp_path / "run")
    arrays, _ = archive.read(folder / "results.npz")
    archive.write(folder / "results.npz", {**arrays, **changed}, {"classes": classes})
    with pytest.raises(ValueError, match=rf"results\.npz: .*{message}.*train anew"):
        runs.read_results(folder)


@pytest.mark.parametrize(
    "changed",
    [{"accuracy": "x"}, {"accuracy": 7}, {"layers": 3}, {"layers": [3]}, {"layers": [{"a": 1}, {"b": 1}]}],
)  # fmt: skip
def test_a_summary_of_something_else_is_refused(tmp_path, changed):
    folder = run_folders.write(tmp_path / "run")
    found = json.loads((folder / "results.json").read_text())
    (folder / "results.json").write_text(json.dumps({**found, **changed}))
    with pytest.raises(ValueError, match=r"results\.json: expected the accuracy and the layers"):
        read_summary(folder)
    assert "results.json" in runs.read_run(folder).problems[0]
