"""Checks of the lecture's exercises: what an answer has to do, and hints for what students get wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from typing import Any

import numpy as np

from .._kernels.graph import Scalar
from ..tensor import Tensor

_EXERCISES: dict[str, Callable[[Any], Iterator[str]]] = {}


class Checked:
    """Say whether an answer is right, and else what to look at; true if it is."""

    def __init__(self, name: str, hints: list[str]) -> None:
        self.name, self.hints = name, hints

    def __bool__(self) -> bool:
        return not self.hints

    def __str__(self) -> str:
        if not self.hints:
            return f"{self.name}: right"
        return "\n".join([f"{self.name}: not yet", *(f"  - {hint}" for hint in self.hints)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def check_exercise(name: str, answer: Any) -> Checked:
    """Check an answer to an exercise of the lecture, and give a hint for what is wrong with it.

    ``name`` is "forward" (the class Model), "mse", "log", "mul", "sum", "reshape", "indexing", "bce" or
    "convolution", and ``answer`` the function, or the class, that the exercise asks for. What it is
    called with, and of what shapes, the notebooks in ``examples/lecture`` say. Returns what prints as "right"
    or as hints; an error of the answer itself is a hint too.

    Raises ValueError for an exercise that there is not, and TypeError for an answer that cannot be called.

    >>> ag.testing.check_exercise("mse", lambda predictions, targets: ag.Scalar(0.0))
    mse: not yet
      - the loss is 0, whatever the predictions are: add up the squares of the differences
    """
    if name not in _EXERCISES:
        raise ValueError(f"check_exercise: expected one of {', '.join(_EXERCISES)}, got {name!r}")
    if not callable(answer):
        raise TypeError(
            f"check_exercise: expected the function of exercise {name!r}, got {type(answer).__name__}; give "
            "the function itself"
        )
    try:
        hint = next(_EXERCISES[name](answer), None)
    except Exception as error:
        hint = f"it raises {type(error).__name__}: {error}"
    return Checked(name, [] if hint is None else [hint])


def _exercise(check: Callable[[Any], Iterator[str]]) -> Callable[[Any], Iterator[str]]:
    _EXERCISES[check.__name__.strip("_")] = check
    return check


def _close(x: Any, y: Any) -> bool:
    return np.shape(x) == np.shape(y) and bool(np.allclose(x, y))


# --- numbers -------------------------------------------------------------------------------------


@_exercise
def _forward(model_class: Any) -> Iterator[str]:
    model = model_class(3)
    names = {"w1": [1.0, -2.0, 0.5], "b1": [0.5, 1.0, -1.0], "w2": [2.0, 1.0, -3.0], "b2": [-3.0]}
    for name, values in names.items():
        for weight, number in zip(getattr(model, name), values, strict=True):
            weight.value = number
    x = np.array([-1.0, 0.0, 2.0])
    found = model.forward(x)
    if len(found) != len(x):
        yield f"there are {len(found)} outputs for {len(x)} numbers: give one for each"
    if not all(isinstance(s, Scalar) for s in found):
        yield "the outputs are plain numbers, which have no graph: compute with ag.Scalar to the end"
    w1, b1, w2 = (np.array(names[name]) for name in ("w1", "b1", "w2"))
    inside = np.outer(x, w1) + b1
    outputs = np.array([s.value for s in found])
    hidden = np.maximum(inside, 0.0)
    for wrong, hint in (
        (0 * x, "the outputs are 0, whatever the weights are: compute the formula of the exercise"),
        (inside @ w2 - 3.0, "the outputs are linear in x: apply relu to w1 x + b1"),
        (hidden @ w2, "b2 is missing: add it to each output"),
        (np.maximum(np.outer(x, w1), 0.0) @ w2 - 3.0, "b1 is missing: add it before relu"),
        (np.maximum(inside @ w2 - 3.0, 0.0), "relu belongs to w1 x + b1, not to the output"),
        (hidden @ w2 - 9.0, "b2 is added once for each hidden unit: add it once"),
    ):
        if _close(outputs, wrong):
            yield hint
    if not _close(outputs, hidden @ w2 - 3.0):
        yield f"for x = {x[0]:g} the output is {outputs[0]:.4g}, and should be {hidden[0] @ w2 - 3.0:.4g}"
    found[0].backward()
    slopes = w2 * (inside[0] > 0)
    for name, right in (("w2", hidden[0]), ("b2", [1.0]), ("w1", x[0] * slopes), ("b1", slopes)):
        if not _close([s.grad for s in getattr(model, name)], right):
            yield f"the gradients of {name} are wrong: use the model's own Scalars, not their values"


@_exercise
def _mse(mse: Any) -> Iterator[str]:
    predictions, targets = [Scalar(v) for v in (1.0, -2.0, 4.0)], [0.0, 1.0, 2.0]
    loss = mse(predictions, targets)
    if not isinstance(loss, Scalar):
        yield "the loss is a plain number, which has no graph: compute with the Scalars themselves"
    right, value = 14 / 3, loss.value
    for number, hint in (
        (0.0, "the loss is 0, whatever the predictions are: add up the squares of the differences"),
        (3 * right, "it is the sum of the squares: divide it by their number"),
        (right / 2, "it is half of the mean: the lecture has no factor of 1 / 2"),
        (6 / 3, "it is the mean of the absolute differences: square them"),
        (np.sqrt(right), "it is the root of the mean: leave the root out"),
    ):
        if np.isclose(value, number):
            yield hint
    if not np.isclose(value, right):
        yield f"the loss of [1, -2, 4] for [0, 1, 2] is {value:.4g}, and should be {right:.4g}"
    loss.backward()
    if not _close([s.grad for s in predictions], np.array([2.0, -6.0, 4.0]) / 3):
        yield "the gradients are wrong: use the predictions themselves, not their values"


# --- operations with a backward of their own -----------------------------------------------------


def _tensors(*values: Any) -> list[Tensor]:
    return [Tensor(np.array(v, float)) for v in values]


def _operation(
    answer: Callable[..., Any], inputs: list[Tensor], value: Any, gradients: list[Any], seed: Any
) -> Iterator[str]:
    """What holds of every operation: value, inputs, _backward, and that gradients are added up."""
    out = answer(*inputs)
    if not isinstance(out, Tensor):
        yield "the result is no ag.Tensor: return ag.Tensor(value, inputs=[...], op=...)"
    if not _close(out.value, value):
        yield f"the value is {out.value!r}, and should be {value!r}"
    if {id(x) for x in out.inputs} != {id(x) for x in inputs}:
        yield "the result does not name all that it was computed from: inputs=[...] has some of them"
    if out.primitive is not None:
        yield "the result was made by an operation of agx: write its _backward yourself, on the values"
    for start in (0.0, 1.0):
        for x in inputs:
            x.grad = np.full(x.shape, start)
        out.grad = np.asarray(seed, float)
        out._backward()
        for x, gradient in zip(inputs, gradients, strict=True):
            found = x.grad
            if _close(found, gradient + start):
                continue
            if _close(found, start - gradient):
                yield "the sign of a gradient is wrong"
            if start and _close(found, gradient):
                yield "the gradient is overwritten: write += for =, as an input may be used twice"
            if np.shape(seed) == np.shape(found) and _close(found * seed, gradient):
                yield "output.grad is missing: multiply the derivative by it (the chain rule)"
            yield f"a gradient is\n{found!r}\n    and should be\n{gradient + start!r}"


@_exercise
def _log(log: Any) -> Iterator[str]:
    x, seed = np.array([0.5, 2.0, 4.0]), np.array([1.0, -2.0, 3.0])
    yield from _operation(log, _tensors(x), np.log(x), [seed / x], seed)


@_exercise
def _mul(mul: Any) -> Iterator[str]:
    a, b = np.arange(6.0).reshape(2, 3) + 1, np.array([2.0, -1.0, 0.5])
    seed = np.arange(6.0).reshape(2, 3) - 2.5
    right = [seed * b, (seed * a).sum(axis=0)]
    inputs = _tensors(a, b)
    try:
        yield from _operation(mul, inputs, a * b, right, seed)
    except ValueError as error:
        if "shape" not in str(error) and "broadcast" not in str(error):
            raise
        yield (
            "shapes do not fit: the second factor was broadcast, so its gradient has to be summed over the "
            "new axis (un-broadcast)"
        )


@_exercise
def _sum(total: Any) -> Iterator[str]:
    x = np.arange(6.0).reshape(2, 3)
    for axis in (0, 1):
        seed = np.array([1.0, -2.0, 3.0]) if axis == 0 else np.array([2.0, -1.0])
        right = np.broadcast_to(np.expand_dims(seed, axis), x.shape)
        try:
            yield from _operation(
                lambda t, axis=axis: total(t, axis), _tensors(x), x.sum(axis), [right], seed
            )
        except ValueError as error:
            yield f"along axis {axis}: {error}; put the axis back that was summed over"


@_exercise
def _reshape(reshape: Any) -> Iterator[str]:
    x, seed = np.arange(6.0).reshape(2, 3), np.arange(6.0) - 2
    try:
        for shape in ((6,), (3, 2)):
            right = x.reshape(shape), [seed.reshape(2, 3)], seed.reshape(shape)
            yield from _operation(lambda t, shape=shape: reshape(t, shape), _tensors(x), *right)
    except ValueError as error:
        yield f"{error}; the gradient of the input has the shape of the input"


@_exercise
def _indexing(take: Any) -> Iterator[str]:
    x, seed, index = np.array([5.0, 6.0, 7.0, 8.0]), np.array([1.0, 2.0, 4.0]), np.array([2, 0, 2])
    right = np.array([2.0, 0.0, 5.0, 0.0])
    (leaf,) = inputs = _tensors(x)
    out = take(leaf, index)
    leaf.grad = np.zeros(4)
    out.grad = seed
    out._backward()
    if _close(leaf.grad, [2.0, 0.0, 4.0, 0.0]):
        yield "an element taken twice gets both gradients, and += at an index adds once: see np.add.at"
    if _close(leaf.grad, [1.0, 2.0, 4.0, 0.0]):
        yield "the gradients stand in the first places: put them at the index"
    yield from _operation(lambda t: take(t, index), inputs, x[index], [right], seed)


# --- losses and convolution ----------------------------------------------------------------------


@_exercise
def _bce(bce: Any) -> Iterator[str]:
    z, y = np.array([0.5, -1.0, 2.0]), np.array([1.0, 0.0, 0.0])
    each = np.logaddexp(0, z) - y * z
    (leaf,) = _tensors(z)
    loss = bce(leaf, y)
    if not isinstance(loss, Tensor):
        yield "the loss is a plain number, which has no graph: compute with the Tensor itself"
    if np.size(loss.value) != 1:
        yield f"the loss has shape {loss.shape}: take the mean, one number for the batch"
    value = float(loss.value)
    for wrong, hint in (
        (each.sum(), "it is the sum over the batch: take the mean"),
        (-each.mean(), "the sign is wrong: the loss is minus the logarithm of the likelihood"),
        (
            np.mean(np.logaddexp(0, z) - (1 - y) * z),
            "the classes are swapped: log p goes with y",
        ),
        (
            np.mean(y * np.logaddexp(0, -z)),
            "the term of class 0 is missing: add (1 - y) * log(1 - p)",
        ),
    ):
        if np.isclose(value, wrong):
            yield hint
    if not np.isclose(value, each.mean()):
        yield f"the loss is {value:.4g}, and should be {each.mean():.4g}"
    loss.backward()
    if not _close(leaf.grad, (1 / (1 + np.exp(-z)) - y) / 3):
        yield "the gradient is not (sigmoid(z) - y) / n: use operations of agx from the logits to the loss"
    with np.errstate(all="ignore"):
        far = bce(_tensors([1000.0, -1000.0])[0], np.array([0.0, 1.0]))
    if not np.isfinite(far.value):
        yield "it overflows for logits of 1000: write both logarithms with ag.softplus"
    if not _close(far.value, 1000.0):
        yield (
            f"for logits of 1000 it is {far.value:.4g}, and should be 1000: cut nothing off, use ag.softplus"
        )


@_exercise
def _convolution(convolution: Any) -> Iterator[str]:
    x = np.arange(2.0 * 2 * 4 * 5).reshape(2, 2, 4, 5) ** 1.5
    answer = convolution(x)
    found = np.asarray(getattr(answer, "value", answer))
    right = 2 * x[:, 0, 1:, :-1] - x[:, 0, :-1, 1:]
    if found.shape != right.shape:
        yield f"the shape is {found.shape}, and should be {right.shape}: a 2 x 2 kernel, stride 1, no padding"
    for wrong, hint in (
        (
            2 * x[:, 0, :-1, 1:] - x[:, 0, 1:, :-1],
            "upper and lower are swapped: rows count from the top",
        ),
        (2 * x[:, 0, 1:, 1:] - x[:, 0, :-1, :-1], "left and right are swapped"),
        (
            2 * x[:, 1, 1:, :-1] - x[:, 1, :-1, 1:],
            "it is the second channel: look at the first",
        ),
        (
            right + 2 * x[:, 1, 1:, :-1] - x[:, 1, :-1, 1:],
            "the second channel counts too: give it zeros",
        ),
        (
            2 * x[:, 0, 1:, :-1] + x[:, 0, :-1, 1:],
            "the sign of the upper right is wrong: subtract it",
        ),
        (x[:, 0, 1:, :-1] - x[:, 0, :-1, 1:], "the factor 2 of the lower left is missing"),
    ):
        if _close(found, wrong):
            yield hint
    if not _close(found, right):
        yield f"the first number is {found.flat[0]:.4g}, and should be {right.flat[0]:.4g}"
