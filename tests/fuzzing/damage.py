"""How a small valid file is damaged: bits and lengths, and what lies behind checksums."""

import contextlib
import gzip
import io
import json
import random
import struct
import warnings
import zipfile
import zlib
from typing import Any

import numpy as np

from agx.storage import archive

# --- damage to bytes -----------------------------------------------------------------------------

NUMBERS = [0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**40, 2**63 - 1, 2**63, 2**64 - 1]  # fmt: skip
TEXTS = [
    b"0", b"-1", b"1e999", b"nan", b"-inf", b"99999999999999999999", b"null", b'"', b"\\", b"{", b"]", b"[" * 3000,
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\n", b"\r", b",", b";;;;", b"../", b"/", b"\xed\xa0\x80", b"True", b"(" * 300,
]  # fmt: skip


def flip(rng: random.Random, data: bytearray) -> None:
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def cut(rng: random.Random, data: bytearray) -> None:
    del data[rng.randrange(len(data)) :]


def splice(rng: random.Random, data: bytearray) -> None:
    a, b, to = (rng.randrange(len(data) + 1) for _ in range(3))
    a, b = min(a, b), min(max(a, b), min(a, b) + rng.choice((4, 64, 4096)))
    piece = bytes(data[a:b])
    data[to : to + rng.choice((0, len(piece)))] = piece


def remove(rng: random.Random, data: bytearray) -> None:
    start = rng.randrange(len(data))
    del data[start : start + rng.choice((1, 4, 64))]


def inflate(rng: random.Random, data: bytearray) -> None:
    """A size that lies, mostly in what may be a header."""
    width, order = rng.choice((1, 2, 4, 8)), rng.choice(("little", "big"))
    start = rng.randrange(min(len(data), rng.choice((16, 128, 1 << 20))))
    number = rng.choice(NUMBERS) & ((1 << 8 * width) - 1)
    data[start : start + width] = number.to_bytes(width, order)


def write(rng: random.Random, data: bytearray) -> None:
    text, start = rng.choice(TEXTS), rng.randrange(len(data))
    data[start : start + rng.choice((0, 1, len(text)))] = text


def count(rng: random.Random, data: bytearray) -> None:
    """Another number where digits stand."""
    places = [i for i in range(min(len(data), 4096)) if 48 <= data[i] < 58]
    if places:
        start = rng.choice(places)
        data[start : start + 1] = rng.choice(TEXTS[:6] + [b"7", b"77777", b"-"])


DAMAGES = flip, flip, flip, cut, splice, remove, inflate, inflate, write, count


def damaged(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if changed:
            rng.choice(DAMAGES)(rng, changed)
    return bytes(changed)


# --- damage behind checksums ---------------------------------------------------------------------


def zipped(rng: random.Random, data: bytes) -> bytes:
    """What is in a gzip file is damaged, or there is much of it."""
    inner = zlib.decompress(data, 31)
    inner = inner + bytes(1 << 18) if rng.random() < 0.02 else damaged(rng, inner)
    return gzip.compress(inner, 1)


def tarred(rng: random.Random, data: bytes) -> bytes:
    """Headers of a tar archive are damaged, and their checksums mended."""
    changed = bytearray(data)
    starts = [i for i in range(0, len(data), 512) if data[i + 257 : i + 262] == b"ustar"]
    for start in rng.sample(starts, rng.randint(1, len(starts))):
        block = changed[start : start + 512]
        match rng.randrange(4):
            case 0:  # links, sparse files, long names, devices and what else there is
                block[156] = ord(rng.choice("0123456712SLKxgVDMNX"))
                block[157:160] = rng.choice((b"../", b"cif", b"\0\0\0", block[:3]))
            case 1:
                block[124:136] = rng.choice(
                    (
                        b"77777777777\0",
                        b"-0000000001\0",
                        b"00000000000\0",
                        b"\x80" + bytes(10) + b"\1",
                        b"\xff" * 12,
                    )
                )
            case 2:
                block[0:12] = rng.choice(
                    (b"../../../etc", b"/test_batch.", b"test_batch.b", bytes(12))
                )
            case _:
                block[rng.randrange(512)] = rng.randrange(256)
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
        changed[start : start + 512] = block
    return bytes(changed)


def tarred_and_zipped(rng: random.Random, data: bytes) -> bytes:
    return gzip.compress(tarred(rng, zlib.decompress(data, 31)), 1)


ARRAYS = [
    "{'descr': '<f8', 'fortran_order': False, 'shape': (%s,), }", "{'descr': '|O', 'fortran_order': False, 'shape': (%s,), }",
    "{'descr': '|V0', 'fortran_order': True, 'shape': (%s,), }", "{'descr': '<U9', 'fortran_order': 3, 'shape': (%s, 0), }",
    "{'descr': [('a', '<i4'), ('a', '|S3')], 'fortran_order': False, 'shape': (%s,), }", "-" * 2000 + "%s", "[" * 150 + "%s",
    "{'descr': '<M8[D]', 'fortran_order': False, 'shape': (%s,), }", "{'descr': ('<f8', (3, 2)), 'fortran_order': False, 'shape': (%s,), }",
]  # fmt: skip


def npy(rng: random.Random, data: bytes) -> bytes:
    """Another header of a .npy file."""
    text = (
        rng.choice(ARRAYS)
        % rng.choice(("3", "-1", "True", "1e3", "9" * 30, "2**40", "0, 99999999999"))
    ).encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    version = rng.choice((1, 1, 2, 3, 9))
    size = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes((version, 0)) + size + text + data[128:]


def members(rng: random.Random, data: bytes) -> bytes:
    """An npz with another member, whose checksums are right."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        found = [(info.filename, old.read(info)) for info in old.infolist()]
    i = rng.randrange(len(found))
    name, inner = found[i]
    match rng.randrange(6):
        case 0:
            found[i] = name, npy(rng, inner)
        case 1:
            found[i] = (
                rng.choice(
                    (
                        "../a.npy",
                        "/a.npy",
                        "",
                        "a",
                        "__metadata__.npy",
                        "\udcff.npy",
                        "x" * 300,
                        found[0][0],
                    )
                ),
                inner,
            )
        case 2:
            del found[i]
        case 3:
            found.append((name, inner + bytes(1 << 16)))
        case _:
            found[i] = name, damaged(rng, inner)
    return packed(found, rng.choice((0, 0, 8, 8, 12, 14)))


def packed(found: list[tuple[str, bytes]], method: int = 0) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", method) as new:
        warnings.simplefilter("ignore")
        for name, inner in found:
            with contextlib.suppress(UnicodeEncodeError):
                new.writestr(zipfile.ZipInfo(name), inner, method)
    return file.getvalue()


VALUES = [
    None, True, -1, 0, 3, 2**31, 2**64, 10**40, 1e308, float("nan"), "", "x", "\0", "\ud800", "mean", "<b>", [], {}, [[]], [1, "a"],
    {"a": 1}, "mlp", "os:system", "Linear(3, 2)", "Linear(99999, 99999)", "Linear(10**9, 2)", "relu", [0.5], ["a", "b"], {"__array__": "x"},
]  # fmt: skip


def other(rng: random.Random, tree: Any) -> Any:
    """A tree of JSON with one thing changed."""
    if isinstance(tree, (dict, list)) and tree and rng.random() < 0.85:
        keys = list(tree) if isinstance(tree, dict) else range(len(tree))
        key, new = rng.choice(list(keys)), type(tree)(tree)
        match rng.randrange(10):
            case 0:
                del new[key]
            case 1 if isinstance(tree, dict):
                new[rng.choice(("epoch", "loss", "x", "", "<b>"))] = rng.choice(VALUES)
            case 2 if isinstance(tree, list):
                new += new * rng.choice((1, 30))
            case _:
                new[key] = other(rng, new[key])
        return new
    if rng.random() < 0.02:
        return json.loads("[" * 400 + "]" * 400)
    return rng.choice(VALUES)


def object_(rng: random.Random, data: bytes) -> bytes:
    return json.dumps(other(rng, json.loads(data)), indent=rng.choice((None, 2))).encode()


def lines(rng: random.Random, data: bytes) -> bytes:
    found = data.splitlines()
    i = rng.randrange(len(found))
    found[i] = object_(rng, found[i]).replace(b"\n", b"")
    return b"\n".join(found) + b"\n"


ANOTHER = [
    lambda x: x[..., None], lambda x: x.reshape(-1)[:0], lambda x: x.astype("f8") * 1e300, lambda x: x.astype("U"),
    lambda x: x.astype("c8"), lambda x: x.astype("i4") - 9, lambda x: x.astype("f2") * np.nan, lambda x: x.reshape(-1), lambda x: x.astype("f8"),
]  # fmt: skip


def sealed(rng: random.Random, data: bytes) -> bytes:
    """What belongs to the arrays of an npz is changed, and the checksum mended."""
    arrays, metadata = archive._of_npz(data)
    text = json.loads(metadata)["agx"]
    if rng.random() < 0.2 and arrays:
        name = rng.choice(list(arrays))
        array = arrays.pop(name)
        if rng.random() < 0.7:
            name = rng.choice((name, name, "x"))
            with np.errstate(all="ignore"):
                arrays[name] = rng.choice(ANOTHER)(array)
    else:
        text = json.dumps(other(rng, json.loads(text)))
    with np.errstate(all="ignore"):
        said = json.dumps({"agx": text, "sha256": archive._digest(arrays, text)})
    arrays = {archive.METADATA: np.frombuffer(said.encode("utf-8"), np.uint8), **arrays}
    return packed([(f"{name}.npy", bytes_of(array)) for name, array in arrays.items()])


def bytes_of(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(array), allow_pickle=False)
    return file.getvalue()


def tensors(rng: random.Random, data: bytes) -> bytes:
    """Another header of a safetensors file."""
    size = int.from_bytes(data[:8], "little")
    header = json.dumps(other(rng, json.loads(data[8 : 8 + size]))).encode()
    return len(header).to_bytes(8, "little") + header + data[8 + size :]


def png(rng: random.Random, data: bytes) -> bytes:
    """Chunks of a PNG file are damaged, and their checksums mended."""
    out, at = bytearray(data[:8]), 8
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        chunk = bytearray(data[at + 4 : at + 8 + size])
        if rng.random() < 0.4 and size:
            chunk[rng.randrange(4, len(chunk))] = rng.choice((0, 1, 3, 4, 255, rng.randrange(256)))
        out += struct.pack(">I", size) + chunk + struct.pack(">I", zlib.crc32(chunk))
        at += 12 + size
    return bytes(out)


def graph(rng: random.Random, data: bytes) -> bytes:
    """An ONNX model with another operator, shape, place of its numbers, attribute, name or version."""
    import onnx

    from agx.onnx.operators import OPERATORS

    model = onnx.load_model_from_string(data)
    node, tensor = rng.choice(model.graph.node), rng.choice(model.graph.initializer)
    names = ["", "x", *(t.name for t in model.graph.initializer), *node.output]
    for _ in range(rng.choice((1, 1, 2))):
        match rng.randrange(8):
            case 0:
                node.op_type = rng.choice([*OPERATORS, "Constant", "If", "Loop", ""])
            case 1:
                tensor.dims[:] = rng.choice(
                    ([], [0], [-1, 3], [2**40, 2**40], [2**62], [6], [1] * 70)
                )
            case 2:
                tensor.data_type = rng.randrange(25)
            case 3:
                tensor.data_location = tensor.EXTERNAL
                for key in rng.sample(("location", "offset", "length"), rng.randint(0, 3)):
                    entry = tensor.external_data.add()
                    entry.key, entry.value = (
                        key,
                        rng.choice(("../x", "/etc/passwd", ".", "model.onnx", "-1", "9" * 30, "")),
                    )
            case 4:
                value = rng.choice((1, -1.5, "x", [1, 2], [2**40], [1.0], tensor, b"\xff"))
                name = rng.choice(("axis", "perm", "alpha", "value", "to", "x"))
                node.attribute.append(onnx.helper.make_attribute(name, value))
            case 5:
                node.input[:] = rng.sample(names, rng.randint(0, len(names)))
            case 6:
                node.output[:] = rng.sample(names, rng.randint(0, 2))
            case _:
                model.opset_import[0].version = rng.choice((0, 12, 14, 25, 26, 2**40))
    return model.SerializeToString()
