"""make demo: two at once see every step, and leave nothing behind."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from mg.wait import until


def processes_of(folder):
    """Living processes that work in the folder or were started from there."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = [os.readlink(f"/proc/{pid}/cwd")]
            for name in ("cmdline", "environ"):
                with open(f"/proc/{pid}/{name}", encoding="latin-1") as f:
                    words.append(f.read())
        except OSError:
            continue
        if any(folder in w for w in words):
            found.append(int(pid))
    return found


def in_the_background():
    """As a shell without job control starts it: Ctrl-C is not meant for it,
    but whoever sends SIGINT by number means it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class Demo:
    def __init__(self, root, build, out, **env):
        self.path = out
        with open(out, "wb") as f:
            self.popen = subprocess.Popen(
                [sys.executable, root / "tests/demo/demo.py"], stdout=f, stderr=f,
                stdin=subprocess.DEVNULL, start_new_session=True,
                preexec_fn=in_the_background,
                env={**os.environ, "MG_BUILD": str(build), **env})

    def text(self):
        return self.path.read_text(errors="replace")

    def match(self, pattern, seconds):
        def seen():
            found = re.search(pattern, self.text())
            assert found or self.popen.poll() is None, self.text()
            return found
        return until(seen, seconds, f"/{pattern}/ in the demo's output").group(1)

    def end(self, number):
        begun = time.monotonic()
        self.popen.send_signal(number)
        status = self.popen.wait(20)
        assert time.monotonic() - begun < 10
        return status

    def kill(self):
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
            self.popen.wait(20)


def test_two_at_once_see_every_step(root, build, tmp_path):
    demos = [Demo(root, build, tmp_path / f"demo{i}") for i in range(2)]
    try:
        urls = [d.match(r"(http://127\.0\.0\.1:\d+/)", 15) for d in demos]
        folders = [d.match(r"Everything is in (\S+);", 15) for d in demos]
        assert urls[0] != urls[1]
        for demo in demos:
            demo.match(r"(Every step was seen)", 150)
        for url, folder in zip(urls, folders):
            assert b"back to normal" in urllib.request.urlopen(url, timeout=5).read()
            assert processes_of(folder)
        # Ctrl-C, and the way systemd or a shell would end it.
        assert [d.end(s) for d, s in zip(demos, (signal.SIGINT, signal.SIGTERM))] == [0, 0]
    finally:
        for demo in demos:
            demo.kill()
    for folder in folders:
        assert not processes_of(folder)
        assert not os.path.exists(folder)
    with open("/proc/mounts", encoding="utf-8") as f:
        assert "mailglance-demo" not in f.read()


@pytest.mark.alone
def test_it_ends_by_itself_and_says_what_was_not_seen(root, build, tmp_path):
    begun = time.monotonic()
    demo = Demo(root, build, tmp_path / "demo", DEMO_SECONDS="14")
    try:
        folder = demo.match(r"Everything is in (\S+);", 10)
        assert demo.popen.wait(20) == 1
    finally:
        demo.kill()
    assert time.monotonic() - begun < 15
    assert "DEMO_SECONDS are over" in demo.text()
    assert not processes_of(folder) and not os.path.exists(folder)
