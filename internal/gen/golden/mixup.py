"""Writes results of torchvision's MixUp and RandomErasing into dataset/testdata/mixup.json and transforms/testdata/erasing.json.

    python internal/gen/golden/mixup.py    (from the repository's root; needs torch and torchvision)
"""

import json
import pathlib

import torch
import torch.nn.functional as F
from torchvision import transforms as v1
from torchvision.transforms import v2

ROOT = pathlib.Path(__file__).resolve().parents[3]


class Fixed:
    """Replaces MixUp's Beta distribution by a constant."""

    def __init__(self, value):
        self.value = value

    def sample(self, _):
        return torch.tensor([self.value], dtype=torch.float64)


def mixup(n, classes, lam, smoothing):
    """A batch, the mixed batch with its targets, and the loss and gradient of logits on them."""
    g = torch.Generator().manual_seed(n)
    images = torch.randn(n, 3, 2, 2, generator=g, dtype=torch.float64).round(decimals=3)
    labels = torch.randint(classes, (n,), generator=g)
    logits = torch.randn(n, classes, generator=g, dtype=torch.float64).round(decimals=3).requires_grad_()
    mix = v2.MixUp(alpha=1.0, num_classes=classes)
    mix._dist = Fixed(lam)
    mixed, targets = mix(images, labels)
    targets = F.one_hot(labels, classes).double() * lam + F.one_hot(labels.roll(1), classes).double() * (1 - lam)
    loss = F.cross_entropy(logits, targets, label_smoothing=smoothing)
    loss.backward()
    _, theirs = mix(images, labels)
    assert torch.allclose(theirs.double(), targets, atol=1e-6)
    return dict(
        Classes=classes, Lambda=lam, Smoothing=smoothing, Images=images.flatten().tolist(), Labels=labels.tolist(),
        Logits=logits.flatten().tolist(), Mixed=mixed.flatten().tolist(), Targets=targets.flatten().tolist(),
        Loss=loss.item(), Gradient=logits.grad.flatten().tolist(),
    )


def erasing(h, w, n):
    """Means over many rectangles of RandomErasing's defaults on an image of h by w pixels."""
    torch.manual_seed(1)
    t, image, none = v1.RandomErasing(p=1), torch.zeros(1, h, w), 0
    sums = torch.zeros(5, dtype=torch.float64)
    for _ in range(n):
        y, x, eh, ew, _ = t.get_params(image, t.scale, t.ratio, [0.0])
        if (eh, ew) == (h, w):
            none += 1
            continue
        sums += torch.tensor([eh * ew / (h * w), eh / h, ew / w, y / h, x / w], dtype=torch.float64)
    area, height, width, top, left = (sums / (n - none)).tolist()
    return dict(H=h, W=w, Missed=none / n, Area=area, Height=height, Width=width, Top=top, Left=left)


def write(path, cases):
    path.parent.mkdir(exist_ok=True)
    path.write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")


if __name__ == "__main__":
    write(ROOT / "dataset/testdata/mixup.json", [
        mixup(4, 3, 0.7, 0.0), mixup(5, 6, 0.3, 0.1), mixup(2, 2, 0.9375, 0.1), mixup(1, 4, 0.25, 0.1), mixup(7, 5, 0.0, 0.0), mixup(3, 5, 1.0, 0.2),
    ])
    write(ROOT / "transforms/testdata/erasing.json", [erasing(100, 200, 30000), erasing(64, 64, 30000), erasing(9, 40, 30000)])
