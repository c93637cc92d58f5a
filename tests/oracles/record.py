"""Record what PyTorch computes for losses, layers, optimisers and schedules.

    python tests/oracles/record.py        # needs torch 2.13; writes the JSON files beside it

The tests compare agx with the files; they never import PyTorch.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

HERE = Path(__file__).parent
rng = np.random.default_rng(13)
double = torch.float64


def normal(*shape):
    return rng.standard_normal(shape).round(3)


def listed(t):
    return t.detach().numpy().tolist() if isinstance(t, torch.Tensor) else np.asarray(t).tolist()


def loss(name, function, inputs, targets, **options):
    """One loss: its value and the gradient of its sum."""
    x = torch.tensor(inputs, dtype=double, requires_grad=True)
    t = torch.tensor(targets)
    call = {
        k: torch.tensor(v, dtype=double) if isinstance(v, list) else v for k, v in options.items()
    }
    value = function(x, t, **call)
    value.sum().backward()
    return {
        "name": name, "options": options, "inputs": listed(inputs), "targets": listed(targets),
        "value": listed(value), "gradient": listed(x.grad),
    }  # fmt: skip


def losses():
    z, labels = normal(4, 3), np.array([0, 2, 1, 2])
    some = np.array([0, -100, 1, 2])
    soft = np.array([[0.2, 0.3, 0.5], [1, 0, 0], [0.0, 0.6, 0.4], [0.1, 0.1, 0.8]])
    images, maps = normal(2, 3, 2, 2), rng.integers(0, 3, (2, 2, 2))
    weight = [0.5, 2.0, 1.5]
    ce, rows = F.cross_entropy, []
    for reduction in ("mean", "sum", "none"):
        rows += [loss("cross_entropy", ce, z, labels, reduction=reduction)]
        rows += [
            loss(
                "cross_entropy",
                ce,
                z,
                some,
                weight=weight,
                label_smoothing=0.1,
                reduction=reduction,
            )
        ]
        rows += [
            loss(
                "cross_entropy",
                ce,
                z,
                soft,
                weight=weight,
                label_smoothing=0.2,
                reduction=reduction,
            )
        ]
        rows += [loss("nll_loss", F.nll_loss, z, some, weight=weight, reduction=reduction)]
        for name, f in (("mse", F.mse_loss), ("l1", F.l1_loss), ("huber", F.huber_loss)):
            rows += [loss(name, f, z, normal(4, 3), reduction=reduction)]
        bits = (z > 0).astype(float)
        p = 1 / (1 + np.exp(-normal(4, 3)))
        rows += [loss("binary_cross_entropy", F.binary_cross_entropy, p, bits, reduction=reduction)]
        rows += [
            loss(
                "binary_cross_entropy_with_logits",
                F.binary_cross_entropy_with_logits,
                z,
                bits,
                pos_weight=weight,
                reduction=reduction,
            )
        ]
    rows += [
        loss("cross_entropy", ce, z, labels, weight=weight),
        loss("cross_entropy", ce, z, soft),
    ]
    rows += [loss("cross_entropy", ce, z, labels, label_smoothing=0.3)]
    rows += [loss("cross_entropy", ce, z, labels, ignore_index=2)]
    rows += [
        loss("cross_entropy", ce, images, maps),
        loss("cross_entropy", ce, images, maps, weight=weight),
    ]
    rows += [loss("cross_entropy", ce, z[0], np.array(1))]
    rows += [
        loss("nll_loss", F.nll_loss, images, maps),
        loss("huber", F.huber_loss, z, normal(4, 3), delta=0.3),
    ]
    rows += [
        loss("binary_cross_entropy_with_logits", F.binary_cross_entropy_with_logits, z * 30, soft)
    ]
    return rows


OPTIMISERS = [
    ("SGD", {"lr": 0.1}), ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.05}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.05}),
    ("Adam", {"lr": 0.1}), ("Adam", {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}),
    ("AdamW", {"lr": 0.1}), ("AdamW", {"lr": 0.1, "weight_decay": 0.3}),
    ("RMSprop", {"lr": 0.05}),
    ("RMSprop", {"lr": 0.05, "alpha": 0.9, "eps": 1e-3, "momentum": 0.8, "weight_decay": 0.1}),
]  # fmt: skip


def optimisers():
    rows = []
    for name, options in OPTIMISERS:
        start, gradients = normal(3), normal(5, 3)
        p = torch.tensor(start, dtype=double, requires_grad=True)
        optimiser = getattr(torch.optim, name)([p], **options)
        path = []
        for g in gradients:
            p.grad = torch.tensor(g, dtype=double)
            optimiser.step()
            path.append(listed(p))
        rows.append({"name": name, "options": options, "start": listed(start),
                     "gradients": listed(gradients), "path": path})  # fmt: skip
    return rows


SCHEDULES = [
    ("StepLR", {"step_size": 3, "gamma": 0.5}),
    ("CosineAnnealingLR", {"T_max": 8, "eta_min": 0.01}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 12}),
    ("OneCycleLR", {"max_lr": 1.0, "total_steps": 12, "pct_start": 0.5, "div_factor": 10.0, "final_div_factor": 100.0}),
    ("ReduceLROnPlateau", {"factor": 0.5, "patience": 1, "min_lr": 0.03}),
    ("ReduceLROnPlateau", {"mode": "max", "factor": 0.1, "patience": 0, "threshold": 0.1}),
]  # fmt: skip


def schedules():
    rows = []
    metrics = [1.0, 0.8, 0.9, 0.85, 0.7, 0.7, 0.7, 0.71, 0.72, 0.9, 0.6]
    for name, options in SCHEDULES:
        optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.2)
        cycle = {"cycle_momentum": False} if name == "OneCycleLR" else {}
        schedule = getattr(torch.optim.lr_scheduler, name)(optimiser, **options, **cycle)
        rates = [optimiser.param_groups[0]["lr"]]
        for metric in metrics:
            optimiser.step()
            schedule.step(metric) if "Plateau" in name else schedule.step()
            rates.append(optimiser.param_groups[0]["lr"])
        rows.append({"name": name, "options": options, "metrics": metrics, "rates": rates})
    return rows


def layer(name, arguments, options, x, calls=1, evaluate=False):
    """One layer: state before and after, output and gradients of sum(output * weight)."""
    module = getattr(torch.nn, name)(*arguments, **options, dtype=double)
    state = {}
    for key, value in module.state_dict().items():
        if value.dtype == double and "running" not in key:
            value.copy_(torch.tensor(normal(*value.shape)))
        state[key] = listed(value)
    integers = x.dtype.kind in "iu"
    t = torch.tensor(x) if integers else torch.tensor(x, dtype=double, requires_grad=True)
    for _ in range(calls):
        out = module(t)
    if evaluate:
        out = module.eval()(t)
    seed = normal(*out.shape)
    (out * torch.tensor(seed)).sum().backward()
    return {
        "name": name, "arguments": arguments, "options": options, "state": state, "calls": calls,
        "evaluate": evaluate, "input": listed(x), "output": listed(out), "seed": listed(seed),
        "input_gradient": None if integers else listed(t.grad),
        "gradients": {k: listed(p.grad) for k, p in module.named_parameters()},
        "after": {k: listed(v) for k, v in module.state_dict().items()},
    }  # fmt: skip


def layers():
    x = normal(2, 4, 5, 6)
    return [
        layer("Linear", [3, 2], {}, normal(4, 3)),
        layer("Linear", [3, 2], {"bias": False}, normal(2, 2, 3)),
        layer("Conv2d", [4, 6, 3], {"stride": 2, "padding": 1}, x),
        layer(
            "Conv2d",
            [4, 6, [2, 3]],
            {"stride": [1, 2], "padding": [0, 2], "dilation": [2, 1], "groups": 2},
            x,
        ),
        layer("BatchNorm1d", [3], {}, normal(5, 3), calls=2),
        layer("BatchNorm1d", [3], {"momentum": 0.3, "eps": 0.01}, normal(4, 3, 2)),
        layer("BatchNorm2d", [4], {}, x, calls=2),
        layer("BatchNorm2d", [4], {}, x, calls=2, evaluate=True),
        layer("LayerNorm", [6], {}, x),
        layer("LayerNorm", [[5, 6]], {"eps": 0.1}, x),
        layer("Embedding", [5, 3], {}, np.array([[0, 4, 4], [2, 0, 4]])),
    ]


if __name__ == "__main__":
    for name, rows in (
        ("losses", losses()), ("optimisers", optimisers()), ("schedules", schedules()), ("layers", layers()),
    ):  # fmt: skip
        note = {"recorded_with": f"PyTorch {torch.__version__.split('+')[0]}", "rows": rows}
        (HERE / f"{name}.json").write_text(json.dumps(note, indent=None) + "\n")
        print(name, len(rows))
