"""kill -9 of queuewatch at any moment, at random and at each change of a file: what
it knew it knows again, and no report is lost or doubled."""

import os
import random
import sqlite3
import time

import pytest

from mg.daemons import Bare, Queuewatch
from mg.maillog import Log
from mg.preload import Kill
from mg.proc import Process
from mg.servers import Status
from mg.smallfs import SmallFs
from mg.spool import Spool
from mg.wait import until

KILLS = 300 if os.environ.get("MG_LONG") else 30


@pytest.fixture
def status():
    with Status() as s:
        yield s


def found(report, check, subject=""):
    for f in report["findings"]:
        if (f["check"], f["subject"]) == (check, subject):
            return f
    return None


class Story:
    def __init__(self, place, status):
        self.place, self.status = place, status
        self.spool, self.kill = Spool(place), Kill(place)
        self.disk = SmallFs(place, "store", 16 << 20)
        self.log = Log(seed=9, start=time.time() - 7200)
        self.say_log(200)
        self.watch = Queuewatch(
            place, self.spool, status_url=status.url, token=status.token,
            interval=Bare("2s"), maillog=place / "mail.log", queue={"warning": 10, "critical": 500}, sections={
                ("disk", self.disk.path): {"warning": Bare("50%"), "critical": Bare("99%")}})
        self.watch.env = self.kill.env
        self.dice = random.Random(31)

    def say_log(self, n):
        with open(self.place / "mail.log", "a", encoding="utf-8") as f:
            f.write(self.log.lines(n))

    def end(self):
        self.watch.kill()
        until(lambda: not self.watch.leftovers(), 5, "its children die with it")

    def run_until_killed(self, n):
        """It ends at its n-th change of a file (0: never), or soon after."""
        self.kill.at(n)
        Process.start(self.watch)
        last = time.monotonic() + self.dice.uniform(0.05, 0.5)
        while self.watch.running() and time.monotonic() < last:
            time.sleep(0.005)
        self.end()


def test_killed_at_any_moment(place, status):
    story = Story(place, status)
    watch = story.watch.start()
    until(lambda: (watch.finding("log") or {}).get("level") == "ok", 15)
    story.spool.put("deferred", 20)
    story.disk.fill(0.7)
    until(lambda: watch.finding("queue", "")["level"] == "warning" and
          watch.finding("disk", story.disk.path)["level"] == "warning", 15)
    begun = {k: watch.finding(*k)["since"] for k in (("queue", ""), ("disk", story.disk.path))}
    story.end()
    before = story.kill.calls()
    story.watch.start()
    n = len(status.got)
    until(lambda: len(status.got) > n, 15)
    time.sleep(0.5)  # and what follows
    story.end()
    one_start = story.kill.calls() - before
    assert one_start > 10

    for n in range(KILLS):
        story.say_log(20)
        story.run_until_killed(0 if n % 3 == 0 else story.dice.randrange(1, one_start + 10))
    story.kill.at(0)
    watch.start()
    until(lambda: watch.finding("self")["evidence"]["reports_waiting"] == 0, 20)
    n = len(status.got)
    until(lambda: len(status.got) > n + 1, 20)

    # Warnings that stand began when they began, and nothing was begun anew.
    last = status.got[-1]
    for key, since in begun.items():
        f = found(last, *key)
        assert f["level"] == "warning" and f["since"] == since, (f, since)
    assert "found on arrival" not in found(last, "queue")["summary"]
    until(lambda: watch.finding("self")["level"] == "ok", 10)
    output = watch.output()
    for bad in ("begins anew", "is begun anew", "damaged", "nothing is kept", "in memory"):
        assert bad not in output, output[output.index(bad) - 200:][:400]
    # Each report once, or again where its sender died as it was accepted.
    got = [r["seq"] for r in status.got]
    once = [a for i, a in enumerate(got) if i == 0 or a != got[i - 1]]
    assert once == list(range(got[0], got[0] + len(once))), once
    # The log is read on from where it stood, and its stations are known.
    before = {s["name"]: s["value"] for s in last["samples"]}["log.received"]
    story.say_log(100)
    until(lambda: {s["name"]: s["value"] for s in watch.show()["samples"]}["log.received"]
          > before, 15)
    watch.stop()
    for name in ("history", "alerts"):
        with sqlite3.connect(place / f"queuewatch-data/queuewatch.{name}") as c:
            assert c.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        c.close()
