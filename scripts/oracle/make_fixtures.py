"""Write testdata/oracle/<case>.safetensors: H v, G v and N v of tiny networks in float64.

    pip install -r scripts/oracle/requirements.txt
    python scripts/oracle/make_fixtures.py [--only CASE,CASE] [--out DIRECTORY]

Every number is drawn from PCG64 with the seed of its case, so the files are reproduced exactly by the same
versions on the same kind of machine. Before a file is written its content is checked:

- H v = G v + N v, with the three computed separately (see `model.Problem`).
- Plain activations: the gradient, H v and grad(v^T H v) agree with central differences.
- Surrogates: H v agrees with that of the network in which each activation is replaced, at its own
  pre-activation u, by the parabola phi(u) + phi'(u)(x-u) + phi''(u)(x-u)^2/2, phi'' the surrogate's.
  At theta the two networks have the same H by definition, and the parabola needs no custom rule.
- No pre-activation is near a kink and no max-pool window near a tie, so float32 takes the same branches.

`check_closed_form` derives H, G and N of a network with one hidden unit by hand, surrogates included.
"""

import argparse
import math
import pathlib
from dataclasses import dataclass

import jax
import numpy as np

import dump
from activations import derivative, parse_activation, second_derivative
from model import Problem, dot, jnp, largest, parse_model

PROBES = 2
MARGIN = 2e-4  # float32 rounds activations of this size by 1e-6 or less


@dataclass(frozen=True)
class Case:
    """One fixture. `zero` is an example with weight 0, `floats` asks for real instead of integer targets."""

    name: str
    model: str
    act: str
    loss: str = "ce"
    mode: str = "train"
    seed: int = 0
    examples: int = 5
    zero: int | None = None
    floats: bool = False


MLP = "mlp:5-7-6-4"
BN_MLP = "net:5,fc7,bn,act,fc6,bn,act,fc4"
BN_CNN = "net:2x6x6,conv4nobias,bn,act,conv5s2nobias,bn,act,gap,fc3"
BN_RES = ("net:2x6x6,conv3nobias,bn,act,res(conv3nobias,bn,act,conv3nobias,bn),act,"
          "res(conv4s2nobias,bn,act,conv4nobias,bn|conv4k1s2p0nobias,bn),act,gap,fc3")
# As `Network::expanded` of vit:3,input=1x4x4,patch=2,dim=4,depth=1,heads=2,mlp=5 and the like; a test compares.
BLOCK = ("=res(norm1=ln1e-6,attn=seq(qkv=fc12,attn2,proj=fc4)),=res(norm2=ln1e-6,mlp=seq(fc1=fc5,act,fc2=fc4))")
PATCHES = "net:1x4x4,{}=conv4k2s2p0,tokens,"
VIT_CLS = PATCHES.format("patch_embed.proj") + (
    f"cls_token=cls,pos_embed=pos,blocks.0=seq({BLOCK}),first,norm=ln1e-6,head=fc3")
VIT_MEAN = PATCHES.format("patch_embed.proj") + f"pos_embed=pos,blocks.0=seq({BLOCK}),gap,fc_norm=ln1e-6,head=fc3"
MIXER = PATCHES.format("stem.proj") + (
    "blocks.0=seq(=res(norm1=ln1e-6,swap,mlp_tokens=seq(fc1=fc3,act,fc2=fc4),swap),"
    "=res(norm2=ln1e-6,mlp_channels=seq(fc1=fc5,act,fc2=fc4))),norm=ln1e-6,gap,head=fc3")
CHAR = ("net:tokens5v4,transformer.wte=embed4,transformer.wpe=wpe,"
        "transformer.h.0=seq(=res(ln_1=ln,attn=seq(c_attn=fc12,attn2causal,c_proj=fc4)),"
        "=res(ln_2=ln,mlp=seq(c_fc=fc5,act,c_proj=fc4))),transformer.ln_f=ln,")
WIDE_BLOCK = ("net:2x5x5,conv1=conv3nobias,block1=seq(layer.0=seq(bn1=bn,act,=res(conv1=conv4s2nobias,bn2=bn,act,"
              "conv2=conv4nobias|convShortcut=conv4k1s2p0nobias))),bn1=bn,act,gap,fc=fc3")
BOTTLENECK = ("net:2x5x5,conv1=conv4nobias,bn1=bn,act,layer1=seq(0=res(conv1=conv2k1p0nobias,bn1=bn,act,conv2=conv2s2nobias,"
              "bn2=bn,act,conv3=conv5k1p0nobias,bn3=bn|downsample.0=conv5k1s2p0nobias,downsample.1=bn),act),gap,fc=fc3")

CASES = [
    Case("mlp_gelu", MLP, "gelu", seed=1),
    Case("mlp_relu", MLP, "relu", seed=2, zero=3),
    Case("mlp_tanh", MLP, "tanh", seed=3),
    Case("mlp_silu", MLP, "silu", seed=4),
    Case("mlp_softplus", MLP, "softplus:2", seed=5),
    Case("mlp_sigmoid", MLP, "sigmoid", seed=6),
    Case("mlp_elu", MLP, "elu", seed=7),
    Case("mlp_leaky_relu", MLP, "leaky_relu:0.1", seed=8),
    Case("mlp_squared_relu", MLP, "squared_relu", seed=9),
    Case("mlp_gelu_tanh", MLP, "gelu_tanh", seed=10),
    Case("mlp_beta_gelu", MLP, "beta_gelu:4", seed=11),
    Case("mlp_identity", MLP, "identity", seed=12, zero=0),
    Case("mlp_fixed_activations", "net:5,fc6,tanh,fc5,softplus:3,fc6,act,fc4", "elu:1.5", seed=13),
    Case("mlp_mse_tanh", MLP, "tanh", loss="mse", seed=14, floats=True),
    Case("mlp_ce_smoothing", MLP, "gelu", loss="ce:0.1", seed=15, zero=4),
    Case("logistic_ce", "logistic:14-4", "identity", seed=16, zero=2),
    Case("logistic_mse", "logistic:14-4", "identity", loss="mse", seed=17),
    Case("cnn_stride_avgpool_gelu", "net:2x9x9,conv4s2p1,act,avgpool3s2p1,conv5,act,avgpool2,flatten,fc6,act,fc4",
         "gelu", seed=20, examples=4),
    Case("cnn_maxpool_tanh", "net:2x7x7,conv4,act,maxpool3s2p1,conv4,act,maxpool2,flatten,fc3", "tanh", seed=121, examples=4),
    Case("cnn_grouped_silu", "net:4x6x6,conv6g2,act,conv12s2g6nobias,act,conv4k1,act,gap,fc3", "silu", seed=22, examples=4, zero=1),
    Case("cnn_gap_gelu", "net:2x8x8,conv3,act,conv3,act,conv4s2,act,conv4,act,conv5s2,act,conv5,act,gap,fc4", "gelu", seed=23, examples=4),
    Case("cnn_5x5_stride3", "net:2x12x10,conv3k5s3p0,act,conv4k2,act,gap,fc4", "gelu", seed=24, examples=4),
    Case("mlp_layernorm_gelu", "net:6,fc8,ln,act,fc7,ln,act,fc4", "gelu", seed=30),
    Case("cnn_layernorm_relu", "net:2x5x5,conv3,ln,act,conv4s2,ln,act,flatten,fc3", "relu", seed=31, examples=4),
    Case("mlp_batchnorm_train", BN_MLP, "gelu", seed=32, examples=6),
    Case("mlp_batchnorm_eval", BN_MLP, "gelu", mode="eval", seed=33, examples=6),
    Case("cnn_batchnorm_train", BN_CNN, "gelu", seed=34, examples=5, zero=4),
    Case("cnn_batchnorm_eval", BN_CNN, "gelu", mode="eval", seed=35, examples=4, zero=1),
    Case("residual_cnn_bn_train", BN_RES, "gelu", seed=36, examples=4),
    Case("residual_mlp_tanh", "net:5,fc6,act,res(fc6,act,fc6),act,res(fc4,act,fc5|fc5nobias),act,fc3", "tanh", seed=37),
    Case("residual_cnn_mse", "net:2x5x5,conv3,act,res(conv3,act,conv3),act,res(conv4s2,act,conv4|conv4k1s2p0),act,gap,fc3",
         "silu", loss="mse", seed=38, examples=4, floats=True),
    Case("residual_wide_train", WIDE_BLOCK, "gelu", seed=50, examples=4, zero=2),
    Case("residual_wide_eval", WIDE_BLOCK, "gelu", mode="eval", seed=51, examples=4),
    Case("residual_bottleneck_train", BOTTLENECK, "silu", seed=52, examples=4),
    Case("cnn_groupnorm_gelu", "net:2x5x5,conv4,gn2,act,conv6s2,gn3,act,gap,fc6,gn2,act,fc3", "gelu", seed=53, examples=4),
    Case("vit_gelu", VIT_CLS, "gelu", seed=54, examples=4, zero=1),
    Case("vit_mean_mse", VIT_MEAN, "tanh", loss="mse", seed=55, examples=4, floats=True),
    Case("mixer_gelu", MIXER, "gelu", seed=56, examples=4),
    Case("char_tied_gelu", CHAR + "unembed", "gelu", seed=57, examples=4, zero=3),
    Case("char_untied_smoothing", CHAR + "lm_head=fc4nobias", "gelu", loss="ce:0.1", seed=58, examples=4),
    Case("mlp_relu_aug_beta_gelu", MLP, "relu~beta_gelu:4", seed=40),
    Case("mlp_gelu_none", MLP, "gelu~none", seed=41, zero=1),
    Case("mlp_relu_bump", MLP, "relu~bump:0.5:1.5", seed=42),
    Case("cnn_bn_relu_aug_beta_gelu", BN_CNN, "relu~beta_gelu:2", seed=43, examples=5, zero=2),
]


def draw(case):
    """The problem, its parameters and probes. Nothing is at its usual initial value: biases, scales and
    running statistics all matter to the result, and example weights differ and do not sum to 1."""
    rng = np.random.Generator(np.random.PCG64(case.seed))
    model = parse_model(case.model, case.act)
    n = case.examples

    def parameter(name, shape):
        noise = rng.standard_normal(shape)
        if name.endswith("bias"):
            return 0.3 * noise
        if name.removesuffix("weight") + "running_var" in model.buffers or name.removesuffix("weight") + "bias" in norms:
            return 1 + 0.3 * noise
        return noise * math.sqrt(1.5 / math.prod(shape[1:]))  # between the gains of tanh and ReLU networks

    # LayerNorm's weight has its bias's shape; no other weight does.
    norms = {name for name, shape in model.params.items()
             if name.endswith("bias") and model.params[name.removesuffix("bias") + "weight"] == shape}
    params = {name: jnp.asarray(parameter(name, shape)) for name, shape in model.params.items()}
    buffers = {}
    for name, shape in model.buffers.items():
        noise = rng.standard_normal(shape)
        buffers[name] = jnp.asarray(0.3 * noise if name.endswith("mean") else np.exp(0.4 * noise))
    shape = (n, *model.input_shape)
    inputs = rng.standard_normal(shape) if model.vocabulary is None else rng.integers(0, model.vocabulary, shape)
    places = (n, *model.target_shape)
    target = rng.standard_normal((*places, model.outputs)) if case.floats else rng.integers(0, model.outputs, places)
    weights = rng.uniform(0.4, 1.6, n) / n
    if case.zero is not None:
        weights[case.zero] = 0.0
    probes = [{name: jnp.asarray(rng.standard_normal(shape)) for name, shape in model.params.items()} for _ in range(PROBES)]
    problem = Problem(model, case.loss, case.mode == "train", buffers, *map(jnp.asarray, (inputs, target, weights)))
    return problem, params, probes


def close(what, a, b, tolerance, scale=None):
    """Assert that two dictionaries of arrays agree relative to their largest entry, or to `scale`."""
    error = largest({name: a[name] - b[name] for name in a})
    scale = scale or max(largest(b), 1e-30)
    assert error <= tolerance * scale, f"{what}: difference {error:.3g} exceeds {tolerance:.3g} of {scale:.3g}"
    return error / scale


def shift(params, step, v):
    return {name: params[name] + step * v[name] for name in params}


def check_differences(case, problem, params, v, hv, third):
    """Central differences along v of the loss, the gradient and v^T H v.

    A step of h/|v| moves the parameters by h = eps^(1/3): the truncation error is O(h^2) and the rounding
    error O(eps/h) = O(h^2), per unit length. The constant 1000 stands for the ratio of higher to lower
    derivatives of these networks, which grows with depth.
    """
    h = np.finfo(np.float64).eps ** (1 / 3)
    length = math.sqrt(dot(v, v))
    step = h / length
    tolerance = 1000 * h**2
    up, down = shift(params, step, v), shift(params, -step, v)

    def difference(f):
        return jax.tree.map(lambda a, b: (a - b) / (2 * step), f(up), f(down))

    grad = jax.jit(problem.grad)
    slope, curvature = dot(v, grad(params)), dot(v, hv)
    size = length * largest(grad(params))
    close(f"{case.name}: gradient", {"": difference(problem.loss)}, {"": slope}, tolerance, max(size, abs(slope)))
    close(f"{case.name}: H v", difference(grad), hv, tolerance, max(largest(hv), length * largest(grad(params))))
    size = max(abs(dot(v, third)), length * abs(curvature))
    close(f"{case.name}: third", {"": difference(jax.jit(lambda p: problem.quadratic(p, v)))}, {"": dot(v, third)}, tolerance, size)


def parabolas(problem, params, act):
    """An activation that answers its k-th call by its parabola about the k-th pre-activation at `params`."""
    points = iter(problem.run(params)[1].pre)
    phi, phi2 = parse_activation(act.split("~")[0]), second_derivative(act)

    def call(x):
        u = next(points)
        return phi(u) + derivative(phi)(u) * (x - u) + 0.5 * phi2(u) * (x - u) ** 2

    return call


def check_closed_form():
    """H, G and N of z = a phi(w x + b) + c under sum_n s_n (z_n - t_n)^2, derived by hand.

    With u = w x + b, r = z - t, in the order theta = (w, b, a, c):
      grad z = (a phi' x, a phi', phi, 1)
      nonzero entries of the Hessian of z: ww a phi'' x^2, wb a phi'' x, bb a phi'', wa phi' x, ba phi'
      G = sum 2 s grad z grad z^T,  N = sum 2 s r Hessian(z).
    phi'' of x Phi(beta x) is beta n(beta x) (2 - (beta x)^2), n the normal density.
    """
    def normal(x):
        return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)

    def cdf(x):
        return 0.5 * math.erfc(-x / math.sqrt(2))

    def beta_gelu2(beta):
        return lambda u: beta * normal(beta * u) * (2 - (beta * u) ** 2)

    relu = (lambda u: max(u, 0.0), lambda u: float(u > 0))
    gelu = (lambda u: u * cdf(u), lambda u: cdf(u) + u * normal(u))
    tower = {
        "gelu": (*gelu, beta_gelu2(1)),
        "relu": (*relu, lambda u: 0.0),
        "relu~beta_gelu:4": (*relu, beta_gelu2(4)),
        "gelu~none": (*gelu, lambda u: 0.0),
        "relu~bump:0.5:1.5": (*relu, lambda u: 0.5 * math.exp(-((u / 1.5) ** 2) / 2)),
    }
    w, b, a, c = 0.7, -0.2, 1.3, 0.4
    data = [(0.5, 1.0, 0.3), (-1.1, 0.2, 0.6), (1.6, -0.5, 0.1)]  # x, t, s
    probe = np.array([0.3, -1.2, 0.8, 0.5])
    names = ["0.weight", "0.bias", "2.weight", "2.bias"]
    shapes = [(1, 1), (1,), (1, 1), (1,)]

    def named(flat):
        return {name: jnp.full(shape, value) for name, shape, value in zip(names, shapes, flat)}

    x, t, s = (jnp.array(column) for column in zip(*data))
    for act, (phi, phi1, phi2) in tower.items():
        g, n = np.zeros((4, 4)), np.zeros((4, 4))
        for xi, ti, si in data:
            u = w * xi + b
            dz = np.array([a * phi1(u) * xi, a * phi1(u), phi(u), 1.0])
            hz = np.zeros((4, 4))
            hz[:2, :2] = a * phi2(u) * np.array([[xi * xi, xi], [xi, 1]])
            hz[:2, 2] = hz[2, :2] = phi1(u) * xi, phi1(u)
            g += 2 * si * np.outer(dz, dz)
            n += 2 * si * (a * phi(u) + c - ti) * hz
        problem = Problem(parse_model("mlp:1-1-1", act), "mse", True, {}, x[:, None], t[:, None], s)
        theta, v = named([w, b, a, c]), named(probe)
        for what, got, wanted in (("G v", problem.gv(theta, v), g @ probe), ("N v", problem.nv(theta, v), n @ probe),
                                  ("H v", problem.hv(theta, v), (g + n) @ probe)):
            close(f"closed form {act}, {what}", got, named(wanted), 1e-14)


def make(case):
    """Metadata and tensors of a case, checked."""
    problem, params, probes = draw(case)
    surrogate = "~" in case.act
    margin = problem.margin(params)
    assert margin > MARGIN, f"{case.name}: a pre-activation is {margin:.2g} from a kink or tie; take another seed"
    tensors = {"input": problem.input, "target": problem.target, "weights": problem.weights,
               "logits": problem.logits(params), "loss": problem.loss(params)}
    tensors |= {f"param/{name}": value for name, value in params.items()}
    tensors |= {f"buffer/{name}": value for name, value in problem.buffers.items()}
    tensors |= {f"grad/{name}": value for name, value in jax.jit(problem.grad)(params).items()}
    products = ["hv", "gv", "nv"] if surrogate else ["hv", "gv", "nv", "third"]
    compiled = jax.jit(lambda v: {what: getattr(problem, what)(params, v) for what in products})
    for k, v in enumerate(probes):
        out = compiled(v)
        total = {name: out["gv"][name] + out["nv"][name] for name in v}
        # Sums of up to a few hundred terms in three orders of evaluation.
        close(f"{case.name}: H v = G v + N v", total, out["hv"], 1e-12, largest(out["gv"]) + largest(out["nv"]))
        if surrogate:
            reference = problem.hv(params, v, parabolas(problem, params, case.act))
            close(f"{case.name}: H v of the parabolas", out["hv"], reference, 1e-12)
        else:
            check_differences(case, problem, params, v, out["hv"], out["third"])
        tensors |= {f"probe{k}/{name}": value for name, value in v.items()}
        tensors |= {f"{what}{k}/{name}": value for what in products for name, value in out[what].items()}
    for name, value in tensors.items():
        assert bool(jnp.isfinite(value).all()), f"{case.name}: {name} is not finite"
    metadata = {"model": case.model, "activation": case.act, "loss": case.loss, "mode": case.mode, "dtype": "F64",
                "versions": f"jax {jax.__version__}, numpy {np.__version__}"}
    return metadata, tensors


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="comma-separated case names")
    parser.add_argument("--out", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[2] / "testdata" / "oracle")
    options = parser.parse_args()
    check_closed_form()
    only = set(filter(None, options.only.split(",")))
    if unknown := only - {case.name for case in CASES}:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    for case in CASES:
        if only and case.name not in only:
            continue
        metadata, tensors = make(case)
        path = options.out / f"{case.name}.safetensors"
        dump.write(path, metadata, tensors)
        count = sum(value.size for name, value in tensors.items() if name.startswith("param/"))
        ratio = largest(dump.group(tensors, "nv0")) / largest(dump.group(tensors, "hv0"))
        print(f"{case.name}: {count} parameters, {path.stat().st_size} bytes, "
              f"loss {float(tensors['loss']):.4f}, |Nv|/|Hv| {ratio:.2g}", flush=True)


if __name__ == "__main__":
    main()
