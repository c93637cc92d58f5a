from collections.abc import Callable
from typing import ParamSpec, Protocol

_P = ParamSpec("_P")

class _Fused(Protocol[_P]):
    """A function compiled for each floating type: call it, or pick ["float"] or ["double"]."""

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> None: ...
    def __getitem__(self, kind: str, /) -> Callable[_P, None]: ...

def _fused(function: Callable[_P, None]) -> _Fused[_P]: ...
