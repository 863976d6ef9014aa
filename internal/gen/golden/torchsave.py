"""Makes checkpoint/testdata/*.pth: small state dicts written by torch.save in all common forms."""
import argparse
import collections
import datetime
import decimal
import enum
import functools
import os
import pathlib
import random
import sys

import numpy as np
import torch


class Colour(enum.Enum):
    RED = 1


class Custom:
    def __init__(self):
        self.history = [1, 2.5, None]


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self):
        self.a, self.b = 1, torch.ones(2)


Pair = collections.namedtuple("Pair", "a b")


class Settings(dict):
    pass


def beside():
    """Objects of all kinds that files hold besides state dicts."""
    return {
        "set": {1, 2}, "frozen": frozenset([1]), "array": np.zeros(3), "scalar": np.float64(3), "strings": np.array(["a"]), "date": datetime.datetime(2026, 1, 2),
        "path": pathlib.PurePosixPath("a/b"), "decimal": decimal.Decimal("1.5"), "counter": collections.Counter("aab"), "deque": collections.deque([1]),
        "default": collections.defaultdict(list, {"a": [1]}), "pair": Pair(1, torch.ones(2)), "enum": Colour.RED, "custom": Custom(), "slots": Slotted(),
        "partial": functools.partial(print, 1), "function": print, "loss": torch.nn.CrossEntropyLoss(weight=torch.ones(3)), "settings": Settings(lr=0.1),
        "rng": torch.arange(4, dtype=torch.uint8), "python_rng": random.Random(1).getstate()[:1], "size": torch.Size([1, 2]), "dtype": torch.float32,
        "device": torch.device("cpu"), "sparse": torch.eye(2).to_sparse(), "quantized": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
        "complex": torch.ones(2, dtype=torch.complex64), "bool": torch.ones(2, dtype=torch.bool), "f8": torch.ones(2).to(torch.float8_e4m3fn),
        "meta": torch.empty(3, device="meta"), "big": 10**100, "bytes": b"abc", "bytearray": bytearray(b"abc"), "slice": slice(1, 2), "complex_number": 1 + 2j,
        "none": None, "namespace": argparse.Namespace(lr=0.1),
    }


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
    save("module.pth", net)  # its parameters are read, its code is not run
    save("objects.pth", {"net": state(), **beside()})
    save("objects5.pth", {"net": state(), **beside()}, pickle_protocol=5)
    save("protocol1.pth", {"net": state(), "array": np.zeros(3), "custom": Custom(), "enum": Colour.RED}, pickle_protocol=1)
    torch.jit.save(torch.jit.script(net), os.path.join(to, "script.pt"))
    tied = torch.ones(1, dtype=torch.float32)
    save("shared.pth", {"a": tied, "b": tied, "c": tied.expand(2, 3), "d": torch.arange(6.0).reshape(2, 3), "e": torch.arange(6.0)[::2]})


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "../../../checkpoint/testdata"))
