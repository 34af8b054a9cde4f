"""I4 and I7: how hard the host is pressed goes from queuewatch to greymilter by a
small file: at once when a mail store is at its floor or a milter fails, and away
by itself when queuewatch is."""

import os
import socketserver
import threading
import time

import pytest

from mg import smtp
from mg.daemons import Bare, Greymilter, Queuewatch
from mg.postfix import MILTER_LINE, Postfix
from mg.smallfs import SmallFs
from mg.stall import Stall
from mg.wait import until

INTERVAL_S = 1
STRANGER = {"address": "203.0.113.9", "helo": "mx.stranger.example"}


class Press:
    """Postfix with greymilter, which brakes, and queuewatch beside it."""

    def __init__(self, place, disk_size=0, other_milter=None):
        self.place = place
        self.path = place / "pressure"
        self.stall = Stall()
        self.stall.__enter__()
        place.on_close(self.stall.__exit__)
        self.milter = Greymilter(place, delay=Bare("1s"), retry_window=Bare("1d"), pressure={
            "file": self.path, "brake": True, "delay_high": Bare("10min")}).start()
        milters = [MILTER_LINE.format(port=p) for p in (other_milter, self.milter.port) if p]
        self.postfix = Postfix(place, settings={"smtpd_milters": ", ".join(milters)})
        owner = self.postfix.owner
        self.disk = None
        if disk_size:
            self.disk = SmallFs(place, "postfix/mail", disk_size,
                                owner=(owner.pw_uid, owner.pw_gid))
            place.on_close(self.postfix.process.stop_quietly)
        self.postfix.start()
        path = self.disk.path if self.disk else place.path
        self.watch = Queuewatch(
            place, self.postfix, interval=Bare(f"{INTERVAL_S}s"),
            sections={("disk", path): {"warning": Bare("90%"), "critical": Bare("95%")}}).start()
        until(lambda: (self.watch.finding("log", "") or {}).get("level") == "ok", 15)

    def level(self):
        """What the file says now; "ok" once it has expired."""
        try:
            with open(self.path, encoding="ascii") as f:
                level, expires = f.read().split()
            return level if int(expires) > time.time() else "ok"
        except OSError:
            return "ok"

    def written(self):
        return os.stat(self.path).st_mtime

    def is_in_time(self, since):
        """Written within two intervals, and what the machine itself was late (three
        processes hand it on)."""
        took = self.written() - since
        return took < 2 * INTERVAL_S + 3 * self.stall.worst_us / 1e6

    def said(self, words, seconds=10):
        until(lambda: words in self.milter.output(), seconds, words)

    def ask(self, sender="a@b.example", **who):
        return smtp.attempt(self.postfix.port, sender, "user@home.example", **who)

    def wait_s(self, sender):
        """How long greymilter tells a stranger to wait."""
        return int(self.ask(sender, **STRANGER).rsplit(" in ", 1)[1].split()[0])


def test_a_full_mail_store_holds_all_mail_at_its_senders(place):
    press = Press(place, disk_size=24 << 20)
    assert press.level() == "ok" and press.ask().startswith("250")
    ballast = press.disk.fill(0.97)  # less than a twentieth is left
    full_at = time.time()
    until(lambda: press.level() == "full", 20)
    assert press.is_in_time(full_at), "within two intervals"
    press.said("pressure: full, was ok")
    for who in ({}, STRANGER, {"address": "203.0.113.9", "login": "user"}):
        assert press.ask(**who).startswith("452 4.3.1"), who
    # It stays as long as the store is full ...
    first = press.written()
    until(lambda: press.written() > first, 10, "it is written again before it expires")
    # ... and is over as soon as there is room, whole and once.
    os.unlink(ballast)
    room_at = time.time()
    until(lambda: press.level() == "ok", 20)
    assert press.is_in_time(room_at)
    press.said("pressure: ok, was full")
    assert press.ask("c@b.example").startswith("250")

    # Killed at the worst moment it holds nobody longer than its word is good.
    press.disk.fill(0.97)
    until(lambda: press.level() == "full", 20)
    press.watch.kill()
    killed_at = time.time()
    with open(press.path, encoding="ascii") as f:
        assert int(f.read().split()[1]) - killed_at <= 5
    until(lambda: press.milter.output().count("pressure: ok, was full") == 2, 20)
    assert press.ask("d@b.example").startswith("250")
    until(lambda: not press.watch.leftovers(), 5)


class _Rude(socketserver.BaseRequestHandler):
    """A milter that takes the connection and hangs up."""

    def handle(self):
        self.request.recv(1)


@pytest.fixture
def rude():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Rude) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()


def test_a_milter_that_fails_presses_strangers(place, rude):
    press = Press(place, other_milter=rude)
    assert press.wait_s("a@b.example") == 1
    for i in range(3):
        assert press.ask(f"own{i}@home.example").startswith("250")
    press.postfix.wait_log(r"warning: milter inet:127.0.0.1:%d" % rude)
    failed_at = time.time()
    until(lambda: press.level() == "high", 20)
    assert press.is_in_time(failed_at), "within two intervals"
    press.said("pressure: high, was ok")
    assert 590 < press.wait_s("late@b.example") <= 600
    says = until(lambda: (f := press.watch.finding("log", ""))["level"] == "warning" and f, 10)
    assert "milter fault" in says["summary"], says
    # It answers no worse than before once nothing more is heard of it.
    until(lambda: press.level() == "ok", 30)
