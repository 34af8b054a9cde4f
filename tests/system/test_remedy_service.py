"""The remedy process as a service of its own: root alone there, and queuewatch
itself without any right, speaking to it by a socket that checks who comes."""

import grp
import os
import pwd
import signal
import socket
import struct
import subprocess

import pytest

from mg.daemons import Bare, Queuewatch, program
from mg.postfix import Postfix
from mg.proc import Process, children
from mg.servers import Status
from mg.totp import new_secret, totp
from mg.wait import stays, until

NOBODY = pwd.getpwnam("nobody")


class Service(Process):
    """What queuewatch-remedy.socket starts: the listening socket is its fd 3."""

    def __init__(self, place, conf, owner=NOBODY):
        self.path = place.folder("run", 0o755) + "/remedy.sock"
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        place.on_close(self.listener.close)
        self.listener.bind(self.path)
        os.chown(self.path, owner.pw_uid, 0)
        os.chmod(self.path, 0o600)
        self.listener.listen()
        super().__init__(place, "remedy", [
            program("queuewatch"), "-c", conf, "-o", "log=stderr", "remedy", "serve"])

    def start(self):
        fd = self.listener.fileno()

        def hand_over():
            os.dup2(fd, 3)
            os.set_inheritable(3, True)
            os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
            os.execv(self.argv[0], self.argv)
        out = open(self.output_path, "ab")
        with out:
            self.popen = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                cwd=self.place.path, start_new_session=True, close_fds=False,
                preexec_fn=hand_over)
        return self

    def stop(self, seconds=10):
        if self.running():
            self.signal(signal.SIGTERM)
            self.popen.wait(seconds)


class Unprivileged(Queuewatch):
    """queuewatch as its unit starts it: never root, with postdrop's group."""

    def start(self, seconds=10):
        self.argv = ["setpriv", "--reuid", str(NOBODY.pw_uid), "--regid",
                     str(NOBODY.pw_gid), "--groups",
                     str(grp.getgrnam("postdrop").gr_gid), "--no-new-privs",
                     "--bounding-set=-all", program("queuewatch"), "-c", self.conf_path,
                     "-f"]
        return super().start(seconds)


@pytest.fixture
def scene(place):
    with Status() as status:
        place.folder("secrets", 0o755)
        secret = new_secret()
        secrets = place.write("secrets/remedy.totp", f"do {secret}\nslow {secret}\n",
                              0o600)
        postfix = Postfix(place).start()
        watcher = Unprivileged(
            place, postfix, status_url=status.url, token=status.token,
            remedy_secret_file=secrets, remedy_socket=place / "run/remedy.sock",
            sections={
                ("disk", place.path): {"warning": Bare("99%"), "critical": Bare("100%")},
                ("remedy", "do"): {"title": "Do", "command": [
                    "/bin/sh", "-c", "id -u; ls /proc/self/fd; readlink /proc/self/ns/net"]},
                ("remedy", "slow"): {"title": "Slow", "timeout": Bare("30s"), "command": [
                    "/bin/sh", "-c", f"echo in >>{place.path}/mark; sleep 2;"
                                     f" echo out >>{place.path}/mark"]}})
        service = Service(place, watcher.conf_path).start()
        watcher.start()
        status.wait(1)
        yield Scene(place, status, secret, watcher, service, postfix)


class Scene:
    def __init__(self, place, status, secret, watcher, service, postfix):
        self.place, self.status, self.secret = place, status, secret
        self.watcher, self.service, self.postfix = watcher, service, postfix
        self.n = 0

    def order(self, remedy, steps=0):
        self.n += 1
        self.status.orders = self.status.orders + [
            {"id": f"o{self.n}", "remedy": remedy, "code": totp(self.secret, steps)}]
        return f"o{self.n}"

    def results(self, id):
        return [r for report in self.status.got for r in report["results"]
                if r["id"] == id]

    def result(self, id, seconds=15):
        until(lambda: self.results(id), seconds, f"the result of {id}")
        return self.results(id)[0]

    def mark(self):
        try:
            with open(self.place / "mark", encoding="utf-8") as f:
                return f.read().split()
        except FileNotFoundError:
            return []


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def test_root_is_in_the_service_alone(scene):
    done = scene.result(scene.order("do"))
    assert done["outcome"] == "done", (done, scene.service.output())
    lines = done["text"].split("\n")
    assert lines[0] == "0" and lines[1:5] == ["0", "1", "2", "3"], \
        "root, and nothing inherited: 3 is ls itself"
    assert lines[5] == os.readlink("/proc/self/ns/net"), "with the host's network"
    assert os.readlink(f"/proc/{scene.service.pid}/ns/net") != lines[5]
    s = status_of(scene.watcher.pid)
    assert set(s["Uid"].split()) == {str(NOBODY.pw_uid)} and s["NoNewPrivs"] == "1"
    assert s["CapEff"] == "0" * 16 and s["CapBnd"] == "0" * 16
    assert children(scene.watcher.pid) == [], "the service starts what needs rights"
    # The scanner is the service's child, and its figures are right.
    scanners = [p for p in children(scene.service.pid)
                if b"scanner" in open(f"/proc/{p}/cmdline", "rb").read()]
    assert len(scanners) == 1
    until(lambda: any(x["name"] == "queue.deferred" and x["value"] == 0
                      for x in scene.status.got[-1]["samples"]), 10)


def test_only_its_user_is_let_in(scene):
    os.chmod(scene.service.path, 0o666)
    script = ("import socket,sys\n"
              "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
              "s.connect(sys.argv[1])\n"
              "s.send(b'mgwatch1' + bytes(16))\n"
              "s.settimeout(5)\n"
              "print('answer', s.recv(100))\n")
    done = subprocess.run(
        ["setpriv", "--reuid", "1", "--regid", "1", "--clear-groups",
         "/usr/bin/python3", "-c", script, scene.service.path],
        capture_output=True, text=True, check=False, timeout=20)
    assert done.stdout in ("answer b''\n", "") and "not let in" in scene.service.output()
    # Those who are let in and talk nonsense are shown out.
    for frame in (b"", b"x", b"mgwatch1" + struct.pack("<iIII", 0, 1, 2, 3),
                  b"mgwatch1" + struct.pack("<iIII", 99, 1, 2, 3), bytes(5000)):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.connect(scene.service.path)
            s.send(frame)
            s.settimeout(5)
            assert s.recv(100) == b""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as silent:
        silent.connect(scene.service.path)
        assert scene.result(scene.order("do"))["outcome"] == "done"


def test_queuewatch_is_killed_and_the_remedy_goes_on(scene):
    id = scene.order("slow")
    until(scene.mark, 15, "it has begun")
    scene.watcher.signal(signal.SIGKILL)
    scene.watcher.popen.wait()
    until(lambda: scene.mark() == ["in", "out"], 15, "it runs to its end")
    scene.watcher.start()
    assert scene.result(id)["outcome"] == "done", "and is told of afterwards"
    stays(lambda: scene.mark() == ["in", "out"], 1)


def test_the_service_is_killed_and_comes_back(scene):
    id = scene.order("slow")
    until(scene.mark, 15, "it has begun")
    scene.service.signal(signal.SIGKILL)
    scene.service.popen.wait()
    until(lambda: not scene.service.leftovers(), 5, "the remedy ends with it")
    until(lambda: "the remedy process is gone" in scene.watcher.output(), 10)
    scene.service.start()
    r = scene.result(id)
    assert r["outcome"] == "failed" and "in part" in r["text"], r
    assert scene.result(scene.order("do", 1))["outcome"] == "done"
    assert scene.mark() == ["in"]
    until(lambda: any(x["name"] == "queue.deferred"
                      for x in scene.status.got[-1]["samples"]), 10)


def test_by_hand_it_says_who_starts_it(scene):
    done = subprocess.run([program("queuewatch"), "-c", scene.watcher.conf_path,
                           "remedy", "serve"], capture_output=True, text=True,
                          check=False, timeout=20)
    assert done.returncode == 1 and "queuewatch-remedy.socket" in done.stderr
