"""Files that are replaced as a whole."""

import os
import threading

import pytest

import agx as ag
from agx._runtime.files import replacing
from agx.runs import RunFolder


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_the_new_file_takes_the_place_of_the_old_one(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with replacing(path, "w") as file:
        file.write("new\n")
        assert path.read_text() == "old"
    assert path.read_bytes() == b"new\n" and names(tmp_path) == ["a.txt"]


def test_what_utf8_has_not_is_written_readably(tmp_path):
    with replacing(tmp_path / "a.txt", "w") as file:
        file.write("ä \udcff \ud800\n")
    assert (tmp_path / "a.txt").read_bytes() == "ä \\udcff \\ud800\n".encode()


def write(path, *parts):
    with replacing(path, "w") as file:
        for part in parts:
            file.write(part() if callable(part) else part)


def interrupt():
    raise KeyboardInterrupt


def test_an_error_keeps_the_old_file_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write(path, "half", interrupt)
    assert path.read_text() == "old" and names(tmp_path) == ["a.txt"]


def profiled():
    with ag.profile() as found:
        ag.sum(ag.Tensor([1.0]) * 2.0)
    return found


class Figure:
    """As Matplotlib writes one, which tells the format by a name unless it is told."""

    def savefig(self, file, **options):
        file.write(b"half")
        raise OSError(28, "No space left on device")


def pictured(path, monkeypatch):
    for name in ("learning_curves", "confusion_matrix", "filters"):
        monkeypatch.setattr(ag.viz, name, lambda *_: Figure())
    folder = RunFolder(path.parent)
    folder.save_pictures(None, None, None, None, ag.nn.Linear(2, 2))


WRITERS = {
    "trace.json": lambda path, _: profiled().save(path),
    "graph.svg": lambda path, _: ag.draw(ag.Scalar(1.0) * 2.0).save(path),
    "graph.png": lambda path, _: ag.draw(ag.Scalar(1.0) * 2.0).save(path),
    "graph.html": lambda path, _: ag.explore(ag.Scalar(1.0) * 2.0).save(path),
    "model.npz": lambda path, _: ag.save(path, ag.nn.Linear(2, 2)),
    "step.npz": lambda path, _: ag.train.save_checkpoint(path, {"step": 1}),
    "curves.png": pictured,
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_file_that_agx_writes_is_whole(tmp_path, monkeypatch, name):
    path = tmp_path / name
    path.write_text("old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=rf"cannot write .*{name}; the file that was there is kept"):
        WRITERS[name](path, monkeypatch)
    assert path.read_text() == "old" and names(tmp_path) == [name]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full device")
def test_a_full_disk_is_named_and_keeps_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    message = r"No space left on device: cannot write .*a\.txt; the file that was there is kept"
    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(OSError, match=message):
        write(path, "half", lambda: full.write(b"x"))
    assert path.read_text() == "old" and names(tmp_path) == ["a.txt"]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="cannot write .*none"):
        write(tmp_path / "none" / "a", "x")


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_permissions_are_the_usual_ones_or_those_of_the_old_file(tmp_path):
    plain, path = tmp_path / "plain", tmp_path / "a"
    plain.write_text("")
    for mode in (None, 0o600):
        if mode:
            path.chmod(mode)
        write(path, "new")
        assert path.stat().st_mode & 0o777 == (mode or plain.stat().st_mode & 0o777)


def test_two_writers_leave_the_file_of_one_of_them(tmp_path):
    path, start = tmp_path / "a", threading.Barrier(2)

    def repeat(text):
        start.wait()
        for _ in range(20):
            write(path, text * 1000)

    threads = [threading.Thread(target=repeat, args=(t,)) for t in "ab"]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert path.read_text() in ("a" * 1000, "b" * 1000) and names(tmp_path) == ["a"]
