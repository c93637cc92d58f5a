"""Distributions whose densities agx can differentiate."""

from . import norm as norm
from . import t as t
