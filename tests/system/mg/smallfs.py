"""A small file system in the test's folder, real enough to fill.

private_mounts() gives this process mounts of its own: what is mounted here is
seen by nobody else, and is gone when the last of our processes is, however it
ended.
"""

import ctypes
import os
import subprocess
import tempfile

from .proc import run

CLONE_NEWNS = 0x00020000
MS_REC, MS_PRIVATE = 0x4000, 1 << 18
MNT_DETACH = 2
_libc = ctypes.CDLL(None, use_errno=True)
_is_private = False
_in_memory = None  # the folder, where there is one


def private_mounts():
    """Once, early, before threads are made.  False where it is not allowed."""
    global _is_private
    if not _is_private and _libc.unshare(CLONE_NEWNS) == 0:
        _is_private = _libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) == 0
    return _is_private


def _available_bytes():
    with open("/proc/meminfo", encoding="ascii") as f:
        for line in f:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
    return 0


def places_in_memory(least=6 << 30):
    """Places of this process and its children stand in memory from now on, where that is plenty and the mounts are our own: several tests at
    once write more than a disk flushes in the second that an answer has.  What
    a slow disk does is tested by programs that are held up on purpose."""
    global _in_memory
    available = _available_bytes()
    if not _is_private or available < least:
        return
    path = tempfile.mkdtemp(prefix="mg-", dir="/tmp")
    options = f"size={available // 8},mode=755".encode()
    if _libc.mount(b"mailglance", path.encode(), b"tmpfs", 0, options) != 0:
        os.rmdir(path)
        return
    tempfile.gettempdir()  # which pytest's own folders stay in
    os.environ["TMPDIR"] = _in_memory = path


def leave_memory():
    """Undo places_in_memory(): the end of the process does not."""
    if _in_memory and _libc.umount2(_in_memory.encode(), MNT_DETACH) == 0:
        os.rmdir(_in_memory)


class SmallFs:
    """"size" bytes of ext4 on a file, or of tmpfs where no loop device is to
    be had (kind="auto"); "owner" is (uid, gid)."""

    def __init__(self, place, name, size, kind="auto", owner=None):
        self.path = place.folder(name)
        self.kind = kind
        place.on_close(self.unmount)
        if kind == "xfs":
            self._make(place, name, size)
        elif kind in ("auto", "ext4") and self._ext4(place, name, size):
            self.kind = "ext4"
        elif kind in ("auto", "tmpfs"):
            run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "mailglance",
                 self.path])
            self.kind = "tmpfs"
        else:
            raise RuntimeError("no loop device for an ext4 file system")
        os.chmod(self.path, 0o755)
        if owner:
            os.chown(self.path, *owner)

    def _ext4(self, place, name, size):
        image = place / (name.replace("/", "-") + ".img")
        with open(image, "wb") as f:
            f.truncate(size)
        try:
            run(["/sbin/mkfs.ext4", "-q", "-F", "-m", "0", "-b", "1024", "-O",
                 "^has_journal,^resize_inode", "-E", "lazy_itable_init=0,root_owner=0:0",
                 image])
            run(["mount", "-o", "loop", image, self.path])
        except (AssertionError, OSError, subprocess.TimeoutExpired):
            if self.kind == "ext4":
                raise
            return False
        return True

    def used(self):
        """The share of its space in use, 0 to 1, as df says."""
        s = os.statvfs(self.path)
        used = s.f_blocks - s.f_bfree
        return used / (used + s.f_bavail) if used + s.f_bavail else 1.0

    def free_bytes(self):
        s = os.statvfs(self.path)
        return s.f_bavail * s.f_frsize

    def fill(self, share, name="ballast"):
        """Write a file until "share" of the space is in use (1.0: until the
        system says that there is no more)."""
        path = os.path.join(self.path, name)
        with open(path, "ab", buffering=0) as f:
            try:
                self._allocate(f, share)
                while share >= 1.0 or self.used() < share:
                    f.write(b"\0" * 32768)
            except OSError:
                pass
        return path

    def _allocate(self, f, share):
        """Nearly all of it in one step, so that nobody sees it half done."""
        s = os.statvfs(self.path)
        whole = (s.f_blocks - s.f_bfree + s.f_bavail) * s.f_frsize
        more = int((min(share, 1.0) - self.used()) * whole) - 65536
        if more > 0:
            os.posix_fallocate(f.fileno(), f.tell(), more)
            f.seek(0, os.SEEK_END)

    def unmount(self):
        if os.path.ismount(self.path):
            done = run(["umount", self.path], check=False)
            if done.returncode != 0:
                run(["umount", "-l", self.path])


class Xfs(SmallFs):
    """A file system of XFS on a loop device, which can be grown while it is
    mounted; buy() makes the device larger."""

    LEAST = 320 << 20

    def __init__(self, place, name, owner=None):
        super().__init__(place, name, self.LEAST, kind="xfs", owner=owner)

    def _make(self, place, name, size):
        self.image = place / (name.replace("/", "-") + ".img")
        with open(self.image, "wb") as f:
            f.truncate(size)
        run(["/sbin/mkfs.xfs", "-q", self.image])
        run(["mount", "-o", "loop", self.image, self.path])
        return True

    def buy(self, times):
        """The device is so many times as large, and the kernel knows."""
        os.truncate(self.image, os.path.getsize(self.image) * times)
        device = run(["findmnt", "-n", "-o", "SOURCE", self.path]).stdout.strip()
        run(["losetup", "-c", device])
