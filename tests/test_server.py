"""The page over HTTP: what it shows, what it refuses, and that candidate content stays content."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse

from conftest import NASTY_NAME, QUESTION, SCRIPT, SECRET, TRAIN, write
from proofolio.rendering.clean import clean
from proofolio.server.app import make_app
from proofolio.server.guard import CSP, Guard
from proofolio.server.pages import Pages, ask_link
from proofolio.server.run import listen, local_names, title_of
from proofolio.settings import Settings
from proofolio.workflows import Portfolio, open_compiled

CSS = Path(__file__).parents[1] / "src/proofolio/server/static/page.css"


@pytest.fixture(scope="module")
def web(compiled: Portfolio) -> Iterator[TestClient]:
    with TestClient(make_app(compiled, "Churn & more"), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def hostile_web(compiled_hostile: Portfolio) -> Iterator[TestClient]:
    with TestClient(make_app(compiled_hostile, f"Mallory {SCRIPT}")) as client:
        yield client


def chips(page: str) -> list[tuple[str, str]]:
    """(address, label) of each citation on a page."""
    found = re.findall(r'<a class="chip" target="evidence" href="([^"]+)">([^<]+)</a>', page)
    return [(html.unescape(address), html.unescape(label)) for address, label in found]


# --- the way of a visitor ----------------------------------------------------------------------------


def test_the_start_offers_questions_that_the_portfolio_can_answer(web: TestClient) -> None:
    page = web.get("/").text
    assert "<title>Churn &amp; more" in page
    offered = [html.unescape(a) for a in re.findall(r'<li><a href="(/\?q=[^"]+)">', page)]
    assert offered
    assert 'class="statement' in web.get(offered[0]).text
    assert "churn</strong> git repository at <code>" in page


def test_an_answer_links_each_citation_to_its_code(web: TestClient) -> None:
    page = web.get("/", params={"q": QUESTION}).text
    assert f'<h1 id="asked">{QUESTION}</h1>' in page
    found = chips(page)
    assert found
    assert re.search(r'<iframe name="evidence" title="[^"]+" src="/cite\?', page)
    for address, label in found:
        shown = web.get(address)
        assert shown.status_code == 200
        line = re.search(r"#L(\d+)$", address)
        assert line and f'<tr id="L{line[1]}" class="cited">' in shown.text, label
        assert label.partition("@")[2] in shown.text, "the commit is named"


def test_cited_code_is_the_code_of_the_file(web: TestClient) -> None:
    shown = web.get("/cite", params={"source": "churn", "path": "src/train.py", "start": 10, "end": 11}).text
    cited = re.findall(r'class="cited"><th scope="row">(\d+)</th><td><pre>(.*?)</pre>', shown)
    assert [int(number) for number, _ in cited] == [10, 11]
    text = [html.unescape(re.sub(r"<[^>]+>", "", line)) for _, line in cited]
    assert text == TRAIN.split("\n")[9:11]
    assert '<span class="t-' in shown


def test_a_follow_up_carries_the_conversation_in_hidden_fields(web: TestClient, compiled: Portfolio) -> None:
    first = web.get("/", params={"q": QUESTION}).text
    assert re.findall(r'<input type="hidden" name="h" value="([^"]*)">', first) == [QUESTION]
    follow_up = "Why did you do it that way?"
    second = web.get("/", params={"q": follow_up, "h": QUESTION}).text
    assert re.findall(r'<input type="hidden" name="h" value="([^"]*)">', second) == [QUESTION, follow_up]
    assert f'href="{html.escape(ask_link(QUESTION))}"' in second, (
        "the earlier question leads back to its answer"
    )
    together = web.get("/api/ask", params={"question": follow_up, "before": QUESTION}).json()
    alone = web.get("/api/ask", params={"question": follow_up}).json()
    assert together["topics"] == compiled.ask(QUESTION).to_json()["topics"] != alone["topics"]


def test_only_the_last_questions_of_a_conversation_are_kept(web: TestClient) -> None:
    earlier = [f"Question number {n}?" for n in range(9)]
    page = web.get("/", params={"q": QUESTION, "h": earlier}).text
    kept = re.findall(r'name="h" value="([^"]*)"', page)
    assert kept == [*earlier[-3:], QUESTION]


def test_plots_and_pictures_are_shown_with_their_alternative_text(web: TestClient) -> None:
    page = web.get("/", params={"q": "Show me the SHAP summary plot"}).text
    address = re.search(r'<img src="(/figure/\d+)" alt="([^"]*SHAP[^"]*)">', page)
    assert address
    picture = web.get(address[1])
    assert (picture.headers["content-type"], picture.content[:4]) == ("image/png", b"\x89PNG")
    curve = web.get("/", params={"q": "Show me the ROC curve"}).text
    assert re.search(r'<img src="/figure/\d+" alt="ROC curve of the final model">', curve)


def test_a_cited_cell_shows_its_plot_and_a_cited_picture_itself(web: TestClient, compiled: Portfolio) -> None:
    notebook = compiled.document("churn", "notebooks/explain.ipynb")
    assert notebook is not None
    line = notebook.cells[1].start
    cell = web.get(
        "/cite", params={"source": "churn", "path": "notebooks/explain.ipynb", "start": line, "end": line}
    ).text
    assert re.search(r'<img src="/figure/\d+"', cell)
    assert "cell 1 at commit" in cell
    picture = web.get(
        "/cite", params={"source": "churn", "path": "plots/roc_curve.png", "start": 1, "end": 1}
    ).text
    assert re.search(r'<img src="/figure/\d+"', picture)


def test_a_diagram_is_shown_as_its_text(web: TestClient) -> None:
    page = web.get("/", params={"q": "Show me the diagram of how the data flows"}).text
    diagram = re.search(r'<pre class="diagram"[^>]*>(.*?)</pre>', page, re.DOTALL)
    assert diagram
    assert html.unescape(diagram[1]).startswith("flowchart LR\n  raw[Raw customers] --> features[Features]")


# --- what is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("question", "said"), [("🙂🙃", "no words"), ("x" * 20_000, "20,000 characters")])
def test_a_question_that_cannot_be_asked_is_a_page_that_says_so(
    web: TestClient, question: str, said: str
) -> None:
    page = web.get("/", params={"q": question})
    assert page.status_code == 400
    assert re.search(rf'<p role="alert">[^<]*{said}', page.text)
    assert 'name="q"' in page.text
    assert len(page.text) < 10_000


@pytest.mark.parametrize("path", [
    "/nothing", "/static/nothing.css", "/static/../app.py", "/static/%2e%2e/app.py", "/figure/999999", "/figure/x",
    "/figure/..%2f..%2fetc%2fpasswd", "/figure/99999999999999999999999999", "/figure/-1", "/docs",
])  # fmt: skip
def test_an_address_that_leads_nowhere_is_a_plain_404(web: TestClient, path: str) -> None:
    page = web.get(path)
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"] == CSP
    assert "That did not work" in page.text


@pytest.mark.parametrize("path", [
    "/etc/passwd", "../../../../etc/passwd", "src/../../../etc/passwd", "file:///etc/passwd", ".git/config",
    "src/train.py\x00", "src/no_such.py", "", "./src/train.py",
])  # fmt: skip
def test_a_path_reaches_nothing_but_the_documents_of_the_dossier(web: TestClient, path: str) -> None:
    page = web.get("/cite", params={"source": "churn", "path": path, "start": 1, "end": 1})
    assert page.status_code == 404
    assert "root:" not in page.text


@pytest.mark.parametrize(("start", "end", "status"), [
    (0, 1, 400), (-1, 1, 400), ("x", 1, 400), (1, 10**30, 400), (3, 2, 404), (9_999, 9_999, 404), (1, 9_999, 404),
])  # fmt: skip
def test_lines_that_do_not_exist_are_refused(
    web: TestClient, start: object, end: object, status: int
) -> None:
    query = urlencode({"source": "churn", "path": "src/train.py", "start": start, "end": end})
    assert web.get(f"/cite?{query}").status_code == status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/", "/cite", "/figure/1"])
def test_nothing_can_be_written(web: TestClient, method: str, path: str) -> None:
    page = web.request(method, path)
    assert page.status_code == 405
    assert "can only be read" in page.text
    assert "GET" in page.headers["allow"]


@pytest.mark.parametrize(
    "path", ["/", f"/?q={quote(QUESTION)}", "/static/page.css", "/healthz", "/openapi.json", "/nothing"]
)
def test_head_is_get_without_a_body(web: TestClient, path: str) -> None:
    head, get = web.head(path), web.get(path)
    assert head.status_code == get.status_code
    assert head.content == b""
    assert head.headers["content-type"] == get.headers["content-type"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_guard_sends_no_body_for_head(method: str) -> None:
    """At the ASGI level: a test client drops such a body by itself."""
    sent: list[dict[str, object]] = []

    async def exchange() -> None:
        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": b""}

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        scope = {"type": "http", "method": method, "path": "/", "headers": [], "query_string": b""}
        await Guard(PlainTextResponse("hello"))(scope, receive, send)  # type: ignore[arg-type]

    asyncio.run(exchange())
    assert b"".join(bytes(m.get("body", b"")) for m in sent) == (b"hello" if method == "GET" else b"")  # type: ignore[call-overload]
    assert (b"content-length", b"5") in sent[0]["headers"]  # type: ignore[operator]


def test_the_programs_door_answers_and_complains_in_json(web: TestClient) -> None:
    answer = web.get("/api/ask", params={"question": QUESTION}).json()
    assert answer["question"] == QUESTION
    assert answer["statements"]
    for query in ({"question": " "}, {}, {"question": "y" * 20_001}):
        problem = web.get("/api/ask", params=query)
        assert problem.status_code == 400
        assert problem.headers["content-type"] == "application/problem+json"
        assert problem.json()["status"] == 400
    assert web.get("/api/nothing").json()["status"] == 404
    assert "/api/ask" in web.get("/openapi.json").json()["paths"]
    assert web.get("/healthz").text == "ok\n"


def test_a_fault_is_a_plain_page_without_details(web: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: object) -> None:
        raise KeyError(SECRET)

    monkeypatch.setattr(Pages, "start", fault)
    page = web.get("/")
    assert page.status_code == 500
    assert page.headers["content-security-policy"] == CSP
    assert SECRET not in page.text
    assert "KeyError" not in page.text


# --- candidate content stays content -----------------------------------------------------------------


def test_every_page_forbids_scripts_and_strangers(web: TestClient) -> None:
    for path in ("/", f"/?q={quote(QUESTION)}", "/nothing", "/static/page.css", "/healthz"):
        headers = web.get(path).headers
        assert headers["content-security-policy"] == CSP
        assert "script" not in CSP
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert not re.search(r"<script|\son\w+=|style=|https?://(?!127)", web.get(path).text)


def test_markup_of_the_candidate_is_text_on_every_page(hostile_web: TestClient) -> None:
    start = hostile_web.get("/").text
    asked = hostile_web.get("/", params={"q": f"How did you validate the model? {SCRIPT}"}).text
    pages = [start, asked, *(hostile_web.get(address).text for address, _ in chips(asked))]
    readme = hostile_web.get(
        "/cite", params={"source": "hostile", "path": "README.md", "start": 1, "end": 4}
    ).text
    nasty = hostile_web.get(
        "/cite", params={"source": "hostile", "path": f"src/{NASTY_NAME}", "start": 1, "end": 3}
    )
    assert nasty.status_code == 200
    app = hostile_web.get(
        "/cite", params={"source": "hostile", "path": "src/app.py", "start": 20, "end": 20}
    ).text
    for page in (*pages, readme, nasty.text, app):
        assert "<script" not in page
        assert "<img src=x" not in page
        assert "onerror=alert(1)>" not in page
        assert clean(page) == page, "no escapes, no direction overrides"
        assert not re.search(r'(?:src|href)="(?!/|#)', page), "nothing leads elsewhere"
    assert "&lt;script&gt;alert" in readme.replace('</span><span class="t-nt">', "")
    assert "u001b" in app
    assert len(chips(asked)) > 0


def test_a_question_is_text_on_its_page(web: TestClient) -> None:
    page = web.get("/", params={"q": f'model "><script>alert(1)</script> {chr(0x202E)}', "h": '"><b>x'}).text
    assert "<script" not in page
    assert "<b>x" not in page
    assert chr(0x202E) not in page


def test_an_svg_may_not_run_or_load_anything(hostile_web: TestClient, compiled_hostile: Portfolio) -> None:
    [key] = [key for key, figure in compiled_hostile.figures() if figure.path.endswith(".svg")]
    picture = hostile_web.get(f"/figure/{key}")
    assert picture.headers["content-type"].startswith("image/svg+xml")
    policy = picture.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert policy.endswith("sandbox")
    assert picture.headers["x-content-type-options"] == "nosniff"


def test_a_secret_is_on_no_page(web: TestClient) -> None:
    shown = web.get("/cite", params={"source": "churn", "path": "src/settings.py", "start": 1, "end": 4}).text
    assert SECRET not in shown
    assert "AWS_ACCESS_KEY_ID" in shown
    assert SECRET not in web.get("/", params={"q": "What is the AWS_ACCESS_KEY_ID?"}).text


# --- the server itself -------------------------------------------------------------------------------


def test_a_server_for_this_machine_refuses_other_names(compiled: Portfolio) -> None:
    app = make_app(compiled, "x", hosts=local_names("127.0.0.1"))
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/healthz", headers={"host": "localhost:8000"}).status_code == 200
        assert client.get("/healthz", headers={"host": "[::1]:8000"}).status_code == 200
        for stranger in ("evil.example", "127.0.0.1.evil.example", "", "[", "localhost@evil.example"):
            refused = client.get("/", headers={"host": stranger})
            assert refused.status_code == 421, stranger
            assert "churn" not in refused.text
    assert local_names("0.0.0.0") == frozenset()
    assert local_names("example.org") == frozenset()


def test_a_port_is_found_and_a_wrong_host_is_told() -> None:
    from proofolio.core.errors import UsageError

    with listen("127.0.0.1", 0) as taken:
        assert taken.getsockname()[1] > 0
    with pytest.raises(UsageError, match="no address to listen on"), listen("not a host", 0):
        pass


def test_the_title_is_the_candidate_or_the_portfolio(compiled: Portfolio, churn: Path) -> None:
    assert title_of(compiled, f"{churn}/") == "churn"


def test_a_recompile_shows_at_the_next_question(tmp_path: Path) -> None:
    root = write(tmp_path / "work", {"src/train.py": TRAIN})
    settings = Settings(cache=str(tmp_path / "cache"), encoder="none")
    with open_compiled(str(root), settings) as opened, TestClient(make_app(opened, "work")) as client:
        before = chips(client.get("/", params={"q": QUESTION}).text)
        write(root, {"src/train.py": "# moved down\n" * 20 + TRAIN})
        open_compiled(str(root), settings).close()
        after = chips(client.get("/", params={"q": QUESTION}).text)
        assert [label for _, label in after] != [label for _, label in before]
        shown = client.get(after[0][0]).text
        assert re.search(r'class="cited">.*?(?:train_test_split|cross_val_score|StratifiedKFold)', shown)


# --- looks -------------------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1])
def test_text_has_a_contrast_of_four_and_a_half_on_every_ground(scheme: int) -> None:
    block = re.findall(r":root \{(.*?)\}", CSS.read_text(), re.DOTALL)[scheme]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    pairs = [
        (text, ground) for text in ("ink", "quiet", "accent", "warn", "bad") for ground in ("bg", "card")
    ]
    pairs += [("ink", "code"), ("ink", "mark"), ("on-accent", "accent")]
    pairs += [
        (token, ground)
        for token in ("keyword", "string", "comment", "number", "name")
        for ground in ("card", "mark")
    ]
    for text, ground in pairs:
        light, dark = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, f"{text} on {ground}"


def test_every_class_of_the_templates_has_a_rule(web: TestClient) -> None:
    """A class that the style sheet does not know is a spelling mistake."""
    css = CSS.read_text()
    page = web.get("/", params={"q": QUESTION, "h": "How do you explain the model?"}).text + web.get("/").text
    names = {name for value in re.findall(r'class="([^"]+)"', page) for name in value.split()}
    plain = {"role-evidence", "role-number", "status-answered"}  # shown as running text
    assert {n for n in names - plain if f".{n}" not in css} == set()
