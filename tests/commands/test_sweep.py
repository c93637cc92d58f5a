"""``agx sweep``: runs of ``agx train`` in processes of their own."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

import agx as ag
from agx import cli
from agx.commands import sweep


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def trials(monkeypatch):
    """The settings and threads of each trial, which trains nothing."""
    seen = []

    def note(runner, **settings):
        seen.append({**settings, "threads": runner.threads})
        return {"validation_accuracy": settings.get("lr", 0.5)}

    monkeypatch.setattr(sweep._Runner, "__call__", note)
    return seen


def run(*options):
    return cli.main(["sweep", "--data", "digits", *options])


def test_every_choice_is_a_run(trials, capsys):
    assert run("--lr", "0.1,0.01", "--optimizer", "sgd,adam", "--out", "out") == 0
    assert {(t["lr"], t["optimizer"]) for t in trials} == {(r, o) for r in (0.1, 0.01) for o in ("sgd", "adam")}  # fmt: skip
    assert all(t["data"] == "digits" for t in trials)
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].split() == ["lr", "optimizer", "validation_accuracy", "seconds"]
    assert lines[1].split()[0] == "0.1" and lines[-1] == "table and picture are in out"
    assert len(err.splitlines()) == 4
    assert sorted(os.listdir("out")) == ["sweep.csv", "sweep.json", "sweep.svg"]


def test_the_same_command_again_runs_nothing(trials, capsys):
    options = ("--lr", "0.1,0.01", "--seed", "0,1")
    assert run(*options) == 0
    first = capsys.readouterr().out
    assert run(*options) == 0
    assert len(trials) == 4 and capsys.readouterr().out == first
    assert run(*options, "--epochs", "3") == 0  # something else
    assert len(trials) == 8


def test_random_search(trials):
    assert run("--lr", "0.001:0.1", "--batch-size", "32,64", "--random", "6") == 0
    rates = [t["lr"] for t in trials]
    assert len(set(rates)) == 6 and all(0.001 <= rate <= 0.1 for rate in rates)
    assert run("--lr", "0.001:0.1", "--batch-size", "32,64", "--random", "8") == 0
    assert len(trials) == 8


def test_other_options_go_to_every_run():
    settings = {"data": "digits", "batch_size": 32, "lr": 1e-05, "options": "--size 8 mlp --classes 'a b,c'"}  # fmt: skip
    assert sweep._arguments(settings) == [
        "--data=digits", "--batch-size=32", "--lr=1e-05", "--size", "8", "mlp", "--classes", "a b,c"
    ]  # fmt: skip


@pytest.mark.parametrize(("jobs", "threads"), [("1", 8), ("3", 2), ("8", 2)])
def test_runs_share_the_cores(trials, monkeypatch, jobs, threads):
    monkeypatch.setattr(sweep, "_cores", lambda: 8)
    assert run("--seed", "0,1,2,3", "--jobs", jobs) == 0
    assert {t["threads"] for t in trials} == {threads}
    assert run("--seed", "4", "--jobs", jobs, "--threads", "5") == 0
    assert trials[-1]["threads"] == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--lr", "0.1,x"), "agx sweep: error: argument --lr: expected numbers with commas between"),
        (("--lr", "0.1,,1"), "expected different values with commas between them"),
        (("--seed", "1,1"), "expected different values with commas between them"),
        (("--lr", "0.1:0.01"), "expected a range such as 0.001:0.1, got '0.1:0.01'"),
        (("--lr", "0.01:0.1"), "--lr: a range needs --random N, the number of runs"),
        (("--lr", "0.1,-1"), "agx train: error: argument --lr: expected a positive number, got '-1.0'"),
        (("--optimizer", "sgd,adamm"), "agx train: error: argument --optimizer: invalid choice: 'adamm'"),
        (("--colour", "red"), "error: "),
        (("vgg",), "got 'vgg'"),
        (("--jobs", "0"), "expected a positive integer, got '0'"),
    ],
)  # fmt: skip
def test_wrong_arguments_end_it_before_anything_is_run(trials, capsys, options, message):
    with pytest.raises(SystemExit) as stopped:
        run(*options)
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert not trials and not os.listdir()


@pytest.mark.slow
def test_runs_leave_their_folders_and_failures_are_told(capsys, tmp_path):
    options = ("mlp", "--epochs", "2", "--lr", "0.05,1e30", "--out", "out", "--schedule", "none")
    assert run(*options) == 1
    out, err = capsys.readouterr()
    assert "agx train ended with 1: agx train: fit: the loss became " in err
    good, bad = json.loads((tmp_path / "out" / "sweep.json").read_text())["trials"]
    good, bad = (good, bad) if bad["error"] else (bad, good)
    assert good["settings"] == {"data": "digits", "lr": 0.05, "epochs": 2, "schedule": "none", "options": "mlp"}  # fmt: skip
    assert 0.1 < good["result"]["validation_accuracy"] <= 1 and bad["result"] is None
    folder = tmp_path / "out" / "lr0.05"
    config = json.loads((folder / "config.json").read_text())
    assert config["lr"] == 0.05 and config["model"] == "mlp" and config["epochs"] == 2
    command, said = (tmp_path / "out" / "lr0.05.log").read_text().splitlines()[:2]
    assert command == "agx train --data=digits --lr=0.05 --schedule=none --epochs=2 mlp"
    assert said.startswith("mlp with ")
    assert (tmp_path / "out" / "lr1e+30.log").exists()
    before = (folder / "history.jsonl").stat().st_mtime_ns
    assert run(*options) == 1  # what failed is tried again, and nothing else
    assert (folder / "history.jsonl").stat().st_mtime_ns == before
    assert len(json.loads((tmp_path / "out" / "sweep.json").read_text())["trials"]) == 2


@pytest.mark.slow
def test_a_run_that_was_begun_goes_on_and_one_that_ended_is_not_run_again(
    tmp_path, monkeypatch, capsys
):
    """As after a crash of the machine, which the table of the sweep does not know of."""

    def stop(state):
        if state.epoch == 2:
            raise KeyboardInterrupt

    for seed in (0, 1):
        folder = tmp_path / "out" / f"seed{seed}"
        monkeypatch.setattr(ag.train, "print_epoch", stop if seed else lambda state: None)
        monkeypatch.setattr(ag.runs.RunFolder, "save_pictures", lambda *_: [])
        options = ["--data=digits", f"--seed={seed}", "--epochs=3", "mlp"]
        assert cli.main(["train", *options, f"--out={folder}"]) == (130 if seed else 0)
        folder.with_name(f"seed{seed}.log").write_text(f"agx train {' '.join(options)}\n")
    ended = (tmp_path / "out" / "seed0" / "history.jsonl").read_text()
    assert run("mlp", "--epochs", "3", "--seed", "0,1", "--out", "out") == 0
    assert (tmp_path / "out" / "seed0" / "history.jsonl").read_text() == ended
    assert "going on after step" in (tmp_path / "out" / "seed1.log").read_text()
    rows = (tmp_path / "out" / "seed1" / "history.jsonl").read_text().splitlines()
    assert len(rows) == 3 and sorted(p.name for p in (tmp_path / "out").iterdir() if p.is_dir()) == ["seed0", "seed1"]  # fmt: skip
    assert run("mlp", "--epochs", "1", "--seed", "1,0", "--out", "out") == 0  # another run
    assert (tmp_path / "out" / "seed0-2").is_dir()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_ends_the_runs_too(tmp_path):
    command = [
        sys.executable,
        "-m",
        "agx",
        "sweep",
        "mlp",
        "--data",
        "digits",
        "--epochs",
        "100000",
    ]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            [*command, "--seed", "0,1,2", "--jobs", "2", "--out", "out"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
    finally:
        signal.signal(signal.SIGINT, before)
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("out/*/history.jsonl"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)  # to it alone: the runs are told by it
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130 and "Traceback" not in err
    with pytest.raises(ProcessLookupError):  # nobody is left of its group
        os.killpg(process.pid, 0)
    logs = sorted(path.name for path in tmp_path.glob("out/*.log"))
    assert logs == ["seed0.log", "seed1.log"]  # the third was not begun
    assert all("interrupted after" in (tmp_path / "out" / name).read_text() for name in logs)
