"""Who another greylister knows is not deferred again after the move.  The dumps
in tests/data/postgrey are db5.3_dump's of databases that postgrey 1.37 made."""

import json
import pathlib
import re
import time

import pytest

from mg.greywl import Greywl

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "postgrey"
NEWEST = 1795000500  # in these databases


@pytest.fixture
def wl(place):
    return Greywl(place)


def moved(name, ago=100):
    """The dump as if its newest entry were "ago" seconds old."""
    text = (DATA / name).read_text()
    by = int(time.time()) - ago - NEWEST

    def shift(m):
        return str(int(m.group()) + by)
    if name.endswith(".bytevalue"):
        out = []
        for line in text.splitlines():
            if line.startswith(" "):
                raw = bytes.fromhex(line.strip()).decode("latin-1")
                line = " " + re.sub(r"\b179[45]\d{6}\b", shift,
                                    raw).encode("latin-1").hex()
            out.append(line)
        return "\n".join(out) + "\n"
    return re.sub(r"\b179[45]\d{6}\b", shift, text)


def take(wl, form, text, *args, status=0):
    done = wl("import", "--json", "--from", form, *args, "-", ok=False,
              stdin=text.encode("latin-1", "surrogateescape"))
    assert done.returncode == status, (done.returncode, done.stderr)
    return json.loads(done.stdout)


def judged(wl, sender, client, recipient="bob@home.example"):
    out = wl.json("test", "--client", client, "--helo", "h", "--from", sender,
                  "--to", recipient)
    return out["verdict"], out["wait_s"]


@pytest.mark.parametrize("name", ["postgrey.print", "postgrey.bytevalue"])
def test_postgrey_triplets(wl, name):
    out = take(wl, "postgrey", moved(name))
    # 18 pairs; one is older than retry_window.
    assert (out["taken"], len(out["skipped"])) == (17, 1)
    assert out["envelopes"] == 17 and "retry_window" in out["skipped"][0]["reason"]
    # Passed before: passes at once, from all of its network.
    for sender, client in (("alice@one.example", "198.51.100.200"),
                           ("six@six.example", "2001:db8:1:2::99"),
                           ("pa@known.example", "192.0.2.77")):
        assert judged(wl, sender, client)[0] == "pass", sender
        assert judged(wl, sender, "233.252.0.1")[0] == "new", sender
    # Waits since it first came: 600 s ago, and 100 s.
    assert judged(wl, "prvs=0987654321=carol@one.example", "198.51.100.8")[0] == "pass"
    for sender, recipient in (("", "bob@home.example"),
                              ("a/b=c@slash.example", "r/s@home.example"),
                              ("j\u00fcrgen\\x@utf.example", "bob@home.example")):
        verdict, wait = judged(wl, sender, "203.0.113.50", recipient)
        assert verdict == "waiting" and 60 <= wait <= 81, (sender, wait)
    assert judged(wl, "gone@old.example", "192.0.2.44")[0] == "new"
    # The same file again changes nothing.
    assert take(wl, "postgrey", moved(name))["taken"] == 17
    assert judged(wl, "alice@one.example", "198.51.100.200")[0] == "pass"


def test_postgrey_clients(wl):
    wl("add", "192.0.2.9", "--note", "by hand")
    out = take(wl, "postgrey", moved("postgrey_clients.print"))
    assert (out["taken"], out["added"], out["unchanged"]) == (2, 1, 1)
    assert len(out["skipped"]) == 2
    entries = {e["entry"]: e for e in wl.json("list")}
    assert entries["192.0.2.9"]["note"] == "by hand"
    assert entries["192.0.2.9"]["expires"] is None
    assert entries["2001:db8:9::1"]["expires"] > entries["2001:db8:9::1"]["created"]
    assert judged(wl, "x@y.example", "2001:db8:9::1")[0] == "exempt"


@pytest.mark.parametrize("name", ["private.print", "private.bytevalue"])
def test_postgrey_privacy_is_refused_with_the_reason(wl, name):
    wl("add", "good.example")
    for args in ([], ["--skip-broken"]):
        out = take(wl, "postgrey", moved(name), *args, status=2)
        assert out["taken"] == 0 and "--privacy" in out["refused"]
    assert wl.json("stats")["envelopes"]["total"] == 0


BROKEN = [
    "VERSION=3\nformat=print\ntype=btree\n",
    "VERSION=3\nHEADER=END\n 192.0.2.0/a@b.example/c@d.example\n 1,2\n",
    "VERSION=3\nHEADER=END\n 192.0.2.0/a@b.example/c@d.example\nDATA=END\n",
    "VERSION=3\nHEADER=END\n no/such/thing\n 1,2\nDATA=END\n",
    "VERSION=3\nHEADER=END\n 192.0.2.0/a@b.example/c@d.example\n x\nDATA=END\n",
    "VERSION=3\nHEADER=END\n 192.0.2.0/a@b.example/c@d.example\n 1\nDATA=END\n",
    "VERSION=3\nHEADER=END\n 192.0.2.0/a\\0@b.example/c@d\n 1,2\nDATA=END\n",
    "VERSION=3\nHEADER=END\nDATA=END\nmore\n",
    "VERSION=3\ntype=recno\nHEADER=END\nDATA=END\n",
    "VERSION=3\nformat=bytevalue\nHEADER=END\n zz\n 31\nDATA=END\n",
    "VERSION=3\nHEADER=END\n 192.0.2.0/a\\00@b.example/c@d\n 1,2\nDATA=END\n",
]


@pytest.mark.parametrize("text", BROKEN)
def test_broken_dumps_change_nothing(wl, text):
    wl("add", "good.example")
    done = wl("import", "--from", "postgrey", "-", ok=False, stdin=text.encode())
    assert done.returncode == 2 and b"nothing was changed" in done.stderr
    assert wl.json("stats")["envelopes"]["total"] == 0


def test_two_dumps_in_one(wl):
    text = moved("postgrey.bytevalue") + moved("postgrey_clients.print")
    out = take(wl, "postgrey", text)
    assert (out["taken"], len(out["skipped"])) == (19, 3)


def test_milter_greylist_database(wl):
    now = int(time.time())
    text = f"""#
# milter-greylist databases, dumped by milter-greylist-4.6.4 on 2026-11-21.
# DO NOT EDIT while milter-greylist is running, changes will be overwritten.
#

#
# greylisted tuples
#
# Sender IP\tSender e-mail\tRecipient e-mail\tTime accepted
192.0.2.1\t<A@one.example>\t<bob@home.example>\t{now + 60} # 2026-11-21 22:09:48
192.0.2.2\t<b@one.example>\t<bob@home.example>\t{now - 60} # 2026-11-21 22:09:48
192.0.2.3\t<>\t<bob@home.example>\t{now + 60} # x
192.0.2.4\t<c@one.example>\t<bob@home.example>\t{now - 999999} # x


#
# Auto-whitelisted tuples
#
# Sender IP\tSender e-mail\tRecipient e-mail\tExpire
2001:db8::1\t<d@one.example>\t<bob@home.example>\t{now + 9999} AUTO # x
192.0.2.5\t<e@one.example>\t<bob@home.example>\t{now - 10} AUTO # x
192.0.2.6\t<f@one.example>\t<bob@home.example>\t{now + 10} TARPIT # x
#
# Summary: 7 records
"""
    out = take(wl, "milter-greylist", text)
    assert (out["taken"], len(out["skipped"])) == (4, 3), out
    verdict, wait = judged(wl, "a@one.example", "192.0.2.99")
    assert verdict == "waiting" and 50 <= wait <= 60
    assert judged(wl, "b@one.example", "192.0.2.99")[0] == "pass"
    assert judged(wl, "", "192.0.2.3")[0] == "waiting"
    assert judged(wl, "d@one.example", "2001:db8::9")[0] == "pass"
    assert judged(wl, "c@one.example", "192.0.2.4")[0] == "new"
    done = wl("import", "--from", "milter-greylist", "-", ok=False,
              stdin=b"192.0.2.1 <a@b.example> <c@d.example> soon\n")
    assert done.returncode == 2


def when(ago):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() - ago))


def test_sqlgrey_tables(wl):
    text = f"""-- dump
CREATE TABLE `connect` (
  `sender_name` varchar(64) NOT NULL
);
INSERT INTO `connect` VALUES ('alice','one.example','192.0.2','bob@home.example','{when(60)}'),
('-undef-','-undef-','192.0.2.7','bob@home.example','{when(60)}'),('old','one.example','192.0.2','bob@home.example','{when(999999)}');
INSERT INTO `from_awl` VALUES ('carol','two.example','198.51.100.7','{when(9000)}','{when(60)}');
INSERT INTO `domain_awl` VALUES ('three.example','203.0.113','{when(9000)}','{when(60)}');
INSERT INTO `config` VALUES ('version','3');
"""
    out = take(wl, "sqlgrey", text)
    assert (out["taken"], len(out["skipped"])) == (4, 1), out
    assert judged(wl, "alice@one.example", "192.0.2.9")[0] == "waiting"
    assert judged(wl, "", "192.0.2.9")[0] == "waiting"
    assert judged(wl, "carol@two.example", "198.51.100.7")[0] == "exempt"
    assert judged(wl, "x@three.example", "203.0.113.200")[0] == "exempt"
    csv = ("sender_name,sender_domain,src,rcpt,first_seen\n"
           f"dan,one.example,192.0.2,eve@home.example,{when(60)}\n")
    assert take(wl, "sqlgrey", csv)["taken"] == 1
    assert judged(wl, "dan@one.example", "192.0.2.9",
                  "eve@home.example")[0] == "waiting"
    csv = f"sender_domain,src,first_seen,last_seen\nx.example,nowhere,{when(9)},{when(9)}\n"
    done = wl("import", "--from", "sqlgrey", "-", ok=False, stdin=csv.encode())
    assert done.returncode == 2
