"""``agx runs``, ``agx compare`` and ``agx report``."""

import json
from pathlib import Path

import pytest
import run_folders

from agx import cli


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_folders.write(tmp_path / "runs" / "a")
    run_folders.write(tmp_path / "runs" / "b", epochs=4, lr=0.2, finished=False)


def test_runs_are_listed(capsys):
    assert cli.main(["runs"]) == 0
    header, a, b = capsys.readouterr().out.splitlines()
    assert header.startswith("run ") and "3 of 3" in a and "4 of 4" in b


def test_the_list_as_json(capsys):
    assert cli.main(["runs", "--json"]) == 0
    a, b = json.loads(capsys.readouterr().out)
    assert (a["lr"], b["lr"]) == (0.1, 0.2) and a["finished"] and not b["finished"]


def test_what_is_no_run_is_named_beside_the_list(capsys, tmp_path):
    (tmp_path / "runs" / "notes").mkdir()
    assert cli.main(["runs"]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 3
    assert err == f"agx runs: {Path('runs/notes')}: no run, as config.json is missing\n"


def test_there_is_no_folder_of_runs(capsys):
    assert cli.main(["runs", "elsewhere"]) == 1
    assert capsys.readouterr().err.startswith("agx runs: elsewhere: there is no such folder; agx train makes")  # fmt: skip


def test_runs_are_compared(capsys):
    assert cli.main(["compare", "runs/a", "runs/b"]) == 0
    lines = capsys.readouterr().out.splitlines()
    cells = {line[:25].strip(): line[25:].split() for line in lines}
    assert lines[0].split() == ["runs/a", "runs/b"]
    assert cells["lr"] == ["0.1", "0.2"] and cells["epochs"] == ["3", "4"] and "model" not in cells
    assert cells["best validation_accuracy"] == ["90.00", "%", "90.00", "%"]
    assert cells["test accuracy"] == ["75.00", "%", "-"]


def test_the_comparison_as_json(capsys):
    assert cli.main(["compare", "runs/a", "runs/b", "runs/a", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["runs"] == ["runs/a", "runs/b", "runs/a"]
    assert found["settings"]["lr"] == [0.1, 0.2, 0.1]


def test_one_run_is_not_compared(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["compare", "runs/a"])
    assert stopped.value.code == 2 and "expected two runs or more" in capsys.readouterr().err


def test_a_report(capsys, tmp_path):
    assert cli.main(["report", "runs/a"]) == 0
    (path,) = capsys.readouterr().out.splitlines()
    assert (tmp_path / path).read_text(encoding="utf-8").startswith("<!doctype html>")
    assert cli.main(["report", "runs/b", "--out", "b.html"]) == 0
    assert capsys.readouterr().out == "b.html\n" and (tmp_path / "b.html").exists()


@pytest.mark.parametrize("command", [("report",), ("compare", "runs/a")])
def test_what_is_missing_is_named(capsys, command):
    assert cli.main([*command, "runs"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "runs: expected the folder of a run of agx train, but config.json is missing" in line
