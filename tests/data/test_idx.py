import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

import agx as ag
from agx.data import data_home, fashion_mnist, mnist
from agx.data.files import read_idx

IMAGES, LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
PIXELS = np.random.default_rng(0).integers(0, 256, (20, 28, 28)).astype(np.uint8)
NUMBERS = (np.arange(20) % 10).astype(np.uint8)


def idx(array: np.ndarray) -> bytes:
    header = struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


def write(folder: Path, images=PIXELS, labels=NUMBERS, packed=False, prefix="t10k") -> Path:
    """Write the two files of a split into ``folder``; arrays are packed as IDX, bytes kept."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (("images-idx3", images), ("labels-idx1", labels)):
        raw = content if isinstance(content, bytes) else idx(content)
        path = folder / f"{prefix}-{name}-ubyte"
        if packed:
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(raw))
        else:
            path.write_bytes(raw)
    return folder


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("load", "subfolder"),
    [
        (mnist, "."),
        (mnist, "mnist"),
        (mnist, "MNIST/raw"),
        (fashion_mnist, "."),
        (fashion_mnist, "fashion_mnist"),
        (fashion_mnist, "FashionMNIST/raw"),
    ],
)
def test_files_are_found_and_read(tmp_path, load, subfolder, packed):
    write(tmp_path / subfolder, packed=packed)
    data = load("test", root=tmp_path)
    images, labels = data.arrays
    assert images.dtype == np.float32
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(images, PIXELS[:, None] / np.float32(255))
    np.testing.assert_array_equal(labels, NUMBERS)
    assert len(data.classes) == 10


def test_train_and_test_read_different_files(tmp_path):
    write(tmp_path)
    write(tmp_path, PIXELS[:3], NUMBERS[:3], prefix="train")
    assert len(mnist(root=str(tmp_path))) == 3
    assert len(mnist("test", root=str(tmp_path))) == 20


def test_classes_filter_and_relabel(tmp_path):
    write(tmp_path)
    data = fashion_mnist("test", root=tmp_path, classes=("Sneaker", 5))
    assert data.classes == ("Sneaker", "Sandal")
    assert data.arrays[1].tolist() == [1, 0, 1, 0]
    np.testing.assert_array_equal(data.arrays[0][0, 0], PIXELS[5] / np.float32(255))
    with pytest.raises(ValueError, match="'Boot' is not a class; expected one of T-shirt/top, .*"):
        fashion_mnist("test", root=tmp_path, classes=("Boot",))


def test_bad_split(tmp_path):
    with pytest.raises(ValueError, match="split: expected 'train' or 'test', got 'val'"):
        mnist("val", root=tmp_path)


def test_missing_files(tmp_path):
    write(tmp_path)
    (tmp_path / LABELS).unlink()
    with pytest.raises(FileNotFoundError) as caught:
        mnist("test", root=tmp_path)
    message = str(caught.value)
    wanted = [IMAGES, LABELS, ".gz", "pass root=", "download=True"]
    wanted += [str(tmp_path / part) for part in ("mnist", Path("MNIST", "raw"))]
    assert [word for word in wanted if word not in message] == []


def test_data_home(tmp_path, monkeypatch):
    monkeypatch.setenv("AGX_DATA", str(tmp_path))
    assert data_home() == tmp_path
    write(tmp_path / "mnist")
    assert len(ag.data.mnist("test")) == 20
    monkeypatch.delenv("AGX_DATA")
    assert data_home().name == "agx"


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_CACHE_HOME", ("agx",)),
        ("linux", "HOME", (".cache", "agx")),
        ("darwin", "HOME", ("Library", "Caches", "agx")),
        ("win32", "LOCALAPPDATA", ("agx",)),
    ],
)
def test_data_home_per_platform(tmp_path, monkeypatch, platform, variable, expected):
    for name in ("AGX_DATA", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", platform)
    if variable == "HOME":
        monkeypatch.setattr(Path, "home", lambda: tmp_path)
    else:
        monkeypatch.setenv(variable, str(tmp_path))
    assert data_home() == tmp_path.joinpath(*expected)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (idx(NUMBERS), r"3 dimensions \(magic number 0x00000803\), found 0x00000801"),
        (b"", "found 0x00000000; delete it and get it again"),
        (idx(PIXELS)[:10], "truncated: expected .* found 10;"),
        (idx(PIXELS)[:-1], r"truncated: expected 15696 bytes for the shape \(20, 28, 28\), found"),
        (idx(PIXELS) + b"\n", "bytes after the end: expected 15696 bytes .*, found 15697"),
        (gzip.compress(idx(PIXELS))[:-400], "damaged gzip file"),
        (gzip.compress(idx(PIXELS))[:-8] + bytes(8), "damaged gzip file"),
        (gzip.compress(idx(PIXELS)) + b"more", "damaged gzip file"),
        (b"\x1f\x8b\x08\x00nonsense instead", "damaged gzip file"),
        (b"\n<!DOCTYPE html><html>", "expected an IDX file, found a web page"),
        (b"<HTML>\xe9", "found a web page"),
        (gzip.compress(b"<html>404"), "found a web page"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid",
            "found a git-LFS pointer; run git lfs",
        ),
        (b"Not found\r\n", "expected an IDX file, found text"),
    ],
)
def test_bad_files(tmp_path, raw, message):
    path = tmp_path / IMAGES
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=message) as caught:
        read_idx(path, 3)
    assert str(path) in str(caught.value)


def test_counts_must_match(tmp_path):
    write(tmp_path, labels=NUMBERS[:-1])
    with pytest.raises(ValueError, match=f"{LABELS}: expected .* 20 images in {IMAGES}, found 19"):
        mnist("test", root=tmp_path)


def test_labels_must_be_digits(tmp_path):
    write(tmp_path, labels=np.where(NUMBERS == 3, 10, NUMBERS))
    with pytest.raises(ValueError, match=f"{LABELS}: expected labels from 0 to 9, found 10"):
        mnist("test", root=tmp_path)
