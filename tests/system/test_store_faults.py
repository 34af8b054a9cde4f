"""Faults of greymilter's store: mail goes on, and greylisting comes back by
itself within 10 s of the fault's end (15 s when the database was taken away)."""

import glob
import os
import shutil
import sqlite3
import time

import pytest

from mg.daemons import Bare, Greymilter
from mg.greycase import AWAY_S, BACK_S, Case
from mg.milter import ask
from mg.proc import run
from mg.smallfs import SmallFs
from mg.wait import until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


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
        # Another whitelist, under the number of the one in force.
        copy.execute("UPDATE allow SET value = 'other.example'")
        copy.commit()
        copy.close()
    db.close()
    uid = os.stat(case.store).st_uid
    os.chown(place / "copy.db", uid, -1)
    assert case.stranger().startswith("451")
    os.rename(place / "copy.db", case.store)
    time.sleep(0.6)
    case.comes_back(AWAY_S)
    until(lambda: case.ask("x", "a@other.example") == "pass", 3,
          "the whitelist of the new one is read")
    assert case.ask("y", "a@friend.example").startswith("451")
    assert case.ask("passed") == "pass"
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
