"""What every Python peer shares: its command line, timing, memory, and serving `compare.py`.

A peer is a function that takes the arguments and returns a dictionary from (op, how) to a `Way`: several ways of computing one
operation may be offered, and the fastest counts.
"""

import argparse
import ctypes
import gc
import json
import os
import signal
import statistics
import sys
import time
from dataclasses import dataclass
from typing import Callable

from workloads import OPS, WORKLOADS


@dataclass
class Way:
    """`run` computes and waits for the result; `arrays` turns its result into the trees that `Problem.fingerprint` takes."""

    run: Callable[[], object]
    arrays: Callable[[object], list]


def arguments(doc, layouts):
    parser = argparse.ArgumentParser(description=doc.strip().splitlines()[0])
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("--layout", choices=layouts, default=layouts[0], help="memory layout of images")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--reps", type=int, default=7, help="timed runs, after one that is not")
    parser.add_argument("--only", default="", help="operations, comma-separated [default: all]")
    parser.add_argument("--ways", default="", help="ways of computing them, comma-separated [default: all]")
    parser.add_argument("--seconds", type=float, default=60, help="stop repeating a way after that time")
    parser.add_argument("--compile-seconds", type=float, default=120, help="give a way up whose first run takes longer")
    parser.add_argument("--serve", action="store_true", help="answer requests on standard input: {op, how, reps}")
    args = parser.parse_args()
    unknown = set(filter(None, args.only.split(","))) - set(OPS)
    if unknown:
        parser.error(f"unknown operation {', '.join(sorted(unknown))}; there are {', '.join(OPS)}")
    return args


def restrict_cores(threads):
    """Let this process run on `threads` cores, before a library sizes its pool by their number."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:threads])


def keep_freed_memory():
    """Have the allocator keep what was freed: otherwise each large temporary costs its page faults anew.

    Peers gain from it, so they get it, as tuning guides of PyTorch advise (there by another allocator).
    """
    try:
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(-4, 0)  # M_MMAP_MAX: large blocks come from the heap
        libc.mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD: whose end is not given back
    except OSError:
        pass


def _status(field):
    with open("/proc/self/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field + ":"))


def _trim():
    gc.collect()
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except OSError:
        pass


class Peer:
    def __init__(self, name, version, args, problem, ways):
        self.name, self.version, self.args, self.problem, self.ways = name, version, args, problem, ways
        self.warm = {}  # (op, way) -> what its first run told
        self.base = self._resident()

    @staticmethod
    def _resident():
        _trim()
        try:
            return _status("VmRSS")
        except (OSError, StopIteration):
            return 0

    def _first_run(self, key):
        """Compile and run once; then once more, watching memory. None of it is timed as a run."""
        way = self.ways[key]

        def late(*_):
            raise TimeoutError(f"the first run took longer than {self.args.compile_seconds:.0f} s")

        signal.signal(signal.SIGALRM, late)
        signal.setitimer(signal.ITIMER_REAL, self.args.compile_seconds)
        try:
            began = time.perf_counter()
            result = way.run()
            compile_s = time.perf_counter() - began
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        check = self.problem.fingerprint(way.arrays(result))
        del result
        return {"first_run_s": compile_s, "peak_bytes": self._peak(way), "check": check}

    def _peak(self, way):
        """Growth of the resident set during one run beyond what libraries, weights and data take; None where it cannot be seen."""
        try:
            resident = self._resident()
            with open("/proc/self/clear_refs", "w", encoding="ascii") as peak:
                peak.write("5")
            way.run()
            # What other ways left behind (compiled code, caches) is not this one's.
            return _status("VmHWM") - max(self.base, resident)
        except (OSError, StopIteration):
            return None

    def time(self, key, reps):
        """One line: the times of `reps` runs, or the error."""
        op, how = key
        row = {"peer": self.name, "workload": self.args.workload, "op": op, "how": how, "threads": self.args.threads}
        try:
            way, times = self.ways[key], []
            if key in self.warm:
                way.run()  # others ran since: the caches are not this peer's
            else:
                self.warm[key] = self._first_run(key)
            gc.collect()
            gc.disable()
            while len(times) < reps and (len(times) == 0 or sum(times) < self.args.seconds):
                began = time.perf_counter()
                way.run()
                times.append(time.perf_counter() - began)
            row |= {"median_s": statistics.median(times), "min_s": min(times), "times_s": times, **self.warm[key]}
        except Exception as error:  # whatever a peer's library raises: the others still run
            text = " ".join(str(error).split())
            row["error"] = f"{type(error).__name__}: {text}"[:300]
        finally:
            gc.enable()
        return row

    def run(self):
        say = lambda row: print(json.dumps(row), flush=True)
        if not self.args.serve:
            only, ways = (set(filter(None, s.split(","))) for s in (self.args.only, self.args.ways))
            for key in self.ways:
                if (not only or key[0] in only) and (not ways or key[1] in ways):
                    say(self.time(key, self.args.reps))
            return
        say({"peer": self.name, "version": self.version, "ways": list(self.ways)})
        for line in sys.stdin:
            request = json.loads(line)
            say(self.time((request["op"], request["how"]), request["reps"]))
