"""Many real queue files from one that a real Postfix has written."""

import os
import re
import time

from .spool import ALPHABET, base52


def base51(n):
    text = ""
    while n:
        n, d = divmod(n, 51)
        text = ALPHABET[d] + text
    return text


def name_of(inode, arrived, usec, long_ids):
    """The name that Postfix would give to the file, and what it hashes."""
    if long_ids:
        return f"{base52(int(arrived), 6)}{base52(usec, 4)}z{base51(inode)}", f"{usec:05X}"
    name = f"{usec:05X}{inode:X}"
    return name, name


class Template:
    """A message of a real queue, to be multiplied."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.bytes = f.read()
        # The second record: its type, its length, "SECONDS MICROSECONDS".
        self.time = re.search(rb"T(.)(\d{10}) ", self.bytes, re.S)
        st = os.stat(path)
        self.uid, self.gid = st.st_uid, st.st_gid

    def put(self, spool, queue, ages, long_ids=True, next_attempt=1000):
        """A message of each age (seconds) in a queue, hashed where Postfix does."""
        now = int(time.time())
        folder = os.path.join(spool, queue)
        hashed = queue == "deferred"
        for i, age in enumerate(ages):
            arrived = now - age
            first = os.path.join(folder, f"{i}.new")
            fd = os.open(first, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o700)
            at = self.time.start(2)
            os.write(fd, self.bytes[:at] + b"%d" % arrived + self.bytes[at + 10:])
            os.fchown(fd, self.uid, self.gid)
            inode = os.fstat(fd).st_ino
            when = now + next_attempt if hashed else arrived
            os.utime(fd, (when, when))
            os.close(fd)
            name, key = name_of(inode, arrived, i * 37 % 1000000, long_ids)
            into = os.path.join(folder, key[0]) if hashed else folder
            if hashed and not os.path.isdir(into):
                os.mkdir(into, 0o700)
                os.chown(into, self.uid, self.gid)
            os.rename(first, os.path.join(into, name))
