"""I2, 16 January 2025: a certificate is renewed on disk, and a service that runs
goes on showing the old one.  With a real Postfix, up to the page."""

from mg import page
from mg.daemons import Bare, Queuewatch, Statusd
from mg.postfix import Postfix
from mg.tls import Authority
from mg.wait import until


def test_postfix_shows_the_old_one_until_it_is_told(place):
    ca = Authority(place)

    def renew(days):
        certificate, key = ca.issue("mail.example.net", days=days)
        text = {}
        for name, path in (("cert", certificate), ("key", key)):
            with open(path, encoding="utf-8") as f:
                text[name] = f.read()
        place.write("live.key", text["key"], 0o600)
        place.write("live.crt", text["cert"])
    renew(30)
    postfix = Postfix(place, settings={
        "smtpd_tls_security_level": "may", "smtpd_tls_cert_file": place / "live.crt",
        "smtpd_tls_key_file": place / "live.key", "smtpd_tls_loglevel": "0",
        # One smtpd serves for long, as on a busy server.
        "max_idle": "1h", "max_use": "10000"}).start()
    statusd = Statusd(place).start()
    daemon = Queuewatch(place, postfix, statusd, sections={
        ("disk", place.path): {"warning": Bare("99%"), "critical": Bare("100%")},
        ("certificate", "smtp"): {
            "url": f"smtp://127.0.0.1:{postfix.port}", "starttls": True,
            "host": "mail.example.net", "ca_file": ca.root, "file": place / "live.crt",
            "warning": Bare("21d"), "critical": Bare("7d"), "interval": Bare("1s")},
    }).start()

    def shows(level, words):
        def seen():
            f = daemon.finding("certificate", "smtp")
            return f if f and f["level"] == level and words in f["summary"] else None
        return until(seen, 20, f"certificate is {level} {words!r}")

    def row(word):
        return until(lambda: page.find(statusd.get(), "NC036", word), 10, f"NC036 is {word}")
    shows("ok", "expires in 29 days")
    row("operational")

    renew(90)
    shows("warning", "still shows the old one")
    row("degraded")
    assert statusd.incidents() == [], "a warning alone opens none"
    postfix.reload()
    f = shows("notice", "changed today")
    assert 89 < f["value"] < 90
    row("operational")
