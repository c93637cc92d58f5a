"""Compose: several transforms as one."""

import numpy as np
import pytest

import agx as ag
from agx.data import Compose, Loader

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 1, 8, 8), np.uint8)


def test_each_gets_what_the_one_before_it_returned():
    both = Compose([lambda x, rng: x + 1, lambda x, rng: x * 10])
    assert both(np.arange(3)).tolist() == [10, 20, 30]
    assert Compose([])(np.arange(3)).tolist() == [0, 1, 2]


def test_a_loader_cannot_tell_it_from_a_list():
    parts = [ag.data.RandomCrop(6, padding=1), ag.data.RandomHorizontalFlip(), ag.data.ToFloat()]
    epochs = [
        np.concatenate([x for (x,) in Loader(IMAGES, 8, True, transforms=transforms, rng=0)])
        for transforms in (parts, [Compose(parts)], [Compose([Compose(parts[:2]), parts[2]])])
    ]
    assert Loader(IMAGES, 8, transforms=[Compose(parts)]).transforms == tuple(parts)
    np.testing.assert_array_equal(epochs[0], epochs[1])
    np.testing.assert_array_equal(epochs[0], epochs[2])


def test_a_seed_gives_the_same_and_parts_draw_different_numbers():
    noise = Compose([lambda x, rng: rng.random(3)] * 2)
    assert noise(None, 0).tolist() == noise(None, 0).tolist()
    assert noise(None, 0).tolist() != np.random.default_rng(0).random(3).tolist()


def test_it_is_random_if_one_of_them_is():
    assert not Compose([ag.data.ToFloat(), ag.data.Normalize(0.5, 0.5)]).random
    assert Compose([ag.data.ToFloat(), ag.data.RandomCrop(8)]).random


def test_its_repr_shows_them():
    assert repr(Compose([ag.data.ToFloat()])) == "Compose([ToFloat(white=255)])"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (ag.data.ToFloat(), r"got ToFloat\(white=255\), expected a list of transforms: Compose"),
        (["flip"], "'flip' is no transform, expected a function"),
        ([ag.data.ToFloat], "ToFloat'> is no transform"),
    ],
)
def test_what_is_no_transform_is_refused(given, message):
    with pytest.raises(TypeError, match=f"Compose: .*{message}"):
        Compose(given)
