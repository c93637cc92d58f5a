"""The compiled code: one extension, as each would bring Cython's own along; it has its parts' names too."""

import sys
from importlib import import_module

PARTS = ("graph", "loops", "machine")

for _part in PARTS:
    globals()[_part] = sys.modules[f"{__name__}.{_part}"] = import_module(".compiled", __name__)
