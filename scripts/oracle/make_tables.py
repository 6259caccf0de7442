"""Write testdata/oracle/activations.json and unary.json: function values from mpmath.

    python scripts/oracle/make_tables.py [--out DIRECTORY]

activations.json: for each activation, points [x, [d0, d1, d2, d3, d4]] with the derivatives of orders 0
to 4. unary.json: for each function, points [x, y]. Every x is exact in float64 (those of magnitude
1e-30 to 1e30 are exact in float32 too), the results have 17 significant digits; magnitudes below the
least normal float64 are written as 0.

The derivatives are mpmath's numerical ones at 450 digits: enough for a tail like exp(-700) that is left
when a value near 40 is differentiated. JAX's derivatives, those that the fixtures use, are compared with
them before the file is written.
"""

import argparse
import json
import pathlib

import mpmath
import numpy as np
from mpmath import mp, mpf

from activations import derivative, is_kinked, parse_activation, split_spec
from model import jnp

ORDERS = 5
DIGITS = 450
LEAST = mpf(float(np.finfo(np.float64).tiny))

ACTIVATIONS = [
    "relu", "leaky_relu", "leaky_relu:0.25", "gelu", "gelu_tanh", "beta_gelu:1.702", "beta_gelu:4", "silu",
    "softplus", "softplus:2", "softplus:20", "tanh", "sigmoid", "elu", "elu:1.5", "squared_relu", "identity",
    "relu~none", "gelu~none", "relu~beta_gelu:4", "tanh~softplus:2", "relu~bump:0.5:1.5",
]
HALF = [0.03125, 0.3125, 0.75, 1.40625, 2.125, 3.25, 4.5, 6.0]
FAR = [12.0, 40.0]

# The definitions once more, in mpmath. Each is smooth on either side of 0.
KINDS = {
    "relu": lambda x: x if x > 0 else mpf(0),
    "leaky_relu": lambda x, slope: x if x > 0 else slope * x,
    "gelu": lambda x: x * mpmath.ncdf(x),
    "gelu_tanh": lambda x: x / 2 * (1 + mpmath.tanh(mpmath.sqrt(2 / mp.pi) * (x + mpf("0.044715") * x**3))),
    "beta_gelu": lambda x, beta: x * mpmath.ncdf(beta * x),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "softplus": lambda x, beta: mpmath.log1p(mpmath.exp(beta * x)) / beta,
    "tanh": mpmath.tanh,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "elu": lambda x, alpha: x if x > 0 else alpha * mpmath.expm1(x),
    "squared_relu": lambda x: x * x if x > 0 else mpf(0),
    "identity": lambda x: x,
}

UNARY = {
    "erf": (mpmath.erf, [0.0, 2.0**-40, 2.0**-10, 0.125, 0.25, 0.46875, 0.5, 0.75, 0.84375, 1.0, 1.25, 1.75, 2.0, 2.5,
                         2.859375, 3.0, 3.5, 4.0, 5.0, 5.75, 6.0, 10.0]),
    "log1p": (mpmath.log1p, [0.0, 2.0**-60, 2.0**-30, 2.0**-10, 0.125, 0.25, 0.4140625, 0.5, 1.0, 1.5, 3.0, 10.0, 1024.0,
                             2.0**60, -(2.0**-60), -(2.0**-30), -(2.0**-10), -0.125, -0.25, -0.29296875, -0.5, -0.75,
                             -0.9375, -0.9990234375]),
    "tanh": (mpmath.tanh, [0.0, 2.0**-60, 2.0**-30, 2.0**-12, 2.0**-5, 0.125, 0.25, 0.3125, 0.5, 0.546875, 0.625, 0.75,
                           1.0, 1.5, 2.0, 3.0, 4.5, 6.0, 9.0, 12.0, 18.0, 19.5, 40.0, 1000.0]),
    "logistic": (lambda x: 1 / (1 + mpmath.exp(-x)),
                 [0.0, 2.0**-40, 2.0**-10, 0.125, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 17.5, 32.0, 36.0, 64.0, 80.0, 700.0,
                  -1.0, -2.0, -4.0, -8.0, -16.0, -32.0, -64.0, -80.0, -700.0]),
    "rsqrt": (lambda x: 1 / mpmath.sqrt(x), [2.0**-1000, 2.0**-99, 1e-5, 2.0**-10, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0,
                                             4.0, 7.0, 10.0, 1000.0, 2.0**99, 2.0**1000]),
}
ODD = {"erf", "tanh"}


def rounded(value):
    """The float64 nearest to an mpmath number; printed by json with up to 17 digits, which give it back."""
    return 0.0 if abs(value) < LEAST else float(value)


def plain(spec):
    """The mpmath function of an activation; its parameters are the float64 that the specification reads as."""
    name, values = split_spec(spec)
    function = KINDS[name]
    return lambda x: function(x, *map(mpf, values))


def tower(spec):
    """Functions for the orders 0 to 4, each a pair (function, how often to differentiate it)."""
    base, tilde, surrogate = spec.partition("~")
    phi = plain(base)
    if not tilde:
        return [(phi, k) for k in range(ORDERS)]
    if surrogate == "none":
        higher = [(lambda x: mpf(0), 0)] * (ORDERS - 2)
    elif surrogate.startswith("bump:"):
        height, width = (mpf(float(text)) for text in surrogate.split(":")[1:])
        higher = [(lambda x: height * mpmath.exp(-((x / width) ** 2) / 2), k) for k in range(ORDERS - 2)]
    else:
        higher = [(plain(surrogate), k) for k in range(2, ORDERS)]
    return [(phi, 0), (phi, 1), *higher]


def grid(spec):
    """Points where every derivative exists: no 0 if there is a kink."""
    kinked = any(is_kinked(part) for part in spec.split("~") if part != "none" and not part.startswith("bump"))
    half = HALF + FAR
    return [-x for x in reversed(half)] + ([] if kinked else [0.0]) + half


def activation_table(spec):
    points = []
    for x in grid(spec):
        values = [mpmath.diff(f, mpf(x), k) if k else f(mpf(x)) for f, k in tower(spec)]
        points.append([x, [rounded(value) for value in values]])
    return points


def check_jax(spec, points):
    """JAX's derivatives agree to 1e-11 of the order's largest value (or of 1); the worst relative error.

    The bound is far above one rounding because differentiating four times leaves sums that cancel: in
    `gelu_tanh` powers of x^2 times 1 - tanh^2.
    """
    function, x, worst = parse_activation(spec), jnp.array([x for x, _ in points]), 0.0
    for k in range(ORDERS):
        wanted = np.array([values[k] for _, values in points])
        error = float(abs(function(x) - wanted).max()) / max(float(abs(wanted).max()), 1.0)
        assert error < 1e-11, f"{spec}: JAX's derivative of order {k} is off by {error:.2g}"
        worst = max(worst, error)
        function = derivative(function)
    return worst


def lines(table):
    """JSON with one point to a line, so that a change shows in a diff."""
    parts = [f"{json.dumps(name)}: [\n    " + ",\n    ".join(json.dumps(point) for point in points) + "\n  ]"
             for name, points in table.items()]
    return "{\n  " + ",\n  ".join(parts) + "\n}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[2] / "testdata" / "oracle")
    options = parser.parse_args()
    mp.dps = DIGITS
    activations = {}
    for spec in ACTIVATIONS:
        activations[spec] = activation_table(spec)
        print(f"{spec}: JAX within {check_jax(spec, activations[spec]):.1e}", flush=True)
    (options.out / "activations.json").write_text(lines(activations))
    unary = {}
    for name, (function, points) in UNARY.items():
        points = sorted(set(points) | {-x for x in points if name in ODD and x})
        unary[name] = [[x, rounded(function(mpf(x)))] for x in points]
    (options.out / "unary.json").write_text(lines(unary))


if __name__ == "__main__":
    main()
