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
