"""The range test finds a rate that learns, and leaves all as it was."""

import numpy as np
import pytest

import agx as ag
from agx.train import LRRange, lr_range_test

IMAGES, LABELS = ag.data.digits("train").arrays


def parts(lr=0.1):
    ag.seed(0)
    model = ag.nn.Sequential(ag.models.mlp(64), ag.nn.BatchNorm1d(10), ag.nn.Dropout(0.1, rng=1))
    model.steps[1].eval()
    loader = ag.data.Loader((IMAGES[:320], LABELS[:320]), 32, shuffle=True)
    return model, loader, ag.cross_entropy, ag.optim.SGD(model.parameters(), lr, momentum=0.9)


def test_a_rate_is_suggested_that_learns():
    _, loader, loss, _ = parts()
    model = ag.models.mlp(64)
    sgd = ag.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    found = lr_range_test(model, loader, loss, sgd)
    assert found.rates[0] == 1e-6 and len(found.rates) == len(found.losses) <= 100
    assert 1e-3 < found.suggestion < 1
    sgd.lr = found.suggestion
    history = ag.fit(model, loader, loss, sgd, 3, progress=False)
    assert history[-1]["loss"] < 0.5 * found.losses[0]
    assert repr(found).startswith("LRRange(1e-06 to ")


def test_everything_is_as_it_was():
    model, loader, loss, sgd = parts()
    ag.fit(model, loader, loss, sgd, 1, progress=False)
    before = model.state_dict(), sgd.state_dict(), loader.state_dict()
    modes = [module.training for module in model.modules()]
    first = lr_range_test(model, loader, loss, sgd, steps=20)
    for old, new in zip(before[:2], (model.state_dict(), sgd.state_dict()), strict=True):
        assert old.keys() == new.keys()
        for name in old:
            np.testing.assert_array_equal(old[name], new[name])
    assert loader.state_dict() == before[2]
    assert [module.training for module in model.modules()] == modes and ag.is_recording()
    assert all(p.grad_or_none is None for p in model.parameters())
    assert lr_range_test(model, loader, loss, sgd, steps=20) == first


def test_no_random_numbers_are_used_up():
    expected = [x.tolist() for x, _ in parts()[1]]
    model, loader, loss, sgd = parts()
    lr_range_test(model, loader, loss, sgd, steps=20)
    assert [x.tolist() for x, _ in loader] == expected


def test_groups_keep_their_ratios():
    model, loader, loss, _ = parts()
    first, *others = model.parameters()
    seen = []

    class Watching(ag.optim.SGD):
        def step(self):
            seen.append([group["lr"] for group in self.param_groups])
            super().step()

    sgd = Watching([{"params": [first], "lr": 0.2}, {"params": others, "lr": 0.02}])
    lr_range_test(model, loader, loss, sgd, low=1e-3, high=1e-1, steps=3)
    np.testing.assert_allclose(seen, [[1e-3, 1e-4], [1e-2, 1e-3], [1e-1, 1e-2]])
    assert [group["lr"] for group in sgd.param_groups] == [0.2, 0.02]


def test_it_ends_where_nothing_is_learned():
    model, loader, loss, sgd = parts()
    found = lr_range_test(model, loader, loss, sgd, low=1.0, high=1e30)
    assert len(found.rates) < 100
    for p, array in zip(model.parameters(), parts()[0].parameters(), strict=True):
        np.testing.assert_array_equal(p.value, array.value)


def test_the_running_mean_and_the_suggestion():
    found = LRRange([0.1, 1.0, 10.0, 100.0], [4.0, 4.0, 2.0, 9.0])
    assert found.smoothed[:2] == pytest.approx([4.0, 4.0])
    assert found.smoothed[2] == pytest.approx((0.81 * 4 + 0.9 * 4 + 2) / 2.71)
    assert found.suggestion == 1.0


@pytest.mark.parametrize(
    ("change", "options", "error", "message"),
    [
        ({}, {"low": 1.0, "high": 0.1}, ValueError, "expected 0 < low < high, got low=1.0 and high=0.1"),
        ({}, {"low": 0.0}, ValueError, "expected 0 < low < high"),
        ({}, {"steps": 1}, ValueError, "steps must be an integer of at least 2, got 1"),
        ({3: object()}, {}, TypeError, "expected an optimiser of ag.optim, got object"),
        ({1: []}, {}, ValueError, "lr_range_test: the loader has no batches"),
        ({1: (X for X in [(IMAGES[:9], LABELS[:9])])}, {}, ValueError, "a generator gives its batches once"),
        ({0: 3}, {}, TypeError, "lr_range_test: model must be a function"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(change, options, error, message):
    given = [change.get(i, part) for i, part in enumerate(parts())]
    with pytest.raises(error, match=message):
        lr_range_test(*given, **options)


def test_the_plot_has_titles_and_the_suggestion():
    pytest.importorskip("matplotlib")
    found = LRRange([0.1, 1.0, 10.0, 100.0], [4.0, 4.0, 2.0, 9.0])
    (axes,) = ag.viz.lr_range(found).axes
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_xscale()) == (
        "learning rate",
        "loss",
        "log",
    )
    np.testing.assert_allclose(axes.lines[0].get_ydata(), found.losses)
    assert axes.lines[2].get_xdata()[0] == found.suggestion
