"""The pages as a browser shows them: at every width, in both themes."""

import re

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

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
    browser.driver.find_element(By.CSS_SELECTOR, ".lines mark")
    assert "1 post found" in browser.driver.find_element(By.TAG_NAME, "main").text


def test_a_fresh_page_is_not_called_old(browser, url):
    browser.look(url("front"), 390)
    aged = browser.driver.find_element(By.CLASS_NAME, "aged")
    assert not aged.is_displayed()
