"""Compares the ONNX file of a model of many kinds of layer, in ONNX Runtime, with the same layers in PyTorch."""
import sys

import onnx
import onnxruntime
import safetensors.torch
import torch
from torch import nn

WORK = sys.argv[1]
net = nn.Sequential(
    nn.Conv2d(3, 6, (1, 5), (2, 1), (0, 2)), nn.SiLU(),
    nn.Conv2d(6, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8, eps=1e-2), nn.GELU(),
    nn.MaxPool2d((1, 2)), nn.AdaptiveAvgPool2d((2, 3)), nn.Flatten(),
    nn.Linear(48, 10, bias=False), nn.GELU(approximate="tanh"), nn.Linear(10, 4)).eval()
missing = net.load_state_dict(safetensors.torch.load_file(f"{WORK}/model.safetensors"), strict=False)
assert not missing.unexpected_keys and all(k.endswith("num_batches_tracked") for k in missing.missing_keys), missing
onnx.checker.check_model(f"{WORK}/model.onnx", full_check=True)
session = onnxruntime.InferenceSession(f"{WORK}/model.onnx", providers=["CPUExecutionProvider"])
x = 3 * torch.randn(5, 3, 12, 12, generator=torch.Generator().manual_seed(1))
with torch.inference_mode():
    want = net(x)
got = torch.from_numpy(session.run(["logits"], {"image": x.numpy()})[0])
error = ((got - want).abs().max() / want.abs().max()).item()
assert error < 1e-5, error
print(f"layers in ONNX Runtime: {error:.1e} of {want.abs().max():.3g}")
