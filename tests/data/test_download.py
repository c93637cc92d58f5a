"""Downloads from a loopback server: a whole, checked file, or nothing and a clear message."""

import gzip
import hashlib
import io
import socket
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from agx.data import cifar, idx
from agx.data.cifar import cifar10
from agx.data.download import Remote, fetch
from agx.data.idx import fashion_mnist, mnist

FILE = b"the published file\n" * 40_000  # more than one chunk


class Handler(BaseHTTPRequestHandler):
    """Serve ``server.files``; an entry may be short of what its header promises."""

    def do_GET(self):
        self.server.requests.append(self.path)
        if target := self.server.moved.get(self.path):
            self.send_response(302)
            self.send_header("Location", target)
            self.end_headers()
            return
        if self.path not in self.server.files:
            self.send_error(404)
            return
        data, promised = self.server.files[self.path]
        self.send_response(200)
        self.send_header("Content-Length", str(promised))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def running():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def server(running, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    running.files, running.requests, running.moved = {}, [], {}
    return running


def serve(server, name, data, promised=None):
    """Put a file on the server and return how it would be published."""
    server.files[f"/{name}"] = data, len(data) if promised is None else promised
    return published(server, name, data)


def published(server, name, data):
    url = f"http://127.0.0.1:{server.server_port}/{name}"
    return Remote(url, name, len(data), hashlib.sha256(data).hexdigest())


def test_a_whole_file_arrives_under_its_name_in_a_new_folder(server, tmp_path):
    path = fetch(serve(server, "file.gz", FILE), tmp_path / "new" / "folder")
    assert path == tmp_path / "new" / "folder" / "file.gz"
    assert path.read_bytes() == FILE
    assert list(path.parent.iterdir()) == [path]


def test_progress_is_shown(server, tmp_path, capsys):
    fetch(serve(server, "file.gz", FILE), tmp_path)
    assert "file.gz: 100%" in capsys.readouterr().err


def test_a_file_already_there_is_replaced(server, tmp_path):
    (tmp_path / "file.gz").write_bytes(b"old")
    fetch(serve(server, "file.gz", FILE), tmp_path)
    assert (tmp_path / "file.gz").read_bytes() == FILE


def wrong_hash(server):
    server.files["/file.gz"] = FILE.swapcase(), len(FILE)
    return published(server, "file.gz", FILE)


def too_long(server):
    serve(server, "file.gz", FILE + b"more")
    return published(server, "file.gz", FILE)


def too_short(server):
    serve(server, "file.gz", FILE[:-1])
    return published(server, "file.gz", FILE)


def interrupted(server):
    serve(server, "file.gz", FILE[:300_000], promised=len(FILE))
    return published(server, "file.gz", FILE)


def not_found(server):
    return published(server, "file.gz", FILE)


def unreachable(server):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    return not_found(server)._replace(url=f"http://127.0.0.1:{port}/file.gz")


FAILURES = [
    (wrong_hash, ValueError, "expected SHA-256 .*, got .*, so it is not the published file"),
    (too_long, ValueError, f"expected {len(FILE)} bytes, got more, so it is not the published"),
    (too_short, ConnectionError, f"expected {len(FILE)} bytes, got {len(FILE) - 1} before"),
    (interrupted, ConnectionError, f"expected {len(FILE)} bytes, got 300000 before .*try again"),
    (not_found, ConnectionError, r"got HTTP status 404 \(Not Found\).*pass root= its folder"),
    (unreachable, ConnectionError, "got no connection or a broken one .*check the network"),
]


@pytest.mark.parametrize(("failure", "error", "message"), FAILURES)
def test_a_failure_names_the_address_and_leaves_nothing_behind(
    server, tmp_path, failure, error, message
):
    remote = failure(server)
    with pytest.raises(error, match=message) as raised:
        fetch(remote, tmp_path)
    assert remote.url in str(raised.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("failure", [failure for failure, _, _ in FAILURES])
def test_a_failure_keeps_the_old_file(server, tmp_path, failure):
    (tmp_path / "file.gz").write_bytes(b"old")
    with pytest.raises((ValueError, ConnectionError)):
        fetch(failure(server), tmp_path)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


@pytest.mark.parametrize("scheme", ["http://example.org", "ftp://example.org", "file://", ""])
def test_an_address_without_https_is_refused(tmp_path, scheme):
    remote = Remote(f"{scheme}/file.gz", "file.gz", 3, "0" * 64)
    with pytest.raises(
        ValueError, match=rf"{scheme}/file.gz: expected an address that starts with https"
    ):
        fetch(remote, tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_address_that_leads_to_another_without_https_is_refused(server, tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    remote = serve(server, "file.gz", FILE)
    server.moved["/moved.gz"] = f"http://localhost:{server.server_port}/file.gz"
    with pytest.raises(ValueError, match=r"http://localhost:\d+/file.gz: expected an address that"):
        fetch(remote._replace(url=remote.url.replace("/file", "/moved")), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_silent_server_is_given_up(server, tmp_path, monkeypatch):
    monkeypatch.setattr("agx.data.download.TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/file.gz"
        with pytest.raises(ConnectionError, match=r"broken one \(.*timed out"):
            fetch(not_found(server)._replace(url=url), tmp_path)


def publish_idx(server, monkeypatch, collection):
    """Publish a test split of three images in place of the official one."""
    images = gzip.compress(bytes([0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 28, 0, 0, 0, 28] + 2352 * [1]))
    labels = gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 3, 4, 5, 6]))
    for remotes, data in ((collection.images, images), (collection.labels, labels)):
        remote = serve(server, remotes["test"].name, data)
        monkeypatch.setitem(remotes, "test", remote)


@pytest.mark.parametrize(
    ("load", "collection"), [(mnist, idx.MNIST), (fashion_mnist, idx.FASHION_MNIST)]
)
def test_mnist_is_downloaded_once(server, monkeypatch, tmp_path, load, collection):
    publish_idx(server, monkeypatch, collection)
    for _ in range(2):
        assert load("test", root=tmp_path, download=True).arrays[1].tolist() == [4, 5, 6]
    assert len(server.requests) == 2
    assert load("test", root=tmp_path).arrays[0].shape == (3, 1, 28, 28)
    assert {path.name for path in (tmp_path / collection.name).iterdir()} == {
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
    }


def test_only_what_is_missing_is_downloaded(server, monkeypatch, tmp_path):
    publish_idx(server, monkeypatch, idx.MNIST)
    mnist("test", root=tmp_path, download=True)
    (tmp_path / "mnist" / "t10k-labels-idx1-ubyte.gz").unlink()
    server.requests.clear()
    mnist("test", root=tmp_path, download=True)
    assert server.requests == ["/t10k-labels-idx1-ubyte.gz"]


def test_cifar10_is_downloaded_once_to_the_data_home(server, monkeypatch, tmp_path):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("cifar-10-batches-bin/test_batch.bin")
        member.size = 2 * 3073
        archive.addfile(member, io.BytesIO(bytes(member.size)))
    monkeypatch.setattr(cifar, "ARCHIVE", serve(server, cifar.ARCHIVE.name, packed.getvalue()))
    monkeypatch.setenv("AGX_DATA", str(tmp_path))
    for _ in range(2):
        images, labels = cifar10("test", download=True).arrays
        np.testing.assert_array_equal(images, np.zeros((2, 3, 32, 32)))
        assert labels.tolist() == [0, 0]
    assert server.requests == ["/cifar-10-binary.tar.gz"]
    assert (tmp_path / "cifar10" / "cifar-10-binary.tar.gz").is_file()


def test_every_official_file_has_a_size_and_a_digest():
    remotes = [cifar.ARCHIVE]
    for collection in (idx.MNIST, idx.FASHION_MNIST):
        remotes += [*collection.images.values(), *collection.labels.values()]
    for remote in remotes:
        assert remote.url.startswith("https://") and remote.url.endswith("/" + remote.name)
        assert remote.size > 4000
        assert len(bytes.fromhex(remote.sha256)) == 32
    assert len({remote.sha256 for remote in remotes}) == len(remotes) == 9
