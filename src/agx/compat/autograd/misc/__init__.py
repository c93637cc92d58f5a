"""Nests of arrays as one vector, optimizers of nests, and functions that are traced once."""

from .flatten import flatten as flatten
from .tracers import const_graph as const_graph
