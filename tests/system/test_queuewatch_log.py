"""queuewatch and the mail log: its figures, its rotation, what it makes of it."""

import gzip
import json
import os
import re
import shutil
import time

import pytest

from mg import smtp
from mg.daemons import Bare, Queuewatch
from mg.maillog import Log
from mg.proc import run
from mg.spool import Spool
from mg.wait import until

NAMES = ("received", "delivered", "deferred", "bounced", "rejected")


@pytest.fixture
def spool(place):
    return Spool(place)


@pytest.fixture
def watch(place, spool):
    def make(name="queuewatch", **options):
        disk = {"warning": Bare("99%"), "critical": Bare("100%")}
        return Queuewatch(place, spool, name=name, sections={("disk", place.path): disk},
                          **{"maillog": place / "mail.log", **options})
    return make


def counts(daemon):
    samples = {s["name"]: s["value"] for s in daemon.show()["samples"]}
    return {n: int(samples[f"log.{n}"]) for n in NAMES if f"log.{n}" in samples}


def pflogsumm(path):
    """The same figures by pflogsumm."""
    text = run(["/usr/sbin/pflogsumm", "--detail", "0", path]).stdout
    found = {n: int(re.search(rf"^ +(\d+) +{n}", text, re.M).group(1)) for n in NAMES}
    deferrals = re.search(r"\((\d+) +deferrals\)", text)
    found["deferred"] = int(deferrals.group(1)) if deferrals else 0
    return found


def append(path, text):
    with open(path, "a", encoding="utf-8", errors="surrogateescape") as f:
        f.write(text)


def test_figures_are_pflogsumms(place, watch):
    log, path = Log(seed=7), place / "mail.log"
    append(path, log.lines(500))  # was there before: not counted
    daemon = watch().start()
    until(lambda: counts(daemon) == dict.fromkeys(NAMES, 0), 10, "the log is read")
    text = log.lines(5000)
    append(path, text)
    append(place / "new.log", text)
    want = pflogsumm(place / "new.log")
    assert all(want.values()), want
    until(lambda: counts(daemon) == want, 10, f"{want}")


def test_figures_of_a_real_postfix(place, make_postfix, sink):
    sink.refuse("450 4.2.0 <x>: try again later")
    postfix = make_postfix(relay={"jam.example": ("127.0.0.1", sink.port)})
    daemon = Queuewatch(place, postfix).start()
    until(lambda: counts(daemon), 10, "the log is read")
    before = len(postfix.log())
    smtp.burst(postfix.port, 10, "a@home.example", "user@home.example")
    smtp.burst(postfix.port, 5, "a@home.example", "b{i}@jam.example")
    assert smtp.attempt(postfix.port, "a@x.example", "b@elsewhere.example")[0] == "5"
    postfix.wait_log("status=deferred")

    def equal():
        text = postfix.log()[before:]
        with open(place / "part.log", "w", encoding="utf-8") as f:
            f.write(text)
        want = pflogsumm(place / "part.log")
        return want["deferred"] >= 5 and want["delivered"] == 10 and \
            counts(daemon) == want
    until(equal, 20, "the same figures")
    # postlogd makes the log for root alone; queuewatch is nobody.
    os.chmod(postfix.log_path, 0o600)
    os.chown(postfix.log_path, 0, 0)
    daemon.restart()
    smtp.burst(postfix.port, 3, "a@home.example", "user@home.example")
    until(lambda: counts(daemon).get("delivered", 0) >= 3, 10)


def test_rotation_and_restarts_lose_nothing(place, watch):
    log, path = Log(seed=3), place / "mail.log"
    append(path, "")
    daemon = watch().start()
    until(lambda: counts(daemon), 10, "the log is read")
    whole = []

    def more(n=300):
        whole.append(log.lines(n))
        append(path, whole[-1])

    def sums_up(seen):
        with open(place / "whole.log", "w", encoding="utf-8") as f:
            f.write("".join(whole))
        want = pflogsumm(place / "whole.log")
        def adds_up():
            now = counts(daemon)  # none in the first moments after a start
            return now if now and all(seen[n] + now[n] == want[n] for n in NAMES) else None
        return until(adds_up, 15, f"{want}")
    none = dict.fromkeys(NAMES, 0)
    more()
    sums_up(none)
    os.rename(path, path + ".1")
    more()
    sums_up(none)
    shutil.copy(path, path + ".2")
    os.truncate(path, 0)
    more()
    seen = sums_up(none)
    # While nobody looks: a line, a rotation, a compression.
    daemon.stop()
    more(50)
    with open(path, "rb") as plain, gzip.open(path + ".3.gz", "wb") as packed:
        shutil.copyfileobj(plain, packed)
    os.unlink(path)
    more(50)
    daemon.start()
    until(lambda: counts(daemon), 10)
    sums_up(seen)


def test_log_that_is_gone_is_said(place, watch):
    daemon = watch().start()
    until(lambda: "mail.log" in daemon.finding("log", "")["summary"], 10)
    assert daemon.finding("log", "")["level"] == "unknown"
    append(place / "mail.log", Log().lines(100))
    until(lambda: daemon.finding("log", "")["level"] == "ok", 10)
    assert counts(daemon)["received"] > 0


def test_hostile_lines_do_nothing(place, watch):
    path = place / "mail.log"
    append(path, "")
    daemon = watch().start()
    until(lambda: counts(daemon), 10)
    with open(path, "ab") as f:
        f.write(b"\x00\xff\xfe\n" * 100 + os.urandom(200000) + b"\n")
        f.write(b"x" * 3000000 + b"\n")
        f.write(b"Oct  2 10:00:00 mx postfix/cleanup[1]: warning: \x1b[31mred\x1b]0;t\x07"
                b": No space left on device\n")
        f.write(b"Oct  2 10:00:00 mx postfix/smtpd[1]: warning: Illegal address syntax: "
                b"postfix/smtp[1]: AB12: to=<a@b>, relay=none, delay=1, status=sent (x)\n")
    append(path, Log().lines(100))
    until(lambda: counts(daemon)["received"] > 0, 20)
    text = run([daemon.argv[0], "-c", daemon.conf_path, "show"]).stdout
    assert "\x1b" not in text and "\x07" not in text


def test_duplicates_are_told(place, watch):
    """I4: the store fails after it has stored, again and again."""
    path = place / "mail.log"
    append(path, "")
    daemon = watch().start()
    until(lambda: counts(daemon), 10)
    log = Log(start=time.time() - 5)
    for i in range(3):
        log.say("smtpd", f"AB1{i}: client=a.example[192.0.2.1]")
        log.say("cleanup", f"AB1{i}: message-id=<m{i}@a.example>")
        for _ in range(2):
            log.say("lmtp", f"AB1{i}: to=<u@home.example>, relay=store[private/lmtp], "
                            "delay=1, delays=0/0/0/1, dsn=4.4.2, status=deferred "
                            "(conversation with store[private/lmtp] timed out while "
                            "sending end of data -- message may be sent more than once)")
    append(path, log.lines(1))
    f = until(lambda: (d := daemon.finding("duplicates", "")) and d["level"] == "warning" and d,
              10)
    assert f["value"] == 3 and "AB12" in f["summary"]


def test_trace_is_recorded_and_replayed(place, watch, spool):
    append(place / "mail.log", "")
    daemon = watch(queue={"warning": 10, "critical": 20}).start()
    until(lambda: daemon.finding("queue", ""), 10)

    def queuewatch(*words, check=True):
        return run([daemon.argv[0], "-c", daemon.conf_path, *words], check=check)
    trace = place / "trace"
    queuewatch("record", trace, "--for", "1s")
    spool.put("deferred", 15)
    queuewatch("record", trace, "--for", "2s")
    text = queuewatch("replay", trace).stdout
    assert "warning" in text and "15 messages wait" in text
    first = json.loads(queuewatch("replay", trace, "--json").stdout.splitlines()[0])
    assert first["level"] == "warning" and first["check"] == "queue"
    # The same trace with other limits: that is what it is for.
    assert "No level changed" in queuewatch(
        "-o", "queue.warning=100", "-o", "queue.critical=200", "replay", trace).stdout
    append(trace, "{\n")
    bad = queuewatch("replay", trace, check=False)
    assert bad.returncode == 1 and re.search(r"trace: line \d+", bad.stderr)

    until(lambda: daemon.finding("queue", "")["level"] == "warning", 10)
    text = queuewatch("explain", "queue", "").stdout
    assert "queue: warning since" in text and "oldest_s" in text and "top --by" in text
    assert queuewatch("explain", "moon", check=False).returncode == 1
    for f in daemon.show()["findings"]:
        lines = queuewatch("explain", f["check"], f["subject"]).stdout.splitlines()
        assert lines[0].startswith(f["check"]) and len(lines[-1]) > 100, lines
