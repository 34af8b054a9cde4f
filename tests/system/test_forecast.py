"""Forecasts from the days that were, kept over restarts, and a disk that hangs."""

import json
import os
import sqlite3
import time

import pytest

from mg.daemons import Bare, Queuewatch
from mg.proc import run
from mg.servers import Status
from mg.smallfs import SmallFs
from mg.spool import Spool
from mg.wait import until

SLOT, DAY = 900, 86400


@pytest.fixture
def status():
    with Status() as s:
        yield s


def make(place, status, disk, **options):
    return Queuewatch(place, Spool(place), status_url=status.url, token=status.token,
                      sections={("disk", disk.path): {"warning": Bare("97%"),
                                                      "critical": Bare("99%")}}, **options)


def found(status, check, subject):
    for f in status.got[-1]["findings"] if status.got else []:
        if (f["check"], f["subject"]) == (check, subject):
            return f
    return None


def remember(qw, disk, days, a_day, dump=0):
    """Days in which "a_day" bytes were lost each day, to what is free now."""
    now, free = time.time(), disk.free_bytes()
    db = sqlite3.connect(os.path.join(qw.options["data_directory"], "queuewatch.history"))
    db.execute("DELETE FROM point")
    db.execute("INSERT OR IGNORE INTO series (name) VALUES (?)", ("disk.free:" + disk.path,))
    series = db.execute("SELECT id FROM series WHERE name = ?",
                        ("disk.free:" + disk.path,)).fetchone()[0]
    newest = int(now) // SLOT
    for slot in range(newest - days * DAY // SLOT, newest):
        ago = (newest - slot) * SLOT
        value = free + a_day * ago / DAY
        if dump and 2 * 3600 < (slot * SLOT - now + 3600 * 6) % DAY < 4 * 3600:
            value -= dump
        db.execute("INSERT INTO point VALUES (?, ?, ?, ?, ?)",
                   (series, SLOT, slot, value, value))
    db.commit()
    db.close()


def start_with(qw, status, disk, *how, **more):
    """Once, so that the database is there; then with these days behind it."""
    qw.start()
    status.wait(1)
    qw.stop()
    remember(qw, disk, *how, **more)
    del status.got[:]
    qw.start()
    until(lambda: found(status, "disk", disk.path) and len(status.got) >= 3, 10)
    return found(status, "disk", disk.path)


def test_a_creep_is_told_days_before(place, status):
    disk = SmallFs(place, "store", 64 << 20)
    disk.fill(0.6)
    qw = make(place, status, disk)
    free = disk.free_bytes()
    f = start_with(qw, status, disk, 20, free / 2)
    until(lambda: found(status, "disk", disk.path)["level"] == "warning", 10)
    f = found(status, "disk", disk.path)
    assert f["forecast"]["p_72h"] >= 0.5 > f["forecast"]["p_24h"], f
    likely = time.mktime(time.strptime(f["forecast"]["likely_at"], "%Y-%m-%dT%H:%M:%SZ"))
    assert 1 < (likely - time.timezone - time.time()) / DAY < 3, f
    assert f["forecast"]["earliest_at"] <= f["forecast"]["likely_at"]
    assert "likely to reach its floor in" in f["summary"]
    told = json.loads(run([qw.argv[0], "-c", qw.conf_path, "forecast", "--json"]).stdout)
    mine = next(t for t in told if t["path"] == disk.path)
    assert mine["p_72h"] == f["forecast"]["p_72h"] and mine["level"] == "warning"
    text = run([qw.argv[0], "-c", qw.conf_path, "forecast"]).stdout
    assert disk.path in text and "72 h: " in text and "likely in" in text
    assert run([qw.argv[0], "-c", qw.conf_path, "forecast", "x"], check=False).returncode == 2


def test_a_nightly_dump_is_no_alarm(place, status):
    disk = SmallFs(place, "store", 64 << 20)
    disk.fill(0.4)
    f = start_with(make(place, status, disk), status, disk, 20, 0,
                   dump=disk.free_bytes() * 0.8)
    assert f["level"] == "ok", f
    assert f["forecast"]["p_7d"] < 0.1, f
    assert "learning" not in f["evidence"]


def test_learning(place, status):
    disk = SmallFs(place, "store", 24 << 20)
    make(place, status, disk).start()
    status.wait(2)
    f = found(status, "disk", disk.path)
    assert f["evidence"]["learning"] is True and "p_24h" not in f.get("forecast", {})
