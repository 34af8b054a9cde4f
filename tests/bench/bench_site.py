"""statusd beside nginx, and with ten years of posts.

Both serve the same file to 64 connections that are kept, the load is wrk; nginx
has a worker a core, as statusd a thread a core.
"""

import os
import re
import statistics
import time

from mg.daemons import Statusd
from mg.place import Place
from mg.ports import free_port, is_listening
from mg.proc import Process, run
from mg.wait import until

from bench_common import memory, section
import statuspast

SECONDS = int(os.environ.get("BENCH_SECONDS", "4"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
POSTS = int(os.environ.get("BENCH_POSTS", "5000"))
SYSTEMS = 50

NGINX = """daemon off; worker_processes auto; pid {folder}/pid; error_log {folder}/error;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000; open_file_cache max=100;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  types {{ text/html html; }}
  server {{ listen 127.0.0.1:{port}; root {site}; gzip_static on; index index.html;
    charset utf-8; add_header X-Content-Type-Options nosniff; }}
}}
"""


def rate(url, *headers):
    options = [x for h in headers for x in ("-H", h)]
    out = run(["wrk", "-t", "2", "-c", "64", "-d", f"{SECONDS}s", *options, url],
              seconds=SECONDS + 30).stdout
    assert "Non-2xx" not in out or "304" in out or headers, out
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])


def compare(found, name, ours, nginx, *headers):
    """headers: (for statusd, for nginx)."""
    a, b = [], []
    for _ in range(ROUNDS):
        a.append(rate(ours, *(h[0] for h in headers)))
        b.append(rate(nginx, *(h[1] for h in headers)))
    a, b = statistics.median(a), statistics.median(b)
    print(f"  {name}: statusd {a:.0f}/s, nginx {b:.0f}/s", flush=True)
    found.goal(f"{name}, beside nginx", a / b, at_least=1.0)


def start_nginx(place, statusd):
    port = free_port()
    folder = place.folder("nginx", 0o777)
    os.chmod(place / ".", 0o755)
    conf = place.write("nginx.conf", NGINX.format(folder=folder, port=port,
                                                  site=statusd.site), 0o644)
    Process(place, "nginx", ["/usr/sbin/nginx", "-c", conf]).start()
    until(lambda: is_listening(port), 5, "nginx answers")
    return f"http://127.0.0.1:{port}"


def beside_nginx(place, found):
    statusd = Statusd(place, "beside", systems=statuspast.systems(8)).start()
    for n in range(10):
        statusd.ctl("post", "--system", "NC100", "--title", f"Post {n}",
                    input="Some words about what has happened. " * 10)
    until(lambda: "Post 9" in statusd.get(), 5, "it is written")
    nginx = start_nginx(place, statusd)
    time.sleep(1)
    tags = []
    for url in (statusd.url, nginx):
        head = run(["curl", "-sI", url + "/maintenance/"]).stdout
        tags.append("If-None-Match: " + re.search(r"(?i)^etag: (.*?)\r?$", head, re.M)[1])
    compare(found, "front page", statusd.url + "/", nginx + "/")
    compare(found, "front page, gzip", statusd.url + "/", nginx + "/",
            ("Accept-Encoding: gzip",) * 2)
    compare(found, "304", statusd.url + "/maintenance/", nginx + "/maintenance/", tags)
    statusd.stop()


def rendered(statusd):
    return [float(ms) for ms in re.findall(r"rendered in (\d+) ms", statusd.output())]


def ten_years(place, found):
    systems = statuspast.systems(SYSTEMS)
    statusd = Statusd(place, "years", systems=systems)
    statusd.argv.append("-d")
    statusd.start()
    until(lambda: os.path.exists(statusd.site + "/index.html"), 5, "it is written")
    statusd.stop()
    statuspast.fill(os.path.join(os.path.dirname(statusd.site), "status.db"),
                    int(time.time()), POSTS, list(systems))
    statusd.start()
    oldest = None
    while oldest != len(rendered(statusd)):
        oldest = len(rendered(statusd))
        time.sleep(3)
    statusd.stop()
    began = time.monotonic()
    Process.start(statusd)
    while True:
        try:
            if statusd.fetch("/")[0] == 200:
                break
        except OSError:
            time.sleep(0.002)
    first = (time.monotonic() - began) * 1000
    time.sleep(2)
    before = len(rendered(statusd))
    for n in range(10):
        statusd.ctl("post", "--system", "NC100", "--title", f"Change {n}", input="It is so.")
        time.sleep(1)
    took = rendered(statusd)[before:]
    size = len(statusd.fetch("/")[2])
    print(f"  {POSTS:,} posts, {SYSTEMS} systems")
    found.goal("first answer at most, ms", first, at_most=300, form=".0f")
    found.goal("resident at most, MiB", memory(statusd.pid), at_most=24, form=".1f")
    found.goal("front page at most, KiB", size / 1024, at_most=40, form=".1f")
    found.goal("rendered after a change, the quickest, ms", min(took), at_most=20, form=".0f")
    print(f"  the median: {statistics.median(took):.0f} ms", flush=True)


def run_section():
    found = section("site: the status page")
    with Place("mailglance-bench-") as place:
        beside_nginx(place, found)
    with Place("mailglance-bench-") as place:
        ten_years(place, found)
    return found.end()
