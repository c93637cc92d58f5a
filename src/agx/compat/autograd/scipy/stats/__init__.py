"""Distributions whose densities agx can differentiate."""

from . import multivariate_normal as multivariate_normal
from . import norm as norm
from . import t as t
