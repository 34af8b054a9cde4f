"""Counts of a still queue are those of Postfix's own programs, to the message."""

import collections
import json
import os

import pytest

from mg import smtp
from mg.daemons import Bare, Queuewatch
from mg.proc import run
from mg.queuefile import Template
from mg.servers import Status
from mg.wait import until

# Above the number up to which every pass asks for every inode.
MANY = 20000 if os.environ.get("MG_LONG") else 2500
MINUTE = 60
QUEUES = ("incoming", "active", "deferred", "hold")
# Minutes, each well within an age of qshape's: below 5, 10, 20 ... 1280, older.
MIDDLES = [2, 7, 15, 30, 60, 120, 240, 480, 960, 2000]


def by_postqueue(postfix):
    """{queue: messages} and {destination: recipients} as postqueue -j says."""
    queues, domains = collections.Counter(), collections.Counter()
    for line in postfix.command("postqueue", "-j", seconds=120).stdout.splitlines():
        message = json.loads(line)
        queues[message["queue_name"]] += 1
        for to in message["recipients"]:
            domains[to["address"].rpartition("@")[2]] += 1
    return queues, domains


def by_qshape(postfix, queue):
    """[messages, then those of each age] as qshape says; one recipient each."""
    text = run(["/usr/sbin/qshape", "-c", postfix.config, "-b", "10", queue],
               seconds=120).stdout
    total = next(line for line in text.splitlines() if line.split()[0] == "TOTAL")
    return [int(n) for n in total.split()[1:]]


def fill(postfix, queue, count, long_ids):
    """Messages of all ages; where only the file's times tell, of those it can."""
    minutes = MIDDLES if long_ids or queue != "deferred" else [1]
    ages = [minutes[i % len(minutes)] * MINUTE for i in range(count)]
    postfix.template.put(postfix.queue, queue, ages, long_ids)


@pytest.fixture
def status():
    with Status() as s:
        yield s


@pytest.fixture
def jammed(make_postfix):
    """A Postfix that never delivers, and a message that it wrote."""
    postfix = make_postfix(relay={"jam.example": ("127.0.0.1", 9)}, settings={
        "defer_transports": "smtp", "minimal_backoff_time": "3000s",
        "maximal_backoff_time": "4000s", "queue_run_delay": "3000s"})
    smtp.burst(postfix.port, 1, "office@home.example", "user@jam.example")
    until(lambda: postfix.count("deferred") == 1, 20)
    (path,) = [os.path.join(folder, name) for folder, _, names in
               os.walk(os.path.join(postfix.queue, "deferred")) for name in names]
    postfix.template = Template(path)
    os.unlink(path)
    return postfix


def figures(report):
    """{queue: messages} and {queue: ages} of a report."""
    counts = {s["name"].removeprefix("queue."): int(s["value"])
              for s in report["samples"] if s["name"].startswith("queue.")}
    ages = {f["subject"]: f["evidence"]["ages"] for f in report["findings"]
            if f["check"] == "queue" and "evidence" in f}
    return counts, ages


@pytest.mark.parametrize("long_ids", [True, False], ids=["long", "short"])
def test_counts_and_ages_are_postfixs_own(place, status, jammed, long_ids):
    jammed.stop()  # or it would empty "incoming" and "active"
    for queue, count in zip(QUEUES, (40, 30, MANY, 70)):
        fill(jammed, queue, count, long_ids)
    qw = Queuewatch(place, jammed, status_url=status.url, token=status.token,
                    interval=Bare("1s")).start()
    # The first pass asks for every inode, the third for none of "deferred".
    reports = status.wait(3, 120)
    queues, domains = by_postqueue(jammed)
    assert queues == {"incoming": 40, "active": 30, "deferred": MANY, "hold": 70}
    assert domains == {"jam.example": MANY + 140}
    theirs = {queue: by_qshape(jammed, queue) for queue in QUEUES}
    for report in (reports[0], status.got[-1]):
        counts, ages = figures(report)
        assert counts == {"maildrop": 0, **queues}, report["seq"]
        assert {q: [counts[q], *ages[q]] for q in QUEUES} == theirs, report["seq"]
    # The same through the socket of a Postfix that runs.
    jammed.start()
    until(lambda: jammed.count("incoming", "active") == 0, 60)
    queues, domains = by_postqueue(jammed)
    assert sum(queues.values()) == MANY + 140
    seen = json.loads(run([qw.argv[0], "-c", qw.conf_path, "top", "--by",
                           "destination", "--once", "--json"], seconds=120).stdout)
    assert {row["name"]: row["count"] for row in seen} == domains
    until(lambda: figures(status.got[-1])[0] == {
        "maildrop": 0, "incoming": 0, "active": 0, **queues}, 30)
