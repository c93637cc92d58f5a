"""The walk over a graph: what a result was computed from, inputs before what is computed from them.

There is one, compiled with the sweep, and it does not recurse. ``nodes_below`` follows everything, the
first inputs first, and takes Scalars too; ``wanted_below`` follows what wants a gradient, in the order of
the backward sweep.
"""

from __future__ import annotations

from .._kernels.graph import leaves_among as leaves_among
from .._kernels.graph import leaves_below as leaves_below
from .._kernels.graph import nodes_below as nodes_below
from .._kernels.graph import wanted_below as wanted_below
