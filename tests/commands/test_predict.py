"""``agx predict``: the classes of pictures, arrays, and folders of these."""

import json
from pathlib import Path

import numpy as np
import pytest
import run_folders
from run_folders import CLASSES

import agx as ag
from agx import cli


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def model():
    """A model whose answers are known from a file: ``model.npz``."""
    made = run_folders.model_of()
    normalize = ag.data.Normalize(0.5, 0.25)
    ag.save("model.npz", made, preprocessing=[ag.data.ToFloat(), normalize], classes=CLASSES, input_shape=(1, 8, 8))  # fmt: skip
    return lambda images: ag.softmax(ag.predict(made, normalize(images)), 1)


IMAGES = np.random.default_rng(2).integers(0, 256, (5, 1, 8, 8), np.uint8)


def predict(capsys, *arguments, status=0):
    """What the command prints as JSON, and its errors."""
    assert cli.main(["predict", "model.npz", *arguments, "--json", "--top", "3"]) == status
    out, err = capsys.readouterr()
    return json.loads(out), err.splitlines()


def check(found, shares):
    """Every class is there with its probability, the largest first."""
    assert len(found) == len(shares)
    for row, share in zip(found, shares, strict=True):
        given = {guess["class"]: guess["probability"] for guess in row["classes"]}
        np.testing.assert_allclose([given[name] for name in CLASSES], share, rtol=1e-5)
        assert list(given.values()) == sorted(given.values(), reverse=True)


def write_pictures(folder, images=IMAGES):
    image = pytest.importorskip("PIL.Image")
    folder.mkdir(parents=True, exist_ok=True)
    for i, pixels in enumerate(images):
        image.fromarray(pixels[0]).save(folder / f"{i}.png")


def test_pictures_get_what_training_gave_them(model, capsys, tmp_path):
    write_pictures(tmp_path / "pets" / "deeper")
    names = [f"pets/deeper/{i}.png" for i in range(5)]
    for inputs in (names, ["pets"]):
        found, err = predict(capsys, *inputs)
        check(found, model(IMAGES.astype(np.float32) / 255))
        assert [row["file"].replace("\\", "/") for row in found] == names and not err


def test_pictures_are_resized(model, capsys, tmp_path):
    write_pictures(tmp_path, [np.kron(image, np.ones((1, 3, 2), np.uint8)) for image in IMAGES])
    found, _ = predict(capsys, "0.png")
    assert found[0]["classes"][0]["class"] in CLASSES


@pytest.mark.parametrize(
    ("array", "names"),
    [
        (IMAGES, [f"a.npy[{i}]" for i in range(5)]),
        (IMAGES.astype(np.float32) / 255, [f"a.npy[{i}]" for i in range(5)]),
        (IMAGES[:, 0], [f"a.npy[{i}]" for i in range(5)]),
        (IMAGES[:1], ["a.npy[0]"]),
        (IMAGES[0], ["a.npy"]),
        (IMAGES[0, 0], ["a.npy"]),
    ],
    ids=["bytes", "floats", "grey", "a batch of one", "one", "one grey"],
)
def test_arrays(model, capsys, array, names):
    np.save("a.npy", array)
    found, _ = predict(capsys, "a.npy")
    assert [row["file"] for row in found] == names
    check(found, model(IMAGES.astype(np.float32) / 255)[: len(names)])


def test_arrays_of_a_file_are_called_by_their_names(model, capsys):
    np.savez("a.npz", bytes=IMAGES[:2], floats=IMAGES[2] / 255)
    found, _ = predict(capsys, "a.npz")
    assert [row["file"] for row in found] == ["a.npz:bytes[0]", "a.npz:bytes[1]", "a.npz:floats"]
    check(found, model(IMAGES[:3].astype(np.float32) / 255))


def test_many_inputs_come_in_batches(model, capsys):
    many = np.resize(IMAGES, (600, 1, 8, 8))
    np.save("a.npy", many)
    found, _ = predict(capsys, "a.npy")
    check(found, model(many.astype(np.float32) / 255))
    assert found[-1]["file"] == "a.npy[599]"


def test_a_table(model, capsys):
    np.save("a.npy", IMAGES[:2])
    assert cli.main(["predict", "model.npz", "a.npy"]) == 0
    header, first, second = capsys.readouterr().out.splitlines()
    assert header.split() == ["file", "class", "probability"]
    assert first.split()[0] == "a.npy[0]" and first.split()[1] in CLASSES and first.endswith(" %")
    assert cli.main(["predict", "model.npz", "a.npy", "--top", "2"]) == 0
    assert len(capsys.readouterr().out.splitlines()[1].split()) == 4 + 3


def test_what_cannot_be_read_is_named_and_the_rest_predicted(model, capsys, tmp_path):
    write_pictures(tmp_path / "pets", IMAGES[:2])
    (tmp_path / "pets" / "torn.png").write_bytes(b"torn")
    (tmp_path / "pets" / "notes.txt").write_text("no picture, and not asked for")
    np.save("far.npy", 9.0 * IMAGES)
    np.save("large.npy", np.zeros((2, 1, 9, 9), np.uint8))
    np.save("objects.npy", np.array([None]))
    np.save("lying.npy", np.zeros(10))
    lying = Path("lying.npy").read_bytes().replace(b"(10,), }         ", b"(9999999999,), } ")
    Path("lying.npy").write_bytes(lying)
    (tmp_path / "empty").mkdir()
    inputs = ("pets", "far.npy", "large.npy", "objects.npy", "lying.npy", "empty", "nowhere.png")
    found, err = predict(capsys, *inputs, status=1)
    check(found, model(IMAGES[:2].astype(np.float32) / 255))
    torn, far, large, objects, lies, empty, nowhere = sorted(err, key=lambda line: [n in line for n in ("torn", "far.npy", "large", "objects", "lying", "empty", "nowhere")], reverse=True)  # fmt: skip
    assert "torn.png: damaged: no PNG, JPEG, BMP or WebP picture" in torn
    assert "far.npy: predict: the inputs are" in far and "expected pixels as in training" in far
    assert (
        "large.npy: expected inputs of shape (N, 1, 8, 8) as in training, got (2, 1, 9, 9)" in large
    )
    assert "objects.npy: " in objects and "pickle" in objects
    assert "lying.npy: an array of float64 (9999999999,) in 208 bytes" in lies
    assert "empty: expected pictures or arrays in this folder, got none" in empty
    assert "nowhere.png: there is no such file or folder" in nowhere


def test_a_model_of_tables_takes_arrays(capsys, tmp_path):
    ag.save(
        "model.npz", ag.nn.Sequential(ag.nn.Linear(4, 2)), classes=("no", "yes"), input_shape=(4,)
    )
    write_pictures(tmp_path, IMAGES[:1])
    np.save("table.npy", np.ones((3, 4), np.float32))
    found, err = predict(capsys, "table.npy", "0.png", status=1)
    assert len(found) == 3
    assert err == ["agx predict: 0.png: expected an array, as the model takes no pictures but inputs (4,)"]  # fmt: skip


def test_a_model_of_ones_own_is_named(capsys, tmp_path):
    """A file may not say which code is run; who calls the command does."""
    (tmp_path / "pet_models.py").write_text(
        "import agx as ag\n"
        "def small(shape, outputs):\n"
        "    return ag.nn.Sequential(ag.nn.Flatten(), ag.nn.Linear(64, outputs))\n"
    )
    made = ag.runs.factory("pet_models:small")((1, 8, 8), 3)
    made.architecture = {"factory": "pet_models:small", "arguments": [[1, 8, 8], 3]}
    ag.save("model.npz", made, classes=CLASSES, input_shape=(1, 8, 8))
    np.save("a.npy", IMAGES / 255)
    assert cli.main(["predict", "model.npz", "a.npy"]) == 1
    assert "if you trust it, say its name: --model pet_models:small" in capsys.readouterr().err
    assert cli.main(["predict", "model.npz", "a.npy", "--model", "pet_models:small"]) == 0


def test_a_run_that_is_not_there(capsys):
    assert cli.main(["predict", "nowhere", "a.png"]) == 1
    assert capsys.readouterr().err == "agx predict: nowhere: there is no such run or file; agx runs lists the runs there are\n"  # fmt: skip
