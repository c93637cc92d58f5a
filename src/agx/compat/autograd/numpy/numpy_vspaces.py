"""Vector spaces of arrays."""

from ..spaces import ArrayVSpace as ArrayVSpace
from ..spaces import ComplexArrayVSpace as ComplexArrayVSpace
from ..spaces import NamedTupleVSpace as NamedTupleVSpace
from ..spaces import VSpace as VSpace

EigResultVSpace = EighResultVSpace = QRResultVSpace = SlogdetResultVSpace = NamedTupleVSpace
SVDResultVSpace = NamedTupleVSpace
