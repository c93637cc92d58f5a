"""``agx train --resume``: signals, damaged files, full disks, folders that others hold."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import agx as ag
from agx import cli, runs
from agx.train.checkpoint import load_checkpoint

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM for one process")


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch, without_pictures):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))


def train(*options, epochs=2, out="run"):
    return cli.main(
        ["train", "mlp", "--data", "digits", "--epochs", str(epochs), "--out", out, *options]
    )


def rows(folder):
    found = [json.loads(line) for line in (Path(folder) / "history.jsonl").read_text().splitlines()]
    clock = ("seconds", "images_per_second")
    return [{key: value for key, value in row.items() if key not in clock} for row in found]


def same(a, b):
    """Whether two runs have left the same weights, byte for byte, and the same history."""
    files = [
        (Path(a) / f).read_bytes() == (Path(b) / f).read_bytes() for f in ("best.npz", "last.npz")
    ]
    return all(files) and rows(a) == rows(b)


def end_after(monkeypatch, step, how):
    """Call ``how`` after a step of the training."""
    take = ag.train.loop.Steps.take

    def taken(self, *args):
        found = take(self, *args)
        if self.count == step:
            how()
        return found

    monkeypatch.setattr(ag.train.loop.Steps, "take", taken)


@posix
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_with_a_checkpoint_to_go_on_from(monkeypatch, capsys, number, status):
    assert train(out="whole") == 0
    before = [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)]
    with monkeypatch.context() as patch:
        end_after(patch, 50, lambda: os.kill(os.getpid(), number))
        assert train() == status
    assert [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)] == before
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        "interrupted after 1 of 2 epochs; what was learned is in run/last.npz; go on: "
        "agx train --resume run"
    )
    assert sorted(p.name for p in Path("run/checkpoints").iterdir()) == [
        "step-00000041.npz", "step-00000050.npz"
    ]  # fmt: skip
    assert cli.main(["train", "--resume", "run"]) == 0
    assert same("run", "whole")
    err = capsys.readouterr().err
    assert "going on after step 50 and 1 of 2 epochs, from run/checkpoints/step-00000050.npz" in err


@posix
def test_a_second_signal_ends_at_once(monkeypatch):
    def twice():
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)

    end_after(monkeypatch, 50, twice)
    assert train() == 130
    assert [p.name for p in Path("run/checkpoints").iterdir()] == ["step-00000041.npz"]


def test_elsewhere_than_in_the_main_thread_there_are_no_handlers():
    found = []
    thread = threading.Thread(target=lambda: found.append(train(epochs=1)))
    thread.start()
    thread.join()
    assert found == [0]


@posix
@pytest.mark.slow
def test_sigterm_of_a_real_process():
    command = [sys.executable, "-m", "agx", "train", "mlp", "--data", "digits", "--out", "run"]
    process = subprocess.Popen(
        [*command, "--epochs", "100000"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not list(Path("run").glob("checkpoints/*.npz")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.terminate()
    try:
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 143 and "interrupted after" in err and "Traceback" not in err


# --- going on ------------------------------------------------------------------------------------


def test_every_checkpoint_leads_to_the_same_end(capsys):
    """Also to pictures: the outputs for the test images are equal."""
    assert train("--checkpoint-every", "15 steps", "--keep", "9", epochs=3, out="whole") == 0
    names = sorted(p.name for p in Path("whole/checkpoints").iterdir())
    assert names == [f"step-{n:08d}.npz" for n in (15, 30, 45, 60, 75, 90, 105, 120, 123)]
    for last in (1, 4, 9):
        shutil.copytree("whole", "part")
        for name in names[last:]:
            Path("part/checkpoints", name).unlink()
        for name in ("best.npz", "last.npz"):
            if last < 9:
                Path("part", name).unlink()
        assert cli.main(["train", "--resume", "part"]) == 0
        assert same("part", "whole")
        shutil.rmtree("part")


def test_a_checkpoint_says_all_of_the_run():
    assert train() == 0
    state, about = load_checkpoint("run/checkpoints/step-00000082.npz")
    config = json.loads(Path("run/config.json").read_text())
    assert about == config and len(about["classes"]) == 10 and "numpy" in about["versions"]
    assert about["normalization"]["mean"] is not None
    assert len(state["history"]) == 2 and state["step"] == 82
    assert set(state) >= {"model", "optimizers", "schedules", "generators", "loader", "callbacks"}


def test_the_last_ones_are_kept():
    assert train("--checkpoint-every", "10 steps", "--keep", "2") == 0
    assert sorted(p.name for p in Path("run/checkpoints").iterdir()) == [
        "step-00000080.npz", "step-00000082.npz"
    ]  # fmt: skip


def test_without_a_checkpoint_a_run_starts_anew(capsys):
    assert train() == 0
    shutil.copytree("run", "part")
    shutil.rmtree("part/checkpoints")
    assert cli.main(["train", "--resume", "part"]) == 0
    assert "there is no checkpoint yet; the run starts anew" in capsys.readouterr().err
    assert same("part", "run")


def damage(path, how):
    data = path.read_bytes()
    torn = {
        "torn": data[: len(data) // 2], "empty": b"", "foreign": b"\x80\x04 a pickle",
        "flipped": data[:5000] + bytes([data[5000] ^ 1]) + data[5001:],
    }  # fmt: skip
    path.write_bytes(torn[how])


@pytest.mark.parametrize("how", ["torn", "empty", "foreign", "flipped"])
def test_a_damaged_checkpoint_is_named_and_the_one_before_used(capsys, how):
    assert train("--checkpoint-every", "30 steps") == 0
    shutil.copytree("run", "part")
    damage(Path("part/checkpoints/step-00000082.npz"), how)
    capsys.readouterr()
    assert cli.main(["train", "--resume", "part"]) == 0
    first, second = capsys.readouterr().err.splitlines()[:2]
    assert first.startswith("not used: part/checkpoints/step-00000082.npz: ")
    assert second.endswith("from part/checkpoints/step-00000060.npz")
    assert same("part", "run")
    assert Path("part/checkpoints/step-00000082.damaged").exists()


def test_with_no_whole_checkpoint_nothing_is_done(capsys):
    assert train(epochs=1) == 0
    damage(Path("run/checkpoints/step-00000041.npz"), "torn")
    capsys.readouterr()
    assert cli.main(["train", "--resume", "run"]) == 1
    err = capsys.readouterr().err
    assert "run/checkpoints: no checkpoint is whole; start the run anew" in err
    assert "step-00000041.npz: expected a whole .npz file" in err


# --- what cannot be gone on with -----------------------------------------------------------------


def error_of(capsys, *options):
    capsys.readouterr()
    assert cli.main(["train", *options]) == 1
    return capsys.readouterr().err


def test_folders_that_are_no_runs(capsys):
    assert "nix holds no run, for there is no config.json" in error_of(capsys, "--resume", "nix")
    Path("old").mkdir()
    config = Path("old/config.json")
    for text, message in (
        ('{"model": "mlp"}', "old does not say how to go on, as a run of before"),
        ("{", "config.json: expected JSON, got a damaged file"),
        ("[]", "config.json: expected a JSON object, got list; train anew"),
    ):
        config.write_text(text)
        assert message in error_of(capsys, "--resume", "old")


def test_other_data_are_refused(capsys, monkeypatch):
    assert train(epochs=1) == 0
    digits = ag.data.readers.READERS["digits"]

    def other(split, **options):
        found = digits.read(split, **options)
        found.arrays[0][0, 0, 0, 0] += 1
        return found

    monkeypatch.setitem(ag.data.readers.READERS, "digits", digits._replace(read=other))
    assert "not those that the run in run began with" in error_of(capsys, "--resume", "run")


def test_other_versions_are_said(capsys):
    assert train(epochs=1) == 0
    config = json.loads(Path("run/config.json").read_text())
    config["versions"]["numpy"] = "1.0"
    Path("run/config.json").write_text(json.dumps(config))
    assert cli.main(["train", "--resume", "run"]) == 0
    assert "the last digits may differ" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "name"), [(["--epochs", "3"], "--epochs"), (["mlp"], "MODEL"), (["--lr", "1"], "--lr")]
)  # fmt: skip
def test_settings_are_kept(capsys, options, name):
    with pytest.raises(SystemExit, match="2"):
        cli.main(["train", "--resume", "run", *options])
    err = capsys.readouterr().err
    assert f"{name}: a run that is resumed keeps its settings; leave it out" in err


# --- disks, folders and clocks -------------------------------------------------------------------


@posix
def test_a_full_disk_leaves_the_last_good_files(capsys, monkeypatch):
    """The limit on the size of files stands for it; afterwards the run goes on."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    assert train(out="whole") == 0
    with monkeypatch.context() as patch:
        end_after(
            patch, 60, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        )  # fmt: skip
        capsys.readouterr()
        try:
            assert train("--checkpoint-every", "41 steps") == 1
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    (line,) = capsys.readouterr().err.splitlines()
    assert "File too large: cannot write run/" in line
    assert "when that is mended, go on: agx train --resume run" in line
    load_checkpoint("run/checkpoints/step-00000041.npz")
    assert not list(Path("run").rglob("*.part"))
    assert cli.main(["train", "--resume", "run"]) == 0
    assert same("run", "whole")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can mount")
def test_a_small_disk(capsys, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(disk)], check=False,
        capture_output=True,
    )  # fmt: skip
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        assert train("--keep", "9", epochs=9, out=str(disk / "run")) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert "No space left on device: cannot write" in line and "--resume" in line
        checkpoints = sorted((disk / "run" / "checkpoints").iterdir())
        assert checkpoints
        for path in checkpoints:
            load_checkpoint(path)
        checkpoints[0].unlink()
        assert cli.main(["train", "--resume", str(disk / "run"), "--keep", "1"]) == 0
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs a folder that nobody may write")
def test_a_folder_that_cannot_be_made(capsys):
    line = error_of(capsys, "mlp", "--data", "digits", "--out", "/sys/kernel/run")
    assert "cannot make the run's folder /sys/kernel/run: " in line
    assert line.strip().endswith("name another with --out")


def test_one_process_at_a_time(capsys):
    assert train(epochs=1) == 0
    with runs.RunFolder("run", resume=True).claimed("mlp", "digits"):
        err = error_of(capsys, "--resume", "run")
    assert "another process is training in run; wait for it, or name another folder" in err
    assert cli.main(["train", "--resume", "run"]) == 0


def test_two_runs_of_one_second_get_two_folders(monkeypatch, tmp_path):
    """Both have found the same name to be free."""
    monkeypatch.setattr(runs.folder, "default_folder", lambda *_: next(names))
    names = iter([tmp_path / "runs" / name for name in ("a", "a", "b")])
    paths = []
    for _ in range(2):
        folder = runs.RunFolder()
        with folder.claimed("mlp", "digits"):
            paths.append(folder.path.name)
    assert paths == ["a", "b"]


def test_a_clock_that_stands_still(monkeypatch, capsys):
    for name in ("time", "perf_counter", "monotonic"):
        monkeypatch.setattr(time, name, lambda: 1000.0)
    assert train("--checkpoint-every", "5 min") == 0
    assert "test accuracy" in capsys.readouterr().out
    assert [p.name for p in Path("run/checkpoints").iterdir()] == ["step-00000082.npz"]
    found = [json.loads(line) for line in Path("run/history.jsonl").read_text().splitlines()]
    assert [row["seconds"] for row in found] == [0.0, 0.0]


def test_what_a_killed_process_was_writing_is_removed():
    assert train(epochs=1) == 0
    for place in ("run", "run/checkpoints"):
        Path(place, ".best.npz.xyz.part").write_bytes(b"half")
    assert cli.main(["train", "--resume", "run"]) == 0
    assert not list(Path("run").rglob("*.part"))


def test_a_folder_that_holds_a_run_says_how_to_go_on(capsys):
    assert train("--lr", "1e30") == 1
    err = error_of(capsys, "mlp", "--data", "digits", "--out", "run")
    assert (
        "name another folder with --out, or remove it, or go on with it: agx train --resume run"
        in err
    )


def test_factories_that_cannot_be_called(capsys, monkeypatch):
    Path("factories_here.py").write_text(
        "def none(): ...\ndef number(shape, outputs): return 3\n", encoding="utf-8"
    )
    for name, message in (
        (
            "none",
            "factories_here:none() cannot be called with (shape, outputs); write it as def none(shape",
        ),
        ("number", "factories_here:number returned int, expected an ag.nn.Module"),
    ):
        err = error_of(capsys, f"factories_here:{name}", "--data", "digits", "--out", "x")
        assert message in err and not Path("x").exists()


def test_the_weights_say_what_was_measured():
    assert train() == 0
    best, last = (ag.load(f"run/{name}.npz") for name in ("best", "last"))
    assert last.metrics == rows("run")[-1]
    assert best.metrics["validation_accuracy"] == max(r["validation_accuracy"] for r in rows("run"))
    images, labels = ag.data.digits("test").arrays
    assert np.mean(best.classify(images) == labels) > 0.5
