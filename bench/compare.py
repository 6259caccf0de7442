"""Dupin and every installed peer side by side, in turns, on the same machine in one go.

    python bench/compare.py [--dupin target/release/dupin] [--rounds 5] [--reps 3] [--out runs/bench] [--write-doc]
    python bench/compare.py --budget 400 --resume           in pieces: the same again until no cell is left

Each peer is one process per workload that stays warm; `dupin bench` runs anew each time, compiles and runs once untimed. In every round
each contestant times `--reps` runs after one that does not count; its figure is the median over rounds of the medians. In the first round
peers try every way of computing an operation they know; those slower than `--keep` times their best are then dropped. Results
are compared first: a way that disagrees with the others does not count. A peer that is not installed, or fails, is reported and skipped.
"""

import argparse
import hashlib
import json
import math
import os
import platform
import queue
import shlex
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from table import insert, markdown, text
from workloads import OPS, TIMED, WORKLOADS

HERE = Path(__file__).resolve().parent
TOLERANCE = 1e-3  # of the largest number of a fingerprint: float32 sums over up to 2 million terms, in different orders


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    comma = lambda known: lambda s: [w if w in known else parser.error(f"no `{w}`; there are {', '.join(known)}") for w in s.split(",")]
    parser.add_argument("--dupin", default=str(HERE.parent / "target/release/dupin"), help="the release binary")
    parser.add_argument("--workloads", type=comma(WORKLOADS), default=list(TIMED), help="comma-separated")
    parser.add_argument("--ops", type=comma(OPS), default=list(OPS), help="comma-separated")
    parser.add_argument("--peers", type=comma(PEERS), default=list(PEERS), help="comma-separated")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--reps", type=int, default=3, help="timed runs of each in a round")
    parser.add_argument("--keep", type=float, default=1.25, help="drop ways slower than this times the peer's best after a round")
    parser.add_argument("--seconds", type=float, default=15, help="no further repetition of a way in a round after that time")
    parser.add_argument("--compile-seconds", type=float, default=120, help="give a way up whose first run takes longer")
    parser.add_argument("--torch-python", default=sys.executable, help="Python that has torch")
    parser.add_argument("--jax-python", default=sys.executable, help="Python that has jax")
    parser.add_argument("--resume", action="store_true", help="keep what compare.json in --out has of this machine and binary, and add the cells it lacks")
    parser.add_argument("--budget", type=float, default=math.inf, metavar="SECONDS", help="begin no cell after that time; --resume goes on from there")
    parser.add_argument("--out", type=Path, default=HERE.parent / "runs/bench", help="folder for compare.json and compare.md")
    parser.add_argument("--write-doc", nargs="?", type=Path, const=HERE.parent / "docs/PERFORMANCE.md", metavar="FILE",
                        help="put the table between the markers of FILE [docs/PERFORMANCE.md]")
    args = parser.parse_args()
    if min(args.rounds, args.reps, args.threads) < 1:
        parser.error("--rounds, --reps and --threads are at least 1")
    if args.write_doc:
        try:
            insert(args.write_doc.read_text(encoding="utf-8"), "")  # now, not after the measurement
        except OSError as error:
            parser.error(f"--write-doc: {error}")
    return args


def note(line):
    print(line, file=sys.stderr, flush=True)


class Served:
    """A Python peer on one workload: a process that answers requests, started anew when it dies or hangs."""

    def __init__(self, name, args, workload):
        script, module, *options = PEERS[name]
        self.name, self.args, self.workload = name, args, workload
        self.command = [getattr(args, f"{module}_python"), str(HERE / script), workload, *options, "--serve",
                        f"--threads={args.threads}", f"--seconds={args.seconds}", f"--compile-seconds={args.compile_seconds}"]
        self.version, self.process, self.cannot_start = None, None, None
        self.ways = None  # op -> ways still in the race

    def _start(self):
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        self.lines = queue.Queue()

        def read(stream, lines):
            for line in stream:
                lines.put(line)
            lines.put(None)

        threading.Thread(target=read, args=(self.process.stdout, self.lines), daemon=True).start()
        try:
            hello = self._line(300)
        except (EOFError, TimeoutError) as error:
            self.cannot_start = str(error)
            raise
        self.version = hello["version"]
        if self.ways is None:
            self.ways = {op: [how for o, how in hello["ways"] if o == op] for op in OPS}

    def _line(self, seconds):
        """The next line of JSON; libraries may print others."""
        until = time.monotonic() + seconds
        while True:
            try:
                line = self.lines.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                raise TimeoutError(f"given up after {seconds:.0f} s") from None
            if line is None:
                self.errors.seek(0)
                said = self.errors.read().strip().splitlines()[-1:] or ["it said nothing"]
                raise EOFError(f"the process ended with status {self.process.wait()}: {said[0]}")
            if line.startswith("{"):
                return json.loads(line)

    def _ask(self, op, how):
        row = {"peer": self.name, "workload": self.workload, "op": op, "how": how}
        if self.cannot_start:
            return row | {"error": self.cannot_start}
        try:
            if self.process is None:
                self._start()
            self.process.stdin.write(json.dumps({"op": op, "how": how, "reps": self.args.reps}) + "\n")
            self.process.stdin.flush()
            # Compiled code cannot be interrupted from inside the process.
            return self._line(self.args.compile_seconds + 3 * self.args.seconds)
        except (OSError, EOFError, TimeoutError, ValueError, KeyError) as error:
            self.stop(now=True)
            return row | {"error": str(error)[:300]}

    def time(self, op):
        """A row for each way; those that fail or are far from this peer's best are not asked again."""
        if self.ways is None:
            try:
                self._start()
            except (OSError, EOFError, TimeoutError):
                self.stop(now=True)
        rows = [self._ask(op, how) for how in (self.ways or {op: [""]})[op]]
        good = [r for r in rows if "error" not in r]
        if self.ways is not None:
            limit = self.args.keep * min((r["median_s"] for r in good), default=0.0)
            self.ways[op] = [r["how"] for r in good if r["median_s"] <= limit]
        return rows

    def stop(self, now=False):
        if self.process is None:
            return
        try:
            if now:
                self.process.kill()
            self.process.stdin.close()  # it ends by itself, and its helpers with it, unless it hangs
            self.process.wait(timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self.errors.close()
        self.process = None


class Dupin:
    """`dupin bench`, a new process each time."""

    name = "dupin"

    def __init__(self, args, workload):
        self.args, self.workload = args, workload

    def time(self, op):
        row = {"peer": self.name, "workload": self.workload, "op": op, "how": ""}
        command = [self.args.dupin, "bench", "--json", "--workload", self.workload, "--op", op,
                   "--threads", str(self.args.threads), "--reps", str(self.args.reps)]
        spoken = shlex.join(["dupin", *command[1:]])
        try:
            with tempfile.TemporaryFile("w+") as errors:
                process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
                watch = threading.Timer(600, process.kill)
                watch.start()
                try:
                    out = process.stdout.read()
                    _, status, usage = os.wait4(process.pid, 0)
                    process.returncode = os.waitstatus_to_exitcode(status)
                except KeyboardInterrupt:
                    process.kill()
                    raise
                finally:
                    watch.cancel()
                errors.seek(0)
                said = errors.read().strip().splitlines()
            if process.returncode != 0:
                raise ValueError(f"`{spoken}` ended with status {process.returncode}: {(said or ['it said nothing'])[-1]}")
            found = [r for r in map(json.loads, out.splitlines()) if r["op"] == op and r["workload"] == self.workload]
            if not found or found[0]["median_s"] <= 0:
                raise ValueError(f"`{spoken}` printed no time of {op}")
            # As of the peers: what the process grew by at most beyond code, parameters and data. It computes nothing else by which to grow.
            base = found[0].get("base_bytes")
            return [row | found[0] | {"peak_bytes": None if base is None else usage.ru_maxrss * 1024 - base}]
        except (OSError, ValueError, KeyError, TypeError) as error:
            return [row | {"error": str(error)[:300]}]

    def stop(self):
        pass


# Name -> script, module that it needs, arguments.
PEERS = {
    "jax": ("jax_peer.py", "jax"),
    "torch-nchw": ("torch_peer.py", "torch", "--layout=nchw"),
    "torch-nhwc": ("torch_peer.py", "torch", "--layout=nhwc"),
}


def installed(args):
    """Peers that can be started; a line about each that cannot."""
    out = []
    for name in args.peers:
        module = PEERS[name][1]
        python = getattr(args, f"{module}_python")
        find = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
        try:
            found = subprocess.run([python, "-c", find], check=False, capture_output=True).returncode == 0
        except OSError:
            found = False
        if found:
            out.append(name)
        else:
            note(f"skipped {name}: {python} has no module {module}; see bench/requirements.txt")
    return out


def summarize(rows):
    """One entry per (workload, op, peer, way), its rounds merged; results that disagree are marked as errors."""
    groups = {}
    for row in rows:
        groups.setdefault((row["workload"], row["op"], row["peer"], row["how"]), []).append(row)
    out = []
    for (workload, op, peer, how), turns in groups.items():
        good = [r for r in turns if "error" not in r]
        entry = {"workload": workload, "op": op, "peer": peer, "how": how, "rounds": len(good)}
        if good:
            medians = [r["median_s"] for r in good]
            sizes = [r["peak_bytes"] for r in good if r.get("peak_bytes") is not None]
            entry |= {"median_s": statistics.median(medians), "min_s": min(r["min_s"] for r in good), "round_medians_s": medians,
                      "peak_bytes": max(sizes, default=None)}
            entry |= {k: good[0][k] for k in ("check", "first_run_s", "compile_s", "flop") if k in good[0]}
        if len(good) < len(turns):
            entry["error"] = next(r["error"] for r in turns if "error" in r)
        out.append(entry)
    for key in {(e["workload"], e["op"]) for e in out}:
        compared = [e for e in out if (e["workload"], e["op"]) == key and "check" in e]
        if compared:
            middle = [statistics.median(numbers) for numbers in zip(*(e["check"] for e in compared))]
            scale = max(map(abs, middle))
            for e in compared:
                e["deviation"] = max(abs(a - b) for a, b in zip(e["check"], middle)) / scale
                # Written so that NaN counts as a disagreement.
                if len(e["check"]) != len(middle) or not e["deviation"] <= TOLERANCE:
                    e["error"] = f"its results differ from the other peers' by {e['deviation']:.1e} of their size, at most {TOLERANCE:.0e} is rounding"
    return out


def machine(args):
    model = platform.processor() or platform.machine()
    try:
        found = [line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8") if line.startswith("model name")]
        model = found[0] if found else model
    except OSError:
        pass
    return {"cpu": model, "cores": os.cpu_count(), "threads": args.threads, "system": platform.platform(),
            "load_at_start": os.getloadavg()[0], "date": time.strftime("%Y-%m-%d")}


def dupin_version(args):
    try:
        return subprocess.run([args.dupin, "--version"], check=True, capture_output=True, text=True).stdout.split()[-1]
    except (OSError, subprocess.CalledProcessError, IndexError):
        note(f"{args.dupin} does not run: peers alone are timed. Build it by `cargo build --release -p dupin`, or name it by --dupin")
        return None


def digest(path):
    """What tells one binary from another; None if there is none."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return None


def write(path, content):
    """All or nothing, so that an interrupted run leaves the last complete file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(content, encoding="utf-8")
    part.replace(path)


def finished(args, report):
    """Of the last report in `--out`: results, and the cells that are complete. Another machine's or binary's do not count."""
    try:
        old = json.loads((args.out / "compare.json").read_text(encoding="utf-8"))
        same = all(old["machine"][k] == report["machine"][k] for k in ("cpu", "cores", "threads")) and old["binary"] == report["binary"]
        if not same:
            note(f"{args.out / 'compare.json'} is of another machine or binary: begun anew")
            return [], {}, []
        return old["results"], old["versions"], old["cells"]
    except (OSError, ValueError, KeyError, TypeError):
        return [], {}, []


def main():
    args = arguments()
    began = time.monotonic()
    report = {"machine": machine(args), "command": shlex.join(["python", "bench/compare.py", *sys.argv[1:]]), "versions": {}, "rounds": args.rounds, "reps": args.reps, "results": []}
    if report["machine"]["load_at_start"] > 0.5:
        note(f"the machine is busy (load {report['machine']['load_at_start']:.1f}): times will be noisy")
    names = installed(args)
    report["versions"]["dupin"] = dupin_version(args)
    report["binary"] = digest(args.dupin)
    kept, versions, report["cells"] = finished(args, report) if args.resume else ([], {}, [])
    report["versions"] |= {name: v for name, v in versions.items() if v}
    report["results"] = kept
    todo = [[w, op] for w in args.workloads for op in args.ops if [w, op] not in report["cells"]]
    note(f"{len(todo)} cells to measure" + (f", {len(report['cells'])} kept" if report["cells"] else ""))
    left = []
    rows = []
    for workload in dict.fromkeys(w for w, _ in todo):
        flat = len(WORKLOADS[workload]["input"]) == 1  # without images the layouts are one
        contestants = [Dupin(args, workload)] if report["versions"]["dupin"] else []
        contestants += [Served(n, args, workload) for n in names if not (flat and n == "torch-nhwc" and "torch-nchw" in names)]
        try:
            for op in (op for w, op in todo if w == workload):
                if time.monotonic() - began > args.budget:
                    left.append(f"{workload} {op}")
                    continue
                for turn in range(args.rounds):
                    first = turn % max(1, len(contestants))  # nobody always comes after the same one
                    for c in contestants[first:] + contestants[:first]:
                        got = c.time(op)
                        rows += got
                        for r in got:
                            what = r["error"] if "error" in r else f"{r['median_s'] * 1e3:.1f} ms"
                            note(f"{workload} {op} round {turn + 1}/{args.rounds} {c.name} {r['how']}: {what}")
                report["versions"] |= {c.name: c.version for c in contestants if isinstance(c, Served) and c.version}
                report["cells"].append([workload, op])
                measured = {(r["workload"], r["op"]) for r in rows}
                report["results"] = [e for e in kept if (e["workload"], e["op"]) not in measured] + summarize(rows)
                note(f"{workload} {op} is complete, {len(report['cells'])} cells so far, {time.monotonic() - began:.0f} s")
                write(args.out / "compare.json", json.dumps(report, indent=1) + "\n")
        finally:
            for c in contestants:
                c.stop()
    if left:
        note(f"the budget is spent; not measured: {', '.join(left)}. The same command with --resume goes on")
    write(args.out / "compare.md", markdown(report))
    print(text(report))
    note(f"written: {args.out / 'compare.json'}, {args.out / 'compare.md'}")
    if args.write_doc:
        write(args.write_doc, insert(args.write_doc.read_text(encoding="utf-8"), markdown(report)))
        note(f"written: {args.write_doc}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("interrupted; compare.json has the operations that were complete")
