"""Datasets, the loader that cuts them into batches, and random transforms of images."""

from .cifar import cifar10 as cifar10
from .dataset import ArrayDataset as ArrayDataset
from .digits import digits as digits
from .files import data_home as data_home
from .loader import Loader as Loader
from .mnist import fashion_mnist as fashion_mnist
from .mnist import mnist as mnist
from .transforms import Normalize as Normalize
from .transforms import RandomCrop as RandomCrop
from .transforms import RandomHorizontalFlip as RandomHorizontalFlip
