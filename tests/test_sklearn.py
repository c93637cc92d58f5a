"""Networks as estimators of scikit-learn."""

import subprocess
import sys

import numpy as np
import pytest

import agx as ag

pytest.importorskip("sklearn", minversion="1.6")

from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import make_blobs, make_regression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from agx.sklearn import Classifier, Regressor


@parametrize_with_checks([Classifier(), Regressor()])
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def blobs():
    x, y = make_blobs(120, centers=3, n_features=4, random_state=0)
    return x, np.array(["red", "green", "blue"])[y]


def test_a_pipeline_is_searched_and_validated(blobs):
    pipeline = make_pipeline(StandardScaler(), Classifier(epochs=20, random_state=0))
    assert cross_val_score(pipeline, *blobs, cv=3).mean() > 0.9
    grid = {
        "classifier__hidden_layer_sizes": [(), (8, 8)],
        "classifier__optimizer": ["sgd", "adam"],
    }
    search = GridSearchCV(pipeline, grid, cv=2).fit(*blobs)
    assert search.best_score_ > 0.9 and len(search.cv_results_["params"]) == 4


def test_a_classifier_leaves_what_it_learned(blobs):
    found = Classifier(epochs=3, random_state=0).fit(*blobs)
    assert list(found.classes_) == ["blue", "green", "red"] and found.n_features_in_ == 4
    assert len(found.history_) == 3 and isinstance(found.module_, ag.nn.Module)
    shares = found.predict_proba(blobs[0])
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_array_equal(found.classes_[shares.argmax(axis=1)], found.predict(blobs[0]))


def test_numbers_are_learned_in_their_units():
    x, y = make_regression(100, 5, noise=1.0, random_state=0)
    network = Regressor(epochs=60, random_state=0)
    assert (
        TransformedTargetRegressor(network, transformer=StandardScaler()).fit(x, y).score(x, y)
        > 0.95
    )


def test_several_outputs():
    x = np.linspace(-1, 1, 60)[:, None]
    found = Regressor(epochs=100, random_state=0).fit(x, np.hstack([x, -(x**2)]))
    assert found.predict(x).shape == (60, 2) and found.score(x, np.hstack([x, -(x**2)])) > 0.9


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_of_the_data_is_that_of_the_network(blobs, dtype):
    x = blobs[0].astype(dtype)
    found = Classifier(epochs=1).fit(x, blobs[1])
    assert {p.dtype for p in found.module_.parameters()} == {np.dtype(dtype)}
    assert found.predict_proba(x).dtype == dtype


def test_a_state_is_repeated_and_the_default_generator_left_alone(blobs):
    ag.seed(1)
    one, two = (Classifier(epochs=2, random_state=3).fit(*blobs) for _ in range(2))
    np.testing.assert_array_equal(one.predict_proba(blobs[0]), two.predict_proba(blobs[0]))
    drawn = ag.nn.Linear(3, 2).weight.value
    ag.seed(1)
    np.testing.assert_array_equal(ag.nn.Linear(3, 2).weight.value, drawn)


def test_a_module_and_an_optimiser_of_ones_own_take_pictures():
    def small(shape, classes):
        channels, side, _ = shape
        return ag.nn.Sequential(
            ag.nn.Conv2d(channels, 4, 3),
            ag.nn.ReLU(),
            ag.nn.Flatten(),
            ag.nn.Linear(4 * (side - 2) ** 2, classes),
        )

    x, y = ag.data.digits("test").arrays
    network = Classifier(
        small, input_shape=(1, 8, 8), epochs=20, random_state=0,
        optimizer=lambda parameters: ag.optim.SGD(parameters, lr=0.1, momentum=0.9),
    )  # fmt: skip
    assert network.fit(x.reshape(len(x), -1), y).score(x.reshape(len(x), -1), y) > 0.95


def test_callbacks_are_called_and_a_copy_is_new(blobs):
    seen = []
    network = Classifier(
        epochs=5, callbacks=[lambda state: seen.append(state.epoch) or state.epoch == 2]
    )
    assert len(network.fit(*blobs).history_) == 2 and seen == [1, 2]
    assert not hasattr(clone(network), "module_")


@pytest.mark.parametrize("name", ["adagrad", "nadam", "adadelta"])
def test_optimisers_go_by_their_names(blobs, name):
    assert len(Classifier(optimizer=name, epochs=1).fit(*blobs).history_) == 1


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"module": ag.nn.Linear(4, 3)}, TypeError, r"module must be a function \(inputs, outputs\) .* got Linear"),
        ({"module": 3}, TypeError, "so that each fit begins anew, got int"),
        ({"optimizer": "best"}, ValueError, "optimizer is 'best', expected one of sgd, .*adam, "),
        ({"optimizer": "lbfgs"}, ValueError, "optimizer is 'lbfgs', expected one of sgd, "),  # it has no decay
    ],
)  # fmt: skip
def test_settings_that_do_not_fit(blobs, options, error, message):
    with pytest.raises(error, match=f"Classifier: .*{message}|{message}"):
        Classifier(**options).fit(*blobs)


def test_a_single_class_cannot_be_learned():
    with pytest.raises(
        ValueError, match="expected labels of two classes or more, got one class, 1"
    ):
        Classifier().fit(np.ones((3, 2)), [1, 1, 1])


def test_without_scikit_learn_an_error_says_what_to_install():
    code = "import sys; sys.modules['sklearn'] = None; import agx as ag; ag.sklearn"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (
        'ImportError: ag.sklearn needs scikit-learn 1.6 or newer; install it with: pip install "agx[sklearn]"'
        in found.stderr
    )
