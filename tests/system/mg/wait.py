"""Waiting for conditions, each with a deadline."""

import time


class TooLate(AssertionError):
    """A condition was not met in time."""


def until(condition, seconds=10.0, what="the condition", pause=0.02):
    """Call condition() until it returns something true, and return that.

    After "seconds" raises TooLate with "what" and the last value or fault.
    OSError and ValueError count as "not yet": a server that is not up, a text
    that is not whole.
    """
    deadline = time.monotonic() + seconds
    last = None
    while True:
        try:
            last = condition()
            if last:
                return last
        except (OSError, ValueError) as fault:
            last = fault
        if time.monotonic() >= deadline:
            raise TooLate(f"not within {seconds:g} s: {what}; last seen: {last!r}")
        time.sleep(pause)


def stays(condition, seconds, what="the condition", pause=0.05):
    """Fail when condition() stops being true within "seconds"."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not condition():
            raise AssertionError(f"did not stay for {seconds:g} s: {what}")
        time.sleep(pause)
