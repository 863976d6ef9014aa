"""A random state dict of a model, as PyTorch writes it, and its logits for one image.

    python statedict.py MODEL DIR

writes DIR/model.safetensors and DIR/logits.json. The image is the one of infer's TestPyTorch.
"""
import json
import sys

import numpy
import timm
import torch
import torchvision
from safetensors.torch import save_file

model, folder = sys.argv[1:]
torch.manual_seed(1)
if model == "resnet50b":
    net = torchvision.models.resnet50(num_classes=37)
elif model.startswith("vgg"):
    net = getattr(torchvision.models, model)(num_classes=37)
else:
    net = timm.create_model(model, num_classes=37)
for m in net.modules():
    if isinstance(m, torch.nn.BatchNorm2d):
        torch.nn.init.uniform_(m.weight, 0.6, 1.2)
        torch.nn.init.normal_(m.bias, 0, 0.1)
        torch.nn.init.normal_(m.running_mean, 0, 0.2)
        torch.nn.init.uniform_(m.running_var, 0.5, 1.5)
net.eval()
x = numpy.zeros((64, 64, 3), numpy.float32)
for i in range(64):
    for j in range(64):
        x[i, j] = [j * 4, i * 4, i * j % 256]
image = torch.tensor(x / 255).permute(2, 0, 1)[None]
mean, std = torch.tensor([0.485, 0.456, 0.405]), torch.tensor([0.229, 0.224, 0.225])
image = (image - mean[None, :, None, None]) / std[None, :, None, None]
with torch.inference_mode():
    logits = net(image)[0].tolist()
save_file({k: v.contiguous() for k, v in net.state_dict().items()}, f"{folder}/model.safetensors")
json.dump(logits, open(f"{folder}/logits.json", "w"))
