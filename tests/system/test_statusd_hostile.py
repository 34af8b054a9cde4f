"""A hostile visitor, reporter and export of an old blog."""

import csv
import io
import json
import os
import re
import socket
import time

import icalendar
import pytest

from mg.daemons import Statusd, send_raw
from mg.wait import until
from test_statusd import Reporter, SYSTEMS, finding
from test_statusd_kill import is_whole, pages


@pytest.fixture
def statusd(place):
    return Statusd(place, systems=SYSTEMS).start()


def answers(port, data, seconds=15):
    """The statuses of all answers to these bytes."""
    return [int(x) for x in re.findall(rb"^HTTP/1\.1 (\d\d\d) ", send_raw(port, data, seconds),
                                        re.M)]


SECOND = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
SMUGGLED = [
    # Two lengths; a length and chunks; a length that is none.
    b"Content-Length: 12\r\nContent-Length: 0\r\n",
    b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: chunked\r\nContent-Length: 50\r\n",
    b"Content-Length: +12\r\n", b"Content-Length: 0x0c\r\n", b"Content-Length: 1 2\r\n",
    b"Transfer-Encoding: xchunked\r\n", b"Transfer-Encoding: chunked, identity\r\n",
    b"Transfer-Encoding : chunked\r\n", b"Transfer-Encoding:\x0bchunked\r\n",
]


@pytest.mark.parametrize("headers", SMUGGLED)
def test_no_request_within_another(statusd, headers):
    """What stands behind a request of doubtful length is not taken for another one
    unless the connection was closed: a proxy in front may see it otherwise."""
    data = (b"POST /api/v1/report HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n" +
            b"0\r\n\r\n" + SECOND)
    seen = answers(statusd.port, data)
    assert len(seen) <= 1 or seen[0] == 400, seen
    assert 200 not in seen[:1]
    assert statusd.fetch("/healthz")[0] == 200


@pytest.mark.parametrize("request_", [
    b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: " + b"a" * 60000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: a\r\n" % i for i in range(5000)) +
    b"\r\n",
    b"GET /?" + b"&".join(b"q%d=%d" % (i, i) for i in range(9000)) + b" HTTP/1.1\r\n\r\n",
    b"GET /search/?" + b"q&" * 4000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + b"a=b; " * 9000 + b"\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 600 + b"\r\n\r\n",
    b"\r\n" * 20000, b"A" * 70000,
], ids=["header", "headers", "arguments", "words", "cookie", "tls", "lines", "letters"])
def test_what_is_too_much_is_refused(statusd, request_):
    began = time.monotonic()
    try:
        seen = answers(statusd.port, request_, 2)
    except (ConnectionError, TimeoutError):
        seen = []
    assert all(400 <= s < 500 for s in seen) and len(seen) <= 1
    assert time.monotonic() - began < 12
    assert statusd.fetch("/")[0] == 200


def test_no_header_from_an_address(statusd):
    for path in (b"/system%0d%0aX-Evil:%20y/NC036", b"/system/NC036%0d%0aX-Evil:%20y",
                 b"//evil.example/%2e%2e", b"/\\evil.example", b"/%0d%0aX-Evil:y/",
                 b"/2026/11/01/x%0aX-Evil:y"):
        answer = send_raw(statusd.port, b"GET " + path + b" HTTP/1.0\r\n\r\n")
        head = answer.partition(b"\r\n\r\n")[0]
        assert b"\nX-Evil" not in head, path
        location = re.search(rb"^Location: (.*)\r$", head, re.M)
        assert not location or re.match(rb"/[^/\\]", location[1] + b"x"), location[1]


def test_a_slow_body_ends(statusd):
    """A report that comes byte by byte holds nobody up and is cut off."""
    token = statusd.token()
    socks = []
    for _ in range(150):
        s = socket.create_connection(("127.0.0.1", statusd.port), 5)
        s.sendall(b"POST /api/v1/report HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
                  token.encode() + b"\r\nContent-Length: 200000\r\n\r\n{")
        socks.append(s)
    reporter = Reporter(statusd)
    for _ in range(10):
        began = time.monotonic()
        reporter.send(finding(level="ok"))
        assert statusd.fetch("/")[0] == 200
        assert time.monotonic() - began < 2
    for s in socks:
        s.close()


EVIL = "\x1b[2J\u202egnp.exe\u2066 <img src=x onerror=alert(1)> =1+1 \\n\r\nX: y"


def test_a_hostile_reporter(statusd):
    """His words reach the operator without power over the terminal, and nobody else."""
    reporter = Reporter(statusd)
    for n, bad in enumerate((
            finding(subject="a" * 2000), finding(check="x" * 500), finding(value=1e400),
            finding(level="CRITICAL"), finding(subject=EVIL), finding(summary=EVIL),
            finding(check="queue", subject="=cmd|' /C calc'!A0"),
            finding(evidence=json.loads("[" * 900 + "]" * 900)))):
        body = json.dumps(reporter.report(bad)).replace("Infinity", "1e400")
        status, _, _ = statusd.fetch("/api/v1/report", "POST", body.encode(),
                                     {"Authorization": "Bearer " + reporter.token})
        assert status in (200, 400), n
    many = reporter.report(*[{"check": "disk", "subject": f"/{i}", "level": "critical"}
                             for i in range(3000)])
    assert statusd.report(reporter.token, many)[0] in (200, 400)
    assert statusd.report(reporter.token, reporter.report(
        finding("disk", subject="/", summary=EVIL)))[0] in (200, 400)
    until(lambda: "NC036" in statusd.get(), 5)
    for i in statusd.incidents():
        text = statusd.ctl("show", str(i["id"])).stdout
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)
    for name, content in pages(statusd.site).items():
        assert b"onerror" not in content and b"gnp.exe" not in content, name
        assert b"calc" not in content, name
    for line in csv.reader(io.StringIO(statusd.ctl("report", "--csv").stdout)):
        assert all(not cell or cell[0] not in "=+@\t\r" for cell in line)


ITEM = """<item><title>{title}</title><link>https://old.example/{slug}/</link>
<guid>{n}</guid><content:encoded><![CDATA[{text}]]></content:encoded>
<wp:post_id>{n}</wp:post_id><wp:post_name>{slug}</wp:post_name>
<wp:post_date_gmt>2025-06-13 10:00:0{n}</wp:post_date_gmt>
<wp:status>publish</wp:status><wp:post_type>post</wp:post_type>
<category domain="category" nicename="{slug}">{title}</category>
<category domain="post_tag" nicename="{slug}">{title}</category></item>"""
TITLES = ["=HYPERLINK(1)", "a&#13;&#10;X-Evil: y&#13;&#10;BEGIN:VEVENT", "\u202etxt.exe \u2066",
          "&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;", "]]&gt; &amp;quot; ' \" `",
          "&lt;!--#include file=x--&gt;"]
SLUGS = ["../../../../etc/passwd", "a%0d%0aX-Evil:y", "..", ".htaccess", "a/../../b",
         "CON\u0301" * 90]
TEXTS = ["<script>alert(1)</script><p onclick=x>one</p>", "<a href='javascript:alert(1)'>x</a>",
         "<a href='data:text/html,<b>'>x</a><img src=x onerror=y>", "<svg onload=alert(1)>",
         "<style>@import 'x'</style><iframe src=x></iframe>", "[x](javascript:alert(1)) ![y](x)"]


def test_a_hostile_blog(statusd, place):
    items = "".join(ITEM.format(n=n, title=t, slug=s, text=x) for n, (t, s, x) in
                    enumerate(zip(TITLES, SLUGS, TEXTS), 1))
    blog = ('<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
            'xmlns:wp="http://wordpress.org/export/1.2/"><channel>'
            f'{items}</channel></rss>')
    entity = '<!DOCTYPE rss [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    refused = statusd.ctl("import", place.write("evil.xml", entity + blog), check=False)
    assert refused.returncode == 2 and statusd.incidents() == []
    done = json.loads(statusd.ctl("import", "--json", place.write("blog.xml", blog)).stdout)
    assert done["taken"] + len(done["skipped"]) == len(TITLES) and done["taken"] >= 4
    until(lambda: len(re.findall("2025/06/13/", statusd.get("/posts/"))) >= 4, 5)
    statusd.ctl("maintenance", "add", "--system", "NC036", "--from", "2031-01-02T03:04:05Z",
                "--until", "2031-01-02T05:00:00Z", "--title", "A; B, \\n C=@",
                input="x\r\nEND:VEVENT\r\nBEGIN:VALARM\r\n")
    until(lambda: b"A\\;" in pages(statusd.site).get("maintenance.ics", b""), 10)
    for name in pages(statusd.site):
        if name.endswith("index.html"):
            status, headers, _ = statusd.fetch("/" + name[:-10])
            assert status == 200 and "X-Evil" not in headers, name
    statusd.stop()
    files = is_whole(statusd.site)
    for name, content in files.items():
        assert ".." not in name and "\r" not in name and "/." not in name.replace(
            "/.well-known", ""), name
        if not name.endswith((".html", ".xml", ".rss", ".atom", ".json")):
            continue
        text = re.sub(r'<script src="/here-\w+\.js" defer=""></script>', "", content.decode())
        assert name.endswith(".json") or not re.search("[\u202a-\u202e\u2066-\u2069]", text)
        if name.endswith(".html"):
            assert not re.search(r"<(script|iframe|img|style)\b|\son\w+=\S|href=\"(javascript|"
                                 r"data):", text), name
        assert "root:" not in text
    calendar = files["maintenance.ics"]
    assert [str(e.name) for e in icalendar.Calendar.from_ical(calendar).walk()] == [
        "VCALENDAR", "VEVENT"]
    assert not os.path.exists(place / "etc")


def test_links_in_the_site_folder_lead_nowhere(place):
    """Whoever may put links there cannot make statusd write or serve elsewhere."""
    statusd = Statusd(place).start()
    statusd.ctl("post", "--system", "NC036", "--title", "Hello", input="x")
    until(lambda: b"Hello" in pages(statusd.site).get("index.html", b""), 5)
    page = next(n for n in pages(statusd.site) if n.endswith("hello/index.html"))
    statusd.stop()
    target = place.folder("elsewhere", 0o777)
    secret = place.write("secret", "secret words", 0o644)
    year = os.path.join(statusd.site, page.split("/")[0])
    os.rename(year, year + ".away")
    os.symlink(target, year)
    os.unlink(os.path.join(statusd.site, "index.html"))
    os.symlink(secret, os.path.join(statusd.site, "index.html"))
    statusd.start()
    until(lambda: b"Hello" in pages(statusd.site).get("index.html", b""), 10)
    assert not os.path.islink(os.path.join(statusd.site, "index.html"))
    with open(secret, encoding="utf-8") as f:
        assert f.read() == "secret words"
    until(lambda: page in pages(statusd.site), 10, "it is mended")
    assert not os.path.islink(year)
    assert os.listdir(target) == []
