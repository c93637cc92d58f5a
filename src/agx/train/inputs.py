"""What ``fit``, ``evaluate`` and ``predict`` are given, as batches of arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from .._engine.notices import warn
from ..data.arrays import as_array, is_array
from ..data.dataset import ArrayDataset
from ..data.loader import Loader
from ..data.subset import Subset
from ..tensor import Tensor


def plain(who: str, value: Any) -> Any:
    """An array of whatever library as a plain one; anything else as it is, a sparse matrix too."""
    if type(value) is np.ndarray or isinstance(value, Tensor) or hasattr(value, "nnz"):
        return value
    return as_array(who, value) if is_array(value) else value


def pairs(who: str, loader: Iterable[Any]) -> Iterator[tuple[list[Any], Any]]:
    """The inputs and the targets of each batch of a loader, once through it."""
    if isinstance(loader, (ArrayDataset, Subset)):
        raise TypeError(
            f"{who}: the loader is a data set ({type(loader).__name__}), which gives examples one by one, "
            "expected batches; write ag.data.Loader(dataset, 64)"
        )
    for batch in loader:
        *inputs, targets = _batch(who, batch)
        if not inputs or np.isscalar(targets):
            what = "no targets" if not inputs else f"the single target {targets!r}"
            raise ValueError(
                f"{who}: a batch has {what}, expected arrays (inputs, targets); make batches of arrays "
                "with ag.data.Loader((x, y), 64), of a list of examples (x, y) with Loader(examples, 64)"
            )
        if isinstance(targets, (list, tuple)):
            targets = as_array(f"{who}: the targets", targets)
        yield [plain(who, part) for part in inputs], plain(who, targets)


def inputs_of(x: Any, batch_size: int) -> Iterator[list[Any]]:
    """The inputs of each batch: pieces of an array or a table, or what a loader yields."""
    if isinstance(x, (ArrayDataset, Subset)):
        x = Loader(x, batch_size)
    if is_array(x):
        x = x if isinstance(x, Tensor) else as_array("predict", x)
        if not x.shape:
            raise TypeError(f"predict: got the single number {x}, expected an array of inputs")
        for i in range(0, len(x), batch_size):
            yield [x[i : i + batch_size]]
        return
    if isinstance(x, (str, bytes, dict)) or not hasattr(x, "__iter__"):
        raise TypeError(
            f"predict: got {_named(x)}, expected an array of inputs or a loader of batches"
        )
    if getattr(x, "shuffle", False) is True:
        warn(
            "predict: the loader shuffles, so that no output can be told whose it is; make one for "
            "predicting without shuffle=True"
        )
    for batch in x:
        parts = _batch("predict", batch)
        yield [plain("predict", part) for part in parts[:-1] or parts]


def _batch(who: str, batch: Any) -> Sequence[Any]:
    """A batch, unless it is one array, or numbers in lists."""
    whole = isinstance(batch, (tuple, list)) and len(batch) > 0 and not np.isscalar(batch[0])
    if not whole or (isinstance(batch, list) and not any(map(is_array, batch))):
        if is_array(batch):
            fix = "join a list of arrays with np.stack, or yield tuples"
        elif isinstance(batch, (tuple, list)):
            fix = "make one array of nested lists with np.asarray(x, np.float32)"
        else:
            fix = "write ag.data.Loader((x, y), 64)"
        raise TypeError(
            f"{who}: a batch is {_named(batch)}, expected a tuple of arrays (inputs, targets); {fix}"
        )
    return batch


def check_rows(x: Any, outputs: list[np.ndarray]) -> None:
    """Raise ValueError for one example given to ``predict``, which is cut into pieces of its own axis."""
    if getattr(x, "ndim", 0) == 1 and sum(len(out) for out in outputs if out.ndim) != len(x):
        raise ValueError(
            f"predict: got an array of shape {tuple(x.shape)}, expected the examples along the first axis; "
            "write x[None] for one example"
        )


def _named(batch: Any) -> str:
    if is_array(batch):
        return f"one array of shape {tuple(getattr(batch, 'shape', ()))}"
    if isinstance(batch, (tuple, list)):
        kinds = ", ".join(type(part).__name__ for part in batch[:3])
        return f"a {type(batch).__name__} of {kinds}{', ...' if len(batch) > 3 else ''}"
    return f"a {type(batch).__name__}"
