"""Times PyTorch's training or evaluation step, with the flags and the JSON of bench/trainstep.

Needs torch, torchvision and timm from PyPI. The better of the contiguous and the
channels_last layout is what Euryale is compared with: run both.
"""
import argparse
import json
import resource
import statistics
import time

import timm
import torch
import torchvision


def make(name, classes):
    if name == "vgg16":
        return torchvision.models.vgg16(num_classes=classes)
    if name == "vgg16_bn":
        return torchvision.models.vgg16_bn(num_classes=classes)
    if name in ("resnet50", "resnet50b"):
        model = torchvision.models.resnet50(num_classes=classes)
        if name == "resnet50":  # form A: the stride is in the block's first convolution
            for block in model.modules():
                if isinstance(block, torchvision.models.resnet.Bottleneck):
                    block.conv1.stride, block.conv2.stride = block.conv2.stride, (1, 1)
        return model
    return timm.create_model(name, num_classes=classes)  # resnet50c, resnet50d


def main():
    p = argparse.ArgumentParser()
    p.add_argument("-model", default="resnet50b")
    p.add_argument("-batch", type=int, default=8)
    p.add_argument("-size", type=int, default=224)
    p.add_argument("-precision", default="float32", choices=["float32", "bfloat16"])
    p.add_argument("-mode", default="train", choices=["train", "eval"])
    p.add_argument("-threads", type=int, default=2)
    p.add_argument("-steps", type=int, default=10)
    p.add_argument("-classes", type=int, default=37)
    p.add_argument("-layout", default="channels_last", choices=["channels_last", "contiguous"])
    a = p.parse_args()

    torch.set_num_threads(a.threads)
    torch.manual_seed(0)
    layout = torch.channels_last if a.layout == "channels_last" else torch.contiguous_format
    model = make(a.model, a.classes).to(memory_format=layout)
    images = torch.randn(a.batch, 3, a.size, a.size).to(memory_format=layout)
    labels = torch.randint(0, a.classes, (a.batch,))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, weight_decay=5e-4)
    criterion = torch.nn.CrossEntropyLoss()
    half = a.precision == "bfloat16"

    def train():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    def evaluate():
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=half):
            return model(images).float().sum().item()

    model.train(a.mode == "train")
    step = train if a.mode == "train" else evaluate
    start = time.perf_counter()
    step()
    first = (time.perf_counter() - start) * 1e3
    step()
    steps = []
    for _ in range(a.steps):
        start = time.perf_counter()
        step()
        steps.append((time.perf_counter() - start) * 1e3)
    median = statistics.median(steps)
    print(json.dumps({
        "median_ms": median,
        "min_ms": min(steps),
        "images_per_second": a.batch / median * 1e3,
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "compile_ms": first,
        "steps": steps,
    }))


if __name__ == "__main__":
    main()
