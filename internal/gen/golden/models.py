"""Makes models/testdata: names and shapes of parameters, and training, by PyTorch.

    python models.py

needs torch, torchvision and timm. Weights come from an integer hash of each one's
name (hashing.py, models/golden_test.go), so that files hold only results.
"""

import json
import math
from pathlib import Path

import timm
import torch
import torchvision
from torch.nn import functional as F

from hashing import named, values

OUT = Path(__file__).parents[3] / "models" / "testdata"
CLASSES, BATCH = 10, 3


def resnet50a(num_classes):
    """Form A of ResNet-50, the paper's: the stride is in the first 1×1. torchvision's is form B."""
    m = torchvision.models.resnet50(num_classes=num_classes)
    for layer in m.layer2, m.layer3, m.layer4:
        layer[0].conv1.stride, layer[0].conv2.stride = (2, 2), (1, 1)
    return m


MODELS = {
    "vgg16": torchvision.models.vgg16,
    "vgg16_bn": torchvision.models.vgg16_bn,
    "resnet50": resnet50a,
    "resnet50b": torchvision.models.resnet50,
    "resnet50c": lambda num_classes: timm.create_model("resnet50c", num_classes=num_classes),
    "resnet50d": lambda num_classes: timm.create_model("resnet50d", num_classes=num_classes),
}


def save(name, content):
    lines = ",\n".join(f"{json.dumps(k)}:" + json.dumps(v, separators=(",", ":"), allow_nan=False) for k, v in content.items())
    (OUT / name).write_text("{\n" + lines + "\n}\n")


def names():
    """Each model's state dict for 1,000 classes: "name shape", parameters and buffers separately."""
    result = {}
    for name, make in MODELS.items():
        with torch.device("meta"):
            m = make(num_classes=1000)
        line = lambda k, v: " ".join([k, *map(str, v.shape)])
        result[name] = dict(
            parameters=[line(k, v) for k, v in m.named_parameters()],
            buffers=[line(k, v) for k, v in m.named_buffers()],
            count=sum(p.numel() for p in m.parameters()),
        )
    return result


def fill(m):
    """Sets parameters and buffers by their names."""
    with torch.no_grad():
        for name, t in m.state_dict(keep_vars=True).items():
            if t.dtype == torch.float64:
                t.copy_(named(name, t.shape))


def narrow(m, hidden):
    """Gives VGG's classifier narrow hidden layers."""
    m.classifier[0] = torch.nn.Linear(25088, hidden)
    m.classifier[3] = torch.nn.Linear(hidden, hidden)
    m.classifier[6] = torch.nn.Linear(hidden, CLASSES)
    return m


def some(t):
    """A tensor's sum, sum of squares, and five elements spread over it."""
    flat = t.detach().flatten()
    at = [i * (len(flat) - 1) // 4 for i in range(5)]
    return [flat.sum().item(), (flat * flat).sum().item(), *flat[at].tolist()]


def train(name, size, steps, lr, hidden=0, dropout=0.0):
    m = MODELS[name](num_classes=CLASSES)
    if hidden:
        m = narrow(m, hidden)
    m = m.double()
    for layer in m.modules():
        if isinstance(layer, torch.nn.Dropout):
            layer.p = dropout
    fill(m)
    images = values(1, (BATCH, 3, size, size)).float().double()
    labels = torch.tensor([0, 9, 3])
    result = dict(size=size, lr=lr, hidden=hidden, labels=labels.tolist())
    with torch.no_grad():
        m.eval()
        result["evaluation"] = m(images).flatten().tolist()
    m.train()
    optimizer = torch.optim.SGD(m.parameters(), lr=lr, momentum=0.9, weight_decay=5e-4)
    losses = []
    for _ in range(steps):
        logits = m(images)
        result.setdefault("training", logits.detach().flatten().tolist())
        loss = F.cross_entropy(logits, labels, label_smoothing=0.1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    result["losses"] = losses
    state = [k for k, t in m.state_dict().items() if t.dtype == torch.float64]
    every = max(len(state) // 12, 1)
    result["state"] = {k: some(m.state_dict()[k]) for k in [*state[::every], *state[-2:]]}
    with torch.no_grad():
        m.eval()
        result["after"] = m(images).flatten().tolist()
    print(name, losses, max(map(abs, result["evaluation"])), max(map(abs, result["after"])))
    assert all(math.isfinite(v) for v in losses)
    return result


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    save("names.json", names())
    save("train.json", {
        "vgg16": train("vgg16", 32, 3, 0.01, hidden=64),
        "vgg16_bn": train("vgg16_bn", 33, 3, 1e-3, hidden=64),
        "resnet50": train("resnet50", 33, 10, 1e-3),
        "resnet50b": train("resnet50b", 33, 10, 1e-3),
        "resnet50c": train("resnet50c", 33, 10, 1e-3),
        "resnet50d": train("resnet50d", 33, 10, 1e-3),
    })
