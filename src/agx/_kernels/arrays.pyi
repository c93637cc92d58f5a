from collections.abc import Callable
from typing import Any

def keep_large_ones(
    function: Callable[[tuple[int, ...], Any], Any], least: int, kind: type
) -> None: ...
