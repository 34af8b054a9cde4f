"""Reading a mail log, beside pflogsumm; both on the same made-up log."""

import os
import re
import statistics
import subprocess
import tempfile

from bench_common import Timer, section, tool
from mg.maillog import Log

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
    found.goal("% of a core at 20,000 lines/s", 2e6 / mine, at_most=10, form=".1f")
    found.goal("memory, MiB", max(r[1] for r in results) / 1024, at_most=16, form=".1f")
    return found.end()
