import json
import os
import re
import signal
import subprocess
import sys
import time
import types
import warnings

import numpy as np
import pytest
from public import kinds

import agx as ag
from agx import cli, runs
from agx.data import readers

DRAW = runs.RunFolder.save_pictures


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch, without_pictures):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.fixture
def with_pictures(monkeypatch):
    monkeypatch.setattr(runs.RunFolder, "save_pictures", DRAW)


def train(*options, epochs=1):
    return cli.main(["train", *options, "--epochs", str(epochs)])


def error_of(capsys, *options):
    """The one line that wrong arguments print."""
    with pytest.raises(SystemExit) as stopped:
        cli.main(list(options))
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


# --- a run ---------------------------------------------------------------------------------------


def test_a_run_leaves_its_folder(capsys, tmp_path):
    assert train("mlp", "--data", "digits", "--out", "out/first", epochs=2) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].startswith("mlp with 50,826 parameters on digits: ") and not err
    assert [line.split()[0] for line in lines[1:4]] == ["epoch", "1", "2"]
    assert lines[-1].startswith("test accuracy: ") and lines[-1].endswith(" %")

    folder = tmp_path / "out" / "first"
    config = json.loads((folder / "config.json").read_text())
    assert config["model"] == "mlp" and config["epochs"] == 2 and config["seed"] == 0
    assert config["versions"]["numpy"] == np.__version__ and config["image_shape"] == [1, 8, 8]
    rows = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == [1, 2]
    with np.load(folder / "last.npz", allow_pickle=False) as weights:
        names = set(weights.files) - {"__metadata__"}
        assert sum(weights[name].size for name in names) == config["parameters"]
    assert (folder / "best.npz").exists()
    images, labels = ag.data.digits("test").arrays
    found = ag.load(folder)
    accuracy = 100 * np.mean(found.classify(images) == labels)
    assert accuracy == pytest.approx(float(lines[-1].split()[2]), abs=0.01)
    best = max(row["validation_accuracy"] for row in rows)
    assert found.metrics["validation_accuracy"] == best
    assert f"with {100 * best:.2f} % of the validation" in lines[-2]


def test_what_is_held_out_and_what_is_not_stay_bytes():
    images = np.random.default_rng(0).integers(0, 256, (20, 1, 4, 4), np.uint8)
    learn = ag.data.ImageDataset(images, np.arange(20) % 2, classes=("a", "b"))
    for part in runs.hold_out(learn, 0.2, seed=0):
        assert part.stored[0].dtype == np.uint8 and part.classes == ("a", "b")
        x, _ = next(iter(ag.data.Loader(part, 4)))
        np.testing.assert_array_equal(x, part.stored[0][:4] / np.float32(255), strict=True)


def test_the_best_epoch_is_chosen_on_images_held_out(tmp_path):
    """They are a tenth of each class of the training images, and the test images are none of them."""
    learn, test = ag.data.digits("train"), ag.data.digits("test")
    rest, held = runs.hold_out(learn, 0.1, seed=3)
    assert len(rest) + len(held) == len(learn) and held.classes == learn.classes
    counts, all_counts = (np.bincount(d.arrays[1]) for d in (held, learn))
    np.testing.assert_array_equal(counts, np.round(0.1 * all_counts))
    again = runs.hold_out(learn, 0.1, seed=3)[1]
    other = runs.hold_out(learn, 0.1, seed=4)[1]
    np.testing.assert_array_equal(held.arrays[0], again.arrays[0])
    assert not np.array_equal(held.arrays[0], other.arrays[0])
    with pytest.raises(ValueError, match="--validation: no class has two images"):
        runs.hold_out(ag.data.ArrayDataset(np.zeros((2, 1)), [0, 1]), 0.5, 0)

    assert train("mlp", "--data", "digits", "--validation", "0.2", "--out", "run") == 0
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["validation_images"] == len(runs.hold_out(learn, 0.2, 0)[1])
    assert config["training_images"] + config["validation_images"] == len(learn)
    assert config["test_images"] == len(test)


def test_a_run_records_how_images_were_prepared(tmp_path, monkeypatch):
    """Pictures of one's own are given what the training images were given, to the last digit."""
    for name in ("plain", "even"):
        assert train("mlp", "--data", "digits", "--out", name) == 0
        reader = readers.READERS["digits"]
        monkeypatch.setitem(readers.READERS, "digits", reader._replace(standardize=True))
    plain, even = (runs.normalization(tmp_path / name) for name in ("plain", "even"))
    images = ag.data.digits("train").arrays[0]
    np.testing.assert_array_equal(plain(images), images)
    learned = runs.hold_out(ag.data.digits("train"), 0.1, 0)[0].arrays[0]
    np.testing.assert_array_equal(even(images), runs.standardize(learned)(images))

    config = json.loads((tmp_path / "even" / "config.json").read_text())
    assert np.shape(config["normalization"]["mean"]) == (1,)
    model = runs.factory("mlp")(config["image_shape"], len(config["classes"]))
    model.load_state_dict(np.load(tmp_path / "even" / "last.npz"))
    pictures, labels = runs.hold_out(ag.data.digits("train"), 0.1, 0)[1].arrays
    last = json.loads((tmp_path / "even" / "history.jsonl").read_text().splitlines()[-1])
    guesses = ag.train.decide(ag.predict(model, even(pictures)))
    assert np.mean(guesses == labels) == pytest.approx(last["validation_accuracy"])


def test_a_run_of_before_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ValueError, match="does not say how images were prepared; train anew"):
        runs.normalization(tmp_path)


def test_pictures_with_matplotlib(tmp_path, with_pictures):
    pytest.importorskip("matplotlib")
    assert train("lenet5", "--data", "digits", "--out", "run") == 0
    assert {p.name for p in (tmp_path / "run").glob("*.png")} == {
        "curves.png", "confusion.png", "filters.png"
    }  # fmt: skip


def test_no_pictures_without_matplotlib(monkeypatch, capsys, tmp_path, with_pictures):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert train("mlp", "--data", "digits", "--out", "run") == 0
    assert 'no pictures: plots need Matplotlib; install it with: pip install "agx[plot]"' in (
        capsys.readouterr().out
    )
    assert not list((tmp_path / "run").glob("*.png"))


def test_the_default_folder_is_new_each_time(tmp_path):
    assert train("mlp", "--data", "digits") == train("mlp", "--data", "digits") == 0
    names = sorted(p.name for p in (tmp_path / "runs").iterdir())
    assert len(names) == 2 and all("-mlp-digits" in name for name in names)


def test_default_folder_counts_up(tmp_path, monkeypatch):
    first = runs.default_folder("a:b", "digits")
    assert first.name.endswith("-a.b-digits")
    monkeypatch.setattr(runs.folder, "datetime", types.SimpleNamespace(datetime=_Noon))
    runs.default_folder("mlp", "digits").mkdir(parents=True)
    assert runs.default_folder("mlp", "digits").name == "20260102-120000-mlp-digits-2"


class _Noon:
    @staticmethod
    def now():
        import datetime

        return datetime.datetime(2026, 1, 2, 12)


def test_the_seed_repeats_a_run(tmp_path):
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert (
            train("mlp", "--data", "digits", "--out", name, "--seed", seed, "--threads", "1") == 0
        )
    a, b, c = (np.load(tmp_path / name / "last.npz") for name in "abc")
    key = a.files[0]
    assert np.array_equal(a[key], b[key]) and not np.array_equal(a[key], c[key])


def test_safetensors(tmp_path):
    numpy = pytest.importorskip("safetensors.numpy")
    options = ("mlp", "--data", "digits", "--out", "run", "--format", "safetensors")
    assert train(*options) == 0
    weights = numpy.load_file(tmp_path / "run" / "last.safetensors")
    assert sum(w.size for w in weights.values()) == 50_826


def test_missing_safetensors_is_named_before_training(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    assert train("mlp", "--data", "digits", "--out", "run", "--format", "safetensors") == 1
    assert 'pip install "agx[safetensors]"' in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def config_of(tmp_path, *options):
    """The settings of a short run with these options."""
    assert train("mlp", "--data", "digits", *options, "--out", "run", epochs=2) == 0
    return json.loads((tmp_path / "run" / "config.json").read_text())


@pytest.mark.parametrize("optimizer", runs.OPTIMIZERS)
def test_optimizers(optimizer, tmp_path):
    config = config_of(tmp_path, "--optimizer", optimizer)
    assert (config["optimizer"], config["schedule"]) == (optimizer, "cosine")
    assert config["lr"] == (0.02 if optimizer == "sgd" else runs.RATES[optimizer])
    assert config.get("momentum") == runs.MOMENTA.get(optimizer)


def test_changes_of_images_and_weight_decay_are_settings(tmp_path):
    options = ("--augment", "crop,flip", "--weight-decay", "0.1", "--out", "run")
    assert train("mlp", "--data", "digits", *options) == 0
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["augment"] == ["crop", "flip"] and config["weight_decay"] == 0.1
    assert train("mlp", "--data", "digits", "--augment", "none", "--out", "plain") == 0
    weights = [np.load(tmp_path / name / "last.npz")["1.weight"] for name in ("run", "plain")]
    assert np.linalg.norm(weights[0]) < np.linalg.norm(weights[1])


@pytest.mark.parametrize("schedule", runs.SCHEDULES)
def test_schedules(schedule, tmp_path):
    config = config_of(tmp_path, "--optimizer", "adam", "--schedule", schedule)
    assert config["schedule"] == schedule


def test_every_optimizer_and_schedule_is_offered():
    optimizers, schedules = (kinds(ag.optim, k) for k in (ag.optim.Optimizer, ag.optim.Schedule))
    assert {kind.__name__ for kind in optimizers} - {
        kind.__name__ for kind in runs.OPTIMIZERS.values()
    } == {"LBFGS"}  # it takes a function
    commands = [kind.command for kind in schedules if kind.command]
    assert sorted(commands) == sorted(set(runs.SCHEDULES) - {"none"})
    assert {kind.__name__ for kind in schedules if not kind.command} == {
        "ChainedScheduler", "ConstantLR", "LambdaLR",
    }  # fmt: skip
    assert (runs.MOMENTA["sgd"], runs.MOMENTA["rmsprop"]) == (0.9, 0.0)
    assert (runs.RATES["adam"], runs.RATES["rmsprop"], runs.RATES["adadelta"]) == (0.001, 0.001, 1)


def test_a_model_of_your_own(tmp_path):
    (tmp_path / "my_models.py").write_text(
        "import agx as ag\n"
        "def small(shape, outputs):\n"
        "    return ag.models.mlp(shape[0] * shape[1] * shape[2], (8,), outputs)\n"
    )
    assert train("--model", "my_models:small", "--data", "digits", "--out", "run") == 0
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["parameters"] == 64 * 8 + 8 + 8 * 10 + 10


def test_a_model_may_import_what_lies_beside_it(tmp_path):
    """When it is imported and when it is called; afterwards the path is what it was."""
    (tmp_path / "sizes_beside.py").write_text("HIDDEN = (8,)\n")
    (tmp_path / "made_beside.py").write_text("import agx as ag\nmake = ag.models.mlp\n")
    (tmp_path / "model_beside.py").write_text(
        "from sizes_beside import HIDDEN\n"
        "def small(shape, outputs):\n"
        "    from made_beside import make\n"
        "    return make(shape[0] * shape[1] * shape[2], HIDDEN, outputs)\n"
    )
    before = list(sys.path)
    assert train("model_beside:small", "--data", "digits", "--out", "run") == 0
    assert sys.path == before


def test_looking_for_a_model_leaves_the_path_alone(tmp_path, capsys):
    before = list(sys.path)
    assert "no module 'no_such'" in error_of(capsys, "train", "no_such:thing", "--data", "digits")
    (tmp_path / "found_here.py").write_text("def small(shape, outputs): ...\n")
    assert runs.factory("found_here:small").__module__ == "found_here"
    assert sys.path == before


# --- ways to end ---------------------------------------------------------------------------------


def test_interrupt_saves_what_was_learned(monkeypatch, capsys, tmp_path):
    def interrupt(state):
        if state.epoch == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(ag.train, "print_epoch", interrupt)
    assert train("mlp", "--data", "digits", "--out", "run", epochs=5) == 130
    assert "interrupted after 2 of 5 epochs; what was learned is in " in capsys.readouterr().err
    assert (tmp_path / "run" / "last.npz").exists()


def test_interrupt_elsewhere(monkeypatch, capsys):
    monkeypatch.setattr(runs.run, "load", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt))
    assert train("mlp", "--data", "digits") == 130
    assert capsys.readouterr().err == "agx: interrupted\n"


def test_divergence_is_explained(capsys):
    assert train("mlp", "--data", "digits", "--lr", "1e30", epochs=5) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("agx train: fit: the loss became ") and "lower the learning rate" in line


def test_missing_data_are_explained(capsys, tmp_path):
    assert train("--data", "mnist", "--root", "nowhere", "--out", "run") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "nowhere" in line and "--download" in line and "--root" in line
    assert not (tmp_path / "run").exists()


def test_a_folder_is_never_overwritten(capsys, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text("{}")
    assert train("mlp", "--data", "digits", "--out", "run") == 1
    assert "run holds a run already; name another folder with --out" in capsys.readouterr().err


# --- wrong arguments -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "the following arguments are required: COMMAND"),
        (("info", "--colour", "red"), "unrecognized arguments: --colour"),
        (("learn",), "invalid choice: 'learn'"),
        (("train",), "the following arguments are required: --data"),
        (("train", "--data", "numbers"), "invalid choice: 'numbers'"),
        (("train", "vgg", "--data", "digits"), " or module:factory, got 'vgg'"),
        (
            ("train", "no_such:thing", "--data", "digits"),
            "no module 'no_such' in the current folder",
        ),
        (("train", "json:thing", "--data", "digits"), "module 'json' has no function 'thing'"),
        (("train", "mlp", "--model", "mlp", "--data", "digits"), "give the model once"),
        (("train", "--data", "digits", "--epochs", "0"), "expected a positive integer, got '0'"),
        (
            ("train", "--data", "digits", "--batch-size", "x"),
            "expected a positive integer, got 'x'",
        ),
        (("train", "--data", "digits", "--lr", "-1"), "expected a positive number, got '-1'"),
        (("train", "--data", "digits", "--momentum", "1"), "a number from 0 to below 1, got '1'"),
        (("train", "--data", "digits", "--weight-decay", "-1"), "a number of at least 0, got '-1'"),
        (
            ("train", "--data", "digits", "--augment", "flop"),
            "no change of images is called 'flop'; choose from crop, flip",
        ),
        (
            ("train", "--data", "digits", "--optimizer", "rprop", "--weight-decay", "1"),
            "--weight-decay: rprop has none; choose another optimiser",
        ),
        (("train", "--data", "digits", "--classes", "bird"), "two or more different names"),
        (
            ("train", "--data", "digits", "--optimizer", "adam", "--momentum", "0.9"),
            "--momentum: adam has its own; use it with sgd or ",
        ),
    ],
)
def test_wrong_arguments_are_one_line(capsys, options, message):
    assert message in error_of(capsys, *options)


def test_an_import_error_inside_your_module_is_not_hidden(tmp_path):
    (tmp_path / "broken_models.py").write_text("import no_such_dependency\n")
    with pytest.raises(ModuleNotFoundError, match="no_such_dependency"):
        runs.factory("broken_models:small")


# --- errors in general ---------------------------------------------------------------------------


def failing(monkeypatch, error):
    def fail(options):
        raise error

    monkeypatch.setattr(cli, "_info", fail)


def test_no_traceback_without_debug(monkeypatch, capsys):
    """Of errors that name what is wrong the message, of others the kind too."""
    for error, said in (
        (ValueError("the data are torn"), "the data are torn"),
        (OSError("the disk is full"), "the disk is full"),
        (KeyError("weight"), "KeyError: 'weight'; --debug shows where"),
        (RuntimeError(), "RuntimeError; --debug shows where"),
        (MemoryError(), "MemoryError; --debug shows where"),
    ):
        failing(monkeypatch, error)
        assert cli.main(["info"]) == 1
        assert capsys.readouterr().err == f"agx info: {said}\n"
        with pytest.raises(type(error)):
            cli.main(["info", "--debug"])


def test_debug_goes_with_a_run_that_is_resumed():
    with pytest.raises(ValueError, match="nowhere holds no run"):
        cli.main(["train", "--resume", "nowhere", "--debug"])


def test_every_command_has_debug(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    said = capsys.readouterr().out
    assert "Exit status: 0: done; 1: a problem" in said
    listed = re.findall(r"^    (\w+) ", said, flags=re.MULTILINE)
    assert {"train", "runs", "compare", "report", "predict", "evaluate", "export", "sweep"} < set(listed)  # fmt: skip
    for command in listed:
        with pytest.raises(SystemExit, match="0"):
            cli.main([command, "--help"])
        assert "--debug" in capsys.readouterr().out


def test_warnings_are_one_line(monkeypatch, capsys):
    monkeypatch.setattr(
        cli, "_info", lambda options: warnings.warn("a file was left out", stacklevel=2) or 0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert cli.main(["info"]) == 0
    assert capsys.readouterr().err == "agx info: a file was left out\n"


# --- the rest ------------------------------------------------------------------------------------


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out.startswith("agx ")


def test_info(capsys, monkeypatch):
    assert cli.main(["info"]) == 0
    assert capsys.readouterr().out == f"{ag.info()}\n"


def test_a_closed_pipe_is_no_error(monkeypatch, capsys):
    def closed(*args, **kwargs):
        raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr("builtins.print", closed)
    assert cli.main(["info"]) == 1
    assert capsys.readouterr().err == ""


def test_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "agx", "train", "--data", "nothing"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and done.stderr.count("\n") == 1


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_real_ctrl_c(tmp_path):
    command = [sys.executable, "-m", "agx", "train", "mlp", "--data", "digits", "--out", "run"]
    # A shell that runs the suite in the background ignores Ctrl-C, and so would what it starts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            [*command, "--epochs", "100000"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)
    history = tmp_path / "run" / "history.jsonl"
    deadline = time.monotonic() + 30
    while not history.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    try:
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130 and "interrupted after" in err and "Traceback" not in err
    assert (tmp_path / "run" / "last.npz").exists()


@pytest.mark.slow
def test_digits_are_learned(capsys, with_pictures):
    assert cli.main(["train", "--data", "digits"]) == 0
    assert float(capsys.readouterr().out.splitlines()[-1].split()[2]) >= 98
