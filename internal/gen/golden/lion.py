"""Writes optim/testdata/lion.json: steps of timm's Lion in float64, with and without weight
decay. The gradient of step i is values(10+i), the learning rate 0.1/(1+i).

    python internal/gen/golden/lion.py      (from the repository's root; needs torch and timm)
"""

import json
import pathlib

import torch
from timm.optim import Lion

from hashing import values

OUT = pathlib.Path(__file__).resolve().parents[3] / "optim" / "testdata"


def steps(decay, betas):
    w = torch.nn.Parameter(values(1, (6,)))
    optimizer = Lion([w], lr=0.1, betas=betas, weight_decay=decay)
    result = []
    for i in range(4):
        optimizer.param_groups[0]["lr"] = 0.1 / (1 + i)
        w.grad = values(10 + i, (6,))
        optimizer.step()
        result.append(dict(w=w.detach().tolist(), m=optimizer.state[w]["exp_avg"].tolist()))
    return dict(decay=decay, betas=betas, steps=result)


torch.set_default_dtype(torch.float64)
cases = {"plain": steps(0, (0.9, 0.99)), "decay": steps(0.3, (0.9, 0.99)), "other betas": steps(0.1, (0.5, 0.25))}
(OUT / "lion.json").write_text("{\n" + ",\n".join(f"{json.dumps(k)}:{json.dumps(c, separators=(',', ':'))}" for k, c in cases.items()) + "\n}\n")
