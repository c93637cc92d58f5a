"""Networks as estimators of scikit-learn, for its pipelines, grid searches and cross validation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import models
from ._names import shown
from ._runtime.rng import using
from .data import Loader
from .nn import Module, losses
from .ops.reduce.softmax import softmax
from .runs.settings import OPTIMIZERS, takes
from .train import fit, predict

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(
        'ag.sklearn needs scikit-learn 1.6 or newer; install it with: pip install "agx[sklearn]"'
    ) from error


class _Network(BaseEstimator):  # type: ignore[misc]
    """What both estimators share: the settings, the building, and the training."""

    def __init__(
        self,
        module: Callable[..., Any] | None = None,
        *,
        hidden_layer_sizes: Sequence[int] = (64,),
        input_shape: Sequence[int] | None = None,
        loss: Callable[[Any, Any], Any] | None = None,
        optimizer: str | Callable[[Any], Any] = "adam",
        lr: float = 0.01,
        weight_decay: float = 0.0,
        epochs: int = 100,
        batch_size: int = 32,
        callbacks: Sequence[Callable[..., Any]] = (),
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.module, self.hidden_layer_sizes = module, hidden_layer_sizes
        self.input_shape, self.loss = input_shape, loss
        self.optimizer, self.lr, self.weight_decay = optimizer, lr, weight_decay
        self.epochs, self.batch_size, self.callbacks = epochs, batch_size, callbacks
        self.random_state, self.verbose = random_state, verbose

    def _train(self, x: np.ndarray, targets: np.ndarray, outputs: int, loss: Any) -> None:
        """Build the network and train it; ``x`` is (N, features), float32 or float64."""
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        rng = np.random.default_rng(seed)
        with using(rng):
            self.outputs_, self.dtype_ = outputs, x.dtype
            self.module_ = self._built()
            loader = Loader((self._shaped(x), targets), min(self.batch_size, len(x)), shuffle=True)
            self.history_ = fit(
                self.module_, loader, loss, self._optimizer(), self.epochs, metrics=(),
                callbacks=self.callbacks, progress=None if self.verbose else False,
            )  # fmt: skip
            self.module_.eval()

    def _built(self) -> Any:
        """A network for the data, with the dtype of these."""
        module: Any
        if self.module is None:
            module = models.mlp(self.n_features_in_, tuple(self.hidden_layer_sizes), self.outputs_)
        elif isinstance(self.module, Module) or not callable(self.module):
            raise TypeError(
                f"{type(self).__name__}: module must be a function (inputs, outputs) that builds a network, "
                f"so that each fit begins anew, got {type(self.module).__name__}; write lambda or def"
            )
        else:
            shape = self.input_shape
            module = self.module(
                self.n_features_in_ if shape is None else tuple(shape), self.outputs_
            )
        for p in module.parameters():
            p.value = p.value.astype(self.dtype_)
        return module

    def _optimizer(self) -> Any:
        if callable(self.optimizer):
            return self.optimizer(self.module_.parameters())
        kinds = [name for name in OPTIMIZERS if takes(name, "weight_decay")]
        if self.optimizer not in kinds:
            raise ValueError(
                f"{type(self).__name__}: optimizer is {self.optimizer!r}, expected one of "
                f"{', '.join(kinds)}, or a function that makes one of the parameters"
            )
        return OPTIMIZERS[self.optimizer](
            self.module_.parameters(), lr=self.lr, weight_decay=self.weight_decay
        )

    def _shaped(self, x: np.ndarray) -> np.ndarray:
        return x if self.input_shape is None else x.reshape(len(x), *self.input_shape)

    def _outputs(self, x: Any) -> np.ndarray:
        """What the network answers, (N, outputs) or as its module gives it."""
        check_is_fitted(self)
        x = validate_data(self, x, dtype=[np.float64, np.float32], reset=False)
        return predict(self.module_, self._shaped(x.astype(self.dtype_, copy=False)))

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        if "module_" in state:
            state["module_"] = state["module_"].state_dict()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if isinstance(found := vars(self).get("module_"), dict):
            with using(np.random.default_rng(0)):
                self.module_ = self._built().eval()
            self.module_.load_state_dict(found)


class Classifier(ClassifierMixin, _Network):  # type: ignore[misc]
    """Learn classes with a network: an estimator of scikit-learn.

    ``module(features, classes)`` builds the network, which returns scores (N, classes); with ``input_shape``
    it is given that in place of the number of features, and rows are reshaped to it, such as (1, 28, 28). By
    default it is ``ag.models.mlp`` with ``hidden_layer_sizes``. ``optimizer`` is a name of ``ag.optim`` in
    lower case, with ``lr`` and ``weight_decay``, or a function of the parameters; ``loss`` takes scores and
    class numbers (by default ``ag.cross_entropy``). Features are best of mean 0 and deviation 1
    (``StandardScaler``). ``fit(X, y)`` leaves ``module_``, ``history_`` and ``classes_``. Raises ValueError
    for data that scikit-learn refuses, and for a single class.

    >>> from sklearn.datasets import make_blobs
    >>> x, y = make_blobs(100, centers=3, random_state=0)
    >>> ag.sklearn.Classifier(epochs=20, random_state=0).fit(x, y).predict_proba(x).shape
    (100, 3)
    """

    def fit(self, X: Any, y: Any) -> Classifier:
        """Train a new network on features (N, features) and labels (N,), and return the estimator."""
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32])
        check_classification_targets(y)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"Classifier: expected labels of two classes or more, got one class, {self.classes_[0]}"
            )
        loss = losses.cross_entropy if self.loss is None else self.loss
        self._train(X, numbers.astype(np.int64), len(self.classes_), loss)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class, (N, classes)."""
        return softmax(self._outputs(X), axis=1)

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class of each row, (N,)."""
        chosen = self._outputs(X).argmax(axis=1)
        return np.asarray(self.classes_[chosen])


class Regressor(RegressorMixin, _Network):  # type: ignore[misc]
    """Learn numbers with a network: an estimator of scikit-learn.

    As ``Classifier``, with ``module(features, outputs)`` and targets (N,) or (N, outputs); the ``loss`` is
    ``ag.mse`` unless another is given. Targets are best of deviation 1 too (``TransformedTargetRegressor``).

    >>> x = np.linspace(-1, 1, 50)[:, None]
    >>> ag.sklearn.Regressor(epochs=20, random_state=0).fit(x, x[:, 0] ** 2).predict(x).shape
    (50,)
    """

    def fit(self, X: Any, y: Any) -> Regressor:
        """Train a new network on features (N, features) and targets (N,) or (N, outputs), and return it."""
        X, y = validate_data(
            self, X, y, dtype=[np.float64, np.float32], multi_output=True, y_numeric=True
        )
        self.single_ = y.ndim == 1
        targets = y.reshape(len(y), -1).astype(X.dtype)
        self._train(X, targets, targets.shape[1], losses.mse if self.loss is None else self.loss)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the outputs for each row, in the shape of the targets."""
        outputs = self._outputs(X)
        return outputs.reshape(len(outputs)) if self.single_ else outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def __dir__() -> list[str]:
    return shown(globals())
