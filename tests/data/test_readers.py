"""What every reader of ag.data promises, and that each is there to be trained on."""

import inspect
import tracemalloc

import numpy as np
import pytest
from dataset_files import FILES, write_many
from public import public

import agx as ag
from agx import cli
from agx.data.readers import READERS, named

each_reader = pytest.mark.parametrize("name", FILES)


@pytest.fixture
def load(name, tmp_path):
    """Call a reader where its files lie."""
    if FILES[name] is None:
        return READERS[name].read
    FILES[name](tmp_path)
    return lambda *args, **options: READERS[name].read(*args, root=tmp_path, **options)


def test_every_reader_is_declared_and_has_files():
    returned = {
        name: inspect.signature(getattr(ag.data, name)).return_annotation
        for name in public(ag.data)
        if inspect.isfunction(getattr(ag.data, name))
    }
    assert (
        set(FILES)
        == set(READERS)
        == {n for n, r in returned.items() if r in ("ArrayDataset", "ImageDataset")}
    )
    assert all(reader.read is getattr(ag.data, name) for name, reader in READERS.items())


@each_reader
def test_batches_and_single_examples_are_float32_too(name, load):
    dataset = load("test")
    (x, y), *_ = ag.data.Loader(dataset, 2)
    one, label = dataset[1]
    assert x.dtype == one.dtype == np.float32 and y[1] == label
    np.testing.assert_array_equal(x[1], one)


@each_reader
def test_bytes_are_kept_as_bytes_that_may_be_written_into(name, load):
    dataset = load("test")
    images = dataset.stored[0]
    assert images.dtype == (np.float32 if name == "digits" else np.uint8)
    assert images.flags.c_contiguous and images.flags.writeable
    images, labels = dataset.arrays
    assert images.dtype == np.float32 and 0 <= images.min() < images.max() <= 1
    assert labels is dataset.stored[1]


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_reading_takes_little_more_memory_than_the_bytes_themselves(name, tmp_path):
    """So that all of MNIST stays below 60 MB, and CIFAR-10 below 250 MB."""
    write_many(name, tmp_path, 4000)
    tracemalloc.start()
    dataset = READERS[name].read("train", root=tmp_path)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    size = dataset.arrays[0].nbytes
    assert len(dataset) in (4000, 5 * 4000)
    assert held < 1.02 * size + 100_000 and peak < 1.5 * size + 3_000_000
    both = {"mnist": 70_000, "cifar10": 60_000}[name] * held / len(dataset)
    assert both < {"mnist": 60e6, "cifar10": 250e6}[name]


@each_reader
@pytest.mark.parametrize("split", ["train", "test"])
def test_images_are_float32_between_zero_and_one_with_int64_labels(name, load, split):
    dataset = load(split)
    images, labels = dataset[:]
    assert isinstance(dataset, ag.data.ArrayDataset)
    assert images.dtype == np.float32 and images.ndim == 4
    assert images.min() >= 0 and 0.1 < images.max() <= 1
    assert labels.dtype == np.int64 and labels.shape == images.shape[:1]
    assert set(labels) == set(range(len(dataset.classes)))
    assert len(set(dataset.classes)) == len(dataset.classes)


@each_reader
def test_the_training_images_are_the_default(name, load):
    np.testing.assert_array_equal(load().arrays[0], load("train").arrays[0])


@each_reader
def test_chosen_classes_are_relabelled_in_the_order_given(name, load):
    everything = load("test")
    images, labels = everything.arrays
    wanted = everything.classes[:0:-2]
    chosen = load("test", classes=wanted)
    assert chosen.classes == wanted
    for new, class_name in enumerate(wanted):
        found = chosen.arrays[0][chosen.arrays[1] == new]
        np.testing.assert_array_equal(found, images[labels == everything.classes.index(class_name)])


@each_reader
@pytest.mark.parametrize("split", ["valid", "Train", "./data", True])
def test_an_unknown_split_is_refused(name, split):
    with pytest.raises(ValueError, match=f"{name}: split is .*, expected 'train' or 'test'"):
        READERS[name].read(split)


@each_reader
def test_an_unknown_class_is_refused_before_any_file_is_searched(name, monkeypatch, tmp_path):
    monkeypatch.setenv("AGX_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match=f"{name}: unknown class 'Hat' in classes; choose from"):
        READERS[name].read("test", classes=("Hat",))


@pytest.mark.parametrize("name", [name for name, write in FILES.items() if write])
def test_missing_files_are_named_with_the_folder_and_the_fix(name, tmp_path):
    message = rf"{name}: expected .* in .*pass download=True .* or root="
    with pytest.raises(FileNotFoundError, match=message) as error:
        READERS[name].read("train", root=tmp_path)
    assert str(tmp_path) in str(error.value)


@pytest.mark.usefixtures("without_pictures")
@each_reader
def test_the_command_line_trains_on_it(name, load, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    where = () if FILES[name] is None else ("--root", str(tmp_path))
    assert cli.main(["train", "mlp", "--data", name, *where, "--epochs", "1"]) == 0
    assert f" parameters on {name}: " in capsys.readouterr().out


@pytest.mark.parametrize("name", ["pets.csv", "PETS.CSV", "pets.npz"])
def test_a_file_is_a_table(tmp_path, name):
    columns = {
        "age": np.arange(10),
        "size": np.arange(10) ** 2,
        "kind": np.array(["cat", "dog"] * 5),
    }
    if name.endswith("npz"):
        np.savez(tmp_path / name, **columns)
    else:
        rows = zip(*columns.values(), strict=True)
        (tmp_path / name).write_text(
            "\n".join([",".join(map(str, row)) for row in [columns, *rows]])
        )
    read = named(str(tmp_path / name)).read
    train, test = (read(split, target="kind", seed=1) for split in ("train", "test"))
    assert (len(train), len(test)) == (8, 2) and train.classes == ("cat", "dog")
    assert read(target="age", drop=["kind"], task="regression").target == "age"
