"""Nobody waits for a thread while others hold half packets open, and greymilter
survives having no descriptors.  MG_LONG=1 for minutes of it."""

import contextlib
import itertools
import os
import signal
import socket
import struct
import subprocess
import time
import urllib.request

import pytest

from mg.daemons import Bare, Greymilter
from mg.milter import ACTIONS, STEPS, VERSION, MilterClient, ask
from mg.ports import free_port
from mg.smtp import attempt
from mg.stall import Stall
from mg.wait import until

LONG = bool(os.environ.get("MG_LONG"))
PROMISE_S = 1  # a mail server that speaks is answered within it
HALF = b"\0\0"  # of a packet's length
OFFER = struct.pack("!IcIII", 13, b"O", VERSION, ACTIONS, STEPS)


class Watched(Greymilter):
    """One that can be held, and asked for its metrics."""

    def __init__(self, place, **options):
        self.metrics_port = free_port()
        super().__init__(place, delay=Bare("1h"), **{
            "metrics": f"127.0.0.1:{self.metrics_port}", **options})

    @contextlib.contextmanager
    def held(self):
        """What is said meanwhile is there at the same instant for it."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def metric(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics",
                                    timeout=5) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(name + " "):
                    return float(line.split()[1])
        raise AssertionError(f"no metric {name}")

    def cpu_s(self):
        with open(f"/proc/{self.pid}/stat", encoding="utf-8") as f:
            words = f.read().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def exhaust(self, descriptors):
        """Allow it so few, and take those that are left.  Returns who has them."""
        self.limit(descriptors)
        fill = []
        with contextlib.suppress(ConnectionError):
            while len(fill) < 100:
                fill.append(MilterClient(self.port))
        assert len(fill) < 100, "there are none left"
        return fill

    def limit(self, descriptors):
        # As its own user, since not every root may.
        subprocess.run(["prlimit", "--pid", str(self.pid), f"--nofile={descriptors}:"],
                       check=True, user="nobody", group="nogroup", extra_groups=[])


def before_rcpt(port, n):
    sessions = [MilterClient(port) for _ in range(n)]
    for s in sessions:
        s.connect()
        s.helo()
        s.mail("a@b.example")
    return sessions


def in_time(what):
    with Stall() as machine:
        begun = time.monotonic()
        what()
        took = time.monotonic() - begun
    assert took < PROMISE_S + machine.worst_us / 1e6, f"answered after {took:.3f} s"


def test_a_session_beside_half_packets(place):
    milter = Watched(place).start()
    for _ in range(3):
        *others, one = before_rcpt(milter.port, 16)
        time.sleep(0.02)  # each has been left by its thread
        with milter.held():
            for s in others:
                s.socket.sendall(HALF)
            one.send("R", b"<c@d.example>\0")
        in_time(lambda: one.read()[0] == "y")
        for s in others:  # what was held up goes on
            s.socket.sendall(struct.pack("!I", 15)[2:] + b"R<c@d.example>\0")
            assert s.read()[1].startswith(b"451")
        for s in [*others, one]:
            s.close()
    assert milter.metric("greymilter_nudges_total") >= 0
    assert milter.stop() == 0


@pytest.mark.parametrize("where", ["inet", "unix"])
def test_a_connection_beside_half_packets(place, where):
    path = place.folder("s", 0o777) + "/milter"
    milter = Watched(place, **({"socket": f"unix:{path}"} if where == "unix" else {}))

    def connect():
        if where == "inet":
            return socket.create_connection(("127.0.0.1", milter.port), 15)
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(15)
        s.connect(path)
        return s

    def is_answered():
        with connect() as s:
            s.sendall(OFFER)
            assert s.recv(1)

    milter.start()
    for _ in range(3):
        with milter.held():
            others = [connect() for _ in range(60)]
            for s in others:
                s.sendall(OFFER[:7])
            one = connect()
            one.sendall(OFFER)
        in_time(lambda: one.recv(1))
        in_time(is_answered)
        for s in [*others, one]:
            s.close()
    assert milter.stop() == 0


def test_it_sleeps_while_nobody_speaks(place):
    milter = Watched(place).start()
    sessions = before_rcpt(milter.port, 8)
    sessions[0].socket.sendall(HALF)

    def wakes():
        """By thread."""
        found = {}
        for task in os.listdir(f"/proc/{milter.pid}/task"):
            with open(f"/proc/{milter.pid}/task/{task}/status", encoding="utf-8") as f:
                text = f.read().split("\nvoluntary_ctxt_switches:")[1]
            found[task] = int(text.split()[0])
        return found

    def none_is_awake():
        before = wakes()
        time.sleep(0.5)
        return all(n - before.get(task, 0) < 10 for task, n in wakes().items())

    until(none_is_awake, 10, "no thread wakes up 20 times a second")
    assert sessions[1].rcpt("c@d.example")[1].startswith(b"451")
    assert milter.stop() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize("limit", [64, 20], ids=["no more", "less than are open"])
def test_no_descriptors_for_long(place, limit):
    """Who is there is served, who comes is turned away soon, and all is well when
    there are some again."""
    milter = Watched(place).start()
    sessions = before_rcpt(milter.port, 64)
    fill = milter.exhaust(limit)
    begun, cpu_s = time.monotonic(), milter.cpu_s()
    for i, s in enumerate(sessions[:30]):
        assert s.rcpt(f"c{i}@d.example")[1].startswith(b"451")
    with contextlib.suppress(OSError):  # nor does this spin
        urllib.request.urlopen(f"http://127.0.0.1:{milter.metrics_port}/", timeout=0.1)
    turned_away = 0
    while turned_away <= 5 or time.monotonic() - begun < (180 if LONG else 1.5):
        assert turned_away > 5 or time.monotonic() - begun < 30, "nobody is kept waiting"
        try:
            fill.append(MilterClient(milter.port))  # something was closed in it
        except ConnectionError:
            turned_away += 1
        time.sleep(0.05)
    spent = (milter.cpu_s() - cpu_s) / (time.monotonic() - begun)
    assert spent < 0.2, f"{spent:.2f} of a processor"
    for i, s in enumerate(sessions):
        assert s.rcpt(f"d{i}@d.example")[1].startswith(b"451")
    for s in fill:
        s.close()
    milter.limit(1024)
    in_time(lambda: ask(milter.port, "198.51.100.7", "a@b.example", "new@d.example"))
    assert milter.metric("greymilter_turned_away_total") >= turned_away
    assert 1 <= milter.output().count("no connection can be taken") <= (4 if LONG else 1)
    assert milter.stop() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_mail_goes_on_without_descriptors(place, make_postfix):
    """Through Postfix, which waits for a milter's answer for 30 s."""
    milter = Watched(place).start()
    postfix = make_postfix(milter=milter.port)
    numbers = itertools.count()

    def mail():
        return attempt(postfix.port, "a@b.example", f"u{next(numbers)}@home.example",
                       address="198.51.100.7")[:3]

    assert mail() == "451"
    sessions = before_rcpt(milter.port, 64)
    fill = milter.exhaust(64)
    took = []

    def is_let_in():
        begun = time.monotonic()
        answer = mail()
        took.append(time.monotonic() - begun)
        if answer == "451":  # something was closed in it
            with contextlib.suppress(ConnectionError):
                fill.append(MilterClient(milter.port))
        return answer == "250"

    until(is_let_in, 20)
    assert max(took) < 10
    milter.limit(1024)
    assert mail() == "451"
    for s in [*sessions, *fill]:
        s.close()
    assert milter.stop() == 0
