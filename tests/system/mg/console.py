"""statusd's console as a browser without scripts would use it."""

import http.client
import re
import time
import urllib.parse

from .totp import hotp

PHRASE = "correct horse battery"


class Operator:
    """Enrolled by statusctl; codes are made from what it printed."""

    def __init__(self, statusd, name="pat", again=False):
        self.name = name
        args = ["enrol", *(["--again"] if again else []), name]
        printed = statusd.ctl(*args, input=PHRASE + "\n").stdout
        self.printed = printed
        self.secret = re.search(r"secret=([A-Z2-7]{32})&", printed)[1]
        self.papers = re.findall(r"\b\d{8}\b", printed)

    def code(self, steps=0):
        return hotp(self.secret, int(time.time()) // 30 + steps)


class Console:
    """One browser: keeps its cookie, fills in the hidden fields."""

    def __init__(self, statusd):
        self.statusd = statusd
        self.cookie = None
        self.status = self.headers = self.text = None

    def ask(self, path, fields=None, headers=None):
        """GET, or POST with fields; the text.  Redirects are not followed."""
        body = None if fields is None else urllib.parse.urlencode(fields).encode()
        head = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None \
            else {}
        if self.cookie:
            head["Cookie"] = self.cookie
        head.update(headers or {})
        self.status, self.headers, raw = fetch(
            self.statusd, "/console/" + path, "GET" if body is None else "POST", body, head)
        self.text = raw.decode()
        if "Set-Cookie" in self.headers:
            self.cookie = self.headers["Set-Cookie"].partition(";")[0]
        return self.text

    def sign_in(self, operator, code=None, **other):
        return self.ask("sign-in", {
            "name": operator.name, "phrase": PHRASE,
            "code": operator.code() if code is None else code, "to": "", **other})

    def token(self):
        return re.search(r'name="token" value="([^"]+)"', self.ask(""))[1]

    def act(self, path, fields, **headers):
        return self.ask(path, {"token": self.token(), **fields}, headers)

    def order(self, system, remedy, code):
        """The order's id, or None."""
        self.act("order", {"system": system, "remedy": remedy, "code": code})
        found = re.fullmatch(r".*/console/order/([0-9a-f]{32})",
                             self.headers.get("Location", ""))
        return found[1] if found else None


def fetch(statusd, path, method, body, headers):
    """As Statusd.fetch(), but a redirect is an answer like another."""
    connection = http.client.HTTPConnection("127.0.0.1", statusd.port, timeout=15)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()
