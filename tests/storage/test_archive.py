"""Arrays and metadata in one file."""

import io
import json
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest

import agx as ag
from agx.storage import archive

ARRAYS = {
    "file": np.arange(6.0).reshape(2, 3), "allow_pickle": np.array(3, np.int64), "conv.weight": np.ones((2, 1, 3), np.float32)[:, :, ::2],
    "empty": np.zeros((0, 4)), "flags": np.array([True, False]),
}  # fmt: skip


@pytest.fixture(params=[".npz", ".safetensors"])
def path(request, tmp_path):
    if request.param == ".safetensors":
        pytest.importorskip("safetensors")
    return tmp_path / f"model{request.param}"


def test_arrays_and_metadata_come_back(path):
    archive.write(path, ARRAYS, {"classes": ["a", "b"], "mean": [0.1]})
    arrays, metadata = archive.read(path)
    assert metadata == {"classes": ["a", "b"], "mean": [0.1]} and set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array, strict=True)


def test_numpy_reads_an_npz(tmp_path):
    path = tmp_path / "a.npz"
    archive.write(path, {"w": np.ones(3)}, {"x": 1})
    with np.load(path) as found:
        np.testing.assert_array_equal(found["w"], np.ones(3))
        assert json.loads(json.loads(bytes(found["__metadata__"]))["agx"]) == {"x": 1}


def test_a_module_loads_what_numpy_reads_of_it(tmp_path):
    layer, other = ag.nn.Linear(3, 2), ag.nn.Linear(3, 2)
    archive.write(tmp_path / "a.npz", layer.state_dict(), {"x": 1})
    other.load_state_dict(np.load(tmp_path / "a.npz"))
    np.testing.assert_array_equal(other.weight.value, layer.weight.value)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_plain_npz_has_no_metadata(tmp_path, save):
    save(tmp_path / "a.npz", w=np.arange(100_000.0))
    arrays, metadata = archive.read(tmp_path / "a.npz")
    assert metadata == {}
    np.testing.assert_array_equal(arrays["w"], np.arange(100_000.0))


def test_the_same_content_has_the_same_bytes(tmp_path):
    for name in "ab":
        archive.write(tmp_path / f"{name}.npz", ARRAYS, {"n": 1})
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_no_damage_goes_unnoticed(path):
    """Every byte changed in turn, and every length: what is read is what was written, or nothing.

    Only the name under which safetensors keeps metadata can be lost, and then all of them are.
    """
    archive.write(path, {"w": np.arange(4.0), "b": np.ones(2, np.float32)}, {"n": [1, 2]})
    whole, refused = path.read_bytes(), 0
    expected = archive.read(path)
    damaged = [
        whole[:i] + bytes([whole[i] ^ 1 << i % 8]) + whole[i + 1 :] for i in range(len(whole))
    ]
    for data in damaged + [whole[:n] for n in range(0, len(whole), 7)]:
        path.write_bytes(data)
        message, found = reading(path)
        if found is None:
            assert str(path) in message
            assert "checksum does not fit" in message or "expected a whole" in message
            refused += 1
            continue
        lost = path.suffix == ".safetensors" and not found.metadata
        assert lost or found.metadata == expected.metadata
        assert found.arrays.keys() == expected.arrays.keys()
        for name, array in expected.arrays.items():
            np.testing.assert_array_equal(found.arrays[name], array, strict=True)
    assert refused > 0.8 * len(whole)


def reading(path):
    try:
        return "", archive.read(path)
    except ValueError as error:
        return str(error), None


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "an empty file"),
        (b"\x80\x04\x95junk", "a pickle"),
        (b"\x80\x05\x95junk", "a pickle"),
        (b"<html>", "a web page instead of the data"),
        (b"junk", "the bytes 6a 75 6e 6b"),
    ],
)
def test_something_else_is_refused(path, data, what):
    path.write_bytes(data)
    with pytest.raises(ValueError, match=f"model.*expected a whole .* file of arrays, got {what}"):
        archive.read(path)


def test_an_array_of_objects_is_neither_written_nor_read(tmp_path):
    with pytest.raises(ValueError, match="the array 'w' holds objects"):
        archive.write(tmp_path / "a.npz", {"w": np.array([None])})
    np.savez(tmp_path / "a.npz", w=np.array([None]))
    with pytest.raises(ValueError, match="an array of object"):
        archive.read(tmp_path / "a.npz")


def test_a_header_that_promises_too_much_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", w=np.zeros(1000))
    data = (tmp_path / "a.npz").read_bytes().replace(b"(1000,), }  ", b"(9000000000,), }"[:12])
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(ValueError, match="expected a whole"):
        archive.read(tmp_path / "a.npz")


def packed(path, **members):
    """An npz of the bytes of .npy files; of a pair the second is how they are compressed."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            data, kind = data if isinstance(data, tuple) else (data, zipfile.ZIP_DEFLATED)
            archive.writestr(f"{name}.npy", data, kind)


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npy_of(header):
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def test_a_bomb_is_not_unpacked(tmp_path):
    packed(tmp_path / "a.npz", w=npy(np.zeros(10_000_000)))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"a\.npz: .*it unpacks to more than 67108864 bytes"):
            archive.read(tmp_path / "a.npz")
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"w": (npy(np.ones(3)), zipfile.ZIP_BZIP2)}, "compressed in another way"),
        ({"w": npy(np.ones(3)) + b"x"}, r"an array of float64 \(3,\) in 153 bytes"),
        ({"w": npy_of("{'descr': '|V0', 'fortran_order': False, 'shape': (9999999999,)}")}, "an array of"),
        ({"w": npy_of("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -1)}") + bytes(8)}, "an array of"),
        ({"w": npy_of("{'descr': '<f8', 'fortran_order': False, 'shape': (True,)}") + bytes(8)}, "an array of"),
        ({"w": npy_of("-" * 5000 + "1")}, "damaged header"),
        ({"w": npy(np.array([0x110000], "<u4")).replace(b"<u4", b"<U1")}, "letters that there are not"),
        ({"w": npy(np.array([0x110000], ">u4")).replace(b">u4", b">U1")}, "letters that there are not"),
        ({"w": npy_of("(" * 5000)}, "damaged header"),
    ],
)  # fmt: skip
def test_a_member_that_is_no_array_is_refused(tmp_path, members, message):
    packed(tmp_path / "a.npz", **members)
    with pytest.raises(ValueError, match=rf"a\.npz: expected a whole \.npz .*{message}"):
        archive.read(tmp_path / "a.npz")


def test_a_name_that_is_there_twice_is_refused(tmp_path):
    with warnings.catch_warnings(), zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
        warnings.simplefilter("ignore")
        for value in (1.0, 2.0):
            file.writestr("w.npy", npy(np.array(value)))
    with pytest.raises(ValueError, match="'w' is there twice"):
        archive.read(tmp_path / "a.npz")


def test_names_of_paths_stay_names(tmp_path):
    arrays = {"../../up": np.ones(2), "/root": np.ones(1), "a.npy": np.zeros(1), "a": np.ones(1)}
    archive.write(tmp_path / "a.npz", arrays)
    assert archive.read(tmp_path / "a.npz").arrays.keys() == arrays.keys()
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_a_name_that_a_file_cannot_hold_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"a\.npz: the array 'a\\x00b' has a name that"):
        archive.write(tmp_path / "a.npz", {"a\0b": np.ones(1)})
    assert not list(tmp_path.iterdir())


def test_names_and_suffixes_that_are_not_free(tmp_path):
    with pytest.raises(ValueError, match="__metadata__"):
        archive.write(tmp_path / "a.npz", {"__metadata__": np.ones(1)})
    for use in (lambda p: archive.write(p, {}), archive.read):
        with pytest.raises(
            ValueError, match=r"a\.bin: expected a name that ends in \.npz or \.safetensors"
        ):
            use(tmp_path / "a.bin")


def test_an_error_keeps_the_file_that_was_there(path, monkeypatch):
    archive.write(path, {"w": np.ones(2)})
    before = path.read_bytes()
    monkeypatch.setattr("os.fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OSError, match=r"cannot write .*model.*is kept"):
        archive.write(path, {"w": np.zeros(2)})
    assert path.read_bytes() == before and len(list(path.parent.iterdir())) == 1
