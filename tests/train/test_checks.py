"""Arguments of another kind: what was expected, what was given, and one fix."""

import numpy as np
import pytest

import agx as ag

X = np.random.default_rng(0).standard_normal((8, 3)).astype(np.float32)
Y = np.arange(8) % 2
BATCHES = [(X, Y)]


def fit(loader=BATCHES, loss=ag.cross_entropy, optimizer=None, epochs=1, model=None, **options):
    layer = ag.nn.Linear(3, 2)
    optimizer = ag.optim.SGD(layer.parameters(), 0.1) if optimizer is None else optimizer
    model = layer if model is None else model
    return ag.fit(model, loader, loss, optimizer, epochs, progress=False, **options)


class Frame:
    """What looks like a table of pandas."""

    shape = (8, 3)

    def to_numpy(self):
        return X

    def __iter__(self):
        return iter("abc")


class Tuple(ag.nn.Module):
    def __init__(self):
        self.layer = ag.nn.Linear(3, 2)

    def forward(self, x):
        return self.layer(x), x


def plateau(**options):
    return ag.optim.ReduceLROnPlateau(OTHER, **options)


ARRAYS = r"expected batches, pairs \(inputs, targets\), got a {} of arrays of shapes \(8, 3\) and \(8,\); cut them into batches: ag.data.Loader\(\(X, Y\), batch_size=32\)"
OTHER = ag.optim.SGD([ag.Tensor([1.0])])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: fit((X, Y)), TypeError, "fit: " + ARRAYS.format("tuple")),
        (lambda: fit([X, Y]), TypeError, "fit: " + ARRAYS.format("list")),
        (lambda: fit((ag.Tensor(X), Y)), TypeError, "fit: " + ARRAYS.format("tuple")),
        (lambda: fit(X), TypeError, r"got ndarray of shape \(8, 3\); cut it into batches: ag.data.Loader\(\(X, Y\)"),
        (lambda: fit(Frame()), TypeError, r"got Frame of shape \(8, 3\)"),
        (lambda: fit(ag.data.ArrayDataset(X, Y)), TypeError, r"got ArrayDataset; cut it into batches: ag.data.Loader\(dataset, batch_size=32\)"),
        (lambda: fit({"x": X, "y": Y}), TypeError, "got dict; cut it"),
        (lambda: fit(3), TypeError, "got 3; give an ag.data.Loader or a list of batches"),
        (lambda: fit(ag.data.Loader(X, 4)), ValueError, r"a batch has no targets, expected arrays \(inputs, targets\)"),
        (lambda: fit([X]), TypeError, "fit: expected batches"),
        (lambda: fit(iter([X])), TypeError, r"a batch is one array of shape \(8, 3\), expected a tuple"),
        (lambda: fit(iter([{"x": X}])), TypeError, "a batch is a dict, expected a tuple of arrays"),
        (lambda: fit(validation=(X, Y)), TypeError, "fit: validation: " + ARRAYS.format("tuple")),
        (lambda: fit(validation=0.2), TypeError, "fit: validation: expected batches, .*, got 0.2"),
        (lambda: ag.evaluate(ag.nn.Linear(3, 2), (X, Y), ag.cross_entropy), TypeError, "evaluate: " + ARRAYS.format("tuple")),
        (lambda: ag.predict(ag.nn.Linear(3, 2), (X, Y)), TypeError, r"predict: a batch is one array of shape \(8, 3\)"),
        (lambda: fit(loss=ag.nn.CrossEntropyLoss), TypeError, r"fit: loss is the class CrossEntropyLoss; make one of it, such as ag.nn.CrossEntropyLoss\(\)"),
        (lambda: ag.evaluate(ag.nn.Linear(3, 2), BATCHES, ag.nn.MSELoss), TypeError, r"evaluate: loss is the class MSELoss; make one of it, such as ag.nn.MSELoss\(\)"),
        (lambda: fit(loss="mse"), TypeError, "fit: loss must be a function or a module, such as ag.cross_entropy, got 'mse'; the arguments are"),
        (lambda: fit(loss=OTHER, optimizer=ag.mse), TypeError, r"fit: loss must be .*, got SGD; the arguments are \(model, loader, loss, optimizer, epochs\)"),
        (lambda: fit(optimizer=ag.optim.SGD), TypeError, r"fit: optimizer is the class SGD; make one of it, such as ag.optim.SGD\(model.parameters\(\), lr=0.01\)"),
        (lambda: fit(optimizer="adam"), TypeError, r"fit: optimizer must have zero_grad\(\) and step\(\), such as .*, got 'adam'"),
        (lambda: fit(optimizer=[]), ValueError, "fit: got no optimisers; make one"),
        (lambda: fit(model=ag.nn.Linear), TypeError, r"fit: model is the class Linear; make one of it, such as Linear\(\)"),
        (lambda: fit(model=3), TypeError, "fit: model must be a function or a module, .*, got 3"),
        (lambda: fit(epochs=1.5), TypeError, "fit: epochs must be an integer, such as 10, got 1.5"),
        (lambda: fit(epochs="3"), TypeError, "fit: epochs must be an integer, such as 10, got '3'"),
        (lambda: fit(epochs=True), TypeError, "fit: epochs must be an integer, such as 10, got True"),
        (lambda: fit(epochs=None), TypeError, "fit: epochs must be an integer, such as 10, got None"),
        (lambda: fit(epochs=0), ValueError, "fit: epochs must be at least 1, got 0"),
        (lambda: fit(epochs=-1), ValueError, "fit: epochs must be at least 1, got -1"),
        (lambda: fit(optimizer=ag.optim.LBFGS(OTHER.parameters)), TypeError, r"fit: LBFGS computes the loss several times in a step, .*; write the loop, with optimizer.step\(closure\)"),
        (lambda: fit(schedule=ag.optim.StepLR), TypeError, r"fit: schedule must be made of the optimiser, .*, got the class StepLR"),
        (lambda: fit(schedule="cosine"), TypeError, "fit: schedule must be made of the optimiser, .*, got 'cosine'"),
        (lambda: fit(schedule=ag.optim.StepLR(OTHER, 2)), ValueError, "fit: the schedule StepLR sets the learning rate of another optimiser"),
        (lambda: fit(model=lambda x: X), TypeError, r"fit: the model must return a Tensor, got ndarray of shape \(8, 3\)"),
        (lambda: fit(loss=lambda out, y: 1.0), TypeError, "fit: the loss <lambda> must return a Tensor, got 1.0; compute it"),
        (lambda: fit(loss=ag.nn.CrossEntropyLoss(reduction="none")), ValueError, r"fit: the loss CrossEntropyLoss must return one number, got shape \(8,\); take its .mean\(\)"),
        (lambda: fit([]), ValueError, "fit: the loader has no batches; check its size and drop_last"),
        (lambda: fit(validation=[]), ValueError, "fit: validation: the loader has no batches"),
        (lambda: fit(callbacks=print), TypeError, r"fit: callbacks must be a list of functions of a State, got .*; write callbacks=\[function\]"),
        (lambda: fit(callbacks=[1]), TypeError, "fit: a callback must be a function or a module, such as lambda state: .*, got 1$"),
        (lambda: fit(metrics=5), TypeError, "fit: metrics must be functions of outputs and targets, in a list or in a dict by name, got 5"),
        (lambda: fit(optimizer=OTHER, schedule=plateau(watch="accuracy")), ValueError, "ReduceLROnPlateau watches the accuracy, of which more is better, with mode='min'; give mode='max'"),
        (lambda: fit(optimizer=OTHER, schedule=plateau(watch="validation_loss", mode="max")), ValueError, "the validation_loss, of which less is better, with mode='max'; give mode='min'"),
        (lambda: fit(optimizer=OTHER, epochs=5, schedule=ag.optim.OneCycleLR(OTHER, 0.1, 3)), ValueError, "fit: OneCycleLR has 3 steps left for 5 epochs, .*; give total_steps=5"),
        (lambda: fit(loss=lambda out, y: ag.mean(out * 1j)), TypeError, "fit: the loss <lambda> must return a real number, got complex64; take its ag.real or ag.abs"),
        (lambda: fit(model=Tuple()), TypeError, "fit: the model must return a Tensor, got tuple; return one of its entries"),
        (lambda: ag.evaluate(Tuple(), BATCHES, ag.mse), TypeError, "evaluate: the model must return a Tensor, got tuple"),
        (lambda: ag.predict(Tuple(), X), TypeError, "predict: the model must return a Tensor, got tuple; return one of its entries"),
        (lambda: ag.predict(ag.nn.Linear, X), TypeError, r"predict: model is the class Linear; make one of it"),
        (lambda: ag.predict(ag.nn.Linear(3, 2), X, batch_size=0), ValueError, "predict: batch_size must be a positive integer, got 0"),
        (lambda: ag.predict(ag.nn.Linear(3, 2), X, batch_size=2.5), TypeError, "predict: batch_size must be a positive integer, such as 256, got 2.5"),
        (lambda: ag.evaluate(ag.nn.Linear(3, 2), BATCHES, ag.nn.CrossEntropyLoss(reduction="none")), ValueError, r"evaluate: the loss CrossEntropyLoss must return one number, got shape \(8,\)"),
        (lambda: ag.evaluate(ag.nn.Linear(3, 2), BATCHES, lambda out, y: "small"), TypeError, "evaluate: the loss <lambda> must return a number, got 'small'"),
        (lambda: ag.evaluate(ag.nn.Linear(3, 2), [], ag.mse), ValueError, "evaluate: the loader has no batches"),
    ],
)  # fmt: skip
def test_what_does_not_fit(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    ("schedule", "fix"),
    [
        (lambda sgd, n: ag.optim.OneCycleLR(sgd, 0.1, n), "total_steps=3"),
        (lambda sgd, n: ag.optim.CosineAnnealingLR(sgd, n), "T_max=3"),
        (lambda sgd, n: ag.optim.PolynomialLR(sgd, n), "total_iters=3"),
    ],
)
def test_a_schedule_that_counts_batches_is_told(schedule, fix):
    model = ag.nn.Linear(3, 2)
    sgd = ag.optim.SGD(model.parameters(), 0.1)
    loader = ag.data.Loader((X, Y), 4)
    with pytest.warns(
        UserWarning, match=f"a step after each epoch, not after each batch; give {fix}"
    ):
        fit(loader, model=model, optimizer=sgd, epochs=3, schedule=schedule(sgd, 6))
    fit(loader, model=model, optimizer=sgd, epochs=3, schedule=schedule(sgd, 3))
    fit(loader, model=model, optimizer=sgd, epochs=3, schedule=schedule(sgd, 50))


def test_no_callbacks_may_be_none():
    assert len(fit(callbacks=None)) == 1


def test_a_loss_for_evaluation_may_return_a_plain_number():
    found = ag.evaluate(ag.nn.Linear(3, 2), BATCHES, lambda out, y: 1.5)
    assert found == {"loss": 1.5}


def test_a_metric_that_fails_is_told_what_it_was_given():
    def accuracy_score(y_true, y_pred):
        raise ValueError("a mix of targets")

    with pytest.raises(ValueError, match="a mix of targets") as caught:
        fit(metrics=[accuracy_score])
    (note,) = caught.value.__notes__
    assert "accuracy_score was given targets and outputs as arrays of shapes" in note
    assert "ag.train.decide(outputs, loss)" in note


@pytest.mark.parametrize("frozen", [False, True])
def test_a_part_in_evaluation_mode_of_a_model_in_training_mode_stays_so(frozen):
    norm = ag.nn.BatchNorm1d(3)
    model = ag.nn.Sequential(norm, ag.nn.Linear(3, 2))
    if frozen:
        norm.eval()
    else:
        model.eval()
    fit(model=model, optimizer=ag.optim.SGD(model.parameters()))
    assert model.training
    assert norm.training is not frozen
    assert (norm.running_mean == 0).all() == frozen


@pytest.mark.parametrize("epochs", [2, np.int64(2)])
def test_integers_are_epochs(epochs):
    assert len(fit(epochs=epochs)) == 2


def test_a_generator_gives_its_batches_once_and_nothing_is_lost():
    model = ag.nn.Linear(3, 2)
    before = model.weight.value.copy()
    sgd = ag.optim.SGD(model.parameters(), 0.1)
    with pytest.raises(
        ValueError, match="no batches in epoch 2/3; a generator gives its"
    ) as caught:
        fit((batch for batch in BATCHES), model=model, optimizer=sgd, epochs=3)
    assert [row["epoch"] for row in caught.value.history] == [1]
    assert (model.weight.value != before).any()


def test_any_error_brings_the_epochs_before_it():
    def fail(state):
        if state.epoch == 2:
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full") as caught:
        fit(epochs=5, callbacks=[fail])
    assert len(caught.value.history) == 2


def test_a_validation_that_fails_keeps_the_epoch():
    with pytest.raises(ValueError, match="fit: validation: the loader has no batches") as caught:
        fit(epochs=3, validation=iter(BATCHES))
    first, second = caught.value.history
    assert "validation_loss" in first and "validation_loss" not in second


def test_a_last_batch_of_one_under_batch_norm():
    model = ag.nn.Sequential(ag.nn.BatchNorm1d(3), ag.nn.Linear(3, 2))
    sgd = ag.optim.SGD(model.parameters())
    loader = ag.data.Loader((X[:5], Y[:5]), 2)
    with pytest.raises(ValueError, match=r"BatchNorm1d\(3.*of shape \(1, 3\).*drop_last=True"):
        fit(loader, model=model, optimizer=sgd)
    fit(ag.data.Loader((X[:5], Y[:5]), 2, drop_last=True), model=model, optimizer=sgd)


def test_predict_takes_batches_of_inputs_alone():
    layer = ag.nn.Linear(3, 2)
    np.testing.assert_array_equal(
        ag.predict(layer, ag.data.Loader(X, 4)), ag.predict(layer, X, batch_size=4)
    )


def test_the_optimiser_of_another_model_is_noticed_at_the_line_of_fit():
    with pytest.warns(UserWarning, match=r"SGD.step: none of the 2 parameters has") as told:
        fit(model=ag.nn.Linear(3, 2), epochs=3)
    assert len(told) == 1 and told[0].filename == __file__


def test_softmax_before_cross_entropy_is_noticed_once():
    model = ag.nn.Sequential(ag.nn.Linear(3, 2), ag.nn.Softmax(-1))
    sgd = ag.optim.SGD(model.parameters())
    with pytest.warns(UserWarning, match="expected logits, got the output of a softmax") as told:
        fit(model=model, optimizer=sgd, epochs=3)
    assert len(told) == 1 and told[0].filename == __file__
