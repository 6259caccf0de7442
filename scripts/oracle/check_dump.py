"""Recompute the products of a dump in float64 and compare.

    python scripts/oracle/check_dump.py [--tolerance T] FILE...

Reads files written by `dupin split --dump`, or fixtures. From the parameters, buffers, input, target,
weights and probes in the file it computes logits, loss, gradient, H v, G v, N v (and the gradient of
v^T H v where the file has it) and prints, for each kind present, the largest difference from the file
relative to the largest entry of the recomputed vector. A vector that is zero but for rounding (N v of a
network linear in theta) is compared relative to H v instead.

Exit status: 0 all within tolerance, 1 some product is not, 2 a file could not be read.
"""

import math
import re

import jax

import dump
from files import check_all
from model import largest

TOLERANCES = {"F32": 1e-4, "F64": 1e-10}


def compare(wanted, found):
    """Largest difference, and the name of the tensor that has it."""
    if absent := wanted.keys() ^ found.keys():
        raise ValueError(f"tensors missing or unknown: {', '.join(sorted(absent))}")
    for name in wanted:
        if wanted[name].shape != found[name].shape:
            raise ValueError(f"{name} is {found[name].shape}, expected {wanted[name].shape}")
    errors = {name: float(abs(wanted[name] - found[name]).max()) for name in wanted}
    # NaN compares false with everything; as infinity it is the worst.
    errors = {name: math.inf if math.isnan(error) else error for name, error in errors.items()}
    worst = max(errors, key=errors.get)
    return errors[worst], worst


def check(path, tolerance):
    """Print one line for each kind of tensor; whether all were within the tolerance."""
    metadata, tensors = dump.read(path)
    problem = dump.problem(metadata, tensors)
    dtype = metadata.get("dtype")
    if tolerance is None and dtype not in TOLERANCES:
        raise ValueError(f"dtype is {dtype!r}, expected one of {', '.join(TOLERANCES)}")
    tolerance = TOLERANCES[dtype] if tolerance is None else tolerance
    params = dump.group(tensors, "param")
    print(f"{path}: {metadata['model']}, {metadata['activation']}, {metadata['loss']}, {metadata['mode']}, {dtype}")
    if math.isfinite(margin := problem.margin(params)):
        print(f"  nearest kink or tie {margin:.2g}")
    ok = True

    def report(what, wanted, found, scale=None):
        nonlocal ok
        error, worst = compare(wanted, found)
        relative = error / (scale or largest(wanted) or 1.0)
        good = relative <= tolerance
        ok &= good
        print(f"  {what:8} {relative:.2e}{f' ({worst})' if worst else ''}{'' if good else f'  EXCEEDS {tolerance:g}'}")

    logits = problem.logits(params)
    for what, wanted in (("logits", logits), ("loss", problem.outer(logits))):
        if what in tensors:
            report(what, {"": wanted}, {"": tensors[what]})
    if found := dump.group(tensors, "grad"):
        report("grad", jax.jit(problem.grad)(params), found)
    count = len({name.split("/")[0] for name in tensors if re.match(r"probe\d+/", name)})
    if not count:
        raise ValueError("the file has no probe0/<name> tensors")
    compiled = {what: jax.jit(getattr(problem, what)) for what in ("hv", "gv", "nv", "third")}
    for k in range(count):
        v = dump.group(tensors, f"probe{k}")
        if (layout := {name: x.shape for name, x in v.items()}) != problem.model.params:
            raise ValueError(f"probe{k} has the tensors {layout}, expected {problem.model.params}")
        hv = compiled["hv"](params, v)
        for what, product in compiled.items():
            if found := dump.group(tensors, f"{what}{k}"):
                wanted = hv if what == "hv" else product(params, v)
                scale = largest(wanted) if largest(wanted) > 1e-12 * largest(hv) else largest(hv)
                report(f"{what}{k}", wanted, found, scale)
            elif what != "third":
                raise ValueError(f"the file has probe{k} but no {what}{k}")
    return ok


if __name__ == "__main__":
    check_all(__doc__, check, "relative; default 1e-4 for F32 dumps, 1e-10 for F64")
