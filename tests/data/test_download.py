import contextlib
import gzip
import hashlib
import http.server
import importlib
import io
import re
import tarfile
import threading

import numpy as np
import pytest

from agx.data import cifar10, fashion_mnist, mnist
from agx.data.files import Download, fetch

MNIST_MODULE = importlib.import_module("agx.data.mnist")
CIFAR_MODULE = importlib.import_module("agx.data.cifar")
CONTENT = np.random.default_rng(0).integers(0, 256, 300_000).astype(np.uint8).tobytes()


class Server(http.server.ThreadingHTTPServer):
    """A server of the bytes in ``pages``; ``cut`` is how many bytes it leaves out of an answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/"
        self.pages: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.cut = 0

    def add(self, name: str, content: bytes) -> Download:
        self.pages["/" + name] = content
        digest = hashlib.sha256(content).hexdigest()
        return Download(self.url + name, name, len(content), digest)


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        content = self.server.pages.get(self.path)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(content[: len(content) - self.server.cut])

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def server():
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def idx(array: np.ndarray) -> bytes:
    header = [0x800 + array.ndim, *array.shape]
    return np.array(header, ">u4").tobytes() + array.astype(np.uint8).tobytes()


def serve_mnist(server, monkeypatch, dataset: str) -> dict[str, bytes]:
    """Serve a small copy of the test split in place of the real files."""
    pages = {
        "t10k-images-idx3-ubyte": gzip.compress(idx(np.full((4, 28, 28), 51))),
        "t10k-labels-idx1-ubyte": gzip.compress(idx(np.arange(4))),
    }
    files = {name: server.add(name + ".gz", raw)[2:] for name, raw in pages.items()}
    monkeypatch.setitem(MNIST_MODULE._ADDRESS, dataset, server.url)
    monkeypatch.setitem(MNIST_MODULE._CONTENT, dataset, files)
    return pages


def test_fetch_writes_the_file_and_nothing_else(server, tmp_path):
    folder = tmp_path / "new" / "folder"
    path = fetch(server.add("data.bin", CONTENT), folder)
    assert path == folder / "data.bin"
    assert path.read_bytes() == CONTENT
    assert list(folder.iterdir()) == [path]


def test_fetch_replaces_an_older_file(server, tmp_path):
    (tmp_path / "data.bin").write_bytes(b"old")
    assert fetch(server.add("data.bin", CONTENT), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("change", "cut", "message"),
    [
        ({"size": 299_999}, 0, r"data\.bin: expected 299999 bytes from http.*, got more; try"),
        ({"size": 5}, 0, "expected 5 bytes from .* got more"),
        ({"size": 300_001}, 0, r"expected 300001 bytes .*, got 300000 bytes; .* pass root="),
        ({}, 1000, "expected 300000 bytes from .* got 299000 bytes"),
        (
            {"sha256": "0" * 64},
            0,
            f"expected the SHA-256 digest 0{{64}} .*, got {'[0-9a-f]' * 64};",
        ),
    ],
)
def test_other_content_is_refused_and_removed(server, tmp_path, change, cut, message):
    server.cut = cut
    file = server.add("data.bin", CONTENT)._replace(**change)
    with pytest.raises(ValueError, match=message):
        fetch(file, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_keeps_an_older_file(server, tmp_path):
    (tmp_path / "data.bin").write_bytes(b"old")
    with pytest.raises(ValueError, match="SHA-256"):
        fetch(server.add("data.bin", CONTENT)._replace(sha256="0" * 64), tmp_path)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_an_interrupt_leaves_nothing(server, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("agx.data.files._copy", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch(server.add("data.bin", CONTENT), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_page(server, tmp_path):
    file = Download(server.url + "none", "none", 1, "")
    message = rf"none: cannot download {re.escape(file.url)} \(.*404.*\); check .* pass root="
    with pytest.raises(ConnectionError, match=message):
        fetch(file, tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_no_server(tmp_path):
    with Server() as closed:
        file = closed.add("data.bin", CONTENT)
    with pytest.raises(ConnectionError, match=r"data\.bin: cannot download http://127"):
        fetch(file, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("load", [mnist, fashion_mnist])
def test_mnist_downloads_once(server, tmp_path, monkeypatch, load):
    name = load.__name__
    pages = serve_mnist(server, monkeypatch, name)
    monkeypatch.setenv("AGX_DATA", str(tmp_path))
    for download in (True, True, False):
        data = load("test", download=download)
        assert data.arrays[0].shape == (4, 1, 28, 28)
        np.testing.assert_allclose(data.arrays[0], 0.2)
    assert sorted(server.asked) == sorted(f"/{page}.gz" for page in pages)
    assert {path.name for path in (tmp_path / name).iterdir()} == {f"{page}.gz" for page in pages}


def test_mnist_downloads_only_what_is_missing(server, tmp_path, monkeypatch):
    pages = serve_mnist(server, monkeypatch, "mnist")
    (tmp_path / "mnist").mkdir()
    raw = gzip.decompress(pages["t10k-images-idx3-ubyte"])
    (tmp_path / "mnist" / "t10k-images-idx3-ubyte").write_bytes(raw)
    assert len(mnist("test", root=tmp_path, download=True)) == 4
    assert server.asked == ["/t10k-labels-idx1-ubyte.gz"]


def test_cifar_downloads_once(server, tmp_path, monkeypatch):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("cifar-10-batches-bin/test_batch.bin")
        member.size = 2 * 3073
        archive.addfile(member, io.BytesIO(bytes(2 * 3073)))
    file = server.add("cifar-10-binary.tar.gz", packed.getvalue())
    monkeypatch.setattr(CIFAR_MODULE, "_ARCHIVE", file)
    (tmp_path / "cifar-10-batches-py").mkdir()
    for download in (True, True, False):
        assert len(cifar10("test", root=tmp_path, download=download)) == 2
    assert server.asked == ["/cifar-10-binary.tar.gz"]


def test_every_file_has_an_address_a_size_and_a_digest():
    names = [name for split in MNIST_MODULE._FILES.values() for name in split]
    files = [MNIST_MODULE._source(d, n) for d in MNIST_MODULE._ADDRESS for n in names]
    files.append(CIFAR_MODULE._ARCHIVE)
    assert len({file.sha256 for file in files}) == 9
    for file in files:
        assert file.url.endswith("/" + file.name)
        assert file.size > 1000
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
