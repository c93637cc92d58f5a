import numpy as np
import pytest

import agx as ag
from agx.nn import losses


class Layer:
    """The least that can be trained: a callable with parameters."""

    def __init__(self, inputs, outputs):
        rng = np.random.default_rng(0)
        self.w = ag.Tensor(0.1 * rng.standard_normal((inputs, outputs)))
        self.training = True
        self.modes = []

    def parameters(self):
        return [self.w]

    def train(self):
        self.training = True

    def __call__(self, x):
        self.modes.append((self.training, ag.is_recording()))
        return x @ self.w


class Descent:
    def __init__(self, parameters, lr):
        self.parameters, self.lr = list(parameters), lr

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    def step(self):
        for p in self.parameters:
            p.value -= self.lr * p.grad


class Halve:
    def __init__(self, optimizer):
        self.optimizer = optimizer

    def step(self):
        self.optimizer.lr /= 2


@losses.takes("scores")
def cross_entropy(outputs, targets):
    return -ag.log_softmax(outputs)[np.arange(len(targets)), targets].mean()


@losses.takes("logits")
def logistic(outputs, targets):
    signs = 2 * targets.reshape(-1, 1) - 1
    return ag.softplus(-signs * outputs).mean()


def batches(classes=3, n=60, size=16):
    rng = np.random.default_rng(1)
    y = rng.integers(0, classes, n)
    x = np.eye(4)[y] + 0.1 * rng.standard_normal((n, 4))
    return [(x[i : i + size], y[i : i + size]) for i in range(0, n, size)]


def singles():
    """The batches in float32."""
    return [(x.astype(np.float32), y) for x, y in batches()]


def run(epochs=3, loader=None, outputs=3, loss=cross_entropy, lr=0.5, **options):
    model = Layer(4, outputs)
    optimizer = Descent(model.parameters(), lr)
    loader = batches() if loader is None else loader
    return model, ag.fit(model, loader, loss, optimizer, epochs, **options)


def test_fit_learns_and_records_every_epoch():
    model, history = run(10, validation=batches())
    assert [row["epoch"] for row in history] == list(range(1, 11))
    assert history[-1]["loss"] < 0.5 * history[0]["loss"]
    assert history[-1]["accuracy"] == history[-1]["validation_accuracy"] == 1.0
    assert set(history[0]) == {
        "epoch", "loss", "accuracy", "validation_loss", "validation_accuracy", "lr", "seconds",
        "images_per_second",
    }  # fmt: skip
    assert not history.interrupted and model.training


def test_fit_does_what_a_hand_written_loop_does():
    model, _ = run(3)
    other = Layer(4, 3)
    optimizer = Descent(other.parameters(), 0.5)
    for _ in range(3):
        for x, y in batches():
            optimizer.zero_grad()
            loss = cross_entropy(other(x), y)
            loss.backward(free=True)
            optimizer.step()
    np.testing.assert_array_equal(model.w.value, other.w.value)


def test_training_loss_is_the_mean_over_examples_not_batches():
    _, history = run(1, lr=0.0)
    model = Layer(4, 3)
    x, y = (np.concatenate(parts) for parts in zip(*batches(), strict=True))
    assert history[0]["loss"] == pytest.approx(cross_entropy(model(x), y).item())
    assert history[0]["accuracy"] == np.mean(model(x).value.argmax(1) == y)


def test_single_logits_are_decided_by_their_sign():
    model, history = run(20, batches(classes=2), outputs=1, loss=logistic)
    assert history[-1]["accuracy"] == 1.0
    assert set(ag.train.decide(ag.predict(model, batches(classes=2)), logistic)) == {0, 1}


def test_several_inputs():
    class Sum(Layer):
        def __call__(self, a, b):
            return (a + b) @ self.w

    model = Sum(4, 3)
    loader = [(x, x, y) for x, y in batches()]
    history = ag.fit(model, loader, cross_entropy, Descent(model.parameters(), 0.5), 2)
    assert history[1]["loss"] < history[0]["loss"]
    assert ag.predict(model, loader).shape == (60, 3)


def test_schedule_steps_once_an_epoch():
    model = Layer(4, 3)
    optimizer = Descent(model.parameters(), 0.8)
    history = ag.fit(model, batches(), cross_entropy, optimizer, 3, schedule=Halve(optimizer))
    assert [row["lr"] for row in history] == [0.8, 0.4, 0.2]


def test_callbacks_see_the_state_and_stop_with_true():
    seen = []

    def stop(state):
        seen.append((state.epoch, state.epochs, len(state.history), state.model.training))
        return state.history[-1]["epoch"] == 2

    after = []
    _, history = run(9, callbacks=[stop, lambda state: after.append(state.epoch)])
    assert seen == [(1, 9, 1, True), (2, 9, 2, True)] and after == [1, 2]
    assert len(history) == 2 and not history.interrupted


@pytest.mark.parametrize("answer", [1, "path", np.float64(1.0), None, False])
def test_only_true_stops(answer):
    assert len(run(2, callbacks=[lambda state: answer])[1]) == 2
    assert len(run(2, callbacks=[lambda state: np.bool_(True)])[1]) == 1


def test_interrupt_in_a_callback_keeps_the_history():
    def interrupt(state):
        if state.epoch == 2:
            raise KeyboardInterrupt

    _, history = run(9, callbacks=[interrupt])
    assert len(history) == 2 and history.interrupted


def test_interrupt_in_the_loader_keeps_the_epochs_before():
    class Impatient:
        passes = 0

        def __iter__(self):
            self.passes += 1
            yield from batches()
            if self.passes == 2:
                raise KeyboardInterrupt

    _, history = run(9, Impatient(), progress=True)
    assert len(history) == 1 and history.interrupted


def test_evaluate_runs_quietly_and_restores_the_mode():
    model = Layer(4, 3)
    found = ag.evaluate(model, batches(), cross_entropy)
    assert set(found) == {"loss", "accuracy"}
    assert set(model.modes) == {(False, False)} and model.training and ag.is_recording()
    model.training = False
    ag.evaluate(model, batches(), cross_entropy)
    assert model.training is False


def test_mode_is_restored_after_an_error():
    model = Layer(4, 3)
    with pytest.raises(ValueError, match="matmul"):
        ag.predict(model, np.zeros((2, 5)))
    assert model.training and ag.is_recording()


def test_predict_in_batches():
    model = Layer(4, 3)
    x = np.random.default_rng(3).standard_normal((10, 4))
    for given in (x, ag.Tensor(x), [(x[:7], None), (x[7:], None)]):
        np.testing.assert_allclose(ag.predict(model, given, batch_size=4), x @ model.w.value)
    assert set(model.modes) == {(False, False)}


@pytest.mark.parametrize("nothing", [np.zeros((0, 4)), []])
def test_predict_nothing(nothing):
    with pytest.raises(ValueError, match="predict: got no inputs"):
        ag.predict(Layer(4, 3), nothing)


def test_progress_shows_a_bar_and_a_table(capsys):
    run(2, progress=True)
    out, err = capsys.readouterr()
    assert "epoch 2/2" in err and "images/s" in err and "accuracy" in err
    assert [line.split()[0] for line in out.splitlines()] == ["epoch", "1", "2"]


def test_progress_without_a_length_or_classes(capsys):
    loader = [(x, x[:, :3]) for x, _ in batches()]
    forever = type("Stream", (), {"__iter__": lambda self: iter(loader)})()
    run(1, forever, loss=lambda out, y: ((out - y) ** 2).mean(), progress=True)
    assert "loss" in capsys.readouterr().err


def test_without_a_terminal_every_epoch_is_a_line_on_standard_error(capsys):
    run(3)
    out, err = capsys.readouterr()
    assert not out and "\r" not in err
    assert [line.split()[0] for line in err.splitlines()] == ["epoch", "1", "2", "3"]


def test_many_quick_epochs_are_few_lines(capsys):
    run(200)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) < 60 and lines[-1].split()[0] == "200"


@pytest.mark.parametrize("options", [{"progress": False}, {"callbacks": [ag.train.print_epoch]}])
def test_nobody_prints_twice(capsys, options):
    run(2, **options)
    assert capsys.readouterr().err == ""


def test_no_standard_error_at_all(monkeypatch):
    monkeypatch.setattr("sys.stderr", None)
    assert len(run(2)[1]) == 2


def test_an_interrupt_in_the_validation_keeps_the_epoch():
    class Impatient:
        def __iter__(self):
            raise KeyboardInterrupt

    _, history = run(9, validation=Impatient())
    assert len(history) == 1 and history.interrupted and "loss" in history[0]


def test_several_optimisers_and_schedules():
    first, second = ag.nn.Linear(4, 3), ag.nn.Linear(3, 3)
    model = ag.nn.Sequential(first, ag.relu, second)
    optimizers = [ag.optim.SGD(first.parameters(), 0.5), ag.optim.Adam(second.parameters(), 0.1)]
    schedules = [ag.optim.StepLR(one, 1, gamma=0.5) for one in optimizers]
    before = [p.value.copy() for p in model.parameters()]
    history = ag.fit(
        model, singles(), ag.cross_entropy, optimizers, 3, schedule=schedules, progress=False
    )
    assert [row["lr"] for row in history] == [[0.5, 0.1], [0.25, 0.05], [0.125, 0.025]]
    assert "0.25/0.05" in repr(history)
    for p, old in zip(model.parameters(), before, strict=True):
        assert (p.value != old).any()


def test_groups_are_trained_with_their_rates():
    model = ag.nn.Linear(4, 3)
    groups = [{"params": [model.weight], "lr": 0.5}, {"params": [model.bias], "lr": 0.0}]
    bias = model.bias.value.copy()
    history = ag.fit(model, singles(), ag.cross_entropy, ag.optim.SGD(groups), 2, progress=False)
    assert history[0]["lr"] == [0.5, 0.0] and history[1]["loss"] < history[0]["loss"]
    np.testing.assert_array_equal(model.bias.value, bias)


def test_history_is_a_table():
    history = ag.train.History(
        [{"epoch": 1, "loss": 0.5, "lr": 0.1}, {"epoch": 2, "loss": 123.25, "accuracy": 0.5}]
    )
    assert repr(history).splitlines() == [
        "epoch       loss  accuracy        lr",
        "    1     0.5000         -       0.1",
        "    2      123.2     50.00         -",
    ]
    assert repr(ag.train.History()) == "History of no epochs"


def test_best_epoch():
    history = ag.train.History(
        [{"epoch": 1, "loss": 0.5, "accuracy": 0.9}, {"epoch": 2, "loss": 0.7, "accuracy": 0.8}]
    )
    assert history.best("loss")["epoch"] == history.best("accuracy")["epoch"] == 1
    with pytest.raises(KeyError, match="no epoch has 'validation_accuracy'; there is epoch, loss"):
        history.best()
    equal = [{"epoch": i, "accuracy": 0.9, "loss": loss} for i, loss in enumerate((3.0, 1.0, 2.0))]
    assert ag.train.History(equal).best("accuracy")["epoch"] == 1
    others = ag.train.History([{"f1": 0.5, "mse": 2.0}, {"f1": 0.7, "mse": 3.0}])
    assert ag.train.History([{"kl_div": 2.0}, {"kl_div": 1.0}]).best("kl_div") == {"kl_div": 1.0}
    assert others.best("mse")["f1"] == 0.5 and others.best("f1", "max")["mse"] == 3.0
    with pytest.raises(ValueError, match="best: say whether less or more f1 is better"):
        others.best("f1")
