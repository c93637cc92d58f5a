"""Checkpoints: states in files, when they are written, and which of them is used."""

import math

import numpy as np
import pytest

import agx as ag
from agx.storage import archive
from agx.train import load_checkpoint, save_checkpoint
from agx.train.checkpoint import interval, newest

X = np.random.default_rng(0).standard_normal((12, 3)).astype(np.float32)
BATCHES = [(X[i : i + 2], X[i : i + 2, :1]) for i in range(0, 12, 2)]


def trainer(*callbacks):
    model = ag.nn.Linear(3, 1, rng=0)
    sgd = ag.optim.SGD(model.parameters(), 0.01)
    return ag.Trainer(model, ag.mse, sgd, callbacks=callbacks, progress=False)


def steps(folder):
    return sorted(int(path.stem[5:]) for path in folder.glob("step-*.npz"))


def test_a_state_comes_back_as_it_was(tmp_path):
    state = {
        "a": np.arange(6.0).reshape(2, 3)[:, ::2], "b": [1, 2.5, None, True, "text", math.inf],
        "c": {"d": (np.float32([1]), {}), "big": 2**100}, "e": np.float64(0.1), "f": np.array(3),
    }  # fmt: skip
    save_checkpoint(tmp_path / "one.npz", state, classes=["x", "y"])
    found, about = load_checkpoint(tmp_path / "one.npz")
    assert about == {"classes": ["x", "y"]}
    np.testing.assert_array_equal(found["a"], state["a"])
    assert found["b"] == state["b"] and found["e"] == 0.1 and found["c"]["big"] == 2**100
    assert found["c"]["d"][0].dtype == np.float32 and found["f"].shape == ()


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"a": {"b": object()}}, "a/b is a object, expected arrays, numbers"),
        ({"a": {1: 2}}, "a has the key 1, expected a text"),
        ({"a": np.array([object()])}, "'a' holds objects"),
    ],
)
def test_what_cannot_be_saved_is_named(tmp_path, state, message):
    with pytest.raises((TypeError, ValueError), match=message):
        save_checkpoint(tmp_path / "one.npz", state)
    assert not list(tmp_path.iterdir())


def test_other_files_are_refused(tmp_path):
    archive.write(tmp_path / "one.npz", {"weight": np.ones(3)})
    with pytest.raises(
        ValueError, match=r"one.npz: expected a checkpoint .*, got a file of 1 arrays"
    ):
        load_checkpoint(tmp_path / "one.npz")
    with pytest.raises(FileNotFoundError):
        load_checkpoint(tmp_path / "two.npz")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("500 steps", (500, "step")), ("1 step", (1, "step")), ("2epochs", (2, "epoch")),
        ("5 min", (300, "s")), ("0.5 h", (1800, "s")), ("30 s", (30, "s")), ("2 minutes", (120, "s")),
        ("10 seconds", (10, "s")), ("1 hour", (3600, "s")),
    ],
)  # fmt: skip
def test_intervals(text, found):
    assert interval(text) == found


@pytest.mark.parametrize(
    "text", ["", "5", "steps", "0 steps", "1.5 epochs", "-1 s", "5 years", "0 min"]
)
def test_intervals_that_are_none(text, tmp_path):
    with pytest.raises(
        ValueError, match="expected such as '500 steps', '5 min', '30 s' or '1 epoch'"
    ):
        ag.train.Checkpoint(tmp_path, text)


@pytest.mark.parametrize("keep", [0, -1, 1.5, True])
def test_how_many_are_kept_is_a_positive_integer(tmp_path, keep):
    with pytest.raises(ValueError, match="keep must be a positive integer"):
        ag.train.Checkpoint(tmp_path, keep=keep)


@pytest.mark.parametrize(
    ("every", "written"),
    [
        ("1 epoch", [6, 12, 18]), ("2 epochs", [12, 18]), ("4 steps", [4, 8, 12, 16, 18]),
        ("1 h", [18]), ("0.000001 s", list(range(1, 19))),
    ],
)  # fmt: skip
def test_when_checkpoints_are_written(tmp_path, every, written):
    trainer(ag.train.Checkpoint(tmp_path, every, keep=99)).fit(BATCHES, 3)
    assert steps(tmp_path) == written


def test_the_last_ones_are_kept(tmp_path):
    trainer(ag.train.Checkpoint(tmp_path, "1 step", keep=2)).fit(BATCHES, 1)
    assert steps(tmp_path) == [5, 6]


def test_one_is_written_when_a_run_is_asked_to_end(tmp_path):
    class Stop(ag.train.Callback):
        def on_batch_end(self, state):
            if state.step == 4:
                state.trainer.stop()

    trainer(ag.train.Checkpoint(tmp_path), Stop()).fit(BATCHES, 1)
    assert steps(tmp_path) == [4]


def test_none_is_written_of_half_a_step(tmp_path):
    def interrupted():
        yield from BATCHES[:2]
        raise KeyboardInterrupt

    trainer(ag.train.Checkpoint(tmp_path)).fit(interrupted(), 1)
    assert not steps(tmp_path)


def test_it_comes_after_all_other_callbacks(tmp_path):
    """What they remember of the epoch is in it."""
    trainer(ag.train.Checkpoint(tmp_path), ag.train.EarlyStopping()).fit(BATCHES, 2)
    path, state, refused = newest(tmp_path)
    assert path and not refused
    ((kind, kept),) = state["callbacks"]
    assert (kind, kept["best_epoch"]) == ("EarlyStopping", 2)


def test_the_newest_that_is_whole_is_restored(tmp_path):
    saver = ag.train.Checkpoint(tmp_path, "2 steps", keep=9)
    assert saver.restore(trainer()) == (None, [])
    first = trainer(saver)
    first.fit(BATCHES, 1)
    for step in (4, 6):
        path = tmp_path / f"step-{step:08d}.npz"
        path.write_bytes(path.read_bytes()[:-50])
    second = trainer()
    path, refused = saver.restore(second)
    assert path == tmp_path / "step-00000002.npz" and second.step == 2
    for n, text in zip((6, 4), refused, strict=True):
        assert f"step-0000000{n}.npz: expected a whole .npz file" in text
    assert steps(tmp_path) == [2] and len(list(tmp_path.glob("*.damaged"))) == 2
    second.fit(BATCHES, 1)
    np.testing.assert_array_equal(second.model.weight.value, first.model.weight.value)


def test_where_none_is_whole_nothing_is_restored(tmp_path):
    (tmp_path / "step-00000002.npz").write_bytes(b"")
    with pytest.raises(
        ValueError, match="no checkpoint is whole; start the run anew\n .*an empty file"
    ):
        ag.train.Checkpoint(tmp_path).restore(trainer())
    assert steps(tmp_path) == [2]


def test_what_cannot_be_saved_is_told_before_the_training(tmp_path):
    class Strange(ag.optim.SGD):
        state_dict = property()

    model = ag.nn.Linear(3, 1)
    before = model.weight.value.copy()
    strange = ag.Trainer(
        model, ag.mse, Strange(model.parameters(), 0.1), callbacks=[ag.train.Checkpoint(tmp_path)],
        progress=False,
    )  # fmt: skip
    with pytest.raises(TypeError, match="Trainer: Strange has no state_dict"):
        strange.fit(BATCHES, 1)
    np.testing.assert_array_equal(model.weight.value, before)


def test_a_write_that_fails_keeps_the_ones_before(tmp_path, monkeypatch):
    saver = ag.train.Checkpoint(tmp_path, "2 steps", keep=1)
    real = archive.write

    def full(path, *rest):
        if "4" in path.name:
            raise OSError(28, "No space left on device")
        real(path, *rest)

    monkeypatch.setattr(archive, "write", full)
    with pytest.raises(OSError, match="No space left"):
        trainer(saver).fit(BATCHES, 1)
    assert steps(tmp_path) == [2] and newest(tmp_path)[1]["step"] == 2


def sealed(path, change):
    """A checkpoint whose metadata are others, with a checksum that fits."""
    arrays, metadata = archive.read(path)
    change(metadata, arrays)
    archive.write(path, arrays, metadata)


@pytest.mark.parametrize(
    "change",
    [
        lambda said, arrays: said.pop("state"),
        lambda said, arrays: said.pop("about"),
        lambda said, arrays: said.update(state=[1]),
        lambda said, arrays: said["state"].update(x={"__array__": "nowhere"}),
        lambda said, arrays: said["state"].update(x={"__array__": []}),
        lambda said, arrays: arrays.pop("model/weight"),
    ],
)
def test_what_is_not_whole_is_refused(tmp_path, change):
    trainer(ag.train.Checkpoint(tmp_path)).fit(BATCHES, 1)
    (path,) = tmp_path.iterdir()
    sealed(path, change)
    with pytest.raises(ValueError, match=r"step-\d+\.npz: the checkpoint is not whole"):
        ag.train.load_checkpoint(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.pop("history"),
        lambda state: state.update(history=[3]),
        lambda state: state.pop("rates"),
        lambda state: state.update(model=3),
        lambda state: state.update(optimizers=["x"]),
        lambda state: state.update(callbacks=[[]]),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing_and_is_named(tmp_path, change):
    trainer(ag.train.Checkpoint(tmp_path)).fit(BATCHES, 1)
    (path,) = tmp_path.iterdir()
    sealed(path, lambda said, arrays: change(said["state"]))
    other = trainer()
    before = other.model.weight.value.copy()
    with pytest.raises(ValueError, match=r"step-\d+\.npz: "):
        ag.train.Checkpoint(tmp_path).restore(other)
    np.testing.assert_array_equal(other.model.weight.value, before)
    assert other.step == 0 and not other.history
