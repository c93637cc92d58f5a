"""Compiled training steps: parameters, optimisers and chance."""

import numpy as np
import pytest

import agx as ag

RNG = np.random.default_rng(0)
X = RNG.normal(size=(16, 4)).astype(np.float32)
IMAGES = RNG.normal(size=(4, 1, 32, 32)).astype(np.float32)
CLASSES = RNG.integers(0, 3, 16)


def dense():
    return ag.nn.Sequential(ag.nn.Linear(4, 8), ag.nn.ReLU(), ag.nn.Linear(8, 3))


def dropping():
    return ag.nn.Sequential(
        ag.nn.Linear(4, 8), ag.nn.Tanh(), ag.nn.Dropout(0.5), ag.nn.Linear(8, 3)
    )


def normalised():
    return ag.nn.Sequential(
        ag.nn.Linear(4, 8), ag.nn.LayerNorm(8), ag.nn.GELU(), ag.nn.Linear(8, 3)
    )


def stepper(make, optimiser, finish=lambda loss: loss.item(), clear=True):
    ag.seed(0)
    model = make()
    opt = optimiser(model.parameters(), lr=0.05)

    def step(x, y):
        if clear:
            opt.zero_grad()
        loss = ag.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        return finish(loss)

    return model, step


def same_training(make, optimiser, x, y, **how):
    model, step = stepper(make, optimiser, **how)
    other, plain = stepper(make, optimiser, **how)
    compiled = ag.compile(step)
    ag.seed(1)
    found = [compiled(x, y) for _ in range(4)]
    ag.seed(1)
    expected = [plain(x, y) for _ in range(4)]
    np.testing.assert_allclose([float(a) for a in found], [float(a) for a in expected], rtol=1e-5)
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(p.value, q.value, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(p.grad, q.grad, rtol=1e-4, atol=1e-6)
    return compiled


@pytest.mark.parametrize("optimiser", [ag.optim.SGD, ag.optim.Adam, ag.optim.NAdam])
@pytest.mark.parametrize("make", [dense, dropping, normalised])
def test_steps(make, optimiser):
    compiled = same_training(make, optimiser, X, CLASSES)
    assert sum(len(entry.plans) for entry in compiled._entries.values()) == 2


def test_a_convolutional_network():
    same_training(ag.models.lenet5, ag.optim.SGD, IMAGES, np.arange(4))


def of_sequences():
    return ag.nn.Sequential(
        ag.nn.Conv1d(4, 4, 4, padding="same"), ag.nn.GroupNorm(2, 4), ag.nn.MaxPool1d(2),
        ag.nn.ConvTranspose1d(4, 2, 3), ag.nn.AdaptiveAvgPool1d(2), ag.nn.Flatten(),
        ag.nn.RMSNorm(4), ag.nn.Linear(4, 3),
    )  # fmt: skip


def of_images():
    return ag.nn.Sequential(
        ag.nn.Dropout2d(0.5), ag.nn.Conv2d(2, 4, 3, 1, 1, bias=False, padding_mode="reflect"),
        ag.nn.InstanceNorm2d(4, affine=True), ag.nn.Upsample(scale_factor=2),
        ag.nn.Upsample((5, 3), mode="bilinear"), ag.nn.AdaptiveMaxPool2d((2, None)),
        ag.nn.Flatten(), ag.nn.Linear(24, 3),
    )  # fmt: skip


def of_volumes():
    return ag.nn.Sequential(
        ag.nn.Conv3d(1, 2, (2, 3, 3), padding=1), ag.nn.Unflatten(1, (1, 2)), ag.nn.Flatten(),
        ag.nn.Linear(2 * 3 * 4 * 4, 3),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("make", "shape"),
    [(of_sequences, (4, 4, 6)), (of_images, (4, 2, 4, 4)), (of_volumes, (4, 1, 2, 4, 4))],
)
def test_sequences_images_and_volumes(make, shape):
    x = RNG.normal(size=shape).astype(np.float32)
    compiled = same_training(make, ag.optim.SGD, x, np.arange(4) % 3)
    assert sum(len(entry.plans) for entry in compiled._entries.values()) == 2


def test_the_loss_as_a_tensor():
    same_training(dense, ag.optim.SGD, X, CLASSES, finish=lambda loss: loss)


def test_gradients_that_add_up():
    same_training(dense, ag.optim.SGD, X, CLASSES, clear=False)


def test_the_learning_rate_is_read_each_time():
    w = ag.Tensor([1.0])
    opt = ag.optim.SGD([w], lr=0.5)

    @ag.compile
    def step():
        opt.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        opt.step()
        return loss.item()

    assert step() == 1.0
    opt.lr = 0.0
    for _ in range(3):
        assert step() == 0.0
    w.value[...] = 3.0
    assert step() == 9.0


def test_a_model_that_evaluates_has_another_plan():
    ag.seed(0)
    model = dropping()
    compiled = ag.compile(lambda x: model(x).detach())
    model.eval()
    still = compiled(X).value
    np.testing.assert_array_equal(compiled(X).value, still)
    model.train()
    assert not np.array_equal(compiled(X).value, still)
    assert not np.array_equal(compiled(X).value, compiled(X).value)


def test_gradients_without_an_optimiser():
    w = ag.Tensor([1.0, 2.0])

    @ag.compile
    def add(x):
        (w * x).sum().backward()

    x = np.array([3.0, 4.0])
    for k in range(1, 4):
        add(x)
        np.testing.assert_array_equal(w.grad, k * x)
    w.grad = None
    add(x)
    np.testing.assert_array_equal(w.grad, x)


@pytest.mark.filterwarnings("ignore:compile")
def test_parameters_after_their_step():
    w = ag.Tensor([1.0])
    opt = ag.optim.SGD([w], lr=0.5)

    def two_steps():
        for _ in range(2):
            opt.zero_grad()
            loss = (w * w).sum() * 0.5
            loss.backward()
            opt.step()
        return loss.item()

    compiled = ag.compile(two_steps)
    assert [compiled() for _ in range(3)] == [0.125, 0.125 / 16, 0.125 / 256]


@pytest.mark.parametrize("in_place", [True, False])
def test_parameters_that_are_set_by_hand(in_place):
    w = ag.Tensor([1.0, 2.0])
    array = w.value

    @ag.compile
    def step(x):
        w.grad = None
        loss = (w * x).sum()
        loss.backward()
        if in_place:
            w.value -= 0.5 * w.grad
        else:
            w.value = w.value - 0.5 * w.grad
        return loss.item()

    x = np.array([1.0, 3.0])
    assert [step(x) for _ in range(4)] == [7.0, 2.0, -3.0, -8.0]
    np.testing.assert_array_equal(w.value, [-1.0, -4.0])
    assert (w.value is array) == in_place
    assert sum(len(entry.plans) for entry in step._entries.values()) == 1


@pytest.mark.filterwarnings("ignore:compile")
def test_assignment_into_tensors():
    outside = ag.Tensor([1.0, 2.0], requires_grad=False)

    def function(x):
        outside[0] = outside[0] + 1.0
        u = ag.zeros(3)
        u[0] = x[0]
        u[1:] = x[1:] * u[0]
        return (u * outside[0]).value

    compiled = ag.compile(function)
    x = np.arange(1.0, 4.0)
    for k in range(2, 6):
        np.testing.assert_array_equal(compiled(x), k * x)
    assert outside.value[0] == 5.0


@pytest.mark.parametrize(
    "layer", [ag.nn.LayerNorm(4), ag.nn.BatchNorm1d(4).eval(), ag.nn.BatchNorm1d(4)]
)
@pytest.mark.filterwarnings("ignore:compile")
def test_an_array_of_which_something_is_remembered(layer):
    for p in layer.parameters():
        p.requires_grad = False
    plain = ag.grad(lambda x: ag.sum(layer(x) ** 3))
    compiled, x = ag.compile(plain), X.copy()
    for _ in range(4):
        np.testing.assert_allclose(compiled(x), plain(x), rtol=1e-5, atol=1e-5)
        x[...] = RNG.normal(size=x.shape)
