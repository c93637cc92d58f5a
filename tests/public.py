"""What a module has for its users, so that tests can ask whether each of them is tested."""


def public(module):
    """The names that tab completion shows."""
    return [name for name in dir(module) if not name.startswith("_")]


def kinds(module, base):
    """The public classes of a module that are a kind of ``base``."""
    found = (getattr(module, name) for name in public(module))
    return [c for c in found if isinstance(c, type) and issubclass(c, base) and c is not base]
