"""A file system that can hang, as one whose server is away: FUSE, spoken to the
kernel by this process itself."""

import contextlib
import ctypes
import errno
import os
import select
import stat
import struct
import threading
import time

LOOKUP, FORGET, GETATTR, STATFS, INIT = 1, 2, 3, 17, 26
OPENDIR, READDIR, RELEASEDIR, INTERRUPT, BATCH_FORGET = 27, 28, 29, 36, 42
NO_ANSWER = (FORGET, BATCH_FORGET, INTERRUPT)
MNT_DETACH = 2
_libc = ctypes.CDLL(None, use_errno=True)


class HangFs:
    """Mounted over "path": folders {name: [names of empty files]}.

    hang() leaves every request unanswered until go_on(); end() kills it: what
    asks then gets an error.  Raises OSError where FUSE is not to be had.
    """

    def __init__(self, place, path, folders, owner=0):
        self.path, self.owner = path, owner
        self.nodes = [("", None, None)]  # (name, children, parent), from number 1
        root = self._add("", {})
        for folder, files in folders.items():
            into = self._add(folder, {}, root)
            for name in files:
                self._add(name, None, into)
        self.fd = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        options = (f"fd={self.fd},rootmode=40755,user_id=0,group_id=0,"
                   "allow_other").encode()
        if _libc.mount(b"mghang", os.fsencode(path), b"fuse", 0, options) != 0:
            os.close(self.fd)
            raise OSError(ctypes.get_errno(), "mount FUSE")
        self.hangs, self.over = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        place.on_close(self.unmount)

    def _add(self, name, children, parent=None):
        self.nodes.append((name, children, parent))
        number = len(self.nodes) - 1
        if parent:
            self.nodes[parent][1][name] = number
        return number

    def hang(self):
        self.hangs.set()

    def go_on(self):
        self.hangs.clear()

    def end(self):
        """As when its server dies."""
        if not self.over.is_set():
            self.over.set()
            self.thread.join(5)
            os.close(self.fd)

    def unmount(self):
        self.end()
        _libc.umount2(os.fsencode(self.path), MNT_DETACH)

    # -- the protocol

    def _serve(self):
        while not self.over.is_set():
            ready, _, _ = select.select([self.fd], [], [], 0.05)
            if not ready or self.hangs.is_set():
                if ready:
                    time.sleep(0.02)
                continue
            with contextlib.suppress(OSError):
                request = os.read(self.fd, 1 << 18)
                self._answer(request)

    def _answer(self, request):
        _, op, unique, node = struct.unpack_from("=IIQQ", request)
        if op in NO_ANSWER:
            return
        try:
            body, fault = self._do(op, node, request[40:]), 0
        except OSError as e:
            body, fault = b"", -e.errno
        os.write(self.fd, struct.pack("=IiQ", 16 + len(body), fault, unique) + body)

    def _attr(self, number):
        folder = self.nodes[number][1] is not None
        mode = stat.S_IFDIR | 0o700 if folder else stat.S_IFREG | 0o700
        if number == 1:
            mode = stat.S_IFDIR | 0o755
        now = int(time.time())
        return struct.pack("=6Q10I", number, 0, 0, now, now, now, 0, 0, 0, mode, 1,
                           self.owner, self.owner, 0, 4096, 0)

    def _do(self, op, node, body):
        if op == INIT:
            major, _, ahead, _ = struct.unpack_from("=4I", body)
            return struct.pack("=4I2H2I2H8I", major, 26, ahead, 0, 16, 12, 65536, 1, 1, 0,
                               *[0] * 8)
        if op == GETATTR:
            return struct.pack("=QII", 0, 0, 0) + self._attr(node)
        if op == LOOKUP:
            number = (self.nodes[node][1] or {}).get(body.rstrip(b"\0").decode())
            if number is None:
                raise OSError(errno.ENOENT, "")
            return struct.pack("=4Q2I", number, 0, 0, 0, 0, 0) + self._attr(number)
        if op == STATFS:
            return struct.pack("=5Q4I6I", 1000000, 500000, 500000, 100000, 90000, 4096,
                               255, 4096, 0, *[0] * 6)
        if op == OPENDIR:
            return struct.pack("=QII", 0, 0, 0)
        if op == READDIR:
            return self._list(node, *struct.unpack_from("=QQI", body)[1:])
        if op == RELEASEDIR:
            return b""
        raise OSError(errno.ENOSYS, "")

    def _list(self, node, offset, size):
        out = b""
        for i, (name, number) in enumerate(list(self.nodes[node][1].items())[offset:]):
            kind = stat.S_IFREG if self.nodes[number][1] is None else stat.S_IFDIR
            text = name.encode()
            one = struct.pack("=QQII", number, offset + i + 1, len(text), kind >> 12) + text
            one += b"\0" * (-len(one) % 8)
            if len(out) + len(one) > size:
                break
            out += one
        return out
