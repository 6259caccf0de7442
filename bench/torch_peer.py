"""PyTorch on the CPU, as a user would write it and as an expert would. One JSON line per operation and way.

    python bench/torch_peer.py WORKLOAD [--layout nchw|nhwc] [--threads 2] [--reps 7] [--only OP,OP] [--ways WAY,WAY]

Ways: `autograd` by double backward, `dual` by forward-mode duals over one backward pass, `func` by torch.func, `*_compiled` the same
under torch.compile, `curvlinops` by that library (skipped where it is not installed), `taylor` by hand-written forward passes.
"""

import os

import harness

if __name__ == "__main__":
    ARGS = harness.arguments(__doc__, ("nchw", "nhwc"))
    harness.restrict_cores(ARGS.threads)
    harness.keep_freed_memory()
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # huge pages for large tensors

import torch  # noqa: E402
import torch.autograd.forward_ad as fwd  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402
from torch.func import functional_call, grad, jvp, linearize, vjp, vmap  # noqa: E402

from workloads import PROBES, RHO_PSAM, RHO_SAM, Problem  # noqa: E402

BLOCK, QUADRATIC = f"split_block{PROBES}", f"quadratic{PROBES}"


def build(layers):
    make = {
        "conv": lambda c_in, c_out, k, s: [nn.Conv2d(c_in, c_out, k, stride=s, padding=k // 2)],
        "fc": lambda n_in, n_out: [nn.Linear(n_in, n_out)],
        "act": lambda: [nn.GELU()],
        "pool": lambda: [nn.AdaptiveAvgPool2d(1), nn.Flatten()],
        "flat": lambda: [nn.Flatten()],
    }
    return nn.Sequential(*(m for kind, *size in layers for m in make[kind](*size)))


def hz(z, u):
    """`H_z u` of softmax cross-entropy, averaged over the batch."""
    q = z.softmax(-1)
    return (q * u - q * (q * u).sum(-1, keepdim=True)) / z.shape[0]


def norm(tensors):
    return torch.sqrt(sum((t * t).sum() for t in tensors))


def subtract(h, g):
    return h, g, [x - y for x, y in zip(h, g)]


def dots(a, b):
    return sum((x * y).flatten(1).sum(1) for x, y in zip(a, b))


def taylor(net, x, v):
    """`z`, `z'` and `z''` of the logits along `v` for K directions at once: z [n, c], the others [K, n, c].

    The first derivatives [K n, ...] and second ones are stacked along the batch, so each layer is one call with its weights and one
    per direction with `v`. The input has no derivatives, so at first there is nothing to stack.
    """
    n, k, i, d1, d2 = x.shape[0], v[0].shape[0], 0, None, None
    per = lambda f, d, w: torch.cat([f(*pair) for pair in zip(d, w)])
    for m in net:
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            f = (lambda t, w: F.conv2d(t, w, None, m.stride, m.padding)) if isinstance(m, nn.Conv2d) else F.linear
            w, dw, db = m.weight, v[i], v[i + 1]
            i += 2
            bias = lambda b: b.reshape(*b.shape, *(1,) * (x.dim() - 2))
            if d1 is None:
                # All directions share the input: one call with K times the outputs.
                both = f(x, torch.cat([w, dw.flatten(0, 1)]))
                y, wide = both[:, : w.shape[0]], both[:, w.shape[0] :]
                n1 = wide.unflatten(1, (k, w.shape[0])).transpose(0, 1).flatten(0, 1)
                n2 = None
            elif d2 is None:
                lin = f(torch.cat([x, d1]), w)
                y, n1 = lin[:n], lin[n:]
                pushed = [f(torch.cat([x, t]), u) for t, u in zip(d1.split(n), dw)]
                n1 = n1 + torch.cat([p[:n] for p in pushed])
                n2 = 2 * torch.cat([p[n:] for p in pushed])
            else:
                lin = f(torch.cat([x, d1, d2]), w)
                y, n1, n2 = lin[:n], lin[n : n + k * n], lin[n + k * n :]
                pushed = [f(torch.cat([x, t]), u) for t, u in zip(d1.split(n), dw)]
                n1 = n1 + torch.cat([p[:n] for p in pushed])
                n2 = n2 + 2 * torch.cat([p[n:] for p in pushed])
            d1 = (n1.unflatten(0, (k, n)) + bias(db)[:, None]).flatten(0, 1)
            x, d2 = y + bias(m.bias), n2
        elif isinstance(m, nn.GELU):
            density = torch.exp(-0.5 * x * x) * 0.3989422804014327
            s1 = 0.5 * (1 + torch.erf(x * 0.7071067811865476)) + x * density
            s2 = (2 - x * x) * density
            a, b = d1.unflatten(0, (k, n)), None if d2 is None else d2.unflatten(0, (k, n))
            n2 = s2 * a * a if b is None else torch.addcmul(s1 * b, s2 * a, a)
            x, d1, d2 = F.gelu(x), (s1 * a).flatten(0, 1), n2.flatten(0, 1)
        else:
            x, d1, d2 = m(x), m(d1), m(d2)
    return x, d1.unflatten(0, (k, n)), d2.unflatten(0, (k, n))


class Operations:
    def __init__(self, problem, layout):
        self.net = build(problem.layers)
        self.X, self.Y = torch.from_numpy(problem.x), torch.from_numpy(problem.y)
        with torch.no_grad():
            for p, value in zip(self.net.parameters(), problem.params, strict=True):
                p.copy_(torch.from_numpy(value))
        self.last = layout == "nhwc" and self.X.dim() == 4
        if self.last:
            self.net = self.net.to(memory_format=torch.channels_last)
            self.X = self.X.to(memory_format=torch.channels_last)
        self.names = [k for k, _ in self.net.named_parameters()]
        self.params = list(self.net.parameters())
        self.P = [p.detach() for p in self.params]
        self.VS = [[self._like(torch.from_numpy(v[k])) for v in problem.probes] for k in range(PROBES)]
        self.V = self.VS[0]
        self.VK = [torch.stack(v) for v in zip(*self.VS)]
        n = self.X.shape[0]
        self.onehot = F.one_hot(self.Y, self.net[-1].out_features).float()
        self.residual = lambda z: (z.softmax(-1) - self.onehot) / n

    def _like(self, v):
        return v.contiguous(memory_format=torch.channels_last) if self.last and v.dim() == 4 else v.contiguous()

    def call(self, p):
        return functional_call(self.net, dict(zip(self.names, p)), (self.X,))

    def loss(self, p):
        return F.cross_entropy(self.call(p), self.Y)

    def gradient(self, create_graph=False):
        value = F.cross_entropy(self.net(self.X), self.Y)
        return value, torch.autograd.grad(value, self.params, create_graph=create_graph)

    # Hv, Gv, Nv

    def split_dual(self, v):
        """One dual forward and backward pass give z' and Hv; the same graph, its tangents dropped, pulls H_z z' back to Gv."""
        with fwd.dual_level():
            z = self.call([fwd.make_dual(p, d) for p, d in zip(self.params, v)])
            g = torch.autograd.grad(F.cross_entropy(z, self.Y), self.params, retain_graph=True)
            h = [fwd.unpack_dual(t).tangent for t in g]
            z0, zd = fwd.unpack_dual(z)
            zd = zd.detach()
        with torch.no_grad():
            u = hz(z0, zd)
        return subtract(h, torch.autograd.grad(z, self.params, u))

    def split_autograd(self, v):
        """Double backward for Hv; z' by forward mode in the same pass; one more backward pass for Gv."""
        with fwd.dual_level():
            z = self.call([fwd.make_dual(p, d) for p, d in zip(self.params, v)])
            z0, zd = fwd.unpack_dual(z)
            zd = zd.detach()
        with torch.no_grad():
            u = hz(z0, zd)
        g = torch.autograd.grad(F.cross_entropy(z, self.Y), self.params, create_graph=True)
        gn = torch.autograd.grad(z, self.params, u, retain_graph=True)
        return subtract(torch.autograd.grad(g, self.params, v), gn)

    def pushed(self, p):
        z, pull = vjp(self.call, p)
        return z, pull(self.residual(z))[0]

    def split_func(self, p, v):
        (z, _), (zd, h) = jvp(self.pushed, (p,), (v,))
        return subtract(h, vjp(self.call, p)[1](hz(z, zd))[0])

    def split_separate(self, p, v):
        """The textbook: forward over reverse for Hv and, separately, a forward and a backward pass for Gv."""
        h = jvp(grad(self.loss), (p,), (v,))[1]
        z, zd = jvp(self.call, (p,), (v,))
        return subtract(h, vjp(self.call, p)[1](hz(z, zd))[0])

    def block(self, chunk=None):
        return lambda p, vk: vmap(lambda v: self.split_func(p, v), chunk_size=chunk)(vk)

    def block_linearized(self, p, vk):
        (z, _), push = linearize(self.pushed, p)
        pull = vjp(self.call, p)[1]

        def product(v):
            zd, h = push(v)
            return subtract(h, pull(hz(z, zd))[0])

        return vmap(product)(vk)

    def loop(self, split):
        rows = [split(v) for v in self.VS]
        return [[torch.stack(t) for t in zip(*trees)] for trees in zip(*rows)]

    # Regularized directions

    def sam(self):
        _, g = self.gradient()
        step = float(RHO_SAM / norm(g))
        with torch.no_grad():
            torch._foreach_add_(self.params, g, alpha=step)
        _, g = self.gradient()
        with torch.no_grad():
            torch._foreach_copy_(self.params, self.P0)
        return g

    def psam_autograd(self):
        value, g = self.gradient(create_graph=True)
        return torch.autograd.grad(value + RHO_PSAM * norm(g), self.params)

    def psam_func(self, p):
        g = grad(self.loss)(p)
        scale = 1 / norm(g)
        h = jvp(grad(self.loss), (p,), ([t * scale for t in g],))[1]
        return [a + RHO_PSAM * b for a, b in zip(g, h)]

    def sam_func(self, p):
        g = grad(self.loss)(p)
        scale = RHO_SAM / norm(g)
        return grad(self.loss)([w + scale * d for w, d in zip(p, g)])

    # Quadratic forms

    def _forms(self, z, zd, zdd):
        g, m = (zd * hz(z, zd)).sum((-2, -1)), (self.residual(z) * zdd).sum((-2, -1))
        return g + m, g, m

    def forms_jvp(self, p, vk):
        def one(v):
            (z, zd), (_, zdd) = jvp(lambda q: jvp(self.call, (q,), (v,)), (p,), (v,))
            return self._forms(z, zd, zdd)

        return vmap(one)(vk)

    def forms_taylor(self, chunk):
        with torch.no_grad():
            parts = [self._forms(*taylor(self.net, self.X, v)) for v in zip(*(t.split(chunk) for t in self.VK))]
        return [torch.cat(t) for t in zip(*parts)]

    def forms_products(self):
        h, g, m = self.loop(self.split_dual)
        return dots(self.VK, h), dots(self.VK, g), dots(self.VK, m)

    # The table

    def ways(self):
        self.P0 = [p.clone() for p in self.P]
        P, V, VK = self.P, self.V, self.VK
        table = {
            ("grad", "autograd"): lambda: [self.gradient()[1]],
            ("split", "dual"): lambda: self.split_dual(V),
            ("split", "autograd"): lambda: self.split_autograd(V),
            ("split", "func"): lambda: self.split_func(P, V),
            ("split", "func_separate"): lambda: self.split_separate(P, V),
            (BLOCK, "dual_loop"): lambda: self.loop(self.split_dual),
            (BLOCK, "autograd_loop"): lambda: self.loop(self.split_autograd),
            (BLOCK, "func_vmap"): lambda: self.block()(P, VK),
            (BLOCK, "func_vmap2"): lambda: self.block(2)(P, VK),
            (BLOCK, "func_linearize"): lambda: self.block_linearized(P, VK),
            ("sam", "autograd"): lambda: [self.sam()],
            ("psam", "autograd"): lambda: [self.psam_autograd()],
            ("psam", "func"): lambda: [self.psam_func(P)],
            (QUADRATIC, "taylor"): lambda: self.forms_taylor(PROBES),
            (QUADRATIC, "taylor1"): lambda: self.forms_taylor(1),
            (QUADRATIC, "jvp_jvp_vmap"): lambda: self.forms_jvp(P, VK),
            (QUADRATIC, "products"): lambda: self.forms_products(),
        }
        compiled = {
            ("grad", "func_compiled"): (lambda p: [grad(self.loss)(p)], (P,)),
            ("split", "func_compiled"): (self.split_func, (P, V)),
            (BLOCK, "func_vmap_compiled"): (self.block(), (P, VK)),
            ("sam", "func_compiled"): (lambda p: [self.sam_func(p)], (P,)),
            ("psam", "func_compiled"): (lambda p: [self.psam_func(p)], (P,)),
            (QUADRATIC, "jvp_jvp_vmap_compiled"): (self.forms_jvp, (P, VK)),
        }
        for key, (f, inputs) in compiled.items():
            f = torch.compile(f, fullgraph=True)
            table[key] = lambda f=f, inputs=inputs: f(*inputs)
        # The same compiled function once per vector, so that no convolution is batched over probes.
        split = torch.compile(self.split_func, fullgraph=True)
        table[BLOCK, "func_compiled_loop"] = lambda: self.loop(lambda v: split(P, v))
        return table | self.curvlinops()

    def curvlinops(self):
        try:
            from curvlinops import GGNLinearOperator, HessianLinearOperator
        except ImportError:
            return {}
        flat = lambda v: torch.cat([t.flatten() for t in v])
        H, G = (
            kind(self.net, nn.CrossEntropyLoss(), self.params, [(self.X, self.Y)], check_deterministic=False)
            for kind in (HessianLinearOperator, GGNLinearOperator)
        )
        v = flat(self.V)
        block = torch.stack([flat(v) for v in self.VS], 1)

        def trees(columns):
            """[dim] or [dim, K] as a list of arrays, the probe axis first."""
            parts = columns.split([p.numel() for p in self.P])
            if columns.dim() == 1:
                return [t.reshape(p.shape) for t, p in zip(parts, self.P)]
            return [t.T.reshape(-1, *p.shape) for t, p in zip(parts, self.P)]

        def apply(x):
            h, g = H @ x, G @ x
            return [trees(t) for t in (h, g, h - g)]

        return {("split", "curvlinops"): lambda: apply(v), (BLOCK, "curvlinops"): lambda: apply(block)}


def arrays(result):
    """Trees of NumPy arrays, or per-probe numbers."""
    return [t.numpy() if torch.is_tensor(t) else [a.detach().numpy() for a in t] for t in result]


if __name__ == "__main__":
    torch.set_num_threads(ARGS.threads)
    PROBLEM = Problem(ARGS.workload)
    WAYS = {key: harness.Way(run, arrays) for key, run in Operations(PROBLEM, ARGS.layout).ways().items()}
    harness.Peer(f"torch-{ARGS.layout}", torch.__version__, ARGS, PROBLEM, WAYS).run()
