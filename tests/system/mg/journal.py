"""A journald of our own, with mounts of its own: /run, /dev and the journal."""

import grp
import os
import socket

from .proc import Process, run
from .wait import until

JOURNALD = "/lib/systemd/systemd-journald"

# What a program needs of /dev, and the place of syslog(3)'s socket.
MOUNTS = """
set -e
for m in /run/systemd /run/log /var/log; do mkdir -p $m; mount -t tmpfs mailglance $m; done
mkdir -p /run/log/journal/$(cat "$1/machine-id") /run/systemd/journal
chgrp -R systemd-journal /run/log/journal
chmod 2755 /run/log/journal /run/log/journal/*
mount --bind "$1/machine-id" /etc/machine-id
mkdir "$1/dev"
mount -t tmpfs -o mode=755 mailglance "$1/dev"
for n in null zero full random urandom tty; do
	touch "$1/dev/$n"
	mount --bind /dev/$n "$1/dev/$n"
done
ln -s /run/systemd/journal/dev-log "$1/dev/log"
mount --rbind "$1/dev" /dev
: >"$1/mounted"
exec sleep infinity
"""


class Journal:
    """start() starts it.  within(argv) is a command that sees this journal."""

    def __init__(self, place):
        grp.getgrnam("systemd-journal")
        base = place.folder("journal")
        place.write("journal/machine-id", "%032x\n" % int.from_bytes(os.urandom(16), "big"))
        self.holder = Process(place, "mounts", [
            "unshare", "--mount", "--propagation", "private", "sh", "-c", MOUNTS, "sh", base])
        self.holder.start()

        def mounted():
            assert self.holder.running(), self.holder.output()
            return os.path.exists(base + "/mounted")
        until(mounted, 10, "the mounts are made")
        # Its files, seen from outside.
        self.root = f"/proc/{self.holder.pid}/root"
        self.daemon = Process(place, "journald", self.within([JOURNALD]))

    def within(self, argv):
        return ["nsenter", "--target", str(self.holder.pid), "--mount", "--"] + \
            [str(a) for a in argv]

    def _path(self, name):
        return f"{self.root}/run/systemd/journal/{name}"

    def start(self):
        self.daemon.start()

        def up():
            assert self.daemon.running(), self.daemon.output()
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
                s.connect(self._path("socket"))
            return True
        until(up, 10, "journald takes messages")
        return self

    def say(self, program, text, uid=None):
        """A line as syslog(3) writes it, by root or another user."""
        argv = ["logger", "-u", "/run/systemd/journal/dev-log", "-p", "mail.info", "-t",
                "postfix/" + program, "--", text]
        if uid is not None:
            argv = ["setpriv", f"--reuid={uid}", "--clear-groups"] + argv
        run(self.within(argv))

    def say_raw(self, program, text):
        """A message of any bytes, by journald's own protocol."""
        text = text.encode()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.connect(self._path("socket"))
            s.send(b"SYSLOG_FACILITY=2\nPRIORITY=6\nSYSLOG_IDENTIFIER=postfix/" +
                   program.encode() + b"\nMESSAGE\n" + len(text).to_bytes(8, "little") +
                   text + b"\n")

    def rotate(self):
        run(self.within(["journalctl", "--rotate"]))

    def vacuum(self):
        """Rotate, and drop all that is older."""
        run(self.within(["journalctl", "--rotate", "--vacuum-files=1"]))

    def text(self):
        return run(self.within(["journalctl", "--no-pager", "-o", "cat"])).stdout
