"""What tests preload into a program: a clock that can be stepped, a journal of
what goes to the disk (tests/system/preload/*.c)."""

import contextlib
import os
import pathlib
import struct

from .proc import run

SOURCES = pathlib.Path(__file__).resolve().parents[1] / "preload"
WRITTEN, CUT, SYNC_BEGUN, SYNCED = range(4)


def build(place, name, suffix=".so", *how):
    out = place / f"{name}{suffix}"
    run([os.environ.get("CC", "gcc"), "-D_GNU_SOURCE", "-std=c17", "-O2", "-fPIC",
         *(how or ("-shared",)), "-o", out, SOURCES / f"{name}.c"])
    return out


def environment(library, **more):
    # A sanitizer wants to be the first library; it need not.
    return {"LD_PRELOAD": library, "ASAN_OPTIONS": "verify_asan_link_order=0:" +
            os.environ.get("ASAN_OPTIONS", ""), **more}


class Clock:
    """The wall clock of one program: clock.step(seconds) sets how far it is off."""

    def __init__(self, place):
        self.path = place / "clock"
        self.step(0)
        os.chmod(self.path, 0o644)
        self.env = environment(build(place, "clock"), MG_CLOCK=self.path)

    def step(self, seconds):
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb") as f:
            f.write(struct.pack("=q", seconds))


class Held:
    """with held(): what the program asks for does not end."""

    def _put(self, byte):
        with open(self.path, "r+b") as f:
            f.write(byte)

    @contextlib.contextmanager
    def held(self):
        self._put(b"1")
        try:
            yield
        finally:
            self._put(b"\0")


class Flush(Held):
    """The disk's flushes: with flush.held() none of the program's ends."""

    def __init__(self, place):
        self.path = place.write("flush", "\0", 0o644)
        self.env = environment(build(place, "flush"), MG_FLUSH=self.path)


class Stand(Held):
    """A disk that stands still: with stand.held() whatever the program asks of
    files below "folder" does not end."""

    def __init__(self, place, folder):
        self.path = place.write("stand", "\0", 0o644)
        self.env = environment(build(place, "stand"), MG_STAND=folder,
                               MG_STAND_WHILE=self.path)


class Disk:
    """The journal of writes to files that begin with "path"."""

    def __init__(self, place, path):
        self.path, self.journal = path, place / "disk.journal"
        self.env = environment(build(place, "disk"), MG_DISK=path,
                               MG_DISK_LOG=self.journal)

    def records(self):
        """(seconds, what, file 0/1/2, offset, bytes) in their order."""
        with open(self.journal, "rb") as f:
            data = f.read()
        at, out = 0, []
        while at + 40 <= len(data):
            ns, what, file, offset, n = struct.unpack_from("=QQQQQ", data, at)
            out.append((ns / 1e9, what, file, offset, data[at + 40:at + 40 + n]))
            at += 40 + n
        return out


class Platter:
    """One file as it may stand on the disk after a power cut."""

    SECTOR = 512

    def __init__(self):
        self.safe = bytearray()  # what is synced
        self.open = []  # (what, offset, bytes) since then
        self.begun = 0  # how many of these a sync that has begun covers

    def note(self, what, offset, data):
        if what == SYNC_BEGUN:
            self.begun = len(self.open)
        elif what == SYNCED:
            for item in self.open[:self.begun]:
                self.apply(self.safe, *item)
            del self.open[:self.begun]
            self.begun = 0
        else:
            self.open.append((what, offset, data))

    @staticmethod
    def apply(image, what, offset, data):
        if what == CUT:
            del image[offset:]
            image.extend(b"\0" * (offset - len(image)))
            return
        image.extend(b"\0" * (offset + len(data) - len(image)))
        image[offset:offset + len(data)] = data

    def state(self, dice, how):
        """how: "none" of what was not synced is there, "all" of it, or "some":
        any sectors of any of it."""
        image = bytearray(self.safe)
        for what, offset, data in self.open if how != "none" else ():
            if how == "all":
                self.apply(image, what, offset, data)
            elif what == CUT:
                if dice.random() < 0.5:
                    self.apply(image, what, offset, data)
            else:
                for i in range(0, len(data), self.SECTOR):
                    if dice.random() < 0.5:
                        self.apply(image, what, offset + i, data[i:i + self.SECTOR])
        return bytes(image)


class Slow:
    """A program whose work on two addresses takes long (slow.c), also where it
    is started without an environment: start "launcher" in its place."""

    def __init__(self, place, program):
        self.path = place.write("slow.spent", "\0" * 8, 0o666)
        os.chmod(self.path, 0o666)
        env = environment(build(place, "slow"), MG_SLOW=self.path)
        self.launcher = build(place, "launch", "", "-pie")
        place.write("launch.run", "\n".join(
            [str(program)] + [f"{k}={v}" for k, v in env.items()]) + "\n")

    def spent_ms(self):
        with open(self.path, "rb") as f:
            return struct.unpack("=q", f.read(8))[0] / 1000


class Kill:
    """kill -9 at a numbered change of a file: kill.at(n) sets it, n calls from
    now; kill.calls() is how many there were."""

    def __init__(self, place, library=None, name="kill.count"):
        self.library = library or build(place, "kill")
        self.path = place.write(name, "\0" * 16, 0o666)
        os.chmod(self.path, 0o666)
        self.env = environment(self.library, MG_KILL=self.path)

    def calls(self):
        with open(self.path, "rb") as f:
            return struct.unpack("=q", f.read(8))[0]

    def at(self, n):
        """0: never."""
        with open(self.path, "r+b") as f:
            f.seek(8)
            f.write(struct.pack("=q", self.calls() + n if n else 0))
