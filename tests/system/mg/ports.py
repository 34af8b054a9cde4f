"""Loopback ports that nobody else takes while we live.

Ports below the kernel's range for outgoing connections, so that no client
takes one in between.  Each is claimed by an abstract Unix socket named after
it: two test runs on one machine never choose the same, and the claim ends
with the process, however it ends.
"""

import random
import socket

FIRST, LAST = 20001, 32000
_claims = []


def free_port():
    """A free TCP and UDP port on 127.0.0.1, ours until this process ends."""
    rng = random.SystemRandom()
    for _ in range(2000):
        port = rng.randint(FIRST, LAST)
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0mailglance-test-port-{port}")
        except OSError:
            claim.close()
            continue
        if _bindable(port):
            _claims.append(claim)
            return port
        claim.close()
    raise RuntimeError("no free port between %d and %d" % (FIRST, LAST))


def _bindable(port):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as s:
            if kind == socket.SOCK_STREAM:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def is_listening(port, host="127.0.0.1"):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
        s.settimeout(2)
        return s.connect_ex((host, port)) == 0
