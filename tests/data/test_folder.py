"""image_folder: pictures of one's own, as files of every kind that Pillow writes here."""

import io
import struct
import sys
import zlib

import numpy as np
import pytest

import agx as ag
from agx import cli, runs
from agx.data import image_folder, pictures

Image = pytest.importorskip("PIL.Image")

RNG = np.random.default_rng(0)


def picture(shade, shape=(6, 4), mode="L"):
    """A picture of noise around one shade, unlike every other one."""
    channels = {"L": (), "RGB": (3,), "RGBA": (4,), "LA": (2,)}[mode]
    noise = RNG.integers(0, 20, (*shape, *channels))
    return Image.fromarray(np.clip(shade + noise, 0, 255).astype(np.uint8))


def fill(root, count=10, classes=("cat", "dog"), suffix=".png", **options):
    """A folder with some pictures per class: those of the first are dark, of the last bright."""
    for i, name in enumerate(classes):
        (root / name).mkdir(parents=True, exist_ok=True)
        for k in range(count):
            shade = 30 + 180 * i // max(len(classes) - 1, 1)
            picture(shade, **options).save(root / name / f"{k:02}{suffix}")
    return root


@pytest.fixture
def root(tmp_path):
    return fill(tmp_path / "pets")


def names(dataset):
    return {"/".join(path.parts[-2:]) for path in dataset.files}


def test_pictures_are_bytes_and_labels_the_places_of_sorted_folders(root):
    dataset = image_folder(root)
    images, labels = dataset.arrays
    assert images.dtype == np.uint8 and images.shape == (20, 1, 6, 4)
    assert labels.tolist() == [0] * 10 + [1] * 10 and labels.dtype == np.int64
    assert dataset.classes == ("cat", "dog") and dataset.skipped == ()
    for path, image in zip(dataset.files, images, strict=True):
        np.testing.assert_array_equal(image[0], np.asarray(Image.open(path)))
    assert repr(dataset).startswith("ImageFolder(uint8 (20, 1, 6, 4), int64 (20,), classes=")


def test_a_loader_gives_floats_from_zero_to_one(root):
    dataset = image_folder(str(root))
    ((x, y),) = ag.data.Loader(dataset, 20)
    assert x.dtype == np.float32 and 0 <= x.min() < x.max() <= 1
    np.testing.assert_allclose(x, dataset.arrays[0] / 255, rtol=1e-6)
    assert (
        (ag.data.Loader(dataset, 3, transforms=[ag.data.RandomCrop(4)]).transforms[0]).white == 255
    )


def test_a_network_learns_them(root):
    train, test = (image_folder(root, part) for part in ("train", "test"))
    model = ag.models.mlp(24, hidden=(8,), classes=2, rng=0)
    ag.fit(
        model,
        ag.data.Loader(train, 4),
        ag.cross_entropy,
        ag.optim.Adam(model.parameters(), 0.02),
        20,
    )
    assert ag.evaluate(model, ag.data.Loader(test, 4), ag.cross_entropy)["accuracy"] == 1.0
    assert ag.predict(model, test).argmax(1).tolist() == test.arrays[1].tolist()


# --- splits --------------------------------------------------------------------------------------


def test_a_share_of_each_class_is_for_testing(root):
    train, test = image_folder(root, "train"), image_folder(root, "test")
    assert np.bincount(train.arrays[1]).tolist() == [8, 8]
    assert np.bincount(test.arrays[1]).tolist() == [2, 2]
    assert not names(train) & names(test)
    assert names(train) | names(test) == names(image_folder(root))
    assert len(image_folder(root, "test", test=0.5)) == 10


def test_the_seed_decides_which(root):
    first, same, other = (names(image_folder(root, "test", seed=s)) for s in (0, 0, 1))
    assert first == same != other


def test_every_class_is_learned_and_tested_if_it_has_two_pictures(tmp_path):
    fill(tmp_path, 2), fill(tmp_path, 1, classes=("one",))
    train, test = image_folder(tmp_path, "train"), image_folder(tmp_path, "test", test=0.01)
    assert np.bincount(train.arrays[1]).tolist() == [1, 1, 1]
    assert np.bincount(test.arrays[1], minlength=3).tolist() == [1, 1, 0]


@pytest.mark.parametrize("second", ["test", "val", "valid", "validation"])
def test_parts_that_are_there_are_taken(tmp_path, second):
    fill(tmp_path / "train", 3), fill(tmp_path / second, 1)
    assert len(image_folder(tmp_path, "train")) == 6 and len(image_folder(tmp_path, "test")) == 2
    with pytest.raises(
        ValueError, match=rf"has the parts train and {second}; say which with split="
    ):
        image_folder(tmp_path)
    assert len(image_folder(tmp_path / "train")) == 6


def test_a_test_part_may_lack_a_class_but_not_have_one_of_its_own(tmp_path):
    fill(tmp_path / "train", 3), fill(tmp_path / "test", 1, classes=("dog",))
    assert image_folder(tmp_path, "test").arrays[1].tolist() == [1]
    fill(tmp_path / "test", 1, classes=("fish",))
    with pytest.raises(ValueError, match="has classes that are not in train: fish"):
        image_folder(tmp_path, "test")


def test_chosen_classes_are_labelled_in_the_order_given(tmp_path):
    fill(tmp_path, 2, classes=("a", "b", "c"))
    dataset = image_folder(tmp_path, classes=("c", "a"))
    assert dataset.classes == ("c", "a")
    assert [p.parent.name for p in dataset.files] == ["c", "c", "a", "a"]
    with pytest.raises(ValueError, match="unknown class 'x' in classes; choose from 'a', 'b', 'c'"):
        image_folder(tmp_path, classes=("x",))


def test_pictures_further_down_belong_to_their_class(root):
    (root / "cat" / "more" / "still").mkdir(parents=True)
    picture(9).save(root / "cat" / "more" / "still" / "x.png")
    assert len(image_folder(root)) == 21


# --- kinds of pictures ---------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".JPG", ".bmp", ".webp"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_formats(tmp_path, suffix, mode):
    if suffix == ".webp" and not pytest.importorskip("PIL.features").check("webp"):
        pytest.skip("this Pillow has no WebP")
    fill(tmp_path, 2, suffix=suffix, mode=mode)
    images = image_folder(tmp_path).arrays[0]
    assert images.shape[1] == (3 if mode == "RGB" or suffix == ".webp" else 1)  # WebP has no grey
    assert abs(images[2:].mean() - images[:2].mean() - 180) < 10


def test_colour_comes_red_green_blue_and_channels_chooses(tmp_path):
    (tmp_path / "a").mkdir()
    Image.new("RGB", (3, 2), (200, 100, 50)).save(tmp_path / "a" / "x.png")
    assert image_folder(tmp_path).arrays[0][0, :, 0, 0].tolist() == [200, 100, 50]
    grey = image_folder(tmp_path, channels=1).arrays[0]
    assert (
        grey.shape == (1, 1, 2, 3) and grey.min() == grey.max() == 124
    )  # 0.299 R + 0.587 G + 0.114 B


def test_one_colour_picture_makes_all_of_them_colour(root):
    picture(9, mode="RGB").save(root / "dog" / "x.png")
    assert image_folder(root).arrays[0].shape == (21, 3, 6, 4)
    assert image_folder(root, "test").arrays[0].shape[1] == 3


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("1", (2, 2), 1), 255),
        (Image.fromarray(np.full((2, 2), 51 * 257, np.uint16)), 51),
        (Image.new("LA", (2, 2), (0, 0)), 255),  # transparent: the white behind it
        (Image.new("LA", (2, 2), (7, 255)), 7),
    ],
    ids=["1 bit", "16 bits", "transparent", "opaque"],
)
def test_grey_of_every_depth(tmp_path, image, expected):
    (tmp_path / "a").mkdir()
    image.save(tmp_path / "a" / "x.png")
    images = image_folder(tmp_path).arrays[0]
    assert images.shape == (1, 1, 2, 2) and (images == expected).all()


@pytest.mark.parametrize("palette", [False, True])
def test_transparent_colour_lies_on_white(tmp_path, palette):
    (tmp_path / "a").mkdir()
    image = Image.new("RGBA", (2, 2), (0, 0, 0, 0))
    image.putpixel((0, 0), (255, 0, 0, 255))
    (image.quantize() if palette else image).save(tmp_path / "a" / "x.png")
    found = image_folder(tmp_path).arrays[0][0]
    assert found[:, 0, 0].tolist() == [255, 0, 0] and (found[:, 1] == 255).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_the_camera_says(tmp_path, orientation):
    (tmp_path / "a").mkdir()
    upright = np.repeat(np.repeat(np.array([[0, 80, 160], [240, 40, 120]], np.uint8), 16, 0), 16, 1)
    back = {
        1: lambda a: a, 2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud,
        5: np.transpose, 6: np.rot90, 7: lambda a: np.rot90(a, 2).T, 8: lambda a: np.rot90(a, -1),
    }  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(back[orientation](upright)))
    stored.save(tmp_path / "a" / "x.jpg", exif=exif, quality=100)
    (found,) = image_folder(tmp_path).arrays[0]
    assert found.shape == (1, *upright.shape)
    assert abs(found[0].astype(int) - upright).max() < 5


# --- sizes ---------------------------------------------------------------------------------------


def test_pictures_are_resized_or_their_middle_is_cut_out(tmp_path):
    (tmp_path / "a").mkdir()
    wide = np.zeros((10, 30), np.uint8)
    wide[:, 10:20] = 255
    Image.fromarray(wide).save(tmp_path / "a" / "x.png")
    squeezed = image_folder(tmp_path, size=10).arrays[0]
    assert squeezed.shape == (1, 1, 10, 10) and squeezed[0, 0, 0, 0] == 0
    cut = image_folder(tmp_path, size=10, crop=True).arrays[0]
    assert cut.shape == (1, 1, 10, 10) and (cut == 255).all()
    assert image_folder(tmp_path, size=(4, 7)).arrays[0].shape == (1, 1, 4, 7)


def test_several_sizes_need_a_choice(root):
    picture(9, (5, 5)).save(root / "dog" / "x.png")
    message = r"have 2 sizes, most often 6 x 4 \(20\), 5 x 5 \(1\), expected one; .* size=64"
    for split in (None, "train", "test"):
        with pytest.raises(ValueError, match=message):
            image_folder(root, split)
    assert image_folder(root, size=8).arrays[0].shape == (21, 1, 8, 8)


# --- files that are no pictures ------------------------------------------------------------------


@pytest.fixture
def mixed(root):
    """A folder with a file of every kind that one finds among pictures."""
    whole = (root / "dog" / "00.png").read_bytes()
    (root / "cat" / "empty.png").touch()
    (root / "cat" / "cut.png").write_bytes(whole[:-20])
    stream = io.BytesIO()
    picture(9, (64, 64)).save(stream, "JPEG")
    (root / "cat" / "half.jpg").write_bytes(stream.getvalue()[: len(stream.getvalue()) // 2])
    (root / "cat" / "page.jpg").write_text("<html>404</html>")
    (root / "dog" / "again.png").write_bytes(whole)
    (root / "dog" / "notes.txt").write_text("notes")
    (root / "dog" / "._00.png").write_bytes(whole)
    (root / "README.md").write_text("pets")
    return root


REASONS = {
    "README.md": "lies beside the folders of classes",
    "cat/cut.png": "damaged: ",
    "cat/empty.png": "an empty file",
    "cat/half.jpg": "damaged: image file is truncated",
    "cat/page.jpg": "damaged: no PNG, JPEG, BMP or WebP picture",
    "dog/._00.png": "no picture: expected a name that ends in .png, .jpg",
    "dog/again.png": "a copy of dog/00.png",
    "dog/notes.txt": "no picture",
}


def test_other_files_are_named_once_and_left_out(mixed):
    with pytest.warns(UserWarning, match=rf"left out 8 files in {mixed}") as told:
        dataset = image_folder(mixed, size=(6, 4))
    assert [w.filename for w in told] == [__file__]
    report = str(told[0].message)
    for name, reason in REASONS.items():
        assert f"  {name}: {reason}" in report
    assert {str(p.path.relative_to(mixed)) for p in dataset.skipped} == set(REASONS)
    assert len(dataset) == 20 == len(dataset.files)
    assert names(dataset) == {f"{c}/{i:02}.png" for c in ("cat", "dog") for i in range(10)}


def test_they_are_refused_on_request(mixed):
    with pytest.raises(
        ValueError, match="8 files in .* cannot be learned from; remove them"
    ) as error:
        image_folder(mixed, size=8, bad="raise")
    assert all(name in str(error.value) for name in REASONS)


def test_a_long_report_is_cut(root):
    for i in range(50):
        (root / "cat" / f"{i}.txt").touch()
    with pytest.warns(UserWarning, match=r"left out 50 files(.|\n)*and 30 more \(in .skipped"):
        assert len(image_folder(root).skipped) == 50


def test_a_picture_of_the_training_part_is_no_test(tmp_path):
    fill(tmp_path / "train", 3), fill(tmp_path / "test", 2)
    copied = (tmp_path / "train" / "cat" / "00.png").read_bytes()
    (tmp_path / "test" / "cat" / "x.png").write_bytes(copied)
    (tmp_path / "extra").mkdir()
    with pytest.warns(
        UserWarning,
        match=r"extra: a folder beside(.|\n)*test/cat/x.png: a copy of train/cat/00.png",
    ):
        assert len(image_folder(tmp_path, "test")) == 4


def test_a_huge_picture_is_damage_and_not_unpacked(root, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 30)
    picture(9, (9, 9)).save(root / "dog" / "x.png")
    with pytest.warns(UserWarning, match="x.png: damaged: Image size .* exceeds limit"):
        assert len(image_folder(root)) == 20


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp"])
def test_bytes_changed_anywhere_give_a_picture_or_a_damage(suffix):
    stream = io.BytesIO()
    picture(100, (8, 8), "RGB").save(stream, Image.registered_extensions()[suffix])
    data = stream.getvalue()
    for place in range(0, len(data), max(1, len(data) // 150)):
        for changed in (
            data[:place],
            data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :],
        ):
            try:
                assert pictures.header(changed).shape
                out = pictures.read(io.BytesIO(changed), 3, (8, 8), False)
                assert out.shape == (3, 8, 8) and out.dtype == np.uint8
            except ValueError as error:
                if not str(error).startswith("damaged: "):
                    raise


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "valid"}, "split is 'valid', expected 'train', 'test' or None"),
        ({"channels": 2}, "channels is 2, expected 1"),
        ({"test": 1.0}, "test is 1.0, expected a share between 0 and 1"),
        ({"test": True}, "test is True, expected a share"),
        ({"bad": "ignore"}, "bad is 'ignore', expected 'skip' or 'raise'"),
        ({"size": 0}, "size is 0, expected a side"),
        ({"size": (3, 4, 5)}, r"size is \(3, 4, 5\), expected a side"),
        ({"size": 2.5}, "size is 2.5, expected a side"),
        ({"size": "64"}, "size is '64', expected a side"),
    ],
)
def test_unknown_arguments_are_refused(root, options, message):
    with pytest.raises(ValueError, match=f"image_folder: {message}"):
        image_folder(root, **options)


def test_a_folder_that_is_not_there_or_a_file(root):
    with pytest.raises(FileNotFoundError, match="nowhere, which does not exist"):
        image_folder(root / "nowhere")
    with pytest.raises(FileNotFoundError, match="00.png, which is a file"):
        image_folder(root / "cat" / "00.png")


def test_pictures_without_classes_and_classes_without_pictures(root):
    with pytest.raises(
        ValueError, match=r"a sub-folder for each class in .*, got none and 10 pictures"
    ):
        image_folder(root / "cat")
    (root / "fish").mkdir()
    with pytest.raises(
        ValueError, match="no pictures of 'fish' in .*; add some, or name the other"
    ):
        image_folder(root)
    assert len(image_folder(root, classes=("cat", "dog"))) == 20


def test_without_pillow_the_error_says_what_to_install(root, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r'pip install "agx\[images\]"'):
        image_folder(root)


# --- agx train -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("without_pictures")
@pytest.mark.parametrize("model", ["mlp", "lenet5"])
@pytest.mark.parametrize("classes", [("cat", "dog"), ("a", "b", "c")])
def test_the_command_line_trains_on_a_folder(tmp_path, monkeypatch, capsys, model, classes):
    monkeypatch.chdir(tmp_path)
    fill(tmp_path / "pets", 20, classes, mode="RGB")
    size = () if model == "mlp" else ("--size", "20")
    assert cli.main(["train", model, "--data", "pets/", *size, "--batch-size", "4"]) == 0
    out = capsys.readouterr().out
    learn, validation, test = (count * len(classes) for count in (14, 2, 4))
    counts = (
        f"{learn} images to learn from, {validation} to choose the best epoch by, {test} to test"
    )
    assert f"on pets/: {counts}" in out
    assert "test accuracy: 100.00 %" in out
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name.endswith(f"-{model}-pets")


@pytest.mark.usefixtures("without_pictures")
def test_the_command_line_says_what_is_wrong_in_its_own_words(root, capsys):
    picture(9, (5, 5)).save(root / "dog" / "x.png")
    assert cli.main(["train", "mlp", "--data", str(root)]) == 1
    assert "choose one with --size 64" in capsys.readouterr().err
    assert cli.main(["train", "mlp", "--data", "digits", "--size", "9", "--epochs", "1"]) == 0


def test_a_size_is_refused_where_there_is_no_choice(tmp_path, capsys):
    assert (
        cli.main(["train", "mlp", "--data", "mnist", "--root", str(tmp_path), "--size", "9"]) == 1
    )
    assert "--size: mnist has images of one size" in capsys.readouterr().err


def test_bytes_are_standardised_like_the_floats_that_a_loader_makes_of_them():
    x = RNG.integers(0, 256, (7, 3, 5, 4), np.uint8)
    one, two = runs.standardize(x), runs.standardize(x.astype(np.float64) / 255)
    np.testing.assert_allclose(one.mean, two.mean)
    np.testing.assert_allclose(one.std, two.std)


def test_a_small_file_of_many_pixels_is_not_unpacked(root, tmp_path):
    """A hundred bytes that promise eighty million pixels, which are not there."""
    rows = zlib.compress(bytes(1000))
    chunks = (
        b"IHDR" + struct.pack(">IIBBBBB", 5, 16_000_000, 8, 2, 0, 0, 0),
        b"IDAT" + rows,
        b"IEND",
    )
    parts = (struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks)
    path = root / "cat" / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    with pytest.warns(UserWarning, match=r"bomb\.png: damaged: 5 x 16000000 pixels in \d+ bytes"):
        image_folder(root)
    with pytest.raises(ValueError, match="damaged: 5 x 16000000 pixels"):
        pictures.read(path, 1, (4, 4), crop=False)


@pytest.mark.parametrize("kind", ["1", "L", "RGB"])
def test_a_large_picture_of_one_colour_is_read(tmp_path, kind):
    Image.new(kind, (3000, 2000)).save(tmp_path / "x.png")
    assert pictures.read(tmp_path / "x.png", 1, (2, 2), crop=False).tolist() == [[[0, 0], [0, 0]]]
