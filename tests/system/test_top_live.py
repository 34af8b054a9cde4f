"""top on a terminal: live like top(1), put right at its end, and what others
wrote never acts there."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

from mg import smtp
from mg.daemons import Queuewatch
from mg.proc import run
from mg.wait import until

ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"
# All that top itself sends to steer the terminal.
OWN = re.compile("\x1b\\[(\\?1049[hl]|\\?25[hl]|\\?7[hl]|H|K|J|1m|0m)")


class Terminal:
    """A program on a terminal of its own; `seen` is what it showed."""

    def __init__(self, place, argv, rows=12, columns=60, **env):
        self.main, slave = pty.openpty()
        place.on_close(lambda: os.close(self.main))
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.seen = ""
        self.popen = subprocess.Popen(
            [str(a) for a in argv], stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True,
            env={"PATH": os.environ["PATH"], "TERM": "xterm-256color", **env})
        place.on_close(self.end)

    def look(self):
        while select.select([self.main], [], [], 0)[0]:
            self.seen += os.read(self.main, 65536).decode("utf-8", "replace")
        return self.seen

    def shows(self, text, seconds=15):
        until(lambda: text in self.look(), seconds, f"{text!r} on the terminal")

    def press(self, key):
        self.seen = ""
        os.write(self.main, key.encode())

    def end(self):
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()
        os.close(self.slave)

    def ended(self):
        status = self.popen.wait(10)
        self.look()
        assert termios.tcgetattr(self.slave)[:4] == self.before[:4], "as it was"
        return status


@pytest.fixture
def queuewatch(place, sink, make_postfix):
    sink.refuse("451 4.7.1 ev\u202eil reply \u2066of\u2069 theirs " + "x" * 300)
    domains = [f"d{i}.example" for i in range(30)]
    postfix = make_postfix(relay={d: ("127.0.0.1", sink.port) for d in domains})
    for i in range(40):
        smtp.attempt(postfix.port, f"s{i % 3}@outside.example", f"v@d{i % 30}.example")
    until(lambda: postfix.count("deferred") == 40, 30)
    q = Queuewatch(place, postfix)
    return [q.argv[0], "-c", q.conf_path, "top"]


def test_live(place, queuewatch):
    t = Terminal(place, queuewatch)
    t.shows("40 recipients in all queues, by destination")
    t.shows("q quit")
    assert ENTER in t.seen and LEAVE not in t.seen
    frame = t.seen.split("\x1b[H")[-1]
    assert frame.count("\r\n") <= 11, "what does not fit is left out"
    t.press("s")
    t.shows("by sender")
    t.shows("s0@outside.example")
    t.press("r")
    t.shows("by reason")
    t.shows("451 4.7.1 ev?il reply")
    rest = OWN.sub("", t.look())
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]",
                         rest.replace("\r\n", "\n")), repr(rest)
    t.press("q")
    assert t.ended() == 0
    assert t.seen.endswith(LEAVE) and "\x1b[?25h" in t.seen and "\x1b[?7h" in t.seen


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_puts_the_terminal_right(place, queuewatch, number):
    t = Terminal(place, queuewatch, NO_COLOR="1")
    t.shows("by destination")
    assert "\x1b[1m" not in t.seen
    t.popen.send_signal(number)
    assert t.ended() == 0 and t.seen.endswith(LEAVE)


def test_another_size_is_drawn_at_once(place, queuewatch):
    t = Terminal(place, queuewatch)
    t.shows("q quit")
    time.sleep(0.1)
    fcntl.ioctl(t.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 60, 0, 0))
    t.seen = ""
    t.popen.send_signal(signal.SIGWINCH)
    t.shows("q quit")
    assert t.seen.count("\r\n") > 20
    t.press("q")
    assert t.ended() == 0


def test_without_a_terminal_once(place, queuewatch):
    done = run(queuewatch, check=True)
    assert done.stdout.startswith("40 recipients in all queues, by destination\n")
    assert "\x1b" not in done.stdout
    t = Terminal(place, queuewatch, TERM="dumb")
    assert t.ended() == 0 and "\x1b" not in t.seen
    rows = json.loads(run([*queuewatch, "--by", "reason", "--once", "--json"]).stdout)
    assert rows[0]["count"] == 40 and rows[0]["share"] == 1, rows
