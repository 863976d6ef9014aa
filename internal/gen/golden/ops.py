"""Writes op/testdata/*.json: PyTorch's values of every operator, forward and
backward, in float64. Inputs come from hashing.py and are not stored.

    python internal/gen/golden/ops.py      (from the repository's root; needs torch and numpy)
"""

import json
import pathlib

import torch
import torch.nn.functional as F

from hashing import values

OUT = pathlib.Path(__file__).resolve().parents[3] / "op" / "testdata"


def leaf(name, shape, seed, scale=1.0, offset=0.0, fixed=False, floor=False):
    return dict(name=name, shape=list(shape), seed=seed, scale=scale, offset=offset, fixed=fixed, floor=floor)


def ints(name, data):
    return dict(name=name, shape=[len(data)], ints=list(data))


def tensors(inputs):
    result = {}
    for i in inputs:
        if "ints" in i:
            result[i["name"]] = torch.tensor(i["ints"])
        else:
            t = values(i["seed"], i["shape"], i["scale"], i["offset"])
            if i["floor"]:
                t = t.floor()
            result[i["name"]] = t.requires_grad_(not i["fixed"])
    return result


def case(name, attr, inputs, function):
    """Runs function(**inputs) and the gradients of Σ wᵢ·yᵢ, wᵢ = values(0)."""
    t = tensors(inputs)
    y = function(**t)
    (y * values(0, y.shape)).sum().backward()
    grads = {k: v.grad.flatten().tolist() for k, v in t.items() if v.grad is not None}
    return dict(name=name, attr=attr, inputs=inputs, y=y.detach().flatten().tolist(), grads=grads)


def conv():
    for x, w, stride, padding, dilation, groups in [
        ((2, 3, 5, 5), (2, 3, 3, 3), (1, 1), (0, 0), (1, 1), 1),
        ((1, 3, 7, 6), (4, 3, 3, 3), (2, 2), (1, 1), (1, 1), 1),
        ((1, 2, 7, 8), (3, 2, 3, 2), (3, 2), (2, 1), (1, 1), 1),
        ((1, 2, 9, 7), (3, 2, 2, 3), (2, 1), (1, 3), (3, 2), 1),
        ((2, 4, 4, 5), (6, 2, 3, 3), (1, 1), (1, 1), (1, 1), 2),
        ((2, 4, 5, 5), (4, 1, 3, 3), (2, 2), (1, 1), (1, 1), 4),
        ((2, 5, 4, 3), (6, 5, 1, 1), (2, 2), (0, 0), (1, 1), 1),
        ((1, 3, 1, 1), (5, 3, 3, 3), (1, 1), (1, 1), (1, 1), 1),
        ((1, 3, 9, 9), (2, 3, 7, 7), (2, 2), (3, 3), (1, 1), 1),
    ]:
        attr = dict(Stride=stride, Padding=padding, Dilation=dilation, Groups=groups)
        inputs = [leaf("x", x, 1), leaf("w", w, 2), leaf("b", w[:1], 3)]
        yield case(f"{x} {w} {attr}", attr, inputs,
                   lambda x, w, b: F.conv2d(x, w, b, stride, padding, dilation, groups))


def batchnorm():
    for name, shape, scale, offset in [
        ("plain", (3, 2, 3, 4), 1, 0),
        ("vectors", (5, 3), 1, 0),
        ("1x1 maps", (4, 3, 1, 1), 1, 0),
        ("mean of 1000 deviations", (3, 2, 4, 3), 1.7, 1000),
    ]:
        c = shape[1]
        for training in True, False:
            inputs = [leaf("x", shape, 1, scale, offset), leaf("gamma", [c], 2, 0.5, 1), leaf("beta", [c], 3),
                      leaf("mean", [c], 4, 1, offset, True), leaf("variance", [c], 5, 0.4, 0.5, True)]
            running = {}

            def run(x, gamma, beta, mean, variance):
                running["mean"], running["variance"] = mean.clone(), variance.clone()
                return F.batch_norm(x, running["mean"], running["variance"], gamma, beta, training, 0.1, 1e-5)

            result = case(f"{name} training={training}", dict(Training=training), inputs, run)
            result["running"] = {k: v.tolist() for k, v in running.items()}
            yield result


POOLS = [
    ((2, 2, 4, 6), (2, 2), (2, 2), (0, 0), False, False),
    ((1, 2, 7, 7), (3, 3), (2, 2), (1, 1), False, False),
    ((1, 2, 8, 6), (3, 3), (2, 2), (1, 1), True, False),
    ((1, 2, 5, 5), (2, 2), (2, 2), (0, 0), True, False),
    ((1, 2, 5, 5), (2, 2), (2, 2), (0, 0), True, True),
    ((2, 1, 7, 5), (3, 2), (2, 3), (1, 1), False, True),
    ((2, 1, 8, 5), (3, 2), (2, 3), (1, 1), True, True),
    ((1, 1, 6, 6), (3, 3), (4, 4), (1, 1), True, True),
    ((1, 3, 1, 1), (1, 1), (1, 1), (0, 0), False, False),
    ((1, 1, 5, 4), (3, 3), (1, 1), (1, 1), False, True),
]


def maxpool():
    for x, kernel, stride, padding, ceil, _ in POOLS:
        attr = dict(Kernel=kernel, Stride=stride, Padding=padding, CeilMode=ceil)
        for floor in False, True:  # integers from -2 to 1: windows with ties
            yield case(f"{x} {attr} ties={floor}", attr, [leaf("x", x, 1, 2, floor=floor)],
                       lambda x: F.max_pool2d(x, kernel, stride, padding, 1, ceil))


def avgpool():
    for x, kernel, stride, padding, ceil, count in POOLS:
        attr = dict(Kernel=kernel, Stride=stride, Padding=padding, CeilMode=ceil, CountIncludePad=count)
        yield case(f"{x} {attr}", attr, [leaf("x", x, 1)],
                   lambda x: F.avg_pool2d(x, kernel, stride, padding, ceil, count))


def adaptiveavgpool():
    for x, out in [((2, 2, 7, 5), (1, 1)), ((1, 2, 10, 9), (7, 7)), ((1, 2, 2, 2), (7, 7)), ((1, 1, 5, 8), (3, 2))]:
        yield case(f"{x} to {out}", dict(Out=out), [leaf("x", x, 1)], lambda x: F.adaptive_avg_pool2d(x, out))


def linear():
    for n, k, o in [(3, 5, 4), (1, 1, 1), (2, 37, 3)]:
        inputs = [leaf("x", (n, k), 1), leaf("w", (o, k), 2), leaf("b", (o,), 3)]
        yield case(f"{n} {k} {o}", {}, inputs, lambda x, w, b: F.linear(x, w, b))


def activation():
    functions = dict(ReLU=F.relu, SiLU=F.silu, GELU=F.gelu, GELUTanh=lambda x: F.gelu(x, approximate="tanh"))
    for name, function in functions.items():
        yield case(name, {}, [leaf("x", (2, 3, 2, 3), 1, scale=4)], lambda x: function(x))


def crossentropy():
    n, k = 4, 5
    labels = ints("target", [0, 4, 2, 2])
    probabilities = leaf("target", (n, k), 9, 0.3, 0.5, True)
    for smoothing in 0, 0.1, 1:
        for target, kind in (labels, "labels"), (probabilities, "probabilities"):
            for scale in 1, 300:
                inputs = [leaf("logits", (n, k), 1, scale), target]
                yield case(f"{kind} smoothing {smoothing} scale {scale}", dict(Smoothing=smoothing), inputs,
                           lambda logits, target: F.cross_entropy(logits, target, label_smoothing=smoothing))


def softmax():
    for scale in 1, 300:
        inputs = [leaf("x", (3, 4), 1, scale)]
        yield case(f"scale {scale}", {}, inputs, lambda x: F.softmax(x, 1))


def sgd():
    """Three steps; the gradient of step i is values(10+i), the learning rate 0.1/(1+i)."""
    for momentum, decay, nesterov in [(0, 0, False), (0, 0.01, False), (0.9, 0, False), (0.9, 0.01, False), (0.9, 0.01, True)]:
        w = torch.nn.Parameter(values(1, (6,)))
        optimizer = torch.optim.SGD([w], lr=0.1, momentum=momentum, weight_decay=decay, nesterov=nesterov)
        steps = []
        for i in range(3):
            optimizer.param_groups[0]["lr"] = 0.1 / (1 + i)
            w.grad = values(10 + i, (6,))
            optimizer.step()
            velocity = optimizer.state[w].get("momentum_buffer") if momentum else None
            steps.append(dict(w=w.detach().tolist(), v=[] if velocity is None else velocity.tolist()))
        yield dict(name=f"momentum {momentum} decay {decay} nesterov {nesterov}",
                   attr=dict(Momentum=momentum, WeightDecay=decay, Nesterov=nesterov), steps=steps)


def network():
    """A small residual network, three steps of SGD on one batch; see op/network_test.go."""
    x, labels = values(1, (4, 3, 8, 8)), torch.tensor([0, 2, 1, 2])
    params = {"conv1": values(2, (4, 3, 3, 3), 0.3), "gamma1": values(3, (4,), 0.5, 1), "beta1": values(4, (4,), 0.1),
              "conv2": values(5, (4, 4, 1, 1), 0.5), "gamma2": values(6, (4,), 0.5, 1), "beta2": values(7, (4,), 0.1),
              "fc": values(8, (3, 4), 0.5), "bias": values(9, (3,), 0.1)}
    p = {k: torch.nn.Parameter(v) for k, v in params.items()}
    state = {f"{s}{i}": torch.full((4,), float(s == "variance"), dtype=torch.float64)
             for i in (1, 2) for s in ("mean", "variance")}
    optimizer = torch.optim.SGD(p.values(), lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)
    losses = []
    for _ in range(3):
        h = F.conv2d(x, p["conv1"], stride=2, padding=1)
        h = F.relu(F.batch_norm(h, state["mean1"], state["variance1"], p["gamma1"], p["beta1"], True))
        h = F.max_pool2d(h, 2)
        r = F.batch_norm(F.conv2d(h, p["conv2"]), state["mean2"], state["variance2"], p["gamma2"], p["beta2"], True)
        h = F.adaptive_avg_pool2d(F.relu(r + h), 1).flatten(1)
        loss = F.cross_entropy(F.linear(h, p["fc"], p["bias"]), labels, label_smoothing=0.1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    state.update({k: v.detach() for k, v in p.items()})
    yield dict(losses=losses, state={k: v.flatten().tolist() for k, v in state.items()})


for family in conv, batchnorm, maxpool, avgpool, adaptiveavgpool, linear, activation, crossentropy, softmax, sgd, network:
    cases = list(family())
    lines = ",\n".join(json.dumps(c, separators=(",", ":"), allow_nan=False) for c in cases)
    (OUT / f"{family.__name__}.json").write_text(f"[\n{lines}\n]\n")
