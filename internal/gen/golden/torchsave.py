"""Makes checkpoint/testdata/*.pth: small state dicts as torch.save writes them, in every way that they are found."""
import argparse
import collections
import os
import sys

import torch


def state():
    d = collections.OrderedDict()
    d["conv.weight"] = torch.arange(24, dtype=torch.float32).reshape(2, 3, 2, 2) / 8
    d["turned"] = torch.arange(6, dtype=torch.float64).reshape(2, 3).t()  # not in order of its rows
    d["part"] = torch.arange(10, dtype=torch.float32)[3:7]  # of a larger storage
    d["half"] = torch.tensor([1.5, -2.0, 65504.0], dtype=torch.float16)
    d["brain"] = torch.tensor([1.5, -2.0, 3e38], dtype=torch.bfloat16)
    d["bn.num_batches_tracked"] = torch.tensor(-7)
    d["empty"] = torch.zeros(0, 3)
    return d


def main(to):
    def save(name, value, **how):
        torch.save(value, os.path.join(to, name), **how)

    save("zip.pth", state())
    save("legacy.pth", state(), _use_new_zipfile_serialization=False)
    save("protocol5.pth", state(), pickle_protocol=5)
    wrapped = collections.OrderedDict((f"module.{k}", v) for k, v in state().items())
    args = argparse.Namespace(lr=0.1, model="resnet50d")
    save("training.pth", {"epoch": 3, "arch": "resnet50d", "state_dict": wrapped, "args": args, "metric": 0.5})
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    with torch.no_grad():
        for i, p in enumerate(net.parameters()):
            p.fill_(i + 0.5)
    save("parameters.pth", dict(net.named_parameters()))
    save("module.pth", net)  # code, not a state dict


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "../../../checkpoint/testdata"))
