"""Live messages: parts of a page, each with the place where it goes, as server-sent events for htmx."""

from app.database import clock


def fragment(target: str, swap: str, html: str) -> str:
    """A part of a live message that replaces, or is added to, one place on the page."""
    return f'<hx-partial hx-target="{target}" hx-swap="{swap}">{html}</hx-partial>'


def sse(html: str, event_id: str = "") -> bytes:
    """One server-sent message without a name: htmx swaps what is in it."""
    # Blank lines count: they may be somebody's text in a text area.
    lines = "".join(f"data: {line}\n" for line in html.replace("\r", "").split("\n"))
    return f"{f'id: {event_id}' + chr(10) if event_id else ''}{lines}\n".encode()


def beat() -> bytes:
    """A sign of life with the server's time in milliseconds. No data, so whoever reads only data passes over it."""
    return b"event: beat\nid: %d\n\n" % round(clock.now().timestamp() * 1000)
