"""Damaged files of every kind that agx opens: each loads, or is refused by an error that names it.

Small valid files are damaged as disks, networks and enemies do: bits, lengths, sizes in headers, members of
archives, values in JSON, with checksums that are mended so that what lies behind them is reached. A file is
made of a seed and its number alone. What counts as a finding: an error of another kind, one that names no
file, one about memory, and more than two seconds.
"""

import contextlib
import gzip
import io
import itertools
import json
import os
import random
import signal
import struct
import tarfile
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import agx as ag
from agx.commands import predict
from agx.data import cache
from agx.runs import page
from agx.storage import archive

from . import damage

try:
    import resource
except ImportError:  # as on Windows
    resource = None

SECONDS = 2.0  # of the processor's time for one file, and ten times as much of the clock's
ROOM = 1 << 29  # bytes that reading may take beside what the process has


class Kind(NamedTuple):
    """A kind of file: where it lies, the valid bytes, what reads it, and how else it can be damaged."""

    name: str
    data: bytes
    read: Callable[[Path], Any]
    edit: Callable[[random.Random, bytes], bytes] | None = None
    weight: float = 1.0


class TooSlow(BaseException):
    """A file that took too long."""


@dataclass
class Report:
    """What a campaign found."""

    files: int = 0
    refused: int = 0
    seconds: float = 0.0
    kinds: Counter = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        kinds = ", ".join(f"{name} {count}" for name, count in sorted(self.kinds.items()))
        return (
            f"{self.files:,} files in {self.seconds:.0f} s, {self.refused:,} refused, "
            f"{len(self.findings)} findings ({kinds})"
        )


# --- small valid files ---------------------------------------------------------------------------


def tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as new:
        for name in ("readme.html", "test_batch.bin"):
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = 3073
            new.addfile(member, io.BytesIO(bytes(3073)))
    return file.getvalue()


def image(name: str) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (6, 5, 3), np.uint8)
    Image.fromarray(pixels).save(file, name)
    return file.getvalue()


def saved(folder: Path, name: str, save: Callable[[Path], Any]) -> bytes:
    save(folder / name)
    return (folder / name).read_bytes()


def network() -> Any:
    return ag.nn.Sequential(ag.nn.Linear(3, 2, rng=0), ag.nn.BatchNorm1d(2), ag.relu)


def trainer() -> Any:
    model = ag.nn.Linear(3, 2, rng=0)
    return ag.train.Trainer(
        model, ag.cross_entropy, ag.optim.Adam(model.parameters()), progress=False
    )


def checkpoint(path: Path) -> None:
    made = trainer()
    x, y = np.ones((4, 3), np.float32), np.array([0, 1, 0, 1])
    made.fit(ag.data.Loader(ag.data.ArrayDataset(x, y), 2), 1)
    ag.train.save_checkpoint(path, made.state_dict(), seed=0)


def restored(path: Path) -> None:
    ag.train.Checkpoint(path.parent).restore(trainer())


def drawn(keep: Callable[[np.ndarray], Any]) -> dict[int, str]:
    """Two pictures, and one that cannot be read."""
    for _ in range(2):
        keep(np.zeros((1, 4, 4), np.uint8))
    return {1: "damaged"}


def cached(path: Path) -> None:
    cache._mapped(path, (3, 1, 4, 4))


def predicted(path: Path) -> None:
    """As the command reads arrays, which collects problems."""
    problems: list[str] = []
    list(predict._batches((3,), [str(path)], problems))
    for problem in problems:
        raise ValueError(problem)


def run_of(path: Path) -> None:
    """All that is made of a run's folder."""
    run = ag.runs.read_run(path.parent)
    repr(ag.runs.find_runs(path.parent))
    ag.runs.compare_runs([run, run])
    page.page(run)


def resumed(path: Path) -> None:
    ag.runs.Run.resumed(path.parent)


def normalized(path: Path) -> None:
    ag.runs.normalization(path.parent)


def swept(path: Path) -> None:
    found = ag.runs.sweep(lambda a, b: a * b, {"a": [1, 2], "b": [3]}, folder=path.parent)
    repr(found)


def pictured(path: Path) -> None:
    ag.data.image_folder(path.parents[1], size=4, bad="raise")


def kinds(folder: Path) -> dict[str, Kind]:
    """One of each, with all that has to lie beside it, below a folder."""
    rng = np.random.default_rng(0)
    pixels = b"\0\0\x08\3" + struct.pack(">3I", 2, 28, 28) + rng.bytes(2 * 784)
    labels = b"\0\0\x08\1" + struct.pack(">I", 2) + b"\3\4"
    floats = (
        b"\0\0\x0e\2" + struct.pack(">2I", 2, 3) + rng.standard_normal(6).astype(">f8").tobytes()
    )
    csv = b"age,colour,kind\n1,red,cat\n2.5,grey,cat\n9,red,dog\n7,?,dog\n"
    arrays = {"w": rng.standard_normal((3, 2)).astype("f4"), "b": np.arange(2.0), "n": np.array(3)}
    columns = {"age": np.array([1.0, 2.0, 9.0]), "kind": np.array(["cat", "cat", "dog"])}
    plain = saved(folder, "plain.npz", lambda p: np.savez(p, **arrays))
    small = saved(folder, "small.npz", lambda p: np.savez_compressed(p, **arrays))
    table = saved(folder, "table.npz", lambda p: np.savez(p, **columns))
    own = saved(folder, "own.npz", lambda p: archive.write(p, arrays, {"classes": ["a", "b"]}))
    model = saved(folder, "model.npz", lambda p: ag.save(p, network(), classes=("a", "b"), preprocessing=[ag.data.Normalize([0.5], [0.2])], input_shape=(3,), outputs="scores"))  # fmt: skip
    step = saved(folder, "step-00000001.npz", checkpoint)
    one = saved(folder, "one.npy", lambda p: np.save(p, rng.standard_normal((2, 3))))
    kept = saved(folder, "pictures.npy", lambda p: cache._write(p, (3, 1, 4, 4), drawn))

    def read_table(path: Path) -> Any:
        return ag.data.table(path, target="kind", missing="fill")

    found = {
        "idx": Kind("numbers.idx", floats, ag.data.read_idx),
        "idx gz": Kind("numbers.gz", gzip.compress(floats, mtime=0), ag.data.read_idx, damage.zipped),
        "mnist": Kind("mnist/t10k-images-idx3-ubyte", pixels, lambda p: ag.data.mnist("test", root=p.parent)),
        "mnist labels": Kind("labels/t10k-labels-idx1-ubyte", labels, lambda p: ag.data.mnist("test", root=p.parent)),
        "cifar": Kind("cifar/test_batch.bin", bytes(3073), lambda p: ag.data.cifar10("test", root=p.parent)),
        "tar": Kind("tar/cifar-10-binary.tar.gz", tar(), lambda p: ag.data.cifar10("test", root=p.parent), damage.tarred),
        "tar gz": Kind("targz/cifar-10-binary.tar.gz", gzip.compress(tar(), mtime=0), lambda p: ag.data.cifar10("test", root=p.parent), damage.tarred_and_zipped, 0.5),
        "csv": Kind("table.csv", csv, read_table, weight=0.7),
        "csv gz": Kind("zipped.csv", gzip.compress(csv, mtime=0), read_table, damage.zipped, 0.7),
        "table npz": Kind("columns.npz", table, read_table, damage.members),
        "plain npz": Kind("plain.npz", plain, archive.read, damage.members),
        "packed npz": Kind("small.npz", small, archive.read, damage.members),
        "own npz": Kind("own.npz", own, archive.read, damage.sealed),
        "model": Kind("model.npz", model, ag.load, damage.sealed, 0.5),
        "weights": Kind("weights.npz", model, lambda p: ag.load(p, network()), damage.sealed, 0.5),
        "checkpoint": Kind("checkpoint/step-00000001.npz", step, ag.train.load_checkpoint, damage.sealed, 0.5),
        "resumed": Kind("resumed/step-00000001.npz", step, restored, damage.sealed, 0.3),
        "npy": Kind("one.npy", one, predicted, damage.npy),
        "cache": Kind("kept.npy", kept, cached, damage.npy),
    }  # fmt: skip
    (folder / "mnist").mkdir()
    (folder / "labels").mkdir()
    (folder / "mnist/t10k-labels-idx1-ubyte").write_bytes(labels)
    (folder / "labels/t10k-images-idx3-ubyte").write_bytes(pixels)
    return {**found, **runs(folder), **optional(folder, arrays)}


def runs(folder: Path) -> dict[str, Kind]:
    """The files of a run's folder, each in a folder where the others are whole."""
    config = {
        "model": "mlp", "data": "digits", "epochs": 2, "batch_size": 4, "lr": 0.1, "optimizer": "sgd", "seed": 0, "threads": 1, "parameters": 40,
        "classes": ["a", "b"], "image_shape": [1, 2, 2], "normalization": {"mean": [0.5], "std": [0.25]}, "versions": {"agx": "1"}, "checksum": 3,
        "settings": {"model": "mlp", "data": "digits", "recipe": {"epochs": 2}, "classes": None, "seed": 0},
    }  # fmt: skip
    history = "".join(
        json.dumps({"epoch": i, "loss": 1 / i, "accuracy": 0.5, "validation_loss": 1.0, "validation_accuracy": 0.25, "lr": 0.1, "seconds": 1.5, "f1": [0.5, None]}) + "\n"
        for i in (1, 2)
    )  # fmt: skip
    model = ag.nn.Sequential(ag.nn.Flatten(), ag.nn.Linear(4, 1, rng=0))
    images, outputs = np.zeros((3, 1, 2, 2), np.uint8), np.array([[1.0], [-1.0], [2.0]])
    contents = {
        "config.json": json.dumps(config, indent=1).encode(),
        "history.jsonl": history.encode(),
    }
    place = folder / "whole"
    place.mkdir()
    for name, data in contents.items():
        (place / name).write_bytes(data)
    ag.runs.record(place, model, images, outputs, np.array([1, 0, 0]), ("a", "b"))
    archive.write(place / "best.npz", model.state_dict())
    contents = {path.name: path.read_bytes() for path in place.iterdir()}
    trials = {"key": "result", "mode": "max", "trials": [{"settings": {"a": 1, "b": 3}, "result": {"result": 3.0}, "error": None, "seconds": 0.1}]}  # fmt: skip
    (folder / "sweep").mkdir()
    edits = {"config.json": damage.object_, "history.jsonl": damage.lines, "results.json": damage.object_, "results.npz": damage.sealed, "best.npz": damage.sealed}  # fmt: skip
    found = {
        "sweep": Kind("sweep/sweep.json", json.dumps(trials).encode(), swept, damage.object_, 0.15)
    }
    for name, edit in edits.items():
        inside = folder / f"run-{name}"
        inside.mkdir()
        for file, data in contents.items():
            (inside / file).write_bytes(data)
        found[f"run {name}"] = Kind(f"run-{name}/{name}", contents[name], run_of, edit, 0.04)
    for name, read in (("resume", resumed), ("normalization", normalized)):
        (folder / name).mkdir()
        found[name] = Kind(
            f"{name}/config.json", contents["config.json"], read, damage.object_, 0.5
        )
    (folder / "from run").mkdir()
    built = ag.runs.factory("mlp")((1, 2, 2), 1)
    archive.write(folder / "from run/best.npz", built.state_dict())
    found["run's model"] = Kind("from run/config.json", contents["config.json"], lambda p: ag.load(p.parent), damage.object_, 0.2)  # fmt: skip
    return found


def optional(folder: Path, arrays: dict[str, np.ndarray]) -> dict[str, Kind]:
    """Files that need other packages, as far as these are there."""
    found = {}
    with contextlib.suppress(ImportError):
        data = saved(
            folder, "own.safetensors", lambda p: archive.write(p, arrays, {"classes": ["a"]})
        )
        found["safetensors"] = Kind("own.safetensors", data, archive.read, damage.tensors)
    with contextlib.suppress(ImportError):
        model = ag.nn.Sequential(ag.nn.Linear(3, 2, rng=0), ag.relu)
        data = saved(
            folder, "model.onnx", lambda p: ag.onnx.export(model, p, np.ones((1, 3), np.float32))
        )
        found["onnx"] = Kind("model.onnx", data, ag.onnx.load, damage.graph, 0.5)
    with contextlib.suppress(ImportError):
        for name in ("PNG", "JPEG", "BMP", "WEBP"):
            place = f"pictures-{name}"
            for kind in ("cats", "dogs"):
                (folder / place / kind).mkdir(parents=True)
                (folder / place / kind / "a.png").write_bytes(image("PNG") + kind.encode())
            edit = damage.png if name == "PNG" else None
            found[name] = Kind(f"{place}/cats/b.{name.lower()}", image(name), pictured, edit, 0.03)
    return found


# --- a campaign ----------------------------------------------------------------------------------


def made(kind: Kind, rng: random.Random) -> bytes:
    """The bytes of a damaged file."""
    if kind.edit and rng.random() < 0.5:
        return kind.edit(rng, kind.data)
    return damage.damaged(rng, kind.data)


def judged(error: BaseException, path: Path) -> str:
    """What is wrong with an error; empty for one that is documented and names a file or its folder."""
    text = str(error)
    if type(error).__module__ != "builtins" or (type(error) not in (ValueError, TypeError) and not isinstance(error, OSError)):  # fmt: skip
        return f"{type(error).__name__}: {text:.300}"
    if not any(name in text for name in (str(path.parent), path.name)):
        return f"names no file: {type(error).__name__}: {text:.300}"
    return ""


def outcome(kind: Kind, path: Path) -> tuple[bool, str]:
    """Whether a file is refused, and what is wrong with that."""
    timed(SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kind.read(path)
    except KeyboardInterrupt:
        raise
    except TooSlow:
        return True, f"more than {SECONDS} seconds"
    except BaseException as error:
        return True, judged(error, path)
    finally:
        timed(0)
    return False, ""


def timed(seconds: float) -> None:
    """Have ``TooSlow`` raised after a while, where the system has such timers; 0 ends the waiting."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.setitimer(signal.ITIMER_REAL, 10 * seconds)


@contextlib.contextmanager
def bounds() -> Any:
    """Limits for time and memory while this lasts, where the system has them."""

    def late(*_: Any) -> None:
        raise TooSlow

    limit, timers = None, []
    if hasattr(signal, "setitimer"):
        timers = [(kind, signal.signal(kind, late)) for kind in (signal.SIGPROF, signal.SIGALRM)]
    if resource and Path("/proc/self/statm").exists():
        limit = resource.getrlimit(resource.RLIMIT_AS)
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + ROOM, limit[1]))
    try:
        yield
    finally:
        if limit:
            resource.setrlimit(resource.RLIMIT_AS, limit)
        for kind, before in timers:
            signal.signal(kind, before)


def run(
    count: int, seed: int, say: Callable[[str], Any] | None = None, only: int | None = None
) -> Report:
    """Damage so many files and read them; ``say`` gets a line for each finding, and for each tenth."""
    report, start = Report(), time.perf_counter()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="agx-fuzz-", dir=memory) as place:
        every = kinds(Path(place))
        paths = {name: Path(place) / kind.name for name, kind in every.items()}
        names, sums = list(every), list(itertools.accumulate(k.weight for k in every.values()))
        for name, kind in every.items():  # what is not damaged loads
            paths[name].parent.mkdir(parents=True, exist_ok=True)
            paths[name].write_bytes(kind.data)
            refused, wrong = outcome(kind, paths[name])
            if refused:
                raise AssertionError(f"{name}: the valid file is refused: {wrong}")
        with bounds():
            for number in range(count) if only is None else (only,):
                rng = random.Random(f"{seed} {number}")
                name = rng.choices(names, cum_weights=sums)[0]
                kind, path = every[name], paths[name]
                with open(path, "wb") as file:
                    file.write(made(kind, rng))
                refused, wrong = outcome(kind, path)
                report.files += 1
                report.refused += refused
                report.kinds[name] += 1
                report.seconds = time.perf_counter() - start
                if wrong:
                    report.findings.append(f"file {number} of seed {seed} ({name}): {wrong}")
                if say and (wrong or (number + 1) % max(1, count // 10) == 0):
                    say(report.findings[-1] if wrong else str(report))
    return report
