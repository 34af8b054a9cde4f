"""Every string of the page stands in one catalogue: with another language no
English word is left."""

import html
import json
import pathlib
import re
import time

import pytest

from mg.daemons import Bare, Statusd
from mg.wait import until
from test_statusd import finding
from test_statusd_life import WXR

GERMAN = pathlib.Path(__file__).resolve().parents[1] / "data/de.words"
# The operator's own words, in letters that are not English ones.
SYSTEMS = {
    "NC036": {"role": "Почта", "city": "Αθήνα", "country": "NL",
              ("probe", "web"): {"url": "http://127.0.0.1:9/", "interval": Bare("1s")}},
    "NC037": {"role": "Δίκτυο", "city": "Πάτρα", "country": "DE"},
    "NC038": {"role": "Άλλο", "city": "", "country": "",
              "visibility": Bare("internal")},
}
# What stands in no language: names, codes, units of machines.
NAMES = re.compile(r"NC03\d|UTC|https?://\S*|127\.0\.0\.1\S*|web\b|smtp|inbound|CSV|"
                   r"RSS|Atom|JSON")


def other(text):
    """The text with every letter out of braces replaced; braces kept."""
    parts = re.split(r"(\{[^}]*\})", text)
    return "".join(p if p.startswith("{") else re.sub("[A-Za-z]", "ж", p) for p in parts)


def words_file(place, statusd):
    """A language file in which nothing is English, made from the catalogue."""
    lines = []
    for line in statusd.ctl("words").stdout.splitlines():
        found = re.fullmatch(r'(\w+) = "((?:[^"\\]|\\.)*)"', line)
        if not found:
            continue
        name, text = found.groups()
        if name == "language":
            text = "ru"
        elif name != "direction":
            text = other(text)
        lines.append(f'{name} = "{text}"\n')
    assert len(lines) > 400
    return place.write("other.words", "".join(lines), 0o644)


def report(seq, *findings, samples=(), ago=0):
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - ago))
    return {"schema": 1, "system": "NC036", "agent": "x", "seq": seq, "at": now,
            "interval_s": 10, "findings": list(findings), "samples": list(samples)}


def seen_text(page):
    """What a reader of the page sees or hears."""
    head, body = page.split("<body", 1) if "<body" in page else ("", "<b" + page)
    title = "".join(re.findall("<title>(.*?)</title>", head))
    spoken = " ".join(re.findall(
        r'(?:aria-label|alt|title|placeholder|data-label|data-here)="([^"]*)"', body))
    return html.unescape(" ".join(
        [title, spoken, re.sub(r"<[^>]*>", " ", "<b" + body)]))


def english(text):
    return re.findall(r"[A-Za-z]{2,}", NAMES.sub(" ", re.sub(r"\{\w+\}", "", text)))


CHECKS = [("queue", ""), ("stuck", ""), ("duplicates", ""), ("disk", "/var/vmail"),
          ("log", ""), ("log", "account"), ("log", "reply"), ("log", "destination"),
          ("log", "outside"), ("log", "filter"), ("lost", ""), ("service", "webmail"),
          ("service", "imap"), ("certificate", "imap"), ("canary", "inbound"),
          ("blocklist", "zen"), ("remedy", "grow"), ("self", ""), ("of-tomorrow", "")]


@pytest.fixture
def story(place):
    """A page on which everything is to be seen that can be."""
    s = Statusd(place, systems=SYSTEMS, title="Σελίδα", public_metrics=[
        "delay", "availability", "queue", "disk", "spam"])
    s.options[("link", "Βοήθεια")] = {"url": "https://example.net/"}
    s.configure()
    s.start()
    file = words_file(place, s)
    s.stop()
    s.configure(language_file=file)
    assert s.check()[0] == 0
    s.start()
    token = s.token()
    old = WXR.replace("We buy <b>space</b>.", "Χώρος").replace(
        "Disk is full", "Δίσκος").replace(">Mail<", ">Γράμματα<")
    s.ctl("import", place.write("old.xml", old))
    s.ctl("post", "--system", "NC037", "--title", "Νέα", "--tag", "Ένα", input="Καλά.")
    s.ctl("maintenance", "add", "--system", "NC037", "--from", "2031-01-02T03:04:05Z",
          "--until", "2031-01-02T05:00:00Z", "--title", "Δίσκοι", input="Νέοι.")
    s.ctl("maintenance", "add", "--system", "NC037", "--from", "2025-01-02T03:04:05Z",
          "--until", "2031-01-02T05:00:00Z", "--title", "Τώρα", input="Τώρα.")
    samples = [{"name": n, "unit": "x", "value": v} for n, v in (
        ("queue.active", 1840), ("delay", 1.5), ("disk.used:/", 0.5), ("spam", 12),
        ("canary.delay:inbound", 70))]
    seq = int(time.time())
    for ago in (40 * 3600, 7200, 3600):
        seq += 1
        s.report(token, report(seq, samples=samples, ago=ago))
    for level in ("critical", "warning", "critical", "ok"):
        for check, subject in CHECKS:
            seq += 1
            s.report(token, report(seq, finding(check, level, subject, 1840),
                                   samples=samples))
    s.report(token, report(seq + 1, finding("queue", "critical", "", 1840)))
    number = str(max(t["id"] for t in s.incidents() if "NC036" in t["system"]))
    s.ctl("note", number, input="Σημείωση.")
    s.ctl("open", "--system", "NC037", "--title", "Αργά", input="Αργά.")
    number = str(max(t["id"] for t in s.incidents()))
    s.ctl("update", "--next", "23:59", number, input="Ακόμη.")
    s.ctl("resolve", number)
    until(lambda: "Ακόμη." in s.get(), 5)
    s.restart()  # charts are read once in five minutes
    until(lambda: s.get("/system/NC036/").count("<figure>") >= 5, 10, "it has charts")
    return s


def test_no_english_is_left(story):
    site = pathlib.Path(story.site)
    pages = {str(p.relative_to(site)): p.read_text() for p in site.rglob("*.html")}
    assert len(pages) > 20
    for path in ("/no/such/page", "/search/?q=zebra", "/search/?q=%CE%9D%CE%AD%CE%B1"):
        pages[path] = story.fetch(path)[2].decode()
    for path, page in pages.items():
        left = english(seen_text(page).replace("zebra", ""))
        assert not left, (path, left[:20])
        assert '<html lang="ru">' in page
    for path in ("badge.svg", "system/NC036/badge.svg"):
        assert not english(re.sub("<[^>]*>", " ", (site / path).read_text())), path
    for path in ("feed/index.xml", "history.rss"):
        text = html.unescape(html.unescape((site / path).read_text()))
        words = re.findall("<(?:title|description)>(.*?)</", text, re.S)
        assert not english(re.sub("<[^>]*>", " ", " ".join(words))), path
    # What machines read stays as it is.
    assert json.loads((site / "api/v2/components.json").read_text())[
        "components"][0]["status"] in ("major_outage", "partial_outage")


def test_german(place):
    s = Statusd(place, systems=SYSTEMS, language_file=str(GERMAN)).start()
    assert s.report(s.token(), report(1000, finding(
        "queue", "critical", "", 1840)))[0] == 200
    until(lambda: "E-Mail ist verzögert" in s.get(), 5, "it is posted in German")
    page = s.get()
    assert '<html lang="de">' in page
    for words in ("Offene Störungen", "Systeme im Überblick", "Zuletzt geprüft",
                  'aria-label="Niederlande"', "Teilausfall"):
        assert words in page, words
    # Another language is another page: all of them are written anew.
    s.stop()
    s.configure(language_file="")
    s.start()
    until(lambda: "Systems at a Glance" in s.get() and "NC036" in s.get("/reports/")
          and "Uptime and downtime" in s.get("/reports/"), 5, "it is English")


@pytest.mark.parametrize("text,why", [
    ('glance = "x', "de:1"),
    ('nosuch = "x"', "de:1"),
    ('update = "Nachtrag"', '"{n}" is missing'),
    ('update = "{n} {m}"', '"{m}" is no placeholder'),
    ('skip = "a\\nb"', "control character"),
])
def test_a_wrong_language_is_refused(place, text, why):
    file = place.write("de", text + "\n", 0o644)
    status, said = Statusd(place, language_file=file).check()
    assert status != 0 and why in said, said


def test_right_to_left(place):
    file = place.write("ar", 'direction = "rtl"\nlanguage = "ar"\n', 0o644)
    s = Statusd(place, language_file=file).start()
    until(lambda: '<html lang="ar" dir="rtl">' in s.get(), 5)


SOURCES = pathlib.Path(__file__).resolve().parents[2] / "queuewatch"


def reported():
    """(check, subject) of every finding that queuewatch's source makes."""
    found = set()
    for file in SOURCES.glob("*.c"):
        text = file.read_text()
        for check, subject in re.findall(
                r'finding_get\(\s*[^,]+, "(\w+)",\s*("[^"]*"|[^)]*)\)', text):
            found.add((check, subject.strip('"') if subject[0] == '"' else ""))
        for subject in re.findall(r'log_finding\(\s*fs, v, "(\w*)"', text):
            found.add(("log", subject))
        found |= {(c, "") for c in re.findall(r'#define CHECK "(\w+)"', text)}
    return found


def test_each_check_has_words_of_its_own():
    """None of what can be reported reads "a problem is being looked into"."""
    known = reported()
    assert {("queue", ""), ("remedy", ""), ("log", "filter"), ("lost", ""),
            ("self", "")} <= known and len(known) > 15
    known |= {("probe", "ping"), ("service", "webmail"), ("certificate", "probe:web"),
              ("canary", "in"), ("silence", "")}
    rows = re.findall(r'^C\(\w+, "([^"]*)", "([^"]*)",',
                      (SOURCES.parent / "statusd/say_checks.def").read_text(), re.M)
    assert len(rows) > 25 and rows[-1] == ("", "")
    for check, subject in known:
        assert any(check in checks.split("|") and
                   (subjects == "" or subject in subjects.split("|"))
                   for checks, subjects in rows[:-1]), (check, subject)
