"""Traces of G and N to 1 %: structured probes of `dupin trace` beside Hutchinson's estimator with curvlinops.

    python bench/traces.py [--dupin target/release/dupin] [--images DIR] [--examples 2048] [--epochs 5] [--probes 12] [--out runs/traces]

Trains the `lenet` workload with GELU on the first examples of Fashion-MNIST by `dupin train`, reads the weights into the same
network in PyTorch (`load_state_dict`, strict; the losses must agree), and measures at those weights, over all examples:

- dupin: the wall time of a whole `dupin trace --estimator structured` process, with as many passes as bring the standard
  errors of tr G to 1 % of tr G and of tr N to 1 % of the sum over layers of |tr N|; traces of all layers come with it;
- curvlinops: time of a product with H and with G (the faster of single and blocked products), variance of the quadratic forms
  over random signs, and from both the time to the same errors. N is H - G, so a probe of tr N is a product with each.

The means of both must agree within 4 of their joint standard errors. The second figure is an extrapolation: with 1 % of tr N at thousands
of probes nobody waits for the end.
"""

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = 0.01


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--dupin", default=str(HERE.parent / "target/release/dupin"), help="the release binary")
    parser.add_argument("--images", type=Path, default=Path("/usr/share/datasets/fashion-mnist"), help="folder with the IDX files")
    parser.add_argument("--examples", type=int, default=2048)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=256, help="examples per product, in both")
    parser.add_argument("--probes", type=int, default=12, help="probes that curvlinops's variance is estimated from")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--reps", type=int, default=3, help="timed processes of dupin; the median counts")
    parser.add_argument("--out", type=Path, default=HERE.parent / "runs/traces")
    return parser.parse_args()


ARGS = arguments()
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(ARGS.threads)
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: ARGS.threads])

import numpy as np  # noqa: E402
import torch  # noqa: E402
from curvlinops import GGNLinearOperator, HessianLinearOperator  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from torch import nn  # noqa: E402

from workloads import WORKLOADS  # noqa: E402


def read_idx(path):
    for candidate in (path, path.with_name(path.name + ".gz")):
        if candidate.exists():
            data = candidate.read_bytes()
            data = gzip.decompress(data) if candidate.suffix == ".gz" else data
            rank = data[3]
            shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(rank)]
            return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)
    sys.exit(f"there is no {path} (or .gz): give the folder with Fashion-MNIST's four files by --images")


def write_idx(path, array):
    head = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    path.write_bytes(head + array.tobytes())


def first_examples():
    """A folder with the first training examples and 1,000 test examples, as any reader of IDX files takes it."""
    folder = ARGS.out / "data"
    folder.mkdir(parents=True, exist_ok=True)
    kept = []
    for part, count in (("train", ARGS.examples), ("t10k", 1000)):
        for kind in ("images-idx3", "labels-idx1"):
            array = read_idx(ARGS.images / f"{part}-{kind}-ubyte")[:count]
            write_idx(folder / f"{part}-{kind}-ubyte", array)
            kept.append(array)
    return folder, kept[0], kept[1]


def dupin(*args):
    began = time.perf_counter()
    done = subprocess.run([ARGS.dupin, *map(str, args), "--threads", str(ARGS.threads), "--quiet"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"dupin {' '.join(map(str, args))} failed:\n{done.stderr}")
    return done.stdout, time.perf_counter() - began


def network():
    """The workload as PyTorch's own modules."""
    make = {
        "conv": lambda c_in, c_out, k, s: [nn.Conv2d(c_in, c_out, k, stride=s, padding=k // 2)],
        "fc": lambda n_in, n_out: [nn.Linear(n_in, n_out)],
        "act": lambda: [nn.GELU()],
        "flat": lambda: [nn.Flatten()],
    }
    return nn.Sequential(*(m for kind, *size in WORKLOADS["lenet"]["layers"] for m in make[kind](*size)))


def errors(report):
    """Standard errors of tr G and tr N over what is 1 % of each, and the scale of tr N: the sum over layers of |tr N|."""
    g, n = (next(t for t in report["traces"] if t["matrix"] == name) for name in ("gauss_newton", "nme"))
    return g["std_error"] / (TARGET * abs(g["value"])), n["std_error"] / (TARGET * n["scale"]), n["scale"]


def structured(checkpoint, data):
    common = ("--checkpoint", checkpoint, "--data", f"fashion-mnist:{data}", "--examples", ARGS.examples, "--batch", ARGS.batch)

    def trace(passes):
        out, seconds = dupin("trace", *common, "--estimator", "structured", "--per-layer", "--probes", passes, "--json")
        return json.loads(out), seconds

    passes, report = 2, None
    while True:
        report, _ = trace(passes)
        worst = max(errors(report)[:2])
        if worst <= 1:
            break
        # Errors fall with the root of the passes; a tenth more, since they are estimates.
        passes = max(passes + 1, int(1.1 * passes * worst**2) + 1)
    runs = [trace(passes)[1] for _ in range(ARGS.reps)]
    loss = json.loads(dupin("split", *common, "--lanczos", 0, "--probes", 1, "--json")[0])["loss"]
    return passes, report, runs, loss


def hutchinson(net, images, labels, of_n_target, of_g_target):
    x = normalised(images)
    y = torch.from_numpy(labels.astype(np.int64))
    data = [(x[i : i + ARGS.batch], y[i : i + ARGS.batch]) for i in range(0, len(x), ARGS.batch)]
    params = [p for p in net.parameters() if p.requires_grad]
    make = lambda kind: kind(net, nn.CrossEntropyLoss(), params, data, check_deterministic=False)
    operators = {"hessian": make(HessianLinearOperator), "gauss_newton": make(GGNLinearOperator)}
    dim, seconds, forms = sum(p.numel() for p in params), {}, {}
    generator = torch.Generator().manual_seed(0)
    signs = torch.randint(0, 2, (dim, ARGS.probes), generator=generator).float() * 2 - 1
    for name, a in operators.items():
        a @ signs[:, 0]  # once untimed
        times, values = [], []
        for k in range(ARGS.probes):
            began = time.perf_counter()
            av = a @ signs[:, k]
            times.append(time.perf_counter() - began)
            values.append(float(signs[:, k].double() @ av.double()))
        single = statistics.median(times)
        began = time.perf_counter()
        a @ signs[:, :4]
        blocked = (time.perf_counter() - began) / 4
        seconds[name] = min(single, blocked)
        forms[name] = np.array(values)
    g, n = forms["gauss_newton"], forms["hessian"] - forms["gauss_newton"]
    result = {"seconds_per_product": seconds, "probes_measured": ARGS.probes, "trace": {}}
    needed = {}
    for name, values, target in (("gauss_newton", g, of_g_target), ("nme", n, of_n_target)):
        deviation = values.std(ddof=1)
        needed[name] = (deviation / target) ** 2
        result["trace"][name] = {
            "mean": values.mean(), "std_error": deviation / len(values) ** 0.5, "deviation_per_probe": deviation, "probes_needed": needed[name],
        }
    # Each probe of N has one of G in it; G alone may need more.
    result["seconds"] = needed["nme"] * seconds["hessian"] + max(needed.values()) * seconds["gauss_newton"]
    return result


def normalised(images):
    """Inputs as `dupin` gives them to networks."""
    return torch.from_numpy(((images.astype(np.float64) / 255 - 0.2860) / 0.3530).astype(np.float32)).unsqueeze(1)


def loss_in_pytorch(net, images, labels):
    x = normalised(images)
    with torch.no_grad():
        return float(nn.functional.cross_entropy(net(x), torch.from_numpy(labels.astype(np.int64))))


def main():
    torch.set_num_threads(ARGS.threads)
    ARGS.out.mkdir(parents=True, exist_ok=True)
    folder, images, labels = first_examples()
    run = ARGS.out / "run"
    if not (run / "model.safetensors").exists():
        dupin("train", "--model", "lenet", "--act", "gelu", "--data", f"fashion-mnist:{folder}", "--epochs", ARGS.epochs,
              "--batch", 128, "--lr", 0.05, "--seed", 0, "--out", run)
    checkpoint = run / "model.safetensors"
    passes, report, times, found = structured(checkpoint, folder)

    net = network()
    net.load_state_dict(load_file(checkpoint))  # strict: every name and shape is PyTorch's
    loss = loss_in_pytorch(net, images, labels)
    if abs(loss - found) > 1e-4 * abs(loss):
        sys.exit(f"PyTorch computes the loss {loss} from the weights, dupin {found}")
    print(f"weights read by load_state_dict; loss {loss:.6f} in PyTorch, {found:.6f} in dupin")

    trace = {t["matrix"]: t for t in report["traces"]}
    of_n = errors(report)[2]
    other = hutchinson(net, images, labels, TARGET * of_n, TARGET * trace["gauss_newton"]["value"])
    for name in ("gauss_newton", "nme"):
        mine, theirs = trace[name], other["trace"][name]
        z = (mine["value"] - theirs["mean"]) / (mine["std_error"] ** 2 + theirs["std_error"] ** 2) ** 0.5
        print(f"{name}: dupin {mine['value']:.3f} ± {mine['std_error']:.3f} ({passes} passes), "
              f"curvlinops {theirs['mean']:.1f} ± {theirs['std_error']:.1f} ({ARGS.probes} probes), {z:+.1f} standard errors apart")
        if abs(z) > 4:
            sys.exit(f"the traces of {name} disagree")
    mine = statistics.median(times)
    ratio = other["seconds"] / mine
    products = other["seconds_per_product"]
    print(f"curvlinops: {products['hessian']:.2f} s a product with H, {products['gauss_newton']:.2f} s with G; "
          f"{other['trace']['nme']['probes_needed']:.0f} probes for tr N, {other['trace']['gauss_newton']['probes_needed']:.0f} for tr G: {other['seconds']:.0f} s")
    print(f"dupin: {mine:.2f} s for both and all layers, the whole process ({', '.join(f'{t:.2f}' for t in times)})")
    print(f"ratio {ratio:.0f}")
    result = {"examples": ARGS.examples, "threads": ARGS.threads, "target": TARGET, "sum_of_absolute_layer_traces_of_n": of_n, "ratio": ratio,
              "dupin": {"passes": passes, "seconds": times, "trace": trace, "layers": report["layers"]}, "curvlinops": other,
              "torch": torch.__version__}
    (ARGS.out / "traces.json").write_text(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
