"""Writes the learning rates of PyTorch's schedulers into schedule/testdata/torch.json.

    python internal/gen/golden/schedule.py    (from the repository's root; needs torch)
"""

import json
import pathlib

import torch
from torch.optim import lr_scheduler as S

OUT = pathlib.Path(__file__).resolve().parents[3] / "schedule" / "testdata" / "torch.json"


def optimizer(rate):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))], lr=rate)


def rates(rate, steps, make, every=1):
    """The learning rate of each step; the scheduler advances after a number of steps."""
    o = optimizer(rate)
    s = make(o)
    used = []
    for i in range(steps):
        used.append(o.param_groups[0]["lr"])
        o.step()
        if (i + 1) % every == 0 and i + 1 < steps:
            s.step()
    return used


def warmed(o, m, after):
    up = S.LinearLR(o, start_factor=1 / m, end_factor=1.0, total_iters=m - 1)
    return S.SequentialLR(o, [up, after(o)], milestones=[m])


def case(name, lr, per, epochs, warm=0, every=0, gamma=0.0, low=0.0):
    steps, m = per * epochs, per * warm
    if name == "constant":
        after = lambda o: S.ConstantLR(o, factor=1.0)
    elif name == "cosine":
        after = lambda o: S.CosineAnnealingLR(o, T_max=steps - m, eta_min=low)
    if name == "onecycle":
        got = rates(lr, steps, lambda o: S.OneCycleLR(o, max_lr=lr, total_steps=steps))
    elif name == "step":  # StepLR counts epochs from the first, also below the warm-up
        got = rates(lr, steps, lambda o: S.StepLR(o, every, gamma), per)
        if m:
            got[:m] = rates(lr, m, lambda o: S.LinearLR(o, 1 / m, 1.0, total_iters=m - 1))
    elif m:
        got = rates(lr, steps, lambda o: warmed(o, m, after))
    else:
        got = rates(lr, steps, after)
    options = dict(Rate=lr, StepsPerEpoch=per, Epochs=epochs, WarmupEpochs=warm, StepEpochs=every, Gamma=gamma, MinLR=low)
    return dict(Name=name, Options=options, Rates=got)


CASES = [
    case("constant", 1e-3, 4, 3),
    case("constant", 0.1, 4, 5, warm=2),
    case("step", 0.1, 5, 9, every=3, gamma=0.1),
    case("step", 0.3, 5, 9, warm=2, every=3, gamma=0.5),
    case("step", 0.3, 4, 9, warm=4, every=3, gamma=0.5),
    case("cosine", 0.1, 6, 7),
    case("cosine", 0.1, 6, 7, low=1e-3),
    case("cosine", 0.025, 7, 10, warm=3),
    case("cosine", 0.025, 7, 10, warm=3, low=1e-4),
    case("onecycle", 0.2, 5, 10),
    case("onecycle", 1e-2, 13, 7),
    case("onecycle", 1e-2, 1, 2),
    case("onecycle", 0.3, 1, 3),
    case("onecycle", 0.3, 1, 4),
    case("onecycle", 0.5, 1, 1),
    case("step", 0.4, 3, 4, every=1, gamma=0.5),
    case("cosine", 0.4, 1, 1),
]

if __name__ == "__main__":
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text("[\n" + ",\n".join(json.dumps(c) for c in CASES) + "\n]\n")
