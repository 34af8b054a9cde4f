#!/usr/bin/python3
"""make demo: the whole loop on this machine, in a folder of its own.

Shows, step by step and from what was really seen, how mail is greylisted, how
a jam and a filling disk come to the status page by themselves, and how they
leave it.  Then serves the page until Ctrl-C.  DEMO_SECONDS=N ends it at most N
seconds after the start; it exits 0 only when every step was seen.
"""

import contextlib
import ctypes
import os
import pathlib
import re
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from mg import page, smallfs, smtp  # noqa: E402
from mg.daemons import program  # noqa: E402
from mg.loop import JAM, SYSTEM, Loop  # noqa: E402
from mg.place import Place  # noqa: E402
from mg.wait import TooLate, until  # noqa: E402

HOLD_S = 2.5  # every state that is spoken of stays at least 2 s
CLOSING_S = 8  # what stopping everything may take
DISK_BYTES = 24 << 20
STRANGER = {"address": "198.51.100.23", "name": "mail.stranger.example",
            "helo": "mail.stranger.example"}
PARTNER = {"address": "203.0.113.7", "name": "mx1.partner.example",
           "helo": "mx1.partner.example"}


class TimeIsUp(Exception):
    """DEMO_SECONDS are over."""


def say(text=""):
    print(text, flush=True)


def saw(text):
    say("      " + text)


class Demo:
    def __init__(self, place):
        self.loop = Loop(place, disk_size=DISK_BYTES, delay="4s")
        self.done = []
        self.overs = 0  # incidents that were resolved
        self.steps = [
            ("A stranger is deferred, and passes when he comes back.", self.stranger),
            ("A whitelisted sender passes at once.", self.whitelisted),
            ("A destination answers 4xx; the queue jams; the page says so by itself.",
             self.jam),
            ("The jam is released; the incident is updated, then resolved.", self.release),
            ("The small file system that holds the mail fills, with a warning first.",
             self.fill),
            ("Space is freed; mail is delivered; the incident is resolved.", self.free),
        ]

    def run(self):
        loop = self.loop
        loop.statusd.start()
        say(f"The status page: {loop.statusd.url}/")
        say(f"Everything is in {loop.place.path}; nothing of this machine's own mail "
            "is touched.")
        loop.start_mail()
        self.wait("the mail server is operational", lambda: self.row("operational"))
        for number, (title, step) in enumerate(self.steps, 1):
            say(f"\n{number}/{len(self.steps)}  {title}")
            step()
            self.done.append(title)
        say("\nEvery step was seen.")

    # -- helpers

    def wait(self, what, condition, seconds=40):
        return until(condition, seconds, what, 0.1)

    def row(self, *words):
        """The mail server's line in the glance table, if it holds the words."""
        return page.find(self.loop.page(), SYSTEM, "Mail server", *words)

    def attempt(self, sender, who, recipient="user@home.example"):
        reply = smtp.attempt(self.loop.postfix.port, sender, recipient, **who)
        saw(f"{who['name']} <{sender}>: {reply}")
        return reply

    def hold(self, condition, what):
        """The state stays on the page for a while; look at it."""
        end = time.monotonic() + HOLD_S
        while time.monotonic() < end:
            if not condition():
                raise TooLate(f"did not stay on the page: {what}")
            time.sleep(0.2)

    def incident(self, status=None, newer_than=0):
        """The newest incident as statusctl lists it, if it has that status."""
        for found in self.loop.incidents():
            if int(found["id"]) > newer_than and SYSTEM in str(found["system"]):
                resolved = found["status"] == "resolved"
                if status is None or (status == "resolved") == resolved:
                    return found
        return None

    def page_line(self, *words):
        line = self.loop.seen(*words)
        return line and line[:160]

    # -- the steps

    def stranger(self):
        reply = self.attempt("alice@stranger.example", STRANGER)
        assert reply.startswith("451 4.7.1"), reply
        since = time.monotonic()
        time.sleep(int(re.search(r"in (\d+) seconds", reply).group(1)))
        reply = self.wait("the stranger passes on retry",
                          lambda: self.passes("alice@stranger.example", STRANGER))
        saw(f"retry after {time.monotonic() - since:.0f} s: {reply}")
        self.wait("the mail is in the mailbox", self.loop.postfix.mail_in)
        saw("the message is in the mailbox")

    def whitelisted(self):
        sender = "news@partner.example"
        reply = self.attempt(sender, PARTNER)
        assert reply.startswith("451"), reply
        self.loop.greymilter.greywl("add", "partner.example", "--proof", "name")
        saw("greywl add partner.example --proof name")
        reply = self.wait("the entry acts", lambda: self.passes(sender, PARTNER), 5)
        saw(f"{PARTNER['name']} <{sender}>: {reply}")
        reply = self.attempt(sender, STRANGER)
        assert reply.startswith("451"), f"a forger must wait: {reply}"
        saw("(a stranger who only says that he is partner.example has to wait)")

    def passes(self, sender, who):
        reply = smtp.attempt(self.loop.postfix.port, sender, "user@home.example", **who)
        return reply if reply.startswith("250") else None

    def jam(self):
        loop = self.loop
        loop.jam(60)
        saw(f"{JAM} answers 450; {loop.postfix.count('deferred')} messages are deferred")
        found = self.wait("an incident is open", lambda: self.incident("open"))
        self.jam_id = int(found["id"])
        self.opened = found["title"]
        line = self.wait("the incident is on the page",
                         lambda: self.page_line(self.opened))
        saw(f"the page: {line}")
        saw(f"the page: {self.row()}")
        self.hold(lambda: self.page_line(self.opened) and self.incident("open"),
                  "the incident")

    def release(self):
        loop = self.loop
        loop.sink.accept(30)
        loop.postfix.flush()
        self.wait("half of the mail leaves", lambda: loop.postfix.count() <= 30)
        saw(f"{JAM} takes mail again, slowly: {loop.postfix.count()} messages left")
        line = self.wait("an update is on the page",
                         lambda: self.page_line("Update 1,"))
        saw(f"the page: {line}")
        self.hold(lambda: self.page_line("Update 1,"), "the update")
        loop.sink.accept()
        loop.postfix.flush()
        self.wait("the queue is empty", lambda: loop.postfix.count() == 0)
        saw("the queue is empty")
        self.resolved(self.jam_id - 1)

    def resolved(self, newer_than):
        self.wait("the incident is resolved",
                  lambda: self.incident("resolved", newer_than))
        saw("statusctl: " + self.incident("resolved", newer_than)["status"])
        # The newest stands first; the one of the step before stays below it.
        self.overs += 1
        line = self.wait("the page says that it is over", self.over)
        saw(f"the page: {line}")
        line = self.wait("the row is well again", lambda: self.row("operational"))
        saw(f"the page: {line}")
        self.hold(lambda: self.row("operational"), "the row")

    def over(self):
        found = self.loop.page("/feed/").count("back to normal</title>")
        return self.page_line("back to normal") if found >= self.overs else None

    def fill(self):
        loop = self.loop
        while loop.disk.used() < 0.70:
            loop.mail_megabytes(1)
            self.wait("the mail is delivered", lambda: loop.postfix.count() == 0)
        saw(f"{loop.disk.used():.0%} of the mail store's "
            f"{DISK_BYTES >> 20} MB is in use; {loop.disk.free_bytes() >> 10} KB are free")
        line = self.wait("a warning is on the page before the store is full",
                         lambda: self.row("degraded"))
        assert loop.disk.used() < 0.9
        saw(f"the page: {line}")
        self.hold(lambda: self.row("degraded"), "the warning")
        while not self.log_says_full():
            loop.mail_megabytes(1)
            self.wait("the mail is tried", lambda: loop.postfix.count(
                "maildrop", "incoming", "active") == 0)
        saw(f"{loop.disk.used():.0%} in use; Postfix: {self.log_says_full()}")
        found = self.wait("a new incident is open",
                          lambda: self.incident("open", self.jam_id))
        self.disk_id = int(found["id"])
        line = self.wait("the incident is on the page",
                         lambda: self.page_line(found["title"]))
        saw(f"the page: {line}")
        saw(f"the page: {self.row()}")
        self.hold(lambda: self.page_line(found["title"]), "the incident")

    def log_says_full(self):
        for line in self.loop.postfix.log().splitlines():
            if "status=deferred" in line and "No space left" in line:
                return line[line.index("status="):][:120]
        return None

    def free(self):
        loop = self.loop
        folder = pathlib.Path(loop.disk.path, "home.example/user/new")
        for message in folder.iterdir():
            message.unlink()
        saw(f"old mail is removed: {loop.disk.used():.0%} in use")
        loop.postfix.flush()
        self.wait("what waited is delivered", lambda: loop.postfix.count() == 0)
        saw("what had waited is delivered")
        self.resolved(self.disk_id - 1)


def serve_on(url, end):
    say(f"\nThe page stays at {url}/ - look at the front page, the two incidents' own "
        "pages\nand /feed/.  " +
        ("It ends by itself." if end else "Ctrl-C ends the demo and removes everything."))
    while True:
        time.sleep(1)


def interrupts():
    """Ctrl-C, TERM and HUP all end it in order; the death of make as well.

    SIGINT by name: where a shell has started this in the background it is
    ignored, and Python would leave it so.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)


def time_limit():
    """Raise TimeIsUp when DEMO_SECONDS are nearly over.  The monotonic end, or
    None."""
    text = os.environ.get("DEMO_SECONDS", "")
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        sys.exit(f"DEMO_SECONDS must be a number: {text!r}")

    def up(*_):
        raise TimeIsUp
    signal.signal(signal.SIGALRM, up)
    signal.setitimer(signal.ITIMER_REAL, max(1.0, seconds - CLOSING_S))
    return time.monotonic() + seconds


def close(place, end):
    """Stop everything; no second Ctrl-C gets in between, and nothing hangs."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # The last resort: our processes die with us, and so do the mounts.
    left = CLOSING_S if end is None else max(1.0, end - 1 - time.monotonic())
    signal.signal(signal.SIGALRM, lambda *_: os._exit(1))
    signal.setitimer(signal.ITIMER_REAL, left)
    place.close()
    signal.setitimer(signal.ITIMER_REAL, 0)


def show_logs(demo):
    """What the programs had to say, where a step was not seen."""
    loop = demo.loop
    with contextlib.suppress(OSError):
        say("-- the page\n" + "\n".join(page.lines(loop.page())[:60]))
    for part in (loop.statusd, loop.greymilter, loop.queuewatch):
        if part is not None and part.output():
            say(f"-- the end of {part.name}'s log")
            say("\n".join(part.output().splitlines()[-8:]))


def main():
    if os.geteuid() != 0:
        sys.exit("make demo: must be run as root (a Postfix of its own, a small disk)")
    for name in ("greymilter", "greywl", "queuewatch", "statusd", "statusctl"):
        if not os.path.exists(program(name)):
            sys.exit(f"make demo: {program(name)} is not built")
    interrupts()
    end = time_limit()
    smallfs.private_mounts()
    place, demo, status = None, None, 1
    try:
        place = Place("mailglance-demo-")
        demo = Demo(place)
        demo.run()
        status = 0
        serve_on(demo.loop.statusd.url, end)
    except KeyboardInterrupt:
        say("\nended by Ctrl-C")
    except TimeIsUp:
        if status:
            say(f"\nDEMO_SECONDS are over after {len(demo.done) if demo else 0} steps")
    except (AssertionError, OSError, RuntimeError) as fault:
        say(f"\nNOT SEEN: {fault}")
        with contextlib.suppress(Exception):
            show_logs(demo)
    finally:
        if place is not None:
            close(place, end)
    say("Everything is stopped and removed.")
    return status


if __name__ == "__main__":
    sys.exit(main())
