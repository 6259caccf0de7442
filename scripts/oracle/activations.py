"""Activation functions of the model language, in JAX.

`parse_activation(spec)` gives a function that JAX differentiates to any order. Only the value of each
function is written here; its derivatives are JAX's, and `make_tables.py` compares them with mpmath.

A surrogate `A~B` keeps the value and first derivative of A and takes every derivative of order two and
more from B: the rule of `A` says "my derivative is A'", the rule of `A'` says "my derivative is B''".
"""

import jax
import jax.numpy as jnp


def _elu(x, alpha):
    # expm1 sees only x <= 0, so that the branch not taken never overflows into a derivative.
    return jnp.where(x > 0, x, alpha * jnp.expm1(jnp.where(x > 0, 0.0, x)))


def _gelu_tanh(x):
    return 0.5 * x * (1 + jnp.tanh(jnp.sqrt(2 / jnp.pi) * (x + 0.044715 * x**3)))


def _relu(x):
    # `where`, not `maximum`: the derivative at 0 is 0.
    return jnp.where(x > 0, x, 0.0)


# name: (function of x and the parameters, defaults of the parameters; None = must be given)
KINDS = {
    "relu": (_relu, []),
    "leaky_relu": (lambda x, slope: jnp.where(x > 0, x, slope * x), [0.01]),
    "gelu": (lambda x: 0.5 * x * jax.lax.erfc(-x / jnp.sqrt(2.0)), []),
    "gelu_tanh": (_gelu_tanh, []),
    "beta_gelu": (lambda x, beta: 0.5 * x * jax.lax.erfc(-beta * x / jnp.sqrt(2.0)), [None]),
    "silu": (lambda x: x * jax.lax.logistic(x), []),
    "softplus": (lambda x, beta: jnp.logaddexp(beta * x, 0.0) / beta, [1.0]),
    "tanh": (jnp.tanh, []),
    "sigmoid": (jax.lax.logistic, []),
    "elu": (_elu, [1.0]),
    "squared_relu": (lambda x: _relu(x) ** 2, []),
    "identity": (lambda x: x, []),
}

# Some derivative jumps at 0: rounding may put a pre-activation on the other side.
KINKED = {"relu", "leaky_relu", "elu", "squared_relu"}


def split_spec(spec):
    """`"softplus:2"` to `("softplus", [2.0])`, with defaults filled in."""
    name, *given = spec.split(":")
    if name not in KINDS:
        raise ValueError(f"unknown activation {spec!r}; known: {', '.join(KINDS)}")
    defaults = KINDS[name][1]
    values = [float(text) for text in given] + defaults[len(given):]
    if len(values) != len(defaults) or None in values:
        raise ValueError(f"activation {spec!r} needs {len(defaults)} parameter(s)")
    return name, values


def is_kinked(spec):
    """Whether a derivative of the activation, or of its base if it is a surrogate, jumps at 0."""
    return spec.split("~")[0].split(":")[0] in KINKED


def _plain(spec):
    name, values = split_spec(spec)
    function = KINDS[name][0]
    return lambda x: function(x, *values)


def derivative(function):
    """Derivative of an elementwise function, itself an elementwise function."""
    return lambda x: jax.jvp(function, (x,), (jnp.ones_like(x),))[1]


def second_derivative(spec):
    """The second derivative that the activation answers: the surrogate's if it has one."""
    base, _, surrogate = spec.partition("~")
    if surrogate == "none":
        return jnp.zeros_like
    if surrogate.startswith("bump:"):
        height, width = (float(text) for text in surrogate.split(":")[1:])
        return lambda x: height * jnp.exp(-0.5 * (x / width) ** 2)
    return derivative(derivative(_plain(surrogate or base)))


def parse_activation(spec):
    """The activation as a function of one array."""
    base, tilde, _ = spec.partition("~")
    phi = _plain(base)
    if not tilde:
        return phi
    phi1, phi2 = derivative(phi), second_derivative(spec)

    @jax.custom_jvp
    def value(x):
        return phi(x)

    @jax.custom_jvp
    def slope(x):
        return phi1(x)

    value.defjvp(lambda x, dx: (value(*x), slope(*x) * dx[0]))
    slope.defjvp(lambda x, dx: (slope(*x), phi2(*x) * dx[0]))
    return value
