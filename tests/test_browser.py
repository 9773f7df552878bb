"""The page in a real browser: what can only be seen there. Needs Playwright and any Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conftest import QUESTION
from proofolio.server.app import make_app
from proofolio.server.run import listen
from proofolio.workflows import Portfolio

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow
ARGUMENTS = ["--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--no-first-run"]  # fmt: skip
WIDTHS = (360, 820, 1380)


def chromium() -> str | None:
    """A Chromium of the system, or the one that Playwright keeps."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"):
        if found := shutil.which(name):
            return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None and not os.environ.get("CI"):
        pytest.skip("no Chromium is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        started.close()


def served(portfolio: Portfolio) -> Iterator[str]:
    import uvicorn

    with listen("127.0.0.1", 0) as taken:
        server = uvicorn.Server(uvicorn.Config(make_app(portfolio, "churn"), log_level="warning"))
        thread = threading.Thread(target=server.run, args=([taken],), daemon=True)
        thread.start()
        port = taken.getsockname()[1]
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join(timeout=10)


def wait_for(port: int) -> None:
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nothing answers on port {port}")


@pytest.fixture(scope="module")
def site(compiled: Portfolio) -> Iterator[str]:
    yield from served(compiled)


@pytest.fixture(scope="module")
def hostile_site(compiled_hostile: Portfolio) -> Iterator[str]:
    yield from served(compiled_hostile)


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    width = getattr(request, "param", 1380)
    opened = browser.new_page(viewport={"width": width, "height": 800})
    yield opened
    opened.context.close()


def in_view(page: Page, selector: str) -> bool:
    """Whether the first such element of the evidence frame lies inside the frame's window."""
    frame = page.frame(name="evidence")
    assert frame is not None
    box = "e => { const b = e.getBoundingClientRect(); return b.top >= 0 && b.bottom <= innerHeight; }"
    return bool(frame.locator(selector).first.evaluate(box))


def ask(page: Page, question: str) -> None:
    page.get_by_role("searchbox").fill(question)
    page.get_by_role("button", name="Ask").click()
    page.wait_for_load_state("networkidle")


def test_a_visitor_asks_follows_a_citation_and_asks_on(page: Page, site: str) -> None:
    page.goto(site)
    assert page.evaluate("document.activeElement.id") == "q", "one can type at once"
    ask(page, QUESTION)
    assert page.get_by_role("heading", level=1).inner_text() == QUESTION
    assert in_view(page, "tr.cited"), "the first citation is open, at its line"
    before = page.evaluate("scrollY")
    chip = page.locator(".chip").last
    label = chip.inner_text()
    chip.click()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(200)
    frame = page.frame(name="evidence")
    assert frame is not None
    assert frame.get_by_role("heading", level=1).inner_text() in label
    assert in_view(page, "tr.cited")
    assert before == 0
    chip.scroll_into_view_if_needed()
    ask(page, "Why did you do it that way?")
    turns = page.get_by_role("navigation", name="Earlier in this conversation")
    assert turns.get_by_role("link", name=QUESTION).is_visible()
    turns.get_by_role("link", name="Start afresh").click()
    assert page.get_by_role("heading", name="Start anywhere").is_visible()


@pytest.mark.parametrize("page", WIDTHS, indirect=True)
def test_following_a_citation_does_not_move_the_answer(page: Page, site: str) -> None:
    page.goto(f"{site}/?q={QUESTION}")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("scrollY") == 0
    page.evaluate("scrollTo(0, 60)")
    before = page.evaluate("scrollY")
    for chip in page.locator(".chip").all()[:3]:
        address = chip.get_attribute("href")
        page.evaluate("address => frames['evidence'].location = address", address)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(150)
        assert page.evaluate("scrollY") == before
        assert in_view(page, "tr.cited")


@pytest.mark.parametrize("page", WIDTHS, indirect=True)
@pytest.mark.parametrize("path", ["/", f"/?q={QUESTION}", "/?q=Show+me+the+SHAP+summary+plot", "/nothing"])
def test_nothing_is_wider_than_the_window(page: Page, site: str, path: str) -> None:
    page.goto(f"{site}{path}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    frame = page.frame(name="evidence")
    if frame is not None:
        frame.wait_for_load_state()
        assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("path", ["/", f"/?q={QUESTION}&h=How+do+you+explain+the+model%3F", "/nothing"])
def test_everything_can_be_reached_by_keyboard_and_shows_where_one_is(
    page: Page, site: str, path: str
) -> None:
    page.goto(f"{site}{path}")
    wanted = page.locator("a[href], button, input:not([type=hidden])").count()
    reached = set()
    page.evaluate("document.activeElement.blur()")
    for _ in range(3 * wanted + 10):
        page.keyboard.press("Tab")
        where = page.evaluate(
            "() => { const e = document.activeElement; if (e === document.body || e.tagName === 'IFRAME') return null;"
            " const all = [...document.querySelectorAll('a[href], button, input:not([type=hidden])')];"
            " return [all.indexOf(e), getComputedStyle(e).outlineStyle]; }"
        )
        if where is not None and where[0] >= 0:
            reached.add(where[0])
            assert where[1] != "none", "the focus is visible"
    assert len(reached) == wanted


def test_the_page_has_its_landmarks_and_names(page: Page, site: str) -> None:
    page.goto(f"{site}/?q={QUESTION}")
    for role in ("banner", "search", "main", "contentinfo", "complementary", "article"):
        assert page.get_by_role(role).count() == 1, role
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("img:not([alt])").count() == 0
    assert page.locator("iframe:not([title])").count() == 0
    assert page.get_by_label("Ask a follow-up, or something else").count() == 1
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_plot_is_drawn(page: Page, site: str) -> None:
    page.goto(f"{site}/?q=Show+me+the+SHAP+summary+plot")
    page.wait_for_load_state("networkidle")
    assert page.locator("figure img").first.evaluate("e => e.naturalWidth") == 240


def test_dark_is_dark(browser: Browser, site: str) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
        page.goto(site)
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.context.close()
    assert grounds == ["rgb(250, 248, 244)", "rgb(21, 20, 18)"]


def test_a_hostile_portfolio_runs_and_requests_nothing(page: Page, hostile_site: str) -> None:
    requested: list[str] = []
    alerts: list[str] = []
    page.on("request", lambda r: requested.append(r.url))
    page.on("dialog", lambda d: (alerts.append(d.message), d.dismiss()))
    page.goto(f"{hostile_site}/?q={QUESTION}")
    page.wait_for_load_state("networkidle")
    for address in [c.get_attribute("href") for c in page.locator(".chip").all()]:
        page.goto(f"{hostile_site}{address}")
        page.wait_for_load_state("networkidle")
    page.goto(f"{hostile_site}/cite?source=hostile&path=plots/roc_curve.svg&start=1&end=1")
    page.wait_for_load_state("networkidle")
    picture = page.locator("figure a").get_attribute("href")
    page.goto(f"{hostile_site}{picture}")
    page.wait_for_load_state("networkidle")
    assert alerts == []
    assert requested
    assert all(url.startswith(hostile_site) for url in requested)
