"""Sweeps: every choice of settings or some of them, in any executor, and on where one stopped."""

import csv
import json
import multiprocessing
import xml.etree.ElementTree as ET
from concurrent import futures

import numpy as np
import pytest

from agx import runs
from agx._runtime import files

SPACE = {"x": [0, 1, 2], "y": [0.5, 0.25]}


def bowl(x, y):
    return {"loss": (x - 1) ** 2 + y, "steps": 10 * x}


def settings(found):
    return [tuple(row["settings"].values()) for row in found]


def test_a_grid_is_every_choice():
    found = runs.sweep(bowl, SPACE)
    assert settings(found) == [(x, y) for x in SPACE["x"] for y in SPACE["y"]]
    best = found.best()
    assert best["settings"] == {"x": 1, "y": 0.25} and best["error"] is None
    assert best["result"] == {"loss": 0.25, "steps": 10}


@pytest.mark.parametrize(
    ("options", "best"),
    [({}, 0.25), ({"key": "steps"}, 20), ({"key": "steps", "mode": "min"}, 0)],
)
def test_the_best_is_that_of_the_key(options, best):
    found = runs.sweep(bowl, SPACE, **options)
    assert found.best()["result"][options.get("key", "loss")] == best
    values = [row["result"][options.get("key", "loss")] for row in found.ranked()]
    assert values == sorted(values, reverse=options == {"key": "steps"})


def test_a_number_is_a_result():
    assert runs.sweep(lambda x: x, {"x": [3]})[0]["result"] == {"result": 3}
    assert runs.sweep(lambda x: np.float32(x), {"x": [3, 4]}).best()["result"] == {"result": 4}


def test_random_search_repeats_by_its_seed():
    """More samples begin with the same ones, none comes twice."""
    few, more, other = (
        settings(runs.sweep(bowl, SPACE, samples=n, seed=s)) for n, s in ((3, 0), (5, 0), (5, 1))
    )
    assert more[:3] == few and len(set(more)) == 5 and more != other
    assert len(runs.sweep(bowl, SPACE, samples=100)) == 6


def test_random_search_draws_values():
    space = {"x": lambda rng: float(rng.uniform(0, 2)), "y": [0, 1]}
    found = settings(runs.sweep(bowl, space, samples=20, seed=2))
    assert len({x for x, _ in found}) == 20 and {y for _, y in found} == {0, 1}
    assert found == settings(runs.sweep(bowl, space, samples=20, seed=2))
    with pytest.raises(ValueError, match="x draws its values; say how many with samples=20"):
        runs.sweep(bowl, space)


def processes():
    return futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))


@pytest.mark.parametrize("make", [lambda: futures.ThreadPoolExecutor(2), processes])
def test_any_executor_will_do(make):
    with make() as executor:
        found = runs.sweep(pow, {"base": [1, 2, 3], "exp": [1, 2]}, executor)
    assert found.best()["result"] == {"result": 9} and len(found) == 6


def sometimes(x, y):
    if x == 1:
        raise RuntimeError("out of memory")
    return bowl(x, y)


@pytest.mark.parametrize("executor", [None, futures.ThreadPoolExecutor(2)], ids=["here", "threads"])
def test_a_failure_is_recorded_and_ends_nothing(executor):
    found = runs.sweep(sometimes, SPACE, executor)
    assert len(found) == 6
    failed = [row for row in found if row["error"]]
    assert {row["settings"]["x"] for row in failed} == {1} and len(failed) == 2
    assert failed[0]["error"] == "RuntimeError: out of memory" and failed[0]["result"] is None
    assert found.best()["settings"]["x"] in (0, 2) and found.ranked()[-1]["error"]


def test_results_must_be_numbers():
    (row,) = runs.sweep(lambda x: "good", {"x": [1]})
    assert row["error"] == "TypeError: expected a number or a dict of numbers, got 'good'"
    with pytest.raises(ValueError, match="no trial of the sweep came to its end"):
        runs.sweep(lambda x: None, {"x": [1]}).best()


def test_a_sweep_goes_on_where_it_stopped(tmp_path):
    called = []

    def count(x, y):
        called.append((x, y))
        if len(called) == 4:
            raise KeyboardInterrupt
        return sometimes(x, y)

    with pytest.raises(KeyboardInterrupt):
        runs.sweep(count, SPACE, folder=tmp_path)
    assert [row["error"] for row in json.loads((tmp_path / "sweep.json").read_text())["trials"]] == [None, None, "RuntimeError: out of memory"]  # fmt: skip
    called.clear()
    found = runs.sweep(bowl, SPACE, folder=tmp_path, callback=lambda row: called.append(row))
    assert [tuple(row["settings"].values()) for row in called] == settings(found)[2:]
    assert settings(called) == [(1, 0.5), (1, 0.25), (2, 0.5), (2, 0.25)]
    assert len(found) == 6 and not any(row["error"] for row in found)
    called.clear()
    wider = {**SPACE, "x": [0, 1, 2, 3]}
    assert len(runs.sweep(bowl, wider, folder=tmp_path, callback=called.append)) == 8
    assert settings(called) == [(3, 0.5), (3, 0.25)]


def test_the_table_is_whole_after_every_trial(tmp_path):
    """Another program may read it at any time."""
    seen = []

    def look(row):
        with open(tmp_path / "sweep.csv", newline="") as file:
            seen.append(list(csv.DictReader(file)))
        assert len(json.loads((tmp_path / "sweep.json").read_text())["trials"]) == len(seen)
        ET.parse(tmp_path / "sweep.svg")

    runs.sweep(sometimes, SPACE, folder=tmp_path, callback=look)
    assert [len(rows) for rows in seen] == [1, 2, 3, 4, 5, 6]
    assert list(seen[-1][0]) == ["x", "y", "loss", "steps", "seconds", "error"]
    assert (seen[-1][5]["x"], seen[-1][5]["loss"]) == ("2", "1.25")
    assert seen[-1][3]["error"] == "RuntimeError: out of memory"


def test_a_full_disk_keeps_the_last_table(tmp_path, monkeypatch):
    runs.sweep(bowl, {"x": [1], "y": [2]}, folder=tmp_path)
    before = (tmp_path / "sweep.json").read_bytes()
    monkeypatch.setattr(files.os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OSError, match=r"sweep.json; the file that was there is kept"):
        runs.sweep(bowl, SPACE, folder=tmp_path)
    assert (tmp_path / "sweep.json").read_bytes() == before


def test_the_picture_has_a_chart_for_each_setting_that_varies():
    space = {"x": [0, 1, 2], "y": np.logspace(-3, 0, 9).tolist(), "z": ["<a>"]}
    found = runs.sweep(lambda x, y, z: sometimes(x, y), space)
    root = ET.fromstring(found.svg())
    name = "{http://www.w3.org/2000/svg}"
    charts = root.findall(f"{name}g/{name}svg")
    assert [chart.get("aria-label") for chart in charts] == ["loss by x", "loss by y"]
    assert [len(chart.findall(f".//{name}circle")) for chart in charts] == [18, 18]
    assert root.find(f"{name}text").text == "loss of 18 trials"
    across = sorted({float(dot.get("cx")) for dot in charts[1].iter(f"{name}circle")})
    np.testing.assert_allclose(np.diff(across), np.diff(across)[0], atol=0.11)  # logarithms
    assert found._repr_svg_() == found.svg()


def test_a_sweep_without_a_result_has_a_picture():
    def broken(x):
        raise RuntimeError("no")

    root = ET.fromstring(runs.sweep(broken, {"x": [1, 2]}).svg())
    assert "no trial came to its end" in "".join(root.itertext())


def test_a_sweep_prints_as_a_table():
    lines = repr(runs.sweep(sometimes, {**SPACE, "y": [0.5]})).splitlines()
    assert lines[0].split() == ["x", "loss", "steps", "seconds", "error"]  # y is always the same
    assert lines[1].split()[:3] == ["0", "1.5", "0"] and "RuntimeError: out of memory" in lines[3]
    assert repr(runs.Sweep()) == "a sweep of no trials"


@pytest.mark.parametrize(
    ("space", "options", "error", "message"),
    [
        ({"x": []}, {}, ValueError, r"x is \[\], expected a list of values"),
        ({"x": "ab"}, {}, ValueError, "x is 'ab', expected a list of values"),
        ({"x": [1]}, {"samples": 0}, ValueError, "samples is 0, expected a positive number"),
        ({"x": [print]}, {}, TypeError, "settings that JSON can hold, such as numbers and words"),
    ],
)
def test_bad_spaces_are_refused(space, options, error, message):
    with pytest.raises(error, match=message):
        runs.sweep(bowl, space, **options)


@pytest.mark.parametrize("content", ['{"trials": [1]}', "{}", "[]", "torn"])
def test_a_file_of_something_else_is_kept(tmp_path, content):
    (tmp_path / "sweep.json").write_text(content)
    with pytest.raises(ValueError, match=r"sweep.json: expected"):
        runs.sweep(bowl, SPACE, folder=tmp_path)
    assert (tmp_path / "sweep.json").read_text() == content


@pytest.mark.parametrize(
    "changed",
    [{"settings": 3}, {"result": [1]}, {"result": {"a": "b"}}, {"error": 1}, {"seconds": "x"}, {"seconds": 10**400}],
)  # fmt: skip
def test_trials_that_nobody_wrote_are_refused(tmp_path, changed):
    row = {"settings": {"x": 1}, "result": {"y": 1.0}, "error": None, "seconds": 0.5, **changed}
    (tmp_path / "sweep.json").write_text(json.dumps({"trials": [row]}))
    with pytest.raises(ValueError, match=r"sweep.json: expected the trials of a sweep"):
        runs.sweep(bowl, SPACE, folder=tmp_path)


def test_settings_may_be_lists():
    found = runs.sweep(lambda hidden: sum(hidden), {"hidden": [[1], [2, 3]]})
    assert found.best()["settings"] == {"hidden": [2, 3]} and "2, 3" in found.svg()


def test_settings_may_be_names_of_files_in_no_encoding(tmp_path):
    runs.sweep(lambda data: len(data), {"data": ["a\udcff", "b"]}, folder=tmp_path)
    found = runs.sweep(lambda data: 0, {"data": ["a\udcff", "b"]}, folder=tmp_path)
    assert (
        found.best()["settings"] == {"data": "a\udcff"}
        and "a\\udcff" in (tmp_path / "sweep.csv").read_text()
    )
