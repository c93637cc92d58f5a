"""Nests of arrays as one vector, and optimizers of nests."""

from .flatten import flatten as flatten
