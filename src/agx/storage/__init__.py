"""Files of arrays and of models: npz and safetensors, never a pickle."""

from .._names import shown


def __dir__() -> list[str]:
    return shown(globals())
