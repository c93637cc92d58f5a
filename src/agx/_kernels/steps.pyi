from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np

def ufunc_loop(ufunc: np.ufunc, kinds: tuple[int, ...]) -> tuple[int, int] | None: ...
def copy_loop(size: int) -> tuple[int, int]: ...
def choice_loop(size: int) -> tuple[int, int]: ...
def conversion_loop(kinds: str) -> tuple[int, int] | None: ...

@final
class Executor:
    def __init__(
        self,
        stream: Sequence[int],
        items: tuple[Any, ...],
        inputs: tuple[Any, ...],
        outputs: tuple[Any, ...],
        constants: tuple[np.ndarray, ...],
        bases: int,
        guards: tuple[Any, ...],
        frame_of: Callable[[], tuple[Any, ...]],
        scratch: int,
        longest: int,
        team: Callable[[], int],
    ) -> None: ...
    def run(self, arrays: Sequence[np.ndarray]) -> tuple[np.ndarray, ...] | None: ...
