"""Models in files: what was measured is what is predicted after loading."""

import functools
import inspect
import json

import numpy as np
import pytest
import run_folders
from oracles import tables

import agx as ag
from agx import nn, storage

DRAW = np.random.default_rng(0)
PIXELS = DRAW.integers(0, 256, (7, 2, 16, 16), dtype=np.uint8)
LABELS = DRAW.integers(0, 3, 7)
EVEN = [ag.data.ToFloat(), ag.data.Normalize([0.4, 0.5], [0.2, 0.3])]


@pytest.fixture(params=[".npz", ".safetensors"])
def path(request, tmp_path):
    if request.param == ".safetensors":
        pytest.importorskip("safetensors")
    return tmp_path / f"model{request.param}"


def small(outputs=3):
    return ag.models.lenet5(2, outputs, 16)


def saved(path, model=None, **said):
    """The file of a model that saw even pixels, loaded."""
    given = {"preprocessing": EVEN, "classes": "abc", "input_shape": (2, 16, 16), **said}
    ag.save(path, model or small(), **given)
    return ag.load(path)


def test_predictions_are_those_of_the_training(path):
    model = small()
    found = saved(path, model, metrics={"accuracy": np.float32(0.5)}, metadata={"epochs": 3})
    loader = ag.data.Loader((PIXELS, LABELS), 3, transforms=EVEN)
    expected = ag.predict(model, loader)
    np.testing.assert_allclose(found.predict(PIXELS), expected, 1e-5, 1e-6)
    np.testing.assert_allclose(found.predict(PIXELS / np.float32(255)), expected, 1e-5, 1e-6)
    measured = ag.evaluate(model, loader, ag.cross_entropy)
    for given in [(PIXELS, LABELS), (ag.data.ArrayDataset(PIXELS, LABELS),)]:
        assert found.evaluate(*given) == pytest.approx(measured)
    assert found.classes == ("a", "b", "c") and found.metrics == {"accuracy": 0.5}
    assert found.metadata == {"epochs": 3} and not found.model.training


def test_predicting_draws_nothing_from_the_usual_generator(path):
    found = saved(path)
    ag.seed(1)
    found.predict(PIXELS)
    after = nn.Linear(2, 2).weight.value
    ag.seed(1)
    np.testing.assert_array_equal(after, nn.Linear(2, 2).weight.value)


def test_the_other_format_says_the_same(path, tmp_path):
    pytest.importorskip("safetensors")
    found = saved(path, metrics={"loss": 1.5})
    found.save(tmp_path / "again.safetensors")
    again = ag.load(tmp_path / "again.safetensors")
    assert repr(again) == repr(found)
    np.testing.assert_array_equal(again.predict(PIXELS), found.predict(PIXELS))


# --- classes -------------------------------------------------------------------------------------

ROWS = DRAW.normal(size=(5, 4)).astype(np.float32)


@pytest.mark.parametrize(
    ("outputs", "kind", "expected"),
    [
        (3, None, lambda z: np.exp(z) / np.exp(z).sum(1, keepdims=True)),
        (3, ag.cross_entropy, lambda z: np.exp(z) / np.exp(z).sum(1, keepdims=True)),
        (3, "log-probabilities", np.exp),
        (3, "probabilities", lambda z: z),
        (1, None, lambda z: np.hstack([1 / (1 + np.exp(z)), 1 / (1 + np.exp(-z))])),
        (1, "probabilities", lambda z: np.hstack([1 - z, z])),
    ],
)  # fmt: skip
def test_probabilities_follow_from_what_outputs_are(tmp_path, outputs, kind, expected):
    model = nn.Sequential(nn.Linear(4, outputs))
    ag.save(tmp_path / "m.npz", model, outputs=kind)
    found = ag.load(tmp_path / "m.npz")
    wanted = expected(found.predict(ROWS))
    np.testing.assert_allclose(found.probabilities(ROWS), wanted, 1e-5)
    chosen = wanted.argmax(1)
    if outputs == 3 and kind == "probabilities":  # every entry decides for itself, as in its loss
        chosen = wanted > 0.5
    np.testing.assert_array_equal(found.classify(ROWS), chosen)


@pytest.mark.parametrize(
    ("outputs", "loss", "kind"),
    [(3, ag.cross_entropy, None), (1, ag.mse, "numbers"), (1, lambda z, t: ag.binary_cross_entropy_with_logits(z.reshape(-1), t), None)],
)  # fmt: skip
def test_the_loss_suits_the_outputs(tmp_path, outputs, loss, kind):
    model, y = nn.Linear(4, outputs), np.array([0, 1, 1, 0, 1])
    y = y if kind is None else y[:, None].astype(np.float32)
    ag.save(tmp_path / "m.npz", model, outputs=kind)
    measured = ag.load(tmp_path / "m.npz").evaluate(ROWS, y)
    assert measured["loss"] == pytest.approx(loss(model(ROWS), y).item(), 1e-5)
    assert ("accuracy" in measured) == (kind is None)


def test_measuring_leaves_the_model_as_it_is(tmp_path):
    ag.save(tmp_path / "m.npz", nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)))
    found = ag.load(tmp_path / "m.npz")
    found.model.train()
    before = found.model.state_dict()
    found.evaluate(ROWS, np.zeros(5, int))
    assert found.model.training
    for name, value in found.model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_numbers_are_no_classes(tmp_path):
    ag.save(tmp_path / "m.npz", nn.Linear(4, 1), outputs=ag.mse)
    with pytest.raises(ValueError, match="the outputs are numbers, expected those of classes"):
        ag.load(tmp_path / "m.npz").probabilities(ROWS)


# --- inputs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (PIXELS[:, :1], r"shape \(7, 1, 16, 16\), expected \(N, 2, 16, 16\) as in training; resize"),
        (PIXELS[:, :, :8], r"shape \(7, 2, 8, 16\), expected"),
        (PIXELS[0], r"write x\[None\] for one input"),
        (PIXELS.transpose(0, 2, 3, 1), r"channels stand in the last axis: write x.transpose\(0, 3, 1, 2\)"),
        (PIXELS.astype(np.float32), r"are float32 from 0 to 255, expected pixels as in training"),
        (PIXELS / np.float32(127.5) - 1, "are float32 from -1 to 1, expected pixels"),
        (np.full((1, 2, 16, 16), np.nan), "are float64 from nan to nan"),
        (PIXELS[:0], "got no inputs"),
    ],
)  # fmt: skip
def test_inputs_unlike_those_of_the_training(tmp_path, x, message):
    with pytest.raises(ValueError, match=message):
        saved(tmp_path / "m.npz").predict(x)


# --- models that only their own code builds ------------------------------------------------------


class Own(nn.Module):
    def __init__(self, size=4):
        self.layer = nn.Linear(size, 2)

    def forward(self, x):
        return self.layer(x)


def test_a_model_of_ones_own_is_given(path):
    model, other = Own(), Own()
    ag.save(path, model, classes=["no", "yes"])
    with pytest.raises(
        ValueError, match=r"model.*does not say how their model is built.*model=my_model"
    ):
        ag.load(path)
    found = ag.load(path, model=other)
    assert found.model is other and found.classes == ("no", "yes")
    np.testing.assert_array_equal(found.predict(ROWS), model(ROWS).value)


def test_code_outside_agx_is_named(path, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_factory.py").write_text(
        "from agx import nn\ndef build(size): return nn.Linear(size, 2)"
    )
    how = {"factory": "own_factory:build", "arguments": {"size": 4}}
    ag.save(path, nn.Linear(4, 2), architecture=how)
    with pytest.raises(
        ValueError,
        match=r"model\.\w+: the model is built by own_factory:build, which is code outside agx",
    ):
        ag.load(path)
    found = ag.load(path, model="own_factory:build")
    assert found.predict(ROWS).shape == (5, 2)
    found.save(path)
    assert ag.load(path, model="own_factory:build").model.architecture == how
    with pytest.raises(ValueError, match="not by os:system"):
        ag.load(path, model="os:system")


def test_float64_comes_back(path):
    model = nn.Sequential(nn.Linear(4, 2, dtype=np.float64))
    ag.save(path, model)
    np.testing.assert_array_equal(
        ag.load(path).model[0].weight.value, model[0].weight.value, strict=True
    )


# --- PyTorch -------------------------------------------------------------------------------------

STATES = {row.text: row for row in tables.LAYERS if tables.answers("layers")[row.text]["state"]}


@pytest.mark.parametrize("text", STATES)
def test_a_state_of_pytorch_goes_in_and_out_as_it_is(tmp_path, text):
    """Names, order and layouts are those that PyTorch 2.13 gave, in a file such as it writes."""
    numpy = pytest.importorskip("safetensors.numpy")
    row, state = STATES[text], tables.answers("layers")[text]["state"]
    arrays = {name: np.array(value) for name, value in state.items()}
    numpy.save_file(arrays, tmp_path / "torch.safetensors", {"format": "pt"})
    double = {
        name: functools.partial(kind, dtype=np.float64)
        for name, kind in vars(nn).items()
        if isinstance(kind, type) and "dtype" in inspect.signature(kind).parameters
    }
    layer = eval(row.call, {**vars(nn), **double})
    ag.load(tmp_path / "torch.safetensors", model=layer)
    ag.save(tmp_path / "agx.safetensors", layer)
    found = numpy.load_file(tmp_path / "agx.safetensors")
    assert list(layer.state_dict()) == list(arrays) and found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


def test_halves_that_numpy_has_not_are_named(tmp_path):
    pytest.importorskip("safetensors")
    header = json.dumps({"w": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}).encode()
    (tmp_path / "a.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"\0\0")
    with pytest.raises(ValueError, match=r"numbers are BF16, which NumPy has not: .*\.float\(\)"):
        ag.load(tmp_path / "a.safetensors")


# --- runs ----------------------------------------------------------------------------------------


def run_folder(folder, model, classes=("a", "b", "c")):
    """The folder of a run whose weights are arrays alone."""
    config = {
        "model": "lenet5", "classes": classes, "image_shape": [2, 16, 16],
        "normalization": {"mean": [0.4, 0.5], "std": [0.2, 0.3]},
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    storage.archive.write(folder / "last.npz", model.state_dict())


@pytest.mark.parametrize("classes", ["abc", "ab"])
def test_a_run_is_loaded_with_its_best_weights(tmp_path, classes):
    outputs = 1 if len(classes) == 2 else 3
    last, best = small(outputs), small(outputs)
    run_folder(tmp_path, last, tuple(classes))
    even = EVEN[1](EVEN[0](PIXELS))
    np.testing.assert_allclose(
        ag.load(tmp_path).predict(PIXELS), ag.predict(last, even), 1e-5, 1e-6
    )
    ag.save(tmp_path / "best.npz", best)
    np.testing.assert_array_equal(ag.load(tmp_path).model[0].weight.value, best[0].weight.value)


def test_a_folder_without_weights_says_why(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected the folder of a run, with config.json"):
        ag.load(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(FileNotFoundError, match="has no weights, best or last.*train anew"):
        ag.load(tmp_path)


# --- files that do not fit -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("a.pt", "safetensors.torch.save_file"), ("a.pth", "save_file"), ("a.CKPT", "save_file"), ("pytorch_model.bin", "save_file"),
        ("a.pkl", "numpy.savez"), ("a.joblib", "numpy.savez"), ("a.h5", "w.path"), ("a.keras", "w.path"),
        ("a.npy", "numpy.savez"), ("a.onnx", "ag.onnx.load"), ("model", "name that ends in .npz or .safetensors"),
    ],
)  # fmt: skip
def test_files_of_other_programs_are_named(tmp_path, name, fix):
    (tmp_path / name).write_bytes(b"\x80\x04\x95")
    with pytest.raises(ValueError, match=f"{name}: expected a .*{fix}"):
        ag.load(tmp_path / name)


def test_errors_name_the_file_and_change_nothing(path):
    ag.save(path, nn.Linear(4, 3), classes="abc")
    other = nn.Linear(4, 2)
    before = other.weight.value.copy()
    with pytest.raises(
        ValueError, match=r"(?s)model\.\w+: .*weight: expected shape \(2, 4\), got \(3, 4\)"
    ):
        ag.load(path, model=other)
    np.testing.assert_array_equal(other.weight.value, before)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        ag.load(path.with_stem("nowhere"))


@pytest.mark.parametrize(
    "said",
    [{"version": 2, "agx": "9.1"}, {"version": "x"}, {"architecture": 3}, {"architecture": {"layers": []}, "preprocessing": [3]},
     {"architecture": {"layers": ["BatchNorm1d(10**30)"]}}, {"architecture": {"layers": ["Linear(2**70, 3)"]}}],
)  # fmt: skip
def test_metadata_that_are_none_are_refused(tmp_path, said):
    storage.archive.write(tmp_path / "a.npz", {}, said)
    with pytest.raises(
        ValueError,
        match=r"a\.npz: " + ("it was written by agx 9.1; update" if "agx" in said else ""),
    ):
        ag.load(tmp_path / "a.npz")


@pytest.mark.parametrize(
    "architecture",
    [
        {"layers": ["Linear(30000, 30000)"]},
        {"layers": ["Linear(200, 200)"] * 30},
        {"factory": "mlp", "arguments": {"in_features": 1000000, "classes": 10}},
    ],
)
def test_a_small_file_makes_no_large_model(tmp_path, architecture):
    weights = nn.Linear(3, 2).state_dict()
    storage.archive.write(tmp_path / "a.npz", weights, {"architecture": architecture})
    message = r"a\.npz: .*the model that is described has far more numbers than the file; mend it"
    with pytest.raises(ValueError, match=message):
        ag.load(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda p: ag.save(p, np.ones(3)), TypeError, "expected an ag.nn.Module, got ndarray.*np.savez"),
        (lambda p: ag.save(p, small(), classes="ab"), ValueError, "2 classes are named, expected 3"),
        (lambda p: ag.save(p, small(), outputs="words"), ValueError, "outputs is 'words', expected a loss of agx or scores"),
        (lambda p: ag.save(p, small(), preprocessing=[np.sin]), TypeError, "cannot be written to a file"),
        (lambda p: ag.save(p.with_suffix(".pt"), small()), ValueError, "ends in .npz or .safetensors"),
    ],
)  # fmt: skip
def test_what_is_not_saved(tmp_path, call, error, message):
    with pytest.raises(error, match=message):
        call(tmp_path / "a.npz")
    assert not list(tmp_path.iterdir())


def test_two_classes_may_be_one_logit(tmp_path):
    assert saved(tmp_path / "a.npz", small(1), classes="ab").probabilities(PIXELS).shape == (7, 2)
    found = saved(tmp_path / "a.npz", small(1), classes="ab")
    found.classes = ("a", "b", "c")
    with pytest.raises(ValueError, match="outputs for 2 classes, expected 3: a, b, c"):
        found.probabilities(PIXELS)


def test_the_settings_of_a_run_make_no_large_model(tmp_path):
    folder = run_folders.write(tmp_path / "run", model="mlp", image_shape=[1, 90000, 90000])
    with pytest.raises(ValueError, match=r"best\.npz: .*far more numbers than the file; mend it"):
        ag.load(folder)


class Named(nn.Module):
    """Its parameters are called as arguments of ``np.savez`` are."""

    def __init__(self, value=0.0):
        for name in ("file", "allow_pickle", "args", "self", "path"):
            setattr(self, name, ag.Tensor(np.full(2, value, np.float32)))

    def forward(self, x):
        return x * self.file


def test_parameters_may_have_the_names_of_arguments(path, tmp_path):
    ag.save(path, Named(3.0))
    loaded = ag.load(path, model=Named()).model.state_dict()
    assert len(loaded) == 5 and all((array == 3).all() for array in loaded.values())
    ag.train.save_checkpoint(tmp_path / "step.npz", {"model": Named(2.0).state_dict()})
    kept = ag.train.load_checkpoint(tmp_path / "step.npz")[0]["model"]
    assert kept.keys() == loaded.keys() and all((array == 2).all() for array in kept.values())


def test_numbers_that_would_become_infinite_are_refused(path):
    state = {**Named().state_dict(), "file": np.array([1.0, 1e300])}
    storage.archive.write(path, state)
    model = Named(5.0)
    with pytest.raises(
        ValueError, match=r"(?s)model\.\w+: .*file: 1e\+300 is too large for float32"
    ):
        ag.load(path, model=model)
    assert all((array == 5).all() for array in model.state_dict().values())
