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
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]

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
    return found


def barriers(page: Page, axe: str, rules: Sequence[str]) -> list[str]:
    """What axe calls serious or critical, by the rules of WCAG 2.0 to 2.2, A and AA."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(axe)
    results = page.evaluate("rules => axe.run({runOnly: rules, resultTypes: ['violations']})", rules)
    assert results["passes"], "axe has looked at something"
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: {one['nodes'][0]['html'][:200]}"
        for one in results["violations"]
        if one["impact"] in ("serious", "critical")
    ]
