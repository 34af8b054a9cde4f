"""The pages as a browser shows them: at every width, in both themes."""

import re

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from mg.wait import until

KINDS = ["front", "post", "resolved", "month", "system", "maintenance", "search",
         "list", "category", "tag", "reports", "glance", "quiet-system",
         "found", "nothing-found", "not-found"]
THEMES = ["light", "dark"]


@pytest.fixture
def url(story):
    """url(kind): the address of a page of that kind."""
    def of(kind):
        path = story.pages.get(kind)
        if path is None:
            words = {"post": "New name servers", "resolved": "Web sites cannot"}[kind]
            front = story.statusd.get()
            path = re.search(r'href="(/\d{4}/\d\d/\d\d/[^"]+)">[^<]*' + words, front)[1]
        return story.statusd.url + path
    return of


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_sticks_out(browser, url, kind):
    for width in (320, 390, 600, 768, 1280, 1920):
        browser.look(url(kind), width)
        seen = browser.run("return document.documentElement.scrollWidth")
        assert seen <= width, f"{kind} is {seen} px wide on a screen of {width} px"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("theme", THEMES)
def test_pictures_are_kept(browser, url, screenshots, kind, theme):
    for width in (390, 1280):
        browser.look(url(kind), width, theme)
        picture = screenshots / f"{kind}-{width}-{theme}.png"
        browser.screenshot(picture)
        assert picture.stat().st_size > 3000


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing(browser, url, violations, kind, theme):
    for width in (390, 1280):
        browser.look(url(kind), width, theme)
        assert violations() == [], f"{kind}, {width} px, {theme}"


@pytest.mark.parametrize("kind", KINDS)
def test_loads_only_from_its_own_host(browser, url, story, kind):
    browser.messages()
    browser.look(url(kind))
    loaded = browser.run("return performance.getEntriesByType('resource').map(e => e.name)")
    assert all(name.startswith(story.statusd.url + "/") for name in loaded), loaded
    scripts = browser.run("return [...document.scripts].map(s => s.src)")
    assert all(s.startswith(story.statusd.url + "/here-") for s in scripts), scripts
    said = [m for m in browser.messages() if "404" not in m or kind != "not-found"]
    assert said == []


def test_themes_differ(browser, url):
    grounds = []
    for theme in THEMES:
        browser.look(url("front"), 390, theme)
        grounds.append(browser.run(
            "return getComputedStyle(document.body).backgroundColor"))
    assert grounds[0] != grounds[1]


def test_first_tab_skips_to_the_content(browser, url):
    browser.look(url("front"), 390)
    browser.driver.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    link = browser.driver.switch_to.active_element
    assert link.get_attribute("class") == "skip"
    assert link.rect["y"] >= 0
    assert browser.run("return getComputedStyle(arguments[0]).outlineStyle", link) != "none"
    link.send_keys(Keys.ENTER)
    assert browser.driver.current_url.endswith("#main")


def test_each_state_has_words(browser, url):
    browser.look(url("front"), 1280)
    cells = [c.text for c in browser.driver.find_elements(By.CSS_SELECTOR, "td.state")]
    assert len(cells) == 8
    assert all(cells)
    assert cells[-1] == "internal"
    assert "Unknown" in cells


def test_a_phone_shows_cards(browser, url):
    browser.look(url("front"), 390)
    rows = browser.driver.find_elements(By.CSS_SELECTOR, "tbody tr")
    assert len(rows) == 8
    for row in rows:
        code = row.find_element(By.TAG_NAME, "th").rect
        state = row.find_element(By.CSS_SELECTOR, ".state").rect
        place = row.find_element(By.CSS_SELECTOR, ".place").rect
        assert state["x"] > code["x"]
        assert state["x"] + state["width"] <= 390
        assert place["y"] > code["y"]


def test_words_are_found(browser, url):
    browser.look(url("search"), 390)
    box = browser.driver.find_element(By.NAME, "q")
    box.send_keys("memory module" + Keys.ENTER)
    until(lambda: browser.driver.find_elements(By.CSS_SELECTOR, ".lines mark"), 10,
          "the words are marked")
    assert "1 post found" in browser.driver.find_element(By.TAG_NAME, "main").text


@pytest.fixture
def kolkata(browser):
    """A reader in another zone than the page's."""
    zone = "Emulation.setTimezoneOverride"
    browser.driver.execute_cdp_cmd(zone, {"timezoneId": "Asia/Kolkata"})
    yield
    browser.driver.execute_cdp_cmd(zone, {"timezoneId": ""})


def test_the_readers_own_time_stands_beside(browser, url, kolkata):
    for width in (320, 390, 1280):
        browser.look(url("front"), width)
        foot = browser.driver.find_element(By.CLASS_NAME, "zone").text
        assert foot.startswith("All times are UTC. Your own time, Asia/")
        now = browser.driver.find_element(By.CSS_SELECTOR, ".asof").text
        at = re.search(r"(\d\d):(\d\d):\d\d UTC \(.*?(\d\d):(\d\d) GMT\+5:30\)", now)
        assert at, now
        h, m, there, minutes = map(int, at.groups())
        assert (h * 60 + m + 330) % 1440 == there * 60 + minutes
        seen = browser.run("return document.documentElement.scrollWidth")
        assert seen <= width
    cell = browser.driver.find_element(By.CSS_SELECTOR, "td.verified time")
    assert "GMT+5:30" in cell.get_attribute("title")


def test_without_scripts_nothing_is_lost(browser, url):
    browser.look(url("front"), 390)
    with_it = browser.driver.find_element(By.TAG_NAME, "main").text
    off = "Emulation.setScriptExecutionDisabled"
    browser.driver.execute_cdp_cmd(off, {"value": True})
    try:
        browser.look(url("front"), 390)
        without = browser.driver.find_element(By.TAG_NAME, "main").text
        foot = browser.driver.find_element(By.CLASS_NAME, "zone").text
    finally:
        browser.driver.execute_cdp_cmd(off, {"value": False})
    clock = re.compile(r"\d\d:\d\d:\d\d")
    assert clock.sub("", without) == clock.sub("", re.sub(r" \(.*?GMT.*?\)", "", with_it))
    assert foot == "All times are UTC."


def test_right_to_left_and_print(browser, url):
    """Mirrored, and on paper: nothing sticks out, nothing is cut off."""
    for kind in ("front", "system", "long", "reports"):
        for width in (390, 1280):
            browser.look(url(kind) if kind != "long" else url("resolved"), width)
            browser.run("document.documentElement.dir = 'rtl'")
            seen = browser.run("return document.documentElement.scrollWidth")
            assert seen <= width, kind
    browser.look(url("front"), 800)
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert not browser.driver.find_element(By.TAG_NAME, "nav").is_displayed()
        assert browser.driver.find_element(By.CSS_SELECTOR, ".summary h1").is_displayed()
        assert browser.run("return getComputedStyle(document.body).backgroundColor") \
            == "rgb(255, 255, 255)"
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_a_fresh_page_is_not_called_old(browser, url):
    browser.look(url("front"), 390)
    aged = browser.driver.find_element(By.CLASS_NAME, "aged")
    assert not aged.is_displayed()
