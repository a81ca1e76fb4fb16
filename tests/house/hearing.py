"""What somebody hears who has a page read out: all that it says by itself, one after the other.

As browsers and screen readers do it by ARIA 1.2: of a status or an alert all is read when something in it changes, of
another region that lives what was added. Of one that has just come nothing is read, if it is no alert.
"""

from __future__ import annotations

from playwright.sync_api import Page

HEAR = """() => {
    const lives = "[aria-live=polite], [aria-live=assertive], [role=status], [role=alert], [role=log], output";
    const elementOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement);
    const wordsOf = (node) => (node.innerText ?? node.textContent).replace(/\\s+/g, " ").trim();
    const heard = [];
    window.heard = heard;
    const listen = () => new MutationObserver((records) => {
        const added = records.flatMap((one) => [...one.addedNodes]);
        const isNew = (region) => added.some((node) => node.contains(region));
        const said = new Set();
        const add = (node) => {
            const region = elementOf(node)?.closest(`${lives}, [aria-live=off]`);
            if (!region?.isConnected || region.ariaLive === "off" || region.closest("[aria-hidden=true]")) return;
            if (isNew(region) && !region.matches("[role=alert]")) return;
            const isWhole = region.matches("[role=status], [role=alert], output");
            if (elementOf(node).checkVisibility({visibilityProperty: true})) said.add(isWhole ? region : node);
        };
        for (const { type, target, addedNodes } of records) {
            for (const node of addedNodes) {
                if (node.nodeType === Node.ELEMENT_NODE) node.querySelectorAll("[role=alert]").forEach(add);
                add(node);
            }
            if (type !== "childList") add(target);
        }
        heard.push(...[...said].map(wordsOf).filter(Boolean));
    }).observe(document, {
        subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["hidden"],
    });
    if (document.readyState !== "loading") listen();
    else document.addEventListener("DOMContentLoaded", listen);
}"""


def hear(page: Page) -> None:
    """From now on, and on each page that this one leads to."""
    page.evaluate(HEAR)
    page.add_init_script(f"({HEAR})()")


def heard(page: Page) -> list[str]:
    """Since this page was loaded, or since it was asked for the last time."""
    return list(page.evaluate("heard.splice(0)"))
