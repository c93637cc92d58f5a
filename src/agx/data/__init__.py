"""Datasets, a batch loader and image transforms: NumPy arrays in, NumPy arrays out."""

from .._names import shown
from .augment import ColorJitter as ColorJitter
from .augment import MixUp as MixUp
from .augment import RandomAffine as RandomAffine
from .augment import RandomErasing as RandomErasing
from .augment import RandomRotation as RandomRotation
from .cifar import cifar10 as cifar10
from .compose import Compose as Compose
from .dataset import ArrayDataset as ArrayDataset
from .dataset import Dataset as Dataset
from .dataset import ImageDataset as ImageDataset
from .digits import digits as digits
from .encoder import TableEncoder as TableEncoder
from .files import data_home as data_home
from .folder import ImageFolder as ImageFolder
from .folder import image_folder as image_folder
from .idx import fashion_mnist as fashion_mnist
from .idx import mnist as mnist
from .idx import read_idx as read_idx
from .loader import Loader as Loader
from .sampling import WeightedRandomSampler as WeightedRandomSampler
from .sampling import class_weights as class_weights
from .subset import Subset as Subset
from .subset import random_split as random_split
from .table import Table as Table
from .table import table as table
from .transforms import Normalize as Normalize
from .transforms import RandomCrop as RandomCrop
from .transforms import RandomHorizontalFlip as RandomHorizontalFlip
from .transforms import RandomVerticalFlip as RandomVerticalFlip
from .transforms import ToFloat as ToFloat


def __dir__() -> list[str]:
    return shown(globals())
