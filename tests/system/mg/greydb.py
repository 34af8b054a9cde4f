"""Rows of greymilter's database as a test wants them."""

import os
import sqlite3
import struct
import time

KINDS = {"net": 0, "name": 1, "spf": 2}


def origins(*items):
    """items: (kind, since, passed)"""
    out = b""
    for kind, since, passed in items:
        out += os.urandom(8) + struct.pack("<Q", int(since * 1000))[:6]
        out += bytes([KINDS[kind] << 1 | bool(passed)])
    return out


def add_envelope(db, sender, recipient, client, age_s, kinds=("net", "spf"),
                 passed=False):
    """An attempt that was made age_s ago; sender None: it cannot be read."""
    at = int(time.time() - age_s)
    with sqlite3.connect(db, timeout=10) as c:
        c.execute("INSERT INTO envelope (key, first, last, origins, sender, "
                  "recipient, client) VALUES (?, ?, ?, ?, ?, ?, ?)",
                  (os.urandom(16), at, at,
                   origins(*[(k, at, passed) for k in kinds]),
                   sender, recipient, client))
    c.close()
