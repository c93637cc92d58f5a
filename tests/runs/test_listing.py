"""Runs found in their folders, read and compared."""

import json

import pytest
import run_folders

from agx import runs


@pytest.fixture
def root(tmp_path):
    run_folders.write(tmp_path / "runs" / "a", lr=0.1)
    run_folders.write(tmp_path / "runs" / "b", epochs=5, lr=0.2, finished=False)
    run_folders.write(tmp_path / "runs" / "sweep" / "c", classes=("cat", "dog"))
    return tmp_path / "runs"


def test_runs_are_found_also_further_down(root):
    found = runs.find_runs(root)
    assert [run.path.relative_to(root).as_posix() for run in found] == ["a", "b", "sweep/c"]
    assert found.problems == []
    row = found[0].summary()
    assert row["model"] == "small" and row["epochs"] == row["planned"] == 3 and row["finished"]
    assert row["validation_accuracy"] == 0.9 and row["test_accuracy"] == 0.75
    assert row["seconds"] == 1.5
    assert found[1].summary()["test_accuracy"] is None and not found[1].summary()["finished"]


def test_they_print_as_a_table(root):
    header, a, b, c = repr(runs.find_runs(root)).splitlines()
    assert header.split()[:3] == ["run", "model", "data"]
    assert "3 of 3" in a and "90.00 %" in a and "75.00 %" in a and "75.00 %" not in b
    assert a.index("sgd") == c.index("sgd") == header.index("optimizer")
    assert repr(runs.RunList()) == "no runs"


def test_what_is_no_run_is_named_and_no_obstacle(root):
    (root / "notes").mkdir()
    (root / "torn").mkdir()
    (root / "torn" / "config.json").write_text('{"model": "m')
    (root / "list").mkdir()
    (root / "list" / "config.json").write_text("[]")
    with open(root / "b" / "history.jsonl", "a") as file:
        file.write('{"epoch": 6, "lo')
    (root / "a" / "results.json").write_text("{")
    found = runs.find_runs(root)
    assert [run.path.name for run in found] == ["a", "b", "c"] and len(found[1].history) == 5
    a, b, list_, notes, torn = found.problems
    assert "a/results.json: expected JSON, got a damaged file" in a.replace("\\", "/")
    assert "history.jsonl: line 6 is damaged; the lines before it are used" in b
    assert "expected a JSON object, got list" in list_ and "notes: no run" in notes
    assert "config.json: expected JSON, got a damaged file" in torn


@pytest.mark.parametrize(
    "row",
    ["[1]", "3", '{"epoch": 1.5, "loss": 1}', '{"epoch": 4, "loss": "x"}', '{"epoch": 4, "loss": null}', "[" * 9000,
     '{"epoch": 4, "loss": 1, "validation_accuracy": []}', '{"epoch": 4, "loss": 1, "seconds": {}}', '{"epoch": 1%s, "loss": 1}'.replace("%s", 400 * "0")],
)  # fmt: skip
def test_a_row_that_nobody_measured_ends_the_history(root, row):
    with open(root / "a" / "history.jsonl", "a") as file:
        file.write(row + "\n")
    found = runs.read_run(root / "a")
    assert len(found.history) == 3 and "history.jsonl: line 4 is damaged" in found.problems[0]
    assert runs.report(root / "a").exists()


@pytest.mark.parametrize(
    "text", ["[" * 5000, '{"a": ' * 150 + "1" + "}" * 150, '{"model": "\\ud800']
)
def test_settings_that_cannot_be_read_are_named(root, text):
    (root / "a" / "config.json").write_text(text)
    with pytest.raises(ValueError, match=r"config\.json: expected JSON, got a damaged file"):
        runs.read_run(root / "a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "config.json: expected JSON, got a damaged file"),
        ("[]", "config.json: expected a JSON object, got list"),
        ('{"normalization": 3}', "config.json does not say how images were prepared"),
        ('{"normalization": {"mean": [0.5], "std": ["x"]}}', "config.json does not say how images"),
        ('{"normalization": {"mean": [0.5]}}', "config.json does not say how images"),
    ],
)
def test_what_was_done_to_images_is_read_or_the_file_named(root, text, message):
    assert runs.normalization(root / "a").mean.tolist() == [0.5]
    (root / "a" / "config.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        runs.normalization(root / "a")


def test_settings_that_fit_no_run_are_named(root):
    (root / "a" / "config.json").write_text('{"settings": {"colour": "blue"}}')
    with pytest.raises(ValueError, match=r"config\.json: its settings fit no run: .*colour"):
        runs.Run.resumed(root / "a")


def test_the_best_epoch_is_that_of_the_validation(root):
    run = runs.read_run(root / "b")
    assert run.best()["epoch"] == 4
    for row in run.history:
        del row["validation_accuracy"]
    assert run.best()["epoch"] == 5  # by the smallest loss
    run.history.clear()
    assert run.best() == {}


def test_a_run_without_an_epoch_is_read(root):
    (root / "b" / "history.jsonl").unlink()
    run = runs.read_run(root / "b")
    assert run.summary()["epochs"] == 0 and "no epoch came to its end" in run.problems[0]
    assert "0 of 5" in repr(runs.find_runs(root))


@pytest.mark.parametrize(("name", "what"), [("empty", "config.json is missing"), ("no", "no such folder")])  # fmt: skip
def test_a_folder_without_a_run_is_refused(tmp_path, name, what):
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=f"{name}: expected the folder of a run .* {what}"):
        runs.read_run(tmp_path / name)
    with pytest.raises(FileNotFoundError, match="no: there is no such folder; agx train makes"):
        runs.find_runs(tmp_path / "no")


def test_a_comparison_has_what_differs(root):
    a, b = runs.read_run(root / "a"), runs.read_run(root / "b")
    found = runs.compare_runs([a, b])
    assert found["settings"] == {"epochs": [3, 5], "lr": [0.1, 0.2]}
    assert found["last"]["validation_accuracy"] == pytest.approx([0.53, 0.55])
    assert found["best"]["validation_accuracy"] == [0.9, 0.9]
    assert found["best"]["loss"] == pytest.approx([1 / 3, 1 / 5]) and "seconds" not in found["best"]
    assert found["results"]["accuracy"] == [0.75, None]
    json.dumps(found)


def test_nested_settings_are_compared_one_by_one(root, tmp_path):
    other = {"agx": "1.1", "numpy": "2.0", "python": "3.11"}
    run_folders.write(tmp_path / "new", versions=other)
    pair = [runs.read_run(root / "a"), runs.read_run(tmp_path / "new")]
    assert runs.compare_runs(pair)["settings"] == {"versions.agx": ["1.0", "1.1"]}
