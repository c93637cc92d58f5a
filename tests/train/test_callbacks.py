"""Callbacks: when they are called, and those that come with agx."""

import csv
import json
import math
import sys
import types

import numpy as np
import pytest

import agx as ag
from agx.train.callbacks import POINTS

X = np.random.default_rng(0).standard_normal((12, 3)).astype(np.float32)
Y = X @ np.float32([[1.0], [2.0], [3.0]])
BATCHES = [(X[:6], Y[:6]), (X[6:], Y[6:])]


def fit(callbacks, epochs=2, validation=None, lr=0.01, model=None, batches=BATCHES, **options):
    model = model or ag.nn.Linear(3, 1, rng=0)
    trainer = ag.Trainer(
        model, ag.mse, ag.optim.SGD(model.parameters(), lr), callbacks=callbacks, progress=False,
        **options,
    )  # fmt: skip
    trainer.fit(batches, epochs, validation=validation)
    return trainer


def recorder(points=POINTS):
    """A callback that notes the points at which it is called, and what it is given."""
    seen = []

    def note(point):
        def called(self, state):
            seen.append((point[3:], state.epoch, state.step, state.batch, len(state.history)))

        return called

    return type("Recorder", (ag.train.Callback,), {p: note(p) for p in points})(), seen


def test_every_point_is_called_in_its_order():
    callback, seen = recorder()
    fit([callback], validation=BATCHES)
    batch = ["batch_begin", "before_step", "batch_end"]
    epoch = ["epoch_begin", *batch, *batch, "epoch_end"]
    assert [point for point, *_ in seen] == ["run_begin", *epoch, *epoch, "run_end"]
    assert [rest for point, *rest in seen if point == "batch_end"] == [
        [1, 1, 1, 0], [1, 2, 2, 0], [2, 3, 1, 1], [2, 4, 2, 1]
    ]  # fmt: skip
    assert [rest for point, *rest in seen if point == "epoch_end"] == [[1, 2, 2, 1], [2, 4, 2, 2]]


def test_the_state_has_the_loss_and_the_parts():
    losses = []

    class Watch(ag.train.Callback):
        def on_batch_begin(self, state):
            assert state.step == 1 or state.loss == losses[-1] or state.batch == 1

        def on_before_step(self, state):
            assert state.model.weight.grad is not None

        def on_batch_end(self, state):
            losses.append(state.loss)
            assert state.trainer.model is state.model and state.epochs == 2

    trainer = fit([Watch()])
    assert np.mean(losses[:2]) == pytest.approx(trainer.history[0]["loss"])


def test_only_what_is_written_is_called():
    callback, seen = recorder(["on_epoch_end"])
    fit([callback, lambda state: seen.append(state.epoch)], epochs=1)
    assert seen == [("epoch_end", 1, 2, 2, 1), 1]


def test_the_end_is_called_after_an_error_too():
    callback, seen = recorder(["on_run_end"])

    def fail(state):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        fit([callback, fail])
    assert len(seen) == 1


def test_true_ends_the_run():
    class Enough(ag.train.Callback):
        def on_epoch_end(self, state):
            return state.epoch == 2

    trainer = fit([Enough()], epochs=9)
    assert len(trainer.history) == 2 and trainer.ended and not trainer.history.interrupted


# --- early stopping ------------------------------------------------------------------------------


def stopped(values, **options):
    """The epochs that a training of these validation losses takes, and the callback."""
    losses = iter(values)
    weights = []

    def metric(outputs, targets):
        return next(losses)

    stopping = ag.train.EarlyStopping(watch="metric", mode="min", **options)

    def keep(state):
        weights.append(state.model.weight.value.copy())

    trainer = fit([keep, stopping], epochs=len(values), metrics={"metric": metric})
    best = [np.array_equal(trainer.model.weight.value, w) for w in weights]
    return len(trainer.history), stopping, best.index(True) + 1


def test_early_stopping_forgives_as_many_epochs_as_its_patience():
    assert stopped([3, 2, 2, 2, 1, 1, 1, 1], patience=2)[0] == 8
    assert stopped([3, 2, 2, 2, 1, 1, 1, 1], patience=1)[0] == 4
    assert stopped([3, 3, 1], patience=0)[0] == 2
    assert stopped([3, 2.9, 2.8, 2.7], patience=1, min_delta=0.15)[0] == 4
    assert stopped([math.nan, math.nan, 1], patience=1)[0] == 2


def test_early_stopping_restores_the_best_weights():
    epochs, stopping, best = stopped([3, 1, 2, 2, 2], patience=1)
    assert (epochs, best, stopping.best, stopping.best_epoch) == (4, 2, 1, 2)
    assert stopped([3, 1, 2, 2, 2], patience=1, restore_best=False)[2] == 4
    assert stopped([3, 1, 2], patience=9)[2] == 2


def test_early_stopping_keeps_the_last_weights_of_a_run_that_is_cut_off():
    def interrupt(state):
        if state.epoch == 3:
            raise KeyboardInterrupt

    model = ag.nn.Linear(3, 1, rng=0)
    stopping = ag.train.EarlyStopping(9, watch="worse", mode="min")
    count = iter(range(9))
    trainer = fit(
        [stopping, interrupt], 9, model=model, metrics={"worse": lambda *_: float(next(count))}
    )
    assert trainer.history.interrupted and stopping.best_epoch == 1
    assert (model.weight.value != stopping.weights["weight"]).all()


def test_early_stopping_watches_the_validation_or_else_the_training():
    for validation, key in ((BATCHES, "validation_loss"), (None, "loss")):
        stopping = ag.train.EarlyStopping()
        trainer = fit([stopping], 3, validation)
        assert stopping.best == min(row[key] for row in trainer.history)
    with pytest.raises(
        ValueError, match="EarlyStopping: EarlyStopping watches the f1, which is not"
    ):
        fit([ag.train.EarlyStopping(watch="f1", mode="max")])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"watch": "f2"}, "say whether less or more f2 is better, mode='min' or 'max'"),
        ({"mode": "most"}, "got 'most'"),
        ({"patience": -1}, "patience and min_delta must not be negative, got -1"),
        ({"min_delta": -1}, "must not be negative"),
    ],
)
def test_early_stopping_refuses(options, message):
    with pytest.raises(ValueError, match=f"EarlyStopping: .*{message}"):
        ag.train.EarlyStopping(**options)


# --- gradients and rates -------------------------------------------------------------------------


def test_gradients_are_clipped_before_the_step():
    norms = []

    class Watch(ag.train.Callback):
        def on_before_step(self, state):
            norms.append(np.sqrt(sum(np.vdot(p.grad, p.grad) for p in state.model.parameters())))

    fit([Watch(), ag.train.ClipGradients(0.25), Watch()], epochs=1)
    before, after = norms[::2], norms[1::2]
    assert min(before) > 0.25 and after == pytest.approx([0.25, 0.25], rel=1e-4)
    with pytest.raises(ValueError, match="max_norm must not be negative"):
        ag.train.ClipGradients(-1.0)


def test_a_schedule_of_batches():
    model = ag.nn.Linear(3, 1)
    sgd = ag.optim.SGD(model.parameters(), 1e-3)
    step = ag.train.BatchSchedule(ag.optim.StepLR(sgd, 1, gamma=0.5))
    trainer = ag.Trainer(model, ag.mse, sgd, callbacks=[step], progress=False)
    history = trainer.fit(BATCHES, 2)
    assert sgd.lr == 1e-3 / 16 and [row["lr"] for row in history] == [1e-3, 1e-3 / 4]
    with pytest.raises(TypeError, match="BatchSchedule: expected a schedule, such as"):
        ag.train.BatchSchedule(ag.optim.StepLR)


# --- files ---------------------------------------------------------------------------------------


def test_the_history_as_lines_of_json_and_as_a_table(tmp_path):
    lines, table = tmp_path / "new" / "history.jsonl", tmp_path / "history.csv"
    trainer = fit([ag.train.JSONLog(lines), ag.train.CSVLog(table)], epochs=3, validation=BATCHES)
    assert [json.loads(line) for line in lines.read_text().splitlines()] == trainer.history
    with open(table, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [{key: float(value) for key, value in row.items()} for row in rows] == trainer.history


@pytest.mark.parametrize("kind", [ag.train.JSONLog, ag.train.CSVLog])
def test_a_file_that_cannot_be_written_is_told_before_the_training(tmp_path, kind):
    (tmp_path / "file").write_text("")
    callback, seen = recorder(["on_batch_begin"])
    with pytest.raises(OSError, match="file"):
        fit([kind(tmp_path / "file" / "history"), callback])
    assert not seen


def test_quick_epochs_do_not_spend_their_time_on_files(tmp_path, monkeypatch):
    """After a write of a second there is none for nine seconds, but for that of the last epoch."""
    clock = [0.0]
    log = ag.train.JSONLog(tmp_path / "log")
    monkeypatch.setattr(
        "agx.train.callbacks.time", types.SimpleNamespace(perf_counter=lambda: clock[0])
    )
    written, write = [], log._write

    def slow(history):
        clock[0] += 1.0
        written.append(len(history))
        write(history)

    monkeypatch.setattr(log, "_write", slow)
    fit([log, lambda state: clock.__setitem__(0, clock[0] + 1.0)], epochs=25)
    assert written == [0, 1, 10, 19, 25]


def test_tensorboard_through_a_writer():
    class Writer(list):
        def add_scalar(self, *what):
            self.append(what)

        def close(self):
            self.append("closed")

    writer = Writer()
    trainer = fit([ag.train.TensorBoard(writer=writer)], epochs=1, validation=BATCHES)
    row = trainer.history[0]
    assert writer[-1] == "closed"
    assert ("loss/training", row["loss"], 1) in writer
    assert ("loss/validation", row["validation_loss"], 1) in writer


def test_tensorboard_without_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r'pip install "agx\[tensorboard\]"'):
        ag.train.TensorBoard()


def test_tensorboard_writes_files(tmp_path):
    pytest.importorskip("tensorboardX")
    fit([ag.train.TensorBoard(tmp_path / "board")], epochs=2)
    (path,) = (tmp_path / "board").iterdir()
    assert b"loss/training" in path.read_bytes()
