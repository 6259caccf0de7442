"""The model language, its losses and the products H v, G v and N v, in JAX float64.

Names and layouts are PyTorch's: input NCHW or [n, d], Linear weights [out, in], convolutions OIHW,
parameters named by module index ("0.weight", "3.body.1.bias"). Written to be read beside the grammar:

    mlp:5-8-4   logistic:5-4   lenet   cnn   net:INPUT,LAYER,...   with INPUT = CxHxW, a width or tokens<T>v<V>
    conv<C>[k<K>][s<S>][p<P>][g<G>][nobias]  fc<N>[nobias]  act  <activation>  avgpool<K>[s<S>][p<P>]
    maxpool<K>[s<S>][p<P>]  gap  flatten  bn  gn<G>  ln[EPS]  res(LAYERS)  res(LAYERS|LAYERS)  seq(LAYERS)
    embed<D>  unembed  tokens  cls  pos  wpe  attn<H>[causal]  swap  first        and each as NAME=LAYER

Other models with names are abbreviations of a `net:`, which a dump carries; they are not spelled out here.
"""

import math
import re
from dataclasses import dataclass, field

import jax

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp  # noqa: E402  (after the switch to float64)

from activations import is_kinked, parse_activation  # noqa: E402

EPS = 1e-5  # of BatchNorm and LayerNorm

NAMED = {
    "lenet": "net:1x28x28,conv16k5,act,conv32k5s2,act,conv32k5s2,act,flatten,fc120,act,fc10",
    "cnn": "net:3x32x32,conv32,act,conv32,act,conv64s2,act,conv64,act,conv128s2,act,conv128,act,gap,fc10",
}


@dataclass
class Run:
    """What one evaluation of the network sees besides its input."""

    params: dict
    buffers: dict
    act: object  # the function that stands for the token `act`
    mask: object = None  # [n] 1.0 for examples in the batch statistics; None evaluates on running statistics
    pre: list = field(default_factory=list)  # inputs of the `act` tokens, in order
    margins: list = field(default_factory=list)  # distances [..] to the nearest kink or max-pool tie


@dataclass
class Model:
    """A parsed network: `params` and `buffers` map names to shapes, `outputs` is the number of logits at each
    place of `target_shape`, which is () for one class per example. `vocabulary` is None but for tokens."""

    input_shape: tuple
    outputs: int
    params: dict
    buffers: dict
    layers: list
    act_spec: str
    vocabulary: int | None = None
    target_shape: tuple = ()
    table: str | None = None  # the parameter of `embed`

    def run(self, params, buffers, x, mask=None, act=None):
        """Logits [n, outputs] and the `Run` with what was recorded on the way."""
        run = Run(params, buffers, act or parse_activation(self.act_spec), mask)
        for layer in self.layers:
            x = layer(run, x)
        return x, run


def split_top(text, separator):
    """Split at separators that are outside parentheses."""
    parts, depth = [""], 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if char == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    if depth:
        raise ValueError(f"unbalanced parentheses in {text!r}")
    return parts


def expand(spec):
    """Any model specification as the `net:` form."""
    if spec in NAMED:
        return NAMED[spec]
    kind, _, rest = spec.partition(":")
    if kind in ("mlp", "logistic"):
        first, *widths = rest.split("-")
        return f"net:{first}," + ",act,".join(f"fc{width}" for width in widths)
    if kind != "net":
        raise ValueError(f"unknown model {spec!r}")
    return spec


def parse_model(spec, act_spec):
    """Parse a model specification and the activation that stands for its `act` tokens."""
    first, *tokens = split_top(expand(spec).removeprefix("net:"), ",")
    model = Model((), 0, {}, {}, [], act_spec)
    if match := re.fullmatch(r"tokens(\d+)v(\d+)", first):
        model.input_shape, model.vocabulary = (int(match[1]),), int(match[2])
    else:
        model.input_shape = tuple(int(size) for size in first.split("x"))
    model.layers, out = _sequential(model, tokens, model.input_shape, "", "")
    if len(out) != (1 if model.vocabulary is None else 2):
        raise ValueError(f"{spec!r} ends in shape {out}, expected one axis of logits")
    model.outputs, model.target_shape = out[-1], out[:-1]
    return model


def _sequential(model, tokens, shape, named, numbered):
    """Layers in a row; those with a name go below `named`, the others by their number below `numbered`."""
    layers, index = [], 0
    for token in tokens:
        match = re.match(r"([A-Za-z0-9_.]*)=", token)
        path = (named + match[1]).rstrip(".") if match else f"{numbered}{index}"
        token = token[match.end():] if match else token
        layer, out = _layer(model, token, shape, path + ".")
        layers.append(layer)
        index += 2 if token == "gap" and len(shape) == 3 else 1  # gap is AdaptiveAvgPool2d followed by Flatten
        shape = out
    return layers, shape


def _options(token, text, **defaults):
    """`"s2p1"` to a dict, over the defaults."""
    if not re.fullmatch(f"(?:[{''.join(defaults)}]\\d+)*", text):
        raise ValueError(f"cannot read {text!r} in layer {token!r}")
    return defaults | {key: int(value) for key, value in re.findall(r"([a-z])(\d+)", text)}


def _layer(model, token, shape, prefix):
    """One layer as a function of a `Run` and its input [n, ...], and the shape it gives per example."""
    rank = len(shape)

    def parameter(name, size):
        model.params[prefix + name] = tuple(size)

    def need_rank(*ranks):
        if rank not in ranks:
            raise ValueError(f"layer {token!r} cannot follow a shape of {shape}")

    if token.startswith("res("):
        body, *shortcut = split_top(token[4:-1], "|")
        body, out = _sequential(model, split_top(body, ","), shape, prefix, prefix + "body.")
        shortcut, other = (_sequential(model, split_top(shortcut[0], ","), shape, prefix, prefix + "shortcut.")
                           if shortcut else ([], shape))
        if out != other:
            raise ValueError(f"{token!r} adds shapes {out} and {other}")

        def residual(run, x):
            left = right = x
            for layer in body:
                left = layer(run, left)
            for layer in shortcut:
                right = layer(run, right)
            return left + right

        return residual, out

    if token.startswith("seq("):
        inner, out = _sequential(model, split_top(token[4:-1], ","), shape, prefix, prefix)

        def sequence(run, x):
            for layer in inner:
                x = layer(run, x)
            return x

        return sequence, out

    if layer := _sequence_layer(model, token, shape, prefix):
        return layer

    if match := re.fullmatch(r"conv(\d+)((?:[kspg]\d+)*)(nobias)?", token):
        need_rank(3)
        channels, bias = int(match[1]), not match[3]
        o = _options(token, match[2], k=3, s=1, p=None, g=1)
        k, s, g = o["k"], o["s"], o["g"]
        p = k // 2 if o["p"] is None else o["p"]
        parameter("weight", (channels, shape[0] // g, k, k))
        if bias:
            parameter("bias", (channels,))

        def conv(run, x):
            y = jax.lax.conv_general_dilated(
                x, run.params[prefix + "weight"], (s, s), [(p, p), (p, p)],
                dimension_numbers=("NCHW", "OIHW", "NCHW"), feature_group_count=g)
            return y + run.params[prefix + "bias"][:, None, None] if bias else y

        return conv, (channels, *_pooled(shape, k, s, p))

    if match := re.fullmatch(r"fc(\d+)(nobias)?", token):
        need_rank(1, 2)
        width, bias = int(match[1]), not match[2]
        parameter("weight", (width, shape[-1]))
        if bias:
            parameter("bias", (width,))

        def linear(run, x):
            y = x @ run.params[prefix + "weight"].T
            return y + run.params[prefix + "bias"] if bias else y

        return linear, (*shape[:-1], width)

    if match := re.fullmatch(r"(avg|max)pool(\d+)((?:[sp]\d+)*)", token):
        need_rank(3)
        k = int(match[2])
        o = _options(token, match[3], s=k, p=0)
        s, p = o["s"], o["p"]
        height, width = _pooled(shape, k, s, p)

        def windows(x, fill):
            """[k*k, n, c, height, width]: every offset within the windows, in row-major order."""
            x = jnp.pad(x, [(0, 0), (0, 0), (p, p), (p, p)], constant_values=fill)
            return jnp.stack([
                x[:, :, i : i + s * (height - 1) + 1 : s, j : j + s * (width - 1) + 1 : s]
                for i in range(k) for j in range(k)])

        def avgpool(run, x):
            return windows(x, 0.0).sum(0) / k**2  # padding counts, as count_include_pad=True

        def maxpool(run, x):
            x = windows(x, -jnp.inf)
            if k > 1:
                top = jnp.sort(jax.lax.stop_gradient(x), axis=0)
                run.margins.append(top[-1] - top[-2])
            # The position of the maximum (the first one on a tie) is a constant of differentiation.
            return jnp.take_along_axis(x, jnp.argmax(jax.lax.stop_gradient(x), axis=0)[None], axis=0)[0]

        return (avgpool if match[1] == "avg" else maxpool), (shape[0], height, width)

    if token == "gap":
        need_rank(3)
        return (lambda run, x: x.mean((2, 3))), shape[:1]

    if token == "flatten":
        return (lambda run, x: x.reshape(x.shape[0], -1)), (math.prod(shape),)

    if token == "bn":
        need_rank(1, 3)
        for name in ("weight", "bias"):
            parameter(name, shape[:1])
        for name in ("running_mean", "running_var"):
            model.buffers[prefix + name] = shape[:1]

        def batch_norm(run, x):
            def per_channel(v):
                return v.reshape(-1, *[1] * (rank - 1))

            if run.mask is None:
                mean, var = (per_channel(run.buffers[prefix + name]) for name in ("running_mean", "running_var"))
            else:
                axes = (0, *range(2, rank + 1))
                mask = run.mask.reshape(-1, *[1] * rank)
                count = run.mask.sum() * math.prod(shape[1:])
                mean = (mask * x).sum(axes, keepdims=True) / count
                var = (mask * (x - mean) ** 2).sum(axes, keepdims=True) / count  # biased
            normal = (x - mean) / jnp.sqrt(var + EPS)
            return normal * per_channel(run.params[prefix + "weight"]) + per_channel(run.params[prefix + "bias"])

        return batch_norm, shape

    if match := re.fullmatch(r"gn(\d+)", token):
        need_rank(1, 3)
        groups = int(match[1])
        for name in ("weight", "bias"):
            parameter(name, shape[:1])

        def group_norm(run, x):
            each = x.reshape(x.shape[0], groups, -1)  # neighbouring channels are a group, as are all their positions
            normal = _standardized(each, (2,), EPS).reshape(x.shape)
            weight, bias = (run.params[prefix + name].reshape(-1, *[1] * (rank - 1)) for name in ("weight", "bias"))
            return normal * weight + bias

        return group_norm, shape

    if match := re.fullmatch(r"ln([0-9].*)?", token):
        eps = float(match[1] or EPS)
        over = shape[1:] if rank == 2 else shape  # each token of a sequence, the whole of any other example
        parameter("weight", over)
        parameter("bias", over)

        def layer_norm(run, x):
            normal = _standardized(x, tuple(range(x.ndim - len(over), x.ndim)), eps)
            return normal * run.params[prefix + "weight"] + run.params[prefix + "bias"]

        return layer_norm, shape

    fixed = None if token == "act" else parse_activation(token)  # raises for a token that is no layer
    kinked = is_kinked(model.act_spec if token == "act" else token)

    def activation(run, x):
        if kinked:
            run.margins.append(jnp.abs(jax.lax.stop_gradient(x)))
        if fixed:
            return fixed(x)
        run.pre.append(x)
        return run.act(x)

    return activation, shape


def _standardized(x, axes, eps):
    centred = x - x.mean(axes, keepdims=True)
    return centred / jnp.sqrt((centred**2).mean(axes, keepdims=True) + eps)


def _sequence_layer(model, token, shape, prefix):
    """A layer that makes, takes or leaves a sequence [n, t, d], or None."""
    own = prefix.rstrip(".")  # a class token and positions are parameters, not modules
    if match := re.fullmatch(r"embed(\d+)", token):
        model.table = prefix + "weight"
        model.params[model.table] = (model.vocabulary, int(match[1]))
        return (lambda run, x: run.params[prefix + "weight"][x]), (*shape, int(match[1]))
    if token == "tokens":
        return (lambda run, x: x.reshape(*x.shape[:2], -1).transpose(0, 2, 1)), (shape[1] * shape[2], shape[0])
    if len(shape) != 2:
        return None
    t, d = shape
    if token == "unembed":
        table = model.table
        return (lambda run, x: jnp.einsum("ntd,vd->ntv", x, run.params[table])), (t, model.vocabulary)
    if token == "cls":
        model.params[own] = (1, 1, d)
        return (lambda run, x: jnp.concatenate([jnp.tile(run.params[own], (x.shape[0], 1, 1)), x], 1)), (t + 1, d)
    if token == "pos":
        model.params[own] = (1, t, d)
        return (lambda run, x: x + run.params[own]), shape
    if token == "wpe":
        model.params[prefix + "weight"] = (t, d)
        return (lambda run, x: x + run.params[prefix + "weight"]), shape
    if token == "swap":
        return (lambda run, x: x.transpose(0, 2, 1)), (d, t)
    if token == "first":
        return (lambda run, x: x[:, 0]), (d,)
    if token == "gap":
        return (lambda run, x: x.mean(1)), (d,)
    if match := re.fullmatch(r"attn(\d+)(causal)?", token):
        heads, width = int(match[1]), d // 3
        size = width // heads
        if d != 3 * heads * size:
            raise ValueError(f"{token!r} cannot share {d} features")
        seen = jnp.tril(jnp.ones((t, t), bool)) if match[2] else jnp.ones((t, t), bool)

        def attention(run, x):
            mixed = []
            for h in range(heads):
                q, k, v = (x[..., part * width + h * size : part * width + (h + 1) * size] for part in range(3))
                scores = jnp.einsum("nqd,nkd->nqk", q, k) / math.sqrt(size)
                mixed.append(jax.nn.softmax(jnp.where(seen, scores, -jnp.inf), axis=-1) @ v)
            return jnp.concatenate(mixed, -1)

        return attention, (t, width)
    return None


def _pooled(shape, k, s, p):
    sizes = tuple((size + 2 * p - k) // s + 1 for size in shape[1:])
    if min(sizes) < 1:
        raise ValueError(f"a window of {k} with padding {p} does not fit into a map of {shape[1:]}")
    return sizes


def loss_per_example(spec, logits, target):
    """Losses [n] for `ce`, `ce:SMOOTHING` or `mse`, of sequences the mean over places. `target` is integers of
    the shape of the logits without their last axis, or for `mse` floats of their shape."""
    name, _, option = spec.partition(":")
    outputs = logits.shape[-1]
    places = tuple(range(1, logits.ndim - 1))
    if name == "mse" and not option:
        wanted = target if target.ndim == logits.ndim else jax.nn.one_hot(target, outputs, dtype=logits.dtype)
        return ((logits - wanted) ** 2).mean((*places, -1))
    if name == "ce":
        smoothing = float(option or 0.0)
        wanted = (1 - smoothing) * jax.nn.one_hot(target, outputs, dtype=logits.dtype) + smoothing / outputs
        return -(wanted * jax.nn.log_softmax(logits)).sum(-1).mean(places)
    raise ValueError(f"unknown loss {spec!r}; known: ce, ce:SMOOTHING, mse")


@dataclass
class Problem:
    """A network, its data and its loss: everything but the parameters."""

    model: Model
    loss_spec: str
    train: bool
    buffers: dict
    input: object
    target: object
    weights: object

    def run(self, params, act=None):
        """Logits and the `Run` of one evaluation."""
        mask = (self.weights != 0).astype(self.weights.dtype) if self.train else None
        return self.model.run(params, self.buffers, self.input, mask, act)

    def logits(self, params, act=None):
        return self.run(params, act)[0]

    def outer(self, logits):
        """The loss as a function of the logits: sum of weights[n] * loss[n]."""
        return self.weights @ loss_per_example(self.loss_spec, logits, self.target)

    def loss(self, params, act=None):
        return self.outer(self.logits(params, act))

    def grad(self, params, act=None):
        return jax.grad(self.loss)(params, act)

    def hv(self, params, v, act=None):
        """H v, forward over reverse."""
        return jax.jvp(lambda p: self.grad(p, act), (params,), (v,))[1]

    def gv(self, params, v):
        """G v = J^T H_z J v."""
        z, dz = jax.jvp(self.logits, (params,), (v,))
        hz_dz = jax.jvp(jax.grad(self.outer), (z,), (dz,))[1]
        return jax.vjp(self.logits, params)[1](hz_dz)[0]

    def nv(self, params, v):
        """N v = d/dtheta [J(theta)^T c] v with c = dL/dz held constant. Knows nothing of H v or G v."""
        c = jax.grad(self.outer)(self.logits(params))
        return jax.jvp(lambda p: jax.vjp(self.logits, p)[1](c)[0], (params,), (v,))[1]

    def quadratic(self, params, v):
        """v^T H v."""
        return dot(v, self.hv(params, v))

    def third(self, params, v):
        """Gradient in theta of v^T H v at fixed v."""
        return jax.grad(self.quadratic)(params, v)

    def margin(self, params):
        """Distance from the nearest kink or max-pool tie, infinity if there is none to meet."""
        return min((float(m.min()) for m in self.run(params)[1].margins), default=math.inf)


def dot(a, b):
    """Inner product of two dictionaries of arrays."""
    return sum(jnp.vdot(a[name], b[name]) for name in a)


def largest(a):
    """Largest magnitude in a dictionary of arrays."""
    return max((float(abs(value).max()) for value in a.values()), default=0.0)
