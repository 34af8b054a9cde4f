"""Faults of the machine under load: mail goes on, nobody waits beyond the
bound, and greylisting comes back by itself.  MG_LONG=1 for the long variants."""

import glob
import itertools
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest

from mg.daemons import Bare, build_folder
from mg.dns import DnsServer
from mg.greycase import AWAY_S, Case, Load
from mg.milter import ask
from mg.preload import CUT, SYNC_BEGUN, SYNCED, WRITTEN, Clock, Disk, Platter
from mg.proc import Process, children, run
from mg.smallfs import SmallFs
from mg.wait import stays, until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

LONG = bool(os.environ.get("MG_LONG"))
LOAD = os.path.join(build_folder(), "tests/bench/milterload")
DAY = 86400


def test_a_disk_that_fills_under_load(place):
    fs = SmallFs(place, "small", 4 * 2**20)
    os.chmod(fs.path, 0o777)
    case = Case(place, store=f"sqlite:{fs.path}/grey.db")
    with Load(case):
        fs.fill(1.0)
        until(lambda: case.metric("greymilter_store_up") == 0, 20, "the disk is full")
        case.lets_strangers_pass()
        assert case.ask("passed") == "pass"
        os.unlink(f"{fs.path}/ballast")
        case.comes_back()
    assert case.metric("greymilter_fail_open_total") > 0
    case.remembers()
    case.is_sound()


def test_started_on_a_full_disk(place):
    fs = SmallFs(place, "small", 4 * 2**20)
    os.chmod(fs.path, 0o777)
    case = Case(place, store=f"sqlite:{fs.path}/grey.db")
    case.milter.stop()
    fs.fill(1.0)
    case.milter.start()
    case.lets_strangers_pass()
    os.unlink(f"{fs.path}/ballast")
    case.comes_back()
    case.remembers()
    case.is_sound()


def test_a_disk_that_stands_still(place):
    """Each answer is waited for one second, then mail is accepted."""
    fs = SmallFs(place, "small", 8 * 2**20)
    if fs.kind != "ext4" or not shutil.which("fsfreeze"):
        pytest.skip("no file system that can be frozen")
    os.chmod(fs.path, 0o777)
    case = Case(place, store=f"sqlite:{fs.path}/grey.db")
    time.sleep(0.3)
    run(["fsfreeze", "-f", fs.path])
    try:
        case.lets_strangers_pass()
        with Load(case, threads=2, pause=0.1):
            time.sleep(3)
    finally:
        run(["fsfreeze", "-u", fs.path])
    case.comes_back()
    case.remembers()
    case.is_sound()


def test_a_store_that_fills_its_own_disk(place):
    fs = SmallFs(place, "small", 4 * 2**20)
    os.chmod(fs.path, 0o777)
    case = Case(place, store=f"sqlite:{fs.path}/grey.db")
    run([LOAD, "-p", case.milter.port, "-F", 60000 if LONG else 4000, "-c", 8],
        seconds=120)
    case.lets_strangers_pass()
    assert case.ask("passed") == "pass"
    case.is_sound()


@pytest.mark.parametrize("what", ["log and index", "all"])
def test_files_are_cut(place, what):
    """Also those that are mapped into memory."""
    case = Case(place)
    run([LOAD, "-p", case.milter.port, "-F", 2000])
    with Load(case):
        for name in [case.store] * (what == "all") + [case.store + "-wal", case.store + "-shm"]:
            os.truncate(name, 0)
        time.sleep(1)
        case.comes_back(AWAY_S)
    case.keeps_the_whitelist()
    case.is_sound()


def test_damaged_in_the_middle(place):
    case = Case(place)
    run([LOAD, "-p", case.milter.port, "-F", 4000])
    with sqlite3.connect(case.store) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    with Load(case):
        with open(case.store, "r+b") as f:
            size = os.path.getsize(case.store)
            f.seek(8192)
            f.write(os.urandom(size // 2))
        until(lambda: glob.glob(case.store + ".damaged-*"), AWAY_S, "it is set aside")
        case.comes_back(AWAY_S)
    case.keeps_the_whitelist()
    assert "is damaged" in case.milter.output()
    case.is_sound()


def test_damaged_while_it_was_down(place):
    """The whitelist comes back from its last text export."""
    case = Case(place)
    case.milter.greywl("add", "--note", "a # and \"quotes\" 'of \\ all' sorts",
                       "--client-name", "relay.example")
    case.milter.greywl("add", "--recipient", "abuse@*", "--author", "the boss")
    before = case.milter.greywl("export").stdout
    until(lambda: "abuse@*" in open(case.store + ".whitelist").read(), 5,
          "the whitelist is written out")
    case.milter.stop()
    with open(case.store, "r+b") as f:
        f.write(os.urandom(os.path.getsize(case.store)))
    case.milter.start()
    case.comes_back(AWAY_S)
    case.keeps_the_whitelist()
    assert case.milter.greywl("export").stdout == before
    assert glob.glob(case.store + ".damaged-*")
    assert "3 whitelist entries" in case.milter.output()
    # What is in the export can be read by hand as well.
    case.milter.greywl("import", "--from", "plain", case.store + ".whitelist")
    case.is_sound()


def test_the_folder_is_removed(place):
    case = Case(place)
    folder = os.path.dirname(case.store)
    with Load(case):
        shutil.rmtree(folder)
        case.lets_strangers_pass()
        assert case.metric("greymilter_store_up") == 0
        time.sleep(4)
        case.lets_strangers_pass(0)
        place.folder(os.path.basename(folder), 0o777)
        case.comes_back(AWAY_S)
    case.keeps_the_whitelist()
    case.is_sound()


def test_locked_for_long(place):
    case = Case(place)
    other = sqlite3.connect(case.store, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with Load(case):
        case.lets_strangers_pass()
        stays(lambda: case.ask("passed") == "pass", 30 if LONG else 3,
              "who has passed passes")
        other.execute("ROLLBACK")
        other.close()
        case.comes_back()
    case.remembers()
    case.is_sound()


@pytest.mark.parametrize("step", [DAY, -DAY, 13 * 365 * DAY, -20 * 365 * DAY],
                         ids=["a day on", "a day back", "past 2038", "to 2006"])
def test_the_clock_is_wrong_for_a_while(place, step):
    clock = Clock(place)
    case = Case(place, env=clock.env, retry_window="2d")
    # libmilter measures an idle session by the wall clock: one that is open
    # while it leaps may be closed, and Postfix then goes on without it.
    with Load(case, threads=2, patient=True):
        clock.step(step)
        for i in range(20):
            assert case.stranger().startswith("451"), "a stranger still waits"
        assert case.ask("during").startswith("451")
        until(lambda: case.ask("during") == "pass", 3, "and passes after his wait")
        clock.step(0)
        case.comes_back(2)
    case.remembers()
    assert case.ask("during") == "pass"
    case.is_sound()


def test_no_descriptors_are_left(place):
    case = Case(place)
    pid = case.milter.pid
    in_use = len(os.listdir(f"/proc/{pid}/fd"))

    def limit(soft):
        # As its own user, since not every root may.
        subprocess.run(["prlimit", "--pid", str(pid), f"--nofile={soft}:"], check=True,
                       user="nobody", group="nogroup", extra_groups=[])

    with Load(case, patient=True, bound=20):
        limit(in_use)
        time.sleep(8 if LONG else 3)
        assert case.milter.running()
        limit(1024)
        case.comes_back()
    case.remembers()
    case.is_sound()


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL], ids=["STOP", "KILL"])
def test_what_asks_spf_hangs_or_dies(place, number):
    zone = {"listed.example": [{"TXT": "v=spf1 ip4:203.0.113.7 -all"}],
            "b.example": [{"TXT": "v=spf1 ip4:198.51.100.7 -all"}]}
    with DnsServer(zone) as dns:
        case = Case(place, spf={"enabled": True, "timeout": Bare("500ms"),
                                "nameservers": [dns.address]})
        case.milter.greywl("add", "listed.example")
        recipients = (f"r{i}@d.example" for i in itertools.count())

        def proven():
            return ask(case.milter.port, "203.0.113.7", "a@listed.example",
                       next(recipients)) == "pass"
        until(proven, 5, "the proof is there")
        helpers = children(case.milter.pid)
        assert len(helpers) == 2
        with Load(case):
            for pid in helpers:
                os.kill(pid, number)
            took = []
            for i in range(5):
                begun = time.monotonic()
                assert case.stranger().startswith("451"), "no proof, no pass"
                took.append(time.monotonic() - begun)
            assert min(took) < 0.6 and max(took) < 2, took
            until(proven, 10, "the proof is there again")
        assert not set(helpers) & set(children(case.milter.pid)), "others have come"
        case.remembers()
        case.is_sound()


def cut_state(records, until_s, dice, how):
    """database and log as they may be found after a power cut at that time"""
    files = [Platter(), Platter()]
    for when, what, file, offset, data in records:
        if when > until_s:
            break
        if file < 2:
            files[file].note(what, offset, data)
    return [f.state(dice, how) for f in files]


def slowest_sync(records):
    begun, worst = {}, 0.0
    for when, what, file, *_ in records:
        if what == SYNC_BEGUN:
            begun[file] = when
        elif what == SYNCED:
            worst = max(worst, when - begun.get(file, when))
    return worst


def test_power_cuts(place):
    """Whatever of the writes that were not synced reached the disk: the
    database opens, is whole, and lacks no answer older than a second."""
    path = place / "greymilter-data/grey.db"
    disk = Disk(place, path)
    case = Case(place, env=disk.env, alone=True)
    load = Process(place, "load", [LOAD, "-p", case.milter.port, "-c", 2, "-s",
                                   60 if LONG else 3, "-l"]).start()
    with Load(case, bound=5) as mail:
        until(lambda: not load.running(), 90, "the load ends")
    last = mail.answers[-1][1]
    case.milter.kill()
    records = disk.records()
    assert any(w == CUT or (w == WRITTEN and f == 0) for _, w, f, *_ in records), \
        "there was a checkpoint"
    dice = random.Random(2038)
    answered = [(end, name) for _, end, name, answer in mail.answers
                if answer.startswith("451")]
    first = mail.answers[0][0]
    worst = 0.0
    for i in range(200 if LONG else 30):
        cut = dice.uniform(first, last)
        here = place.folder(f"cut{i}")
        for name, data in zip(("grey.db", "grey.db-wal"),
                              cut_state(records, cut, dice, ("none", "some", "all")[i % 3])):
            with open(os.path.join(here, name), "wb") as f:
                f.write(data)
        db = sqlite3.connect(os.path.join(here, "grey.db"))
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)], (i, cut)
        there = {r[0].partition("@")[0] for r in
                 db.execute("SELECT recipient FROM envelope WHERE recipient NOT NULL")}
        db.close()
        shutil.rmtree(here)
        lost = [cut - end for end, name in answered if end <= cut and name not in there]
        worst = max([worst, *lost])
    slow = slowest_sync(records)
    print(f"the oldest answer that a power cut took was {worst:.2f} s old; "
          f"the disk needed up to {slow:.2f} s")
    assert worst <= 1.0 + slow
