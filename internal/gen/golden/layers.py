"""Makes nn/testdata, nn/blocks/testdata and optim/testdata by PyTorch.

    python layers.py

Parameters, buffers and inputs come from integer hashes (hashing.py), so that files
hold only results.
"""

import json
from pathlib import Path

import torch
from timm.models.resnet import Bottleneck as TimmBottleneck, downsample_avg
from torch import nn
from torch.nn import functional as F
from torchvision.models.resnet import Bottleneck

from hashing import named, values

ROOT = Path(__file__).parents[3]


def save(package, name, content):
    out = ROOT / package / "testdata"
    out.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(k) + ":" + json.dumps(v, separators=(",", ":"), allow_nan=False) for k, v in content.items())
    (out / name).write_text("{\n" + lines + "\n}\n")


def module(m, *shape):
    """Outputs in both modes, and, for the loss Σ w·y in training, the gradients and the buffers after the step."""
    m = m.double()
    with torch.no_grad():
        for name, t in m.state_dict(keep_vars=True).items():
            if t.dtype == torch.float64:
                t.copy_(named(name, t.shape))
    x = values(1, shape).requires_grad_()
    m.eval()
    result = dict(input=list(shape), evaluation=m(x).flatten().tolist())
    m.train()
    y = m(x)
    result.update(shape=list(y.shape), training=y.flatten().tolist())
    (y * values(0, y.shape)).sum().backward()
    result["gradients"] = {k: some(p.grad) for k, p in m.named_parameters()}
    result["gradients"]["input"] = some(x.grad)
    result["buffers"] = {k: some(b) for k, b in m.named_buffers() if b.dtype == torch.float64}
    return result


def some(t):
    """At most 24 elements at equal distances in a tensor."""
    flat = t.flatten()
    n = min(len(flat), 24)
    return flat[[i * len(flat) // n for i in range(n)]].tolist()


def layers():
    return {
        "conv": module(nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1)), 2, 3, 7, 5),
        "conv grouped": module(nn.Sequential(nn.Conv2d(4, 6, 3, 1, 2, 2, 2, bias=False)), 2, 4, 5, 6),
        "conv rectangular": module(nn.Sequential(nn.Conv2d(3, 4, (1, 5), (2, 1), (0, 2), (1, 1))), 2, 3, 5, 7),
        "conv rectangular dilated": module(nn.Sequential(nn.Conv2d(2, 3, (3, 2), (1, 3), (2, 1), (2, 1), bias=False)), 2, 2, 5, 7),
        "batchnorm eps momentum": module(nn.Sequential(nn.BatchNorm2d(3, eps=1e-2, momentum=0.3)), 4, 3, 2, 3),
        "linear without bias": module(nn.Sequential(nn.Linear(7, 5, bias=False)), 3, 7),
        "maxpool rectangular": module(nn.Sequential(nn.MaxPool2d((3, 2), (2, 1), (1, 0))), 2, 3, 7, 6),
        "avgpool rectangular": module(nn.Sequential(nn.AvgPool2d((1, 3), (1, 2), (0, 1), count_include_pad=False)), 2, 3, 4, 7),
        "adaptive rectangular": module(nn.Sequential(nn.AdaptiveAvgPool2d((2, 5))), 1, 2, 9, 7),
        "batchnorm": module(nn.Sequential(nn.BatchNorm2d(3)), 4, 3, 2, 3),
        "linear": module(nn.Sequential(nn.Linear(7, 5)), 3, 7),
        "maxpool": module(nn.Sequential(nn.MaxPool2d(3, 2, 1)), 2, 3, 7, 6),
        "maxpool ceil": module(nn.Sequential(nn.MaxPool2d(2, ceil_mode=True)), 1, 3, 5, 7),
        "avgpool": module(nn.Sequential(nn.AvgPool2d(2, 2, 0, True, False)), 2, 3, 5, 7),
        "avgpool padded": module(nn.Sequential(nn.AvgPool2d(3, 2, 1)), 2, 3, 6, 7),
        "adaptive": module(nn.Sequential(nn.AdaptiveAvgPool2d(7)), 1, 2, 9, 3),
        "chain": module(nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
                                      nn.Linear(16, 3)), 3, 2, 6, 5),
    }


def shortcut(make, cin, out, stride):
    return make(cin, out, 1, stride) if make else nn.Sequential(nn.Conv2d(cin, out, 1, stride, bias=False), nn.BatchNorm2d(out))


def bottleneck(form, cin, width, stride):
    down = None
    if stride != 1 or cin != 4 * width:
        down = shortcut(downsample_avg if form == "D" else None, cin, 4 * width, stride)
    if form in "CD":
        return TimmBottleneck(cin, width, stride, down)
    b = Bottleneck(cin, width, stride, down)
    if form == "A":
        b.conv1.stride, b.conv2.stride = (stride, stride), (1, 1)
    return b


def vgg(norm):
    layers = []
    for i in 2, 5:
        layers += [nn.Conv2d(i, 5, 3, padding=1)] + ([nn.BatchNorm2d(5)] if norm else []) + [nn.ReLU()]
    return nn.Sequential(*layers, nn.MaxPool2d(2))


def blocks():
    result = {"conv": module(vgg(False), 2, 2, 7, 6), "conv norm": module(vgg(True), 2, 2, 7, 6)}
    result["classifier"] = module(nn.Sequential(nn.Linear(12, 6), nn.ReLU(), nn.Dropout(0), nn.Linear(6, 6), nn.ReLU(),
                                                nn.Dropout(0), nn.Linear(6, 3)), 4, 12)
    for form in "ABCD":
        for stride in 1, 2:
            result[f"{form} {stride}"] = module(bottleneck(form, 8, 3, stride), 2, 8, 7, 5)
        result[f"{form} identity"] = module(bottleneck(form, 12, 3, 1), 2, 12, 4, 3)
    return result


def optimizers():
    """Four steps of a small network with SGD in several settings."""
    result = {}
    for name, momentum, decay, nesterov, no_bias_decay, head_scale in [
        ("plain", 0, 0, False, False, 1),
        ("decay", 0, 0.01, False, False, 1),
        ("momentum", 0.9, 0.01, False, False, 1),
        ("nesterov", 0.9, 0.01, True, False, 1),
        ("no bias decay", 0.9, 0.01, True, True, 1),
        ("groups", 0.9, 0.01, False, True, 0.1),
    ]:
        m = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 3)).double()
        with torch.no_grad():
            for k, t in m.state_dict(keep_vars=True).items():
                if t.dtype == torch.float64:
                    t.copy_(named(k, t.shape))
        groups = {}
        for k, p in m.named_parameters():
            d = 0 if no_bias_decay and p.dim() == 1 else decay
            s = head_scale if k.startswith("4.") and d != 0 else 1
            groups.setdefault((d, s), []).append(p)
        lr = 0.05
        optimizer = torch.optim.SGD([dict(params=p, weight_decay=d, lr=lr * s) for (d, s), p in groups.items()],
                                    lr=lr, momentum=momentum, nesterov=nesterov)
        x, labels, losses = values(1, (3, 2, 4, 4)).float().double(), torch.tensor([2, 0, 1]), []
        for _ in range(4):
            loss = F.cross_entropy(m(x), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        result[name] = dict(losses=losses, params={k: p.flatten().tolist() for k, p in m.named_parameters()})
    return result


save("nn", "layers.json", layers())
save("nn/blocks", "blocks.json", blocks())
save("optim", "sgd.json", optimizers())
