"""The status host's own disk is full: the old site stands, reports wait at their
sender, the operator is told; all of it is mended when there is room again."""

import os
import signal
import sqlite3

import pytest

from mg.daemons import Bare, Statusd
from mg.servers import Webhook
from mg.smallfs import SmallFs
from mg.wait import until
from test_statusd import Reporter, SYSTEMS, finding
from test_statusd_kill import is_whole, pages


def test_everything_on_one_full_disk(place):
    disk = SmallFs(place, "small", 6 << 20, owner=(65534, 65534))
    site = os.path.join(disk.path, "site")
    with Webhook() as hook:
        statusd = Statusd(place, systems=SYSTEMS, store=f"sqlite:{disk.path}/status.db",
                          site_directory=site, disk_floor=Bare("1M"),
                          alerts={"hook": {"url": hook.url}})
        statusd.site = site
        statusd.start()
        reporter = Reporter(statusd)
        reporter.send(finding(level="ok"))
        until(lambda: "operational" in statusd.get() and "index.html" in pages(site), 5)
        until(lambda: os.path.exists(f"{disk.path}/status-reserve"), 10)
        disk.fill(0.9)
        low = hook.wait(1, 15, lambda m: "disk is almost full" in m["title"])[0]
        assert low["level"] == "critical"
        disk.fill(1.0)
        before = pages(site)["feed/index.xml"]
        lost = []
        for n in range(6):
            more = [{"name": f"s{n}.{i}", "unit": "", "value": i} for i in range(400)]
            report = reporter.report(finding(), samples=more)
            status, _ = statusd.report(reporter.token, report)
            assert status in (200, 503)
            if status == 503:
                lost.append(report)
        assert lost, "there is no room for this"
        done = statusd.ctl("post", "--system", "NC036", "--title", "Too much",
                           input="x" * 60000, check=False)
        assert done.returncode in (0, 1)
        assert statusd.fetch("/")[0] == 200
        assert pages(site)["feed/index.xml"] == before or done.returncode == 0
        statusd.kill()
        is_whole(site)
        # It starts on the full disk, and serves.
        statusd.start()
        assert statusd.fetch("/")[0] == 200
        os.unlink(os.path.join(disk.path, "ballast"))
        for report in lost:
            until(lambda: statusd.report(reporter.token, report)[0] == 200, 10,
                  "the sender gets rid of it")
        until(lambda: b"Mail is delayed" in pages(site)["index.html"], 15, "it is mended")
        assert ("Too much" in statusd.ctl("list", "--json").stdout) == (done.returncode == 0)
        statusd.stop()
        is_whole(site)
    with sqlite3.connect(f"{disk.path}/status.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    db.close()


def test_told_without_room_for_a_row(place):
    """The database has not a page left: the alert goes out nevertheless."""
    disk = SmallFs(place, "small", 12 << 20, owner=(65534, 65534))
    with Webhook() as hook:
        statusd = Statusd(place, systems=SYSTEMS, store=f"sqlite:{disk.path}/status.db",
                          disk_floor=Bare("2M"), alerts={"hook": {"url": hook.url}}).start()
        until(lambda: os.path.exists(f"{disk.path}/status-reserve"), 10)
        # What stands beside the copy gives its room back when that is made.
        until(lambda: os.path.getsize(f"{disk.path}/status-copy.db") and not [
            n for n in os.listdir(disk.path) if n.startswith("status-copy.db-")], 15)
        os.kill(statusd.pid, signal.SIGSTOP)
        try:
            with sqlite3.connect(f"{disk.path}/status.db") as db:
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            db.close()
            disk.fill(1.0)
        finally:
            os.kill(statusd.pid, signal.SIGCONT)
        low = hook.wait(1, 15, lambda m: "disk is almost full" in m["title"])[0]
        assert low["level"] == "critical" and low["system"] == "statusd"
        with sqlite3.connect(f"{disk.path}/status.db") as db, \
                pytest.raises(sqlite3.OperationalError, match="full"):
            db.execute("CREATE TABLE more AS SELECT * FROM sqlite_master")
            db.commit()
        db.close()
        os.unlink(os.path.join(disk.path, "ballast"))
        hook.wait(1, 15, lambda m: "has room again" in m["title"])
        assert len([m for m in hook.got if "its own disk" in m["title"]]) == 2


def test_the_floor_is_told_of_once_and_its_end(place):
    disk = SmallFs(place, "small", 12 << 20, owner=(65534, 65534))
    with Webhook() as hook:
        statusd = Statusd(place, systems=SYSTEMS, store=f"sqlite:{disk.path}/status.db",
                          disk_floor=Bare("2M"), alerts={"hook": {"url": hook.url}}).start()
        # All that it makes at its start is there.
        until(lambda: os.path.exists(f"{disk.path}/status-reserve"), 10)
        disk.fill(0.9)
        assert "free" in hook.wait(1, 15, lambda m: "almost full" in m["title"])[0]["text"]
        Reporter(statusd).send(finding(level="ok"))  # there is still room for that
        os.unlink(os.path.join(disk.path, "ballast"))
        hook.wait(1, 15, lambda m: "has room again" in m["title"])
        assert len([m for m in hook.got if "its own disk" in m["title"]]) == 2
