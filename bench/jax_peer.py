"""JAX on the CPU: every operation one jit-compiled function, images NHWC. One JSON line per operation and way.

    python bench/jax_peer.py WORKLOAD [--threads 2] [--reps 7] [--only OP,OP] [--ways WAY,WAY]

The primal pass, its linearization and the tangent pass are written once and shared by Hv, Gv and Nv; XLA merges what is left.
Ways that end with `_products` write convolutions as matrix products.
"""

import harness

if __name__ == "__main__":
    ARGS = harness.arguments(__doc__, ("nhwc",))
    harness.restrict_cores(ARGS.threads)  # before JAX counts the cores
    harness.keep_freed_memory()

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

from workloads import PROBES, RHO_PSAM, RHO_SAM, Problem  # noqa: E402

# From PyTorch's layouts to those that JAX computes in, by the rank of the weight, and back.
INTO = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}
BACK = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}


def convolution(x, w, stride, pad):
    """XLA's own convolution."""
    return jax.lax.conv_general_dilated(
        x, w, (stride, stride), [(pad, pad)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def by_products(x, w, stride, pad):
    """The same as one matrix product per kernel position, or one in all where channels are few.

    Under vmap a convolution by probes of its own becomes a grouped one, which XLA does slowly on the CPU; products stay products.
    """
    k, c, o = w.shape[0], w.shape[2], w.shape[3]
    h, wd = ((s + 2 * pad - k) // stride + 1 for s in x.shape[1:3])
    x = jnp.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))

    def window(i, j):
        end = (x.shape[0], i + (h - 1) * stride + 1, j + (wd - 1) * stride + 1, c)
        return jax.lax.slice(x, (0, i, j, 0), end, (1, stride, stride, 1))

    windows = [window(i, j) for i in range(k) for j in range(k)]
    if c < 8:
        return jnp.concatenate(windows, -1) @ w.reshape(-1, o)
    return sum(t @ u for t, u in zip(windows, w.reshape(k * k, c, o)))


def network(layers, conv):
    def logits(params, x):
        params = iter(params)
        for kind, *size in layers:
            if kind == "conv":
                x = conv(x, next(params), size[3], size[2] // 2)
                x = x + next(params)
            elif kind == "fc":
                x = x @ next(params)
                x = x + next(params)
            elif kind == "act":
                x = jax.nn.gelu(x, approximate=False)
            elif kind == "pool":
                x = x.mean((1, 2))
            elif kind == "flat":
                x = x.transpose(0, 3, 1, 2).reshape(x.shape[0], -1)
        return x

    return logits


def dot(a, b):
    return sum(jnp.vdot(x, y) for x, y in zip(a, b))


def subtract(h, g):
    return h, g, [x - y for x, y in zip(h, g)]


def ways(problem, conv, suffix):
    into = lambda t: jnp.asarray(t.transpose(INTO[t.ndim]))
    P = [into(p) for p in problem.params]
    VK = [jnp.asarray(v.transpose((0, *(1 + i for i in INTO[v.ndim - 1])))) for v in problem.probes]
    V = [v[0] for v in VK]
    X = jnp.asarray(problem.x if problem.x.ndim == 2 else problem.x.transpose(0, 2, 3, 1))
    Y = jnp.asarray(problem.y)
    n = X.shape[0]
    net = network(problem.layers, conv)

    # Data are arguments of every function: as constants, XLA would fold part of the work at compile time.
    def ce(z, y):
        return -jnp.mean(jax.nn.log_softmax(z)[jnp.arange(n), y])

    def loss(p, x, y):
        return ce(net(p, x), y)

    def residual(z, y):
        return (jax.nn.softmax(z) - jax.nn.one_hot(y, z.shape[1])) / n

    def hz(z, u):
        q = jax.nn.softmax(z)
        return (q * u - q * (q * u).sum(-1, keepdims=True)) / n

    gradient = jax.grad(loss)

    def logits_and_gradient(p, x, y):
        z, pull = jax.vjp(lambda q: net(q, x), p)
        return z, pull(residual(z, y))[0]

    def split_jvp(p, v, x, y):
        (z, _), (zd, h) = jax.jvp(lambda q: logits_and_gradient(q, x, y), (p,), (v,))
        return subtract(h, jax.vjp(lambda q: net(q, x), p)[1](hz(z, zd))[0])

    def linear_split(p, x, y):
        """The function v -> (Hv, Gv, Nv) with all that depends on the parameters alone computed before."""
        (z, _), push = jax.linearize(lambda q: logits_and_gradient(q, x, y), p)
        pull = jax.vjp(lambda q: net(q, x), p)[1]

        def product(v):
            zd, h = push(v)
            return subtract(h, pull(hz(z, zd))[0])

        return product

    def sam(p, x, y):
        g = gradient(p, x, y)
        scale = RHO_SAM / jnp.sqrt(dot(g, g))
        return gradient([w + scale * d for w, d in zip(p, g)], x, y)

    def psam_linearize(p, x, y):
        g, push = jax.linearize(lambda q: gradient(q, x, y), p)
        norm = jnp.sqrt(dot(g, g))
        return [a + RHO_PSAM * b for a, b in zip(g, push([d / norm for d in g]))]

    def psam_reverse(p, x, y):
        def penalized(q):
            value, g = jax.value_and_grad(loss)(q, x, y)
            return value + RHO_PSAM * jnp.sqrt(dot(g, g))

        return jax.grad(penalized)(p)

    def quadratic_jvp(p, v, x, y):
        """z' and z'' along v by forward passes alone: v'Gv = z'.H_z z', v'Nv = dL/dz.z''."""
        tangent = lambda q: jax.jvp(lambda r: net(r, x), (q,), (v,))
        (z, zd), (_, zdd) = jax.jvp(tangent, (p,), (v,))
        g, m = jnp.vdot(zd, hz(z, zd)), jnp.vdot(residual(z, y), zdd)
        return g + m, g, m

    def products(p, vk, x, y):
        product = linear_split(p, x, y)

        def quadratic(v):
            h, g, m = product(v)
            return dot(v, h), dot(v, g), dot(v, m)

        return jax.lax.map(quadratic, vk)

    block = {
        "map": lambda p, vk, x, y: jax.lax.map(linear_split(p, x, y), vk),
        "vmap": lambda p, vk, x, y: jax.vmap(linear_split(p, x, y))(vk),
        "map2": lambda p, vk, x, y: jax.lax.map(linear_split(p, x, y), vk, batch_size=2),
        "unrolled": lambda p, vk, x, y: jax.tree.map(
            lambda *t: jnp.stack(t), *[linear_split(p, x, y)([v[k] for v in vk]) for k in range(PROBES)]),
    }
    quadratic = {
        "jvp_jvp_map": lambda p, vk, x, y: jax.lax.map(lambda v: quadratic_jvp(p, v, x, y), vk),
        "jvp_jvp_vmap": lambda p, vk, x, y: jax.vmap(lambda v: quadratic_jvp(p, v, x, y))(vk),
        "products": products,
    }

    def tree(t):
        rank = lambda a, p: a.ndim - p.ndim  # 1 under a probe axis
        back = lambda a, p: np.asarray(a).transpose(
            (*range(rank(a, p)), *(i + rank(a, p) for i in BACK[p.ndim])))
        return [back(a, p) for a, p in zip(t, P)]

    one, three, numbers = (lambda r: [tree(r)]), (lambda r: [tree(t) for t in r]), (lambda r: [np.asarray(a) for a in r])
    table = [
        ("grad", "jit", gradient, (P, X, Y), one),
        ("split", "jvp", split_jvp, (P, V, X, Y), three),
        ("split", "linearize", lambda p, v, x, y: linear_split(p, x, y)(v), (P, V, X, Y), three),
        *((f"split_block{PROBES}", how, f, (P, VK, X, Y), three) for how, f in block.items()),
        ("sam", "jit", sam, (P, X, Y), one),
        ("psam", "linearize", psam_linearize, (P, X, Y), one),
        ("psam", "reverse", psam_reverse, (P, X, Y), one),
        *((f"quadratic{PROBES}", how, f, (P, VK, X, Y), numbers) for how, f in quadratic.items()),
    ]

    def way(f, inputs, arrays):
        f = jax.jit(f)
        return harness.Way(lambda: jax.block_until_ready(f(*inputs)), arrays)

    return {(op, how + suffix): way(f, inputs, arrays) for op, how, f, inputs, arrays in table}


if __name__ == "__main__":
    PROBLEM = Problem(ARGS.workload)
    WAYS = ways(PROBLEM, convolution, "")
    if PROBLEM.x.ndim == 4:
        # Measured slower for one vector, so offered where it is meant to help: under vmap.
        WAYS |= {key: way for key, way in ways(PROBLEM, by_products, "_products").items() if "vmap" in key[1]}
    harness.Peer("jax", jax.__version__, ARGS, PROBLEM, WAYS).run()
