"""A database that is damaged or lost: no post is, and the operator is told."""

import glob
import os
import sqlite3

import pytest

from mg.daemons import Statusd
from mg.servers import Webhook
from mg.wait import until
from test_statusd import Reporter, SYSTEMS, finding

POSTS = 40
ITEM = ("<item><title>NC036: Post {n}</title><guid>urn:post:{n}</guid>"
        "<pubDate>Fri, 13 Jun 2025 {h:02}:{m:02}:00 +0000</pubDate>"
        "<description>{text}</description></item>")


def filled(place, **options):
    """A statusd with many posts and one open incident with an update."""
    statusd = Statusd(place, systems=SYSTEMS, **options).start()
    reporter = Reporter(statusd)
    items = "".join(ITEM.format(n=n, h=n // 60, m=n % 60, text=f"word{n} " * 2000)
                    for n in range(POSTS))
    statusd.ctl("import", place.write("old.xml", (
        f'<rss version="2.0"><channel><title>x</title>{items}</channel></rss>')))
    reporter.send(finding())
    statusd.ctl("update", str(statusd.incidents()[0]["id"]), input="Update by hand.")
    until(lambda: "Update by hand" in statusd.get(), 5)
    with sqlite3.connect(database(statusd)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return statusd, reporter


def database(statusd, tail=".db"):
    return os.path.join(os.path.dirname(statusd.site), "status" + tail)


def wait_for_copy(statusd):
    """The copy has all that the database has."""
    def same():
        try:
            with sqlite3.connect(f"file:{database(statusd, '-copy.db')}?mode=ro",
                                 uri=True) as db:
                n = db.execute("SELECT count(*) FROM entry").fetchone()[0]
        except sqlite3.Error:
            return False
        finally:
            db.close()
        return n == POSTS + 2
    until(same, 25, "the copy is made")


def garble(path, share_from, share_to):
    """Random bytes in a part of the file, page by page."""
    size = os.path.getsize(path)
    with open(path, "r+b") as f:
        f.seek(int(size * share_from) // 4096 * 4096)
        f.write(os.urandom(max(4096, int(size * (share_to - share_from)))))


def is_whole(statusd):
    threads = statusd.incidents()
    assert len(threads) == POSTS + 1
    incident = next(t for t in threads if t["title"] == "NC036: Mail is delayed")
    assert [e["number"] for e in incident["entries"]] == [0, 1]
    assert statusd.get("/posts/")
    with sqlite3.connect(database(statusd)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    db.close()
    statusd.ctl("update", str(incident["id"]), input="And after that.")
    until(lambda: "Update 2" in statusd.get(), 5, "numbers go on")


@pytest.mark.parametrize("part", [(0.3, 0.5), (0, 1)])
def test_damaged_while_it_runs(place, part):
    with Webhook() as hook:
        statusd, reporter = filled(place, alerts={"hook": {"url": hook.url}})
        wait_for_copy(statusd)
        garble(database(statusd), *part)
        until(lambda: statusd.report(reporter.token, reporter.report(finding()))
              and glob.glob(database(statusd) + ".damaged-*"), 30, "the damage is met")
        statusd.wait_output("posts and incidents are there")
        until(lambda: statusd.report(reporter.token, reporter.report(finding()))[0] == 200,
              10, "reports are taken again, with the old token")
        is_whole(statusd)
        assert hook.wait(1, 15, lambda m: "damaged" in m["title"])[0]["level"] == "critical"


def test_damaged_while_it_is_down(place):
    statusd, reporter = filled(place)
    wait_for_copy(statusd)
    statusd.stop()
    garble(database(statusd), 0, 0.6)
    statusd.start()
    statusd.wait_output("posts and incidents are there")
    assert glob.glob(database(statusd) + ".damaged-*")
    assert os.stat(database(statusd)).st_uid == os.stat(statusd.site).st_uid
    reporter.send(finding())
    is_whole(statusd)


def test_what_can_be_read_is_read_without_a_copy(place):
    statusd, _ = filled(place)
    statusd.stop()
    with sqlite3.connect(database(statusd)) as db:
        page = db.execute("SELECT pageno FROM dbstat WHERE name = 'entry' AND pagetype ="
                          " 'leaf' ORDER BY path LIMIT 1 OFFSET 2").fetchone()
    db.close()
    for tail in ("", "-wal", "-shm"):
        if os.path.exists(database(statusd, "-copy.db") + tail):
            os.unlink(database(statusd, "-copy.db") + tail)
    with open(database(statusd), "r+b") as f:
        f.seek((page[0] - 1) * 4096)
        f.write(os.urandom(4096))
    statusd.start()
    until(lambda: glob.glob(database(statusd) + ".damaged-*"), 20, "the damage is met")
    statusd.wait_output("posts and incidents are there")
    left = statusd.incidents()
    assert POSTS - 10 < len(left) <= POSTS + 1
    until(lambda: statusd.fetch("/")[0] == 200, 5, "the page is back")


def test_lost_and_a_copy_that_is_no_good(place):
    statusd, _ = filled(place)
    wait_for_copy(statusd)
    statusd.stop()
    os.unlink(database(statusd))
    statusd.start()
    statusd.wait_output("posts and incidents are there")
    is_whole(statusd)
    # A copy that is no database is made anew.
    statusd.stop()
    with open(database(statusd, "-copy.db"), "wb") as f:
        f.write(b"no database" * 1000)
    statusd.start()

    def is_database():
        with open(database(statusd, "-copy.db"), "rb") as f:
            return f.read(15) == b"SQLite format 3"
    until(is_database, 25, "it is made anew")
