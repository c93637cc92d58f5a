"""``agx evaluate`` and ``agx export``."""

import json

import numpy as np
import pytest

import agx as ag
from agx import cli


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def save(classes=tuple("0123456789"), **options):
    """A model of digits in ``model.npz``, and the model."""
    outputs = 1 if len(classes) == 2 else len(classes)
    model = ag.models.mlp(64, (16,), outputs, rng=0)
    even = [ag.data.ToFloat(), ag.data.Normalize(0.3, 0.4)]
    given = {"preprocessing": even, "classes": classes, "input_shape": (1, 8, 8), **options}
    ag.save("model.npz", model, **given)
    return model, even[1]


@pytest.mark.parametrize("classes", [tuple("0123456789"), ("3", "8")], ids=["ten", "two"])
def test_a_model_is_measured_on_the_test_set(capsys, classes):
    model, normalize = save(classes)
    assert cli.main(["evaluate", "model.npz", "--data", "digits", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    images, labels = ag.data.digits("test", classes=classes).arrays
    loss = ag.runs.binary_loss if len(classes) == 2 else ag.cross_entropy
    wanted = ag.evaluate(model, ag.data.Loader((normalize(images), labels), 500), loss)
    assert found["accuracy"] == pytest.approx(wanted["accuracy"])
    assert found["loss"] == pytest.approx(wanted["loss"], rel=1e-5)
    assert (found["images"], found["split"]) == (len(labels), "test")
    assert [row["class"] for row in found["classes"]] == list(classes)


def test_a_table_of_the_classes(capsys):
    save()
    assert cli.main(["evaluate", "model.npz", "--data", "digits", "--split", "train"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["class", "precision", "recall", "f1", "examples"]
    assert len(lines) == 1 + 10 + 2 and lines[-1].startswith("accuracy: ")
    assert lines[-2].startswith("1,437 images of digits (train); loss ")


def pictures(folder, classes, each=5):
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(each)
    for name in classes:
        (folder / name).mkdir(parents=True)
        for i in range(each):
            pixels = rng.integers(0, 256, (10, 10), np.uint8)
            image.fromarray(pixels).save(folder / name / f"{i}.png")


def evaluated(capsys, *options):
    assert cli.main(["evaluate", *options, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    return found["split"], found["images"]


def test_a_folder_of_pictures(capsys, tmp_path):
    """All of a folder of its own; of the run's own data the part that it did not learn from."""
    save(("b", "a", "c"))
    pictures(tmp_path / "pets", "abc")
    assert evaluated(capsys, "model.npz", "--data", "pets") == ("all", 15)
    assert evaluated(capsys, "model.npz", "--data", "pets", "--split", "test") == ("test", 3)
    (tmp_path / "run").mkdir()
    (tmp_path / "model.npz").rename(tmp_path / "run" / "best.npz")
    (tmp_path / "run" / "config.json").write_text('{"data": "pets"}')
    assert evaluated(capsys, "run", "--data", "pets/") == ("test", 3)
    pictures(tmp_path / "parts" / "train", "abc")
    pictures(tmp_path / "parts" / "test", "abc", 2)
    assert evaluated(capsys, "run", "--data", "parts") == ("test", 6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--data", "digits", "--split", "all"), "digits has the parts train and test; choose one"),
        (("--data", "cifar10"), "cifar10: unknown class '0' in classes; choose from 'airplane'"),
        (("--data", "pets"), "unknown class '0' in classes; choose from 'a', 'b'"),
    ],
)
def test_what_does_not_fit_is_named(capsys, tmp_path, options, message):
    save()
    pictures(tmp_path / "pets", "ab")
    assert cli.main(["evaluate", "model.npz", *options]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("agx evaluate: ") and message in line


def test_unknown_data_are_a_wrong_argument(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["evaluate", "model.npz", "--data", "numbers"])
    assert stopped.value.code == 2 and "invalid choice: 'numbers'" in capsys.readouterr().err


# --- agx export ----------------------------------------------------------------------------------


def test_onnx_takes_what_training_took(capsys):
    """The file has the preparation in it, so that pixels from 0 to 1 go in."""
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    model, normalize = save()
    assert cli.main(["export", "model.npz", "--format", "onnx"]) == 0
    said, path = capsys.readouterr().out.splitlines()
    assert path == "model.onnx"
    assert said.startswith(
        "takes float32 (N, 1, 8, 8) with pixels from 0 to 1; gives logits of 0, 1"
    )
    images = ag.data.digits("test").arrays[0][:7]
    (found,) = runtime.InferenceSession(path).run(None, {"x": images})
    np.testing.assert_allclose(found, ag.predict(model, normalize(images)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("form", ["npz", "safetensors"])
def test_agxs_own_formats(capsys, form, tmp_path):
    if form == "safetensors":
        pytest.importorskip("safetensors")
    save()
    assert cli.main(["export", "model.npz", "--format", form, "--out", f"other.{form}"]) == 0
    images = ag.data.digits("test").arrays[0]
    before, after = (ag.load(name).predict(images) for name in ("model.npz", f"other.{form}"))
    np.testing.assert_array_equal(before, after)
    assert capsys.readouterr().out == f"other.{form}\n"


def test_a_run_gets_the_file_in_its_folder(capsys, tmp_path):
    pytest.importorskip("onnx")
    save(("3", "8"))
    (tmp_path / "run").mkdir()
    (tmp_path / "model.npz").rename(tmp_path / "run" / "best.npz")
    assert cli.main(["export", "run"]) == 0
    assert (tmp_path / "run" / "model.onnx").exists()
    assert "gives logits of 8 against 3" in capsys.readouterr().out


def test_a_file_without_a_shape_is_refused(capsys):
    save(input_shape=None)
    assert cli.main(["export", "model.npz"]) == 1
    assert "expected a file that says the shape of an input" in capsys.readouterr().err
