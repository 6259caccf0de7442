"""Load the networks of dumps into PyTorch, strictly, and compare the logits.

    pip install torch torchvision timm safetensors
    python scripts/oracle/torch_models.py [--tolerance T] FILE...

Reads files written by `dupin split --dump --mode eval`. From the metadata `model` it builds the network by the
reference code (torchvision's ResNet and VGG, timm's VisionTransformer and MlpMixer; the wide residual network
and the GPT are written out below with the names of the code that people use), calls `load_state_dict` with
`strict=True` on the file's parameters and buffers, and compares logits relative to the largest one.

Exit status: 0 all within tolerance, 1 some logits differ, 2 a file could not be read or loaded.
"""

import math
import re

import timm
import torch
import torchvision
from safetensors import safe_open
from torch import nn
from torch.nn import functional as F

from files import check_all

TOLERANCES = {"F32": 1e-5, "F64": 1e-12}
ACTIVATIONS = {"relu": nn.ReLU, "gelu": nn.GELU, "tanh": nn.Tanh, "silu": nn.SiLU}


def arguments(spec):
    """`name:10,input=3x32x32` to the name, the first number or None, and the options."""
    name, _, rest = spec.partition(":")
    parts = [part for part in rest.split(",") if part]
    options = dict(part.split("=") for part in parts if "=" in part)
    return name, next((int(part) for part in parts if "=" not in part), None), options


def with_activation(model, act):
    """The model with every ReLU replaced."""
    for name, child in model.named_children():
        if isinstance(child, nn.ReLU):
            setattr(model, name, act())
        else:
            with_activation(child, act)
    return model


def resnet(name, classes, options, act):
    norms = {"bn": nn.BatchNorm2d, "gn": lambda c: nn.GroupNorm(math.gcd(32, c), c)}
    model = getattr(torchvision.models, name)(num_classes=classes or 1000, norm_layer=norms[options.get("norm", "bn")])
    channels, height, width = (int(x) for x in options.get("input", "3x224x224").split("x"))
    if options.get("stem", "cifar" if max(height, width) <= 64 else "imagenet") == "cifar":
        model.conv1, model.maxpool = nn.Conv2d(channels, 64, 3, padding=1, bias=False), nn.Identity()
    return with_activation(model, act)


def vgg(name, classes, options, act):
    norm = {"none": "", "bn": "_bn"}[options.get("norm", "none")]
    model = getattr(torchvision.models, name + norm)(num_classes=classes or 1000)
    channels, *size = (int(x) for x in options.get("input", "3x224x224").split("x"))
    model.features[0] = nn.Conv2d(channels, 64, 3, padding=1)
    if size != [224, 224]:
        model.avgpool, model.classifier = nn.AdaptiveAvgPool2d(1), nn.Linear(512, classes)
    return with_activation(model, act)


class WideBlock(nn.Module):
    def __init__(self, inputs, outputs, stride, act):
        super().__init__()
        self.bn1, self.act = nn.BatchNorm2d(inputs), act()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        if inputs != outputs:
            self.convShortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x):
        y = self.act(self.bn1(x))
        shortcut = self.convShortcut(y) if hasattr(self, "convShortcut") else x
        return shortcut + self.conv2(self.act(self.bn2(self.conv1(y))))


class WideResNet(nn.Module):
    def __init__(self, depth, factor, channels, classes, act):
        super().__init__()
        widths = [16, 16 * factor, 32 * factor, 64 * factor]
        self.conv1 = nn.Conv2d(channels, 16, 3, padding=1, bias=False)
        for stage in (1, 2, 3):
            block = nn.Module()
            block.layer = nn.Sequential(*[
                WideBlock(widths[stage - 1] if i == 0 else widths[stage], widths[stage], 2 if stage > 1 and i == 0 else 1, act)
                for i in range((depth - 4) // 6)])
            setattr(self, f"block{stage}", block)
        self.bn1, self.act, self.fc = nn.BatchNorm2d(widths[3]), act(), nn.Linear(widths[3], classes)

    def forward(self, x):
        x = self.conv1(x)
        for stage in (1, 2, 3):
            x = getattr(self, f"block{stage}").layer(x)
        return self.fc(self.act(self.bn1(x)).mean((2, 3)))


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads, self.c_attn, self.c_proj = heads, nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x):
        n, t, d = x.shape
        q, k, v = (part.view(n, t, self.heads, -1).transpose(1, 2) for part in self.c_attn(x).split(d, dim=2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.c_proj(y.transpose(1, 2).reshape(n, t, d))


class GptBlock(nn.Module):
    def __init__(self, dim, heads, mlp, act):
        super().__init__()
        self.ln_1, self.attn, self.ln_2 = nn.LayerNorm(dim), Attention(dim, heads), nn.LayerNorm(dim)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(dim, mlp), "act": act(), "c_proj": nn.Linear(mlp, dim)})

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp.c_proj(self.mlp.act(self.mlp.c_fc(self.ln_2(x))))


class Gpt(nn.Module):
    """nanoGPT's modules; a tied head is the table itself and has no entry of its own."""

    def __init__(self, vocabulary, options, act):
        super().__init__()
        dim, heads = int(options.get("dim", 64)), int(options.get("heads", 4))
        self.transformer = nn.ModuleDict({
            "wte": nn.Embedding(vocabulary, dim), "wpe": nn.Embedding(int(options.get("context", 64)), dim),
            "h": nn.ModuleList([GptBlock(dim, heads, int(options.get("mlp", 4 * dim)), act)
                                for _ in range(int(options.get("depth", 2)))]),
            "ln_f": nn.LayerNorm(dim)})
        if options.get("head") == "untied":
            self.lm_head = nn.Linear(dim, vocabulary, bias=False)

    def forward(self, x):
        y = self.transformer.wte(x) + self.transformer.wpe.weight
        for block in self.transformer.h:
            y = block(y)
        y = self.transformer.ln_f(y)
        return self.lm_head(y) if hasattr(self, "lm_head") else y @ self.transformer.wte.weight.T


def patches(options, image):
    """Timm's arguments for the images and their patches."""
    channels, height, width = (int(x) for x in options.get("input", image).split("x"))
    most = min(16, max(1, min(height, width) // 4))
    default = max(p for p in range(1, most + 1) if height % p == 0 and width % p == 0)
    return {"img_size": (height, width), "patch_size": int(options.get("patch", default)), "in_chans": channels}


def build(spec, act):
    name, first, options = arguments(spec)
    if name.startswith("resnet"):
        return resnet(name, first, options, act)
    if name.startswith("vgg"):
        return vgg(name, first, options, act)
    if match := re.fullmatch(r"wrn-(\d+)-(\d+)", name):
        channels = int(options.get("input", "3x32x32").split("x")[0])
        return WideResNet(int(match[1]), int(match[2]), channels, first or 10, act)
    if name in ("vit", "vit-tiny"):
        dim, depth, heads, image, classes = ((64, 4, 4, "1x28x28", 10) if name == "vit" else (192, 12, 3, "3x224x224", 1000))
        dim, depth, heads = (int(options.get(key, value)) for key, value in (("dim", dim), ("depth", depth), ("heads", heads)))
        mean = options.get("pool") == "mean"
        return timm.models.vision_transformer.VisionTransformer(
            **patches(options, image), num_classes=first or classes, embed_dim=dim, depth=depth, num_heads=heads, act_layer=act,
            mlp_ratio=int(options.get("mlp", 4 * dim)) / dim, class_token=not mean, global_pool="avg" if mean else "token")
    if name == "mixer":
        dim = int(options.get("dim", 64))
        ratios = int(options.get("tokens", (dim + 1) // 2)) / dim, int(options.get("channels", 4 * dim)) / dim
        return timm.models.mlp_mixer.MlpMixer(
            **patches(options, "1x28x28"), num_classes=first or 10, embed_dim=dim, num_blocks=int(options.get("depth", 4)),
            mlp_ratio=ratios, act_layer=act)
    if name == "char":
        return Gpt(first or 128, options, act)
    raise ValueError(f"no reference code for {name!r}")


def check(path, tolerance):
    """Print one line; whether the logits agree."""
    with safe_open(path, framework="pt") as file:
        tensors, metadata = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()
    if metadata["mode"] != "eval":
        raise ValueError(f"mode is {metadata['mode']!r}, expected 'eval'")
    dtype = {"F32": torch.float32, "F64": torch.float64}[metadata["dtype"]]
    model = build(metadata["model"], ACTIVATIONS[metadata["activation"]]).to(dtype).eval()
    state = {name.split("/", 1)[1]: value for name, value in tensors.items() if name.split("/")[0] in ("param", "buffer")}
    model.load_state_dict(state, strict=True)
    with torch.no_grad():
        logits = model(tensors["input"])
    wanted = tensors["logits"]
    error = float((logits - wanted).abs().max() / wanted.abs().max())
    limit = tolerance or TOLERANCES[metadata["dtype"]]
    good = logits.shape == wanted.shape and error <= limit
    count = sum(p.numel() for p in model.parameters())
    print(f"{metadata['model']}, {metadata['activation']}, {metadata['dtype']}: {count} parameters, logits off by {error:.1e}"
          f"{'' if good else f'  EXCEEDS {limit:g}'}", flush=True)
    return good


if __name__ == "__main__":
    check_all(__doc__, check, "relative; default 1e-5 for F32 dumps, 1e-12 for F64")
