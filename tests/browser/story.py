"""A made-up past for the page: systems in every state, incidents, posts."""

import datetime
import math
import os
import sqlite3
import time
import types

from mg.daemons import Bare, Statusd
from mg.wait import until

SYSTEMS = {
    "NC036": {"role": "Mail server", "city": "Amsterdam", "country": "NL"},
    "NC037": {"role": "Outbound relay", "city": "Frankfurt", "country": "DE"},
    "NC038": {"role": "Web server", "city": "London", "country": "GB"},
    "NC039": {"role": "Primary name server", "city": "Zürich", "country": "CH"},
    "NC040": {"role": "Secondary name server", "city": "Singapore", "country": "SG"},
    "NC041": {"role": "Telephone", "city": "Stockholm", "country": "SE"},
    "NC042": {"role": "Status website", "city": "Seattle", "country": "US"},
    "NC043": {"role": "Monitoring", "city": "Nairobi", "country": "KE",
              "visibility": Bare("internal")},
}


def rfc3339(seconds_from_now=0):
    at = datetime.datetime.now(datetime.timezone.utc)
    at += datetime.timedelta(seconds=seconds_from_now)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def report(system, seq, *findings):
    return {"schema": 1, "system": system, "agent": "queuewatch 0.1.0", "seq": seq,
            "at": rfc3339(), "interval_s": 10, "findings": list(findings),
            "samples": [], "remedies": [], "results": []}


def finding(check, subject, level, value=1, unit="messages"):
    return {"check": check, "subject": subject, "level": level, "since": rfc3339(),
            "value": value, "unit": unit, "summary": "Of no concern to the public."}


def newest(statusd):
    """The id of the incident or post that was opened last."""
    return str(max(t["id"] for t in statusd.incidents()))


def _by_hand(statusd):
    ctl = statusd.ctl
    for n in range(35):
        ctl("post", "--system", "NC040", "--title", f"Small news {n}", "--category",
            "Mail", "--tag", "disk full", input="Nothing to worry about.")
    ctl("post", "--system", "NC039", "--title", "New name servers", "--category",
        "Name servers", "--tag", "speed", input=(
        "Two name servers answer **twice as fast** now.\n\n"
        "## What you may notice\n\n1. nothing\n2. <b>really</b> nothing\n\n"
        "> As it should be.\n\n```\ndig example.net\n" + "a" * 200 + "\n```\n\n"
        "More in [our notes](https://example.net/notes), "
        "not [here](javascript:alert(1)).\n"))
    ctl("open", "--system", "NC038", "--title", "Web sites cannot be reached",
        input="The web server does not answer. We are looking for the reason.")
    incident = newest(statusd)
    ctl("update", incident, input="A failed memory module was the reason.")
    ctl("resolve", incident, input="All sites answer again: back to normal.")
    ctl("note", incident, input="The module was replaced during the night.")
    ctl("maintenance", "add", "--system", "NC041", "--from", rfc3339(3600),
        "--until", rfc3339(7200), "--title", "New telephone software",
        input="Calls may drop once, for less than a minute.")
    ctl("open", "--system", "NC037", "--title", "Mail to one bank bounces",
        input="Its servers refuse our relay. We are in touch with them.")
    incident = newest(statusd)
    for text in ("They have answered.", "A test went through.",
                 "Half of the messages go through now.", "Most of them do.",
                 "All but a few do."):
        ctl("update", incident, input=text)


def _measured(path):
    """Two months of samples and states, written straight into the database."""
    now = int(time.time())
    db = sqlite3.connect(path)
    series = {"queue.active": ("messages", lambda s: 30 + 25 * math.sin(s / 40)),
              "queue.deferred": ("messages", lambda s: 900 if s % 2000 > 1900 else 4),
              "disk.used:/": ("ratio", lambda s: 0.9 - (now // 300 - s) / 40000),
              "delay": ("seconds", lambda s: 2 + s % 97 / 30),
              "canary.delay:inbound": ("seconds", lambda s: 4 + s % 31 / 9),
              "spam": ("messages/h", lambda s: 200 + 150 * math.cos(s / 46)),
              "latency:smtp": ("seconds", lambda s: 0.04 + s % 13 / 900)}
    with db:
        for number, (name, (unit, f)) in enumerate(series.items(), 1000):
            db.execute("INSERT INTO series (id, system, name, unit) VALUES (?,?,?,?)",
                       (number, "NC036", name, unit))
            last = now // 300
            for slot in range(last - 60 * 288, last):
                if slot % 5000 < 200:
                    continue
                v = max(f(slot), 0)
                db.execute("INSERT INTO sample VALUES (?,?,1,?,?,?,?)",
                           (number, slot, v, v * 0.9, v * 1.1, v))
        for code in ("NC036", "NC037"):
            at = now - 80 * 86400
            while at < now - 5 * 86400:
                step = 3 * 86400 if at % 7 else 4 * 86400
                down = 1 + (at // 86400) % 5
                db.execute("INSERT INTO period (system, from_at, until_at, state, felt)"
                           " VALUES (?,?,?,1,1)", (code, at, at + step - 2580))
                db.execute("INSERT INTO period (system, from_at, until_at, state, felt)"
                           " VALUES (?,?,?,?,?)", (code, at + step - 2580, at + step,
                                                   down % 5, down % 5))
                at += step
    with db:
        db.execute("INSERT INTO sample_day SELECT series, slot / 288, min(low), "
                   "sum(sum) / sum(n), max(high) FROM sample GROUP BY 1, 2")
    db.close()


def tell(place):
    """Start a statusd, give it the past, and wait until its page shows it."""
    statusd = Statusd(place, systems=SYSTEMS, public_metrics=[
        "delay", "availability", "queue", "disk", "spam"])
    statusd.options[("system", "NC042")] = {
        **SYSTEMS["NC042"], ("probe", "web"): {"url": statusd.url + "/healthz"}}
    statusd.configure()
    statusd.start()
    until(lambda: os.path.exists(statusd.site + "/index.html"), 5, "it is there")
    statusd.stop()
    _measured(os.path.join(os.path.dirname(statusd.site), "status.db"))
    statusd.start()
    tokens = {s: statusd.token(s) for s in ("NC036", "NC037", "NC038", "NC039", "NC042")}
    seq = 1000
    for system, token in tokens.items():
        assert statusd.report(token, report(
            system, seq, finding("queue", "", "ok", 0)))[0] == 200
    _by_hand(statusd)
    assert statusd.report(tokens["NC036"], report(
        "NC036", seq + 1, finding("queue", "", "critical", 6200), {
            **finding("disk", "/", "ok", 0.9, "ratio"), "forecast": {
                "likely_at": rfc3339(9 * 86400), "earliest_at": rfc3339(5 * 86400)}}
        ))[0] == 200
    assert statusd.report(tokens["NC042"], report(
        "NC042", seq + 1, finding("disk", "/", "warning", 0.9, "ratio")))[0] == 200
    until(lambda: "All but a few do." in statusd.get() and "NC036: " in statusd.get(),
          10, "the page shows what happened")
    threads = statusd.incidents()
    posts = {t["title"]: t for t in threads}
    month = datetime.datetime.now(datetime.timezone.utc).strftime("/%Y/%m/")
    pages = {"front": "/", "list": "/posts/", "category": "/category/mail/",
             "tag": "/tag/disk-full/", "reports": "/reports/",
             "glance": "/glance/",
             "quiet-system": "/system/NC041/", "month": month, "system": "/system/NC036/",
             "maintenance": "/maintenance/", "search": "/search/",
             "found": "/search/?q=memory+module", "nothing-found": "/search/?q=zebra",
             "not-found": "/no/such/page"}
    return types.SimpleNamespace(statusd=statusd, pages=pages, posts=posts)
