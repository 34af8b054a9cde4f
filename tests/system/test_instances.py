"""A host with several Postfix instances (postmulti): each is watched, and named."""

import json
import os
import urllib.request

import pytest

from mg import prometheus, smtp
from mg.daemons import Queuewatch
from mg.mounts import can_be_own
from mg.ports import free_port
from mg.proc import run
from mg.servers import Status
from mg.wait import stays, until

OUT = "postfix-out"


@pytest.fixture
def status():
    with Status() as s:
        yield s


def told(status, check, subject=""):
    for f in status.got[-1]["findings"] if status.got else ():
        if (f["check"], f["subject"]) == (check, subject):
            return f
    return None


def level(status, check, subject=""):
    found = told(status, check, subject)
    return found and found["level"]


def samples(status):
    return {s["name"]: s["value"] for s in status.got[-1]["samples"]}


@pytest.fixture
def both(make_postfix, sink):
    """(the host's first Postfix, its second one, for mail that goes out)."""
    sink.refuse()
    away = {"jam.example": ("127.0.0.1", sink.port)}
    slow = {"minimal_backoff_time": "300s", "maximal_backoff_time": "400s"}
    second = make_postfix(name="second", relay=away, settings={
        "multi_instance_name": OUT, "multi_instance_enable": "yes",
        "syslog_name": OUT, **slow})
    first = make_postfix(relay=away, settings={
        "multi_instance_directories": second.config,
        "multi_instance_wrapper": "postmulti -p --", **slow})
    return first, second


def jam(postfix, count):
    smtp.burst(postfix.port, count, "office@home.example", "c{i}@jam.example")
    until(lambda: postfix.count("deferred") == count, 60)


def test_each_instance_is_watched_and_named(place, status, both):
    first, second = both
    if can_be_own():
        # postmulti knows no other place than this for the first.
        listed = run(["unshare", "-m", "sh", "-c", 'mount --bind "$1" /etc/postfix && '
                      "exec /usr/sbin/postmulti -l", "sh", first.config]).stdout
        assert [line.split()[0] for line in listed.splitlines()] == ["-", OUT]
    port = free_port()
    qw = Queuewatch(place, first, status_url=status.url, token=status.token,
                    queue={"warning": 10, "critical": 20},
                    metrics=f"127.0.0.1:{port}").start()
    report = status.wait(1, 20)[0]
    subjects = {f["subject"] for f in report["findings"] if f["check"] == "queue"}
    queues = {"maildrop", "incoming", "active", "deferred", "hold"}
    assert subjects == {"", OUT} | queues | {f"{q}:{OUT}" for q in queues}
    jam(first, 3)
    jam(second, 25)
    until(lambda: level(status, "queue", OUT) == "critical", 20)
    until(lambda: samples(status)["queue.deferred:" + OUT] == 25, 20)
    assert samples(status)["queue.deferred"] == 3
    assert level(status, "queue") == "ok" and told(status, "queue")["value"] == 3
    assert f"25 messages wait in deferred of {OUT}" in told(
        status, "queue", "deferred:" + OUT)["summary"]
    assert level(status, "stuck") == level(status, "stuck", OUT) == "ok"
    # Its own list tells what it is made of.
    until(lambda: "causes" in told(status, "queue", OUT)["evidence"], 20)
    assert told(status, "queue", OUT)["evidence"]["causes"][0]["name"] == "jam.example"
    assert "causes" not in told(status, "queue")["evidence"]
    shown = run([qw.argv[0], "-c", qw.conf_path, "show"]).stdout
    assert f"queue deferred:{OUT}: 25 messages wait" in shown

    def top(*words):
        return {row["name"]: row["count"] for row in json.loads(run(
            [qw.argv[0], "-c", qw.conf_path, "top", "--once", "--json", *words]).stdout)}
    until(lambda: top("--by", "instance") == {OUT: 25, "postfix": 3}, 20)
    assert top() == {"jam.example": 28}
    assert top("--instance", OUT) == {"jam.example": 25}
    assert top("--instance", "postfix") == {"jam.example": 3}
    wrong = run([qw.argv[0], "-c", qw.conf_path, "top", "--instance", "moon"], check=False)
    assert wrong.returncode == 1 and "no such instance" in wrong.stderr
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as a:
        text = a.read().decode()
    assert prometheus.promtool(text) == (0, "")
    got = prometheus.parse(text)
    assert got["mailglance_queue_messages", (("queue", "deferred"),)] == 3
    assert got["mailglance_queue_messages",
               (("postfix_instance", OUT), ("queue", "deferred"))] == 25


def test_one_that_stops_or_goes_leaves_the_other(place, status, both):
    first, second = both
    qw = Queuewatch(place, first, status_url=status.url, token=status.token).start()
    until(lambda: level(status, "service", "postfix") == "ok" and
          level(status, "service", OUT) == "ok", 20)
    second.stop()
    until(lambda: level(status, "service", OUT) == "critical", 20)
    assert "is not running" in told(status, "service", OUT)["summary"]
    stays(lambda: level(status, "service", "postfix") == "ok", 1.5)
    first.stop()
    until(lambda: level(status, "service", "postfix") == "critical", 20)
    assert first.queue + "/pid/master.pid" in told(status, "service", "postfix")["summary"]
    first.start()
    second.start()
    until(lambda: level(status, "service", OUT) == "ok", 30)
    until(lambda: level(status, "service", "postfix") == "ok", 30)
    # Its configuration breaks: what was known of it is kept no more, the first is.
    os.rename(second.config, second.config + ".away")
    qw.signal(1)
    until(lambda: level(status, "service", OUT) is None, 30)
    assert level(status, "queue") == "ok"
    until(lambda: second.config in told(status, "self")["summary"], 20)
    os.rename(second.config + ".away", second.config)
    qw.signal(1)
    until(lambda: level(status, "service", OUT) == "ok" and
          level(status, "queue", "deferred:" + OUT) == "ok", 30)
