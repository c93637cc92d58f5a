"""Pictures of one's own: a folder with a sub-folder for each class."""

from __future__ import annotations

import hashlib
import math
import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from .._runtime.rng import generator
from . import cache as caching
from . import pictures
from .arrays import Array
from .dataset import ImageDataset, class_numbers
from .subset import held_out

TEST_NAMES = ("test", "val", "valid", "validation")
SHOWN = 20


class Problem(NamedTuple):
    """A file that was left out, and why."""

    path: Path
    reason: str


class ImageFolder(ImageDataset):
    """Pictures read by ``image_folder``: uint8 (N, C, H, W) and int64 labels (N,).

    Examples and batches have them as float32 in [0, 1]. ``files`` are where they came
    from, in their order, ``skipped`` the files that were left out.
    """

    files: tuple[Path, ...]
    skipped: tuple[Problem, ...]

    def __init__(
        self,
        images: Array,
        labels: Array,
        classes: Sequence[str],
        files: Iterable[Path] = (),
        skipped: Iterable[Problem] = (),
    ) -> None:
        super().__init__(images, labels, classes=classes)
        self.files, self.skipped = tuple(files), tuple(skipped)

    @property
    def arrays(self) -> Sequence[Array]:
        """The pictures as they were read, uint8, and their labels."""
        return self.stored


class _Picture(NamedTuple):
    path: Path
    label: int
    header: pictures.Header
    digest: str


def image_folder(
    path: str | os.PathLike[str],
    split: Literal["train", "test"] | None = None,
    *,
    size: int | tuple[int, int] | None = None,
    crop: bool = False,
    channels: Literal[1, 3] | None = None,
    classes: Sequence[str] | None = None,
    test: float = 0.2,
    seed: int = 0,
    bad: Literal["skip", "raise"] = "skip",
    cache: str | os.PathLike[str] | None = None,
) -> ImageFolder:
    """Read a folder of pictures with one sub-folder per class, named after it.

    Returns uint8 pictures of shape (N, channels, H, W), as they take the least memory, and int64 labels
    (N,), the places of the sorted class names; a Loader makes float32 in [0, 1] of them. PNG, JPEG, BMP
    and WebP files are read by Pillow (``pip install "agx[images]"``), also from folders further down,
    turned as their EXIF data say, and put on white where they are transparent.

    ``size`` is the side of a square or a (height, width) that pictures are resized to; with ``crop`` their
    middle of that shape is cut out first, so that nothing is distorted. ``channels`` is 1 (grey) or 3
    (red, green, blue); by default 1 if all are grey. ``classes`` keeps these only, labelled in the order
    given. ``split`` "train" or "test" picks a share: ``test`` of each class, drawn by ``seed``, is for
    testing. If the folder holds ``train`` and ``test`` (or ``val``) with the classes inside, it picks one.

    Pictures that take more than a quarter of the machine's memory are written to a file in
    ``data_home()``, and mapped from it, read-only; ``cache`` is another folder for all of them. The next
    call uses the file, unless a picture or an argument is another one.

    Files that are empty, damaged, no pictures, or copies of another one are named in one warning and left
    out, or with ``bad="raise"`` in a ValueError. Raises ImportError without Pillow, FileNotFoundError if
    there is no such folder, ValueError for one without classes, a class without pictures, pictures of
    several sizes without ``size``, and unknown arguments.

    >>> import agx as ag
    >>> train = ag.data.image_folder("flowers", "train", size=64)  # doctest: +SKIP
    >>> loader = ag.data.Loader(train, 32, shuffle=True)  # doctest: +SKIP
    """
    pictures.require()
    _check(split, channels, test, bad)
    shape = None if size is None else pictures.shape_of(size)
    root = Path(path).expanduser()
    places, names, problems = _layout(root, split)
    numbers = class_numbers("image_folder", names, classes)
    chosen = names if numbers is None else tuple(names[i] for i in numbers)
    found, bad_files = _scan(places, chosen)
    problems += bad_files
    depth = channels or (3 if any(p.header.colour for _, part in found for p in part) else 1)
    wanted = _part(found, split, test, seed)
    shape = shape or _common_size(root, [p for _, part in found for p in part])
    images, unread = _decoded(
        root, wanted, (depth, *shape), crop, cache, (split, chosen, test, seed)
    )
    problems += [Problem(wanted[i].path, reason) for i, reason in unread.items()]
    read = [picture for i, picture in enumerate(wanted) if i not in unread]
    _report(root, problems, bad)
    labels = np.array([p.label for p in read], np.int64)
    _check_classes(root, split, chosen, labels)
    return ImageFolder(images, labels, chosen, (p.path for p in read), problems)


def _check(split: Any, channels: Any, test: Any, bad: Any) -> None:
    if split not in (None, "train", "test"):
        raise ValueError(
            f"image_folder: split is {split!r}, expected 'train', 'test' or None for all"
        )
    if channels not in (None, 1, 3):
        raise ValueError(
            f"image_folder: channels is {channels!r}, expected 1 (grey), 3 (colour) or None"
        )
    if isinstance(test, bool) or not 0 < test < 1:
        raise ValueError(
            f"image_folder: test is {test!r}, expected a share between 0 and 1, such as 0.2"
        )
    if bad not in ("skip", "raise"):
        raise ValueError(f"image_folder: bad is {bad!r}, expected 'skip' or 'raise'")


def _layout(
    root: Path, split: str | None
) -> tuple[list[tuple[str, Path]], tuple[str, ...], list[Problem]]:
    """The folders that hold classes, by split; the classes; what lies beside them."""
    if not root.is_dir():
        raise FileNotFoundError(
            f"image_folder: expected a folder with a sub-folder for each class, got {root}, which "
            + ("is a file" if root.exists() else "does not exist")
        )
    folders = {entry.name: entry for entry in sorted(root.iterdir()) if entry.is_dir()}
    second = next((name for name in TEST_NAMES if name in folders), None)
    if "train" in folders and second:
        if split is None:
            raise ValueError(
                f"image_folder: {root} has the parts train and {second}; say which with split='train' or "
                "split='test'"
            )
        places = [("train", folders.pop("train")), ("test", folders.pop(second))]
        problems = _beside(root, "lies beside the parts")
        problems += [Problem(path, "a folder beside the parts") for path in folders.values()]
    else:
        places, problems = [("", root)], []
    names: dict[str, None] = {}
    for part, place in places:
        inside = [entry.name for entry in sorted(place.iterdir()) if _is_class(entry)]
        if part == "test" and (new := [name for name in inside if name not in names]):
            raise ValueError(
                f"image_folder: {place} has classes that are not in train: {', '.join(new)}"
            )
        names |= dict.fromkeys(inside)
    if not names:
        count = sum(pictures.is_picture(entry) for entry in root.iterdir())
        raise ValueError(
            f"image_folder: expected a sub-folder for each class in {root}, got none and {count} pictures "
            "in it; move the pictures into folders named after their classes"
        )
    return places, tuple(names), problems


def _is_class(entry: Path) -> bool:
    return entry.is_dir() and not entry.name.startswith((".", "__"))


def _beside(root: Path, why: str) -> list[Problem]:
    return [Problem(entry, why) for entry in sorted(root.iterdir()) if entry.is_file()]


def _scan(
    places: list[tuple[str, Path]], classes: tuple[str, ...]
) -> tuple[list[tuple[str, list[_Picture]]], list[Problem]]:
    """The pictures of each part whose headers can be read, and the files that are none."""
    problems: list[Problem] = []
    first: dict[str, Path] = {}
    found = []
    for part, place in places:
        problems += _beside(place, "lies beside the folders of classes")
        pictured = []
        for label, name in enumerate(classes):
            for path in _files(place / name):
                try:
                    pictured.append(_Picture(path, label, *_header(path, first)))
                except (ValueError, OSError) as error:
                    problems.append(Problem(path, str(error)))
        found.append((part, pictured))
    return found, problems


def _files(folder: Path) -> Iterable[Path]:
    """All files of a folder and those below it, sorted."""
    for place, below, names in os.walk(folder):
        below.sort()
        yield from (Path(place, name) for name in sorted(names))


def _header(path: Path, first: dict[str, Path]) -> tuple[pictures.Header, str]:
    """Look at a file without decoding it; ValueError says why it is no picture to learn from."""
    if not pictures.is_picture(path):
        raise ValueError(f"no picture: expected a name that ends in {', '.join(pictures.SUFFIXES)}")
    data = path.read_bytes()
    if not data:
        raise ValueError("an empty file")
    digest = hashlib.sha256(data).hexdigest()
    if digest in first:
        raise ValueError(f"a copy of {first[digest]}")
    header = pictures.header(data)
    first[digest] = path
    return header, digest


def _part(
    found: list[tuple[str, list[_Picture]]], split: str | None, test: float, seed: int
) -> list[_Picture]:
    """The pictures of a split: those of its folder, or a share of each class."""
    if len(found) > 1:
        return dict(found)[split or ""]
    pictured = found[0][1]
    if split is None:
        return pictured
    labels = np.array([p.label for p in pictured], np.int64)
    held = held_out(labels, test, generator(seed))
    return [p for p, chosen in zip(pictured, held, strict=True) if chosen == (split == "test")]


def _decoded(
    root: Path,
    wanted: list[_Picture],
    shape: tuple[int, int, int],
    crop: bool,
    place: Any,
    part: tuple[Any, ...],
) -> tuple[Array, dict[int, str]]:
    """The pixels of all pictures, in memory or mapped, and those that cannot be decoded, with reasons."""
    depth, height, width = shape

    def decode(keep: Callable[[Array], Any]) -> dict[int, str]:
        unread = {}
        for i, picture in enumerate(wanted):
            try:
                keep(pictures.read(picture.path, depth, (height, width), crop))
            except ValueError as error:
                unread[i] = str(error)
        return unread

    chosen = None if place is None else Path(place).expanduser()
    folder = caching.folder_for(len(wanted) * math.prod(shape), chosen)
    contents = [f"{picture.digest} {_below(picture.path, root)}" for picture in wanted]
    what = str(root.resolve()), part, shape, crop, pictures.version()
    return caching.pictures((len(wanted), *shape), decode, folder, what, contents)


def _common_size(root: Path, pictured: list[_Picture]) -> tuple[int, int]:
    sizes = Counter(p.header.shape for p in pictured)
    if len(sizes) > 1:
        usual = ", ".join(f"{h} x {w} ({count})" for (h, w), count in sizes.most_common(3))
        raise ValueError(
            f"image_folder: the pictures in {root} have {len(sizes)} sizes, most often {usual}, expected "
            "one; choose one with size=64 or another side"
        )
    return next(iter(sizes), (1, 1))


def _report(root: Path, problems: list[Problem], bad: str) -> None:
    """Name all files that are left out, in one warning or error."""
    if not problems:
        return
    lines = [
        f"  {_below(p.path, root)}: {p.reason}".replace(f"{root}{os.sep}", "") for p in problems
    ]
    if len(lines) > SHOWN:
        lines[SHOWN:] = [f"  and {len(lines) - SHOWN} more (in .skipped of the data set)"]
    count = f"{len(problems)} file{'s' if len(problems) > 1 else ''}"
    listing = "\n".join(lines)
    if bad == "raise":
        raise ValueError(
            f"image_folder: {count} in {root} cannot be learned from; remove them, or leave them out with "
            f"bad='skip'\n{listing}"
        )
    warnings.warn(f"image_folder: left out {count} in {root}\n{listing}", UserWarning, stacklevel=3)


def _below(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path


def _check_classes(root: Path, split: str | None, classes: tuple[str, ...], labels: Array) -> None:
    """Raise ValueError for classes without pictures; a test folder may lack some, but not all."""
    empty = [name for i, name in enumerate(classes) if not (labels == i).any()]
    if empty and (split != "test" or len(empty) == len(classes)):
        raise ValueError(
            f"image_folder: no pictures of {', '.join(map(repr, empty))} in {root}"
            + (f" for {split}" if split else "")
            + "; add some, or name the other classes with classes="
        )
