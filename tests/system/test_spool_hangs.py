"""queuewatch where the spool cannot be looked at: nothing else waits for it."""

import os
import signal
import socket
import threading
import time

import pytest

from mg.daemons import Bare, Queuewatch
from mg.hangfs import HangFs
from mg.proc import session_pids
from mg.servers import Status
from mg.spool import Spool, long_id
from mg.wait import stays, until

@pytest.fixture
def status():
    with Status() as s:
        yield s


@pytest.fixture
def spool(place):
    return Spool(place)


@pytest.fixture
def hanging(place, spool):
    """A spool with 7 deferred messages on a file system that can hang."""
    if not os.access("/dev/fuse", os.W_OK):
        pytest.skip("the kernel has no FUSE")
    ids = [long_id(time.time() - 60) for _ in range(7)]
    return HangFs(place, spool.path, {
        **{queue: [] for queue in Spool.QUEUES}, "deferred": ids}, owner=65534)


@pytest.fixture
def watch(place, spool, status):
    def make(*disks):
        limits = {"warning": Bare("99%"), "critical": Bare("100%")}
        return Queuewatch(place, spool, status_url=status.url, token=status.token,
                          sections={("disk", path): limits
                                    for path in (place.path, *disks)})
    return make


def told(status, check, subject=""):
    for f in status.got[-1]["findings"] if status.got else ():
        if (f["check"], f["subject"]) == (check, subject):
            return f
    return {"level": None, "summary": ""}


def level(status, check, subject=""):
    return told(status, check, subject)["level"]


def deferred(status):
    return next((s["value"] for s in status.got[-1]["samples"]
                 if s["name"] == "queue.deferred"), None) if status.got else None


def scanner(qw):
    for pid in session_pids(qw.pid):
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            if f.read().startswith(b"queuewatch: s"):
                return pid
    return None


def ticks(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            total += sum(int(n) for n in f.read().rpartition(")")[2].split()[11:13])
    return total / os.sysconf("SC_CLK_TCK")


def goes_on(status, qw, place, seconds=3):
    """Reports, disks and itself are as ever, and no process turns in circles."""
    n, pids = len(status.got), session_pids(qw.pid)
    before = ticks(pids)
    until(lambda: len(status.got) >= n + seconds, 10 * seconds, "reports go on")
    assert ticks(pids) - before < 0.2 * seconds
    assert level(status, "disk", place.path) == "ok"


def test_a_spool_that_hangs_stops_nothing_else(place, status, spool, hanging, watch):
    qw = watch().start()
    until(lambda: deferred(status) == 7 and level(status, "queue") == "ok", 20)
    assert level(status, "disk", spool.path) == "ok"
    first = scanner(qw)
    hanging.hang()
    until(lambda: level(status, "queue") == "unknown", 20)
    assert "does not end" in told(status, "queue")["summary"]
    until(lambda: level(status, "disk", spool.path) == "unknown", 20)
    goes_on(status, qw, place)
    until(lambda: "hangs" in told(status, "self")["summary"], 30)
    assert level(status, "self") == "warning"
    hanging.go_on()
    until(lambda: deferred(status) == 7 and level(status, "queue") == "ok", 60)
    until(lambda: level(status, "disk", spool.path) == "ok", 20)
    until(lambda: level(status, "self") == "ok", 20)
    assert scanner(qw) not in (None, first)
    qw.stop()


def test_a_start_while_the_spool_hangs(place, status, spool, hanging, watch):
    hanging.hang()
    qw = watch(spool.path + "/deferred").start()  # also where a path must be walked
    status.wait(2, 30)
    assert level(status, "queue") == "unknown"
    goes_on(status, qw, place)
    hanging.go_on()
    until(lambda: deferred(status) == 7 and level(status, "queue") == "ok", 60)


def test_a_spool_that_is_mounted_anew(place, status, spool, hanging, watch):
    qw = watch().start()
    until(lambda: deferred(status) == 7, 20)
    hanging.end()
    until(lambda: level(status, "queue") == "unknown", 20)
    assert "cannot be listed" in told(status, "queue")["summary"]
    goes_on(status, qw, place)
    hanging.unmount()
    spool.put("deferred", 3)
    until(lambda: deferred(status) == 3 and level(status, "queue") == "ok", 40)


@pytest.mark.skipif(not os.environ.get("MG_LONG"), reason="in make soak")
def test_a_scanner_that_stops_is_replaced(place, status, spool, watch):
    spool.put("deferred", 5)
    qw = watch().start()
    until(lambda: deferred(status) == 5, 20)
    stopped = scanner(qw)
    os.kill(stopped, signal.SIGSTOP)
    spool.put("deferred", 1)
    until(lambda: level(status, "queue") == "unknown", 20)
    goes_on(status, qw, place)
    until(lambda: deferred(status) == 6 and level(status, "queue") == "ok", 60)
    until(lambda: not os.path.exists(f"/proc/{stopped}"), 10, "the old one is gone")
    stays(lambda: scanner(qw) is not None, 1)


def tell_for_ever(listener, asked):
    """A showq whose list has no end."""
    with listener.accept()[0] as c:
        asked.set()
        for i in range(1 << 30):
            fields = {"queue_name": "deferred", "queue_id": f"4jX5C75v5Gz{i + 1000}C",
                      "time": str(int(time.time())), "size": "9", "sender": "a@b.example",
                      "recipient": f"c{i}@jam.example", "reason": "450 4.2.0 later"}
            try:
                c.sendall(b"".join(f"{k}\0{v}\0".encode() for k, v in fields.items()) +
                          b"\0")
            except OSError:
                return


def test_it_ends_while_a_list_is_read(place, status, spool):
    os.mkdir(spool.path + "/public")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(spool.path + "/public/showq")
        os.chmod(spool.path + "/public/showq", 0o666)
        listener.listen()
        asked = threading.Event()
        threading.Thread(target=tell_for_ever, args=(listener, asked),
                         daemon=True).start()
        qw = Queuewatch(place, spool, status_url=status.url, token=status.token,
                        queue={"warning": 10, "critical": 20}).start()
        until(lambda: level(status, "queue") == "ok", 20)
        spool.put("deferred", 15)
        assert asked.wait(30)
        status.wait(len(status.got) + 1, 20)
        assert qw.stop() == 0
