"""greywl on a store of its own."""

import json
import os
import subprocess

from .daemons import program


class Greywl:
    """wl = Greywl(place); wl.text("list"); wl.json("test", "--client", ...)"""

    def __init__(self, place, name="grey.db", dns="127.0.0.1:9", more="",
                 timeout="500ms"):
        self.db = place.folder("store") + "/" + name
        self.conf = place.write(
            name + ".conf", f'store = "sqlite:{self.db}"\nuser = "nobody"\n'
            'trusted_networks = {"127.0.0.0/8"}\npostfix_config = ""\n'
            f'spf {{ nameservers = {{"{dns}"}} timeout = {timeout} }}\n' + more)

    def __call__(self, *args, ok=True, stdin=None, env=None):
        done = subprocess.run(
            [program("greywl"), "-c", self.conf, *args], input=stdin,
            capture_output=True, timeout=60, env=dict(os.environ, **(env or {})))
        if ok:
            assert done.returncode == 0, (args, done.returncode, done.stderr)
        return done

    def text(self, *args, **how):
        return self(*args, **how).stdout.decode()

    def json(self, verb, *args, **how):
        return json.loads(self(verb, "--json", *args, **how).stdout)

    def entries(self):
        return {(e["kind"], e["entry"]) for e in self.json("list")}
