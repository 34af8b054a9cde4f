"""The sample configuration of nginx, with a real nginx before statusd."""

import os
import pathlib
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest

from mg.console import PHRASE, Operator
from mg.daemons import Statusd
from mg.ports import free_port, is_listening
from mg.wait import until

SAMPLE = pathlib.Path(__file__).resolve().parents[2] / "etc/nginx/statusd.conf"
PARAMS = """proxy_set_header Host $http_host;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
"""


@pytest.fixture
def statusd(place):
    return Statusd(place).start()


@pytest.fixture
def nginx(place, statusd):
    """ask(path, headers): what nginx answers."""
    port = free_port()
    text = SAMPLE.read_text()
    for old, new in (("listen 80;", f"listen 127.0.0.1:{port};"),
                     ("listen [::]:80;", ""),
                     ("127.0.0.1:8080", f"127.0.0.1:{statusd.port}"),
                     ("/var/lib/mailglance/site", statusd.site),
                     ("/etc/nginx/proxy_params", str(place / "proxy_params"))):
        assert old in text
        text = text.replace(old, new)
    place.write("proxy_params", PARAMS, 0o644)
    folder = place.folder("nginx", 0o777)
    conf = place.write("nginx.conf", (
        f"daemon off; pid {folder}/pid; error_log {folder}/error;\n"
        "worker_processes 1; events { }\n"
        f"http {{ access_log off; client_body_temp_path {folder}/b;\n"
        f"proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;\n"
        f"uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n{text}}}\n"),
        0o644)
    os.chmod(place / ".", 0o755)
    child = subprocess.Popen(["/usr/sbin/nginx", "-c", conf])
    until(lambda: is_listening(port), 5, "nginx answers")

    def ask(path, headers=None, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}",
                                         headers=headers or {}, data=body)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as fault:
            with fault:
                return fault.code, fault.headers, fault.read()
    yield ask
    child.terminate()
    child.wait(10)


def test_the_console_through_nginx(place, statusd, nginx):
    """Who guesses is known by his own address, not by nginx's."""
    operator = Operator(statusd)
    fields = {"name": "pat", "phrase": PHRASE, "code": "000000", "to": ""}
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    def sign_in(client, **changed):
        body = urllib.parse.urlencode({**fields, **changed}).encode()
        return nginx("/console/sign-in", {**form, "X-Forwarded-For": client}, body)
    status, headers, body = nginx("/console/")
    assert status == 200 and b"Pass phrase" in body
    assert "script-src" not in headers["Content-Security-Policy"]
    assert headers.get_all("Cache-Control") == ["no-store"]
    assert "Access-Control-Allow-Origin" not in headers
    # With http alone a stranger is not even asked.
    status, _, body = nginx("/console/", {"X-Forwarded-For": "203.0.113.7"})
    assert status == 403 and b"https alone" in body
    assert sign_in("203.0.113.7", code=operator.code())[0] == 403
    statusd.configure(url="https://status.example.net/")
    statusd.restart()
    for _ in range(5):
        assert sign_in("203.0.113.7")[0] == 403
    assert sign_in("203.0.113.7", code=operator.code())[0] == 429
    sign_in("203.0.113.8", code=operator.code())
    assert statusd.output().count("signed in") == 1


PATHS = ["/", "/maintenance/", "/reports/", "/feed/", "/feed/atom/", "/feed.json",
         "/history.rss", "/history.atom", "/maintenance.ics", "/api/v2/summary.json",
         "/badge.svg", "/glance/", "/system/NC036/", "/system/NC036/feed/", "/posts/",
         "/reports/uptime.csv", "/search/", "/sitemap.xml"]


def test_the_site_through_nginx(statusd, nginx):
    statusd.ctl("open", "--system", "NC036", "--title", "It is slow", input="We look.")
    until(lambda: b"It is slow" in nginx("/")[2], 5, "nginx shows it")
    until(lambda: b"<mark>slow</mark>" in nginx("/search/?q=slow")[2], 5, "it is found")
    for dead in (False, True):
        if dead:
            statusd.kill()
        for path in PATHS:
            status, headers, body = nginx(path)
            assert status == 200, path
            assert body, path
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Content-Security-Policy"].startswith("default-src 'none'")
            etag = headers["ETag"]
            assert nginx(path, {"If-None-Match": etag})[0] == 304
            if not dead:
                _, ours, same = statusd.fetch(path)
                assert headers["Content-Type"].lower() == ours["Content-Type"].lower(), path
                if b"written at" not in same and b"As of" not in same:
                    assert same == body, path
                for name in ("Access-Control-Allow-Origin", "Content-Security-Policy"):
                    if path not in ("/feed/", "/feed/atom/", "/history.rss",
                                    "/history.atom", "/maintenance.ics",
                                    "/sitemap.xml", "/reports/uptime.csv",
                                    "/badge.svg", "/api/v2/summary.json",
                                    "/feed.json", "/system/NC036/feed/"):
                        assert headers[name] == ours[name], (path, name)
        assert b"It is slow" in nginx("/")[2]
        assert nginx("/", {"Accept-Encoding": "gzip"})[1]["Content-Encoding"] == "gzip"
        status, _, body = nginx("/no/such/page")
        assert status == 404
        assert b"There is no such page" in body
        assert nginx("/.git/config")[0] == 404
        assert nginx("/api/v2/status.json")[1]["Access-Control-Allow-Origin"] == "*"
        status, _, body = nginx("/search/?q=slow")
        assert status == 200
        assert b"Words to look for" in body
    assert nginx("/api/v1/report", body=b"{}")[0] == 502


def test_the_client_behind_nginx_is_known(statusd, nginx):
    """Searches are counted for each address that nginx names, not for nginx."""
    answers = [nginx("/search/?q=a")[0] for _ in range(160)]
    assert 429 in answers
    assert answers[:50] == [200] * 50
    status, headers, _ = statusd.fetch("/search/?q=a",
                                       headers={"X-Forwarded-For": "192.0.2.7"})
    assert status == 200
    told = [statusd.fetch("/search/?q=a")[0] for _ in range(3)]
    assert 429 in told, "127.0.0.1 is whom nginx named"
    assert headers["Retry-After"] is None
