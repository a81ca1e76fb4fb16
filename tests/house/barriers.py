"""What keeps people out of a page, as axe finds it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from playwright.sync_api import Page

from app.config import PROJECT
from tests.house.stage import DESK, PHONE

# axe-core 4.14.1 from its npm package, unchanged.
AXE = PROJECT / "tests" / "house" / "axe.min.js"
AXE_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]

# A part that says by itself what changes in it says it twice if it stands within another one that does.
TWICE = """() => {
    const says = "[aria-live=polite], [aria-live=assertive], [role=status], [role=alert], [role=log], output";
    return [...document.querySelectorAll(says)].filter((node) => node.ariaLive !== "off"
        && node.parentElement.closest(says) && !node.closest("[aria-hidden=true]"))
        .map((node) => `it is said twice: ${node.outerHTML.slice(0, 200)}`);
}"""

# In forced colours no ground is drawn: what can be used has a line around it, or under it.
BARE = """() => {
    const used = "button:not([aria-current]), .button, select, textarea, input:not([type=hidden],"
        + " [type=radio], [type=checkbox], [type=range], [type=file]), a";
    const drawn = (style) => parseFloat(style.borderBottomWidth) >= 1 && style.borderBottomStyle !== "none"
        || style.textDecorationLine.includes("underline") || style.outlineStyle !== "none";
    const plain = getComputedStyle(document.body).color;
    return [...document.querySelectorAll(used)]
        .filter((node) => node.checkVisibility({visibilityProperty: true}) && node.offsetWidth > 8)
        .filter((node) => { const style = getComputedStyle(node); return !drawn(style) && style.color === plain; })
        .map((node) => `in forced colours nothing is around ${node.outerHTML.slice(0, 150)}`);
}"""

# What the dark changes is colours.
SCHEMES = {"light": WCAG, "dark": ["color-contrast", "link-in-text-block"]}


def barriers_at_all_sizes(
    page: Page, name: str, sizes: Sequence[Mapping[str, int]] = (PHONE, DESK)
) -> list[str]:
    """In the light and in the dark, on a phone and at a desk or in these `sizes`; the page fits."""
    source, found = AXE.read_bytes(), list[str]()
    assert hashlib.sha256(source).hexdigest() == AXE_SHA256
    for size in sizes:
        page.set_viewport_size({"width": size["width"], "height": size["height"]})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide"
        for scheme, rules in SCHEMES.items():
            # A line that is still fading in has no contrast yet.
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
            lines = barriers(page, source.decode(), rules)
            found.extend(f"{name} {size['width']} {scheme}: {line}" for line in lines)
    found.extend(f"{name}: {line}" for line in page.evaluate(TWICE))
    page.emulate_media(forced_colors="active")
    found.extend(f"{name}: {line}" for line in page.evaluate(BARE))
    page.emulate_media(forced_colors="none")
    return found


def barriers(page: Page, axe: str, rules: Sequence[str]) -> list[str]:
    """What axe finds by the rules of WCAG 2.0 to 2.2, A and AA, and by what it holds to be good: one h1, headings in
    order, everything within a landmark."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(axe)
    results = page.evaluate("rules => axe.run({runOnly: rules, resultTypes: ['violations']})", rules)
    assert results["passes"], "axe has looked at something"
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: {one['nodes'][0]['html'][:200]}"
        for one in results["violations"]
    ]
