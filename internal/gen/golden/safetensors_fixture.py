"""Writes checkpoint/testdata/torch.safetensors by the reference library.

    python internal/gen/golden/safetensors_fixture.py    (from the repository's root; needs torch and safetensors)
"""

import pathlib

import torch
from safetensors.torch import save_file

OUT = pathlib.Path(__file__).resolve().parents[3] / "checkpoint" / "testdata" / "torch.safetensors"

special = [0.0, -0.0, 1.0, -1.5, 65504.0, 2.0**-14, 2.0**-24, -1023 * 2.0**-24, float("inf"), float("-inf"), float("nan")]

if __name__ == "__main__":
    OUT.parent.mkdir(exist_ok=True)
    save_file(
        {
            "conv.weight": torch.arange(24, dtype=torch.float32).reshape(2, 3, 2, 2) / 4,
            "bn.running_mean": torch.tensor([1 / 3, -1e300], dtype=torch.float64),
            "bn.num_batches_tracked": torch.tensor(2**40 + 1),
            "half": torch.tensor(special, dtype=torch.float16),
            "brain": torch.tensor([1.0, -3.140625, 1e38, float("inf"), float("nan")], dtype=torch.bfloat16),
            "empty": torch.zeros(0, 3),
            "naïve \"name\"": torch.tensor([7.0]),
        },
        OUT,
        metadata={"format": "pt", "note": "a < b & c"},
    )
