"""Lost mail is seen and made good in one command; an address is forgotten."""

import sqlite3

import pytest

from mg.greydb import add_envelope
from mg.greywl import Greywl

DAY = 86400


@pytest.fixture
def wl(place):
    wl = Greywl(place)
    wl("add", "friend.example")
    return wl


def lose(wl, sender, client="198.51.100.1", days=3, **how):
    add_envelope(wl.db, sender, "user@home.example", client, days * DAY, **how)


def test_lost_by_domain_and_added_in_one_command(wl):
    assert wl.json("lost") == []
    for i in range(3):
        lose(wl, f"sender{i}@icloud.com", client=f"17.58.6.{i}")
    lose(wl, "a@friend.example")
    lose(wl, "spam@shop.example", kinds=("net",))
    lose(wl, "b@icloud.com", days=1)
    lose(wl, "b@icloud.com", passed=True)
    lose(wl, "c@unproven.example", client="203.0.113.77", kinds=("net", "name"))
    lost = {x["domain"]: x for x in wl.json("lost")}
    assert set(lost) == {"icloud.com", "friend.example", "unproven.example"}
    apple = lost["icloud.com"]
    assert apple["count"] == apple["proven_spf"] == 3
    assert sorted(apple["clients"]) == ["17.58.6.0", "17.58.6.1", "17.58.6.2"]
    assert apple["last_attempt"].endswith("Z") and not apple["whitelisted"]
    assert lost["friend.example"]["whitelisted"]
    text = wl.text("lost")
    assert "icloud.com: 3 messages" in text and "17.58.6.2" in text

    wl("add", "--from-lost", "icloud.com", "unproven.example")
    entries = {e["entry"]: e for e in wl.json("list")}
    assert entries["icloud.com"]["proof"] == "spf"
    assert "3 lost" in entries["icloud.com"]["note"]
    # Nothing proves this one, so its network is let in, not its name.
    assert "203.0.113.0/24" in entries and "unproven.example" not in entries
    assert {x["domain"]: x["whitelisted"] for x in wl.json("lost")} \
        ["icloud.com"]


def test_since(wl):
    lose(wl, "a@one.example", days=3)
    lose(wl, "a@two.example", days=6)
    lose(wl, "a@three.example", days=9)

    def domains(*args):
        return {x["domain"] for x in wl.json("lost", *args)}
    assert domains() == {"one.example", "two.example"}
    assert domains("--since", "4d") == {"one.example"}
    assert domains("--since", "30d") == {"one.example", "two.example",
                                         "three.example"}


def test_what_cannot_be_named(wl):
    lose(wl, "")
    add_envelope(wl.db, None, None, None, 3 * DAY)
    kinds = {x["kind"]: x for x in wl.json("lost")}
    assert set(kinds) == {"bounces", "unreadable"}
    assert all(x["domain"] is None for x in kinds.values())


def test_bad_input_changes_nothing(wl):
    lose(wl, "a@one.example")
    before = wl.text("export")
    for status, args in ((2, ["lost", "--since", "soon"]),
                         (2, ["lost", "--since", "0"]), (2, ["lost", "x"]),
                         (2, ["add", "--from-lost"]),
                         (2, ["add", "--from-lost", "a..b"]),
                         (1, ["add", "--from-lost", "never.example"]),
                         (1, ["add", "--from-lost", "one.example",
                              "never.example"]),
                         (2, ["forget"]), (2, ["forget", "x"]),
                         (2, ["forget", ""]), (2, ["forget", "<>"]),
                         (2, ["forget", "@home.example"]),
                         (2, ["forget", "a@b.example", "c@d.example"]),
                         (2, ["forget", "a@b.example\n"])):
        done = wl(*args, ok=False)
        assert done.returncode == status and done.stderr, args
    assert wl.text("export") == before
    assert len(wl.json("lost")) == 1


def test_an_empty_store_has_lost_nothing(place):
    wl = Greywl(place, "none.db")
    assert wl.json("lost") == [] and wl.text("lost") == ""


def test_forget(wl):
    lose(wl, "alice@one.example")
    lose(wl, "bob@one.example")
    add_envelope(wl.db, "bob@one.example", "alice@one.example", "192.0.2.1",
                 10, passed=True)
    wl("add", "alice@one.example")
    out = wl.json("forget", "<Alice@One.example>")
    assert out["envelopes"] == 2 and not out["left_in_log"]
    assert out["whitelist"][0]["entry"] == "alice@one.example"
    with sqlite3.connect(wl.db) as c:
        assert c.execute("SELECT sender FROM envelope").fetchall() == \
            [("bob@one.example",)]
    c.close()
    wl("remove", "alice@one.example")
    assert wl.json("forget", "alice@one.example")["envelopes"] == 0
    # Nothing of it is left in the files.
    wl("forget", "bob@one.example")
    for suffix in ("", "-wal"):
        try:
            data = open(wl.db + suffix, "rb").read()
        except FileNotFoundError:
            continue
        assert b"bob@one" not in data
