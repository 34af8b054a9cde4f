"""How long the machine kept everybody waiting."""

import threading
import time


class Stall:
    """While it lasts a thread sleeps for a moment again and again; "worst_us"
    is how much too late it woke up at worst.  A bound on somebody else's
    answer may be exceeded by that much, since whoever asks, answers and
    measures shares the same processors."""

    STEP_S = 0.002

    def __init__(self):
        self.worst_us = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self):
        while not self._over.is_set():
            before = time.monotonic()
            time.sleep(self.STEP_S)
            late = time.monotonic() - before - self.STEP_S
            self.worst_us = max(self.worst_us, int(late * 1e6))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
