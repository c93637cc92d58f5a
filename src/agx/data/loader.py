"""Batches of a dataset, in order or shuffled anew every epoch."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import itertools
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .._engine.notices import warn
from .._engine.tables import table
from .._runtime.rng import generator, set_state, state_of
from .arrays import Array
from .compose import single
from .dataset import ArrayDataset, Dataset, Transform, absent_classes
from .examples import as_dataset, is_stream, stacked, stream
from .prefetch import ahead
from .subset import Subset
from .transforms import joined


class Loader:
    """Cut a dataset into batches, shuffling it anew every epoch if asked to.

    ``dataset`` is one of: an ArrayDataset; an array of shape (N, ...), a table, or a tuple or list of
    such arrays; a list of examples, tuples (x, y) of arrays and numbers; an object with ``__len__``
    and ``__getitem__`` that gives such examples, which are read when their batch is due; an iterable of
    examples, or a function that returns an iterator over them and is called for every epoch.
    Each iteration over the loader is one epoch; it yields tuples of fresh arrays of shape
    (``batch_size``, ...), the dtypes untouched. The last batch may be smaller, unless
    ``drop_last`` leaves it out. Each of ``transforms`` is called as ``transform(x, rng)`` on the
    first array of every batch, after what the dataset itself prescribes; one with a true attribute
    ``takes_targets``, such as MixUp, as ``transform(x, y, rng)`` with the last one too, and returns both.
    ``sampler`` is called as ``sampler(rng)`` for every epoch and returns the numbers of its examples,
    (len(sampler),), in their order, such as a WeightedRandomSampler. With ``prefetch`` batches are made up
    to so many ahead, in a thread; they are the same.

    An epoch takes one number from ``rng`` (a Generator, a seed, or None for the default generator of
    ``ag.seed``), unless nothing in it is random; its order follows from that number alone, and what
    transforms draw for a batch from it and the batch's place, whatever else draws from ``rng`` meanwhile.
    So ``state_dict`` and ``load_state_dict`` can go on in the middle of an epoch, to the bit.

    Raises ValueError when ``batch_size`` is not positive, there would be no batch, examples differ
    in shape, a label has no name or there are two orders, TypeError when ``batch_size`` is not an
    integer, a transform cannot be called or ``dataset`` is something else.

    >>> import agx as ag
    >>> loader = ag.data.Loader(ag.data.digits("train"), batch_size=64, shuffle=True)
    >>> shapes = [(x.shape, y.shape) for x, y in loader]
    """

    def __init__(
        self,
        dataset: Dataset | Iterable[Any] | Any,
        batch_size: int,
        shuffle: bool = False,
        drop_last: bool = False,
        transforms: Sequence[Transform] = (),
        rng: np.random.Generator | int | None = None,
        *,
        sampler: Callable[[np.random.Generator], Any] | None = None,
        prefetch: int = 0,
    ) -> None:
        _check_numbers(batch_size, prefetch)
        for name, flag in (("shuffle", shuffle), ("drop_last", drop_last)):
            if not isinstance(flag, (bool, np.bool_)):
                raise TypeError(f"Loader: {name} is {_short(flag)}, expected True or False")
        if not isinstance(transforms, Iterable):
            raise TypeError(
                f"Loader: transforms is {_short(transforms)}, expected a list of functions: "
                "transforms=[transform]"
            )
        transforms = tuple(single(transforms))
        for transform in transforms:
            _check_transform(transform)
        self.dataset = as_dataset(dataset)
        self.batch_size = int(batch_size)
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.transforms = (*single(getattr(self.dataset, "transforms", ())), *transforms)
        self._steps = (self.transforms, joined(self.transforms))
        self.sampler = sampler
        self.prefetch = int(prefetch)
        self.rng = None if rng is None else generator(rng)
        self._epoch: _Epoch | None = None  # that was begun last, unless it has ended
        self._resumed: _Epoch | None = None  # that the next iteration goes on with
        self._arrays: tuple[Array, ...] | None = None
        part = isinstance(self.dataset, Subset)
        self._whole = self.dataset.dataset if part else self.dataset
        self._places: Array | None = self.dataset.indices if part else None
        if isinstance(self._whole, ArrayDataset):
            # np.take would copy a whole strided array for every batch.
            self._arrays = tuple(np.ascontiguousarray(array) for array in self._whole.stored)
        self._streams = is_stream(self.dataset)
        _check_order(self.dataset, shuffle, sampler, self._streams)
        if not self._streams and not len(self):
            raise ValueError(
                f"Loader: {len(self.dataset)} examples make no batch (batch_size={batch_size}, "
                f"drop_last={drop_last}); use more examples or smaller batches"
            )
        absent = absent_classes(self._whole, self._places)
        if absent and shuffle:
            warn(
                f"Loader: no example is of class {', '.join(map(repr, absent))}, which cannot be learned; "
                "add some, leave the class out, or divide the data with random_split(..., stratify=True)"
            )

    def __repr__(self) -> str:
        return f"Loader({', '.join(f'{k}={v}' for k, v in self._facts())})"

    def _repr_html_(self) -> str:
        return table([], self._facts(), "Loader")

    def _facts(self) -> list[tuple[str, Any]]:
        """What is to be known of it, without a number being drawn."""
        facts: list[tuple[str, Any]] = [("batch_size", self.batch_size)]
        if not self._streams:
            facts.append(("batches", f"{len(self):,}"))
        named = ("shuffle", "drop_last", "sampler", "prefetch")
        facts += [(name, getattr(self, name)) for name in named if getattr(self, name)]
        if self.transforms:
            facts.append(("transforms", list(self.transforms)))
        return [("dataset", self.dataset), *facts]

    def __len__(self) -> int:
        """Return the number of batches in an epoch. Raises TypeError for an iterable's."""
        if self._streams:
            raise TypeError(
                "Loader: how many batches an iterable gives is not known before; count them in an epoch"
            )
        whole, rest = divmod(len(self.sampler or self.dataset), self.batch_size)  # type: ignore[arg-type]
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[tuple[Array, ...]]:
        epoch, self._resumed = self._resumed or _Epoch(self._seed()), None
        self._epoch = epoch
        batches = (self._streamed if self._streams else self._cut)(epoch.seed, epoch.batches)
        with contextlib.closing(
            ahead(batches, self.prefetch) if self.prefetch else batches
        ) as given:
            for batch in given:
                epoch.batches += 1
                yield batch
        if self._epoch is epoch:
            self._epoch = None

    def state_dict(self) -> dict[str, Any]:
        """Return where the loader is, as plain values that can be written as JSON.

        ``batches`` is how many batches were taken of the epoch that was begun last, 0 after its end, and
        ``seed`` the number that it follows from; ``rng`` is the state of the loader's own generator, None
        for the default one. ``examples`` and ``batch_size`` tell loaders apart.

        >>> import agx as ag
        >>> loader = ag.data.Loader(np.arange(6), 2, shuffle=True, rng=0)
        >>> first = next(batches := iter(loader))
        >>> loader.state_dict()["batches"]
        1
        """
        epoch = self._epoch or self._resumed or _Epoch(None)
        return {
            "seed": epoch.seed,
            "batches": epoch.batches,
            "rng": None if self.rng is None else state_of(self.rng),
            "examples": self._examples(),
            "batch_size": self.batch_size,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another loader of the same data was: the next iteration is the rest of its epoch.

        The batches that were taken are passed over without being made; of an iterable they are read
        again. Raises ValueError, and changes nothing, if the state is of other data, another batch size
        or another kind of generator.

        >>> import agx as ag
        >>> one, two = (ag.data.Loader(np.arange(6), 2, shuffle=True, rng=s) for s in (0, 1))
        >>> first = next(batches := iter(one))
        >>> two.load_state_dict(one.state_dict())
        >>> [x.tolist() for (x,) in batches] == [x.tolist() for (x,) in two]
        True
        """
        if not isinstance(state, Mapping) or state.keys() != self.state_dict().keys():
            raise ValueError(
                f"Loader: the state is {_short(state)}, expected what state_dict() returned"
            )
        for name, own in (("examples", self._examples()), ("batch_size", self.batch_size)):
            if state[name] != own:
                raise ValueError(
                    f"Loader: the state has {name} {state[name]}, this loader {own}; resume with the data "
                    "and the batch size that it was saved with"
                )
        seed, batches = state["seed"], state["batches"]
        whole = isinstance(batches, int) and (seed is None or isinstance(seed, int))
        if not whole or not 0 <= batches <= (batches if self._streams else len(self)):
            raise ValueError(
                f"Loader: the state is {_short(batches)} batches into the epoch {_short(seed)}, expected "
                "whole numbers and an epoch that has so many; take what state_dict() returned"
            )
        if (state["rng"] is None) != (self.rng is None):
            raise ValueError(
                "Loader: one of the state and this loader has a generator of its own, the other the default "
                "one; give both rng=, or neither"
            )
        if self._random and batches and seed is None:
            raise ValueError(
                "Loader: the state is of an epoch in which nothing was random, this loader shuffles or has "
                "random transforms; make it as it was when the state was saved"
            )
        if self.rng is not None:
            set_state("Loader", self.rng, state["rng"])
        self._epoch = None
        self._resumed = _Epoch(seed, batches) if batches or seed is not None else None

    def _examples(self) -> int | None:
        return None if self._streams else len(self.dataset)

    @property
    def _random(self) -> bool:
        return (
            self.shuffle
            or self.sampler is not None
            or any(getattr(f, "random", True) for f in self.transforms)
        )

    def _seed(self) -> int | None:
        """The number that all of an epoch follows from that is random, None if nothing is."""
        return int(generator(self.rng).integers(2**63)) if self._random else None

    def _cut(self, seed: int | None, first: int) -> Generator[tuple[Array, ...]]:
        """The batches of an epoch from number ``first`` on."""
        if self.sampler is not None:
            order = self._sampled(np.random.default_rng(seed))
        else:
            order = np.arange(len(self.dataset))
            if self.shuffle:
                np.random.default_rng(seed).shuffle(order)
        for k in range(first, len(self)):
            chosen = order[k * self.batch_size : (k + 1) * self.batch_size]
            yield self._transformed(self._take(chosen), seed, k)

    def _streamed(self, seed: int | None, first: int) -> Generator[tuple[Array, ...]]:
        """The same of examples that come one after the other."""
        size = self.batch_size
        examples = itertools.islice(stream(self.dataset), first * size, None)
        for k in itertools.count(first):
            rows = list(itertools.islice(examples, size))
            if not rows or (self.drop_last and len(rows) < size):
                return
            yield self._transformed(stacked(rows, range(k * size, k * size + len(rows))), seed, k)

    def _sampled(self, rng: np.random.Generator) -> Array:
        """The numbers that the sampler gives. Raises ValueError for others than it promised."""
        sampler: Any = self.sampler
        order, n = np.asarray(sampler(rng)), len(self.dataset)
        if order.dtype.kind not in "iu" or order.shape != (len(sampler),):
            got = f"{order.dtype} of shape {order.shape}"
        elif order.min() < 0 or order.max() >= n:
            got = f"{order.min()} to {order.max()}"
        else:
            return order
        raise ValueError(
            f"Loader: the sampler gave {got}, expected {len(sampler)} integers from 0 to {n - 1}"
        )

    def _take(self, chosen: Array) -> Sequence[Array]:
        if self._places is not None:
            chosen = self._places[chosen]
        if self._arrays is None:
            numbers = chosen.tolist()
            return stacked([self._example(i) for i in numbers], numbers)
        return [np.take(array, chosen, axis=0) for array in self._arrays]

    def _example(self, i: int) -> Any:
        try:
            return self._whole[i]
        except Exception as error:
            error.add_note(f"Loader: this was example {i} of {type(self._whole).__name__}")
            raise

    def _transformed(self, batch: Sequence[Array], seed: int | None, k: int) -> tuple[Array, ...]:
        """Batch number ``k`` after the transforms, which have a generator for this batch alone."""
        first, *others = batch
        rng: Any = None  # for transforms that draw nothing
        if seed is not None and self.transforms:
            rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(k,)))
        if self._steps[0] is not self.transforms:  # which somebody has set
            self._steps = (self.transforms, joined(self.transforms))
        for transform in self._steps[1]:
            if not getattr(transform, "takes_targets", False):
                first = transform(first, rng)
            elif others:
                first, others[-1] = transform(first, others[-1], rng)
            else:
                raise TypeError(
                    f"Loader: the transform {_short(transform)} takes targets, expected batches that have "
                    "some; write Loader((x, y), ...)"
                )
            if first is None:
                raise TypeError(
                    f"Loader: the transform {_short(transform)} returned None, expected the new array; "
                    "return x"
                )
        return (first, *others)


def _check_order(dataset: Any, shuffle: bool, sampler: Any, streams: bool) -> None:
    """Raise for an order of examples that have none, and for two orders."""
    if streams and (shuffle or sampler is not None):
        raise ValueError(
            "Loader: examples that come one after the other cannot be shuffled or sampled; shuffle them "
            "where they come from, or write Loader(list(examples), ..., shuffle=True)"
        )
    if sampler is None:
        return
    if not callable(sampler) or isinstance(sampler, type) or not hasattr(sampler, "__len__"):
        raise TypeError(
            f"Loader: sampler is {_short(sampler)}, expected a function of a generator that has a length, "
            "such as ag.data.WeightedRandomSampler(weights); examples are chosen by ag.data.Subset"
        )
    if shuffle:
        raise ValueError("Loader: a sampler decides the order; leave shuffle=True out")
    weights = getattr(sampler, "weights", dataset)
    if len(weights) != len(dataset):
        raise ValueError(
            f"Loader: the sampler has {len(weights)} weights, expected one for each of {len(dataset)} "
            "examples"
        )


@dataclasses.dataclass
class _Epoch:
    """One pass through the data: the number that it follows from, and the batches taken."""

    seed: int | None
    batches: int = 0


def _check_numbers(batch_size: Any, prefetch: Any) -> None:
    if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)):
        raise TypeError(
            f"Loader: batch_size is {_short(batch_size)}, expected a positive integer such as 64; "
            "several arrays go into one tuple, as in Loader((x, y), 64)"
        )
    if batch_size < 1:
        raise ValueError(f"Loader: batch_size is {batch_size}, expected a positive integer")
    if isinstance(prefetch, bool) or not isinstance(prefetch, (int, np.integer)) or prefetch < 0:
        raise ValueError(
            f"Loader: prefetch is {_short(prefetch)}, expected how many batches to make ahead: 0 for "
            "none, or such as 2"
        )


def _check_transform(transform: Any) -> None:
    """Raise for what cannot be called with an array and a generator."""
    if not callable(transform):
        raise TypeError(
            f"Loader: the transform {transform!r} cannot be called, expected "
            "transform(x, rng) -> x; pass transforms as a sequence of functions"
        )
    if isinstance(transform, type):
        name = transform.__name__
        raise TypeError(f"Loader: the transform is the class {name}; make one of it, {name}(...)")
    with contextlib.suppress(ValueError):  # some functions in C have no signature
        signature = inspect.signature(transform)
        try:
            signature.bind(None, None, *[None] * getattr(transform, "takes_targets", False))
        except TypeError:
            raise TypeError(
                f"Loader: the transform {_short(transform)} takes {signature}, expected the batch and a "
                "generator: write def transform(x, rng)"
            ) from None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 60 else f"of type {type(value).__name__}"
