"""Every benchmark runs and reports; how long it takes is nobody's business here."""

import json
from pathlib import Path

import numpy as np
import pytest

import agx as ag
from benchmarks import __main__ as program
from benchmarks import facts, machine, memory, plots, profile, report, timing
from benchmarks.cases import CASES, check_agreement
from benchmarks.networks import epoch


@pytest.fixture(autouse=True)
def threads_as_before():
    before = ag.get_num_threads()
    yield
    ag.set_num_threads(before)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.work)
def test_a_case_runs_without_any_peer(case):
    assert min(case.threads) >= 1 and case.least > 0
    check_agreement(case.work, case.build({}))


def test_an_epoch_runs():
    images, labels = ag.data.digits("train", size=32)[:70]
    epoch(ag.data.ArrayDataset(images, labels))({})["agx"]()


def test_contenders_are_compared_in_pairs():
    calls = []
    found = timing.compare(
        {"agx": lambda: calls.append("a"), "peer": lambda: calls.append("p")}, 3, 1e-6
    )
    assert set(found.seconds) == {"agx", "peer"}
    assert set(found.ratios) == {"peer"}
    assert calls.count("a") >= 4


def test_contenders_must_agree():
    check_agreement("work", {"agx": lambda: [np.ones(3)], "peer": lambda: [np.ones(3)]})
    with pytest.raises(AssertionError, match=r"work: peer and agx disagree by 1\.0e\+00"):
        check_agreement("work", {"agx": lambda: np.ones(3), "peer": lambda: np.zeros(3)})


def row(**changes):
    start = {
        "work": "relu", "threads": 1, "least": 1.3, "peer": "torch", "ratio": 2.0, "met": True,
        "seconds": {"agx": 1e-3, "torch": 2e-3}, "ratios": {"torch": 2.0},
    }  # fmt: skip
    return {**start, **changes}


def test_rows_say_what_is_missed_and_what_is_missing():
    assert report.row_line(row()) == "| relu | 1 | 1 ms | 2 ms | 2.00 | 1.3 |"
    assert "| **1.20** |" in report.row_line(row(ratio=1.2, met=False))
    alone = row(seconds={"agx": 1e-3}, ratios={}, ratio=None, met=False)
    assert "PyTorch is not installed | skipped" in report.row_line(alone)
    both = row(
        seconds={"agx": 1e-3, "torch": 2e-3, "mygrad": 1.0}, ratios={"torch": 2, "mygrad": 1e3}
    )
    assert report.others_line(both) == "relu: MyGrad 1000.0 (1 s)"


def test_facts_are_lines_of_a_table():
    assert report.fact_line(facts.fact("a", "1", "2", True)) == "| a | 1 | 2 |"
    assert "**1**" in report.fact_line(facts.fact("a", "1", "2", False))
    assert "**" not in report.fact_line(facts.fact("a", "skipped", "2", None))


def test_training_gives_the_same_bits_again():
    assert facts.same_bits()["met"]
    assert facts.thread_rounding()["met"]


def test_times_are_measured():
    assert set(facts.step_times((1, 2), (1, 2), 1)) == {(1, 1), (1, 2), (2, 1), (2, 2)}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system does not tell")
def test_memory_is_measured(capsys):
    assert memory.resident("VmHWM") >= memory.resident("VmRSS") > 1_000_000
    memory.main("agx", 2, 1)
    assert capsys.readouterr().out.strip().lstrip("-").isdigit()


def test_the_program_writes_a_table(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(machine, "installed", dict)
    monkeypatch.setenv("AGX_DATA", str(tmp_path / "nothing"))
    program.main(["relu", "MNIST", "--rounds", "1", "--out", str(tmp_path / "out")])
    text = (tmp_path / "out" / "results.md").read_text()
    assert capsys.readouterr().out == text
    assert "| relu, (64, 16, 32, 32) | 1 |" in text
    assert "Skipped: MNIST epoch" in text and "--data" in text
    found = json.loads((tmp_path / "out" / "results.json").read_text())
    assert found["rows"][0]["seconds"]["agx"] > 0
    assert found["agx"] == ag.__version__


def test_the_program_lists_its_rows(capsys):
    program.main(["--list"])
    assert capsys.readouterr().out.splitlines()[-1] == program.MNIST


def test_pictures_are_drawn(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(plots, "peak_memory", lambda library, batch, threads: 1e6 * batch)
    for path in plots.save(tmp_path, {}, 1, (1, 2)):
        assert path.read_text().startswith("<?xml")


def test_a_profile_names_every_operation(capsys):
    lines, parts = profile.profile(2, 1, 1)
    assert [name for name, *_ in lines][:3] == ["conv2d", "relu", "max_pool2d"]
    assert lines[-1][0] == "softmax_nll" and len(lines) == 13
    assert set(parts) == {"forward", "backward", "update", "step"}
    profile.main(2)
    assert "all operations, each alone" in capsys.readouterr().out
