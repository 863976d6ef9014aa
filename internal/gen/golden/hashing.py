"""Pseudo-random inputs; Go computes the same ones: internal/optest/values.go."""

import math

import numpy as np
import torch

MASK = (1 << 64) - 1


def uniform(seed, n):
    """The first n elements of a seed's sequence, in [-1, 1)."""
    with np.errstate(over="ignore"):
        start = ((seed + 1) * 0x9E3779B97F4A7C15 + 1) & MASK
        z = np.uint64(start) + np.arange(n, dtype=np.uint64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1


def values(seed, shape, scale=1.0, offset=0.0):
    """A float64 tensor of uniform(seed) times scale plus offset."""
    x = uniform(seed, int(np.prod(shape, dtype=np.int64))) * scale + offset
    return torch.from_numpy(x).reshape(shape)


def stream(name):
    """FNV-1a of a name, 64 bits."""
    h = 14695981039346656037
    for b in name.encode():
        h = (h ^ b) * 1099511628211 & MASK
    return h


def named(name, shape):
    """A parameter's or buffer's value by its name and shape alone: optest.Named."""
    scale, offset = 0.1, 0.0
    if len(shape) == 4:  # as wide as He's normal over the fan-out
        scale = math.sqrt(6 / (shape[0] * shape[2] * shape[3]))
    elif len(shape) == 2:
        scale = math.sqrt(3 / shape[1])
    elif name.endswith("running_var"):
        scale, offset = 0.2, 1.0
    elif name.endswith("bn3.weight"):  # γ at the end of a residual block, small so that training is not chaotic
        offset = 0.2
    elif name.endswith("weight"):  # γ
        offset = 1.0
    return values(stream(name), shape, scale, offset)
