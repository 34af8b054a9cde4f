"""A temporary folder and all that lives in it."""

import os
import shutil
import sys
import tempfile
import traceback


class Place:
    """A folder that is removed, after what was started in it has been stopped.

    on_close(function) remembers what must be undone; the newest is undone
    first, each even when another failed.  Use as a context manager.
    """

    def __init__(self, prefix="mailglance-"):
        self.path = os.path.realpath(
            tempfile.mkdtemp(prefix=prefix, dir=os.environ.get("TMPDIR")))
        # Postfix and the daemons give up root's rights and must get through.
        os.chmod(self.path, 0o755)
        self._undo = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
        return False

    def __truediv__(self, name):
        return os.path.join(self.path, name)

    def on_close(self, function):
        self._undo.append(function)

    def folder(self, name, mode=0o755, owner=None):
        """Make a folder; "owner" is (uid, gid)."""
        path = self / name
        os.makedirs(path, exist_ok=True)
        os.chmod(path, mode)
        if owner:
            os.chown(path, *owner)
        return path

    def write(self, name, text, mode=0o644):
        path = self / name
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def close(self):
        while self._undo:
            undo = self._undo.pop()
            try:
                undo()
            except Exception:  # the rest must be undone as well
                traceback.print_exc(file=sys.stderr)
        if os.environ.get("MG_KEEP"):
            print(f"kept: {self.path}", file=sys.stderr)
            return
        # Never into a mount that could not be undone.
        if not any(self.path + "/" in line for line in open("/proc/self/mounts")):
            shutil.rmtree(self.path, ignore_errors=True)
