"""Writes weights by torchvision and timm, reads them by euryale, and the other way round; compares the logits."""
import json
import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import safetensors.torch
import timm
import torch
import torchvision
from PIL import Image

WORK = sys.argv[1]
SIZE, CLASSES = 64, 37
MEAN, STD = [0.485, 0.456, 0.405], [0.229, 0.224, 0.225]
torch.manual_seed(1)


def euryale(*args):
    r = subprocess.run([f"{WORK}/euryale", *args], capture_output=True, text=True)
    assert r.returncode == 0, (args, r.stderr)
    return r.stdout


def picture(size):
    """An image of the size that the network sees, so that no scaling stands between the two."""
    path = f"{WORK}/image{size}.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (size, size, 3), dtype=np.uint8)).save(path)
    x = torch.from_numpy(np.array(Image.open(path))).permute(2, 0, 1)[None].float() / 255
    return path, (x - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]


def randomise(net):
    """Statistics and biases that are not those of a fresh network."""
    for name, t in list(net.named_parameters()) + list(net.named_buffers()):
        with torch.no_grad():
            if name.endswith("running_var"):
                t.uniform_(0.5, 1.5)
            elif name.endswith("running_mean") or name.endswith("bias"):
                t.normal_(0, 0.1)
            elif name.endswith("num_batches_tracked"):
                t.fill_(7)
    return net.eval()


def logits(path, weights, *args, size=SIZE):
    out = euryale("predict", "-json", "-weights", weights, "-resize", str(size), "-crop", str(size), *args, path)
    return torch.tensor(json.loads(out)["logits"])


def compare(what, got, want):
    scale = want.abs().max().item()
    error = (got - want).abs().max().item() / scale
    assert error < 1e-4, (what, error)
    print(f"{what}: {error:.1e} of {scale:.3g}")


def write(net, stem):
    d = {k: v.contiguous() for k, v in net.state_dict().items()}
    safetensors.torch.save_file(d, f"{stem}.safetensors")
    torch.save(net.state_dict(), f"{stem}.pth")
    torch.save(net.state_dict(), f"{stem}-legacy.pth", _use_new_zipfile_serialization=False)
    return [f"{stem}.safetensors", f"{stem}.pth", f"{stem}-legacy.pth"]


def main():
    path, x = picture(SIZE)
    sources = [
        ("vgg16", "torchvision", lambda: torchvision.models.vgg16(num_classes=CLASSES)),
        ("vgg16_bn", "timm", lambda: timm.create_model("vgg16_bn", num_classes=CLASSES)),
        ("vgg16_bn", "torchvision", lambda: torchvision.models.vgg16_bn(num_classes=CLASSES)),
        ("vgg16", "timm", lambda: timm.create_model("vgg16", num_classes=CLASSES)),
        ("resnet50b", "torchvision", lambda: torchvision.models.resnet50(num_classes=CLASSES)),
        ("resnet50b", "timm", lambda: timm.create_model("resnet50", num_classes=CLASSES)),
        ("resnet50c", "timm", lambda: timm.create_model("resnet50c", num_classes=CLASSES)),
        ("resnet50d", "timm", lambda: timm.create_model("resnet50d", num_classes=CLASSES)),
    ]
    for model, library, make in sources:
        net = randomise(make())
        # timm's VGG wants maps of 7×7; torchvision's pools to them.
        size = 224 if library == "timm" and model.startswith("vgg") else SIZE
        of, y = picture(size)
        with torch.inference_mode():
            want = net(y)[0]
        files = write(net, f"{WORK}/{model}-{library}")
        for file in files:
            compare(f"{os.path.basename(file)} as {model}", logits(of, file, "-model", model, size=size), want)
        # and back, into a fresh network of the library, and into ONNX
        for ending in ["safetensors", "pth"]:
            to = f"{WORK}/back.{ending}"
            euryale("export", "-weights", files[0], "-model", model, "-names", library, "-to", to)
            d = torch.load(to, weights_only=True) if ending == "pth" else safetensors.torch.load_file(to)
            fresh = make().eval()
            fresh.load_state_dict(d, strict=True)
            for k, v in net.state_dict().items():
                assert torch.equal(v, fresh.state_dict()[k]), (model, ending, k)
        onnx_logits(path, x, files[0], model)
        for f in files:
            os.remove(f)
    wrapped(path, x)
    form_a(path, x)


def onnx_logits(path, x, file, model):
    to = f"{WORK}/model.onnx"
    euryale("export", "-weights", file, "-model", model, "-to", to, "-size", str(SIZE))
    onnx.checker.check_model(to, full_check=True)
    session = onnxruntime.InferenceSession(to, providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map["euryale.model"] == model
    ours = logits(path, file, "-model", model)
    three = session.run(["logits"], {"image": torch.cat([x * 0, x, -x]).numpy()})[0]
    one = session.run(["logits"], {"image": x.numpy()})[0]
    compare(f"{model} in ONNX Runtime", torch.from_numpy(one[0]), ours)
    compare(f"{model} in a batch of three", torch.from_numpy(three[1]), ours)
    os.remove(to)


def wrapped(path, x):
    """State dicts below the dictionaries and prefixes that people's training scripts put them."""
    net = randomise(torchvision.models.resnet50(num_classes=CLASSES))
    other = torchvision.models.resnet50(num_classes=CLASSES).state_dict()
    d = net.state_dict()
    averaged = torch.optim.swa_utils.AveragedModel(net).state_dict()
    named = lambda prefix, of=d: {prefix + k: v for k, v in of.items()}
    with torch.inference_mode():
        want = net(x)[0]
    for what, value in {
        "PyTorch's ImageNet example": {"epoch": 1, "arch": "resnet50", "state_dict": named("module."), "best_acc1": torch.tensor(41.3)},
        "torchvision's references": {"model": other, "model_ema": averaged, "epoch": 1},
        "Lightning": {"state_dict": {**named("model."), "criterion.weight": torch.ones(3)}, "callbacks": {}},
        "torch.compile": named("_orig_mod."),
        "timm": {"state_dict": other, "state_dict_ema": d},
        "a whole module": net,
        "an unknown prefix": {"what": {"ever": named("a.b.")}, "seen": {1, 2}, "array": np.zeros(3)},
        "parameters and buffers": {"params": dict(net.named_parameters()), "buffers": dict(net.named_buffers())},
        "a body and a classifier": {("" if k.startswith("fc.") else "backbone.") + k: v for k, v in d.items()},
    }.items():
        torch.save(value, f"{WORK}/wrapped.pth")
        compare(what, logits(path, f"{WORK}/wrapped.pth", "-model", "resnet50b"), want)
    os.remove(f"{WORK}/wrapped.pth")


def form_a(path, x):
    """torchvision's file is never taken for form A by itself."""
    stem = f"{WORK}/b"
    files = write(randomise(torchvision.models.resnet50(num_classes=CLASSES)), stem)
    r = subprocess.run([f"{WORK}/euryale", "predict", "-weights", files[1], "-model", "resnet50", path], capture_output=True, text=True)
    assert r.returncode != 0 and "resnet50b" in r.stderr and "any-form" in r.stderr, r.stderr
    logits(path, files[1], "-model", "resnet50", "-any-form", "-classes", names(37))
    tuned = ["train", "resnet50", "-quiet", "-set", "model.name=resnet50b", "-set", f"model.weights={files[1]}", "-set", "data.set=drawn",
             "-set", "data.drawn_classes=3", "-set", "data.drawn_images=4", "-set", "data.crop=32", "-set", "data.resize=32", "-set", "data.batch=4",
             "-set", "train.epochs=1", "-set", "model.freeze=conv1.*,bn1.*,layer*", "-set", "track=", "-out", f"{WORK}/tuned"]
    r = subprocess.run([f"{WORK}/euryale", *tuned], capture_output=True, text=True)
    assert r.returncode != 0 and "replace_head" in r.stderr, r.stderr
    euryale(*tuned, "-set", "model.replace_head=true")
    before = torch.load(files[1], weights_only=True)
    after = safetensors.torch.load_file(f"{WORK}/tuned/checkpoints/last.safetensors")
    assert after["fc.weight"].shape == (3, 2048)
    for k, v in after.items():
        if not k.startswith("fc.") and "running" not in k and "num_batches" not in k:
            assert torch.equal(v, before[k]), k
    print("fine-tuning with a frozen backbone leaves it as it was")


def names(n):
    with open(f"{WORK}/names.txt", "w") as f:
        f.writelines(f"class {i}\n" for i in range(n))
    return f"{WORK}/names.txt"


main()
