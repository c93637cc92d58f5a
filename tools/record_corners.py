"""Ask other libraries for the gradients of the corner table, and keep their answers.

    python tools/record_corners.py torch autograd mygrad    # those that are installed there
    python tools/record_corners.py jax

Answers go to docs/corners.json, with versions and the date; tools/make_corners.py shows them.
"""

from __future__ import annotations

import datetime
import functools
import importlib
import json
import sys
import warnings
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
ANSWERS = ROOT / "docs" / "corners.json"
sys.path.insert(0, str(ROOT / "tests"))

from corner import Corner, backward_twice  # noqa: E402
from corners import corners  # noqa: E402

from agx._runtime.files import replacing  # noqa: E402


class MissingError(Exception):
    """The library has no function of that name."""


def finder(known: dict[str, Any], *modules: Any) -> Callable[[str], Any]:
    """Look a name up in ``known``, then in ``modules``."""

    def find(name: str) -> Any:
        if name in known:
            return known[name]
        for module in modules:
            if hasattr(module, name):
                return getattr(module, name)
        raise MissingError(name)

    return find


#: PyTorch's functions that take no Python numbers.
WANTS_TENSORS = ("maximum", "minimum", "fmax", "fmin", "ldexp", "nextafter")

Gradients = Callable[[Corner], list[Any]]


def torch_gradients() -> Gradients:
    import torch
    from torch.nn import functional

    def tensors(name: str) -> Any:
        """Numbers as tensors, where PyTorch wants tensors."""

        def call(*args: Any) -> Any:
            dtype = next(a.dtype for a in args if isinstance(a, torch.Tensor))
            return getattr(torch, name)(*(torch.as_tensor(a, dtype=dtype) for a in args))

        return call

    def loss(name: str) -> Any:
        return lambda x, t: getattr(functional, name)(x, torch.tensor(t, dtype=x.dtype))

    known: dict[str, Any] = {name: tensors(name) for name in WANTS_TENSORS}
    known |= {
        "std": lambda x, axis=None, ddof=0: torch.std(x, axis, correction=ddof),
        "var": lambda x, ddof=0: torch.var(x, correction=ddof),
        "max": lambda x, axis=(): torch.amax(x, axis),
        "min": torch.amin,
        "ptp": lambda x: torch.amax(x) - torch.amin(x),
        "cumsum": lambda x: torch.cumsum(x, 0),
        "cumprod": lambda x: torch.cumprod(x, 0),
        "sort": lambda x: torch.sort(x).values,
        "softmax": lambda x: torch.softmax(x, -1),
        "log_softmax": lambda x: torch.log_softmax(x, -1),
        "logsumexp": lambda x: torch.logsumexp(x, 0),
        "norm": lambda x, order=2, axis=None: torch.linalg.vector_norm(x, order, axis),
        "cond": torch.linalg.cond,
        "solve": torch.linalg.solve,
        "lstsq": lambda a, b: torch.linalg.lstsq(a, b[:, None]).solution.mT,
        "nanmedian": lambda x: torch.nanquantile(x, 0.5),
        "percentile": lambda x, q: torch.quantile(x, q / 100),
        "power": torch.pow,
        "rint": torch.round,
        "fabs": torch.abs,
        "gelu": lambda x, approximate="none": functional.gelu(x, approximate=approximate),
        "binary_cross_entropy": loss("binary_cross_entropy"),
        "binary_cross_entropy_with_logits": loss("binary_cross_entropy_with_logits"),
        "cross_entropy": lambda x, t: functional.cross_entropy(x, torch.tensor(t)),
        "huber": loss("huber_loss"),
        "l1": loss("l1_loss"),
        "mse": loss("mse_loss"),
    }

    def ask(row: Corner) -> list[Any]:
        arguments = [torch.tensor(a, requires_grad=True) for a in row.arguments()]
        out = row.function(finder(known, torch, functional, torch.linalg))(*arguments).sum()
        if not out.requires_grad:
            return [np.zeros(a.shape) for a in arguments]
        found = torch.autograd.grad(out, arguments, allow_unused=True)
        return [
            np.zeros(a.shape) if g is None else g.numpy()
            for a, g in zip(arguments, found, strict=True)
        ]

    return ask


def jax_gradients() -> Gradients:
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    find = finder(
        {
            "erf": jax.scipy.special.erf,
            "special": jax.scipy.special,
            "interp": lambda x, *knots: jnp.interp(x, *map(jnp.array, knots)),
            "topk": jax.lax.top_k,
            "gelu": lambda x, approximate="none": jax.nn.gelu(x, approximate == "tanh"),
        },
        jnp,
        jax.nn,
        jnp.linalg,
    )

    def ask(row: Corner) -> list[Any]:
        arguments = [jnp.array(a) for a in row.arguments()]
        which = tuple(range(len(arguments)))
        return list(jax.grad(lambda *xs: row.function(find)(*xs).sum(), which)(*arguments))

    return ask


def autograd_gradients() -> Gradients:
    import autograd
    import autograd.numpy as anp

    known: dict[str, Any] = {}
    try:
        special = importlib.import_module("autograd.scipy.special")
    except ImportError:
        pass
    else:
        known = {"erf": special.erf, "logsumexp": special.logsumexp, "special": special}

    def ask(row: Corner) -> list[Any]:
        find, arguments = finder(known, anp, anp.linalg), row.arguments()
        return [
            autograd.grad(lambda *xs: anp.sum(row.function(find)(*xs)), i)(*arguments)
            for i in range(len(arguments))
        ]

    return ask


def mygrad_gradients() -> Gradients:
    import mygrad
    from mygrad.nnet import activations, losses

    known = {
        "leaky_relu": activations.leaky_relu,
        "log_softmax": activations.logsoftmax,
        "cross_entropy": lambda x, t: losses.softmax_crossentropy(x, np.array(t)),
        "norm": mygrad.linalg.norm,
    }

    def ask(row: Corner) -> list[Any]:
        arguments = [mygrad.tensor(a) for a in row.arguments()]
        row.function(finder(known, mygrad, activations))(*arguments).sum().backward()
        return [np.zeros(a.shape) if a.grad is None else a.grad for a in arguments]

    return ask


LIBRARIES = {
    "torch": torch_gradients,
    "jax": jax_gradients,
    "autograd": autograd_gradients,
    "mygrad": mygrad_gradients,
}


def twice(name: str) -> Any:
    """What x.grad is after two backward passes, where gradients are kept in x.grad."""
    if name == "torch":
        import torch

        tensor = functools.partial(torch.tensor, requires_grad=True)
    elif name == "mygrad":
        import mygrad

        tensor = mygrad.tensor
    else:
        return "lacks"
    try:
        return backward_twice(tensor)
    except Exception as error:
        return f"raises {type(error).__name__}"


def plain(gradient: Any) -> Any:
    """Nested lists for JSON, with what is not finite as text."""
    if isinstance(gradient, list):
        return [plain(g) for g in gradient]
    return gradient if np.isfinite(gradient) else str(gradient)


def answer(ask: Gradients, row: Corner) -> Any:
    """A gradient for each argument, "lacks" what is asked for, or "raises" an error."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [plain(np.asarray(g).tolist()) for g in ask(row)]
    except (MissingError, NotImplementedError, AttributeError, TypeError):
        return "lacks"
    except Exception as error:  # whatever a library raises is its answer
        unknown = "is not implemented" in str(error)
        return "lacks" if unknown else f"raises {type(error).__name__}"


def write(kept: dict[str, Any]) -> None:
    """Write one line for each library and each answer."""
    lines = [
        f"{json.dumps(name)}: {{\n"
        + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in entry.items())
        + "\n}"
        for name, entry in kept.items()
    ]
    with replacing(ANSWERS, "w") as file:
        file.write("{\n" + ",\n".join(lines) + "\n}\n")


def main(names: list[str]) -> None:
    kept = {"libraries": {}, "answers": {}}
    if ANSWERS.exists():
        kept = json.loads(ANSWERS.read_text(encoding="utf-8"))
    rows = {row.key: row for row in corners()}
    answers = {key: kept["answers"].get(key, {}) for key in rows}
    for name in names:
        ask = LIBRARIES[name]()
        version = metadata.version(name).split("+")[0]
        date = datetime.datetime.now(datetime.UTC).date().isoformat()
        kept["libraries"][name] = {"version": version, "date": date, "twice": twice(name)}
        for key, row in rows.items():
            answers[key][name] = answer(ask, row)
            if isinstance(answers[key][name], str):
                print(name, answers[key][name], key)
    write({"libraries": kept["libraries"], "answers": answers})


if __name__ == "__main__":
    main(sys.argv[1:] or list(LIBRARIES))
