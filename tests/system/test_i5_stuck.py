"""I5, July 2025: mail takes hours each way, with no visible cause.  Why it waits is
said, and whether a flush would help; and what is said is what Postfix does."""

import os
import signal

import pytest

from mg import page, smtp
from mg.daemons import Bare, Queuewatch, Statusd
from mg.postfix import Postfix
from mg.preload import Clock
from mg.proc import run
from mg.sink import Sink
from mg.spool import Spool
from mg.wait import stays, until

DAY = 86400


def watch(place, postfix, statusd, env=None):
    daemon = Queuewatch(place, postfix, statusd, sections={
        ("disk", place.path): {"warning": Bare("99%"), "critical": Bare("100%")}})
    daemon.env = env
    return daemon.start()


def stuck(daemon, level, words):
    def seen():
        f = daemon.finding("stuck")
        return f if f and f["level"] == level and words in f["summary"] else None
    return until(seen, 30, f"stuck is {level} {words!r}")


def test_the_clock_was_a_day_ahead_and_is_set_back(place):
    """Time stamps of deferred mail are Postfix's next attempts: a day off now."""
    clock = Clock(place)
    clock.step(DAY)
    sink = Sink(place)
    sink.refuse()
    postfix = Postfix(place, relay={"far.example": ("127.0.0.1", sink.port)}, settings={
        "import_environment": "MAIL_CONFIG MAIL_LOGTAG LD_PRELOAD MG_CLOCK",
        # None is tried again while the test looks.
        "minimal_backoff_time": "10min", "maximal_backoff_time": "10min"})
    postfix.process.env.update(clock.env)
    postfix.start()
    statusd = Statusd(place).start()
    daemon = watch(place, postfix, statusd, clock.env)
    stuck(daemon, "ok", "No message is stuck")
    smtp.burst(postfix.port, 3, "a@outside.example", "b@far.example")
    until(lambda: postfix.count("deferred") == 3, 20)
    sink.accept()
    clock.step(0)
    f = stuck(daemon, "warning", "far in the future")
    assert f["value"] == 3 and f["evidence"]["flush_helps"], f
    assert "a flush helps" in f["summary"] and "was set back by 1 d" in f["summary"], f
    until(lambda: page.find(statusd.get(), "NC036", "degraded"), 10, "the row on the page")

    # True: Postfix passes them over, and tries them when it is told to.
    seen = sink.count
    stays(lambda: sink.count == seen and postfix.count("deferred") == 3, 1)
    postfix.flush()
    until(lambda: sink.count == 3 and postfix.count() == 0, 30, "they are delivered")


@pytest.mark.skipif(not os.environ.get("MG_LONG"), reason="MG_LONG=1 runs it")
def test_a_large_queue_is_looked_at_anew_when_the_clock_is_set(place):
    """Of so many files the inodes are asked once a minute, else."""
    clock, spool = Clock(place), Spool(place)
    clock.step(DAY)
    spool.put("deferred", 2100, age=-DAY, next_attempt=DAY + 600)
    daemon = Queuewatch(place, spool, sections={
        ("disk", place.path): {"warning": Bare("99%"), "critical": Bare("100%")}})
    daemon.env = clock.env
    daemon.start()
    stuck(daemon, "ok", "No message is stuck")
    clock.step(0)
    assert stuck(daemon, "warning", "set back by 1 d")["value"] == 2100


@pytest.fixture
def hosts(place):
    """/etc/hosts of this test's own, seen by what it starts."""
    path = place.write("hosts", "127.0.0.1 localhost\n127.0.0.1 mx.far.example\n")
    run(["mount", "--bind", path, "/etc/hosts"])
    yield path
    run(["umount", "/etc/hosts"])


def test_stale_files_in_the_chroot(place, hosts):
    """The system knows the relay's address; the copy that Postfix reads does not."""
    sink = Sink(place)
    postfix = Postfix(place, settings={
        "smtp_host_lookup": "native",
        "transport_maps": f"inline:{{far.example=smtp:[mx.far.example]:{sink.port}}}",
        "relay_domains": "far.example"})
    postfix._put("master.cf", open(os.path.join(postfix.config, "master.cf"), encoding="utf-8")
                 .read().replace("smtp      unix  - - n", "smtp      unix  - - y"))
    copy = os.path.join(postfix.queue, "etc/hosts")
    os.makedirs(os.path.dirname(copy))

    def bring_up_to_date(text):
        with open(copy, "w", encoding="utf-8") as f:
            f.write(text)
    bring_up_to_date("127.0.0.1 localhost\n")
    with open("/etc/nsswitch.conf", encoding="utf-8") as f:
        place.write("postfix/spool/etc/nsswitch.conf", f.read())
    postfix.start()
    statusd = Statusd(place).start()
    daemon = watch(place, postfix, statusd)
    f = stuck(daemon, "notice", "is not as the system's")
    assert "/etc/hosts" in f["summary"] and "a flush does not help" in f["summary"], f
    assert not f["evidence"]["flush_helps"] and f["evidence"]["stale"].endswith("/etc/hosts")

    # True: a flush does not help ...
    smtp.attempt(postfix.port, "a@outside.example", "b@far.example")
    postfix.wait_log("status=deferred", 20)
    tries = postfix.log().count("status=deferred")
    postfix.flush()
    until(lambda: postfix.log().count("status=deferred") > tries, 20)
    assert sink.count == 0 and postfix.count() == 1
    # ... and what a restart does, helps (Debian's copies the files).
    postfix.stop()
    with open(hosts, encoding="utf-8") as f:
        bring_up_to_date(f.read())
    postfix.start()
    until(lambda: postfix.command("postqueue", "-f", check=False).returncode == 0, 10)
    until(lambda: sink.count == 1, 20)
    daemon.signal(signal.SIGUSR1)  # else within a minute
    stuck(daemon, "ok", "No message is stuck")
