"""A greymilter that is about to have a fault, and the mail that must go on."""

import glob
import itertools
import os
import shutil
import sqlite3
import threading
import time
import urllib.request

from .daemons import Bare, Greymilter
from .milter import ask
from .ports import free_port
from .wait import until

BACK_S = 10  # after the end of a fault
AWAY_S = 15  # where the database had been taken away
BOUND_S = 2  # no answer takes longer


class Case:
    """A greymilter with one envelope that waits and one that has passed, and
    with friend.example on the whitelist (alone: no other process writes)."""

    def __init__(self, place, env=None, alone=False, **options):
        self.numbers = itertools.count()
        self.metrics_port = free_port()
        self.milter = Greymilter(place, delay=Bare("1s"), **{
            "retry_window": Bare("1h"),
            "metrics": f"127.0.0.1:{self.metrics_port}", **options})
        self.milter.env = env
        self.store = self.milter.options["store"].removeprefix("sqlite:")
        self.milter.start()
        if not alone:
            self.milter.greywl("add", "friend.example", "--proof", "none")
            until(lambda: self.ask("x", "a@friend.example") == "pass", 2)
        self.prepare()

    def prepare(self):
        assert self.ask("passed").startswith("451")
        until(lambda: self.ask("passed") == "pass", 5)
        assert self.ask("waits").startswith("451")

    def ask(self, name, sender="a@b.example"):
        return ask(self.milter.port, "198.51.100.7", sender, f"{name}@d.example")

    def stranger(self):
        return self.ask(f"stranger{next(self.numbers)}")

    def metric(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics",
                                    timeout=5) as answer:
            for line in answer.read().decode().splitlines():
                if line.split(" ")[0] == name:
                    return float(line.split(" ")[1])
        raise AssertionError(f"no metric {name}")

    def lets_strangers_pass(self, seconds=5):
        """The fault is felt, and no answer takes long."""
        def passes():
            begun = time.monotonic()
            answer = self.stranger()
            assert time.monotonic() - begun < BOUND_S
            assert answer == "pass" or answer.startswith("451")
            return answer == "pass"
        until(passes, seconds, "strangers are accepted during the fault")

    def comes_back(self, seconds=BACK_S):
        until(lambda: self.stranger().startswith("451"), seconds,
              "strangers are greylisted again")

    def remembers(self):
        """What was answered before the fault counts."""
        assert self.ask("passed") == "pass"
        until(lambda: self.ask("waits") == "pass", 3)
        assert self.ask("x", "a@friend.example") == "pass", "the whitelist is there"

    def keeps_the_whitelist(self):
        until(lambda: self.ask("x", "a@friend.example") == "pass", 2,
              "the whitelist acts")
        assert "friend.example" in self.milter.greywl("list").stdout

    def is_sound(self):
        self.milter.stop()
        # A copy: SQLite itself does not survive an index on a full disk.
        copy = self.milter.place / "copy.db"
        for name in glob.glob(self.store + "*"):
            if name.endswith(("grey.db", "-wal")):
                shutil.copy(name, copy + name[len(self.store):])
        with sqlite3.connect(copy) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        db.close()
        assert self.milter.output().count("mail is accepted without") <= 2, \
            "logged at most once a minute"


class Load:
    """Mail all the time: strangers, each once, and one who has passed.

    with Load(case) as load: ...   At the end every answer was "pass" or 451,
    and none took longer than the bound.
    """

    def __init__(self, case, threads=4, pause=0.002, bound=BOUND_S, patient=False):
        self.case, self.pause, self.bound = case, pause, bound
        self.patient = patient  # a session that cannot be had is no fault
        self.ended = threading.Event()
        self.answers = []  # (when asked, when answered, recipient, answer)
        self.lost = []
        self.threads = [threading.Thread(target=self.run, args=(i,), daemon=True)
                        for i in range(threads)]

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, kind, *_):
        self.ended.set()
        for t in self.threads:
            t.join(30)
        if kind is None:
            self.check()

    def run(self, number):
        for i in itertools.count():
            if self.ended.is_set():
                return
            name = "passed" if i % 8 == 7 else f"load{os.getpid()}-{number}-{i}"
            begun = time.monotonic()
            try:
                answer = self.case.ask(name)
            except OSError as fault:
                self.lost.append((begun, time.monotonic(), name, repr(fault)))
                time.sleep(0.02)
                continue
            self.answers.append((begun, time.monotonic(), name, answer))
            time.sleep(self.pause)

    def check(self):
        assert self.answers, "there was load"
        odd = [a for a in self.answers if a[3] != "pass" and not a[3].startswith("451")]
        assert not odd, odd[:3]
        assert self.patient or not self.lost, self.lost[:3]
        assert self.slowest() < self.bound, f"an answer took {self.slowest():.2f} s"

    def slowest(self):
        return max(end - begun for begun, end, *_ in self.answers + self.lost)
