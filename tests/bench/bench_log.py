"""Reading a mail log, beside pflogsumm; both on the same made-up log.  Then a
whole queuewatch, following a log that grows."""

import os
import re
import statistics
import subprocess
import tempfile
import time

from bench_common import Timer, section, tool
from mg.daemons import Bare, Queuewatch
from mg.maillog import Log
from mg.place import Place
from mg.proc import session_pids
from mg.spool import Spool
from mg.wait import until

PFLOGSUMM = "/usr/sbin/pflogsumm"
FIGURES = ("received", "delivered", "deferred", "bounced", "rejected")


def make(path, lines):
    log = Log(seed=1, rate=200)
    count = 0
    with open(path, "w", encoding="utf-8") as f:
        while count < lines:
            text = log.lines(min(lines - count, 50000))
            count += text.count("\n")
            f.write(text)
    return count


def ours(path):
    said = subprocess.run([tool("logread"), path], capture_output=True, text=True,
                          check=True).stdout
    found = {n: int(re.search(rf"{n} (\d+)", said).group(1)) for n in FIGURES}
    return (float(re.search(r"(\d+) lines/s", said).group(1)),
            int(re.search(r"(\d+) kB", said).group(1)), found)


def theirs(path):
    timer = Timer()
    said = subprocess.run([PFLOGSUMM, path], capture_output=True, text=True,
                          check=True).stdout
    return timer.seconds(), said


def ticks(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            total += sum(int(n) for n in f.read().rpartition(")")[2].split()[11:13])
    return total / os.sysconf("SC_CLK_TCK")


def received(qw):
    return next((s["value"] for s in qw.show()["samples"] if s["name"] == "log.received"),
                0)


def follow(found, per_s=20000, seconds=10):
    """A log that grows at that rate, five bites a second."""
    made = [Log(seed=2, rate=per_s).lines(per_s // 5) for _ in range(seconds * 5)]
    with Place() as place:
        path = place.write("mail.log", "")
        qw = Queuewatch(place, Spool(place), maillog=path, interval=Bare("10s")).start()
        until(lambda: qw.finding("log") is not None, 30)
        time.sleep(3)  # the start is over
        pids = session_pids(qw.pid)
        before, timer = ticks(pids), Timer()
        with open(path, "a", encoding="utf-8") as log:
            for i, lines in enumerate(made):
                log.write(lines)
                log.flush()
                time.sleep(max(0, (i + 1) / 5 - timer.seconds()))
        share = (ticks(pids) - before) / timer.seconds() * 100
        until(lambda: received(qw) > 0, 30)
        want = sum(lines.count(" client=") for lines in made)
        took = Timer()
        until(lambda: received(qw) >= want * 0.99, 60)
        print(f"  following {per_s:,} lines/s for {seconds} s: all of them counted "
              f"{took.seconds():.1f} s after the end")
        found.goal(f"% of a core, all of queuewatch, at {per_s:,} lines/s", share,
                   at_most=10, form=".1f")


def run_section():
    lines = int(os.environ.get("BENCH_LOG_LINES", "1000000"))
    rounds = int(os.environ.get("BENCH_ROUNDS", "3"))
    found = section(f"log: {lines} lines of Postfix's")
    with tempfile.TemporaryDirectory(prefix="mailglance-bench-") as folder:
        path = os.path.join(folder, "mail.log")
        count = make(path, lines)
        seconds, _ = theirs(path)
        results = [ours(path) for _ in range(rounds)]
    mine, other = statistics.median(r[0] for r in results), count / seconds
    print(f"  {'queuewatch':<14}{mine:>12,.0f} lines/s\n"
          f"  {'pflogsumm':<14}{other:>12,.0f} lines/s")
    print("  " + ", ".join(f"{v} {k}" for k, v in results[0][2].items()))
    found.goal("lines a second, beside pflogsumm's", mine / other, at_least=10, form=".1f")
    found.goal("memory, MiB", max(r[1] for r in results) / 1024, at_most=16, form=".1f")
    follow(found)
    return found.end()
