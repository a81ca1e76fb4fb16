"""Takes a page as it is, in the two windows in which docs/ shows one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize

PHONE, DESKTOP = (390, 844), (1280, 800)


@dataclass(frozen=True, slots=True)
class Camera:
    chrome: Browser
    to: Path  # the folder of what it takes

    def page(self, size: tuple[int, int]) -> Page:
        # A picture is taken with a style of its own, which our policy would keep out, and the dashboard tell.
        window: ViewportSize = {"width": size[0], "height": size[1]}
        return self.chrome.new_context(viewport=window, bypass_csp=True).new_page()

    def take(self, page: Page, name: str) -> None:
        page.screenshot(path=self.to / f"{name}.png")

    def take_both(self, page: Page, name: str) -> None:
        """The page as it is, on a desktop and on a phone."""
        for size, kind in ((DESKTOP, "desktop"), (PHONE, "phone")):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            self.take(page, f"{name}-{kind}")
