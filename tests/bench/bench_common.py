"""What the sections of make bench share: loads, sides, rounds, goals."""

import json
import os
import pwd
import statistics
import subprocess
import time
import urllib.request

from mg.daemons import Bare, Greymilter, build_folder
from mg.milter import MilterClient
from mg.ports import free_port, is_listening
from mg.proc import Process, run
from mg.wait import until

SECONDS = int(os.environ.get("BENCH_SECONDS", "4"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
MANY = int(os.environ.get("BENCH_ROWS", "1000000"))
HOUR, DAY = 3600, 86400

_next_new = 1 << 40


def first_new():
    """A number for new envelopes that no load has had."""
    global _next_new
    _next_new += 1 << 32
    return _next_new


def tool(name):
    return os.path.join(build_folder(), "tests/bench", name)


# -- goals


class Findings:
    """Prints which goals are met; a section ends with end()."""

    def __init__(self):
        self.missed = 0
        self.wrong = 0
        self.fail_open = 0

    def goal(self, what, value, at_least=None, at_most=None, form=".2f"):
        met = value >= at_least if at_least is not None else value <= at_most
        sign, bound = ("at least", at_least) if at_least is not None else (
            "at most", at_most)
        self.missed += not met
        print(f"  {'met   ' if met else 'MISSED'}  {what}: {value:{form}} "
              f"(goal: {sign} {bound:{form}})", flush=True)

    def answers(self, rounds, grey=None):
        """Wrong answers in results of a load that must have none.  A stranger
        whom "grey" let pass because its store took over a second is told of,
        and is no wrong answer: greymilter never stands in the way."""
        wrong = sum(r["wrong"] + r["refused"] for r in rounds)
        if grey is not None:
            passed = grey.new_fail_open()
            self.fail_open += passed
            wrong = max(0, wrong - passed)
        self.wrong += wrong

    def end(self):
        if self.fail_open:
            print(f"  MISSED  {self.fail_open} strangers passed: the store took over 1 s")
            self.missed += 1
        if self.wrong:
            print(f"  WRONG   {self.wrong} answers")
        return self


# -- loads: each prints one line of JSON


def milter_load(port, *options):
    return json.loads(run([tool("milterload"), "-p", port, *options],
                          seconds=1200).stdout)


def policy_load(port, *options):
    return json.loads(run([tool("policyload"), "-p", port, *options],
                          seconds=1200).stdout)


def mix(at_once, known, recipients=1):
    """Options for 30 % new envelopes, the rest of "known"."""
    return ["-c", at_once, "-r", recipients, "-s", SECONDS, "-k", known, "-n", 30]


# -- sides


def fill(path, rows, oldest_s=HOUR, youngest_s=0):
    """Have "rows" envelopes in a store that no milter has open, as passed."""
    return json.loads(run([
        tool("greyfill"), "-s", f"sqlite:{path}", "-n", rows, "-a", oldest_s,
        "-y", youngest_s, "-u", pwd.getpwnam("nobody").pw_uid],
        seconds=600).stdout)["seconds"]


class Grey(Greymilter):
    """A greymilter that can be asked how often it let pass without its store."""

    def __init__(self, place, name, **options):
        self.metrics_port = free_port()
        self._fail_open = 0
        super().__init__(place, name, metrics=f"127.0.0.1:{self.metrics_port}",
                         **options)

    def new_fail_open(self):
        """Since the last look."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics",
                                    timeout=10) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith("greymilter_fail_open_total "):
                    before, self._fail_open = self._fail_open, int(line.split()[1])
                    return self._fail_open - before
        raise AssertionError("no metric greymilter_fail_open_total")


def greymilter(place, rows=0, name="greymilter", ages=(HOUR, 0), **options):
    """A greymilter, not started, whose store knows the envelopes 0 .. rows - 1."""
    grey = Grey(place, name, delay=Bare("1s"), **options)
    if rows:
        took = fill(grey.store, rows, *ages)
        print(f"  {rows:,} envelopes, filled in {took:.0f} s", flush=True)
    return grey


def negotiated(port):
    """(the steps a milter negotiates away, whether it ends at DATA)."""
    with MilterClient(port) as m:
        m.connect("192.0.2.1")
        m.helo()
        m.mail("probe@known.example")
        m.rcpt("postmaster@home.example")
        return m.steps, m.data()[0] == "a"


def null_milter(place, like, *more):
    """The port of a milter that does nothing, with the same steps as another."""
    steps, accept_data = negotiated(like)
    port = free_port()
    Process(place, f"null{port}", [tool("nullmilter"), port, f"{steps:x}",
                                   *(["accept-data"] if accept_data else []),
                                   *more]).start()
    until(lambda: is_listening(port), 5, "the null milter answers")
    return port


class Postgrey:
    """Debian's postgrey, whose database knows the envelopes 0 .. rows - 1."""

    def __init__(self, place, rows=0, delay_s=300):
        self.port = free_port()
        owner = pwd.getpwnam("postgrey")
        self.folder = place.folder("postgrey", 0o700, (owner.pw_uid, owner.pw_gid))
        if rows:
            self.load(rows, owner)
        self.process = Process(place, "postgrey-out", [
            "/usr/sbin/postgrey", f"--inet=127.0.0.1:{self.port}",
            f"--dbdir={self.folder}", "--hostname=mx.home.example",
            f"--delay={delay_s}"])

    def load(self, rows, owner):
        path = os.path.join(self.folder, "postgrey.db")
        rows = subprocess.Popen([tool("policyload"), "-T", str(rows)],
                                stdout=subprocess.PIPE)
        with rows:
            subprocess.run(["db5.3_load", "-T", "-t", "btree", path],
                           stdin=rows.stdout, check=True)
        os.chown(path, owner.pw_uid, owner.pw_gid)

    def start(self):
        self.process.start()
        until(lambda: is_listening(self.port), 20, "postgrey answers")
        return self


def memory(pid, what="VmRSS"):
    """MiB of a process: VmRSS now, VmHWM at most."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        for line in f:
            if line.startswith(what + ":"):
                return int(line.split()[1]) / 1024
    return 0.0


# -- rounds


def alternate(sides, rounds=None):
    """{name: function} in turn; {name: [result of each round]}."""
    results = {name: [] for name in sides}
    for i in range(rounds or ROUNDS):
        # Who comes first alternates as well.
        for name in list(sides)[::-1 if i % 2 else 1]:
            results[name].append(sides[name]())
    return results


def ratio(results, name, beside, key="rate"):
    """The median of the rounds' ratios."""
    return statistics.median(a[key] / max(b[key], 1e-9)
                             for a, b in zip(results[name], results[beside]))


def median(rounds, key):
    return statistics.median(r[key] for r in rounds)


def head(unit="decisions/s"):
    print(f"  {'':<14}{unit:>12}{'p50 ms':>9}{'p99 ms':>9}{'p99.9 ms':>9}{'max ms':>9}")


def table(results):
    for name, rounds in results.items():
        print(f"  {name:<14}{median(rounds, 'rate'):>12,.0f}" +
              "".join(f"{median(rounds, k + '_us') / 1000:>9.2f}"
                      for k in ("p50", "p99", "p999", "max")), flush=True)


def section(title):
    print(f"\n== {title}", flush=True)
    return Findings()


class Timer:
    def __init__(self):
        self.begun = time.monotonic()

    def seconds(self):
        return time.monotonic() - self.begun
