"""greywl rehearse: a server's own log through greymilter's judgement."""

import gzip
import os
import resource
import time

import pytest

from mg.greywl import Greywl
from mg.rehearsal import MailLog, small_server_year

HOUR, DAY = 3600, 86400
NOW = int(time.time())
START = NOW - 20 * DAY
MX = dict(client="198.51.100.7", name="mx1.big.example")


@pytest.fixture
def wl(place):
    return Greywl(place)


def story(form="rfc3339"):
    """One who writes daily, one who is put off and comes back, spam that does
    not, mail of own users, mail that is refused."""
    log = MailLog(form)
    for day in range(10):
        log.taken(START + day * DAY, "news@big.example", recipient=f"u{day}@home.example",
                  **MX)
    at = START + 3 * DAY
    for wait in (0, 60, 400):
        log.put_off(at + wait, "jo@slow.example", "203.0.113.5", "u1@home.example",
                    name="mail.slow.example")
    log.taken(at + 1800, "jo@slow.example", "203.0.113.5", "u1@home.example",
              name="mail.slow.example")
    log.put_off(at, "x@spam.example", "192.0.2.66", "u1@home.example")
    log.put_off(at + 9, "x@spam.example", "192.0.2.66", "u1@home.example")
    log.put_off(at, "bill@lost.example", "203.0.113.80", "u2@home.example",
                name="mail.lost.example")
    log.put_off(at, "y@blocked.example", "192.0.2.67", "u1@home.example",
                text="554 5.7.1 Service unavailable; Client host blocked")
    log.taken(at, "u1@home.example", "203.0.113.200", "a@else.example",
              extra=", sasl_method=PLAIN, sasl_username=u1")
    log.taken(at, "u1@home.example", "203.0.113.200", "a@else.example",
              service="submission/smtpd")
    log.taken(at, "cron@home.example", "127.0.0.1", "u1@home.example", name="localhost")
    log.put_off(START + 12 * DAY, "late@end.example", "192.0.2.99", "u1@home.example")
    return log


def write(place, name, text, mtime=NOW):
    path = place.write(name, text)
    os.utime(path, (mtime, mtime))
    return path


def check(out):
    every, unproven = out["settings"]["all"], out["settings"]["unproven"]
    # The daily one waits five times, until he is known; jo waits really.
    assert every["messages"] == 11
    assert every["delayed"] == 6 and every["delayed_assumed"] == 5
    assert every["rules"]["known"] == 5
    waited = {d["domain"]: d for d in every["waited"]}
    assert waited["slow.example"]["longest_wait_s"] in (400, 1800)
    assert waited["big.example"]["count"] == 5
    assert every["stopped"]["messages"] == 2 and every["stopped"]["attempts"] == 3
    lost = {d["domain"]: d for d in every["never_back"]}
    assert set(lost) == {"spam.example", "lost.example"}
    assert lost["lost.example"]["proven"] == 1 and not lost["spam.example"]["named"]
    assert every["undecided"] == 1
    # Who is proven does not wait there.
    assert unproven["delayed"] == 0 and unproven["messages"] == 12
    assert {d["domain"] for d in unproven["never_back"]} == {"spam.example"}
    assert out["own"] == 2 and out["refused"] == 1 and every["own"] == 1
    assert "SPF" in out["spf"]["note"]


@pytest.mark.parametrize("form", ["rfc3339", "syslog", "year", "year first"])
def test_story(wl, place, form):
    log = write(place, "mail.log", story(form).text(), mtime=START + 12 * DAY + 60)
    check(wl.json("rehearse", log))
    text = wl.text("rehearse", log)
    assert "defer = unproven" in text and "does not tell SPF" in text
    assert "lost.example" in text and "PROVEN" in text


def test_rotated_and_compressed(wl, place):
    log = story()
    rows = sorted(log.lines, key=lambda p: p[0])
    parts = [rows[:40], rows[40:70], rows[70:]]
    files = []
    for part, name in zip(parts, ("mail.log.2.gz", "mail.log.1", "mail.log")):
        text = "".join(line + "\n" for _, line in part)
        path = write(place, name, "")
        data = gzip.compress(text.encode()) if name.endswith("gz") else text.encode()
        with open(path, "wb") as f:
            f.write(data)
        os.utime(path, (part[-1][0] + 5,) * 2)
        files.append(path)
    check(wl.json("rehearse", *reversed(files)))


def test_standard_input(wl):
    out = wl("rehearse", "--json", "-", stdin=story().text().encode())
    assert b'"messages": 11' in out.stdout


def test_hostile_lines_do_no_harm(wl, place):
    log = story()
    text = log.text().encode()
    at = text.index(b"\n", len(text) // 2) + 1
    hostile = [b"\xff" * 3000, b"\0" * 100, b"x" * 200_000,
               b"2026-03-19T16:21:30Z mx postfix/smtpd[1]: \x1b[2J",
               b"2026-03-19T16:21:30Z mx postfix/qmgr[1]: AAAAAA: from=<\"",
               b"2026-03-19T16:21:30Z mx postfix/smtpd[1]: NOQUEUE: reject: RCPT "
               b"from \xff[1.2.3.4]: 450 Greylisted; from=<\x1b]0;x\x07@a\xfe> to=<\xff>"]
    path = write(place, "mail.log", "")
    with open(path, "wb") as f:
        f.write(text[:at] + b"\n".join(hostile) + b"\r\n" + text[at:])
    out = wl.json("rehearse", path)
    assert out["settings"]["all"]["messages"] == 11
    assert out["strange_lines"] == 3
    assert b"\x1b" not in wl("rehearse", path).stdout


def test_bad_input_changes_nothing(wl, place):
    wl("add", "good.example")
    text = story().text()
    cut = write(place, "cut.gz", "")
    with open(cut, "wb") as f:
        f.write(gzip.compress(text.encode())[:-500])
    good = write(place, "mail.log", text)
    for args in ([], ["--seed"], [cut], [good, cut, "--seed"], ["--seed", good + ".no"],
                 ["--seed", str(place.path)],
                 ["--seed", write(place, "no.log", "nothing\nof\nthe kind\n")],
                 ["--seed", write(place, "empty.log", "")]):
        done = wl("rehearse", *args, ok=False)
        assert done.returncode == 2 and done.stderr, args
    stats = wl.json("stats")
    assert stats["envelopes"]["total"] == 0 and stats["identities"] == 0


def judged(wl, sender, recipient, client, name):
    return wl.json("test", "--client", client, "--name", name, "--helo", name,
                   "--from", sender, "--to", recipient)["verdict"]


def test_seed_makes_known_who_has_proven_himself(wl, place):
    log = write(place, "mail.log", story().text())
    wl("add", "x.example")
    wl("rehearse", log)
    assert wl.json("stats")["identities"] == 0
    done = wl.json("rehearse", "--seed", log)
    assert done["seeded"]["known"] >= 1 and done["seeded"]["envelopes"] == 11
    # He wrote on ten days: known, whoever he writes to.
    assert judged(wl, "any@big.example", "new@home.example", "198.51.100.9",
                  "mx2.big.example") == "known"
    # Once: only what was taken passes at once.
    assert judged(wl, "jo@slow.example", "u1@home.example", "203.0.113.5",
                  "mail.slow.example") == "pass"
    assert judged(wl, "jo@slow.example", "u9@home.example", "203.0.113.5",
                  "mail.slow.example") == "new"
    for sender in ("x@spam.example", "bill@lost.example"):
        assert judged(wl, sender, "u1@home.example", "192.0.2.66", "") == "new"
    # Twice does not count twice.
    again = wl.json("rehearse", "--seed", log)["seeded"]
    assert again == done["seeded"]


def test_policy_server_tells_spf(wl, place):
    log = MailLog()
    log.lines.append((START, "2026-03-19T16:21:30Z mx policyd-spf[1]: prepend "
                      "Received-SPF: Pass (mailfrom) identity=mailfrom; "
                      "client-ip=192.0.2.66; helo=h; envelope-from=a@hosted.example; "
                      "receiver=<UNKNOWN>"))
    log.taken(START, "a@hosted.example", "192.0.2.66", "u@home.example")
    log.taken(START, "a@other.example", "192.0.2.66", "u@home.example")
    out = wl.json("rehearse", write(place, "mail.log", log.text()))
    assert out["spf"]["in_log"] == 1
    assert out["settings"]["all"]["delayed"] == 2
    assert out["settings"]["unproven"]["delayed"] == 1


def test_speed(wl, place):
    """A month here; a year of a small server is under a minute."""
    log = write(place, "mail.log", small_server_year(days=30).text())
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = wl.json("rehearse", log)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # The processor's time: other tests run beside this one.
    took = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    assert out["lines"] > 90_000
    assert took < 60 / 12, took
