"""What statusd answers over HTTP, and the folder it keeps its site in."""

import gzip
import json
import os
import re
import signal
import socket
import threading
import time
import xml.etree.ElementTree as ET

import pytest

from mg.daemons import Statusd, send_raw
from mg.smallfs import SmallFs
from mg.wait import until


@pytest.fixture
def statusd(place):
    return Statusd(place).start()


def post(statusd, title, text="Nothing of note."):
    statusd.ctl("post", "--system", "NC036", "--title", title, input=text)
    until(lambda: title in statusd.get(), 5, f"{title} is on the page")


def path_of(statusd, title):
    return re.search(r'href="(/\d{4}/\d\d/\d\d/[^"]+)">[^<]*' + title, statusd.get())[1]


def test_pages_and_their_headers(statusd):
    post(statusd, "Hello")
    paths = ["/", "/search/", "/search/?q=note", "/maintenance/", "/system/NC036/",
             path_of(statusd, "Hello"), path_of(statusd, "Hello")[:9]]
    for path in paths:
        status, headers, body = statusd.fetch(path)
        assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8"), path
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "unsafe-" not in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert b"<script>" not in body
        head = statusd.fetch(path, "HEAD")
        assert head[0] == 200
        assert head[2] == b""
        if "?" not in path:
            assert int(head[1]["Content-Length"]) > 500


def test_not_modified(statusd):
    style = re.search(r'href="(/style-[^"]+)"', statusd.get())[1]
    for path in ("/maintenance/", "/feed/", style):
        status, headers, body = statusd.fetch(path)
        assert status == 200
        etag = headers["ETag"]
        for asked in (etag, "W/" + etag, f'"x", {etag}', "*"):
            again = statusd.fetch(path, headers={"If-None-Match": asked})
            assert (again[0], again[2]) == (304, b""), (path, asked)
            assert again[1]["ETag"] == etag
        assert statusd.fetch(path, headers={"If-None-Match": '"other"'})[2] == body
    assert "immutable" in statusd.fetch(style)[1]["Cache-Control"]


def test_gzip(statusd):
    plain = statusd.fetch("/maintenance/")
    packed = statusd.fetch("/maintenance/", headers={"Accept-Encoding": "br, gzip"})
    assert "Content-Encoding" not in plain[1]
    assert packed[1]["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in plain[1]["Vary"]
    assert packed[1]["ETag"] != plain[1]["ETag"]
    assert gzip.decompress(packed[2]) == plain[2]
    none = statusd.fetch("/maintenance/", headers={"Accept-Encoding": "gzip;q=0"})
    assert none[2] == plain[2]


def test_what_is_not_there(statusd):
    for path in ("/nope", "/2026/13/", "/system/NOPE/", "/../../etc/passwd", "/.git",
                 "/index.html.gz", "/a%2fb", "/%ff"):
        status, headers, body = statusd.fetch(path)
        assert status == 404, path
        assert b"There is no such page" in body
        assert headers["X-Content-Type-Options"] == "nosniff"
    assert statusd.fetch("/%00")[0] == 400
    assert statusd.fetch("/%zz")[0] == 400
    assert statusd.fetch("/" + "a" * 5000)[0] == 414


def test_other_addresses_of_a_page(statusd):
    raw = send_raw(statusd.port, b"GET /system/NC036 HTTP/1.0\r\n\r\n")
    assert raw.startswith(b"HTTP/1.1 301 ")
    assert b"Location: /system/NC036/\r\n" in raw
    for path in ("/index.html", "//", "/system//NC036/", "/feed", "/system/./NC036"):
        assert statusd.fetch(path)[0] == 200, path
    assert b"<form" in statusd.fetch("/search?q=x")[2]


def test_methods(statusd):
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        status, headers, _ = statusd.fetch("/", method, b"x" if method == "POST" else None)
        assert status == 405, method
        assert headers["Allow"] == "GET, HEAD"
        assert headers["X-Content-Type-Options"] == "nosniff"
    status, headers, _ = statusd.fetch("/api/v1/report")
    assert (status, headers["Allow"]) == (405, "POST")
    assert statusd.fetch("/healthz")[0] == 200


@pytest.mark.parametrize("line, status", [
    (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 505),
    (b"GET /\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400),
    (b"POST /api/v1/report HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
    (b"POST /api/v1/report HTTP/1.1\r\nHost: x\r\nContent-Length: 9" + b"9" * 30 +
     b"\r\n\r\n", 413),
    (b"POST /api/v1/report HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
     400),
])
def test_broken_requests_have_the_headers_too(statusd, line, status):
    answer = send_raw(statusd.port, line)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"X-Content-Type-Options: nosniff\r\n" in answer


def test_reports_have_a_limit(statusd):
    token = statusd.token()
    auth = {"Authorization": "Bearer " + token}
    for size in (300_000, 3_000_000):
        status, _, body = statusd.fetch("/api/v1/report", "POST", b" " * size, auth)
        assert status == 413, body
    status, headers, body = statusd.fetch("/api/v1/report", "POST", b"{}", auth)
    assert status == 400
    assert json.loads(body)
    status, headers, _ = statusd.fetch("/api/v1/report", "POST", b"{}")
    assert status == 401
    assert headers["WWW-Authenticate"].startswith("Bearer")


def trickle(port, seconds, cut_after):
    """Send a header a byte at a time; notes when the other side had enough."""
    begin = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.settimeout(0.5)
        s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        while time.monotonic() - begin < seconds:
            try:
                s.sendall(b"a")
                if s.recv(100) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        cut_after.append(time.monotonic() - begin)


def test_a_slow_request_is_cut_off_while_others_are_served(statusd):
    times = []
    slow = [threading.Thread(target=trickle, args=(statusd.port, 35, times))
            for _ in range(120)]
    for t in slow:
        t.start()
    waits = []
    while any(t.is_alive() for t in slow):
        begin = time.monotonic()
        assert statusd.fetch("/")[0] == 200
        waits.append(time.monotonic() - begin)
        time.sleep(0.25)
    assert max(waits) < 1
    assert len(times) == 120
    assert min(times) > 5
    assert max(times) < 30


def test_connections_are_kept(statusd):
    with socket.create_connection(("127.0.0.1", statusd.port)) as s:
        s.settimeout(5)
        for _ in range(3):
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            while not answer.endswith(b"ok\n"):
                part = s.recv(4096)
                assert part
                answer += part
            assert b"onnection: close" not in answer


def test_listens_on_ipv6(place):
    statusd = Statusd(place)
    statusd.configure(listen=f"[::1]:{statusd.port}")
    statusd.is_ready = lambda: os.path.exists(statusd.site + "/index.html")
    statusd.start()
    def asked():
        with socket.create_connection(("::1", statusd.port), 5) as s:
            s.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            return s.recv(4096).startswith(b"HTTP/1.1 200")
    until(asked, 5, "it answers at ::1")


def files_of(folder):
    found = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            with open(path, "rb") as f:
                found[os.path.relpath(path, folder)] = f.read()
    return found


def test_the_folder_has_what_is_served(statusd):
    post(statusd, "Hello")
    until(lambda: "index.html" in files_of(statusd.site), 5, "the folder is written")
    files = files_of(statusd.site)
    assert not [name for name in files if os.path.basename(name).startswith(".")]
    for name, content in files.items():
        if name.endswith(".gz"):
            assert gzip.decompress(content) == files[name[:-3]], name
    for name, path in (("404.html", "/404.html"), ("feed/index.xml", "/feed/"),
                       (path_of(statusd, "Hello")[1:] + "index.html",
                        path_of(statusd, "Hello"))):
        assert statusd.fetch(path)[2] == files[name]


def test_each_file_is_whole_at_every_instant(statusd):
    stop, faults = threading.Event(), []
    until(lambda: os.path.exists(statusd.site + "/index.html"), 5, "the site is there")

    def read():
        while not stop.is_set():
            with open(statusd.site + "/index.html", encoding="utf-8") as f:
                text = f.read()
            if not text.endswith("</html>\n"):
                faults.append(text[-100:])
    reader = threading.Thread(target=read)
    reader.start()
    for n in range(8):
        post(statusd, f"Post number {n}")
    stop.set()
    reader.join()
    assert faults == []


def test_differences_are_repaired_at_start(statusd):
    post(statusd, "Hello")
    name = path_of(statusd, "Hello")[1:] + "index.html"
    until(lambda: os.path.exists(f"{statusd.site}/{name}.gz"), 5, "it is written")
    statusd.stop()
    before = files_of(statusd.site)
    for n in (name, "feed/index.xml.gz"):
        with open(f"{statusd.site}/{n}", "w", encoding="utf-8") as f:
            f.write("half a")
    os.unlink(statusd.site + "/index.html")
    for left in (".index.html.tmp", "2026-notes.txt"):
        with open(f"{statusd.site}/{left}", "w", encoding="utf-8") as f:
            f.write("x")
    statusd.start()
    until(lambda: os.path.exists(statusd.site + "/index.html"), 5, "the front page is back")
    after = files_of(statusd.site)
    for n in (name, "feed/index.xml", "feed/index.xml.gz", "404.html"):
        assert after[n] == before[n], n
    assert ".index.html.tmp" not in after
    assert "2026-notes.txt" in after


def test_feed_is_the_same_after_a_restart(statusd):
    post(statusd, "Hello")
    statusd.ctl("open", "--system", "NC036", "--title", "Slow", input="It is slow.")
    until(lambda: "Slow" in statusd.get(), 5, "the incident is on the page")
    incident = str(max(t["id"] for t in statusd.incidents()))
    statusd.ctl("update", incident, input="Still slow.")
    until(lambda: "Still slow." in statusd.get("/feed/"), 5, "the update is in the feed")
    before = {p: statusd.fetch(p) for p in ("/feed/", "/history.rss", "/history.atom")}
    time.sleep(1.1)
    statusd.restart()
    for path, (status, headers, body) in before.items():
        again = statusd.fetch(path)
        assert again[2] == body
        assert again[1]["ETag"] == headers["ETag"]
        assert again[1]["Last-Modified"] == headers["Last-Modified"]
    items = ET.fromstring(before["/feed/"][2]).findall("channel/item")
    guids = [i.find("guid") for i in items]
    assert len(items) == 3
    assert len({g.text for g in guids}) == 3
    assert all(g.get("isPermaLink") == "false" for g in guids)
    assert "Still slow." in items[0].find("description").text


def test_full_disk_leaves_the_old_site(place):
    small = SmallFs(place, "disk", 2 * 1024 * 1024)
    os.chmod(small.path, 0o777)
    statusd = Statusd(place, site_directory=os.path.join(small.path, "site"))
    statusd.site = os.path.join(small.path, "site")
    statusd.start()
    until(lambda: os.path.exists(statusd.site + "/index.html"), 5, "the site is there")
    small.fill(1.0)
    before = files_of(statusd.site)
    statusd.ctl("post", "--system", "NC036", "--title", "Written when full",
                input="x\n\n" * 3000)
    until(lambda: "Written when full" in statusd.get(), 5, "memory has it")
    until(lambda: "site_directory" in statusd.output(), 5, "the fault is told")
    now = files_of(statusd.site)
    assert now["index.html"] == before["index.html"]
    assert not [n for n in now if os.path.basename(n).startswith(".")]
    for name, content in now.items():
        if name.endswith(".gz"):
            assert gzip.decompress(content) == now[name[:-3]], name
    os.unlink(os.path.join(small.path, "ballast"))
    until(lambda: b"Written when full" in files_of(statusd.site)["index.html"], 10,
          "the folder is brought up to date")


def test_killed_while_it_writes(statusd):
    """kill -9, again and again: no half page, and the next start tidies up."""
    for n in range(4):
        statusd.ctl("post", "--system", "NC036", "--title", f"Number {n}", input="x")
        time.sleep(0.1 * n)
        os.kill(statusd.popen.pid, signal.SIGKILL)
        statusd.popen.wait()
        for name, content in files_of(statusd.site).items():
            if name.endswith(".html") and not os.path.basename(name).startswith("."):
                assert content.endswith(b"</html>\n"), name
        statusd.start()
        until(lambda: f"Number {n}" in statusd.get(), 5, "the post is there")
    until(lambda: not [f for f in files_of(statusd.site)
                       if os.path.basename(f).startswith(".")], 5, "nothing is left over")
