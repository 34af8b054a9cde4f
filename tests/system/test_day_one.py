"""Day one: what is there when queuewatch comes is told, and alarms nobody."""

import os
import time

from mg.daemons import Bare, Queuewatch, Statusd
from mg.proc import children
from mg.servers import Webhook
from mg.spool import Spool, base52
from mg.wait import stays, until

OLD = 200_000 if os.environ.get("MG_LONG") else 20_000
LINKS = 50_000  # a file has so many names at most, with room to spare
QUIET = ("ok", "notice")  # neither published nor told
FOLDERS = "0123456789ABCDEF"


def fill(spool, count):
    """Deferred messages of one to five days, in two levels of folders, waiting
    for their next attempt; names of a few files, which is quick."""
    now = int(time.time())
    top = spool.path + "/deferred"
    folders = [f"{top}/{a}" for a in FOLDERS]
    for folder in folders:
        os.mkdir(folder)
        os.chmod(folder, 0o700)
        os.chown(folder, spool.owner, -1)
    source = None
    for i in range(count):
        arrived = now - 86400 - i % (4 * 86400)
        inode = base52(i, 4).replace("z", "y")
        path = f"{folders[i % 16]}/{base52(arrived, 6)}{base52(i, 4)}z{inode}"
        if i % LINKS == 0:
            source = path
            os.mknod(path, 0o100700)
            os.chown(path, spool.owner, -1)
            os.utime(path, (now + 3000, now + 3000))
        else:
            os.link(source, path)


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def scanner(queuewatch):
    for remedy in children(queuewatch.pid):
        for pid in children(remedy):
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if b"scanner" in f.read():
                    return pid
    return None


def test_a_large_old_queue_alarms_nobody(place):
    statusd = Statusd(place).start()
    with Webhook() as hook:
        spool = Spool(place, minimal_backoff_time="4000s", maximal_backoff_time="4000s")
        fill(spool, OLD)
        q = Queuewatch(place, spool, statusd, sections={
            ("disk", place.path): {"warning": Bare("99.9%"), "critical": Bare("100%")},
            ("alert", "hook"): {"url": hook.url, "level": Bare("warning")}})
        began = time.monotonic()
        q.start()

        def samples():
            return {s["name"]: s["value"] for s in q.show()["samples"]}
        until(lambda: samples().get("queue.deferred") == OLD, 60, "all are counted")
        first = time.monotonic() - began
        for subject in ("deferred", ""):
            f = q.finding("queue", subject)
            assert f["level"] in QUIET and "found on arrival" in f["summary"], f
        assert q.finding("stuck")["level"] in QUIET, q.finding("stuck")
        # The first pass gives way to Postfix: it pauses more than it works.
        pid = scanner(q)
        assert first > OLD / 500 * 0.002, "a pause after each 500 files"
        assert cpu_s(pid) < 5
        until(lambda: "perational" in statusd.get(), 10, "it has reported")
        at, cpu = time.monotonic(), cpu_s(pid)
        stays(lambda: not statusd.incidents() and not hook.got and
              "perational" in statusd.get(), 4)
        share = (cpu_s(pid) - cpu) / (time.monotonic() - at)
        assert share < 0.5, f"{share:.2f} of a core, with an interval of a second"


def test_what_grows_after_day_one_alarms(place):
    statusd = Statusd(place).start()
    spool = Spool(place)
    fill(spool, 2000)
    q = Queuewatch(place, spool, statusd, sections={
        ("disk", place.path): {"warning": Bare("99.9%"), "critical": Bare("100%")},
        "queue": {"warning": 500, "critical": 3000}}).start()
    until(lambda: (f := q.finding("queue", "")) and f["level"] in QUIET, 20)
    spool.put("incoming", 1500, age=1)
    until(lambda: q.finding("queue", "")["level"] == "critical", 20)
    until(lambda: statusd.incidents(), 10)
