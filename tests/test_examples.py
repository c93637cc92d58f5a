import importlib.util
from pathlib import Path

import numpy as np
import pytest

from agx import cli

LECTURE = Path(__file__).parents[1] / "examples" / "lecture"


def example(name):
    spec = importlib.util.spec_from_file_location(f"lecture_{name}", LECTURE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_scalar_network_learns(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    module = example("01_scalar_network")
    assert module.main(epochs=60, n_hidden=10, samples=10, out=tmp_path) < 0.2
    assert "Iteration 50, Loss: " in capsys.readouterr().out
    assert (tmp_path / "01_fit.png").exists()


def test_graphs_of_the_slides(tmp_path):
    first, dot, entropy = example("02_first_graph").main(tmp_path, suffix=".dot")
    assert (first.operations, dot.operations, entropy.operations) == (7, 6, 6)
    assert len(list(tmp_path.glob("02_*.dot"))) == 3


def test_graphs_as_pictures(tmp_path):
    example("02_first_graph").main(tmp_path)
    assert len(list(tmp_path.glob("02_*.svg"))) == 3


def test_im2col(capsys):
    pytest.importorskip("scipy")
    patches = example("03_im2col").main()
    np.testing.assert_array_equal(patches[0, 0], [[[0, 1], [5, 6]], [[20, 21], [25, 26]]])
    assert "40 x 96 and has 96 ones" in capsys.readouterr().out


def test_convolution_exercise(capsys):
    out = example("04_convolution").main()
    np.testing.assert_array_equal(out[0], [[9, 10, 11, 12], [14, 15, 16, 17], [19, 20, 21, 22]])
    capsys.readouterr()


def test_overflow_and_its_cure(capsys):
    rows = example("05_overflow").main()
    assert rows[0][0] == pytest.approx(rows[0][2]) and rows[0][1] == pytest.approx(rows[0][3])
    assert not np.isfinite(rows[-1][0]) and np.isfinite(rows[-1][2:]).all()
    assert "nan" in capsys.readouterr().out


@pytest.mark.parametrize("images", [None, np.ones((2, 3, 8, 8), np.float32)])
def test_smoothness(tmp_path, capsys, images):
    pytest.importorskip("matplotlib")
    edges, rough = example("06_smoothness").main(images, out=tmp_path)
    assert np.abs(edges).mean() <= 0.6 * np.abs(rough).mean()
    assert (tmp_path / "06_smoothness.png").exists()


def write_cifar(root, n=40):
    """A CIFAR-10 folder in the official binary layout: automobiles dark, birds bright."""
    folder = root / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    names = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
    for name in names:
        labels = rng.integers(0, 10, n).astype(np.uint8)
        labels[:4] = [1, 2, 1, 2]
        pixels = rng.integers(0, 100, (n, 3072)) + np.where(labels == 2, 150, 0)[:, None]
        np.hstack([labels[:, None], pixels.astype(np.uint8)]).tofile(folder / name)
    (folder / "batches.meta.txt").write_text(
        "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n"
    )
    return root


def test_lenet5_on_automobiles_and_birds(tmp_path, capsys):
    history = example("07_lenet5").main(write_cifar(tmp_path), epochs=2, batch_size=8)
    out = capsys.readouterr().out
    assert "(3, 32, 32)" in out and "test accuracy: " in out
    assert len(history) == 2 and 0 <= history[-1]["validation_accuracy"] <= 1


def test_lenet5_without_data(tmp_path):
    with pytest.raises(FileNotFoundError, match="download"):
        example("07_lenet5").main(tmp_path)


def test_every_example_is_in_the_table():
    table = (LECTURE / "README.md").read_text(encoding="utf-8")
    for path in LECTURE.glob("*.py"):
        assert f"`{path.name}`" in table


@pytest.mark.usefixtures("without_pictures")
def test_two_classes_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    options = ["train", "--data", "cifar10", "--root", str(write_cifar(tmp_path / "data"))]
    assert cli.main([*options, "--classes", "automobile,bird", "--epochs", "1"]) == 0
    assert "2 classes" in capsys.readouterr().out
