"""Rows of a table as numbers that a network learns from, and new rows in the same way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from .arrays import Array, is_array
from .columns import absent, columns_of, named, naming, rows_named, values_of

Encoding = Literal["one-hot", "codes"]
#: A column of text with more categories than this, or with one for every other row, is none of categories.
MOST_CATEGORIES = 256


class TableEncoder:
    """Turn the columns of a table into features: numbers standardised, categories one-hot or as codes.

    ``columns`` has a dict for each column in the order of the features: ``{"name", "mean", "std"}`` for
    numbers, which become (x - mean) / std, and ``{"name", "categories"}``; with ``"fill"`` a missing value
    is replaced by it. ``categories`` "one-hot" gives a feature of 0 and 1 for each category, "codes" one
    with its place, 0, 1, .... With ``unknown="zeros"`` a category that is not listed is none of them.
    All of it is plain, so that it can be saved with a model; ``ag.data.table`` makes it.

    Called with a table, as ``ag.data.table`` takes it, it returns float32 features (N, F); features, float
    arrays (N, F), it leaves as they are. Raises ValueError for a column that is absent, missing values
    without a fill, text in place of numbers and categories that are not listed.

    >>> import agx as ag
    >>> encode = ag.data.TableEncoder(
    ...     [{"name": "age", "mean": 40, "std": 10}, {"name": "pet", "categories": ["cat", "dog"]}])
    >>> encode({"age": [50, 40], "pet": ["dog", "cat"]}).tolist()
    [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """

    random = False  # it draws nothing

    def __init__(
        self,
        columns: Sequence[Mapping[str, Any]],
        categories: Encoding = "one-hot",
        unknown: Literal["raise", "zeros"] = "raise",
    ) -> None:
        self.columns = [dict(column) for column in columns]
        self.categories = categories
        self.unknown = unknown
        if categories not in ("one-hot", "codes"):
            raise ValueError(
                f"table: categories is {categories!r}, expected 'one-hot' or 'codes'; give one of these"
            )
        if unknown not in ("raise", "zeros") or (unknown, categories) == ("zeros", "codes"):
            raise ValueError(
                f"table: unknown is {unknown!r}, expected 'raise', or with categories='one-hot' 'zeros'"
            )

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features: those of columns, and ``column=category``."""
        names: list[str] = []
        for column in self.columns:
            if "categories" in column and self.categories == "one-hot":
                names += [f"{column['name']}={category}" for category in column["categories"]]
            else:
                names.append(column["name"])
        return tuple(names)

    def __call__(self, x: Any, rng: Any = None) -> Array:
        width = len(self.features)
        if is_array(x) and getattr(x, "columns", None) is None and not x.dtype.names:
            if x.ndim != 2 or x.shape[1] != width or x.dtype.kind != "f":
                raise ValueError(
                    f"table: the features are {x.dtype} of shape {x.shape}, expected floats (N, {width}), or "
                    f"a table with the columns {', '.join(repr(c['name']) for c in self.columns)}"
                )
            return np.asarray(x)
        with naming(x):
            return self.encoded(self.values(columns_of(x)))

    def values(self, raw: Mapping[str, Any]) -> dict[str, Array]:
        """The columns that the features are made of. Raises ValueError for one that is not there."""
        if lacking := [repr(c["name"]) for c in self.columns if c["name"] not in raw]:
            raise ValueError(
                f"table: the model has learned from column {', '.join(lacking)}, expected in new rows; "
                f"there are {', '.join(map(repr, raw))}"
            )
        return {
            c["name"]: values_of(c["name"], raw[c["name"]], "categories" in c) for c in self.columns
        }

    def encoded(self, values: Mapping[str, Array]) -> Array:
        """The features of columns that ``values_of`` has read."""
        n = len(next(iter(values.values()), ()))
        out = np.zeros((n, len(self.features)), np.float32)
        check_missing({c["name"]: values[c["name"]] for c in self.columns if c.get("fill") is None})
        start = 0
        for column in self.columns:
            found = values[column["name"]]
            if "categories" not in column:
                out[:, start] = _standardized(column, found)
            elif self.categories == "codes":
                out[:, start] = self._codes(column, found)
            else:
                codes = self._codes(column, found)
                rows = np.flatnonzero(codes >= 0)
                out[rows, start + codes[rows]] = 1
                start += len(column["categories"]) - 1
            start += 1
        return out

    def _codes(self, column: Mapping[str, Any], values: Array) -> Array:
        """The places of categories, -1 for one that is not listed."""
        place = {category: i for i, category in enumerate(column["categories"])}
        if column.get("fill") is not None:
            place[None] = place[column["fill"]]
        codes = np.array([place.get(value, -1) for value in values.tolist()], np.int64)
        if self.unknown == "raise" and (codes < 0).any():
            new = sorted({values[i] for i in np.flatnonzero(codes < 0)})
            raise ValueError(
                f"table: column {column['name']!r} has {', '.join(map(repr, new[:5]))} in "
                f"{rows_named(codes < 0)}, expected one of {_some(column['categories'])}, which were "
                "learned; leave these rows out, or make the table with unknown='zeros'"
            )
        return codes

    def __repr__(self) -> str:
        return (
            f"TableEncoder(columns={self.columns}, categories={self.categories!r}, "
            f"unknown={self.unknown!r})"
        )


def _standardized(column: Mapping[str, Any], values: Array) -> Array:
    name = column["name"]
    if values.dtype == object:
        wrong = np.array(
            [value is not None and _number(value) is None for value in values.tolist()]
        )
        raise ValueError(
            f"table: column {name!r} holds text, {values[wrong.argmax()]!r} in {rows_named(wrong)}, expected "
            "numbers, as were learned; mend these rows"
        )
    fill = column.get("fill")
    filled = values if fill is None else np.where(np.isnan(values), fill, values)
    with np.errstate(over="ignore"):
        out: Array = ((filled - column["mean"]) / column["std"]).astype(np.float32)
    if not (finite := np.isfinite(out)).all():
        raise ValueError(
            f"table: column {name!r} has {values[~finite][0]} in {rows_named(~finite)}, expected finite "
            "numbers that float32 holds; leave these rows out, or scale the column"
        )
    return out


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _some(names: Sequence[Any]) -> str:
    return ", ".join(map(repr, names[:8])) + (f" and {len(names) - 8} more" if names[8:] else "")


def check_missing(values: Mapping[str, Array]) -> None:
    """Raise ValueError that names the columns with missing values, how many, and the first rows."""
    found = {name: mask for name, a in values.items() if (mask := absent(a)).any()}
    if found:
        parts = [f"{name!r} {mask.sum()} ({rows_named(mask)})" for name, mask in found.items()]
        raise ValueError(
            f"table: values are missing in {len(found)} column{'s' * (len(found) > 1)}: "
            f"{', '.join(parts[:8])}{', ...' if parts[8:] else ''}; leave these rows out (missing='drop'), "
            "fill them (missing='fill'), or leave columns out (drop=...)"
        )


def learned(
    values: Mapping[str, Array], rows: Array, standardize: bool, fill: bool, chosen: Collection[str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """The ``columns`` of an encoder: numbers as they are in ``rows``, categories as in all; what is constant.

    Those in ``chosen`` may have any number of categories. Raises ValueError for text that is no category.
    """
    columns: list[dict[str, Any]] = []
    constant = []
    for name, column in values.items():
        known = ~absent(column)
        inside = column[known & rows]
        if column.dtype == object:
            found = _categories(name, column[known].tolist(), name in chosen)
        elif np.isinf(inside).any():
            raise ValueError(
                f"table: column {name!r} has infinite numbers in {rows_named(np.isinf(column))}, expected "
                "finite ones; leave these rows out"
            )
        else:
            found = {"mean": 0.0, "std": 1.0}
            if standardize and inside.size:
                found = {"mean": float(inside.mean()), "std": float(inside.std()) or 1.0}
        if not inside.size or (inside == inside[0]).all():
            constant.append(name)
            continue
        if fill:
            found["fill"] = (
                Counter(sorted(inside.tolist())).most_common(1)[0][0]
                if column.dtype == object
                else float(np.median(inside))
            )
        columns.append({"name": name, **found})
    return columns, constant


def _categories(name: str, texts: list[str], chosen: bool) -> dict[str, Any]:
    categories = sorted(set(texts), key=_order)
    many = len(categories)
    if not chosen and many > 20 and (many > MOST_CATEGORIES or 2 * many > len(texts)):
        raise ValueError(
            f"table: column {name!r} has {many} different texts in {len(texts)} rows, such as "
            f"{categories[0]!r}, expected categories; leave it out, drop=({name!r},), or insist: "
            f"categorical=({name!r},)"
        )
    return {"categories": categories}


def _order(text: str) -> tuple[bool, float, str]:
    """Numbers by their size, then text by the alphabet."""
    number = _number(text)
    return (number is None, 0.0 if number is None else number, text)


def classes_of(column: Array) -> list[str]:
    """The classes of a column of labels, numbers by their size."""
    names = column.tolist() if column.dtype == object else [named(v) for v in np.unique(column)]
    return sorted({name for name in names if name is not None}, key=_order)
