import numpy as np
import pytest
from public import public

import agx as ag
from agx import runs


def count(model):
    return sum(p.size for p in model.parameters())


@pytest.mark.parametrize(
    ("channels", "size", "parameters"), [(1, 32, 61_706), (1, 28, 61_706), (3, 32, 62_006)]
)
def test_lenet5(channels, size, parameters):
    model = ag.models.lenet5(channels, 10, size)
    assert model(np.zeros((2, channels, size, size), np.float32)).shape == (2, 10)
    assert count(model) == parameters


def test_lenet5_needs_room():
    assert ag.models.lenet5(1, 3, 16)(np.zeros((1, 1, 16, 16), np.float32)).shape == (1, 3)
    with pytest.raises(
        ValueError, match=r"at least 16 x 16 pixels, got 8 x 8; enlarge.*ag\.models\.mlp"
    ):
        ag.models.lenet5(1, 10, 8)


def test_mlp():
    model = ag.models.mlp(64, hidden=(32, 16), classes=3)
    assert model(np.zeros((5, 1, 8, 8), np.float32)).shape == (5, 3)
    assert model(np.zeros((5, 64), np.float32)).shape == (5, 3)
    assert count(model) == 64 * 32 + 32 + 32 * 16 + 16 + 16 * 3 + 3
    assert count(ag.models.mlp(4, hidden=(), classes=2)) == 10


#: How each model is called, and how many parameters `agx train` then gives it for 1 x 28 x 28 digits.
MODELS = {
    "cnn": ((), 34_826),
    "lenet5": ((), 61_706),
    "lenet5_bn": ((), 62_158),
    "mlp": ((9,), 235_146),
    "resnet20": ((), 272_186),
    "resnet8": ((), 77_754),
}


def test_every_model_is_tested():
    assert list(MODELS) == public(ag.models) == runs.MODELS


@pytest.mark.parametrize("name", MODELS)
def test_the_command_line_builds_it_for_images(name):
    model = runs.factory(name)((1, 28, 28), 10)
    assert model(np.zeros((2, 1, 28, 28), np.float32)).shape == (2, 10)
    assert count(model) == MODELS[name][1]


@pytest.mark.parametrize("name", MODELS)
def test_weights_follow_the_generator(name):
    def build(rng):
        return getattr(ag.models, name)(*MODELS[name][0], rng=rng)

    first, second, other = (
        np.concatenate([p.value.ravel() for p in build(np.random.default_rng(seed)).parameters()])
        for seed in (0, 0, 1)
    )
    assert np.array_equal(first, second) and not np.array_equal(first, other)
