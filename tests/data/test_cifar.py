"""CIFAR-10 from its binary version, written here in the official layout."""

import gzip
import io
import tarfile
import tracemalloc
import zlib

import numpy as np
import pytest
from dataset_files import CIFAR_FILES as NAMES
from dataset_files import CIFAR_FOLDER as FOLDER
from dataset_files import cifar_batch as batch
from dataset_files import write_cifar

from agx.data.cifar import cifar10

ARCHIVE = "cifar-10-binary.tar.gz"


def write_archive(path, files):
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


@pytest.fixture
def root(tmp_path):
    """A folder that holds the unpacked archive, ten images in each file."""
    write_cifar(tmp_path)
    return tmp_path


@pytest.fixture
def archived(tmp_path):
    """A folder that holds the archive itself, its members in the order of the official one."""
    files = {f"{FOLDER}/{name}": batch(number) for number, name in enumerate(NAMES)}
    readme = {FOLDER + "/readme.html": b"<html>", FOLDER + "/batches.meta.txt": b"airplane\n"}
    write_archive(tmp_path / ARCHIVE, readme | dict(sorted(files.items(), reverse=True)))
    return tmp_path


def test_images_are_float32_nchw_between_zero_and_one_and_labels_int64(root):
    images, labels = cifar10("test", root=root).arrays
    assert images.shape == (10, 3, 32, 32)
    assert images.dtype == np.float32
    assert images.flags.c_contiguous
    assert labels.dtype == np.int64
    assert labels.tolist() == list(range(10))
    for channel in range(3):
        np.testing.assert_array_equal(
            images[:, channel], np.float32(50 + channel) / np.float32(255)
        )


def test_pixels_are_row_by_row(root):
    record = np.zeros(3073, np.uint8)
    record[1 + 1024 + 32 * 2 + 5] = 255
    (root / FOLDER / "test_batch.bin").write_bytes(record.tobytes())
    images, _ = cifar10("test", root=root).arrays
    assert np.argwhere(images).tolist() == [[0, 1, 2, 5]]
    assert images.max() == 1


def test_the_training_split_joins_five_files_in_order(root):
    images, labels = cifar10(root=root).arrays
    assert labels.tolist() == 5 * list(range(10))
    np.testing.assert_array_equal((images[::10, 0, 0, 0] * 255).round(), [0, 10, 20, 30, 40])


def test_the_classes_have_their_official_names(root):
    names = "airplane automobile bird cat deer dog frog horse ship truck"
    assert cifar10("test", root=root).classes == tuple(names.split())


def test_chosen_classes_are_relabelled_in_the_order_given(root):
    dataset = cifar10("train", root=root, classes=("automobile", "bird"))
    assert dataset.arrays[1].tolist() == 5 * [0, 1]
    assert dataset.arrays[0].shape == (10, 3, 32, 32)
    assert dataset.classes == ("automobile", "bird")


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_archive_itself_is_read(root, archived, split, tmp_path_factory):
    files, unpacked = tmp_path_factory.mktemp("files"), root / FOLDER
    unpacked.rename(files / FOLDER)
    for one, two in zip(
        cifar10(split, root=archived).arrays, cifar10(split, root=files).arrays, strict=True
    ):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("place", ["cifar10", "cifar10/" + FOLDER, FOLDER, "."])
def test_files_may_lie_in_a_usual_subfolder(root, tmp_path_factory, place):
    home = tmp_path_factory.mktemp("home")
    (home / place).mkdir(parents=True, exist_ok=True)
    (root / FOLDER / "test_batch.bin").rename(home / place / "test_batch.bin")
    assert len(cifar10("test", root=home)) == 10


def test_without_root_the_data_home_is_searched(root, monkeypatch):
    monkeypatch.setenv("AGX_DATA", str(root))
    assert len(cifar10("test")) == 10


def test_missing_files_are_named_with_the_folder_and_the_fix(root):
    (root / FOLDER / "data_batch_3.bin").unlink()
    message = r"data_batch_5.bin \(or cifar-10-binary.tar.gz\) together in .*download=True .* root="
    with pytest.raises(FileNotFoundError, match=message) as error:
        cifar10("train", root=root)
    assert str(root) in str(error.value)


@pytest.mark.parametrize(
    "name", ["cifar-10-batches-py/data_batch_1", "cifar-10-python.tar.gz", "data_batch_1"]
)
def test_the_pickled_version_is_refused_with_a_hint(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"\x80\x02}q\x01")
    with pytest.raises(ValueError, match=r"got the Python version, which is pickled .*or get http"):
        cifar10("train", root=tmp_path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (batch(0)[:-1], "expected records of 3073 bytes, got 30729 bytes, which is not a multiple"),
        (batch(0) + b"\n", "got 30731 bytes"),
        (b"", "got 0 bytes, .*an empty file"),
        (b"version https://git-lfs.github.com/spec/v1\n", "starting with a Git LFS pointer"),
        (b"<!DOCTYPE html><html></html>", "starting with a web page"),
        (batch(0, labels=[3, 10]), "expected labels from 0 to 9, got 10"),
    ],
)
def test_a_bad_file_is_refused_and_named(root, data, message):
    path = root / FOLDER / "test_batch.bin"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message) as error:
        cifar10("test", root=root)
    assert str(path) in str(error.value)


def test_a_bad_member_of_the_archive_is_named(tmp_path):
    write_archive(tmp_path / ARCHIVE, {f"{FOLDER}/test_batch.bin": batch(0)[:-1]})
    with pytest.raises(
        ValueError, match=r"tar.gz.cifar-10-batches-bin.test_batch.bin: expected rec"
    ):
        cifar10("test", root=tmp_path)


def test_an_archive_of_something_else_is_refused(tmp_path):
    write_archive(tmp_path / ARCHIVE, {"cifar-10-batches-py/test_batch": b"\x80\x02}q\x01"})
    with pytest.raises(ValueError, match=r"binary version .* without test_batch\.bin"):
        cifar10("test", root=tmp_path)


@pytest.mark.parametrize("keep", [5, 200, 0.5, 0.99])
def test_a_truncated_archive_is_refused(archived, keep):
    path = archived / ARCHIVE
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data)) if keep < 1 else keep])
    with pytest.raises(ValueError, match=r"gz: damaged gzip data, expected a whole gzip file, got"):
        cifar10("train", root=archived)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_flipped_byte_in_the_archive_is_found(archived, share):
    path = archived / ARCHIVE
    data = bytearray(path.read_bytes())
    data[int(share * len(data))] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"binary\.tar\.gz: damaged gzip data"):
        cifar10("train", root=archived)


@pytest.mark.parametrize("keep", [300, 1000, 20_000])
def test_a_truncated_archive_that_was_unzipped_is_refused(archived, keep):
    path = archived / ARCHIVE
    data = gzip.decompress(path.read_bytes())
    path.write_bytes(data)
    assert len(cifar10("train", root=archived)) == 50
    path.write_bytes(data[:keep])
    with pytest.raises(ValueError, match=r"expected a whole tar archive, got|archive without data"):
        cifar10("train", root=archived)


def test_a_web_page_named_like_the_archive_is_refused(tmp_path):
    (tmp_path / ARCHIVE).write_bytes(b"<!DOCTYPE html><html></html>")
    with pytest.raises(ValueError, match=r"got a web page .*delete it and load with download=True"):
        cifar10("test", root=tmp_path)


def test_an_unknown_split_or_class_is_refused(tmp_path):
    with pytest.raises(ValueError, match="cifar10: split is 'valid', expected 'train' or 'test'"):
        cifar10("valid", root=tmp_path)
    with pytest.raises(
        ValueError, match="cifar10: unknown class 'car' in classes; choose from 'ai"
    ):
        cifar10("test", root=tmp_path, classes=("car",))


def write_members(path, *members, pack=gzip.compress):
    """An archive of (name, type, link or data), whose sizes may lie."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, kind, what in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            if isinstance(what, bytes):
                member.size = len(what)
                archive.addfile(member, io.BytesIO(what))
            else:
                member.linkname = what
                archive.addfile(member)
    path.write_bytes(pack(packed.getvalue()))


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE]
)
@pytest.mark.parametrize("target", ["nowhere", f"{FOLDER}/test_batch.bin", "../../../etc/passwd"])
def test_links_of_an_archive_are_not_followed(tmp_path, kind, target):
    write_members(tmp_path / ARCHIVE, (f"{FOLDER}/test_batch.bin", kind, target))
    with pytest.raises(ValueError, match=r"tar\.gz: .* without test_batch\.bin"):
        cifar10("test", root=tmp_path)


def test_links_in_a_circle_are_not_followed(tmp_path):
    one, two = f"{FOLDER}/test_batch.bin", f"{FOLDER}/other.bin"
    write_members(tmp_path / ARCHIVE, (one, tarfile.LNKTYPE, two), (two, tarfile.LNKTYPE, one))
    with pytest.raises(ValueError, match=r"without test_batch\.bin"):
        cifar10("test", root=tmp_path)


@pytest.mark.parametrize("name", ["../../test_batch.bin", "/test_batch.bin"])
def test_names_of_an_archive_are_no_paths(tmp_path, name):
    write_members(tmp_path / ARCHIVE, (name, tarfile.REGTYPE, batch(0)))
    assert len(cifar10("test", root=tmp_path)) == 10
    assert [path.name for path in tmp_path.iterdir()] == [ARCHIVE]


def test_headers_without_an_end_are_refused(tmp_path):
    """Each long name says that another one follows, deeper than the reader may go."""
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 1
    block = header.tobuf(tarfile.GNU_FORMAT) + bytes(512)
    (tmp_path / ARCHIVE).write_bytes(gzip.compress(5000 * block))
    with pytest.raises(ValueError, match=r"tar\.gz: expected a whole tar archive, got"):
        cifar10("test", root=tmp_path)


def test_a_file_with_holes_is_none_of_the_data(tmp_path):
    """Its header promises a terabyte of zeros."""
    header = tarfile.TarInfo(f"{FOLDER}/test_batch.bin")
    header.type = tarfile.GNUTYPE_SPARSE
    block = bytearray(header.tobuf(tarfile.GNU_FORMAT))
    block[386:410] = b"0" * 23 + b"\0"  # where the only piece begins, and its length
    block[483:495] = b"17777777777\0"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    (tmp_path / ARCHIVE).write_bytes(gzip.compress(bytes(block) + bytes(1024)))
    with pytest.raises(ValueError, match=r"without test_batch\.bin|whole tar archive"):
        cifar10("test", root=tmp_path)


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("agx.data.cifar.LARGEST", 100_000)
    piece = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = b"".join(piece.compress(bytes(1 << 20)) for _ in range(60)) + piece.flush()
    (tmp_path / ARCHIVE).write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(
            ValueError, match=r"tar\.gz: expected at most 100,000 bytes in it, got more"
        ):
            cifar10("test", root=tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
