"""A few thousand damaged files; ``python -m fuzzing files`` tries as many as there is time for."""

import json
import sys
import time

import numpy as np
import pytest

from fuzzing import damage, files

pytest.importorskip("onnx")
pytest.importorskip("PIL")
pytest.importorskip("safetensors")


@pytest.mark.filterwarnings("ignore")
def test_damaged_files_load_or_are_refused_by_name():
    report = files.run(4000, seed=20)
    assert report.findings == [] and report.files == 4000 and len(report.kinds) > 30
    assert report.refused > 2000


@pytest.mark.filterwarnings("ignore")
def test_the_seed_says_which_files():
    one, two, other = files.run(60, 1), files.run(60, 1), files.run(60, 2)
    assert one.kinds == two.kinds != other.kinds


def read(error):
    def raising(path):
        raise error(str(path)) if error is not ValueError else ValueError("damaged")

    return files.Kind("x", b"x", raising)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError, "KeyError"),
        (MemoryError, "MemoryError"),
        (RecursionError, "RecursionError"),
        (np.exceptions.AxisError, "AxisError"),
        (ValueError, "names no file: ValueError: damaged"),
    ],
)
def test_other_errors_are_findings(tmp_path, error, said):
    refused, wrong = files.outcome(read(error), tmp_path / "x")
    assert refused and said in wrong


@pytest.mark.parametrize("call", [lambda p: json.loads("{"), lambda p: b"\xff".decode()])
def test_errors_of_libraries_are_findings(tmp_path, call):
    assert files.outcome(files.Kind("x", b"x", call), tmp_path / "x")[1]


def test_documented_errors_that_name_the_file_are_none(tmp_path):
    for error in (TypeError, OSError, FileNotFoundError):
        assert files.outcome(read(error), tmp_path / "x") == (True, "")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no timer")
def test_what_takes_long_is_a_finding(tmp_path, monkeypatch):
    def forever(path):
        while True:
            pass

    monkeypatch.setattr(files, "SECONDS", 0.05)
    for slow in (forever, lambda path: time.sleep(60)):
        with files.bounds():
            refused, wrong = files.outcome(files.Kind("x", b"x", slow), tmp_path / "x")
        assert refused and wrong == "more than 0.05 seconds"


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux only")
def test_what_takes_much_memory_is_a_finding(tmp_path):
    kind = files.Kind("x", b"x", lambda path: np.ones(files.ROOM))
    with files.bounds():
        refused, wrong = files.outcome(kind, tmp_path / "x")
    assert refused and "Memory" in wrong
    assert np.empty(files.ROOM).nbytes  # there was room, and is again


def test_a_campaign_says_what_it_found():
    lines = []
    assert files.run(20, 3, lines.append).files == 20
    assert len(lines) == 10 and "0 findings" in lines[-1]
    assert files.run(1, 3, None, only=7).files == 1


def test_damage_changes_bytes():
    rng = damage.random.Random(0)
    assert sum(damage.damaged(rng, bytes(range(200))) != bytes(range(200)) for _ in range(100)) > 90
