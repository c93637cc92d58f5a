"""Transforms as JSON, and made of it again."""

import json

import numpy as np
import pytest
from public import public

import agx as ag
from agx.storage import preprocessing

BYTES = np.arange(96, dtype=np.uint8).reshape(2, 3, 4, 4)
KEPT = [
    [ag.data.ToFloat(), ag.data.Normalize([0.1, 0.2, 0.3], [1.0, 2.0, 1 / 3])],
    [ag.data.ToFloat(white=100), ag.data.Normalize(0.1, 0.25)],
    [],
]


@pytest.mark.parametrize("transforms", KEPT, ids=len)
def test_transforms_come_back(transforms):
    text = json.dumps(preprocessing.described(transforms))
    found = preprocessing.rebuilt(json.loads(text))
    x = y = BYTES
    for before, after in zip(transforms, found, strict=True):
        x, y = before(x), after(y)
    np.testing.assert_array_equal(x, y, strict=True)


def test_every_transform_is_kept_or_random():
    transforms = {name for name in public(ag.data) if _is_transform(getattr(ag.data, name))}
    fixed = {
        name for name in transforms if getattr(getattr(ag.data, name), "random", True) is False
    }
    assert fixed == set(preprocessing.KINDS)


def test_composed_transforms_are_kept_one_by_one():
    parts = KEPT[0]
    assert preprocessing.described([ag.data.Compose(parts)]) == preprocessing.described(parts)


def test_the_encoder_of_a_table_comes_back():
    pets = {"age": [1, None, 9], "kind": ["cat", "dog", None], "y": [0, 1, 1]}
    table = ag.data.table(pets, "y", missing="fill")
    text = json.dumps(preprocessing.described([table.encoder]))
    (encoder,) = preprocessing.rebuilt(json.loads(text))
    np.testing.assert_array_equal(encoder(pets), table.arrays[0], strict=True)


def test_a_model_of_a_table_predicts_new_rows(tmp_path):
    pets = {"age": [1, 2, 9], "kind": ["cat", "dog", "cat"], "y": ["a", "b", "b"]}
    table = ag.data.table(pets, "y")
    model = ag.models.mlp(3, hidden=(4,), classes=2, rng=0)
    ag.save(tmp_path / "x.npz", model, preprocessing=[table.encoder], classes=table.classes)
    trained = ag.load(tmp_path / "x.npz")
    expected = ag.predict(model, table.arrays[0])
    np.testing.assert_array_equal(trained.predict(pets), expected)
    np.testing.assert_array_equal(trained.predict(table), expected)
    part = ag.data.Subset(table, [2, 0])
    np.testing.assert_allclose(trained.predict(part), expected[[2, 0]], rtol=1e-5)
    np.testing.assert_array_equal(trained.predict(table.arrays[0]), expected)


def _is_transform(kind):
    return isinstance(kind, type) and "__call__" in vars(kind)


@pytest.mark.parametrize(
    ("transform", "why"),
    [
        (ag.data.RandomHorizontalFlip(), r"\[1\] is RandomHorizontalFlip.* is random.*for training only"),
        (lambda x, rng: x, r"\[1\] is <function.* cannot be written.*expected Normalize or TableEncoder or ToFloat"),
    ],
)  # fmt: skip
def test_what_a_file_cannot_hold(transform, why):
    with pytest.raises(TypeError, match=f"preprocessing{why}"):
        preprocessing.described([ag.data.ToFloat(), transform])


@pytest.mark.parametrize(
    "text", ["Loader", {"name": "Popen"}, {"name": "ToFloat", "black": 1}, {"name": "Normalize", "mean": 1, "std": 0}, {"white": 1}]
)  # fmt: skip
def test_only_transforms_of_agx_are_made_of_a_file(text):
    with pytest.raises(
        ValueError, match="is none of Normalize, TableEncoder, ToFloat with its settings"
    ):
        preprocessing.rebuilt([text])
