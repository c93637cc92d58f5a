"""Datasets, the loader that cuts them into batches, and random transforms of images."""

from .dataset import ArrayDataset as ArrayDataset
from .digits import digits as digits
from .loader import Loader as Loader
from .transforms import Normalize as Normalize
from .transforms import RandomCrop as RandomCrop
from .transforms import RandomHorizontalFlip as RandomHorizontalFlip
