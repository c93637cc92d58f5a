import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from agx.data import cifar10

TRAIN = [f"data_batch_{i}.bin" for i in range(1, 6)]
FOLDER, ARCHIVE = "cifar-10-batches-bin", "cifar-10-binary.tar.gz"


def batch(seed: int, n: int = 10) -> np.ndarray:
    records = np.random.default_rng(seed).integers(0, 256, (n, 3073)).astype(np.uint8)
    records[:, 0] = np.arange(n) % 10
    return records


def files() -> dict[str, bytes]:
    names = [*TRAIN, "test_batch.bin"]
    return {name: batch(i).tobytes() for i, name in enumerate(names)}


def write(folder: Path, content: dict[str, bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, raw in content.items():
        (folder / name).write_bytes(raw)
    return folder


def pack(path: Path, content: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, raw in content.items():
            member = tarfile.TarInfo(f"{FOLDER}/{name}")
            member.size = len(raw)
            archive.addfile(member, io.BytesIO(raw))
    return path


@pytest.mark.parametrize("layout", ["folder", "root", "archive"])
def test_files_are_found_and_read(tmp_path, layout):
    if layout == "archive":
        pack(tmp_path / ARCHIVE, files())
    else:
        write(tmp_path / FOLDER if layout == "folder" else tmp_path, files())
    train, test = cifar10("train", root=tmp_path), cifar10("test", root=str(tmp_path))
    assert train.arrays[0].shape == (50, 3, 32, 32)
    assert train.arrays[0].dtype == np.float32
    assert test.arrays[1].dtype == np.int64
    expected = batch(5)
    pixels = expected[:, 1:].reshape(10, 3, 32, 32) / np.float32(255)
    np.testing.assert_array_equal(test.arrays[0], pixels)
    np.testing.assert_array_equal(test.arrays[1], expected[:, 0])
    first = batch(0)[3, 1:].reshape(3, 32, 32) / np.float32(255)
    np.testing.assert_array_equal(train.arrays[0][3], first)
    assert train.classes[:3] == ("airplane", "automobile", "bird")


def test_an_archive_is_not_extracted(tmp_path):
    pack(tmp_path / ARCHIVE, files())
    cifar10("test", root=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [ARCHIVE]


def test_classes_filter_and_relabel(tmp_path):
    write(tmp_path, files())
    data = cifar10("test", root=tmp_path, classes=("bird", "automobile"))
    assert data.classes == ("bird", "automobile")
    assert data.arrays[1].tolist() == [1, 0]
    with pytest.raises(
        ValueError, match="'car' is not a class; expected one of airplane, .* truck"
    ):
        cifar10("test", root=tmp_path, classes=("car",))


def test_an_image_that_looks_like_text_is_read(tmp_path):
    record = np.full((1, 3073), ord("A"), np.uint8)
    record[0, 0] = 9  # the label of a truck is a tab
    write(tmp_path, {"test_batch.bin": record.tobytes()})
    assert cifar10("test", root=tmp_path).arrays[1].tolist() == [9]


def test_missing_files(tmp_path):
    content = files()
    del content["data_batch_4.bin"]
    write(tmp_path / FOLDER, content)
    with pytest.raises(FileNotFoundError) as caught:
        cifar10("train", root=tmp_path)
    wanted = [*TRAIN, str(tmp_path / FOLDER), ARCHIVE, "pass root=", "download=True"]
    assert [word for word in wanted if word not in str(caught.value)] == []
    assert len(cifar10("test", root=tmp_path)) == 10


@pytest.mark.parametrize("name", ["cifar-10-batches-py", "cifar-10-python.tar.gz"])
def test_the_pickled_version_is_refused(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(ValueError, match=f"{name} is the pickled Python version.*{ARCHIVE}"):
        cifar10(root=tmp_path)
    write(tmp_path, files())
    assert len(cifar10(root=tmp_path)) == 50


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "expected records of 3073 bytes, found 0 bytes"),
        (batch(0).tobytes()[:-1], "found 30729 bytes, which is 9 records and 3072 bytes"),
        (batch(0).tobytes() + b"\0", "found 30731 bytes, which is 10 records and 1 bytes"),
        (b"\x0a" + batch(0).tobytes()[1:], "expected labels from 0 to 9, found 10"),
        (b"<html>" + b" " * 3067, "expected CIFAR-10 records, found a web page"),
        (b"version https://git-lfs.github.com/spec/v1", "found a git-LFS pointer"),
        (b"moved", "expected CIFAR-10 records, found text"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_bad_batches(tmp_path, raw, message, packed):
    content = {"test_batch.bin": raw}
    if packed:
        pack(tmp_path / ARCHIVE, content)
    else:
        write(tmp_path, content)
    with pytest.raises(ValueError, match=message) as caught:
        cifar10("test", root=tmp_path)
    assert "test_batch.bin: expected" in str(caught.value)


def test_bad_archives(tmp_path):
    path = pack(tmp_path / ARCHIVE, files())
    whole = path.read_bytes()
    swapped = bytearray(whole)
    swapped[5000:5100] = bytes(100)
    for raw, message in (
        (whole[:-20000], "damaged archive"),
        (bytes(swapped), "damaged archive"),
        (whole[:4], "damaged archive"),
        (b"<!DOCTYPE html>", r"expected a \.tar\.gz archive, found a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "found a git-LFS pointer"),
    ):
        path.write_bytes(raw)
        with pytest.raises(ValueError, match=message) as caught:
            cifar10("test", root=tmp_path)
        assert str(path) in str(caught.value)


def test_an_archive_without_a_batch(tmp_path):
    pack(tmp_path / ARCHIVE, {"data_batch_1.bin": batch(0).tobytes()})
    with pytest.raises(ValueError, match=r"in the archive, found no data_batch_2\.bin, .*_5\.bin"):
        cifar10("train", root=tmp_path)


def test_bad_split(tmp_path):
    with pytest.raises(ValueError, match="split: expected 'train' or 'test', got 'valid'"):
        cifar10("valid", root=tmp_path)
