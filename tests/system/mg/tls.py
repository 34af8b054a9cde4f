"""Certificates to test with, made by openssl: a root, one below it, servers'."""

import os

from .proc import run

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


class Authority:
    """A root of our own ("root.crt"), and one below it that signs for servers.

    issue(...) returns (certificate file, key file); the certificate file holds
    the chain unless chain=False.
    """

    def __init__(self, place, name="ca"):
        self.base = place.folder(name)
        self.count = 0
        self.root = self._path("root.crt")
        run(["openssl", "req", "-x509", *KEY, "-keyout", self._path("root.key"),
             "-out", self.root, "-days", "3650", "-subj", "/CN=Test Root"])
        self._sign("middle", "/CN=Test Middle", "root", 3000,
                   "basicConstraints=critical,CA:true\nkeyUsage=keyCertSign\n")

    def _path(self, name):
        return os.path.join(self.base, name)

    def _sign(self, name, subject, by, days, extensions):
        run(["openssl", "req", *KEY, "-keyout", self._path(name + ".key"),
             "-out", self._path(name + ".csr"), "-subj", subject])
        with open(self._path(name + ".ext"), "w", encoding="ascii") as f:
            f.write(extensions)
        run(["openssl", "x509", "-req", "-in", self._path(name + ".csr"),
             "-CA", self._path(by + ".crt"), "-CAkey", self._path(by + ".key"),
             "-CAcreateserial", "-days", str(days), "-out",
             self._path(name + ".crt"), "-extfile", self._path(name + ".ext")])

    def issue(self, *names, days=90, chain=True):
        self.count += 1
        name = f"server{self.count}"
        kinds = ",".join(("IP:" if n[0].isdigit() else "DNS:") + n for n in names)
        self._sign(name, f"/CN={names[0]}", "middle", days,
                   f"subjectAltName={kinds}\n")
        if chain:
            with open(self._path(name + ".crt"), "a", encoding="ascii") as f:
                f.write(self.read("middle.crt"))
        return self._path(name + ".crt"), self._path(name + ".key")

    def self_signed(self, name="127.0.0.1", days=90):
        self.count += 1
        out = self._path(f"self{self.count}")
        run(["openssl", "req", "-x509", *KEY, "-keyout", out + ".key", "-out",
             out + ".crt", "-days", str(days), "-subj", f"/CN={name}"])
        return out + ".crt", out + ".key"

    def read(self, name):
        with open(self._path(name), encoding="ascii") as f:
            return f.read()
