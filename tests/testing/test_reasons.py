"""explain_nan names the operation, the place and a fix."""

import numpy as np
import pytest

import agx as ag

explain = ag.testing.explain_nan


@pytest.mark.parametrize(
    ("f", "x", "words"),
    [
        (np.linalg.norm, np.zeros(3), ["derivative 2", "'norm'", "square it"]),
        (lambda x: np.hypot(x[0], x[1]), np.zeros(2), ["derivative 2", "'hypot'"]),
        (np.std, np.ones(3), ["derivative 2", "'std'", "use var"]),
        (
            lambda a: np.linalg.eigh(a)[1][0, 0],
            np.eye(2),
            ["derivative 1", "'eigh'", "symmetric_function"],
        ),
        (lambda a: np.linalg.eigvalsh(a)[0], np.eye(2), ["derivative 2", "'eigh'"]),
        (lambda a: np.linalg.svd(a)[0], np.eye(2), ["derivative 1", "'svd'", "singular values"]),
        (lambda a: np.linalg.eig(a)[1], np.eye(2), ["derivative 1", "'eig'"]),
        (ag.linalg.sqrtm, np.zeros((2, 2)), ["derivative 1", "'sqrtm'", "eigenvalue is 0"]),
        (
            lambda x: np.exp(np.log(x)),
            np.array([0.0, 1.0]),
            ["derivative 1", "'log'", "element (0,)", "infinite"],
        ),
        (lambda x: np.maximum(x, -x) ** 2, np.zeros(2), ["derivative 2", "'maximum'", "tie"]),
        (lambda x: np.sum(np.sort(x) ** 2), np.ones(2), ["derivative 2", "'sort'", "alike"]),
        (lambda x: np.log(x - 2), np.ones(2), ["the value is NaN", "'log'"]),
        (
            lambda x: np.log(1 + np.exp(x)),
            np.array([1.0, 1000.0]),
            ["derivative 1", "'log'", "element (1,)", "overflowed", "softplus"],
        ),
        (lambda a: np.linalg.qr(a)[0], np.ones((2, 2)), ["derivative 1", "'qr'", "columns"]),
        (
            lambda a: np.linalg.slogdet(a)[1],
            np.ones((2, 2)),
            ["derivative 1", "'slogdet'", "singular"],
        ),
        (np.roots, np.array([1.0, -2.0, 1.0]), ["derivative 1", "'roots'", "double"]),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:overflow")
def test_why(f, x, words):
    found = explain(f, x)
    assert all(word in found for word in words), found


def test_there_may_be_nothing_to_explain():
    with pytest.raises(ValueError, match="explain_nan: no derivative up to order 3 is NaN"):
        explain(np.sin, np.zeros(2))
