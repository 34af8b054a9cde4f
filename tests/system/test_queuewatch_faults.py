"""What fails around queuewatch: the status host, its certificate, the log, every disk
it writes to.  It says so clearly, goes on, and is not busy with it."""

import os
import subprocess
import time

import pytest

from mg.daemons import Bare, Queuewatch
from mg.maillog import Log
from mg.preload import Clock
from mg.proc import run, session_pids
from mg.servers import Status
from mg.smallfs import SmallFs
from mg.spool import Spool
from mg.tls import Authority
from mg.wait import stays, until

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def cpu_s(daemon):
    """Processor time of it and its children until now."""
    total = 0
    for pid in session_pids(daemon.pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="latin-1") as f:
                rest = f.read().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(rest[11]) + int(rest[12])
    return total / os.sysconf("SC_CLK_TCK")


class Watch(Queuewatch):
    def __init__(self, place, status_url, token="secret", **options):
        self.spool = Spool(place)
        options.setdefault("maillog", place / "mail.log")
        super().__init__(place, self.spool, status_url=status_url, token=token, sections={
            ("disk", place.path): {"warning": Bare("99%"), "critical": Bare("100%")}}, **options)
        place.write("mail.log", "")

    def waiting(self):
        return (self.finding("self") or {"evidence": {"reports_waiting": 0}}) \
            ["evidence"]["reports_waiting"]

    def idle(self, seconds=1.0, share=0.25):
        """It is not busy: of one processor it takes less than that share."""
        before, begun = cpu_s(self), time.monotonic()
        stays(self.running, seconds)
        used = cpu_s(self) - before
        assert used < share * (time.monotonic() - begun), f"{used} s in {seconds} s"


def test_an_hour_without_the_status_host(place):
    """Every report of it is sent afterwards, once, in order."""
    clock = Clock(place)
    with Status() as status:
        daemon = Watch(place, status.url)
        daemon.env = clock.env
        daemon.start()
        first = status.wait(1)[0]["seq"]
        status.stop()
        for step in range(1, 5):
            clock.step(step * 900)
            before = daemon.waiting()
            until(lambda: daemon.waiting() > before, 15)
            if step == 2:
                daemon.kill()
                until(lambda: not daemon.leftovers(), 5)
                daemon.start()
                until(daemon.waiting, 15)
        daemon.idle()
        assert daemon.output().count("Failed to connect") + \
            daemon.output().count("Couldn't connect") <= 6, daemon.output()
        waited = daemon.waiting()
        assert waited >= 4
        status.start()
        until(lambda: daemon.waiting() == 0, 30)
        got = [r["seq"] for r in status.got]
        assert got == list(range(first, first + len(got))) and len(got) > waited, got
        times = [r["at"] for r in status.got]
        assert times == sorted(times)
        minutes = [int(t[11:13]) * 60 + int(t[14:16]) for t in (times[0], times[-1])]
        assert (minutes[1] - minutes[0]) % 1440 >= 60


@pytest.fixture
def known(place):
    """An authority that this test's programs know, as they do the real ones."""
    ca = Authority(place)
    run(["mount", "--bind", ca.root, BUNDLE])
    yield ca
    run(["umount", BUNDLE])


def test_a_bad_certificate_of_the_status_host(place, known):
    status = Status(tls=known.self_signed())
    with status:
        daemon = Watch(place, status.url).start()
        until(lambda: "certificate" in daemon.output(), 15)
        until(lambda: daemon.waiting() >= 3, 15)
        daemon.idle()
        assert daemon.output().count("report to") == 1, "one line, not one a try"
        assert status.tries == 0 and status.got == [], "nothing was told to whoever it is"
        assert "secret" not in daemon.output()
        status.stop()
        status.tls = known.issue("127.0.0.1")
        status.start()
        until(lambda: daemon.waiting() == 0 and status.got, 20)
        got = [r["seq"] for r in status.got]
        assert got == list(range(got[0], got[0] + len(got)))
        until(lambda: "accepted again" in daemon.output(), 5)


def test_a_connection_with_tls_is_kept(place, known):
    """To begin one costs tens of milliseconds of a core; what ends it, ends it."""
    with Status(tls=known.issue("127.0.0.1")) as status:
        daemon = Watch(place, status.url).start()
        status.wait(3, 30)
        assert status.connections == 1
        status.answers = ["hang up"]
        status.wait(len(status.got) + 2, 30)
        assert status.connections == 2
        status.stop()
        until(lambda: daemon.waiting() >= 1, 20)
        status.start()
        until(lambda: daemon.waiting() == 0, 20)
        # Another one's certificate is not taken for the first one's.
        status.stop()
        status.tls = known.self_signed()
        before = len(status.got)
        status.start()
        until(lambda: daemon.waiting() >= 2, 20)
        assert len(status.got) == before
        seqs = [r["seq"] for r in status.got]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))


def test_the_log_goes_away_and_comes_back(place):
    with Status() as status:
        folder = place.folder("logs", 0o755)
        daemon = Watch(place, status.url, maillog=folder + "/mail.log")
        log = Log(start=time.time() - 600)

        def write(n):
            with open(folder + "/mail.log", "a", encoding="utf-8") as f:
                f.write(log.lines(n))

        def count():
            return {s["name"]: s["value"] for s in daemon.show()["samples"]}["log.received"]
        write(10)
        daemon.start()
        until(lambda: (daemon.finding("log", "") or {}).get("level") == "ok", 15)
        os.rename(folder, folder + ".away")
        until(lambda: daemon.finding("log", "")["level"] == "unknown", 15)
        assert "mail.log" in daemon.finding("log", "")["summary"]
        until(lambda: "mail log: " in daemon.output(), 5)
        daemon.idle()
        assert daemon.output().count("No such file") == 1, "one line"
        os.rename(folder + ".away", folder)
        write(100)
        until(lambda: daemon.finding("log", "")["level"] == "ok" and count() > 0, 15)


def test_every_disk_it_writes_to_is_full(place):
    """From the first start on: nothing can be allocated, nothing kept."""
    disk = SmallFs(place, "full", 4 << 20)
    data = place.folder("full/data", 0o777)
    os.makedirs(place / "full/run", mode=0o777, exist_ok=True)
    disk.fill(1.0)
    with Status() as status:
        daemon = Watch(place, status.url, data_directory=data,
                       pressure_file=place / "full/run/pressure")
        # What it says goes to the full disk as well.
        daemon.output_path = place / "full/queuewatch.out"
        daemon.start()
        reports = status.wait(3, 15)
        for r in reports:
            f = [f for f in r["findings"] if f["check"] == "self"][0]
            assert f["level"] == "warning" and "No space left" in f["summary"], f
        assert [r["seq"] - reports[0]["seq"] for r in reports] == [0, 1, 2]
        status.stop()
        time.sleep(1.5)
        daemon.idle()
        status.start()
        n = len(status.got)
        status.wait(n + 3, 15)
        got = [r["seq"] for r in status.got]
        assert got == list(range(got[0], got[0] + len(got))), "kept in memory meanwhile"
        daemon.spool.put("deferred", 600)
        until(lambda: [f for f in status.got[-1]["findings"] if f["check"] == "queue" and
                       f["subject"] == ""][0]["level"] == "warning", 15)
        # Room again: it keeps its state without being started anew.
        os.unlink(disk.path + "/ballast")
        until(lambda: subprocess.run(
            [daemon.argv[0], "-c", daemon.conf_path, "show"], capture_output=True,
            check=False).returncode == 0, 20)
        daemon.stop()
