"""Pictures mapped from a file: the same as in memory, made once, and anew when anything has changed."""

import numpy as np
import pytest

import agx as ag
from agx.data import cache, image_folder, pictures

Image = pytest.importorskip("PIL.Image")
RNG = np.random.default_rng(0)


@pytest.fixture
def root(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for k in range(5):
            save(tmp_path / "pets" / name / f"{k}.png")
    return tmp_path / "pets"


def save(path):
    Image.fromarray(RNG.integers(0, 256, (6, 4), np.uint8)).save(path)


@pytest.fixture
def decoded(monkeypatch):
    """The paths that were decoded."""
    log = []
    read = pictures.read
    monkeypatch.setattr(
        pictures, "read", lambda path, *args: (log.append(path), read(path, *args))[1]
    )
    return log


def files(tmp_path):
    return sorted((tmp_path / "cache").iterdir())


def test_they_are_the_same_and_decoded_once(root, tmp_path, decoded):
    expected = image_folder(root)
    for _ in range(2):
        found = image_folder(root, cache=tmp_path / "cache")
        for a, b in zip(found.arrays, expected.arrays, strict=True):
            np.testing.assert_array_equal(a, b)
        assert (found.files, found.classes) == (expected.files, expected.classes)
    assert len(decoded) == 20
    assert isinstance(found.arrays[0], np.memmap) and not found.arrays[0].flags.writeable


def test_a_loader_copies_nothing_but_its_batches(root, tmp_path):
    found = image_folder(root, cache=tmp_path / "cache")
    loader = ag.data.Loader(found, 4, shuffle=True)
    assert np.shares_memory(loader._arrays[0], found.arrays[0])
    assert next(iter(loader))[0].dtype == np.float32


@pytest.mark.parametrize("change", ["new", "gone", "other", "renamed"])
def test_a_change_of_the_pictures_makes_them_anew(root, tmp_path, decoded, change):
    image_folder(root, cache=tmp_path / "cache")
    before = files(tmp_path)
    path = root / "cat" / "1.png"
    if change == "new":
        save(root / "cat" / "9.png")
    elif change == "other":
        save(path)
    elif change == "gone":
        path.unlink()
    else:
        path.rename(root / "dog" / "9.png")
    decoded.clear()
    found = image_folder(root, cache=tmp_path / "cache")
    assert len(decoded) == len(found)
    np.testing.assert_array_equal(found.arrays[0], image_folder(root).arrays[0])
    assert len(files(tmp_path)) == 1 and files(tmp_path) != before


def test_parts_and_sizes_have_files_of_their_own(root, tmp_path):
    for options in ({"split": "train"}, {"split": "test"}, {"size": 3}, {"size": 3, "crop": True}):
        for _ in range(2):
            found = image_folder(root, cache=tmp_path / "cache", **options)
            np.testing.assert_array_equal(found.arrays[0], image_folder(root, **options).arrays[0])
    assert len(files(tmp_path)) == 4


def test_pictures_that_cannot_be_read_are_said_each_time(root, tmp_path):
    stream = root / "dog" / "half.jpg"
    Image.fromarray(RNG.integers(0, 256, (64, 64), np.uint8)).save(stream)
    stream.write_bytes(stream.read_bytes()[:-900])
    for options in ({}, {"cache": tmp_path / "cache"}, {"cache": tmp_path / "cache"}):
        with pytest.warns(UserWarning, match="left out 1 file(.|\n)*half.jpg: damaged: "):
            found = image_folder(root, size=(6, 4), **options)
        assert len(found) == 10 == len(found.files) == len(found.arrays[1])


@pytest.mark.parametrize(
    "damage",
    [
        lambda b: b[:100],
        lambda b: b[:-1],
        lambda b: b"",
        lambda b: b"x" * len(b),
        lambda b: b.replace(b"|u1", b"|V0"),  # with which NumPy's memory map ends the process
        lambda b: b.replace(b"|u1", b"|i1"),
        lambda b: b.replace(b"(10, ", b"(11, "),
        lambda b: b.replace(b"(10, ", b"(-1, "),
        lambda b: b[:-2] + b"[" * 3000,
    ],
)
def test_a_damaged_file_is_made_anew(root, tmp_path, damage):
    image_folder(root, cache=tmp_path / "cache")
    (path,) = files(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    found = image_folder(root, cache=tmp_path / "cache")
    np.testing.assert_array_equal(found.arrays[0], image_folder(root).arrays[0])


def test_an_error_while_it_is_written_leaves_nothing_behind(root, tmp_path, monkeypatch):
    def fail(*args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pictures, "read", fail)
        with pytest.raises(OSError, match="cannot write .*pictures-"):
            image_folder(root, cache=tmp_path / "cache")
    assert files(tmp_path) == []


@pytest.mark.parametrize("memory", [0, 900, 2000])
def test_what_does_not_fit_is_mapped_by_itself(root, tmp_path, monkeypatch, memory):
    monkeypatch.setenv("AGX_DATA", str(tmp_path / "home"))
    monkeypatch.setattr(cache, "memory_of_the_machine", lambda: memory)
    images = image_folder(root).arrays[0]  # 240 bytes
    assert isinstance(images, np.memmap) == (memory == 900)
    assert (tmp_path / "home" / "pictures").exists() == (memory == 900)


def test_a_folder_that_cannot_be_made(root, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        image_folder(root, cache=tmp_path / "file")
