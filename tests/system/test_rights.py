"""What each process may do once it runs, as the kernel says it, started as root
with a user; and what must be refused is."""

import contextlib
import grp
import os
import pwd
import subprocess

import pytest

from mg.daemons import Bare, Greymilter, Queuewatch, Statusd
from mg.postfix import Postfix
from mg.proc import children
from mg.wait import until

NOBODY = pwd.getpwnam("nobody")
READ_SEARCH = 1 << 2
NONE = 0


def gid(name):
    try:
        return {grp.getgrnam(name).gr_gid}
    except KeyError:
        return set()


def facts(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def title(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as f:
        return f.read().split(b"\0")[0].decode()


def check(pid, groups=(), caps=NONE, seccomp="0", threads=True):
    """Each thread: the user's, no right but "caps", none to be gained."""
    tasks = os.listdir(f"/proc/{pid}/task") if threads else [str(pid)]
    for task in tasks:
        s = facts(f"{pid}/task/{task}")
        who = f"{title(pid)} {task}: "
        assert set(s["Uid"].split()) == {str(NOBODY.pw_uid)}, who
        assert set(s["Gid"].split()) == {str(NOBODY.pw_gid)}, who
        for kind in ("CapEff", "CapPrm"):
            assert int(s[kind], 16) == caps, who + kind
        for kind in ("CapInh", "CapAmb", "CapBnd"):
            assert int(s[kind], 16) == NONE, who + kind
        assert s["NoNewPrivs"] == "1", who
        assert s["Seccomp"] == seccomp, who
        had = {int(g) for g in s["Groups"].split()}
        assert had - {NOBODY.pw_gid} <= set(groups), who + str(had)
        assert set(groups) <= had, who + str(had)


def drops(pid, **want):
    """Wait until it has put its rights down."""
    want = {"NoNewPrivs": "1", **want}
    until(lambda: all(facts(pid)[k] == v for k, v in want.items()), 10, str(want))


def open_files(pid):
    found = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            found.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except FileNotFoundError:
            pass
    return found


def child(pid, name):
    def find():
        for p in children(pid):
            if name in title(p):
                return p
        return None
    return until(find, 10, name)


@pytest.fixture
def secrets(place):
    place.folder("secrets", 0o755)
    return place.write("secrets/remedy.totp", "flush GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n",
                       0o600)


def test_queuewatch(place, secrets):
    postfix = Postfix(place).start()
    q = Queuewatch(place, postfix, remedy_secret_file=secrets).start()
    remedy = child(q.pid, "queuewatch: remedy")
    scanner = child(remedy, "queuewatch: scanner")
    until(lambda: q.finding("queue", "deferred"), 10)
    drops(q.pid)
    drops(scanner, Seccomp="2")
    check(q.pid, gid("postdrop") | gid("adm") | gid("systemd-journal"))
    check(scanner, caps=READ_SEARCH, seccomp="2")
    # The scanner holds its socket and the spool's folders, and has no network.
    files = [f for f in open_files(scanner) if not f.startswith(("socket:", "anon_inode:", "/dev/null"))]
    assert all(f.startswith(postfix.queue) or f.endswith(".out") for f in files), files
    ours = os.readlink("/proc/self/ns/net")
    assert os.readlink(f"/proc/{remedy}/ns/net") != ours
    assert os.readlink(f"/proc/{scanner}/ns/net") != ours
    # Nobody but the remedy process has the secrets open, or could read them.
    for pid in (q.pid, scanner, *children(q.pid)):
        assert secrets not in open_files(pid)
    s = facts(remedy)
    assert set(s["Uid"].split()) == {"0"}, "it alone keeps root"
    assert not [f for f in open_files(remedy) if "postfix" in f or f.endswith(".token")]


def refused(pid, *command):
    """The command with the user, groups and rights of that process."""
    s = facts(pid)
    done = subprocess.run(
        ["setpriv", "--reuid", s["Uid"].split()[0], "--regid", s["Gid"].split()[0],
         "--groups", ",".join(s["Groups"].split()) or s["Gid"].split()[0],
         "--no-new-privs", "--bounding-set=-all", *command],
        capture_output=True, text=True, check=False, timeout=20)
    return done.returncode != 0


def test_what_queuewatchs_user_cannot_do(place, secrets):
    postfix = Postfix(place).start()
    q = Queuewatch(place, postfix, remedy_secret_file=secrets).start()
    remedy = child(q.pid, "queuewatch: remedy")
    drops(q.pid)
    assert refused(q.pid, "cat", secrets)
    assert refused(q.pid, "ls", postfix.queue + "/deferred")
    assert refused(q.pid, "cat", f"/proc/{remedy}/environ")
    assert refused(q.pid, "kill", "-0", str(remedy))
    assert refused(q.pid, "cat", secrets + ".used")
    assert not refused(q.pid, "true")


def test_greymilter(place):
    g = Greymilter(place, spf={"enabled": True}).start()
    spf = child(g.pid, "greymilter-spf")
    drops(g.pid)
    drops(spf, Seccomp="2")
    check(g.pid)
    s = facts(spf)
    assert set(s["Uid"].split()) == {str(NOBODY.pw_uid)}
    assert all(int(s[k], 16) == NONE for k in ("CapEff", "CapPrm", "CapBnd", "CapAmb"))
    assert not [f for f in open_files(spf) if ".db" in f], "no store"


def stat_of(path):
    with contextlib.suppress(FileNotFoundError):
        return os.stat(path)


def test_statusd(place):
    statusd = Statusd(place, systems={"NC036": {
        "role": "Mail server", ("probe", "ping"): {
            "url": "ping://127.0.0.1", "interval": Bare("1s")}}}).start()
    drops(statusd.pid)
    check(statusd.pid)
    folder = os.path.dirname(statusd.site)
    until(lambda: os.path.exists(os.path.join(folder, "status-copy.db")), 10, "its copy")
    for name in os.listdir(folder):
        # Those beside the copy are gone when it is made.
        if name.endswith((".db", "-wal", "-shm")) and (
                s := stat_of(os.path.join(folder, name))):
            assert s.st_mode & 0o077 == 0, name + ": others may read it"
            assert s.st_uid == NOBODY.pw_uid, name
    assert children(statusd.pid) == []
