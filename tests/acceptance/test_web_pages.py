"""The pages in a real browser: by keyboard, in Japanese, on a phone, in the dark, for everybody."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tagd.ops.access import Access
from tests.acceptance.home import Home
from tests.photos import cat, coffee
from tests.support import wait_until
from tests.web import ANIMAL, CAT, DOG, ESPRESSO, Site, fill, served

CHROMIUM = shutil.which("chromium")
PHOTOS = 90

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None and "CI" not in os.environ, reason="chromium is not installed"
    ),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two pages of cats, the least sure first by their names, an espresso and a dog."""
    home = Home(tmp_path_factory.mktemp("pages") / "home")
    cats = {
        f"cat {number:02}.jpg": (
            cat().crop((number, 0, number + 300, 200 + number)),
            {CAT: 0.5 + number / 200, ANIMAL: 0.96},
        )
        for number in range(PHOTOS)
    }
    dog = cat().rotate(180)
    fill(home, {**cats, "coffee.jpg": (coffee(), {ESPRESSO: 0.97}), "dog.jpg": (dog, {DOG: 0.7})})
    with served(home) as site:
        yield site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # The tests may run as root, whom Chromium's own sandbox refuses.
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@pytest.fixture
def page(site: Site, browser: Browser) -> Iterator[Page]:
    with opened(site, browser) as page:
        yield page


class opened:  # noqa: N801  read as a verb
    """A browser that has come in by a link; nothing in it may fail, or ask elsewhere."""

    def __init__(self, site: Site, browser: Browser, **options: Any) -> None:
        wanted = {"viewport": {"width": 1440, "height": 900}, "locale": "en-GB", **options}
        self._context: BrowserContext = browser.new_context(base_url=site.base, **wanted)
        self._link = Access.of(site.home.database).add_link()
        self._base = site.base
        self.faults: list[str] = []

    def __enter__(self) -> Page:
        page = self._context.new_page()
        page.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on(
            "console", lambda said: self.faults.append(said.text) if said.type == "error" else None
        )
        page.on("request", self._note)
        page.goto(f"/open/{self._link}")
        page.wait_for_url(f"{self._base}/")
        return page

    def __exit__(self, kind: object, *_: object) -> None:
        self._context.close()
        assert kind is not None or self.faults == []

    def _note(self, request: Any) -> None:
        if not request.url.startswith((self._base, "data:")):
            self.faults.append(f"asks elsewhere: {request.url}")


def judged(site: Site, state: str) -> int:
    """Photos in which a person found `cat` right or wrong."""
    [(found,)] = site.home.rows(
        """SELECT count(DISTINCT tag.photo_id) FROM tag JOIN label ON label.id = tag.label_id
           WHERE label.key = ? AND tag.state = ?""",
        CAT,
        state,
    )
    return int(found)


def undo(page: Page) -> None:
    page.keyboard.press("u")
    expect(page.locator("#told")).to_contain_text("undone")


def test_the_wall_goes_on_to_its_end_and_leads_to_photos(page: Page) -> None:
    tiles = page.locator("a.tile")
    expect(tiles).to_have_count(60)
    for _ in range(40):
        page.mouse.wheel(0, 4000)
        if tiles.count() == PHOTOS + 2:
            break
        page.wait_for_timeout(50)
    expect(tiles).to_have_count(PHOTOS + 2)
    loaded = "[...document.images].every((image) => !image.complete || image.naturalWidth > 0)"
    assert page.evaluate(loaded)
    page.keyboard.press("/")
    page.keyboard.type("espr")
    expect(page.locator("#completions [role=option]")).to_have_text(["espresso1"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(tiles).to_have_count(1)
    tiles.first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("coffee.jpg")


def test_a_photo_is_judged_and_left_by_keys(page: Page, site: Site) -> None:
    page.goto("/?q=cat")
    page.locator("a.tile").nth(1).click()
    first = page.locator("h1").inner_text()
    expect(page.locator("a[rel=next]")).to_be_visible()  # until then nobody knows the neighbours
    page.keyboard.press("ArrowRight")
    expect(page.locator("h1")).not_to_have_text(first)
    expect(page.locator("a[rel=prev]")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("h1")).to_have_text(first)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("r")
    expect(page.locator(".tag.rejected").first).to_be_visible()
    assert "rejected" in site.tags(first).values()
    undo(page)
    wait_until(lambda: set(site.tags(first).values()) == {"active"}, what="undone")
    page.keyboard.press("a")
    page.keyboard.type("Minka")
    page.keyboard.press("Enter")
    expect(page.locator(".tag", has_text="Minka")).to_be_visible()
    assert site.tags(first)["Minka"] == "active"
    page.keyboard.press("Escape")
    page.wait_for_url("**/?q=cat")
    undo(page)
    wait_until(lambda: "Minka" not in site.tags(first), what="undone")


def test_many_are_selected_and_corrected_at_once(page: Page, site: Site) -> None:
    page.goto("/?q=cat")
    tiles = page.locator("a.tile")
    tiles.nth(2).hover()
    tiles.nth(2).locator(".pick").click()
    tiles.nth(6).click(modifiers=["Shift"])
    expect(page.locator("#selection [data-count]")).to_have_text("5 selected")
    page.keyboard.press("t")
    page.keyboard.type("cat")
    page.locator('[data-action="reject"]').click()
    expect(page.locator("#told")).to_contain_text("cat: 5 photos")
    assert judged(site, "rejected") == 5
    page.goto("/tags")  # and the way back is there still
    page.get_by_role("button", name="undo").click()
    wait_until(lambda: judged(site, "rejected") == 0, what="undone")


def test_forty_photos_are_reviewed_by_the_keyboard_alone(page: Page, site: Site) -> None:
    page.goto(f"/review/{CAT}")
    expect(page.locator(".doubt")).to_have_count(40)
    assert page.locator(".doubt span").first.inner_text() == "50%", "the least sure first"
    for key in ("x", "ArrowRight", "ArrowRight", "x", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#told")).to_contain_text("2 wrong, 38 right")
    assert (judged(site, "rejected"), judged(site, "confirmed")) == (2, 38)
    expect(page.locator("[data-standing]")).to_contain_text("40 looked at, 95% right")
    undo(page)
    wait_until(lambda: judged(site, "rejected") + judged(site, "confirmed") == 0, what="undone")


def test_how_things_stand_comes_by_itself(page: Page) -> None:
    page.goto("/status")
    expect(page.locator('[data-figure="tagged"]')).to_have_text(str(PHOTOS + 2))
    expect(page.locator(".plot polyline")).to_have_attribute("points", re.compile(r"\d"))


@pytest.mark.parametrize(
    "options",
    [
        {"viewport": {"width": 375, "height": 760}, "locale": "ja-JP", "color_scheme": "dark"},
        {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
        {"viewport": {"width": 375, "height": 760}},
    ],
    ids=["Japanese, a phone in the dark", "wide, in the dark", "a phone"],
)
def test_every_page_is_for_everybody(
    site: Site, browser: Browser, options: dict[str, Any], tmp_path: Path
) -> None:
    """axe-core finds nothing serious, and nothing is wider than the screen."""
    del tmp_path
    photo = site.photo_id("coffee.jpg")
    with opened(site, browser, **options) as page:
        for path in (
            "/",
            f"/photo/{photo}",
            "/review",
            f"/review/{CAT}",
            "/tags",
            "/status",
            "/?q=xyzzy",
        ):
            page.goto(path)
            page.wait_for_load_state("load")
            found = Axe().run(page).response["violations"]
            serious = [each for each in found if each["impact"] in ("serious", "critical")]
            assert [(each["id"], each["nodes"][0]["html"]) for each in serious] == [], path
            wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert page.evaluate(wide) <= 0, path
            is_japanese = page.locator("html").get_attribute("lang") == "ja"
            assert is_japanese == (options.get("locale") == "ja-JP")
        page.goto("/tags")
        heading = "タグ" if options.get("locale") == "ja-JP" else "tags"
        expect(page.locator("main h1")).to_have_text(heading)
