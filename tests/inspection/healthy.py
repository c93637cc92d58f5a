"""Programs that are all right, though they look like those that are not."""

import numpy as np

import agx as ag

X = np.linspace(-2, 2, 6).reshape(2, 3)


def big():
    return ag.Tensor([[1000.0, 0.0, -3.0], [0.5, 1.0, 2.0]])


def x():
    return ag.Tensor(X)


def zeros():
    return ag.Tensor([0.0, 0.0])


def masked(s):
    return np.where(np.array([[True, False, True], [True, True, False]]), s, -np.inf)


def mean_decay(t):
    at_zero = t.value == 0
    safe = np.where(at_zero, 1, t)
    return np.where(at_zero, 1.0, -np.expm1(-safe) / safe)


PROGRAMS = {
    "log_softmax": lambda: -ag.mean(ag.log_softmax(big())[:, 1]),
    "cross entropy": lambda: ag.cross_entropy(big(), np.array([1, 0])),
    "softmax": lambda: ag.sum(ag.softmax(big()) ** 2),
    "logsumexp": lambda: ag.sum(ag.logsumexp(big(), axis=1)),
    "logsigmoid": lambda: ag.sum(ag.logsigmoid(big())),
    "softplus": lambda: ag.sum(ag.softplus(big())),
    "logaddexp": lambda: np.sum(np.logaddexp(big(), -big())),
    "sigmoid far out": lambda: ag.sum(ag.sigmoid(-big())),
    "bce with logits": lambda: ag.binary_cross_entropy_with_logits(
        big()[0], np.array([0.0, 1.0, 1.0])
    ),
    "masked softmax": lambda: ag.sum(ag.softmax(masked(x())) * X),
    "masked log sum exp": lambda: ag.sum(ag.logsumexp(masked(x()), axis=1)),
    "masked maximum": lambda: ag.sum(np.max(masked(x()), axis=1)),
    "minimum with infinity": lambda: np.sum(np.minimum(x(), np.inf)),
    "where that hides a log": lambda: np.sum(
        np.where(X > 0, np.log(np.where(X > 0, x(), 1.0)), 0.0)
    ),
    "where that hides a quotient": lambda: np.sum(np.where(X == 9, 1 / (x() + 9), x())),
    "norm at zero": lambda: ag.linalg.norm(zeros()),
    "norm with eps": lambda: np.sum(zeros() / np.maximum(ag.linalg.norm(zeros()), 1e-12)),
    "root with eps": lambda: np.sum(np.sqrt(zeros() + 1e-12)),
    "absolute at zero": lambda: np.sum(np.abs(zeros())),
    "relu at zero": lambda: ag.sum(ag.relu(zeros())),
    "max of ties": lambda: np.max(zeros()),
    "std with eps": lambda: np.sum((zeros() - np.mean(zeros())) / (np.std(zeros()) + 1e-8)),
    "square at zero": lambda: np.sum(zeros() ** 2),
    "power one at zero": lambda: np.sum(zeros() ** 1.0),
    "power three of negatives": lambda: np.sum(x() ** 3),
    "log1p": lambda: np.sum(np.log1p(np.abs(x()))),
    "expm1": lambda: np.sum(np.expm1(x() * 1e-9)),
    "huge but finite": lambda: np.sum(x() * 1e300),
    "tiny": lambda: np.sum(x() * 1e-300),
    "division": lambda: np.sum(1 / (np.abs(x()) + 1)),
    "arccos inside": lambda: np.sum(np.arccos(x() / 3)),
    "arccos clipped": lambda: np.sum(np.arccos(np.clip(x(), -0.9, 0.9))),
    "arctan2": lambda: np.sum(np.arctan2(x(), 1 + x() ** 2)),
    "hypot": lambda: np.sum(np.hypot(x(), 1.0)),
    "hypot of huge numbers": lambda: np.sum(np.hypot(x() * 1e200, 1e200)),
    "xlogy": lambda: np.sum(ag.special.xlogy(np.abs(zeros()), 1 + zeros())),
    "xlogy, clipped": lambda: np.sum(ag.special.xlogy(*[np.maximum(zeros(), 1e-12)] * 2)),
    "limit of a mean decay": lambda: np.sum(mean_decay(zeros())),
    "log of one minus exp": lambda: np.sum(np.log(-np.expm1(-(zeros() + 1e-20)))),
    "sum over a mask": lambda: np.sum(x() * (X > 0)) / max((X > 0).sum(), 1),
    "batch norm of equals": lambda: ag.sum(
        ag.nn.BatchNorm1d(2)(ag.Tensor(np.ones((4, 2), np.float32)))
    ),
    "layer norm of equals": lambda: ag.sum(
        ag.nn.LayerNorm(3)(ag.Tensor(np.ones((2, 3), np.float32)))
    ),
    "cumulative product": lambda: np.sum(np.cumprod(zeros() + 0.5)),
    "determinant": lambda: ag.linalg.det(ag.Tensor(np.eye(2))),
    "scalars": lambda: (ag.Scalar(0.0) * 3.0).relu() + ag.Scalar(1.0).log(),
    "product with an infinity outside": lambda: np.sum(
        np.minimum(x(), np.array([np.inf, 1.0, 0.0]))
    ),
}
