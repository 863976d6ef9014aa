"""Writes trainer/testdata/training.json and cam.json: steps of PyTorch with clipping, accumulation, AdamW and a moving average,
and models/testdata/layer_decay.json: timm's learning-rate scales by layer.

    python internal/gen/golden/training.py    (from the repository's root; needs torch and timm)
"""

import json
import pathlib

import timm
import timm.optim
import timm.utils
import torch
from torch import nn

ROOT = pathlib.Path(__file__).resolve().parents[3]
torch.set_default_dtype(torch.float64)


def values(n, phase):
    return torch.sin(torch.arange(n) * 0.7 + phase)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.fc = nn.Linear(16, 3)

    def forward(self, x):
        x = torch.relu(self.norm(self.conv(x)))
        return self.fc(nn.functional.adaptive_avg_pool2d(x, 2).flatten(1))


def fresh():
    net = Net()
    with torch.no_grad():
        for i, p in enumerate(net.parameters()):
            p.copy_(0.3 * values(p.numel(), i).reshape(p.shape) + (1 if i == 2 else 0))
    return net


def batch(step, n):
    return values(n * 3 * 6 * 6, 100 + step).float().double().reshape(n, 3, 6, 6), torch.tensor([(step + i) % 3 for i in range(n)])


def no_bias_decay(net, lr):
    decay = [p for p in net.parameters() if p.ndim > 1]
    rest = [p for p in net.parameters() if p.ndim <= 1]
    return [{"params": decay}, {"params": rest, "weight_decay": 0.0}]


def own_groups(net, lr):
    """Groups that set one value each and keep the optimizer's other one."""
    return [
        {"params": net.fc.parameters(), "lr": 3 * lr},
        {"params": [net.conv.weight], "weight_decay": 0.0},
        {"params": [net.norm.weight], "lr": 0.0},
        {"params": [net.conv.bias, net.norm.bias]},
    ]


def run(make, clip=0.0, parts=(4,), ema=0.0, steps=10, groups=no_bias_decay):
    net = fresh()
    opt = make(net, groups)
    average = timm.utils.ModelEmaV2(net, decay=ema) if ema else None
    losses, norms = [], []
    for step in range(steps):
        opt.zero_grad()
        total = 0.0
        for part, n in enumerate(parts):
            x, y = batch(10 * step + part, n)
            loss = nn.functional.cross_entropy(net(x), y) * n / sum(parts)
            loss.backward()
            total += loss.item()
        losses.append(total)
        if clip:
            norms.append(nn.utils.clip_grad_norm_(net.parameters(), clip).item())
        opt.step()
        if average:
            average.update(net)
    shown = average.module if average else net
    return {"losses": losses, "norms": norms, "final": {k: v.flatten().tolist() for k, v in shown.state_dict().items()}}


def cam():
    """Grad-CAM of each class: Selvaraju et al., ICCV 2017."""
    net = fresh().eval()
    x, _ = batch(0, 1)
    maps = []
    for c in range(3):
        a = torch.relu(net.norm(net.conv(x))).detach().requires_grad_()
        net.fc(nn.functional.adaptive_avg_pool2d(a, 2).flatten(1))[0, c].backward()
        maps.append(torch.relu((a.grad.mean((2, 3), keepdim=True) * a).sum(1))[0].flatten().tolist())
    return maps


def main():
    sgd = lambda net, groups: torch.optim.SGD(groups(net, 0.1), lr=0.1, momentum=0.9, weight_decay=1e-2)
    adamw = lambda net, groups: torch.optim.AdamW(groups(net, 0.01), lr=0.01, betas=(0.9, 0.99), eps=1e-6, weight_decay=0.1)
    cases = {
        "clip": run(sgd, clip=0.5),
        "accumulate": run(sgd, parts=(4, 4, 2)),
        "accumulate and clip": run(sgd, parts=(3, 3), clip=0.3),
        "adamw": run(adamw),
        "adamw, clip": run(adamw, clip=0.4),
        "ema": run(sgd, ema=0.8),
        "plain": run(sgd),
        "groups": run(sgd, groups=own_groups),
        "adamw, groups": run(adamw, groups=own_groups),
    }
    write(ROOT / "trainer/testdata/training.json", cases)
    write(ROOT / "trainer/testdata/cam.json", cam())

    scales = {}
    for ours, theirs in {"vgg16": "vgg16", "vgg16_bn": "vgg16_bn", "resnet50b": "resnet50", "resnet50d": "resnet50d"}.items():
        net = timm.create_model(theirs, num_classes=5)
        groups = timm.optim.param_groups_layer_decay(net, weight_decay=0.1, layer_decay=0.75)
        names = {id(p): n for n, p in net.named_parameters()}
        scales[ours] = {names[id(p)]: g["lr_scale"] for g in groups for p in g["params"]}
    write(ROOT / "models/testdata/layer_decay.json", scales)


def write(path, value):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
