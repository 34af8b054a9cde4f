"""greywl: the real program on a store of its own."""

import json
import os
import pathlib
import pwd
import sqlite3
import subprocess
import threading

import pytest

from mg.daemons import program
from mg.greywl import Greywl

L63 = "a" * 63


@pytest.fixture
def wl(place):
    return Greywl(place)


def test_edits_and_exit_codes(wl):
    assert "example.com" in wl.text("add", "Example.COM")
    wl("add", "alice@example.org", "192.0.2.0/24", "2001:db8::/32")
    wl("add", "--client-name", "mx.example.net")
    wl("add", "postmaster@*", "--recipient", "--note", "it's \"needed\"")
    assert wl.entries() == {
        ("domain", "example.com"), ("sender", "alice@example.org"),
        ("network", "192.0.2.0/24"), ("network", "2001:db8::/32"),
        ("name", "mx.example.net"), ("recipient", "postmaster@*")}

    again = wl.json("add", "EXAMPLE.com.")
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, 1)
    changed = wl.json("add", "example.com", "--proof", "none")
    assert changed["changed"] == 1
    assert "forged" in changed["warnings"][0]["warning"] or \
        "claims" in changed["warnings"][0]["warning"]

    assert wl("remove", "nothing.example", ok=False).returncode == 1
    missing = wl("remove", "mx.example.net", ok=False)
    assert missing.returncode == 1 and b"--client-name" in missing.stderr
    # All or none.
    assert wl("remove", "example.com", "nothing.example", ok=False).returncode == 1
    assert ("domain", "example.com") in wl.entries()
    wl("remove", "--client-name", "mx.example.net")
    assert wl.json("remove", "example.com")["removed"] == 1
    assert len(wl.entries()) == 4
    shown = wl.json("show", "--recipient", "postmaster@*")
    assert shown[0]["note"] == "it's \"needed\""
    assert wl("show", "example.com", ok=False).returncode == 1


BAD = ["", "@", "a..b", " ", "exa mple.com", "example.com ", "\texample.com",
       "example.com\n", "\x01.example", "a\x1b[2J.example", "\x7f.example",
       "exa\u202emple.com", b"\xff.example", b"\xc0\xaf.example", b"caf\xc3",
       "a" * 4096, "a" * 64 + ".example", ("a" * 63 + ".") * 4 + "com",
       "a" * 65 + "@example.com", "x@" + ("a" * 63 + ".") * 4 + "com",
       "300.1.2.3/40", "300.1.2.3", "192.0.2.0/33", "10.0.0.1/8", "1.2.3",
       "2001:db8::1/32", "2001:db8::/129", "2001:db8:::/32", "/24", "1234",
       ".example.com", "*.example.com", "alice@", "@example.com",
       "a@b@example.com", "<alice@example.com>", "alice@a..b", "example",
       "example.com;", "http://example.com/"]


def test_bad_entries_change_nothing(wl):
    wl("add", "good.example")
    before = wl.text("export")
    for bad in BAD:
        for verb in ("add", "remove"):
            done = wl(verb, "other.example", bad, ok=False)
            assert done.returncode == 2, (verb, bad, done.stderr)
            assert done.stderr.startswith(b"greywl: "), (verb, bad)
            assert not done.stdout, (verb, bad)
            # What the terminal gets is printable, whatever was typed.
            text = done.stderr.decode("utf-8")
            assert all(c.isprintable() or c == "\n" for c in text), (bad, text)
    for args in (["add"], ["add", "--proof", "maybe", "a.example"],
                 ["add", "--expires", "soon", "a.example"],
                 ["add", "--expires", "2001-01-01T00:00:00Z", "a.example"],
                 ["add", "--note", "a\nb", "a.example"],
                 ["add", "--proof", "spf", "192.0.2.1"],
                 ["add", "--recipient", "--client-name", "a.example"],
                 ["add", "--no-such", "a.example"], ["frobnicate"], [],
                 ["remove"], ["preset", "no-such-preset"], ["list", "x"],
                 ["test", "--client", "192.0.2.1"],
                 ["test", "--client", "x", "--from", "", "--to", "a@b.example"],
                 ["import", "--from", "no-such-format", "/dev/null"]):
        done = wl(*args, ok=False)
        assert done.returncode == 2 and done.stderr, args
    assert wl.text("export") == before


def test_bad_entry_makes_no_store(wl):
    assert wl("add", "a..b", ok=False).returncode == 2
    assert not os.path.exists(wl.db)


def test_configuration_faults(wl, place):
    assert wl("-t").stdout == b""
    bad = place.write("bad.conf", "delay = soon\n")
    done = subprocess.run([program("greywl"), "-c", bad, "list"],
                          capture_output=True, timeout=30)
    assert done.returncode == 1 and b"bad.conf:1:" in done.stderr
    version = subprocess.run([program("greywl"), "-V"], capture_output=True, timeout=30)
    assert version.stdout == b"greywl 0.1.0\n"
    usage = subprocess.run([program("greywl"), "--help"], capture_output=True, timeout=30)
    assert usage.returncode == 0
    for verb in ("add", "remove", "list", "show", "test", "export", "import",
                 "stats", "check", "preset"):
        assert verb in usage.stdout.decode()
        explained = wl(verb, "--help")
        assert b"--json" in explained.stdout
    full = subprocess.run(["sh", "-c", '"$0" -c "$1" list >/dev/full',
                           program("greywl"), wl.conf], capture_output=True, timeout=30)
    assert full.returncode == 0  # an empty list writes nothing
    wl("add", "example.com")
    full = subprocess.run(["sh", "-c", '"$0" -c "$1" list >/dev/full',
                           program("greywl"), wl.conf], capture_output=True, timeout=30)
    assert full.returncode == 1 and b"standard output" in full.stderr


def test_preset(wl):
    wl("add", "--proof", "name", "me.com")
    wl("preset", "apple")
    proofs = {e["entry"]: e["proof"] for e in wl.json("list")}
    assert proofs == {"apple.com": "spf", "icloud.com": "spf", "mac.com": "spf",
                      "me.com": "name"}
    assert wl.json("preset", "apple")["added"] == 0
    every = wl.json("preset")
    assert "apple" in every and len(every) > 4
    for name in every:
        wl("preset", name)
    entries = {e["entry"]: e["proof"] for e in wl.json("list")}
    assert set(entries) == {d for domains in every.values() for d in domains}
    assert {p for e, p in entries.items() if e != "me.com"} == {"spf"}


def test_export_import_round_trip(wl, place):
    wl("add", "example.com", "MÜLLER.example", "\"a..b\"@odd.example", "o'neil@x.example",
       "--note", "it's a \"note\" \\ with $signs # and `more` – 東京", "--author", "jo")
    wl("add", "--proof", "none", "forged.example")
    wl("add", "--proof", "either", "--expires", "30d", "bank.example")
    wl("add", "--expires", "2099-01-31T12:00:00+02:00", "192.0.2.0/24")
    wl("add", "--client-name", "mx.example.net")
    wl("add", "--recipient", "postmaster@*", "bob@here.example", "here.example")
    text = wl.text("export")
    assert wl.text("list") == text
    other = Greywl(place, "other.db")
    took = other.json("import", stdin=text.encode())
    assert took["taken"] == 11 == took["added"] and took["skipped"] == []
    assert other.text("export") == text

    def plain(which):
        return [{k: v for k, v in e.items() if k != "created"} for e in which.json("list")]
    assert plain(other) == plain(wl)
    # What is exported can be pasted behind "greywl add".
    for line in text.splitlines():
        done = subprocess.run(["sh", "-c", f'"$0" -c "$1" add {line}', program("greywl"),
                               wl.conf], capture_output=True, timeout=30)
        assert done.returncode == 0, (line, done.stderr)
    assert wl.text("export") == text
    for line in text.splitlines():
        done = subprocess.run(["sh", "-c", f'"$0" -c "$1" remove {line}', program("greywl"),
                               wl.conf], capture_output=True, timeout=30)
        assert done.returncode == 0, (line, done.stderr)
    assert wl.text("export") == ""


def test_import_plain(wl, place):
    wl("add", "first.example")
    path = place.write("list.txt", "\ufeff# a comment\n\n  a.example  # why\r\n"
                       "a@b.example --note 'x y'\nbad..example\n192.0.2.0/24\n"
                       "b.example c.example\nd.example --proof perhaps\n"
                       "e.example --note 'open\nold.example --expires 2001-01-01T00:00:00Z\n")
    before = wl.text("export")
    done = wl("import", "--json", path, ok=False)
    assert done.returncode == 2
    answer = json.loads(done.stdout)
    assert answer["taken"] == 0
    assert [s["line"] for s in answer["skipped"]] == [5, 7, 8, 9]
    assert f"{path}:5:".encode() in done.stderr
    assert wl.text("export") == before

    answer = wl.json("import", "--from", "plain", "--skip-broken", path)
    assert answer["taken"] == 3
    assert [s["line"] for s in answer["skipped"]] == [5, 7, 8, 9, 10]
    assert all(s["reason"] for s in answer["skipped"])
    assert ("network", "192.0.2.0/24") in wl.entries() and len(wl.entries()) == 4
    binary = place / "binary"
    pathlib.Path(binary).write_bytes(b"a.example\n\0\0\xff\n" + b"x" * 100000 + b"\n")
    assert wl("import", binary, ok=False).returncode == 2
    assert wl("import", place / "missing", ok=False).returncode == 1
    assert wl("import", place.path, ok=False).returncode == 1
    assert wl.json("import", "/dev/null")["taken"] == 0


def test_large_import(wl, place):
    path = place.write("large.txt", "".join(
        f"d{i}.bulk.example\n" if i % 2 else f"10.{i // 256}.{i % 256}.0/24\n"
        for i in range(20000)))
    assert wl.json("import", path)["added"] == 20000
    t = wl.json("test", "--client", "10.3.4.5", "--helo", "h", "--from", "a@x.example",
                "--to", "b@y.example")
    assert t["verdict"] == "exempt" and t["rule"] == "whitelist"
    assert wl.json("stats")["whitelist"]["entries"] == 20000


def test_other_letters_and_quotes(wl, place):
    wl("add", "müller.example", "--proof", "none", "--author", "x")
    wl("add", '"Jo Doe"@example.com', "--author", "x")
    text = wl.text("export")
    assert text.splitlines() == ["müller.example --proof none --author x",
                                 "'\"jo doe\"@example.com' --author x"]
    asked = ["--client", "198.51.100.7", "--helo", "h", "--to", "b@here.example", "--from"]
    for sender in ("a@MÜLLER.example", "a@mail.xn--mller-kva.example",
                   '"JO DOE"@example.com'):
        assert wl.json("test", *asked, sender)["rule"] == "whitelist", sender
    assert wl("show", "xn--mller-kva.example").stdout
    assert wl.json("remove", "xn--mller-kva.example")["removed"] == 1
    wl("remove", '"jo doe"@example.com')
    assert not wl.entries()
    assert wl.json("import", place.write("wl.txt", text))["taken"] == 2
    assert wl.text("export") == text


def test_long_reads_come_behind_greymilter(wl):
    """A list nobody reads to its end keeps greywl there, to be looked at."""
    wl("import", "--from", "plain", "-", stdin=b"".join(
        b"host%d.customer.example\n" % i for i in range(5000)))
    for verb in ("export", "list"):
        with subprocess.Popen([program("greywl"), "-c", wl.conf, verb],
                              stdout=subprocess.PIPE) as p:
            assert p.stdout.read(1)
            assert os.getpriority(os.PRIO_PROCESS, p.pid) == min(
                os.getpriority(os.PRIO_PROCESS, 0) + 10, 19), verb
            p.stdout.close()


def test_test_changes_nothing(wl):
    ask = ["--client", "198.51.100.7", "--name", "mx.example.net", "--helo",
           "mx.example.net", "--from", "a@example.net", "--to", "b@example.org"]
    t = wl.json("test", *ask)
    assert t["verdict"] == "new" and t["wait_s"] == 180
    assert t["identities"] == ["net:198.51.100.0/24"] or \
        "net:198.51.100.0/24" in t["identities"]
    assert set(t["spf"]) >= {"result", "domain", "proves"}
    assert t["spf"]["proves"] is False
    assert not os.path.exists(wl.db)
    bounce = wl.json("test", "--client", "198.51.100.7", "--helo", "h.example.net",
                     "--from", "", "--to", "b@example.org")
    assert bounce["verdict"] == "new"
    trusted = wl.json("test", "--client", "127.0.0.1", "--helo", "h", "--from", "a@b.example",
                      "--to", "b@example.org")
    assert (trusted["verdict"], trusted["rule"]) == ("exempt", "trusted_networks")

    wl("add", "example.net")
    t = wl.json("test", *ask)
    assert t["verdict"] == "new", "a domain whose proof is not there exempts nobody"
    assert any("example.net" in r["text"] for r in t["rules"])
    wl("add", "--proof", "name", "example.net")
    t = wl.json("test", *ask)
    assert (t["verdict"], t["rule"], t["reason"]) == ("exempt", "whitelist", "example.net")
    forged = [a if a != "mx.example.net" else "mx.evil.example" for a in ask]
    assert wl.json("test", *forged)["verdict"] == "new"
    near = [a if a != "a@example.net" else "a@notexample.net" for a in ask]
    assert wl.json("test", *near)["verdict"] == "new"
    assert wl.json("stats")["envelopes"]["total"] == 0
    assert wl.json("list")[0]["hits"] == 0
    text = wl.text("test", *ask)
    rules = [line.split()[0] for line in text.splitlines() if line.startswith("   ")]
    assert rules.index("authenticated") < rules.index("trusted_networks")
    assert "=> whitelist" in text


def test_two_at_once(wl):
    wl("stats")
    failed = []

    def add(letter):
        for i in range(250):
            done = wl("add", f"{letter}{i}.example", ok=False)
            if done.returncode != 0:
                failed.append(done.stderr)
    threads = [threading.Thread(target=add, args=(c,)) for c in "ab"]
    for t in threads:
        t.start()
    # A third one writes in bulk meanwhile.
    for i in range(10):
        wl("import", stdin="".join(f"c{i}-{j}.example\n" for j in range(500)).encode())
    for t in threads:
        t.join()
    assert not failed, failed[0]
    assert len(wl.json("list")) == 500 + 5000


@pytest.mark.usefixtures("place")
def test_owner_of_the_store(wl):
    assert os.geteuid() == 0, "the system tests run as root"
    nobody = pwd.getpwnam("nobody")
    wl("add", "example.com")
    assert os.stat(wl.db).st_uid == nobody.pw_uid
    assert os.stat(wl.db).st_mode & 0o007 == 0
    # As long as another has the store open, the files beside it stay.
    holder = sqlite3.connect(wl.db)
    holder.execute("SELECT count(*) FROM sqlite_master").fetchall()
    wl("add", "example.net")
    for name in os.listdir(os.path.dirname(wl.db)):
        st = os.stat(os.path.join(os.path.dirname(wl.db), name))
        assert st.st_uid == nobody.pw_uid, name
    holder.close()


def test_store_in_a_folder_of_its_own_user(wl):
    nobody = pwd.getpwnam("nobody")
    folder = os.path.dirname(wl.db)
    os.chmod(folder, 0o700)
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    wl("add", "example.com")
    assert wl.json("list")[0]["entry"] == "example.com"
    assert os.stat(wl.db).st_uid == nobody.pw_uid


def test_missing_folder_is_made(place):
    wl = Greywl(place)
    wl("-o", f"store=sqlite:{place.path}/new/deep/grey.db", "add", "example.com")
    st = os.stat(place / "new/deep")
    assert st.st_uid == pwd.getpwnam("nobody").pw_uid


def test_check_and_stats(wl):
    wl("add", "example.com")
    answer = wl.json("check")
    assert answer["ok"] is True and answer["faults"] == 0
    wl("add", "--proof", "none", "forged.example")
    answer = wl.json("check")
    assert answer["ok"] is True
    assert any("forged.example" in c["text"] for c in answer["checks"]
               if c["level"] == "warning")
    stats = wl.json("stats")
    assert stats["envelopes"] == {"total": 0, "waiting": 0, "passed": 0}
    assert stats["whitelist"]["entries"] == 2
    assert stats["store"]["bytes"] > 0
    # A page in the middle is overwritten: found by check alone.
    wl("import", stdin="".join(f"d{i}.example\n" for i in range(2000)).encode())
    raw = bytearray(pathlib.Path(wl.db).read_bytes())
    raw[len(raw) // 2:len(raw) // 2 + 512] = b"\x55" * 512
    pathlib.Path(wl.db).write_bytes(raw)
    damaged = wl("check", "--json", ok=False)
    assert damaged.returncode == 1 and "damaged" in damaged.stdout.decode() or \
        "malformed" in damaged.stdout.decode()
    pathlib.Path(wl.db).write_bytes(b"this is no database at all" * 1000)
    broken = wl("check", "--json", ok=False)
    assert broken.returncode == 1 and json.loads(broken.stdout)["ok"] is False
    assert wl("add", "a.example", ok=False).returncode == 1


def test_authors(wl):
    wl("add", "a.example", env={"SUDO_USER": "jo"})
    wl("add", "b.example", "--author", "kim", env={"SUDO_USER": "jo"})
    wl("add", "c.example", env={"SUDO_USER": "x\ny"})
    authors = {e["entry"]: e["author"] for e in wl.json("list")}
    assert authors == {"a.example": "jo", "b.example": "kim", "c.example": ""}


def test_proof_of_an_address(wl):
    ask = ["--client", "198.51.100.7", "--helo", "h", "--from", "boss@bank.example",
           "--to", "b@example.org"]
    wl("add", "boss@bank.example", "--proof", "name")
    assert wl.json("test", *ask)["verdict"] == "new"
    t = wl.json("test", *ask, "--name", "mx1.bank.example")
    assert (t["verdict"], t["rule"]) == ("exempt", "whitelist")
    assert wl.json("test", *ask, "--name", "bank.example.evil.example")["verdict"] == "new"


def imported(wl, form, text, *args, name=None):
    """What came of it: (taken, lines skipped); the two make up the whole file."""
    path = wl.conf + "." + (name or "list")
    pathlib.Path(path).write_text(text, encoding="utf-8")
    answer = wl.json("import", "--from", form, path, *args)
    assert all(s["reason"] for s in answer["skipped"])
    return answer["taken"], [s["line"] for s in answer["skipped"]]


def test_import_postgrey(wl):
    text = ("# comment\n\ndebian.org   # and below\n/^mail\\d+\\.example\\.org$/\n"
            "195.235.39\n192.0.2.0/24\n10.1.2.3/8\n66.216.126.174\n2001:db8::/32\n"
            "postmaster@\nuser@here.example\nde\n")
    assert imported(wl, "postgrey", text) == (8, [4, 12])
    assert wl.entries() == {
        ("name", "debian.org"), ("network", "195.235.39.0/24"),
        ("network", "192.0.2.0/24"), ("network", "10.0.0.0/8"),
        ("network", "66.216.126.174"), ("network", "2001:db8::/32"),
        ("recipient", "postmaster@*"), ("recipient", "user@here.example")}
    assert imported(wl, "postgrey", "here.example\nabuse@\n",
                    name="whitelist_recipients") == (2, [])
    assert ("recipient", "here.example") in wl.entries()
    ask = ["--helo", "h", "--from", "a@x.example", "--to", "b@y.example"]
    assert wl.json("test", "--client", "195.235.39.77", *ask)["rule"] == "whitelist"
    assert wl.json("test", "--client", "195.235.40.1", *ask)["verdict"] == "new"
    named = ["--client", "198.51.100.1", *ask, "--name"]
    assert wl.json("test", *named, "muffat.debian.org")["rule"] == "whitelist"
    assert wl.json("test", *named, "notdebian.org")["verdict"] == "new"
    before = wl.text("export")
    broken = wl.conf + ".broken"
    pathlib.Path(broken).write_text("good.example\ntwo words\n", encoding="utf-8")
    assert wl("import", "--from", "postgrey", broken, ok=False).returncode == 2
    assert wl.text("export") == before


def test_import_sqlgrey(wl):
    assert imported(wl, "sqlgrey", "# x\n1.2.3\n1.2.3.4\n*.y.example # c\n/x/\n"
                    "z.example\n") == (4, [5])
    assert wl.entries() == {("network", "1.2.3.0/24"), ("network", "1.2.3.4"),
                            ("name", "y.example"), ("name", "z.example")}


SQL = """-- a dump
DROP TABLE IF EXISTS `greylisting_whitelist_domains`;
CREATE TABLE `greylisting_whitelist_domains` (
  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `domain` varchar(255) NOT NULL DEFAULT '',
  PRIMARY KEY (`id`)
) ENGINE=InnoDB;
INSERT INTO `greylisting_whitelist_domains` VALUES (1,'amazon.example'),(2,'aol.example');
INSERT INTO greylisting_whitelist_domains (domain) VALUES ('x.example');
INSERT INTO `other` VALUES (1,'no.example');
INSERT INTO "greylisting_whitelists" (account, sender, comment)
 VALUES
 ('@.', '216.239.32.0/19', 'it''s \\'quoted\\', (really)'),
 ('u@x.example', '1.2.3.4', ''),
 ('@.','@.ebay.example','');
COPY public.greylisting_whitelist_domains (id, domain) FROM stdin;
1	copied.example
\\.
"""


def test_import_iredapd(wl):
    assert imported(wl, "iredapd", SQL) == (6, [14])
    assert wl.entries() == {
        ("domain", "amazon.example"), ("domain", "aol.example"), ("domain", "x.example"),
        ("network", "216.239.32.0/19"), ("domain", "ebay.example"),
        ("domain", "copied.example")}
    assert all(e["proof"] == "spf" for e in wl.json("list") if e["kind"] == "domain")
    assert imported(wl, "iredapd", 'id,domain\n1,"csv.example"\n2,csv2.example\n') == (2, [])
    assert imported(wl, "iredapd", "one.example\ntwo.example\n") == (2, [])
    assert {("domain", "csv.example"), ("domain", "two.example")} <= wl.entries()
    assert imported(wl, "iredapd", "INSERT INTO greylisting_whitelist_domains VALUES "
                    "(1,'a..b'),(2,'ok.example');\n", "--skip-broken") == (1, [1])


GREYLIST_CONF = """# comment
pidfile "/var/run/x.pid"
list "my network" addr { 127.0.0.1/8 10.0.0.0/8 \\
      192.0.2.0/24 }
list "grey users" rcpt {  \\
    # one of them
    user1@here.example \\
    user2@here.example }
acl whitelist list "my network"
racl "id1" whitelist domain example.com autowhite 3d
racl whitelist from friend@toto.example
acl whitelist from @toto2.example
acl whitelist rcpt postmaster@here.example
acl whitelist rcpt /foo/
acl whitelist addr 1.2.3.4 rcpt a@b.example
racl greylist list "grey users" delay 30m
racl whitelist default
addr 192.168.0.0/16
"""


def test_import_milter_greylist(wl):
    assert imported(wl, "milter-greylist", GREYLIST_CONF) == (8, [7, 8, 14, 15, 16, 17])
    assert wl.entries() == {
        ("network", "127.0.0.0/8"), ("network", "10.0.0.0/8"), ("network", "192.0.2.0/24"),
        ("network", "192.168.0.0/16"), ("name", "example.com"),
        ("sender", "friend@toto.example"), ("domain", "toto2.example"),
        ("recipient", "postmaster@here.example")}
