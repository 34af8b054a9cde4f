"""The sixty seconds that matter, on a phone: something is wrong, the operator
signs in, orders the prepared remedy with its code, and sees what became of it."""

import os
import re
import types

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from mg.console import PHRASE, Operator
from mg.daemons import Bare, Queuewatch, Statusd
from mg.place import Place
from mg.smallfs import SmallFs, private_mounts
from mg.spool import Spool
from mg.totp import hotp, new_secret, totp
from mg.wait import until

PHONE = 390


class Phone:
    """Chromium as wide as a phone; taps and types."""

    def __init__(self, browser):
        self.browser, self.driver = browser, browser.driver

    def open(self, url):
        self.browser.look(url, PHONE)

    def find(self, css):
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def type(self, css, text):
        box = self.find(css)
        box.clear()
        box.send_keys(text)

    def tap(self, element):
        self.driver.execute_script(
            "arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def button(self, text, within="main"):
        return self.driver.find_element(
            By.XPATH, f"//{within}//button[normalize-space()='{text}']")

    def text(self):
        """What stands there; "" while a page that looks again is loaded."""
        try:
            return self.find("main").text
        except WebDriverException:
            return ""

    def hold(self):
        """No look again: this page stays."""
        def held():
            try:
                return self.browser.run(
                    "window.stop(); return document.readyState") == "complete"
            except WebDriverException:
                return False
        until(lambda: held() and self.text(), 10)

    def fits(self):
        assert self.browser.run("return document.documentElement.scrollWidth") <= PHONE


@pytest.fixture(scope="module")
def scene():
    """A mail server with a disk of its own, a status page, a remedy that makes
    room, and an operator."""
    private_mounts()
    with Place() as place:
        disk = SmallFs(place, "store", 32 << 20)
        os.chmod(disk.path, 0o777)
        statusd = Statusd(place).start()
        secret = new_secret()
        place.folder("secrets", 0o755)
        secrets = place.write("secrets/remedy.totp", f"make-room {secret}\n", 0o600)
        queuewatch = Queuewatch(
            place, Spool(place), statusd=statusd, remedy_secret_file=secrets, sections={
                ("disk", disk.path): {"warning": Bare("50%"), "critical": Bare("70%")},
                ("remedy", "make-room"): {
                    "title": "Make room on the mail disk",
                    "command": ["/bin/sh", "-c",
                                f"rm -v {disk.path}/ballast && echo 'room was made'"]},
            }).start()
        operator = Operator(statusd)
        yield types.SimpleNamespace(statusd=statusd, disk=disk, secret=secret,
                                    queuewatch=queuewatch, operator=operator)


def sign_in(phone, scene, code=None):
    phone.driver.delete_all_cookies()
    phone.open(scene.statusd.url + "/console/")
    phone.type("input[name=name]", scene.operator.name)
    phone.type("input[name=phrase]", PHRASE)
    phone.type("input[name=code]", code or scene.operator.code())
    phone.fits()
    phone.tap(phone.button("Sign in"))


def order(phone, code):
    form = phone.find("details.remedy")
    if form.get_attribute("open") is None:
        phone.tap(phone.find("details.remedy summary"))
    phone.type("details.remedy input[name=code]", code)
    phone.tap(phone.button("Order it"))


def test_from_the_finding_to_the_proof(browser, scene, violations, screenshots):
    statusd, phone = scene.statusd, Phone(browser)
    until(lambda: "perational" in statusd.get(), 10)
    scene.disk.fill(0.85)
    until(lambda: "NC036: " in statusd.get(), 20, "the public page tells of it")
    sign_in(phone, scene)
    until(lambda: "Make room on the mail disk" in phone.text(), 5)
    assert "critical" in phone.text() and scene.disk.path in phone.text()
    phone.fits()
    assert violations() == []
    browser.screenshot(screenshots / "console-390-light.png")
    # The wrong code: nothing is run, and that is said.
    order(phone, "000000")
    until(lambda: "Refused" in phone.text(), 20, "the page looks again by itself")
    phone.hold()
    assert "Nothing was run" in phone.text() and "the code is wrong" in phone.text()
    assert os.path.exists(scene.disk.path + "/ballast")
    phone.open(statusd.url + "/console/")
    order(phone, totp(scene.secret))
    until(lambda: "Done" in phone.text(), 20)
    until(lambda: "room was made" in phone.text(), 5)
    until(lambda: "Well again: disk" in phone.text(), 30, "the proof")
    phone.hold()
    phone.fits()
    assert violations() == []
    browser.screenshot(screenshots / "console-order-390-light.png")
    until(lambda: re.search("back to normal|[Rr]esolved", statusd.get()), 30,
          "and the public page tells")
    # The same code again is good for nothing.
    phone.open(statusd.url + "/console/")
    order(phone, totp(scene.secret, -1))
    until(lambda: "Refused" in phone.text(), 20)


def test_with_a_code_from_paper(browser, scene):
    phone = Phone(browser)
    scene.disk.fill(0.6)
    sign_in(phone, scene, scene.operator.papers[3])
    until(lambda: "Make room" in phone.text(), 10)
    order(phone, hotp(scene.secret, 2, 8))
    until(lambda: "Done" in phone.text(), 20)
    assert not os.path.exists(scene.disk.path + "/ballast")


def test_an_update_in_three_taps(browser, scene, violations, screenshots):
    """From the alert's link to the posted update, signed in before."""
    statusd, phone = scene.statusd, Phone(browser)
    sign_in(phone, scene, scene.operator.papers[4])
    statusd.ctl("open", "--system", "NC036", "--title", "Mail is slow",
                input="We look into it.")
    number = max(t["id"] for t in statusd.incidents())
    phone.open(f"{statusd.url}/console/incident/{number}")  # the first tap
    assert violations() == []
    browser.screenshot(screenshots / "console-incident-390-light.png")
    box = phone.find("form[action$='update'] textarea")
    phone.tap(box)  # the second
    box.send_keys("Half of it is delivered.")
    Select(phone.find("select[name=status]")).select_by_value("monitoring")
    phone.tap(phone.button("Post the update"))  # the third
    until(lambda: "Half of it is delivered." in statusd.get(), 5)
    phone.fits()
    phone.open(statusd.url + "/console/new")
    assert violations() == []
    phone.fits()
    phone.open(statusd.url + "/console/log")
    assert "update of" in phone.text() and violations() == []
    phone.fits()


def test_dark_and_wide(browser, scene, violations):
    phone = Phone(browser)
    sign_in(phone, scene, scene.operator.papers[5])
    for width in (320, 1280):
        for theme in ("light", "dark"):
            browser.look(scene.statusd.url + "/console/", width, theme)
            assert violations() == [], (width, theme)
            assert browser.run(
                "return document.documentElement.scrollWidth") <= width
    phone.tap(phone.button("Sign out", "footer"))
    until(lambda: "Pass phrase" in phone.text(), 5)
    assert violations() == []
