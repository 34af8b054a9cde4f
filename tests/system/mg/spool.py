"""A folder shaped like a Postfix spool, with a main.cf that names it."""

import itertools
import os
import time

ALPHABET = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
_numbers = itertools.count(1)


def base52(n, digits):
    text = ""
    while n or len(text) < digits:
        n, d = divmod(n, 52)
        text = ALPHABET[d] + text
    return text


def long_id(arrived):
    """A long queue id of a message that arrived then (Unix seconds)."""
    inode = next(_numbers)
    return base52(int(arrived), 6) + base52(inode % 1000000, 4) + "z" + \
        base52(inode, 4).replace("z", "y")


class Spool:
    """`config` is what queuewatch's postfix_config names."""

    QUEUES = ("maildrop", "incoming", "active", "deferred", "hold")

    def __init__(self, place, name="pf", owner=65534, **settings):
        self.path = place.folder(f"{name}/spool")
        self.config = place.folder(f"{name}/etc")
        self.owner = owner
        for queue in self.QUEUES:
            path = place.folder(f"{name}/spool/{queue}")
            os.chown(path, owner, -1)
            os.chmod(path, 0o700)
        values = {"compatibility_level": "3.6", "queue_directory": self.path,
                  "message_size_limit": "100000", "maillog_file": "/dev/stdout",
                  "mail_spool_directory": self.path, "virtual_mailbox_base": "",
                  "home_mailbox": "", **settings}
        main = place.write(f"{name}/etc/main.cf", "".join(
            f"{k} = {v}\n" for k, v in values.items()))
        # postconf waits until a file that has just been written is 2 s old.
        os.utime(main, (time.time() - 60, time.time() - 60))
        place.write(f"{name}/etc/master.cf", "")

    def put(self, queue, count=1, age=0, mode=0o700, next_attempt=600):
        """Messages that arrived "age" seconds ago; their paths."""
        made = []
        for _ in range(count):
            path = os.path.join(self.path, queue, long_id(time.time() - age))
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
            os.chmod(path, mode)
            os.chown(path, self.owner, -1)
            if queue == "deferred":
                when = time.time() + next_attempt
                os.utime(path, (when, when))
            made.append(path)
        return made

    def clear(self, queue, keep=0):
        folder = os.path.join(self.path, queue)
        for name in sorted(os.listdir(folder))[keep:]:
            os.unlink(os.path.join(folder, name))
