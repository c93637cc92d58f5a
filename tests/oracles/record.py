"""Record what PyTorch computes for the rows of `tables.py`.

    python tests/oracles/record.py          # the rows that are not recorded yet
    python tests/oracles/record.py --all    # every row anew

Needs torch 2.13. The tests compare agx with the files that this writes; they never import PyTorch.
"""

import functools
import inspect
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parents[1]))

from oracles import tables

double = functools.partial(torch.tensor, dtype=torch.float64)


def reduced(losses, reduction):
    return losses if reduction == "none" else getattr(losses, reduction)()


def sigmoid_focal_loss(z, t, alpha=0.25, gamma=2.0, reduction="none"):
    """As torchvision has it, which need not be installed."""
    p = torch.sigmoid(z)
    ce = functional.binary_cross_entropy_with_logits(z, t, reduction="none")
    losses = ce * (1 - (p * t + (1 - p) * (1 - t))) ** gamma
    if alpha >= 0:
        losses = (alpha * t + (1 - alpha) * (1 - t)) * losses
    return reduced(losses, reduction)


def focal_loss(z, t, weight=None, gamma=2.0, reduction="mean"):
    """By the formula, with the mean of cross entropy."""
    ce = functional.cross_entropy(z, t, reduction="none")  # 0 where the target is ignored
    share = torch.ones(z.shape[1], dtype=z.dtype) if weight is None else weight
    share = (t >= 0) * share[t.clamp(min=0)]
    losses = share * ce * (1 - torch.exp(-ce)) ** gamma
    return losses.sum() / share.sum() if reduction == "mean" else reduced(losses, reduction)


def loss(row):
    """For each reduction the value, and the gradient of its sum."""
    inputs, targets = tables.loss_data(row)
    found = OTHERS.get(row.name) or getattr(functional, row.name, None)
    function = found or getattr(functional, f"{row.name}_loss")
    found = {}
    for reduction in tables.REDUCTIONS:
        x, t = double(inputs, requires_grad=True), torch.tensor(targets)
        names = {row.name: functools.partial(function, reduction=reduction), "x": x, "t": t}
        arrays = {"w": double(tables.WEIGHT), "u": double(tables.third(row))}
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "reduction: 'mean' divides the total loss")
            value = eval(row.call, {**names, **arrays})
        value.sum().backward()
        found[reduction] = {"value": value.tolist(), "gradient": x.grad.tolist()}
    return found


def layer(row):
    """The names of the state, the output, the gradients of sum(output * seed), the state afterwards."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "enable_nested_tensor")
        layer = eval(row.call, vars(torch.nn)).double()
    state = layer.state_dict()
    for name, value in state.items():
        if value.is_floating_point() and "running" not in name:
            value.copy_(double(row.draw(name, *value.shape)))
    x = torch.tensor(tables.layer_input(row))
    x.requires_grad = x.is_floating_point()
    out = tables.call_layer(row, layer, x, lambda a: torch.from_numpy(np.array(a)))
    (out * double(row.draw("seed", *out.shape))).sum().backward()
    return {
        "output": out.tolist(),
        "input_gradient": x.grad.tolist() if x.requires_grad else None,
        "gradients": {name: p.grad.tolist() for name, p in layer.named_parameters()},
        "state": {name: value.tolist() for name, value in state.items()},
    }


def optimiser(row):
    """The parameter after each step."""
    start, gradients = tables.start_and_gradients(row)
    p = double(start, requires_grad=True)
    optimiser = eval(row.call, {**vars(torch.optim), "p": p})
    path = []
    for gradient in gradients:
        p.grad = double(gradient)
        optimiser.step()
        path.append(p.tolist())
    return {"path": path}


def search(row):
    """The parameter after each step, and the heights that were asked for."""
    p = double(row.draw("start", 4), requires_grad=True)
    optimiser = eval(row.call, {**vars(torch.optim), "p": p})
    path, heights = [], []

    def closure():
        optimiser.zero_grad()
        height = tables.valley(row, p)
        height.backward()
        heights.append(height.item())
        return height

    for _ in range(2):
        optimiser.step(closure)
        path.append(p.tolist())
    return {"path": path, "heights": heights}


def groups(row):
    """Each parameter after each step."""
    starts, gradients = tables.groups_start_and_gradients(row)
    parameters = [double(start, requires_grad=True) for start in starts]
    names = dict(zip("pqr", parameters, strict=True))
    optimiser = eval(row.call, {**vars(torch.optim), **names})
    path = []
    for step in gradients:
        for p, gradient in zip(parameters, step, strict=True):
            p.grad = double(gradient)
        optimiser.step()
        path.append([p.tolist() for p in parameters])
    return {"path": path}


def average(row):
    """The average after each update."""
    swa = torch.optim.swa_utils
    p = torch.nn.Parameter(torch.zeros(3))
    module = torch.nn.ParameterList([p])

    def averaged(parameters, decay=0.999):
        return swa.AveragedModel(module, multi_avg_fn=swa.get_ema_multi_avg_fn(decay))

    model = eval(row.call, {"ExponentialMovingAverage": averaged, "p": p})
    path = []
    for value in row.draw("values", 6, 3):
        p.data[...] = double(value)
        model.update_parameters(module)
        path.append(model.module[0].tolist())
    return {"path": path}


def schedule(row):
    """The learning rates of all groups before the first step and after each."""
    rates = tables.RATES[row.data]
    groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": rate} for rate in rates]
    sgd = torch.optim.SGD(groups, lr=1.0)
    schedule = eval(row.call, {**vars(torch.optim.lr_scheduler), "sgd": sgd})
    watches = "metrics" in inspect.signature(schedule.step).parameters
    rates = [[group["lr"] for group in sgd.param_groups]]
    for metric in tables.METRICS:
        sgd.step()
        schedule.step(*[metric] if watches else [])
        rates.append([group["lr"] for group in sgd.param_groups])
    return {"rates": rates}


#: Losses that PyTorch itself has not.
OTHERS = {"focal_loss": focal_loss, "sigmoid_focal_loss": sigmoid_focal_loss}

ASK = {
    "losses": loss, "layers": layer, "optimisers": optimiser, "groups": groups, "searches": search,
    "averages": average, "schedules": schedule,
}  # fmt: skip


def record(table, anew):
    """Write the file of one table, a line for each row in the order of the table."""
    path = tables.HERE / f"{table}.jsonl"
    kept = {} if anew or not path.exists() else tables.answers(table)
    lines, version = [], torch.__version__.split("+")[0]
    for row in tables.TABLES[table]:
        if row.text not in kept:
            kept[row.text] = {"row": row.text, "torch": version, **ASK[table](row)}
            print(f"{table}: {row.text}")
        lines.append(json.dumps(kept[row.text]) + "\n")
    path.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)  # some optimisers keep a number of it
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", "Using padding='same'")  # that it may take a copy
    for table in tables.TABLES:
        record(table, "--all" in sys.argv[1:])
