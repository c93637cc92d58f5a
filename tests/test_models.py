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


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ag.models.lenet5_bn(1, 10, 8), r"lenet5_bn: expected images of at least 16 x 16 pixels, got 8 x 8"),
        (lambda: ag.models.cnn(1, 10, 9), r"cnn: expected images of at least 10 x 10 pixels, got 9 x 9; enlarge.*ag\.models\.mlp"),
        (lambda: ag.models.cnn()(np.zeros((1, 1, 32, 32), "f4")), "cnn: expected images of 28 x 28 pixels, got 32 x 32; resize them, or build it with image_size=32"),
        (lambda: ag.models.cnn()(np.zeros((1, 1, 5, 5), "f4")), "cnn: .* got 5 x 5; resize them$"),
        (lambda: ag.models.lenet5_bn(1)(np.zeros((1, 1, 32, 32), "f4")), "one value per channel, which has no variance"),
    ],
)  # fmt: skip
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_smallest_images():
    assert ag.models.cnn(3, 4, 10)(np.zeros((2, 3, 10, 10), np.float32)).shape == (2, 4)
    for size in (1, 7, 33):
        model = ag.models.resnet8(1, 3).eval()
        assert model(np.zeros((2, 1, size, size), np.float32)).shape == (2, 3)


def test_names_of_a_residual_network_are_those_of_torchvision():
    names = list(ag.models.resnet8().state_dict())
    assert names[:2] == ["conv1.weight", "bn1.weight"] and names[-2:] == ["fc.weight", "fc.bias"]
    assert "layer2.0.downsample.0.weight" in names and "layer3.0.bn2.running_var" in names
    assert "layer1.0.downsample.0.weight" not in names
    assert "layer3.2.conv2.weight" in ag.models.resnet20().state_dict()


@pytest.mark.parametrize("name", ["cnn", "lenet5_bn", "resnet8", "resnet20"])
def test_they_learn(name):
    rng = np.random.default_rng(0)
    build = getattr(ag.models, name)
    size = {"cnn": {"image_size": 12}, "lenet5_bn": {"image_size": 16}}.get(name, {})
    model = build(in_channels=1, classes=2, rng=rng, **size)
    x = rng.standard_normal((16, 1, *(size.get("image_size", 8),) * 2)).astype(np.float32)
    y = (x.mean((1, 2, 3)) > 0).astype(int)
    optimizer = ag.optim.Adam(model.parameters(), lr=0.005)
    ag.seed(0)
    for _ in range(25):
        optimizer.zero_grad()
        loss = ag.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.25
    assert all(p.grad is not None for p in model.parameters())


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
