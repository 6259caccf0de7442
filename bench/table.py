"""The result of `compare.py` as a table: which peer is best, and how far from it Dupin is."""

import math

from workloads import OPS, WORKLOADS

START, END = "<!-- table -->", "<!-- /table -->"
HEAD = ("workload", "operation", "dupin", "best peer", "its way", "its time", "ratio", "memory", "its memory")


def milliseconds(s):
    return "-" if s is None else f"{s * 1e3:.4g} ms"


def megabytes(b):
    return "-" if b is None else f"{b / 1e6:.0f} MB"


def best(entries):
    counted = [e for e in entries if "error" not in e]
    return min(counted, key=lambda e: e["median_s"], default=None)


def comparisons(report):
    """(workload, op, dupin's entry, the best peer's) in the order of `workloads`; either may be None."""
    place = lambda key: (list(WORKLOADS).index(key[0]), OPS.index(key[1]))
    keys = sorted({(e["workload"], e["op"]) for e in report["results"]}, key=place)
    for key in keys:
        entries = [e for e in report["results"] if (e["workload"], e["op"]) == key]
        ours = best(e for e in entries if e["peer"] == "dupin")
        yield *key, ours, best(e for e in entries if e["peer"] != "dupin")


def rows(report):
    for workload, op, ours, theirs in comparisons(report):
        d, p = ours or {}, theirs or {}
        ratio = f"{theirs['median_s'] / ours['median_s']:.2f}" if ours and theirs else "-"
        yield (workload, op, milliseconds(d.get("median_s")), p.get("peer", "-"), p.get("how", "-"), milliseconds(p.get("median_s")),
               ratio, megabytes(d.get("peak_bytes")), megabytes(p.get("peak_bytes")))


def every_peer(report):
    """Each peer's fastest way: a header and rows."""
    peers = list(dict.fromkeys(e["peer"] for e in report["results"] if e["peer"] != "dupin"))
    body = []
    for workload, op, *_ in comparisons(report):
        row = [workload, op]
        for peer in peers:
            e = best(e for e in report["results"] if (e["workload"], e["op"], e["peer"]) == (workload, op, peer))
            row.append(f"{milliseconds(e['median_s'])} ({e['how']})" if e else "-")
        body.append(row)
    return ["workload", "operation", *peers], body


def remarks(report):
    """Lines below the table: the mean ratio, and what failed."""
    ratios = [p["median_s"] / d["median_s"] for *_, d, p in comparisons(report) if d and p]
    if ratios:
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        yield f"Geometric mean of {len(ratios)} ratios: {mean:.2f}; smallest {min(ratios):.2f}, largest {max(ratios):.2f}."
    for e in report["results"]:
        if "error" in e:
            name = f"{e['peer']} {e['how']}".strip()
            yield f"Not counted: {e['workload']} {e['op']} by {name}: {e['error']}"


def about(report):
    m = report["machine"]
    versions = ", ".join(f"{k} {v}" for k, v in report["versions"].items() if v)
    rounds = [e["rounds"] for e in report["results"] if e["peer"] == "dupin" and "error" not in e] or [report["rounds"]]
    spread = f"{min(rounds)}" if min(rounds) == max(rounds) else f"{min(rounds)} to {max(rounds)}"
    load = f" The machine was busy (load {m['load_at_start']:.1f}): noisy." if m["load_at_start"] > 0.5 else ""
    return (f"{m['date']}, {m['cpu']}, {m['cores']} cores, {m['threads']} threads; {versions}. "
            f"Medians over {spread} rounds of {report['reps']} runs.{load}")


def text(report):
    table = [HEAD, *rows(report)]
    widths = [max(len(r[i]) for r in table) for i in range(len(HEAD))]
    lines = ["  ".join(c.ljust(w) if i in (0, 1, 3, 4) else c.rjust(w) for i, (c, w) in enumerate(zip(r, widths))) for r in table]
    return "\n".join([*(line.rstrip() for line in lines), "", *remarks(report)])


def _markdown_table(head, body, left):
    line = lambda cells: "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"
    return [line(head), line(["---" if i in left else "---:" for i in range(len(head))]), *map(line, body)]


def markdown(report):
    head, body = every_peer(report)
    lines = [about(report), "", *_markdown_table(HEAD, rows(report), (0, 1, 3, 4)), ""]
    lines += [f"- {r}" for r in remarks(report)]
    lines += ["", "Each peer's fastest way:", "", *_markdown_table(head, body, (0, 1))]
    return "\n".join(lines) + "\n"


def insert(document, content):
    """The document with what stands between its markers replaced."""
    before, start, rest = document.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise SystemExit(f"the document lacks the markers {START} and {END}, one after the other")
    return f"{before}{START}\n{content}{END}{after}"
