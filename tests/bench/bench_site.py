"""statusd beside nginx, with ten years of posts, and taking in reports.

Both serve the same file to 64 connections that are kept, the load is wrk; nginx
has a worker a core, as statusd a thread a core.  The reports come from fifty
systems, each with eight findings and fourteen samples: first as many as are taken,
then about a thousand a second, while somebody reads the front page.
"""

import http.client
import os
import re
import statistics
import subprocess
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
    """(until it was served, until the folder had it), of each rendering, in ms."""
    return [(float(b), float(a)) for a, b in re.findall(
        r"rendered in (\d+) ms, served after (\d+) ms", statusd.output())]


def pages(folder):
    return sum(name == "index.html" for _, _, names in os.walk(folder) for name in names)


def settle(statusd):
    """Wait until nothing is written for a while."""
    count = -1
    while count != len(rendered(statusd)):
        count = len(rendered(statusd))
        time.sleep(3)


def ten_years(place, found):
    systems = statuspast.systems(SYSTEMS)
    statusd = Statusd(place, "years", systems=systems)
    statusd.argv.append("-d")
    statusd.start()
    until(lambda: os.path.exists(statusd.site + "/index.html"), 5, "it is written")
    statusd.stop()
    database = os.path.join(os.path.dirname(statusd.site), "status.db")
    statuspast.fill(database, int(time.time()), POSTS, list(systems))
    statuspast.samples(database, int(time.time()), list(systems))
    statusd.start()
    until(lambda: pages(statusd.site) >= POSTS, 300, "all pages are written")
    settle(statusd)
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
    settle(statusd)
    before = len(rendered(statusd))
    for n in range(10):
        statusd.ctl("post", "--system", "NC100", "--title", f"Change {n}", input="It is so.")
        time.sleep(1)
    took = rendered(statusd)[before:]
    size = len(statusd.fetch("/")[2])
    print(f"  {POSTS:,} posts, {SYSTEMS} systems, 400 days of samples: "
          f"{os.path.getsize(database) >> 20} MiB")
    found.goal("first answer at most, ms", first, at_most=300, form=".0f")
    found.goal("resident at most, MiB", memory(statusd.pid), at_most=24, form=".1f")
    found.goal("front page at most, KiB", size / 1024, at_most=40, form=".1f")
    served, whole = zip(*took)
    found.goal("rendered after a change, the quickest, ms", min(served), at_most=20, form=".0f")
    print(f"  the median: {statistics.median(served):.0f} ms; with the folder "
          f"{min(whole):.0f} and {statistics.median(whole):.0f} ms", flush=True)


REPORTS = r"""
local tokens = {%s}
local seq, n, id = os.time(), 0, 0
local checks = {"queue", "disk", "log", "service", "stuck", "duplicates", "self", "blocklist"}
function setup(thread) thread:set("me", id); id = id + 1 end
function init(args) n = me end
function delay() return %d end
function request()
  n, seq = n + 2, seq + 1
  local k = n %% #tokens + 1
  local findings, samples = {}, {}
  for i, c in ipairs(checks) do
    local level = (i == 1 and math.floor(n / 1000) %% 10 == 9) and "warning" or "ok"
    findings[i] = '{"check":"' .. c .. '","subject":"","level":"' .. level ..
      '","value":' .. n %% 90 .. ',"unit":"messages","summary":"So it is."}'
  end
  for i = 1, 14 do
    samples[i] = '{"name":"series.' .. i .. '","unit":"x","value":' .. n %% 77 .. '}'
  end
  return wrk.format("POST", "/api/v1/report", {["Authorization"] = "Bearer " .. tokens[k]},
    '{"schema":1,"system":"NC' .. 99 + k .. '","agent":"bench","seq":' .. seq ..
    ',"at":"' .. os.date("!%%Y-%%m-%%dT%%H:%%M:%%SZ") .. '","interval_s":10,"findings":[' ..
    table.concat(findings, ",") .. '],"samples":[' .. table.concat(samples, ",") .. ']}')
end
"""


def reports(place, statusd, tokens, pause_ms, connections):
    """(reports a second, how long the page took in ms, sorted)."""
    script = place.write("reports.lua", REPORTS % (
        ",".join(f'"{t}"' for t in tokens), pause_ms))
    load = subprocess.Popen(
        ["wrk", "-t", "2", "-c", str(connections), "-d", f"{SECONDS}s", "-s", script,
         statusd.url + "/"], stdout=subprocess.PIPE, text=True)
    reader = http.client.HTTPConnection("127.0.0.1", statusd.port)
    took, end = [], time.monotonic() + SECONDS - 0.5
    while time.monotonic() < end:
        began = time.monotonic()
        reader.request("GET", "/")
        reader.getresponse().read()
        took.append((time.monotonic() - began) * 1000)
        time.sleep(0.003)
    out = load.communicate(timeout=30)[0]
    assert "Non-2xx" not in out, out
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), sorted(took)


def taking_in(place, found):
    systems = statuspast.systems(SYSTEMS)
    statusd = Statusd(place, "ingest", systems=systems).start()
    tokens = [statusd.token(code) for code in systems]
    most = max(reports(place, statusd, tokens, 0, 40)[0] for _ in range(ROUNDS))
    found.goal("reports taken, a second", most, at_least=1000, form=".0f")
    runs = [reports(place, statusd, tokens, 50, 55) for _ in range(ROUNDS)]
    rates = statistics.median(r for r, _ in runs)
    p99 = statistics.median(t[int(len(t) * 0.99)] for _, t in runs)
    found.goal(f"page beside {rates:.0f} reports a second, p99 ms", p99, at_most=20, form=".1f")
    statusd.stop()


def run_section():
    found = section("site: the status page")
    with Place("mailglance-bench-") as place:
        beside_nginx(place, found)
    with Place("mailglance-bench-") as place:
        ten_years(place, found)
    with Place("mailglance-bench-") as place:
        taking_in(place, found)
    return found.end()
