"""Datasets, the loader that cuts them into batches, and random transforms of images."""

from .dataset import ArrayDataset as ArrayDataset
from .loader import Loader as Loader
