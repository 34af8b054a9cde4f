"""Processes: started in a session of their own, ended by number."""

import ctypes
import os
import resource
import signal
import subprocess
import time

from .wait import until

_libc = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1


def _prepare(parent, files):
    def prepare():
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        if os.getppid() != parent:
            os._exit(1)
    return prepare


class Process:
    """A program whose output goes to a file.

    Its session number marks all that it starts, so that leftovers are seen.
    When the process that started it dies, it gets SIGTERM.  "files" bounds its
    open files.
    """

    def __init__(self, place, name, argv, env=None, cwd=None, files=None):
        self.place, self.name, self.argv = place, name, [str(a) for a in argv]
        self.env, self.cwd, self.files = env, cwd, files
        self.output_path = place / (name + ".out")
        self.popen = None
        place.on_close(self.stop_quietly)

    def start(self):
        out = open(self.output_path, "ab")
        with out:
            self.popen = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                cwd=self.cwd or self.place.path, start_new_session=True,
                env=dict(os.environ, **(self.env or {})),
                preexec_fn=_prepare(os.getpid(), self.files))
        return self

    @property
    def pid(self):
        return self.popen.pid

    def running(self):
        return self.popen is not None and self.popen.poll() is None

    def output(self):
        try:
            with open(self.output_path, encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def wait_output(self, text, seconds=10):
        def seen():
            if text in self.output():
                return True
            assert self.running(), f"{self.name} ended: {self.output()[-2000:]}"
        return until(seen, seconds, f"{text!r} from {self.name}")

    def signal(self, number):
        os.kill(self.pid, number)

    def kill(self):
        """kill -9 of the process alone; its children are its own matter."""
        if self.running():
            self.signal(signal.SIGKILL)
        self.popen.wait()

    def stop(self, seconds=10):
        """SIGTERM, and the exit status; SIGKILL and a fault after "seconds"."""
        if self.popen is None:
            return None
        if self.running():
            self.signal(signal.SIGTERM)
        try:
            status = self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.end_session(signal.SIGKILL)
            self.popen.wait()
            raise AssertionError(f"{self.name} did not end within {seconds} s of "
                                 f"SIGTERM: {self.output()[-2000:]}") from None
        return status

    def leftovers(self):
        """The processes of its session that are still there."""
        return [] if self.popen is None else session_pids(self.pid)

    def end_session(self, number):
        for pid in self.leftovers():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def stop_quietly(self):
        """For the end: whatever state it is in, nothing of it stays."""
        if self.popen is None:
            return
        try:
            self.stop()
        finally:
            deadline = time.monotonic() + 3
            while self.leftovers() and time.monotonic() < deadline:
                time.sleep(0.02)
            self.end_session(signal.SIGKILL)


def session_pids(session):
    """Numbers of the living processes in that session (zombies apart)."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="latin-1") as f:
                rest = f.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(rest[3]) == session and rest[0] not in "ZX":
            found.append(int(entry))
    return found


def children(pid):
    """Numbers of the direct children of "pid"."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="latin-1") as f:
                    rest = f.read().rpartition(")")[2].split()
            except OSError:
                continue
            if int(rest[1]) == pid and rest[0] not in "ZX":
                found.append(int(entry))
    return found


def run(argv, seconds=30, check=True, input=None, env=None):
    """Run to the end; output and errors as text."""
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True,
                          timeout=seconds, input=input, errors="replace",
                          env=dict(os.environ, **(env or {})))
    if check and done.returncode != 0:
        raise AssertionError(f"{argv[0]} ended with {done.returncode}: "
                             f"{done.stdout}{done.stderr}")
    return done
