"""What a graph did: where a NaN came from, and where an infinity."""

from .blame import Blame as Blame
from .blame import blame as blame
from .debug import debug as debug
