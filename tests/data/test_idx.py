"""MNIST and Fashion-MNIST from IDX files, written here in the official layout."""

import gzip
import struct
import tracemalloc

import numpy as np
import pytest
from dataset_files import NUMBERS, PIXELS, idx, write_idx

from agx.data.idx import fashion_mnist, mnist, read_idx

IMAGES, LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


@pytest.fixture
def root(tmp_path):
    """A folder with a test split of 20 images, not compressed."""
    write_idx(tmp_path)
    return tmp_path


def test_images_are_float32_between_zero_and_one_and_labels_int64(root):
    images, labels = mnist("test", root=root).arrays
    assert images.dtype == np.float32
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(images, PIXELS[:, np.newaxis].astype(np.float32) / 255)
    np.testing.assert_array_equal(labels, NUMBERS)


def test_the_classes_are_the_digits_or_the_clothes(root):
    assert mnist("test", root=root).classes == tuple("0123456789")
    clothes = fashion_mnist("test", root=root).classes
    assert len(clothes) == 10
    assert clothes[0] == "T-shirt/top"
    assert clothes[9] == "Ankle boot"


def test_chosen_classes_are_relabelled_in_the_order_given(root):
    dataset = fashion_mnist("test", root=root, classes=("Bag", "Dress"))
    assert dataset.arrays[1].tolist() == [1, 0, 1, 0]
    np.testing.assert_array_equal(dataset.arrays[0][0, 0], PIXELS[3].astype(np.float32) / 255)
    assert dataset.classes == ("Bag", "Dress")


def test_the_training_split_has_its_own_files(root):
    (root / "train-images-idx3-ubyte").write_bytes(idx(PIXELS[:2]))
    (root / "train-labels-idx1-ubyte").write_bytes(idx(NUMBERS[:2]))
    assert len(mnist(root=root)) == 2


@pytest.mark.parametrize("name", [IMAGES, LABELS])
def test_files_may_be_gzipped(root, name):
    data = (root / name).read_bytes()
    (root / name).unlink()
    (root / f"{name}.gz").write_bytes(gzip.compress(data))
    assert len(mnist("test", root=root)) == 20


def test_a_file_that_was_unzipped_but_kept_its_name_is_read(root):
    (root / IMAGES).rename(root / f"{IMAGES}.gz")
    assert len(mnist("test", root=root)) == 20


UNPACKED = [f"{IMAGES}/{IMAGES}", "t10k-images.idx3-ubyte", f"{IMAGES}/t10k-images.idx3-ubyte"]


@pytest.mark.parametrize("name", UNPACKED)
def test_files_are_found_under_the_names_that_unpacking_gives_them(root, name):
    (root / IMAGES).rename(root / "x")
    (root / name).parent.mkdir(exist_ok=True)
    (root / "x").rename(root / name)
    assert len(mnist("test", root=root)) == 20
    for asked in (IMAGES, f"{IMAGES}.gz", "t10k-images.idx3-ubyte"):
        np.testing.assert_array_equal(read_idx(root / asked), PIXELS)
    for other in ("other-idx3-ubyte", ""):
        with pytest.raises(OSError, match=r"No such file|Is a directory|Permission"):
            read_idx(root / other)


@pytest.mark.parametrize(
    ("load", "folder"),
    [
        (mnist, "mnist"),
        (mnist, "MNIST/raw"),
        (fashion_mnist, "fashion_mnist"),
        (fashion_mnist, "fashion-mnist"),
        (fashion_mnist, "FashionMNIST/raw"),
    ],
)
def test_files_may_lie_in_a_usual_subfolder(root, load, folder):
    (root / folder).mkdir(parents=True)
    for name in (IMAGES, LABELS):
        (root / name).rename(root / folder / name)
    assert len(load("test", root=str(root))) == 20


def test_a_subfolder_goes_before_the_root_itself(root):
    (root / "mnist").mkdir()
    (root / "mnist" / IMAGES).write_bytes(idx(PIXELS[:3]))
    (root / "mnist" / LABELS).write_bytes(idx(NUMBERS[:3]))
    assert len(mnist("test", root=root)) == 3


def test_without_root_the_data_home_is_searched(root, monkeypatch):
    monkeypatch.setenv("AGX_DATA", str(root))
    assert len(mnist("test")) == 20


def test_missing_files_are_named_with_the_folder_and_the_fix(root):
    wanted = r"mnist: expected train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz together"
    with pytest.raises(FileNotFoundError, match=rf"{wanted}.*pass download=True .* or root=") as e:
        mnist("train", root=root)
    assert str(root) in str(e.value)


def test_images_without_labels_are_missing_files(root):
    (root / LABELS).unlink()
    with pytest.raises(FileNotFoundError, match="got none or not all"):
        mnist("test", root=root)


IDX3, IDX1 = idx(PIXELS), idx(NUMBERS)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (IMAGES, b"PK\x03\x04" + IDX3, r"starts with 00 00 08\), got the bytes 50 4b 03 04"),
        (IMAGES, idx(PIXELS, kind=13), "got the bytes 00 00 0d 03"),
        (IMAGES, b"", "got an empty file"),
        (IMAGES, b"\x00\x00\x08", "got the bytes 00 00 08"),
        (IMAGES, b"version https://git-lfs.github.com/spec/v1\n", "got a Git LFS pointer"),
        (IMAGES, b"\n<!DOCTYPE html><html>", "got a web page instead"),
        (IMAGES, b"<HTML><head>", "got a web page instead"),
        (IMAGES, IDX1, "expected 3-dimensional data, got 1-dimensional; are images and"),
        (LABELS, IDX3, "expected 1-dimensional data, got 3-dimensional; are images and"),
        (
            IMAGES,
            IDX3[:-1],
            r"expected 15696 bytes for shape \(20, 28, 28\), got 15695: it is trunc",
        ),
        (IMAGES, IDX3[:10], "got 10: it is truncated"),
        (
            IMAGES,
            gzip.compress(IDX3[:4] + b"\x7f" * 12),
            r"shape \(2139062143, .* got 16: it is trunc",
        ),
        (LABELS, IDX1 + b"\n", "expected 28 bytes .*got 29: there are trailing bytes"),
        (IMAGES, gzip.compress(IDX3)[:-20], "damaged gzip data, .* fails with 'Compressed file"),
        (IMAGES, gzip.compress(IDX3) + b"junk", "damaged gzip data, .* fails with .Not a gzipped"),
        (IMAGES, idx(PIXELS[:, :14, :14]), "expected images of 28 x 28 pixels, got 14 x 14"),
        (IMAGES, idx(PIXELS[:5]), "got 5 images and 20 labels; are both of the same split"),
        (LABELS, idx(NUMBERS + 1), "expected labels from 0 to 9, got 10"),
    ],
)
def test_a_bad_file_is_refused_and_named(root, name, data, message):
    (root / name).write_bytes(data)
    with pytest.raises(ValueError, match=message) as error:
        mnist("test", root=root)
    assert str(root / name) in str(error.value)


@pytest.mark.parametrize("place", [10, 60, -6])
def test_a_flipped_byte_in_a_gzip_file_is_found(root, place):
    damaged = bytearray(gzip.compress(IDX3))
    damaged[place] ^= 0xFF
    (root / IMAGES).write_bytes(damaged)
    with pytest.raises(ValueError, match=f"{IMAGES}: damaged gzip data"):
        mnist("test", root=root)


def test_mnist_is_not_taken_for_fashion_mnist_nor_the_other_way_round(root):
    digits = [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    clothes = [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]
    (root / LABELS).write_bytes(idx(digits + digits))
    assert len(mnist("test", root=root)) == 20
    with pytest.raises(ValueError, match=r"expected fashion_mnist, got mnist, .*keep them apart"):
        fashion_mnist("test", root=root)
    (root / LABELS).write_bytes(idx(clothes + clothes))
    with pytest.raises(ValueError, match="expected mnist, got fashion_mnist"):
        mnist("test", root=root)


# --- other IDX files -----------------------------------------------------------------------------

KINDS = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 1, 3, 2), (0, 4), ()])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_every_type_and_shape_is_read(tmp_path, kind, shape, pack):
    array = np.arange(-2, 10)[: int(np.prod(shape))].reshape(shape).astype(KINDS[kind])
    head = struct.pack(f">BBBB{len(shape)}I", 0, 0, kind, len(shape), *shape)
    (tmp_path / "x").write_bytes(pack(head + array.tobytes()))
    found = read_idx(tmp_path / "x")
    assert found.dtype == np.dtype(KINDS[kind]).newbyteorder("=")
    np.testing.assert_array_equal(found, array)
    np.testing.assert_array_equal(read_idx(str(tmp_path / "x"), len(shape)), array)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"expected an IDX file \(it starts with 00 00 08, 00 00 09, .*\), got an empty file"),
        (b"\x00\x00\x07\x01", "got the bytes 00 00 07 01"),
        (idx(NUMBERS)[:-1], "it is truncated"),
        (idx(NUMBERS) + b"x", "there are trailing bytes"),
        (struct.pack(">BBBBI", 0, 0, 13, 1, 2) + bytes(2), r"expected 16 bytes for shape \(2,\), got 10"),
    ],
)  # fmt: skip
def test_what_is_no_idx_file_is_refused(tmp_path, data, message):
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(ValueError, match=message):
        read_idx(tmp_path / "x")


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ([0] * 200, r"x: the shape \(0, .* is none"),
        ([0, *[2**32 - 1] * 5], r"x: the shape \(0, 4294967295, .* is none"),
        ([2**32 - 1] * 30, "it is truncated"),
        ([2**32 - 1], "expected 4294967303 bytes for shape"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_sizes_beyond_all_bounds_are_refused(tmp_path, sizes, message, pack):
    head = bytes((0, 0, 8, len(sizes))) + struct.pack(f">{len(sizes)}I", *sizes)
    (tmp_path / "x").write_bytes(pack(head))
    with pytest.raises(ValueError, match=message):
        read_idx(tmp_path / "x")


@pytest.mark.parametrize("promised", [100, 50_000_000])
def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch, promised):
    """Neither what the header does not promise, nor what it does."""
    monkeypatch.setattr("agx.data.files.SMALL", 1 << 20)
    head = bytes((0, 0, 8, 1)) + struct.pack(">I", promised)
    (tmp_path / "x").write_bytes(gzip.compress(head + bytes(50_000_000)))
    message = (
        "there are trailing bytes"
        if promised == 100
        else r"x: expected at most [\d,]+ bytes in it, got more"
    )
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=message):
            read_idx(tmp_path / "x")
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_another_number_of_dimensions_is_refused(tmp_path):
    (tmp_path / "x").write_bytes(idx(NUMBERS))
    with pytest.raises(ValueError, match="expected 3-dimensional data, got 1-dimensional"):
        read_idx(tmp_path / "x", 3)


@pytest.mark.parametrize(
    ("name", "data"), [(LABELS, idx(NUMBERS + 1)), (IMAGES, idx(PIXELS[:, :9]))]
)
def test_mnist_points_to_the_reader_of_other_files(root, name, data):
    (root / name).write_bytes(data)
    with pytest.raises(
        ValueError, match=r"ag\.data\.read_idx reads other IDX files, such as EMNIST"
    ):
        mnist("test", root=root)
