"""process: what the benches of whole programs share: run one for a while, in turns, and compare."""

import json
import os
import signal
import statistics
import subprocess
import tempfile
import time

SECONDS = 1.5
NO_HUGE = ["--no-huge"]


def last_cpu():
    return max(os.sched_getaffinity(0))


def first_cpu():
    return min(os.sched_getaffinity(0))


def turns():
    return int(os.environ.get("BENCH_TURNS", "7"))


def huge_free():
    """Free hugepages of 2 MiB."""
    try:
        with open("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages") as f:
            return int(f.read())
    except OSError:
        return 0


def sluice(program, graph, huge=False, seconds=SECONDS):
    """Run a graph (YAML text) for so long; returns millions of packets out a second."""
    eal = f"eal: {json.dumps(NO_HUGE)}\n" if huge_free() and not huge else ""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
        f.write(eal + graph)
        f.flush()
        p = subprocess.Popen([program, "run", "--json", f.name], stdout=subprocess.PIPE,
                             text=True)
        time.sleep(seconds)
        p.send_signal(signal.SIGINT)
        out, _ = p.communicate(timeout=30)
    report = json.loads(out)
    return report["packets_out"] / report["seconds"] / 1e6


def compare(title, unit, contenders, baseline, higher_is_better=True):
    """Measure {name: function} in turns; print medians, spread and the ratio to baseline."""
    results = {name: [] for name in contenders}
    for _ in range(turns()):
        for name, run in contenders.items():
            results[name].append(run())
    base = statistics.median(results[baseline])
    print(f"\n{title}, {turns()} turns\n  {'':38} {unit:>8}  {'min..max':>17}")
    for name, values in results.items():
        median = statistics.median(values)
        spread = f"{min(values):.2f}..{max(values):.2f}"
        ratio = f"  {median / base:.2f}x of {baseline}" if name != baseline and base else ""
        print(f"  {name:38} {median:8.2f}  {spread:>17}{ratio}", flush=True)
    return results
