"""A Trainer keeps the parts of a training, and goes on with one in the middle of an epoch, to the bit."""

import functools
import random

import numpy as np
import pytest

import agx as ag
from agx import nn

IMAGES, LABELS = ag.data.digits("train").arrays
PART = (IMAGES[:200], LABELS[:200])
SMALL = ag.data.Loader((IMAGES[200:260], LABELS[200:260]), 30)


def network():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(0.2),
        nn.Dropout(0.1, rng=5), nn.Linear(12, 10),
    )  # fmt: skip


class Saved(ag.train.Callback):
    """Keep the state after every batch and every epoch."""

    last = True

    def __init__(self):
        self.states = []

    def on_batch_end(self, state):
        self.states.append(state.trainer.state_dict())

    on_epoch_end = on_batch_end


def made(optimizer=None, schedule=None, callbacks=(), **options):
    ag.seed(3)
    model = network()
    optimizer = (optimizer or functools.partial(ag.optim.SGD, lr=0.1, momentum=0.9))(
        model.parameters()
    )
    schedule = schedule and schedule(optimizer)
    return ag.Trainer(
        model, ag.cross_entropy, optimizer, schedule=schedule, callbacks=callbacks, progress=False,
        **options,
    )  # fmt: skip


def augmented(rng=None, prefetch=0):
    crop = ag.data.RandomCrop(8, padding=1)
    return ag.data.Loader(PART, 64, shuffle=True, transforms=[crop], rng=rng, prefetch=prefetch)


def noisy_list():
    """Batches that draw from NumPy's and Python's own generators."""

    class Noisy:
        def __iter__(self):
            for i in range(0, 200, 64):
                shift = np.random.rand() + random.random()  # noqa: NPY002
                yield IMAGES[i : i + 64] + np.float32(shift), LABELS[i : i + 64]

    np.random.seed(1)  # noqa: NPY002
    random.seed(1)
    return Noisy()


def without_clock(history):
    clock = ("seconds", "images_per_second")
    return [{k: v for k, v in row.items() if k not in clock} for row in history]


def left(trainer, history):
    """What a training has left, to the bit."""
    weights = {name: a.tobytes() for name, a in trainer.model.state_dict().items()}
    kept = [
        {k: np.asarray(v).tobytes() for k, v in o.state_dict().items()} for o in trainer.optimizers
    ]
    return weights, kept, [repr(s.state_dict()) for s in trainer.schedules], without_clock(history)


OPTIMIZERS = {
    "momentum": None,
    "Adam": functools.partial(ag.optim.Adam, lr=0.01),
    "RMSprop": functools.partial(ag.optim.RMSprop, lr=0.01),
}
SCHEDULES = {
    "none": None,
    "cosine": lambda o: ag.optim.CosineAnnealingLR(o, 3),
    "plateau": lambda o: ag.optim.ReduceLROnPlateau(o, patience=0),
}
LOADERS = {
    "default": augmented,
    "own": lambda: augmented(rng=4),
    "prefetch": lambda: augmented(prefetch=2),
    "list": lambda: [(PART[0][i : i + 64], PART[1][i : i + 64]) for i in range(0, 200, 64)],
    "noisy": noisy_list,
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(("schedule", "loader"), [
    ("none", "default"), ("cosine", "own"), ("plateau", "list"), ("none", "noisy"),
    ("none", "prefetch"),
])  # fmt: skip
def test_a_run_goes_on_from_any_batch(tmp_path, optimizer, schedule, loader):
    kinds = OPTIMIZERS[optimizer], SCHEDULES[schedule]
    metrics = {"accuracy": "accuracy", "largest": lambda outputs, targets: float(outputs.max())}
    saved = Saved()
    first = made(*kinds, callbacks=[saved, ag.train.EarlyStopping(9)], metrics=metrics)
    wanted = left(first, first.fit(LOADERS[loader](), 3, validation=SMALL))
    assert len(saved.states) == 3 * 4 + 3
    for state in saved.states:
        ag.train.save_checkpoint(tmp_path / "one.npz", state)
        second = made(*kinds, callbacks=[ag.train.EarlyStopping(9)], metrics=metrics)
        batches = LOADERS[loader]()
        ag.seed(99)  # whatever was drawn meanwhile
        np.random.seed(99)  # noqa: NPY002
        second.load_state_dict(ag.train.load_checkpoint(tmp_path / "one.npz")[0])
        assert left(second, second.fit(batches, 3, validation=SMALL)) == wanted


@pytest.mark.parametrize("threads", [1, 2])
def test_with_any_number_of_threads(use_threads, threads):
    use_threads(threads)
    saved = Saved()
    first = made(callbacks=[saved])
    wanted = left(first, first.fit(augmented(), 2))
    second = made()
    second.load_state_dict(saved.states[5])
    assert left(second, second.fit(augmented(), 2)) == wanted


def test_a_schedule_of_batches_goes_on():
    def trainer(*callbacks):
        found = made(callbacks=callbacks)
        cycle = ag.optim.OneCycleLR(found.optimizer, max_lr=0.2, total_steps=12)
        found.callbacks.append(ag.train.BatchSchedule(cycle))
        found.callbacks.sort(key=lambda c: isinstance(c, Saved))
        return found

    saved = Saved()
    first = trainer(saved)
    wanted = left(first, first.fit(augmented(), 3))
    for state in saved.states[::2]:
        second = trainer()
        second.load_state_dict(state)
        assert left(second, second.fit(augmented(), 3)) == wanted


def test_a_finished_run_has_nothing_left_to_do():
    saved = Saved()
    first = made(
        callbacks=[saved, ag.train.EarlyStopping(0, watch="loss", mode="min", min_delta=9)]
    )
    history = first.fit(augmented(), 9)
    assert len(history) == 2
    second = made(callbacks=[ag.train.EarlyStopping(0, watch="loss", mode="min", min_delta=9)])
    second.load_state_dict(saved.states[-1])
    assert left(second, second.fit(augmented(), 9)) == left(first, history)


def test_a_run_that_has_its_epochs_may_get_more():
    saved = Saved()
    whole = made()
    wanted = left(whole, whole.fit(augmented(), 3))
    made(callbacks=[saved]).fit(augmented(), 2)
    more = made()
    more.load_state_dict(saved.states[-1])
    assert left(more, more.fit(augmented(), 3)) == wanted


def test_each_call_of_fit_is_a_run_of_its_own():
    trainer = made()
    first = trainer.fit(augmented(), 2)
    second = trainer.fit(augmented(), 1)
    assert [row["epoch"] for row in first] == [1, 2] and [row["epoch"] for row in second] == [1]
    assert second[0]["loss"] < first[0]["loss"] and trainer.history is second


def test_fit_is_a_short_form():
    trainer = made()
    history = trainer.fit(augmented(), 2, validation=SMALL)
    ag.seed(3)
    model = network()
    sgd = ag.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    short = ag.fit(
        model, augmented(), ag.cross_entropy, sgd, 2, validation=SMALL, progress=False
    )  # fmt: skip
    assert without_clock(short) == without_clock(history)


def test_evaluate_and_predict():
    trainer = made()
    assert trainer.evaluate(SMALL) == ag.evaluate(trainer.model, SMALL, ag.cross_entropy)
    np.testing.assert_array_equal(
        trainer.predict(IMAGES[:3]), ag.predict(trainer.model, IMAGES[:3])
    )
    alone = made(metrics={"largest": lambda outputs, targets: outputs.max()})
    assert set(alone.evaluate(SMALL)) == {"loss", "largest"}


def test_stop_ends_after_the_batch():
    class Stop(ag.train.Callback):
        def on_batch_begin(self, state):
            if state.step == 6:
                state.trainer.stop()

    trainer = made(callbacks=[Stop()])
    history = trainer.fit(augmented(), 9)
    assert len(history) == 1 and history.interrupted and trainer.step == 6 and trainer.whole
    trainer.load_state_dict(trainer.state_dict())
    trainer.callbacks.clear()
    whole = made()
    wanted = left(whole, whole.fit(augmented(), 2))
    assert left(trainer, trainer.fit(augmented(), 2)) == wanted


def test_stop_in_the_validation_ends_after_the_epoch():
    class Validation:
        def __iter__(self):
            trainer.stop()
            return iter(SMALL)

    trainer = made()
    history = trainer.fit(augmented(), 9, validation=Validation())
    assert len(history) == 1 and "validation_loss" in history[0] and history.interrupted


def test_models_and_optimisers_of_your_own():
    class Descent:
        def __init__(self, parameters):
            self.parameters, self.lr = parameters, 0.5

        def zero_grad(self):
            self.parameters[0].grad = None

        def step(self):
            self.parameters[0].value -= self.lr * self.parameters[0].grad

    class WithState(Descent):
        def state_dict(self):
            return {"lr": self.lr}

        def load_state_dict(self, state):
            self.lr = state["lr"]

    class Line:
        def __init__(self):
            self.w = ag.Tensor(np.zeros((64, 10)))

        def parameters(self):
            return [self.w]

        def __call__(self, x):
            return x.reshape(len(x), -1) @ self.w

    def trainer(kind):
        line = Line()
        return ag.Trainer(line, ag.cross_entropy, kind([line.w]), progress=False)

    whole = trainer(Descent)
    whole.fit(LOADERS["list"](), 2)
    with pytest.raises(
        TypeError, match=r"Trainer: Descent has no state_dict\(\) and load_state_dict"
    ):
        whole.state_dict()
    first, second = trainer(WithState), trainer(WithState)
    first.fit(LOADERS["list"](), 1)
    second.load_state_dict(first.state_dict())
    second.fit(LOADERS["list"](), 2)
    np.testing.assert_array_equal(second.model.w.value, whole.model.w.value)


# --- what is refused -----------------------------------------------------------------------------


def test_arguments_of_another_kind():
    model = nn.Linear(2, 2)
    sgd = ag.optim.SGD(model.parameters(), 0.1)
    for arguments, options, error, message in (
        ((nn.Linear, ag.mse, sgd), {}, TypeError, "Trainer: model is the class Linear"),
        ((model, 3, sgd), {}, TypeError, r"Trainer: loss must be a function .* \(model, loss, optimizer\)"),
        ((model, ag.mse, 3), {}, TypeError, r"Trainer: optimizer must have .* \(model, loss, optimizer\)"),
        ((model, ag.mse, sgd), {"schedule": 3}, TypeError, "Trainer: schedule must be made of"),
        ((model, ag.mse, sgd), {"callbacks": 3}, TypeError, "Trainer: callbacks must be a list"),
        ((model, ag.mse, sgd), {"callbacks": [ag.train.Callback]}, TypeError, "Trainer: a callback is the class"),
        ((model, ag.mse, sgd), {"metrics": 3}, TypeError, "Trainer: metrics must be functions"),
    ):  # fmt: skip
        with pytest.raises(error, match=message):
            ag.Trainer(*arguments, **options)
    trainer = ag.Trainer(model, ag.mse, sgd)
    with pytest.raises(TypeError, match="fit: expected batches, pairs"):
        trainer.fit((np.zeros((2, 2)), np.zeros(2)), 1)


def test_a_step_that_was_cut_off_leaves_no_state():
    def fail(outputs, targets):
        raise ValueError("mine")

    trainer = made()
    trainer.loss = fail
    with pytest.raises(ValueError, match="mine"):
        trainer.fit(augmented(), 1)
    with pytest.raises(
        RuntimeError, match="was cut off in the middle of a step.*load a checkpoint"
    ):
        trainer.state_dict()


def test_states_that_do_not_fit_change_nothing():
    saved = Saved()
    schedule = SCHEDULES["cosine"]
    stopping = ag.train.EarlyStopping(3)
    first = made(schedule=schedule, callbacks=[stopping, saved])
    first.fit(augmented(), 1)
    state = saved.states[1]
    other = ag.Trainer(
        nn.Linear(3, 2), ag.mse, ag.optim.SGD(nn.Linear(3, 2).parameters(), 0.1), progress=False
    )
    for trainer, message in (
        (made(callbacks=[stopping]), r"the state has 1 schedules, this one 0"),
        (made(schedule=schedule), "a run with the callback EarlyStopping, which this one has not"),
        (made(functools.partial(ag.optim.Adam, lr=0.1), schedule, [stopping]), "the state does not fit"),
        (made(schedule=schedule, callbacks=[stopping], metrics=()), "the same metrics"),
        (other, "the state has 1 schedules"),
    ):  # fmt: skip
        before = left(trainer, [])
        with pytest.raises(ValueError, match=message):
            trainer.load_state_dict(state)
        assert left(trainer, [])[:2] == before[:2]
    for batches, message in (
        (LOADERS["list"](), "saved with a loader of another kind"),
        (ag.data.Loader(PART, 32, shuffle=True), "the state has batch_size 64, this loader 32"),
    ):
        trainer = made(schedule=schedule, callbacks=[stopping])
        trainer.load_state_dict(state)
        with pytest.raises(ValueError, match=message):
            trainer.fit(batches, 1)
    trainer = made(schedule=schedule, callbacks=[stopping])
    trainer.model.steps[5].rng = None
    trainer.load_state_dict(state)
    with pytest.raises(
        ValueError, match=r"has the generators model\.5\.rng beside the default one"
    ):
        trainer.fit(augmented(), 1)
