"""The ``agx`` command: train a network, describe the installation, list what is covered of NumPy."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
import warnings
from collections.abc import Sequence
from importlib import metadata
from typing import Any, NoReturn

from . import runs
from .commands import evaluate, looking, predict, sweep
from .commands.arguments import count as _count
from .commands.arguments import data as _data
from .commands.arguments import fraction as _fraction
from .commands.arguments import least_zero as _least_zero
from .commands.arguments import natural as _natural
from .commands.arguments import positive as _positive
from .commands.arguments import share as _share
from .commands.arguments import values as _values
from .data.readers import READERS
from .installation import info
from .train.checkpoint import interval

TRAIN_DESCRIPTION = """\
Train a small network and leave its weights, history and pictures in a folder.

MODEL is {models} or module:factory (default: lenet5). A factory of your own is called as
factory((channels, height, width), outputs) and returns an ag.nn.Module; outputs is the number of
classes, or 1 for two classes, which are told apart by the sign of a single logit (binary cross
entropy). Modules in the current folder are found.

Two names after --classes make a task of two classes. Options left out have sensible values for the
data. A tenth of the training images is held out to choose the best epoch by; the test images are
measured once, at the end. Ctrl-C and SIGTERM end the training after the step at hand and keep what was
learned; --resume goes on from there, or after a crash from the last checkpoint, to the same bits as
without the interruption.
"""


STATUS = """\
Exit status: 0: done; 1: a problem with data, files or the training; 2: wrong arguments; 130: ended by
Ctrl-C; 143: ended by SIGTERM.
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}\n")


class _Command(_Parser):
    """The parser of one command, which knows what an unknown option may have been meant to be."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        options = [name for action in self._actions for name in action.option_strings]
        passing = self.get_default("others") is not None
        for given in () if passing else args or ():
            name = given.partition("=")[0]
            if name[:2] == "--" and not any(option.startswith(name) for option in options):
                near = difflib.get_close_matches(name, options, 1)
                meant = f"; did you mean {near[0]}?" if near else ""
                self.error(f"unrecognized arguments: {name}{meant} ({self.prog} --help lists all)")
        return super().parse_known_args(args, namespace)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status.

    0: done; 1: a problem with data, files or the training; 2: wrong arguments (raised as
    SystemExit); 130: ended by Ctrl-C; 143: ended by SIGTERM. Errors are one line on standard error;
    with ``--debug``, which every command has, they are raised.

    >>> from agx.cli import main
    >>> main(["info"])  # doctest: +SKIP
    0
    """
    parser = _parser()
    options, others = parser.parse_known_args(argv)
    options.others = others
    if others and options.command != "sweep":  # which gives them to its runs of agx train
        parser.error(f"unrecognized arguments: {' '.join(others)}")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_: _say(options, message)
            return options.run(options)
    except KeyboardInterrupt:
        print("agx: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # as in `agx info | head`: nobody reads on
        sys.stdout = None
        return 1
    except Exception as error:
        if options.debug:
            raise
        _say(options, _message(error))
        return 1


def _say(options: argparse.Namespace, message: object) -> None:
    print(f"agx {options.command}: {message}", file=sys.stderr)


def _message(error: Exception) -> str:
    """What went wrong, in one line and in words of the command line."""
    message = str(error).replace("download=True", "--download").replace("root=", "--root")
    message = re.sub(r"\bmodel='([^']+)'", r"--model \1", message.replace(" size=", " --size "))
    if isinstance(error, (OSError, ValueError, ImportError, FloatingPointError)):
        return message
    kind = type(error).__name__
    return f"{kind}: {message}; --debug shows where" if message else f"{kind}; --debug shows where"


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="agx", description="Train small networks on the CPU with NumPy.", epilog=STATUS
    )
    parser.add_argument("--version", action="version", version=f"agx {metadata.version('agx')}")
    commands = parser.add_subparsers(
        parser_class=_Command, dest="command", required=True, metavar="COMMAND"
    )
    train = commands.add_parser(
        "train",
        help="train a network",
        description=TRAIN_DESCRIPTION.format(models=", ".join(runs.MODELS)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_train_options(train)
    train.set_defaults(run=lambda options: _train(train, options))
    looking.add(commands)
    predict.add(commands)
    evaluate.add(commands)
    sweep.add(commands, train)
    described = commands.add_parser("info", help="describe the installation")
    described.set_defaults(run=_info)
    covered = commands.add_parser("coverage", help="list the functions of NumPy and what works")
    covered.add_argument("--markdown", action="store_true", help="as the page of the documentation")
    covered.set_defaults(run=_coverage)
    for command in commands.choices.values():
        command.add_argument("--debug", action="store_true", help="show where an error comes from")
    return parser


def _add_train_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    models = ", ".join(runs.MODELS)
    add("model", nargs="?", type=_model, metavar="MODEL", help=f"{models} or module:factory")
    add("--model", dest="named_model", type=_model, metavar="MODEL", help="the same, by name")
    data = f"{', '.join(READERS)}, or a folder of pictures with a sub-folder per class"
    add("--data", type=_data, metavar="DATA", help=data)
    add("--size", type=_count, metavar="N", help="resize pictures to N x N pixels")
    add("--root", metavar="DIR", help="the folder that holds the data")
    add("--download", action="store_true", help="fetch the data if they are missing")
    add("--classes", type=_names, metavar="A,B", help="learn these classes only")
    add("--epochs", type=_count, metavar="N", help="passes over the training data")
    add("--batch-size", type=_count, metavar="N", help="images per step")
    add("--lr", type=_positive, metavar="X", help="learning rate")
    having = " and ".join(runs.MOMENTA)
    add("--momentum", type=_fraction, metavar="X", help=f"momentum of {having}, from 0 to 1")
    add("--optimizer", choices=list(runs.OPTIMIZERS), help="default: sgd")
    add("--weight-decay", type=_least_zero, metavar="X", help="shrinks the weights (default: 0)")
    changes = f"random changes of images: some of {', '.join(runs.AUGMENTATIONS)}, or none"
    add("--augment", type=_augment, metavar="A,B", help=changes)
    add("--schedule", choices=list(runs.SCHEDULES), help="how the learning rate changes")
    add("--validation", type=_share, metavar="X", help="held out of the images (default: 0.1)")
    add("--seed", type=_natural, metavar="N", help="of weights and order (default: 0)")
    add("--threads", type=_count, metavar="N", help="threads to use (default: all cores)")
    add("--out", metavar="DIR", help="the run's folder (default: runs/<time>-<model>-<data>)")
    add("--format", choices=["npz", "safetensors"], help="of the weights (default: npz)")
    add("--device", type=_device, metavar="cpu", help="the processor; agx knows no other")
    add("--resume", metavar="DIR", help="go on with the run in this folder")
    every = "'500 steps', '5 min' or '1 epoch' (default)"
    add("--checkpoint-every", type=_interval, metavar="TIME", help=every)
    add("--keep", type=_count, metavar="N", help="checkpoints to keep (default: 3)")


#: What a run that is resumed may be told anew.
_ANEW = {
    "root": "root", "download": "download", "threads": "threads", "checkpoint_every": "every",
    "keep": "keep",
}  # fmt: skip


def _train(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    if options.model and options.named_model:
        parser.error("give the model once: as MODEL or with --model")
    anew = {key: getattr(options, name) or None for name, key in _ANEW.items()}
    if options.resume is not None:
        kept = ("resume", "device", "command", "run", "debug", *_ANEW)
        fixed = [name for name, value in vars(options).items() if value and name not in kept]
        if fixed:
            option = "MODEL" if "model" in fixed[0] else f"--{fixed[0].replace('_', '-')}"
            parser.error(f"{option}: a run that is resumed keeps its settings; leave it out")
        return runs.Run.resumed(options.resume, **anew).start()
    if options.data is None:
        parser.error("the following arguments are required: --data")
    chosen = {
        key: getattr(options, key)
        for key in (
            "epochs",
            "batch_size",
            "lr",
            "momentum",
            "optimizer",
            "schedule",
            "weight_decay",
            "augment",
        )
    }
    try:
        recipe = runs.recipe(options.data, chosen)
    except ValueError as error:
        parser.error(str(error))
    given = {
        "classes": options.classes, "seed": options.seed, "out": options.out,
        "weights": options.format, "side": options.size, "validation": options.validation, **anew,
    }  # fmt: skip
    run = runs.Run(
        model=options.model or options.named_model or "lenet5", data=options.data, recipe=recipe,
        **{key: value for key, value in given.items() if value is not None},
    )  # fmt: skip
    return run.start()


def _model(text: str) -> str:
    """Check that a model's name can be found, before any data are read."""
    try:
        runs.factory(text)
    except LookupError as error:
        raise argparse.ArgumentTypeError(error.args[0]) from None
    return text


def _device(text: str) -> str:
    if text != "cpu":
        raise argparse.ArgumentTypeError(
            f"agx runs on CPUs only, got {text!r}; leave --device out, and choose --threads"
        )
    return text


def _augment(text: str) -> list[str]:
    """Names of random changes, of which there may be none."""
    names = [] if text == "none" else _values(text)
    if unknown := [name for name in names if name not in runs.AUGMENTATIONS]:
        raise argparse.ArgumentTypeError(
            f"no change of images is called {unknown[0]!r}; choose from "
            f"{', '.join(runs.AUGMENTATIONS)}, or none"
        )
    return names


def _interval(text: str) -> str:
    try:
        interval(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if len(names) < 2 or not all(names) or len(set(names)) < len(names):
        raise argparse.ArgumentTypeError(
            f"expected two or more different names, as in automobile,bird, got {text!r}"
        )
    return names


# --- agx coverage --------------------------------------------------------------------------------


def _coverage(options: argparse.Namespace) -> int:
    from ._protocol.report import report

    print(report(options.markdown).rstrip())
    return 0


# --- agx info ------------------------------------------------------------------------------------


def _info(options: argparse.Namespace) -> int:
    print(info())
    return 0
