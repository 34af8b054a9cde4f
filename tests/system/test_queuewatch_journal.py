"""queuewatch and the mail log in systemd's journal."""

import os
import pwd

import pytest

from mg import smtp
from mg.daemons import Bare, Queuewatch
from mg.journal import Journal
from mg.mounts import can_be_own
from mg.postfix import Postfix
from mg.spool import Spool
from mg.wait import stays, until

SENT = ("A{n}: to=<u@x.example>, relay=mx.x.example[192.0.2.1]:25, delay=1, "
        "delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)")


@pytest.fixture
def journal(place):
    if not can_be_own():
        pytest.skip("no mounts of one's own can be had here")
    return Journal(place).start()


class Watch(Queuewatch):
    def __init__(self, place, postfix, journal, **options):
        super().__init__(place, postfix, maillog=Bare("journal"), sections={
            ("disk", place.path): {"warning": Bare("99%"), "critical": Bare("100%")}},
            **options)
        self.journal = journal

    def start(self, seconds=10):
        plain = self.argv
        self.argv = self.journal.within(plain)
        try:
            return super().start(seconds)
        finally:
            self.argv = plain

    def count(self, name="delivered"):
        for s in self.show()["samples"]:
            if s["name"] == "log." + name:
                return int(s["value"])
        return None


class NoPostfix:
    config = "/nonexistent"


def test_a_real_postfix_logs_to_the_journal(place, journal):
    """Without maillog_file Postfix logs by syslog(3), which journald takes."""
    postfix = Postfix(place, settings={"maillog_file": ""})
    postfix.process.argv = journal.within(postfix.process.argv)
    daemon = Watch(place, postfix, journal).start()
    until(lambda: daemon.count() == 0, 10, "the journal is read, also while it is empty")
    postfix.start()
    smtp.burst(postfix.port, 5, "a@home.example", "user@home.example")
    assert smtp.attempt(postfix.port, "a@x.example", "b@elsewhere.example")[0] == "5"
    until(lambda: (daemon.count(), daemon.count("received"), daemon.count("rejected")) ==
          (5, 5, 1), 10, "what Postfix logged is counted")
    assert daemon.finding("log", "")["evidence"]["source"] == "journal"
    # "auto" finds it by itself where there is no file.
    daemon.configure(maillog=Bare("auto"))
    daemon.restart()
    until(lambda: (daemon.finding("log", "") or {}).get("level") == "ok", 10)
    smtp.burst(postfix.port, 2, "a@home.example", "user@home.example")
    until(lambda: daemon.count() == 2, 10)
    assert daemon.finding("log", "")["evidence"]["source"] == "journal"


def test_restarts_and_rotations_lose_and_double_nothing(place, journal):
    daemon = Watch(place, NoPostfix, journal).start()
    until(lambda: daemon.count() == 0, 10)
    sent = 0

    def say(n, seen):
        nonlocal sent
        for _ in range(n):
            sent += 1
            journal.say("smtp", SENT.format(n=sent))
        until(lambda: daemon.count() == seen, 10, f"{seen} are counted")
    daemon.kill()
    until(lambda: not daemon.leftovers(), 3)
    sent += 1
    journal.say("smtp", SENT.format(n=sent))
    daemon.start()
    until(lambda: daemon.count() == 1, 10, "what came before the first line was read")
    say(2, 3)
    journal.rotate()
    say(2, 5)
    # While nobody looks: a line, a rotation, a line.
    daemon.stop()
    sent += 2
    journal.say("smtp", SENT.format(n=sent - 1))
    journal.rotate()
    journal.say("smtp", SENT.format(n=sent))
    daemon.start()
    until(lambda: daemon.count() == 2, 10)
    # journald ends and is started again.
    journal.daemon.kill()
    journal.start()
    say(1, 3)
    # What was read last is deleted meanwhile.
    daemon.stop()
    journal.vacuum()
    sent += 1
    journal.say("smtp", SENT.format(n=sent))
    daemon.start()
    until(lambda: daemon.count() == 1, 10)
    stays(lambda: daemon.count() == 1, 0.5, "and nothing twice")


def test_postfix_by_another_user(place, journal):
    spool = Spool(place, mail_owner="daemon")
    daemon = Watch(place, spool, journal).start()
    until(lambda: daemon.count() == 0, 10)
    journal.say("smtp", SENT.format(n=1), uid=pwd.getpwnam("postfix").pw_uid)
    for n in (2, 3):
        journal.say("smtp", SENT.format(n=n), uid=pwd.getpwnam("daemon").pw_uid)
    journal.say("smtp", SENT.format(n=4))
    until(lambda: daemon.count() == 3, 10)


def test_what_others_write_counts_for_nothing(place, journal):
    daemon = Watch(place, NoPostfix, journal).start()
    until(lambda: daemon.count() == 0, 10)
    journal.say("smtp", SENT.format(n=1), uid=65534)  # says that it is Postfix
    journal.say_raw("smtp", "A2: to=<u@x.example>, relay=none, delay=1, delays=0/0/0/1, "
                            "dsn=4.0.0, status=deferred (two\nA3: to=<v@x.example>, "
                            "relay=none, delay=1, dsn=2.0.0, status=sent (250 lines))")
    journal.say_raw("smtp", "\x00\x01\x1b[31m" + "y" * 100000)
    journal.say("smtp", SENT.format(n=4))
    until(lambda: daemon.count() == 1, 10, "only the last one")
    assert daemon.count("deferred") == 1
    assert "A1:" in journal.text(), "the forged line was there"


def test_a_journal_that_may_not_be_read_is_said(place, journal):
    folder = journal.root + "/run/log/journal"
    for path, _, files in os.walk(folder):
        for name in files:
            os.chown(os.path.join(path, name), 0, 0)
            os.chmod(os.path.join(path, name), 0o600)
    daemon = Watch(place, NoPostfix, journal).start()
    until(lambda: "may read" in daemon.finding("log", "")["summary"], 10)
    assert daemon.finding("log", "")["level"] == "unknown"
