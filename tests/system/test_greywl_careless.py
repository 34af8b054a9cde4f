"""greywl, interrupted and where there is no room."""

import re
import signal
import sqlite3
import subprocess
import time

import pytest

from mg.daemons import program
from mg.greywl import Greywl
from mg.smallfs import SmallFs
from mg.wait import until


@pytest.fixture
def wl(place):
    return Greywl(place)


def rows(wl):
    with sqlite3.connect(wl.db) as db:
        return db.execute("SELECT count(*) FROM allow").fetchone()[0]


def many(place, n):
    return place.write("many.txt", "".join(f"d{i}.bulk.example\n" for i in range(n)))


def test_an_interrupted_import_is_whole(wl, place):
    """Ctrl-C or the end of the terminal in its middle."""
    path = many(place, 3000)
    wl("add", "first.example")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        before = rows(wl)
        with subprocess.Popen([program("greywl"), "-c", wl.conf, "import", path],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
            until(lambda: rows(wl) > before or p.poll() is not None, 20)
            p.send_signal(number)
        assert rows(wl) == 3001, number
        if number != signal.SIGHUP:
            with sqlite3.connect(wl.db) as db:
                db.execute("DELETE FROM allow WHERE value LIKE 'd%'")


def test_a_full_disk_in_the_middle(place):
    """All or none; where even that cannot be had, it says what stands."""
    SmallFs(place, "store", 2 << 20, kind="tmpfs")
    wl = Greywl(place)
    wl("add", "first.example")
    done = wl("import", many(place, 50000), ok=False)
    assert done.returncode == 1 and b"full" in done.stderr, done.stderr
    left = re.search(rb"the first (\d+) of 50000 entries stand", done.stderr)
    assert rows(wl) == 1 + (int(left.group(1)) if left else 0), done.stderr
    assert left or b"nothing was changed" in done.stderr
    assert wl.json("check")
    wl("test", "--client", "192.0.2.1", "--from", "a@b.example", "--to", "c@d.example")


def test_a_damaged_database_is_read_to_an_end(wl):
    """Keys that are not in order do not lead in a circle."""
    now = int(time.time())
    wl("import", "--from", "postgrey", "-", stdin=b"VERSION=3\nformat=print\n"
       b"type=btree\nHEADER=END\n" + b"".join(
           b" 192.0.2.0/s%d@b.example/r@d.example\n %d,%d\n" % (i, now - 700, now - 300)
           for i in range(2000)) + b"DATA=END\n")
    with sqlite3.connect(wl.db) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        keys = [k for (k,) in db.execute("SELECT key FROM envelope ORDER BY key")]
    db.close()
    with open(wl.db, "rb") as f:
        whole = f.read()
    for key in keys[255::256]:  # where a portion ends
        whole = whole.replace(key, bytes(15) + b"\1")
    with open(wl.db, "wb") as f:
        f.write(whole)
    for verb in ("stats", "lost", "check"):
        done = wl(verb, ok=False)
        assert done.returncode in (0, 1), (verb, done.stderr)
    assert b"damaged" in wl("stats", ok=False).stderr
