"""What greymilter's database says of people, by the section privacy."""

import contextlib
import sqlite3

import pytest

from mg.daemons import Bare, Greymilter
from mg.milter import ask
from mg.wait import until

CLIENT, SENDER, RECIPIENT = "198.51.100.7", "alice.liddell@b.example", "bob.roe@d.example"


def readable(milter):
    """Of each envelope, what can be read."""
    with contextlib.closing(sqlite3.connect(milter.store)) as db:
        return db.execute("SELECT sender, recipient, client FROM envelope").fetchall()


def found(milter):
    """Which of the words stand anywhere in the database's files."""
    text = b""
    for suffix in ("", "-wal"):
        try:
            with open(milter.store + suffix, "rb") as f:
                text += f.read()
        except FileNotFoundError:
            pass
    return {w for w in (SENDER, RECIPIENT, CLIENT) if w.encode() in text}


@pytest.mark.parametrize("addresses, waiting, passed", [
    ("waiting", True, False), ("hashed", False, False), ("kept", True, True)])
def test_who_can_be_read(place, addresses, waiting, passed):
    milter = Greymilter(place, delay=Bare("1s"),
                        privacy={"addresses": Bare(addresses)}).start()
    whole = [(SENDER, RECIPIENT, CLIENT)]
    assert ask(milter.port, CLIENT, SENDER, RECIPIENT).startswith("451")
    assert readable(milter) == (whole if waiting else [(None, None, None)])
    until(lambda: ask(milter.port, CLIENT, SENDER, RECIPIENT) == "pass", 4)
    assert readable(milter) == (whole if passed else [(None, None, None)])
    # An own user's correspondent is kept as a hash, whatever is set.
    assert ask(milter.port, "127.0.0.1", RECIPIENT, SENDER) == "pass"
    if addresses == "hashed":
        assert found(milter) == set()
    milter.stop()
    assert found(milter) == (
        {SENDER, RECIPIENT, CLIENT} if passed else set()), "nor in what was freed"
