"""A recorded trace says later what the daemon said then: the same findings, at
the same moments, with the same causes."""

import calendar
import json
import re
import time

import pytest

from mg import smtp
from mg.daemons import Bare, Queuewatch
from mg.maillog import Log
from mg.ports import free_port
from mg.proc import Process, run
from mg.servers import Status
from mg.wait import until

SAME = [("queue", ""), ("stuck", ""), ("duplicates", ""), ("log", ""), ("log", "account"),
        ("log", "reply"), ("log", "destination"), ("log", "outside"), ("log", "filter")]


@pytest.fixture
def status():
    with Status() as s:
        yield s


def seconds(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def live_changes(status):
    """{(check, subject): [(level, since), ...]} of all reports."""
    seen = {}
    for report in status.got:
        for f in report["findings"]:
            of = seen.setdefault((f["check"], f["subject"]), [])
            if not of or of[-1][0] != f["level"]:
                of.append((f["level"], seconds(f["since"])))
    return seen


def replayed_changes(lines):
    seen = {}
    for line in lines:
        of = seen.setdefault((line["check"], line["subject"]), [])
        if not of or of[-1][0] != line["level"]:
            of.append((line["level"], seconds(line["at"])))
    return seen


def strip(levels):
    """Without how it began: well, or not looked at yet."""
    while levels and levels[0][0] in ("ok", "unknown"):
        levels = levels[1:]
    return levels


def compromised(postfix, log):
    """A login that sends 40 messages to 40 domains, by the log."""
    for i in range(40):
        log.say("smtpd", f"AC{i}: client=evil.example[192.0.2.{i}], sasl_method=LOGIN, "
                         "sasl_username=office@home.example")
        log.say("qmgr", f"AC{i}: from=<office@home.example>, size=900, nrcpt=1 (queue active)")
        log.say("smtp", f"AC{i}: to=<x@d{i}.example>, relay=mx[192.0.2.9]:25, delay=1, "
                        "delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)")
        log.say("qmgr", f"AC{i}: removed")


def doubled(postfix, log):
    for _ in range(2):
        log.say("lmtp", "AD1: to=<u@home.example>, relay=store[private/lmtp], delay=1, "
                        "delays=0/0/0/1, dsn=4.4.2, status=deferred (conversation with "
                        "store[private/lmtp] timed out while sending end of data -- message "
                        "may be sent more than once)")


def jammed_filter(port, log):
    for i in range(5):
        log.say("smtp", f"AF{i}: to=<u@home.example>, relay=127.0.0.1[127.0.0.1]:{port}, "
                        "delay=1, delays=0/0/0/1, dsn=4.3.2, status=deferred (host "
                        "127.0.0.1[127.0.0.1] said: 451 4.3.2 overloaded (in reply to end of "
                        "DATA command))")


def test_a_trace_says_what_the_daemon_said(place, sink, make_postfix, status):
    port = free_port()
    postfix = make_postfix(
        relay={"bank.example": ("127.0.0.1", sink.port), "jam.example": ("127.0.0.1", sink.port)},
        # Of a service that nobody uses: its lines come from the test.
        master_extra=f"127.0.0.1:{free_port()} inet n - n - - smtpd\n"
                     f"  -o content_filter=smtp:[127.0.0.1]:{port}\n")
    daemon = Queuewatch(place, postfix, status_url=status.url, token=status.token, sections={
        "queue": {"warning": 15, "critical": 1000},
        ("disk", place.path): {"warning": Bare("99%"), "critical": Bare("100%")}}).start()
    until(lambda: (daemon.finding("log", "reply") or {}).get("level") == "ok", 15)
    # What was learned before the trace begins goes into it, once it is kept.
    until(lambda: b"learned" in open(place / "queuewatch-data/queuewatch.log", "rb").read(), 15)
    recorder = Process(place, "record", [daemon.argv[0], "-c", daemon.conf_path,
                                         "record", place / "trace"]).start()
    until(lambda: b'"log"' in open(place / "trace", "rb").read(), 10)
    assert b'"learned"' in open(place / "trace", "rb").readline()
    smtp.burst(postfix.port, 10, "a@home.example", "b{i}@bank.example")
    until(lambda: sink.count == 10, 20)

    def level(check, subject):
        return daemon.finding(check, subject)["level"]

    def have_recorded():
        """The recorder looks by itself: what the daemon has seen by now is to be
        in its trace before something else happens."""
        def looks():
            return open(place / "trace", "rb").read().count(b"\n")
        before = looks()
        until(lambda: looks() > before + 1, 10)

    def write(what, argument):
        log = Log(start=time.time() - 2)
        what(argument, log)
        with open(postfix.log_path, "a", encoding="utf-8") as f:
            f.write(log.lines(0))
    write(compromised, None)
    until(lambda: level("log", "account") == "notice", 10)
    have_recorded()
    write(doubled, None)
    until(lambda: level("duplicates", "") == "warning", 10)
    have_recorded()
    sink.refuse("550 5.7.1 From domain not allowed, see case 4711-{n}")
    smtp.burst(postfix.port, 15, "a@home.example", "b{i}@bank.example")
    until(lambda: level("log", "reply") == "warning" == level("log", "destination"), 20)
    have_recorded()
    sink.refuse("450 4.2.0 busy")
    smtp.burst(postfix.port, 20, "a@home.example", "c{i}@jam.example")
    until(lambda: (daemon.finding("queue", "")["evidence"] or {}).get("causes"), 20)
    write(jammed_filter, port)
    until(lambda: level("log", "filter") == "warning", 10)
    live_causes = until(lambda: (c := daemon.finding("queue", "")["evidence"]["causes"])
                        and c[0]["by"] == "filter" and c, 10)
    # The recorder asks for them by itself, and beside what it writes.
    until(lambda: re.search(rb'"by": ?"destination", ?"name": ?"jam.example"',
                            open(place / "trace", "rb").read()), 20)
    n = len(status.got)
    until(lambda: len(status.got) > n + 1, 10)
    recorder.stop()
    daemon.stop()

    done = run([daemon.argv[0], "-c", daemon.conf_path, "replay", place / "trace", "--json"])
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    live, again = live_changes(status), replayed_changes(lines)
    for key in SAME:
        a, b = strip(live[key]), strip(again.get(key, []))
        assert [x[0] for x in a] == [x[0] for x in b], (key, a, b)
        for (_, then), (_, now) in zip(a, b):
            # Two processes look, each twice a second, and stamps are whole.
            assert abs(then - now) <= 2, (key, a, b)
    changed = [key for key in SAME if strip(live[key])]
    assert len(changed) >= 6, changed

    causes = [line["evidence"]["causes"] for line in lines
              if line["check"] == "queue" and line["level"] == "warning" and
              "causes" in line["evidence"]][-1]
    assert {(c["by"], c["name"]) for c in causes} & \
        {(c["by"], c["name"]) for c in live_causes if c["by"] != "filter"}
    assert any(c["name"] == "jam.example" for c in causes)
    text = run([daemon.argv[0], "-c", daemon.conf_path, "replay", place / "trace"]).stdout
    assert "destination jam.example: 450 4.2.0 busy" in text
    assert "From domain not allowed" in text and "AD1" in text
