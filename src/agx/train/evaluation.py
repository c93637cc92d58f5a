"""What a model gives and how good it is: evaluation and prediction."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from .._engine.graph import no_grad
from . import checks
from .inputs import check_rows, inputs_of, pairs
from .measure import Meter, Metrics, measures


def evaluate(
    model: Any,
    loader: Iterable[tuple[Any, ...]],
    loss: Callable[[Any, Any], Any] | None = None,
    *,
    metrics: Metrics = None,
) -> dict[str, float]:
    """Measure the ``loss`` and the ``metrics`` of a model, as ``fit`` does.

    The loss is that of all examples, however they are cut into batches: ignored ones, class weights and
    ``reduction="sum"`` of agx's losses count; another function's results count by the sizes of the batches.

    Without ``metrics`` the ``accuracy`` (0 to 1) is measured if agx's loss says what it takes: class
    scores, logits or probabilities. The model runs in evaluation mode without recording, and is put
    back in its mode afterwards. Raises ValueError for an empty loader, and if there is neither a loss
    nor a metric.

    >>> x, y = np.random.rand(8, 3).astype(np.float32), np.arange(8) % 2
    >>> sorted(ag.evaluate(ag.nn.Linear(3, 2), [(x, y)], ag.cross_entropy))
    ['accuracy', 'loss']
    """
    checks.check_model("evaluate", model)
    checks.check_loader("evaluate", loader)
    if loss is not None:
        checks.check_loss("evaluate", loss)
    measured = measures("evaluate", metrics, loss)
    if loss is None and not measured:
        raise ValueError(
            "evaluate: there is nothing to measure; give the loss, or metrics such as "
            "ag.train.Accuracy('scores')"
        )
    return measured_on("evaluate", model, loader, loss, measured)


def measured_on(
    who: str, model: Any, loader: Any, loss: Any, measured: dict[str, Any]
) -> dict[str, Any]:
    """The loss and the metrics of a model on all batches of a loader."""
    meter = Meter(measured, loss)
    with evaluating(model):
        for inputs, targets in pairs(who, loader):
            outputs = model(*inputs)
            checks.check_result(who, outputs)
            value = math.nan if loss is None else loss(outputs, targets)
            meter.add(checks.number(who, loss, value), outputs.array, targets)
    if not meter.count:
        raise ValueError(no_batches(who))
    found = meter.result()
    if loss is None:
        del found["loss"]
    return found


def predict(model: Any, x: Any, *, batch_size: int = 256) -> np.ndarray:
    """Return the model's outputs for an array of inputs, or for all batches of a loader.

    An array (or a table of pandas or polars, or a data set) is cut into pieces of ``batch_size`` along its
    first axis; of a loader's batches the last element is taken for the targets and ignored, unless it is
    the only one. The model runs in evaluation mode without recording,
    and is put back in its mode afterwards. ``ag.train.decide`` turns outputs into
    classes. Raises ValueError if there is nothing to predict,
    TypeError for what is no array and gives no batches.

    >>> ag.predict(ag.nn.Linear(3, 2), np.ones((5, 3), np.float32)).shape
    (5, 2)
    """
    checks.check_model("predict", model)
    checks.check_batch_size(batch_size)
    with evaluating(model):
        outputs = []
        for inputs in inputs_of(x, batch_size):
            found = model(*inputs)
            checks.check_result("predict", found)
            outputs.append(found.array)
    if not outputs:
        raise ValueError("predict: got no inputs; the array or the loader is empty")
    check_rows(x, outputs)
    return np.concatenate(outputs)


@contextlib.contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Evaluation mode and no recording; afterwards every module is in the mode it was in."""
    modules = list(model.modules()) if hasattr(model, "modules") else [model]
    modes = [(module, module.training) for module in modules if hasattr(module, "training")]
    for module, _ in modes:
        module.training = False
    try:
        with no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode


def no_batches(who: str, where: str = "", before: bool = False) -> str:
    """What to say of a loader that gives nothing."""
    if before:
        return (
            f"{who}: the loader has no batches{where}; a generator gives its batches once: use a list or "
            "an ag.data.Loader, which start anew every epoch (error.history has the epochs before)"
        )
    return (
        f"{who}: the loader has no batches; check its size and drop_last, and that it is no generator, "
        "which gives its batches once"
    )
