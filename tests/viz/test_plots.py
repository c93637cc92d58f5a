import sys

import numpy as np
import pytest

import agx as ag
from agx.viz import plots

HISTORY = [
    {"epoch": 1, "loss": 0.9, "accuracy": 0.5, "validation_loss": 1.0, "validation_accuracy": 0.4},
    {"epoch": 2, "loss": 0.4, "accuracy": 0.9, "validation_loss": 0.6, "validation_accuracy": 0.8},
]


@pytest.fixture
def matplotlib():
    return pytest.importorskip("matplotlib")


def test_learning_curves(matplotlib, tmp_path):
    figure = ag.viz.learning_curves(HISTORY)
    loss, accuracy = figure.axes
    assert [line.get_label() for line in loss.lines] == ["training", "validation"]
    np.testing.assert_allclose(accuracy.lines[1].get_ydata(), [40, 80])
    figure.savefig(tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 1000
    assert (
        "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
    )


def test_learning_curves_of_a_loss_alone(matplotlib):
    (axes,) = ag.viz.learning_curves([{"epoch": 1, "loss": 0.9}]).axes
    assert axes.get_ylabel() == "loss" and len(axes.lines) == 1


def test_learning_curves_of_other_metrics(matplotlib):
    history = [{"epoch": k, "validation_f1": 0.1 * k, "f1": 0.2, "loss": 0.9, "lr": [1, 2], "seconds": 1.0} for k in (1, 2)]  # fmt: skip
    loss, f1 = ag.viz.learning_curves(history).axes
    assert (loss.get_ylabel(), f1.get_ylabel()) == ("loss", "f1")
    assert [line.get_label() for line in f1.get_lines()] == ["training", "validation"]


def test_learning_curves_of_nothing():
    with pytest.raises(ValueError, match="history is empty; train for at least one epoch"):
        ag.viz.learning_curves([])


def test_confusion_matrix(matplotlib, tmp_path):
    figure = ag.viz.confusion_matrix([0, 1, 1, 2], [0, 1, 2, 2], ["a", "b", "c"])
    axes = figure.axes[0]
    assert [t.get_text() for t in axes.texts] == ["1", "1", "1", "1"]
    np.testing.assert_allclose(axes.images[0].get_array()[1], [0, 0.5, 0.5])
    figure.savefig(tmp_path / "confusion.png")


def test_confusion_matrix_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="one prediction for each target, got 1 for 2"):
        ag.viz.confusion_matrix([0, 1], [0], ["a", "b"])
    with pytest.raises(ValueError, match="class numbers 0 to 1 for 2 names, got 0 to 2"):
        ag.viz.confusion_matrix([0, 2], [0, 1], ["a", "b"])
    for outputs in ([0.97, 0.1], [np.nan, 0.0]):
        with pytest.raises(
            ValueError,
            match="expected class numbers for predictions, got values such as .*ag.train.decide",
        ):
            ag.viz.confusion_matrix([1, 0], outputs, ["a", "b"])


@pytest.mark.parametrize(
    ("shape", "tiles"), [((6, 1, 5, 5), 6), ((4, 3, 5, 5), 4), ((40, 2, 3, 3), 64)]
)
def test_filters(matplotlib, tmp_path, shape, tiles):
    weight = ag.Tensor(np.random.default_rng(0).standard_normal(shape))
    figure = ag.viz.filters(weight)
    assert sum(len(axes.images) for axes in figure.axes) == tiles
    figure.savefig(tmp_path / "filters.png")


def test_filters_of_a_wrong_shape():
    with pytest.raises(ValueError, match=r"shape \(O, I, H, W\), got \(2, 3\)"):
        ag.viz.filters(np.zeros((2, 3)))


@pytest.mark.parametrize(
    ("draw", "titles"),
    [
        (lambda: ag.viz.learning_curves(HISTORY), [("epoch", "loss"), ("epoch", "accuracy (%)")]),
        (lambda: ag.viz.confusion_matrix([0, 1], [1, 1], "ab"), [("predicted", "true")]),
        (lambda: ag.viz.filters(np.ones((2, 1, 3, 3))), [("filter columns", "filter rows")]),
    ],
)  # fmt: skip
def test_figures_show_in_a_notebook_and_have_titles_at_their_axes(matplotlib, draw, titles):
    figure = draw()
    assert figure._repr_png_().startswith(b"\x89PNG\r\n")
    of_axes = [(axes.get_xlabel(), axes.get_ylabel()) for axes in figure.axes if axes.axison]
    assert (of_axes or [(figure.get_supxlabel(), figure.get_supylabel())]) == titles


def test_missing_matplotlib_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'pip install "agx\[plot\]"'):
        plots.learning_curves(HISTORY)
