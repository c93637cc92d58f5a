"""The folder of agx: programs are what stands outside it, and the innermost of them is who is told."""

from __future__ import annotations

import os

from .._kernels.graph import Scope as Scope
from .._kernels.graph import declare_home
from .._kernels.graph import enter as enter
from .._kernels.graph import leave as leave


def _spelling() -> str:
    """How Python spells the folder in the names of files, which it need not do as ``__file__`` does."""
    return os.path.dirname(os.path.dirname(_spelling.__code__.co_filename))


HOME = os.path.join(_spelling(), "")
declare_home(HOME)
