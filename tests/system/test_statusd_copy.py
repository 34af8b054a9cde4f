"""The site on a second host: by the hook with rsync, and by hand; it is whole there
while statusd is dead."""

import os
import re
import subprocess

import pytest

from mg.daemons import Bare, Statusd
from mg.ports import free_port, is_listening
from mg.wait import until
from test_statusd import Reporter, SYSTEMS, finding
from test_statusd_kill import is_whole, pages

RSYNCD = """port = {port}
address = 127.0.0.1
use chroot = no
pid file = {place}/rsyncd.pid
[site]
path = {place}/mirror
read only = no
uid = nobody
gid = nogroup
"""


@pytest.fixture
def mirror(place):
    """(url, folder): a real rsync daemon, as on another host."""
    folder, port = place.folder("mirror", 0o777), free_port()
    os.chmod(place / ".", 0o755)
    os.chown(folder, 65534, 65534)
    conf = place.write("rsyncd.conf", RSYNCD.format(port=port, place=place.path), 0o644)
    daemon = subprocess.Popen(["rsync", "--daemon", "--no-detach", "--config", conf])
    until(lambda: is_listening(port), 5, "the daemon listens")
    yield f"rsync://127.0.0.1:{port}/site/", folder
    daemon.terminate()
    daemon.wait(10)


def same(one, other):
    """The same public files; what is not finished is not copied."""
    return pages(one) == pages(other)


def test_rsync_follows_each_change(place, mirror):
    url, folder = mirror
    site = place / "statusd-data/site"
    statusd = Statusd(place, systems=SYSTEMS, hook_timeout=Bare("20s"), hook=[
        "/usr/bin/rsync", "-rt", "--modify-window=-1", "--delete",
        "--delay-updates", "--exclude=.*.tmp", site + "/", url])
    statusd.start()
    reporter = Reporter(statusd)
    reporter.send(finding())
    until(lambda: b"Mail is delayed" in pages(folder).get("index.html", b""), 15,
          "the incident is on the second host")
    reporter.send(finding(level="ok"))
    statusd.ctl("post", "--system", "NC036", "--title", "What it was", input="A cable.")
    until(lambda: b"What it was" in pages(folder)["index.html"], 15)
    # Nothing changes any more: the copy is the site, byte for byte.
    until(lambda: same(statusd.site, folder), 20, "both are the same")
    statusd.kill()
    files = is_whole(folder)
    page = re.search(r'href="/([^"]+)">[^<]*What it was', files["index.html"].decode())[1]
    assert b"A cable." in files[page + "index.html"]
    assert "hook:" not in statusd.output()


def test_a_second_host_that_is_away_comes_later(place, mirror):
    """The hook fails, is told of, and makes up for it by itself."""
    url, folder = mirror
    script = place.write("copy.sh", (
        f"#!/bin/sh\n[ -e {place / 'up'} ] || exit 5\n"
        f"exec rsync -rt --delete --exclude='.*.tmp' \"$1\" {url}\n"), 0o755)
    os.chmod(script, 0o755)
    statusd = Statusd(place, hook=[script, place / "statusd-data/site/"]).start()
    statusd.wait_output("hook: it ended with 5")
    assert pages(folder) == {}
    place.write("up", "", 0o644)
    until(lambda: "index.html" in pages(folder), 20, "it is copied when that works")


def test_export_site_makes_a_whole_site(place):
    statusd = Statusd(place, systems=SYSTEMS).start()
    Reporter(statusd).send(finding())
    statusd.ctl("post", "--system", "NC036", "--title", "Hello", input="World.")
    until(lambda: b"Hello" in pages(statusd.site).get("index.html", b""), 5)
    statusd.kill()
    folder = place / "export"
    statusd.ctl("export-site", folder)
    assert set(is_whole(folder)) == set(is_whole(statusd.site))
    assert b"Hello" in pages(folder)["index.html"]
    # Again into the same folder: what is there is mended.
    with open(os.path.join(folder, "index.html"), "w", encoding="utf-8") as f:
        f.write("half a")
    statusd.ctl("export-site", folder)
    is_whole(folder)
    done = statusd.ctl("export-site", place.write("file", "x") + "/sub", check=False)
    assert done.returncode != 0 and "sub" in done.stderr
