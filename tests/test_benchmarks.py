"""Every benchmark runs and reports; how long it takes is nobody's business here."""

import gc
import json
import os
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import agx as ag
from benchmarks import __main__ as program
from benchmarks import facts, machine, memory, models, plots, profile, ratios, report, timing
from benchmarks.agreement import check_agreement
from benchmarks.cases import CASES, MNIST
from benchmarks.programs import PROGRAMS

tells_memory = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="this system does not tell"
)


def test_the_residual_network_is_that_of_the_models():
    """It is written for other libraries too, and so by itself."""
    ours, theirs = ag.models.resnet8().eval(), models.resnet8(ag.nn).eval()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        p.value[...] = q.value
    x = np.random.default_rng(0).standard_normal((2, 3, 32, 32)).astype(np.float32)
    np.testing.assert_allclose(ours(x).value, theirs(x).value, rtol=1e-5, atol=1e-6)


@pytest.fixture(autouse=True)
def _warnings_as_they_were():
    """Let NumPy warn the tests that follow, which a program that measures does not want."""
    with np.errstate():
        yield


@pytest.fixture(autouse=True)
def threads_as_before():
    before = ag.get_num_threads()
    yield
    ag.set_num_threads(before)


@pytest.fixture(scope="module")
def peers():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what peers say of themselves
        return machine.installed()


@pytest.fixture
def alone(monkeypatch):
    monkeypatch.setattr(machine, "installed", dict)


@pytest.fixture
def mnist(tmp_path):
    """A folder with 70 images in MNIST's format."""
    rng = np.random.default_rng(0)
    for name, shape, most in (("images-idx3", (70, 28, 28), 256), ("labels-idx1", (70,), 10)):
        header = bytes([0, 0, 8, len(shape)]) + np.array(shape, ">i4").tobytes()
        values = rng.integers(0, most, shape).astype(np.uint8).tobytes()
        (tmp_path / f"train-{name}-ubyte").write_bytes(header + values)
    return tmp_path


@pytest.mark.filterwarnings("ignore")  # those of the peers
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.work)
def test_a_case_does_what_its_peers_do(case, peers):
    assert min(case.threads) >= 1 and case.least > 0
    machine.use_threads(2, peers)
    check_agreement(case.work, (case.check or case.build)(peers))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_a_program_has_the_gradient_that_its_peers_find(program, peers):
    found = program.contenders(peers)
    assert np.ndim(found.pop("function")()) == 0
    check_agreement(program.name, found)
    gradient = found["agx"]()
    step = 1e-6 * np.cos(np.arange(program.start.size)).reshape(program.start.shape)
    f = program.write(np)
    change = f(program.start + step) - f(program.start - step)
    np.testing.assert_allclose(change, 2 * np.sum(gradient * step), rtol=1e-4)


def test_a_program_is_measured(alone):
    line = PROGRAMS[0].measure({}, 1)
    assert line["gradient"] > 0 and line["hips"] is None and line["most"] == 8
    text = f"{report.program_start(line['program'])} {report.program_end(line)}"
    assert text.count("|") == report.PROGRAMS_HEADER.split("\n")[0].count("|")
    assert text.startswith("| Rosenbrock, 10 | ") and "skipped" in text
    assert "**9.00** | at most 8" in report.program_end({**line, "gradient": 9.0, "others": 0.0})


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not tell")
def test_programs_are_timed_on_one_core():
    before = os.sched_getaffinity(0)
    with machine.one_core():
        assert len(os.sched_getaffinity(0)) == 1 or not Path("/proc/self/task").exists()
    assert os.sched_getaffinity(0) == before


def test_the_program_starts_again_with_fewer_instructions(monkeypatch):
    started = []
    monkeypatch.setattr(machine.os, "execve", lambda *arguments: started.append(arguments))
    monkeypatch.delenv("AGX_INSTRUCTIONS", raising=False)
    machine.restrict("avx2")
    (_, command, environment) = started[0]
    assert command[1:3] == ["-m", "benchmarks"] and environment["AGX_INSTRUCTIONS"] == "avx2"
    monkeypatch.setenv("AGX_INSTRUCTIONS", "avx2")
    machine.restrict("avx2")
    assert len(started) == 1


def test_contenders_are_compared_in_pairs():
    calls = []
    contenders = {"agx": lambda: calls.append("a"), "peer": lambda: calls.append("p")}
    found = timing.compare(contenders, 3, target=1e-6)
    assert set(found.seconds) == set(found.seconds_spread) == {"agx", "peer"}
    assert set(found.ratios) == set(found.ratios_spread) == {"peer"}
    assert calls.count("a") >= 4


def test_the_collector_is_quiet_only_while_it_is_timed():
    before = [*gc.callbacks, print]
    gc.callbacks.append(print)
    try:
        with timing.quiet_collector():
            assert gc.callbacks == [] and gc.get_freeze_count() > 0
        assert gc.callbacks == before and gc.get_freeze_count() == 0
    finally:
        gc.callbacks.remove(print)


def test_spread_is_half_the_distance_between_quartiles():
    assert timing.spread([1.0, 2.0, 3.0, 4.0, 100.0]) == 1.0
    assert timing.spread([7.0]) == 0.0


@pytest.mark.parametrize(
    ("theirs", "distance"),
    [
        (np.array([1e-3, 2.001e-3]), r"5\.0e-04"),
        (np.array([1e-3, np.nan]), "inf"),
        (np.zeros(3), "inf"),
    ],
)
def test_contenders_must_agree(theirs, distance):
    ours = np.array([1e-3, 2e-3])
    check_agreement("work", {"agx": lambda: [ours], "peer": lambda: [ours + 1e-8]})
    with pytest.raises(AssertionError, match=rf"work: peer and agx disagree by {distance}"):
        check_agreement("work", {"agx": lambda: [ours], "peer": lambda: [theirs]})


def row(**changes):
    start = {
        "work": "relu", "threads": 1, "target": 1.3, "wanted": None, "peer": "torch", "ratio": 2.0, "met": True,
        "seconds": {"agx": 1e-3, "torch": 2e-3}, "ratios": {"torch": 2.0}, "ratios_spread": {"torch": 0.1},
        "others": 0.0,
    }  # fmt: skip
    return {**start, **changes}


def test_rows_say_what_is_missed_and_what_is_missing():
    line = report.row_line(row())
    assert line == "| relu | 1 | 1.00 ms | 2.00 ms | 2.00 ± 0.10 | 1.3 |"
    assert line.count("|") == report.HEADER.split("\n")[0].count("|")
    assert "| **1.20 ± 0.10** |" in report.row_line(row(ratio=1.2, met=False))
    assert report.row_line(row(wanted=1.5)).endswith("| 1.3, 1.5 wanted |")
    alone = row(seconds={"agx": 1e-3}, ratios={}, ratio=None, met=None)
    assert "PyTorch is not installed | skipped" in report.row_line(alone)
    both = row(
        seconds={"agx": 1e-3, "torch": 2e-3, "mygrad": 1.0}, ratios={"torch": 2, "mygrad": 1e3}
    )
    assert report.others_line(both) == "relu, 1 thread(s): MyGrad 1000.0 (1.00 s)"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (12.34, "12.3 s"), (0.9999, "1.00 s"), (0.5, "500 ms"), (9.999e-4, "1.00 ms"),
        (9.99e-6, "9.99 us"), (9.996e-6, "10.0 us"), (2e-10, "0.20 ns"),
    ],
)  # fmt: skip
def test_times_have_three_digits(seconds, text):
    assert report.readable(seconds) == text


def test_facts_are_lines_of_a_table():
    line = {"fact": "a", "measured": "1", "target": "2", "met": True}
    assert report.fact_end(line) == "1 | 2 |"
    assert report.fact_end({**line, "met": False}) == "**1** | 2 |"
    assert report.fact_end({**line, "met": None}) == "1 | 2 |"


def test_a_busy_machine_is_confessed():
    disturbed = row(others=0.9)
    assert "| 2.00 ± 0.10 (busy) |" in report.row_line(disturbed)
    assert report.BUSY_LEGEND in report.markdown({}, [disturbed], [], [])
    assert report.BUSY_LEGEND not in report.markdown({}, [row()], [], [])
    found = {}
    with machine.watch(found):
        pass
    assert set(found) == {"others"}


def test_training_gives_the_same_bits_again():
    assert facts.same_bits(1)[1]
    assert facts.thread_rounding(1)[1]


def test_times_are_measured(monkeypatch):
    assert set(facts.step_times((1, 2), (1, 2), 1)) == {(1, 1), (1, 2), (2, 1), (2, 2)}
    monkeypatch.setattr(facts, "BATCHES", (1, 2))
    assert "longest over shortest" in facts.flatness(1)[0]
    assert facts.import_time(1)[0].endswith(" ms")
    assert re.fullmatch(r"[\d.]+ % of \d+ us; [\d.]+ % as they are", facts.augmentation(1)[0])
    monkeypatch.setattr(facts, "graph_seconds", lambda n: n * 1e-6)
    assert facts.linearity(1) == ("1.00, 1.00, 1.00 us", True)
    monkeypatch.setattr(facts, "graph_seconds", lambda n: n * n * 1e-12)
    assert not facts.linearity(1)[1]


def test_a_long_graph_is_timed():
    assert 0 < facts.graph_seconds(1000) < 10


def test_one_core_cannot_show_what_two_do(monkeypatch):
    monkeypatch.setattr(facts, "cores", lambda: 1)
    assert facts.scaling(1) == ("skipped: one core", None)


@tells_memory
def test_memory_is_measured(capsys):
    now = memory.resident("VmRSS")
    assert memory.resident("VmHWM") >= now > 1_000_000
    memory.main("agx", 2, 1)
    assert capsys.readouterr().out.strip().lstrip("-").isdigit()
    assert facts.peak_memory("agx", 64, 1) > 1_000_000


@tells_memory
@pytest.mark.parametrize(("theirs", "met"), [(2_000_000, True), (1_900_000, False)])
def test_memory_is_compared(monkeypatch, theirs, met):
    sizes = {"agx": 1_000_000, "torch": theirs}
    monkeypatch.setattr(facts, "peak_memory", lambda library, batch, threads, name: sizes[library])
    monkeypatch.setattr(facts.importlib.util, "find_spec", lambda name: True)
    assert facts.memory(1)[1] is met
    monkeypatch.setattr(facts.importlib.util, "find_spec", lambda name: None)
    assert facts.memory(1) == ("1 MB; PyTorch is not installed", None)


def test_the_program_writes_a_table(tmp_path, monkeypatch, capsys, alone):
    monkeypatch.setenv("AGX_DATA", str(tmp_path / "nothing"))
    out = tmp_path / "out"
    program.main(["--only", "relu", "MNIST", "run again", "--rounds", "1", "--out", str(out)])
    text = (out / "results.md").read_text(encoding="utf-8")
    printed = capsys.readouterr()
    assert printed.out == text
    assert "| relu, (64, 16, 32, 32) | 1 |" in text and "| the same bits | the same bits |" in text
    assert "| relu, (64, 16, 32, 32) | 1 | " in printed.err and "run again" in printed.err
    assert "Skipped: MNIST epoch" in text and "agx train --data mnist --download" in text
    assert "Skipped: PyTorch: not installed." in text
    assert str(tmp_path) not in text
    found = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert found["rows"][0]["seconds"]["agx"] > 0 and found["rows"][0]["met"] is None
    assert found["facts"][0]["met"] is True
    assert found["agx"] == ag.__version__ and "blas" in found


def test_the_program_takes_threads_and_data(tmp_path, mnist, capsys, alone):
    out = tmp_path / "out"
    options = ["--only", "mnist", "--threads", "1", "9999", "--rounds", "1"]
    program.main([*options, "--data", str(mnist), "--out", str(out)])
    text = capsys.readouterr().out
    assert text.count(f"| {MNIST} |") == 1
    assert f"Skipped: {MNIST}: 9999 threads on" in text


def test_the_epoch_of_a_peer_is_checked_by_its_first_steps(mnist, peers):
    case = program.mnist_epoch(mnist)
    check_agreement(case.work, case.check(peers))
    for run in case.build(peers).values():
        run()


def test_the_program_lists_its_rows(capsys):
    program.main(["--list"])
    names = capsys.readouterr().out.splitlines()
    rows = [*(case.work for case in CASES), MNIST, *(program.name for program in PROGRAMS)]
    assert names == [*rows, *(fact.name for fact in facts.FACTS)]
    program.main(["--list", "--only", "SCALAR"])
    assert capsys.readouterr().out.splitlines() == ["Scalar network, 20 hidden, 40 samples"]


@pytest.mark.parametrize("option", ["--rounds", "--threads"])
def test_the_program_counts_from_one(option, capsys):
    with pytest.raises(SystemExit):
        program.main([option, "0"])
    assert "expected a positive integer, got '0'" in capsys.readouterr().err


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


def test_ratios_are_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    rows = [row(), row(threads=2, ratio=0.01), row(work="lenet", ratio=99.0), row(ratio=None)]
    (tmp_path / "a.json").write_text(json.dumps({"instructions": "avx2", "rows": rows}))
    ratios.main([str(tmp_path / "a.json"), "--out", str(tmp_path / "a.svg")])
    assert (tmp_path / "a.svg").read_text().startswith("<?xml")
