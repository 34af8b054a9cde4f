"""greymilter beside a milter that does nothing.

Both negotiate the same steps; the load is milterload, which speaks as Postfix
does: 30 % of the envelopes are new, 70 % are known ones drawn at random from
all that the store holds.
"""

import json
import os
import statistics
import time

from mg.daemons import Bare, Greymilter, build_folder
from mg.milter import MilterClient
from mg.place import Place
from mg.ports import free_port, is_listening
from mg.proc import Process, run
from mg.wait import until

SECONDS = int(os.environ.get("BENCH_SECONDS", "4"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
SIZES = [int(s) for s in os.environ.get("BENCH_SIZES", "0,100000,1000000").split(",")]
# Sessions at once, recipients a session.
SHAPES = [(16, 1), (64, 1), (16, 50)]
KNOWN_IN_AN_EMPTY_STORE = 1000
GOAL = 0.6


def tool(name):
    return os.path.join(build_folder(), "tests/bench", name)


def load(port, *options):
    return json.loads(run([tool("milterload"), "-p", port, *options], seconds=1200).stdout)


def negotiated(port):
    """(the steps a milter negotiates away, whether it ends at DATA)."""
    with MilterClient(port) as m:
        m.connect("192.0.2.1")
        m.helo()
        m.mail("probe@known.example")
        m.rcpt("postmaster@home.example")
        return m.steps, m.data()[0] == "a"


def rss_mb(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return 0.0


def null_milter(place, steps, accept_data):
    port = free_port()
    Process(place, "null", [tool("nullmilter"), port, f"{steps:x}"] +
            (["accept-data"] if accept_data else [])).start()
    until(lambda: is_listening(port), 5, "the null milter answers")
    return port


def fill(port, size):
    """Have "size" envelopes in the store; they pass a second later."""
    begun = time.monotonic()
    load(port, "-F", size, "-r", 50, "-c", 32)
    took = time.monotonic() - begun
    time.sleep(1.2)
    return took


def median(rounds, key):
    return statistics.median(r[key] for r in rounds)


def row(name, rounds):
    return (f"{name:<12}{median(rounds, 'rate'):>10,.0f}" +
            "".join(f"{median(rounds, k + '_us') / 1000:>9.2f}"
                    for k in ("p50", "p99", "p999")))


def compare(ports, shape, known, first_new):
    """Alternating rounds: {name: [result]}."""
    results = {name: [] for name in ports}
    at_once, recipients = shape
    for _ in range(ROUNDS):
        for name, port in ports.items():
            results[name].append(load(
                port, "-c", at_once, "-r", recipients, "-s", SECONDS, "-k", known,
                "-n", 30, "-f", first_new[0]))
            first_new[0] += 1 << 32
    return results


def one_size(size, first_new):
    with Place("mailglance-bench-") as place:
        grey = Greymilter(place, delay=Bare("1s")).start()
        steps, accept_data = negotiated(grey.port)
        ports = {"nothing": null_milter(place, steps, accept_data),
                 "greymilter": grey.port}
        known = size or KNOWN_IN_AN_EMPTY_STORE
        took = fill(grey.port, known)
        print(f"\n{size:,} envelopes in the store (filled in {took:.0f} s); "
              f"negotiated away: 0x{steps:x}" +
              (", accepts at DATA" if accept_data else ""), flush=True)
        print(f"{'':<12}{'decisions/s':>11}{'p50 ms':>8}{'p99 ms':>9}{'p99.9 ms':>9}")
        ratios, wrong = [], 0
        for shape in SHAPES:
            results = compare(ports, shape, known, first_new)
            pairs = zip(results["greymilter"], results["nothing"])
            ratio = statistics.median(g["rate"] / n["rate"] for g, n in pairs)
            wrong += sum(r["wrong"] for r in results["greymilter"])
            ratios.append(ratio)
            print(f"{shape[0]} sessions at once, {shape[1]} recipients each: "
                  f"ratio {ratio:.2f}")
            for name, rounds in results.items():
                print(row(name, rounds), flush=True)
        print(f"greymilter: {rss_mb(grey.pid):.0f} MB resident, "
              f"{os.path.getsize(grey.store) / 1e6:.0f} MB on disk, "
              f"{wrong} wrong answers")
        grey.stop()
        return ratios, wrong


def run_sizes():
    first_new = [1 << 40]
    return [one_size(size, first_new) for size in SIZES]


def summary(done):
    lowest = min(min(ratios[:2]) for ratios, _ in done)
    wrong = sum(w for _, w in done)
    print(f"\nlowest ratio with one recipient a session: {lowest:.2f} "
          f"(goal {GOAL}); wrong answers: {wrong}")
    return lowest >= GOAL and wrong == 0


def run_section():
    return summary(run_sizes())
