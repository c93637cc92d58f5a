from collections.abc import Callable

import numpy as np

_Team = Callable[[], int]

def relu(x: object, team: _Team) -> np.ndarray | None: ...
def relu_gradient(
    g: object, x: object, team: _Team, overwrite: bool = False
) -> np.ndarray | None: ...

ACTIVATIONS: tuple[str, ...]

def activation(which: int, x: object, a: float, team: _Team) -> np.ndarray | None: ...
def activation_gradient(
    which: int, g: object, x: object, a: float, team: _Team, overwrite: bool = False
) -> np.ndarray | None: ...
def max_pool_2x2(x: object, team: _Team) -> np.ndarray | None: ...
def max_unpool_2x2(g: object, x: object, team: _Team) -> np.ndarray | None: ...
def channel_sums(g: object, team: _Team) -> np.ndarray | None: ...
def any_nan(x: object) -> bool: ...
def all_finite(x: object) -> bool: ...
def erf(x: object) -> np.ndarray | None: ...
def sgd(
    p: object,
    g: object,
    velocity: object,
    lr: float,
    momentum: float,
    weight_decay: float,
    nesterov: bool,
    first: bool,
) -> bool: ...
def adam(
    p: object,
    g: object,
    mean: object,
    square: object,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    decoupled: bool,
    step: int,
) -> bool: ...
def rmsprop(
    p: object,
    g: object,
    square: object,
    velocity: object,
    lr: float,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
) -> bool: ...
