"""The workloads, with the same weights, data and probe vectors for every Python peer.

A workload is a feed-forward network without normalization under softmax cross-entropy, averaged over the batch, in float32.
Layers are tuples:

    ("conv", c_in, c_out, kernel, stride)   padding kernel // 2, with bias
    ("fc", n_in, n_out)                     with bias
    ("act",)                                GELU by the error function
    ("pool",)                               mean over positions
    ("flat",)                               flatten

Arrays come from one seed in PyTorch's layouts (images NCHW, convolutions OIHW, `fc` [out, in]); peers that compute in others
convert, and convert back before results are compared. A `flat` therefore flattens in C, H, W order.
"""

import numpy as np

PROBES = 8
OPS = ("grad", "split", f"split_block{PROBES}", "sam", "psam", f"quadratic{PROBES}")
RHO_SAM, RHO_PSAM = 0.05, 0.1

WORKLOADS = {
    "mlp": dict(batch=1024, input=(784,), classes=10, layers=[
        ("fc", 784, 1024), ("act",), ("fc", 1024, 1024), ("act",), ("fc", 1024, 10)]),
    "cnn": dict(batch=128, input=(3, 32, 32), classes=10, layers=[
        ("conv", 3, 32, 3, 1), ("act",), ("conv", 32, 32, 3, 1), ("act",),
        ("conv", 32, 64, 3, 2), ("act",), ("conv", 64, 64, 3, 1), ("act",),
        ("conv", 64, 128, 3, 2), ("act",), ("conv", 128, 128, 3, 1), ("act",),
        ("pool",), ("fc", 128, 10)]),
    "lenet": dict(batch=256, input=(1, 28, 28), classes=10, layers=[
        ("conv", 1, 16, 5, 1), ("act",), ("conv", 16, 32, 5, 2), ("act",),
        ("conv", 32, 32, 5, 2), ("act",), ("flat",), ("fc", 32 * 7 * 7, 120), ("act",), ("fc", 120, 10)]),
    # Not timed by default: every kind of layer, small enough to compare peers in a second.
    "tiny": dict(batch=8, input=(2, 8, 8), classes=3, layers=[
        ("conv", 2, 4, 3, 1), ("act",), ("conv", 4, 6, 5, 2), ("act",), ("flat",), ("fc", 6 * 4 * 4, 5), ("act",), ("fc", 5, 3)]),
    "tiny_pool": dict(batch=8, input=(2, 8, 8), classes=3, layers=[
        ("conv", 2, 4, 3, 2), ("act",), ("conv", 4, 6, 3, 1), ("act",), ("pool",), ("fc", 6, 3)]),
}
TIMED = ("mlp", "cnn", "lenet")


class Problem:
    """Arrays of a workload: inputs `x` [n, ...], labels `y` [n], parameters, probes [K, ...] and directions to test with."""

    def __init__(self, name):
        spec = WORKLOADS[name]
        self.name, self.layers, self.batch = name, spec["layers"], spec["batch"]
        rng = np.random.default_rng(0)

        def normal(shape):
            return rng.standard_normal(shape, dtype=np.float32)

        self.x = normal((self.batch, *spec["input"]))
        self.y = rng.integers(0, spec["classes"], self.batch)
        self.params = []
        for kind, *size in self.layers:
            if kind in ("conv", "fc"):
                shape = (size[1], size[0], size[2], size[2]) if kind == "conv" else (size[1], size[0])
                fan_in = int(np.prod(shape[1:]))
                # Biases are not zero, so that a peer that mixes them up is found out.
                self.params += [normal(shape) * np.float32((2 / fan_in) ** 0.5), normal(shape[0]) * np.float32(0.1)]
        self.probes = [normal((PROBES, *p.shape)) for p in self.params]
        self.directions = [normal(p.shape) for p in self.params]

    def fingerprint(self, trees):
        """A few numbers that tell results apart: of each tree of arrays its inner product with a random direction and its norm.

        A tree is a list of arrays in the order and layout of `params`, each perhaps with a leading probe axis, or one array
        of per-probe numbers, which is returned as it is.
        """
        out = []
        for tree in trees:
            if not isinstance(tree, (list, tuple)):
                out += np.asarray(tree, np.float64).ravel().tolist()
                continue
            probes = np.shape(tree[0])[0] if np.ndim(tree[0]) > self.directions[0].ndim else 1
            rows = [np.asarray(t, np.float64).reshape(probes, -1) for t in tree]
            dots = sum(r @ d.ravel().astype(np.float64) for r, d in zip(rows, self.directions))
            norms = sum((r * r).sum(1) for r in rows) ** 0.5
            out += [*dots.tolist(), *norms.tolist()]
        return out
