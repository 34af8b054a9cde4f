"""mailglance's own programs, each with a configuration in the place's folder."""

import contextlib
import json
import os
import pathlib
import select
import socket
import urllib.error
import urllib.request

from .ports import free_port, is_listening
from .proc import Process, run
from .wait import until

ROOT = pathlib.Path(__file__).resolve().parents[3]


def build_folder():
    return os.environ.get("MG_BUILD", str(ROOT / "build"))


def program(name):
    return os.path.join(build_folder(), name)


def conf_text(options):
    """A configuration from a dict.

    True and numbers stand bare, text is quoted, a list is {"a", "b"}, a dict a
    section; a key ('disk', '/var/vmail') is a section with a title.  A Bare()
    value is written as it is: Bare("3min").
    """
    return "".join(_line(k, v, "") for k, v in options.items())


class Bare(str):
    """A value that is written without quotes."""


def _quote(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _value(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, (int, float)) or isinstance(v, Bare):
        return str(v)
    if isinstance(v, (list, tuple)):
        return "{" + ", ".join(_quote(x) for x in v) + "}"
    return _quote(str(v))


def _line(key, v, indent):
    name = f"{key[0]} {_quote(key[1])}" if isinstance(key, tuple) else key
    if isinstance(v, dict):
        inner = "".join(_line(k, x, indent + "  ") for k, x in v.items())
        return f"{indent}{name} {{\n{inner}{indent}}}\n"
    return f"{indent}{name} = {_value(v)}\n"


class Daemon(Process):
    """One of our daemons in the foreground, logging to its output file."""

    program_name = None

    def __init__(self, place, name, options):
        self.conf_path = place.write(f"{name}.conf", conf_text(options))
        self.options = options
        super().__init__(place, name, [program(self.program_name), "-c",
                                       self.conf_path, "-f"])

    def configure(self, **changes):
        """Write the configuration anew; reload() or a restart makes it act."""
        self.options.update(changes)
        self.place.write(os.path.basename(self.conf_path), conf_text(self.options))

    def check(self):
        """What -t says: (exit status, text)."""
        done = run([self.argv[0], "-c", self.conf_path, "-t"], check=False)
        return done.returncode, done.stdout + done.stderr

    def start(self, seconds=10):
        super().start()
        def up():
            assert self.running(), f"{self.name} ended: {self.output()[-2000:]}"
            return self.is_ready()
        until(up, seconds, f"{self.name} is ready")
        return self

    def is_ready(self):
        return True

    def stop(self, seconds=10):
        """Ends it by SIGTERM; it must end with 0 and leave nobody behind."""
        if self.popen is None:
            return None
        was_running = self.running()
        status = super().stop(seconds)
        if was_running:
            assert status == 0, f"{self.name} ended with {status}: {self.output()[-2000:]}"
            until(lambda: not self.leftovers(), 3, f"{self.name}'s children end")
        return status

    def restart(self):
        self.stop()
        return self.start()


class Greymilter(Daemon):
    """The greylisting milter; options over the defaults by keyword."""

    program_name = "greymilter"

    def __init__(self, place, name="greymilter", **options):
        self.port = free_port()
        self.store = place / f"{name}-data/grey.db"
        place.folder(f"{name}-data", 0o777)
        super().__init__(place, name, {
            "socket": f"inet:{self.port}@127.0.0.1",
            "store": f"sqlite:{self.store}",
            "user": "nobody",
            "trusted_networks": ["127.0.0.0/8", "::1/128"],
            "postfix_config": "",
            "metrics": "",
            "log": Bare("stderr"),
            "spf": {"enabled": False},
            "pressure": {"file": place / "pressure"},
            **options})
        self._before = 0

    def start(self, seconds=10):
        self._before = len(self.output())
        return super().start(seconds)

    def is_ready(self):
        """Its start is over; it listens a little before that."""
        if self.options["log"] != "stderr":
            return is_listening(self.port)
        return " started: " in self.output()[self._before:]

    def greywl(self, *args, check=True, input=None):
        """Run greywl on this milter's store."""
        return run([program("greywl"), "-c", self.conf_path, *args], check=check,
                   input=input)

    def greywl_json(self, *args):
        return json.loads(self.greywl(*args).stdout)


class Queuewatch(Daemon):
    """queuewatch beside "postfix", reporting to "statusd" (or status_url=).

    Options by keyword, and as a dict those whose key is no keyword (sections
    with a title).
    """

    program_name = "queuewatch"

    def __init__(self, place, postfix, statusd=None, system="NC036",
                 name="queuewatch", token=None, sections=None, **options):
        if statusd is not None:
            token = token or statusd.token(system)
            options.setdefault("status_url", statusd.url)
        token_file = place.write(f"{name}.token", (token or "none") + "\n", 0o644)
        data = place.folder(f"{name}-data", 0o777)
        super().__init__(place, name, {
            "system": system,
            "postfix_config": postfix.config if postfix else "",
            "data_directory": data,
            "status_url": "http://127.0.0.1:9",
            "status_token_file": token_file,
            "interval": Bare("1s"),
            "user": "nobody",
            "greylist_store": "",
            "pressure_file": place / "pressure",
            "log": Bare("stderr"),
            **options, **(sections or {})})

    def show(self):
        """What "queuewatch show --json" prints."""
        done = run([self.argv[0], "-c", self.conf_path, "show", "--json"], check=False)
        return json.loads(done.stdout)

    def finding(self, check, subject=None):
        """The current finding, or None."""
        for f in self.show()["findings"]:
            if f["check"] == check and subject in (None, f["subject"]):
                return f
        return None


class Statusd(Daemon):
    """The status page on a port of its own; "systems" as in its configuration."""

    program_name = "statusd"

    def __init__(self, place, name="statusd", systems=None, alerts=None, **options):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        data = place.folder(f"{name}-data", 0o777)
        self.site = os.path.join(data, "site")
        systems = systems or {"NC036": {"role": "Mail server", "city": "Amsterdam",
                                        "country": "NL"}}
        sections = {("system", k): v for k, v in systems.items()}
        sections.update({("alert", k): v for k, v in (alerts or {}).items()})
        super().__init__(place, name, {
            "title": "Example Hosting: System Status",
            "url": self.url + "/",
            "listen": f"127.0.0.1:{self.port}",
            "store": f"sqlite:{data}/status.db",
            "site_directory": self.site,
            "user": "nobody",
            "default_publish": Bare("auto"),
            "log": Bare("stderr"),
            **options, **sections})

    def is_ready(self):
        """It answers, whatever that is: it listens before its start is over."""
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(self.url + "/healthz", timeout=2).close()
        return True

    def ctl(self, *args, check=True, input=None):
        """Run statusctl on this statusd's store."""
        return run([program("statusctl"), "-c", self.conf_path, *args], check=check,
                   input=input)

    def token(self, system="NC036"):
        return self.ctl("token", system).stdout.split()[-1]

    def incidents(self):
        return json.loads(self.ctl("list", "--json").stdout)

    def get(self, path="/"):
        """The text of a page; a fault (also 404) is an OSError."""
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return answer.read().decode("utf-8")

    def fetch(self, path="/", method="GET", body=None, headers=None):
        """(status, headers, bytes) of any request."""
        ask = urllib.request.Request(self.url + path, data=body, method=method,
                                     headers=headers or {})
        try:
            with urllib.request.urlopen(ask, timeout=10) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as fault:
            with fault:
                return fault.code, fault.headers, fault.read()

    def report(self, token, report):
        """Send a report as queuewatch would: (status, answer)."""
        status, _, text = self.fetch(
            "/api/v1/report", "POST", json.dumps(report).encode(),
            {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
        with contextlib.suppress(ValueError):
            return status, json.loads(text)
        return status, text


def send_raw(port, data, seconds=15):
    """Bytes to a port of ours, and what comes back until it closes.

    libmicrohttpd reads once and does not see an end that came together with the
    rest, until its time-out of 10 s for the idle: so the end comes a little later.
    """
    with socket.create_connection(("127.0.0.1", port), seconds) as s:
        s.sendall(data)
        select.select([s], [], [], 0.2)
        with contextlib.suppress(OSError):  # it may have closed already
            s.shutdown(socket.SHUT_WR)
        parts = []
        while part := s.recv(65536):
            parts.append(part)
        return b"".join(parts)
