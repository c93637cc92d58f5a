"""The summary of a model: what torchinfo counts, and the model as it was."""

import re

import numpy as np
import pytest

import agx as ag
from agx import nn

#: Parameters and multiply-adds by torchinfo 1.8 of the same networks of torch.nn, for one sample.
TORCHINFO = {
    "lenet5": (lambda: ag.models.lenet5(), (1, 32, 32), 61_706, 423_038),
    "resnet8": (lambda: ag.models.resnet8(), (3, 32, 32), 78_042, 12_502_314),
    "sequences": (
        lambda: nn.Sequential(
            nn.Conv1d(2, 4, 3), nn.GroupNorm(2, 4), nn.ConvTranspose1d(4, 2, 2, 2), nn.BatchNorm1d(2)
        ),
        (2, 9), 58, 460,
    ),
    "lstm": (lambda: nn.LSTM(3, 4, 2, batch_first=True), (5, 3), 304, 1_520),
}  # fmt: skip


@pytest.mark.parametrize("name", TORCHINFO)
def test_it_counts_as_torchinfo_does(name):
    build, shape, parameters, multiply_adds = TORCHINFO[name]
    model = build()
    found = model.summary(shape)
    assert (found.parameters, found.multiply_adds) == (parameters, multiply_adds)
    assert found.parameters == model.num_parameters
    assert found.parameter_memory == 4 * parameters


def test_cells_take_one_step_and_attention_all():
    assert nn.GRUCell(3, 4).summary(3).multiply_adds == 108
    found = nn.TransformerEncoderLayer(4, 2, 3, batch_first=True).summary((5, 4))
    work = {row.name: row.multiply_adds for row in found.layers if row.parameters}
    assert work == {
        "self_attn.out_proj": 100, "self_attn": 300, "norm1": 8, "linear1": 75, "linear2": 80, "norm2": 8,
    }  # fmt: skip
    assert nn.EmbeddingBag(7, 3).summary(5, np.int64).multiply_adds == 0


def test_each_layer_has_a_row():
    found = ag.models.cnn().summary((1, 28, 28))
    rows = [
        (r.name, r.kind, r.output_shape, r.parameters, r.multiply_adds, r.memory)
        for r in found.layers
    ]
    assert rows[:3] == [
        ("0", "Conv2d", (1, 32, 26, 26), 320, 320 * 26**2, 4 * 32 * 26**2),
        ("1", "ReLU", (1, 32, 26, 26), 0, 0, 4 * 32 * 26**2),
        ("2", "MaxPool2d", (1, 32, 13, 13), 0, 0, 4 * 32 * 13**2),
    ]
    assert found.memory == sum(r[-1] for r in rows)
    names = [r.name for r in ag.models.resnet8().summary((3, 32, 32)).layers]
    assert "layer2.0.downsample.0" in names and "layer2.0" not in names


def test_it_prints_as_a_table():
    text = str(ag.models.lenet5().summary((1, 32, 32)))
    lines = text.splitlines()
    assert lines[0].split("  ")[0] == "layer"
    assert re.search(r"^0 +Conv2d +\(1, 6, 28, 28\) +156 +122,304 +18\.8 kB$", text, re.M)
    assert lines[-1] == (
        "61,706 parameters (246.8 kB), 423,038 multiply-adds and 60.0 kB of outputs for one input of "
        "shape (1, 1, 32, 32)"
    )
    assert len({len(line) for line in lines[1:-2]}) == 1


def test_in_a_notebook_it_is_a_table_too():
    found = nn.Sequential(nn.ModuleDict({"<a>": nn.Linear(2, 1)})["<a>"]).summary(2)
    page = found._repr_html_()
    assert page.startswith("<table>") and page.count("<tr>") == 2
    hidden = nn.ModuleDict({"<a>": nn.Linear(2, 1)})
    hidden.forward = lambda x: hidden["<a>"](x)
    assert "&lt;a&gt;" in hidden.summary(2)._repr_html_()


class Noisy(nn.Module):
    """What changes itself whenever it is called."""

    def __init__(self):
        self.norm, self.calls = nn.BatchNorm1d(3), 0
        self.register_buffer("seen", np.zeros(3))

    def forward(self, x):
        self.calls += 1
        self.seen += 1
        self.last = ag.Tensor(nn.init.uniform((3,), 1.0))
        self.norm.train()
        return self.norm(ag.concatenate([x, x])) * self.last


def test_the_model_is_left_as_it_was():
    model = nn.Sequential(Noisy(), nn.Dropout(0.5, rng=0), nn.Linear(3, 2))
    model[1].eval()
    ag.seed(3)
    expected = nn.init.uniform((2,), 1.0)
    before = model.state_dict()
    ag.seed(3)
    model.summary(3)
    np.testing.assert_array_equal(nn.init.uniform((2,), 1.0), expected)
    assert [m.training for m in model.modules()] == [True, True, True, False, True]
    after = model.state_dict()
    assert list(after) == list(before)
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value)
    assert model[0].calls == 0 and not hasattr(model[0], "last")
    assert all("forward" not in vars(m) for m in model.modules())
    assert all(p.grad_or_none is None for p in model.parameters())


def test_the_model_is_left_as_it_was_after_an_error():
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(3, 2))
    with pytest.raises(ValueError, match="summary"):
        model.summary(3)
    assert all("forward" not in vars(m) and m.training for m in model.modules())


def test_nothing_is_recorded():
    class Watching(nn.Module):
        def forward(self, x):
            assert not ag.is_recording()
            return x

    nn.Sequential(nn.Linear(3, 2), Watching()).summary(3)


def test_what_is_called_twice_counts_its_parameters_once():
    shared = nn.Linear(3, 3)
    found = nn.Sequential(shared, nn.ReLU(), shared).summary(3)
    assert [(r.name, r.parameters, r.multiply_adds) for r in found.layers] == [
        ("0", 12, 12), ("1", 0, 0), ("0", 0, 12),
    ]  # fmt: skip
    assert found.parameters == 12


def test_frozen_parameters_and_layers_that_are_not_called():
    model = nn.Sequential(nn.Linear(3, 2).requires_grad_(False), nn.Linear(2, 1).forward)
    found = model.summary(3)
    assert (found.parameters, found.frozen) == (11, 8)
    assert found.layers[1].output_shape is None and found.layers[1].parameters == 3
    assert "not called" in str(found)
    assert "11 parameters (3 learn, 44 B)" in str(found)


def test_a_module_with_parameters_of_its_own_has_a_row_besides_its_layers():
    class Scaled(nn.Module):
        def __init__(self):
            self.layers = [nn.Linear(2, 2)]
            self.scales = [ag.Tensor(np.ones(2))]

        def forward(self, x):
            return self.layers[0](x) * self.scales[0]

    rows = Scaled().summary(2, np.float32).layers
    assert [(r.name, r.kind, r.parameters) for r in rows] == [
        ("layers.0", "Linear", 6), ("", "Scaled", 2),
    ]  # fmt: skip


def test_rows_of_a_linear_layer_and_words():
    model = nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 3))
    found = model.summary(7, np.int64)
    assert [(r.output_shape, r.multiply_adds) for r in found.layers] == [
        ((1, 7, 4), 0), ((1, 7, 3), 7 * 15),
    ]  # fmt: skip
    assert nn.Linear(3, 2, dtype=np.float64).summary(3).layers[0].memory == 16


@pytest.mark.parametrize(
    ("model", "shape", "message"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), (1, 3, 3), r"an input of shape \(1, 1, 3, 3\) does not fit layer 1 \(Linear\): Linear\(4, 2\): expected 4 features"),
        (ag.models.resnet8(), (1, 8, 8), r"layer conv1 \(Conv2d\): .* expected images of shape \(N, 3, H, W\), got \(1, 1, 8, 8\)"),
        (ag.models.lenet5(), (1, 30, 30), "does not fit LeNet5: lenet5: expected images of 32 x 32"),
        (ag.models.resnet8(), (64, 3, 32, 32), r"input_shape is that of one sample, without the batch"),
        (nn.Linear(3, 2), "3", r"summary: input_shape must be the sizes of one sample, such as \(1, 28, 28\), got '3'"),
        (nn.Linear(3, 2), (3, -1), r"such as \(1, 28, 28\), got \(3, -1\)"),
        (nn.Linear(3, 2), None, r"got None"),
        (nn.Linear(3, 2), 2.5, r"got 2.5"),
    ],
)  # fmt: skip
def test_messages(model, shape, message):
    with pytest.raises(ValueError, match=message):
        model.summary(shape)
