"""Which names of a module are for its users, so that tab completion shows them and nothing else."""

from __future__ import annotations

from typing import Any


def shown(names: dict[str, Any], *imported: str) -> list[str]:
    """The public names of a module, for its ``__dir__``.

    Of its ``globals()`` those that are defined in it or below it, and those in ``imported``.
    """
    home = f"{names['__name__']}."
    own = [
        name
        for name, value in names.items()
        if name[0] != "_" and f"{getattr(value, '__module__', '')}.".startswith(home)
    ]
    return [*own, *imported]
