"""agx under the name of autograd, for packages that import autograd themselves."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

from ...tensor import Tensor

_OURS = __name__.rpartition(".")[0]


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds ``autograd.x`` in agx wherever the module ``autograd`` is agx's: the same module, not a copy."""

    def __init__(self) -> None:
        self._own: dict[str, ModuleSpec | None] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Answer for the modules below ``autograd`` that agx has."""
        ours = sys.modules.get("autograd")
        if not name.startswith("autograd.") or ours is None or ours is not sys.modules.get(_OURS):
            return None
        found = importlib.util.find_spec(_OURS + name.removeprefix("autograd"))
        return found and importlib.util.spec_from_loader(name, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module, whatever name it is asked for by."""
        module = importlib.import_module(_OURS + spec.name.removeprefix("autograd"))
        self._own[spec.name] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Leave a module that has run already as it was."""
        assert module.__spec__ is not None
        module.__spec__ = self._own.pop(module.__spec__.name)


sys.meta_path.insert(0, _Finder())


def install() -> None:
    """Make ``import autograd``, and that of every module of it, mean agx in this process.

    To be called before the packages that import autograd are. Nothing on disk changes. The class of
    Tensors then shows autograd's name for it, which some packages look for. Raises RuntimeError if
    another autograd has been imported.

    >>> import agx.compat.autograd
    >>> agx.compat.autograd.install()  # doctest: +SKIP
    >>> import lifelines  # doctest: +SKIP
    """
    ours = sys.modules[_OURS]
    present = sys.modules.setdefault("autograd", ours)
    if present is not ours:
        raise RuntimeError(
            f"install: autograd is already imported, from {getattr(present, '__file__', None)}; call "
            "agx.compat.autograd.install() before what imports it"
        )
    Tensor.__module__, Tensor.__qualname__ = "autograd.numpy.numpy_boxes", "ArrayBox"
