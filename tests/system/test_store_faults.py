"""Faults of greymilter's store: mail goes on, and greylisting comes back by
itself within 10 s of the fault's end (15 s when the database was taken away)."""

import glob
import os
import shutil
import sqlite3
import time

import pytest

from mg.daemons import Bare, Greymilter
from mg.milter import ask
from mg.proc import run
from mg.smallfs import SmallFs
from mg.wait import until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

BACK_S = 10
AWAY_S = 15


class Case:
    """A greymilter with one envelope that waits and one that has passed."""

    def __init__(self, place, **options):
        self.numbers = iter(range(10**6))
        self.milter = Greymilter(place, delay=Bare("1s"), retry_window=Bare("1h"),
                                 **options)
        self.store = self.milter.options["store"].removeprefix("sqlite:")
        self.milter.start()
        self.milter.greywl("add", "friend.example", "--proof", "none")
        until(lambda: self.ask("x", "a@friend.example") == "pass", 2)
        assert self.ask("passed").startswith("451")
        until(lambda: self.ask("passed") == "pass", 5)
        assert self.ask("waits").startswith("451")

    def ask(self, name, sender="a@b.example"):
        return ask(self.milter.port, "198.51.100.7", sender, f"{name}@d.example")

    def stranger(self):
        return self.ask(f"stranger{next(self.numbers)}")

    def lets_strangers_pass(self, seconds=5):
        """The fault is felt, and no answer takes long."""
        def passes():
            begun = time.monotonic()
            answer = self.stranger()
            assert time.monotonic() - begun < 2
            assert answer == "pass" or answer.startswith("451")
            return answer == "pass"
        until(passes, seconds, "strangers are accepted during the fault")

    def comes_back(self, seconds=BACK_S):
        until(lambda: self.stranger().startswith("451"), seconds,
              "strangers are greylisted again")

    def remembers(self):
        """What was answered before the fault counts."""
        assert self.ask("passed") == "pass"
        until(lambda: self.ask("waits") == "pass", 3)
        assert self.ask("x", "a@friend.example") == "pass", "the whitelist is there"

    def is_sound(self):
        self.milter.stop()
        with sqlite3.connect(self.store) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        db.close()
        assert self.milter.output().count("mail is accepted without") <= 2, \
            "logged at most once a minute"


def test_locked(place):
    case = Case(place)
    other = sqlite3.connect(case.store, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    case.lets_strangers_pass()
    assert case.ask("passed") == "pass"
    other.execute("ROLLBACK")
    other.close()
    case.comes_back()
    case.remembers()
    case.is_sound()


def test_full(place):
    fs = SmallFs(place, "small", 4 * 2**20)
    os.chmod(fs.path, 0o777)
    case = Case(place, store=f"sqlite:{fs.path}/grey.db")
    with open(f"{fs.path}/ballast", "wb", buffering=0) as f:
        try:
            while True:
                f.write(b"\0" * 1024)
        except OSError:
            pass
    case.lets_strangers_pass(20)
    os.unlink(f"{fs.path}/ballast")
    case.comes_back()
    case.remembers()
    case.is_sound()


def test_read_only(place):
    fs = SmallFs(place, "small", 8 * 2**20)
    if fs.kind != "ext4":
        pytest.skip("no ext4: its files cannot be made immutable")
    os.chmod(fs.path, 0o777)
    case = Case(place, store=f"sqlite:{fs.path}/grey.db")
    files = [case.store, case.store + "-wal"]
    run(["chattr", "+i", *files])
    case.lets_strangers_pass()
    run(["chattr", "-i", *files])
    case.comes_back()
    case.remembers()
    case.is_sound()


def test_deleted(place):
    case = Case(place)
    os.unlink(case.store)
    case.lets_strangers_pass()
    case.comes_back(AWAY_S)
    assert case.ask("x", "a@friend.example") == "pass", "the whitelist is kept"
    assert "friend.example" in case.milter.greywl("list").stdout
    case.is_sound()


@pytest.mark.parametrize("files", ["database", "all"])
def test_taken_away_and_brought_back(place, files):
    case = Case(place)
    names = [case.store] if files == "database" else glob.glob(case.store + "*")
    away = place.folder("away")
    for name in names:
        shutil.move(name, away)
    case.lets_strangers_pass()
    case.comes_back(AWAY_S)  # with a fresh one
    for name in names:
        shutil.move(os.path.join(away, os.path.basename(name)), name)
    until(lambda: case.ask("passed") == "pass", AWAY_S, "the old one is used again")
    case.comes_back(AWAY_S)
    case.remembers()
    case.is_sound()


def test_replaced(place):
    case = Case(place)
    with sqlite3.connect(case.store) as db:
        copy = sqlite3.connect(place / "copy.db")
        db.backup(copy)
        copy.close()
    db.close()
    uid = os.stat(case.store).st_uid
    os.chown(place / "copy.db", uid, -1)
    assert case.stranger().startswith("451")
    os.rename(place / "copy.db", case.store)
    time.sleep(0.6)
    case.comes_back(AWAY_S)
    case.remembers()
    case.is_sound()


@pytest.mark.parametrize("how", ["truncated", "garbage"])
def test_damaged(place, how):
    case = Case(place)
    with open(case.store, "r+b") as f:
        if how == "truncated":
            f.truncate(0)
        else:
            f.write(os.urandom(os.path.getsize(case.store)))
    for name in ("-wal", "-shm"):
        with open(case.store + name, "r+b") as f:
            f.truncate(0) if name == "-wal" else f.write(b"\xff" * 136)
    case.lets_strangers_pass(10)
    case.comes_back(AWAY_S)
    assert case.ask("x", "a@friend.example") == "pass", "the whitelist is kept"
    assert "friend.example" in case.milter.greywl("list").stdout
    assert how == "truncated" or glob.glob(case.store + ".damaged-*")
    case.is_sound()


def test_started_with_a_damaged_one(place):
    """The whitelist comes back from its last text."""
    case = Case(place)
    case.milter.greywl("add", "192.0.2.0/24", "--note", 'a partner network')
    until(lambda: ask(case.milter.port, "192.0.2.1", "a@b.example", "c@d.example") == "pass", 2)
    case.milter.stop()
    with open(case.store, "r+b") as f:
        f.write(os.urandom(os.path.getsize(case.store)))
    case.milter.start()
    case.comes_back()
    assert glob.glob(case.store + ".damaged-*")
    until(lambda: case.ask("x", "a@friend.example") == "pass", 2)
    listed = case.milter.greywl("list").stdout
    assert "192.0.2.0/24" in listed and 'a partner network' in listed
    case.is_sound()
