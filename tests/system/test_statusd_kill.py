"""kill -9 at any moment of publishing: no half page, no lost post, no gap in the
numbers.  Killed are statusd and statusctl, at random and at each change of a file."""

import gzip
import json
import os
import random
import sqlite3
import time

from mg.daemons import Statusd, program
from mg.preload import Kill
from mg.proc import Process, run
from mg.wait import until
from test_statusd import Reporter, SYSTEMS, finding

KILLS = 300 if os.environ.get("MG_LONG") else 30


def front(folder):
    with open(os.path.join(folder, "index.html"), "rb") as f:
        return f.read()


def pages(folder):
    """The site's files by name; those not finished are left out.  While statusd
    runs a folder's list can lack one that is being replaced."""
    found = {}
    for base, _, names in os.walk(folder):
        for name in names:
            if not name.startswith("."):
                with open(os.path.join(base, name), "rb") as f:
                    found[os.path.relpath(os.path.join(base, name), folder)] = f.read()
    return found


def is_whole(folder):
    """Every page to its end, and each .gz is its plain file."""
    files = pages(folder)
    for name, content in files.items():
        if name.endswith(".html"):
            assert content.endswith(b"</html>\n"), name
        elif name.endswith(".json"):
            json.loads(content)
        elif name.endswith(".gz"):
            assert gzip.decompress(content) == files[name[:-3]], name
    return files


class Story:
    """What was written, and what of it was acknowledged."""

    def __init__(self, place):
        self.place = place
        self.statusd = Statusd(place, systems=SYSTEMS)
        self.kill = Kill(place)
        self.ctl_kill = Kill(place, self.kill.library, "ctl.count")
        self.statusd.env = self.kill.env
        self.statusd.start()
        self.reporter = Reporter(self.statusd)
        self.reporter.send(finding())
        self.incident = str(self.statusd.incidents()[0]["id"])
        self.texts, self.level, self.reported = [], "critical", 0
        self.dice = random.Random(26)

    def ctl(self, *args, text, kill_at):
        self.ctl_kill.at(kill_at)
        done = run([program("statusctl"), "-c", self.statusd.conf_path, *args],
                   check=False, input=text, env=self.ctl_kill.env)
        assert done.returncode in (0, -9), done.stderr
        if done.returncode == 0:
            self.texts.append(text)

    def report(self):
        """A report that changes the level, and so is an update."""
        level = "warning" if self.level == "critical" else "critical"
        try:
            status, _ = self.statusd.report(self.reporter.token,
                                            self.reporter.report(finding(level=level)))
        except OSError:
            return False
        assert status in (200, 503)
        if status == 200:
            self.level = level
            self.reported += 1
        return True

    def change(self, n):
        ctl_dies = self.dice.randrange(1, 25) if n % 3 == 0 else 0
        if n % 2:
            self.ctl("update", self.incident, text=f"Update by hand, {n}.", kill_at=ctl_dies)
        else:
            self.ctl("post", "--system", "NC036", "--title", f"Post {n}",
                     text=f"Text of post {n}.", kill_at=ctl_dies)

    def run_until_killed(self, n, most):
        """Start it; it ends at its n-th change of a file, or soon after."""
        self.kill.at(n)
        Process.start(self.statusd)
        told, end = False, time.monotonic() + most
        while self.statusd.running() and time.monotonic() < end:
            told = told or self.report()
            time.sleep(0.005)
        self.statusd.kill()


def test_killed_at_any_moment(place):
    story = Story(place)
    statusd = story.statusd
    until(lambda: "Mail is delayed" in statusd.get(), 5)
    # How many changes a start with a new post makes.
    story.change(1)
    statusd.kill()
    before = story.kill.calls()
    statusd.start()
    until(lambda: b"Update by hand, 1." in front(statusd.site), 10)
    one_start = story.kill.calls() - before
    assert one_start > 40
    statusd.kill()
    for n in range(2, KILLS + 2):
        story.change(n)
        if n % 6 == 0:
            story.run_until_killed(0, story.dice.uniform(0.05, 0.4))
        else:
            story.run_until_killed(story.dice.randrange(1, one_start), 0.5)
        is_whole(statusd.site)
    story.kill.at(0)
    statusd.start()
    everything = {e["body"].strip() for t in statusd.incidents() for e in t["entries"]}
    assert {t for t in story.texts} <= everything, "what was acknowledged is there"
    assert len(story.texts) > KILLS / 2 and story.reported > KILLS / 6
    incident = json.loads(statusd.ctl("show", "--json", story.incident).stdout)
    numbers = [e["number"] for e in incident["entries"] if e["kind"] == "update"]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > KILLS / 3
    last = [t for t in story.texts if t.startswith("Text")][-1]
    until(lambda: last in statusd.get("/posts/") or last in statusd.get(), 10)

    def is_tidy():
        files = {n: len(c) for n, c in pages(statusd.site).items()}
        left = [n for _, _, names in os.walk(statusd.site) for n in names
                if n.startswith(".")]
        return not left and all(n + ".gz" in files for n, size in files.items()
                                if n.endswith(".html") and size > 1000)
    until(is_tidy, 10, "nothing unfinished is left, nothing is missing")
    statusd.stop()
    is_whole(statusd.site)
    with sqlite3.connect(os.path.join(os.path.dirname(statusd.site), "status.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    db.close()
