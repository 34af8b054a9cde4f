"""Fixtures of the browser tests: Chromium, axe-core, a statusd with a past."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))
sys.path.insert(0, str(HERE))

from mg.place import Place  # noqa: E402
from story import tell  # noqa: E402

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic",
         "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync",
         "--disable-default-apps", "--hide-scrollbars"]


@pytest.fixture(scope="session")
def build():
    return pathlib.Path(os.environ.get("MG_BUILD", HERE.parents[1] / "build"))


@pytest.fixture(scope="session")
def modules(build):
    """The folder of node modules, of the versions that the lock file names."""
    node = build / "node"
    lock = (HERE / "package-lock.json").read_text()
    done = node / "done.json"
    if not (done.exists() and done.read_text() == lock):
        node.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, node / name)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                       cwd=node, check=True, timeout=180)
        done.write_text(lock)
    return node / "node_modules"


@pytest.fixture(scope="session")
def axe(modules):
    """The text of axe-core."""
    return (modules / "axe-core/axe.min.js").read_text()


class Browser:
    """One window, seen at any width and in either theme."""

    def __init__(self, driver):
        self.driver = driver

    def look(self, url, width=1280, theme="light"):
        """Open the page as a screen of that width would show it."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": theme}]})
        self._size(width, 900)
        self.driver.get(url)

    def _size(self, width, height):
        self.width = width
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1,
            "mobile": width < 600})

    def run(self, script, *args):
        return self.driver.execute_script(script, *args)

    def screenshot(self, path):
        """The whole page."""
        height = self.run("return document.documentElement.scrollHeight")
        self._size(self.width, min(height, 6000))
        self.driver.save_screenshot(str(path))

    def messages(self):
        """What the console said since the last call."""
        return [m["message"] for m in self.driver.get_log("browser")]


@pytest.fixture(scope="session")
def browser():
    home = tempfile.mkdtemp(prefix="mailglance-browser-")
    options = webdriver.ChromeOptions()
    for flag in [*FLAGS, "--user-data-dir=" + home]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    try:
        yield Browser(driver)
    finally:
        driver.quit()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def story():
    """A statusd that has seen a few things; story.pages names its pages."""
    with Place() as place:
        yield tell(place)


@pytest.fixture(scope="session")
def screenshots(build):
    """Where pictures of the pages are kept."""
    folder = build / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def violations(browser, axe):
    """violations(): what axe-core finds in the page that is open."""
    def find():
        browser.run(axe)
        found = browser.driver.execute_async_script(
            "const done = arguments[0];"
            "axe.run(document, {resultTypes: ['violations']})"
            ".then(r => done(r.violations), e => done([{id: String(e), nodes: []}]));")
        return [f"{v['id']}: {json.dumps([n['html'] for n in v['nodes']])[:400]}"
                for v in found]
    return find
