"""Trajectories of optimizers in float64: PyTorch's SGD, Adam and AdamW; Lion as in algorithm 2 of Chen et al. (2023).

A weight [2, 3] and a bias [2] under given gradients, six steps with a learning rate of their own. Writes testdata/oracle/optimizers.json.

    python scripts/oracle/optimizers.py
"""

import json
import math
import pathlib

import torch

torch.set_default_dtype(torch.float64)
STEPS = 6


def wave(n, seed):
    return [((i * 7919 + seed * 104729 + 13) % 1009) / 504.5 - 1.0 for i in range(n)]


def tensors(seed):
    return [torch.tensor(wave(6, seed)).reshape(2, 3), torch.tensor(wave(2, seed + 50))]


class Lion(torch.optim.Optimizer):
    def __init__(self, params, lr, betas, weight_decay):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                update = torch.sign(b1 * m + (1 - b1) * p.grad)
                p -= group["lr"] * (update + group["weight_decay"] * p)
                m.mul_(b2).add_(p.grad, alpha=1 - b2)


def groups(params, decay, which):
    weights, rest = params[:1], params[1:]
    return [dict(params=weights, weight_decay=decay), dict(params=rest, weight_decay=decay if which == "all" else 0.0)]


CASES = [
    ("sgd", dict(momentum=0.9, nesterov=False, weight_decay=0.1, decay="all"), lambda g, lr: torch.optim.SGD(g, lr=lr, momentum=0.9)),
    ("sgd", dict(momentum=0.8, nesterov=True, weight_decay=0.1, decay="weights"), lambda g, lr: torch.optim.SGD(g, lr=lr, momentum=0.8, nesterov=True)),
    ("adamw", dict(weight_decay=0.1, decay="all"), lambda g, lr: torch.optim.AdamW(g, lr=lr)),
    ("adamw:beta1=0.8,beta2=0.95,eps=1e-3", dict(weight_decay=0.1, decay="weights"), lambda g, lr: torch.optim.AdamW(g, lr=lr, betas=(0.8, 0.95), eps=1e-3)),
    ("adamw:decoupled=no", dict(weight_decay=0.1, decay="all"), lambda g, lr: torch.optim.Adam(g, lr=lr)),
    ("lion", dict(weight_decay=0.1, decay="all"), lambda g, lr: Lion(g, lr, (0.9, 0.99), 0.1)),
]


def trajectory(settings, make, clip):
    params = [torch.nn.Parameter(t) for t in tensors(1)]
    optimizer = make(groups(params, settings["weight_decay"], settings["decay"]), 0.1)
    out = []
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = 0.1 / (1 + step)
        for p, g in zip(params, tensors(10 + step)):
            p.grad = g.clone()
        if clip:
            norm = math.sqrt(sum(float((p.grad**2).sum()) for p in params))
            for p in params:
                p.grad *= min(1.0, clip / norm)
        optimizer.step()
        out.append([float(v) for p in params for v in p.detach().reshape(-1)])
    return out


def main():
    cases = []
    for name, settings, make in CASES:
        for clip in [None, 1.0]:
            cases.append(dict(optimizer=name, clip_norm=clip, **settings, params=trajectory(settings, make, clip)))
    path = pathlib.Path(__file__).resolve().parents[2] / "testdata/oracle/optimizers.json"
    path.write_text(json.dumps(dict(torch=torch.__version__, cases=cases), indent=1) + "\n")


if __name__ == "__main__":
    main()
