"""Which pictures in docs/pictures/ are not what pages look like today: by how much, and side by side on a page.

A session that really runs is never the same twice: other people are in other rooms, and it is another minute. So a
picture differs by more than a little before it is called stale, and whoever reads the list looks at the page.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser

from app.config import PROJECT

STALE = 0.03  # of a picture's squares
# The share of squares of 8 × 8 pixels that are lighter or darker in one than in the other; 1 where they are not equally
# large. An edge of a letter that is drawn by another version of a font is less than that.
SHARE = """async ([one, other]) => {
    const data = async (body) => {
        const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${body}`)).blob());
        const canvas = new OffscreenCanvas(image.width, image.height);
        const context = canvas.getContext("2d");
        context.drawImage(image, 0, 0);
        return context.getImageData(0, 0, image.width, image.height);
    };
    const [a, b] = [await data(one), await data(other)];
    if (a.width !== b.width || a.height !== b.height) return 1;
    const [across, down] = [Math.ceil(a.width / 8), Math.ceil(a.height / 8)];
    const sums = new Float64Array(across * down);
    for (let y = 0; y < a.height; y++) {
        for (let x = 0; x < a.width; x++) {
            const at = 4 * (y * a.width + x);
            const apart = a.data[at] + a.data[at + 1] + a.data[at + 2] - b.data[at] - b.data[at + 1] - b.data[at + 2];
            sums[Math.floor(y / 8) * across + Math.floor(x / 8)] += apart / 3;
        }
    }
    return sums.filter((sum) => Math.abs(sum) > 12 * 64).length / sums.length;
}"""
LOOK = """<!doctype html><meta charset="utf-8"><title>Pictures that differ</title>
<style>
body { font: 1rem system-ui; margin: 1rem; background: #888 }
section { display: flex; gap: 1rem; align-items: start; margin-bottom: 2rem }
h2 { flex: 0 0 12rem; font-size: 1rem; overflow-wrap: anywhere }
img { max-width: 30vw; display: block }
.both { position: relative } .both img + img { position: absolute; inset: 0; mix-blend-mode: difference }
</style>
"""


@dataclass(frozen=True, slots=True, order=True)
class Apart:
    """`share` of a picture that is another one now; of one that is not in docs/, or that nothing takes, 1."""

    share: float
    name: str
    note: str = ""

    @property
    def stale(self) -> bool:
        return self.share > STALE


def compare(chrome: Browser, here: Path, taken: Path, all_of_them: bool) -> list[Apart]:
    """Those in `here` against those just `taken`, the most different first. `all_of_them`: whatever is not among the
    taken ones is taken by nobody any more."""
    page = chrome.new_page()
    found = []
    for new in sorted(taken.glob("*.png")):
        old = here / new.name
        if old.exists():
            both = [base64.b64encode(path.read_bytes()).decode() for path in (old, new)]
            found.append(Apart(float(page.evaluate(SHARE, both)), new.name))
        else:
            found.append(Apart(1, new.name, "it is new"))
    if all_of_them:
        lost = {path.name for path in here.glob("*.png")} - {one.name for one in found}
        found += [Apart(1, name, "nothing takes it any more") for name in lost]
    page.close()
    return sorted(found, reverse=True)


def unshown(here: Path) -> list[str]:
    """Pictures that no chapter has."""
    chapters = "".join(path.read_text(encoding="utf-8") for path in _chapters())
    return [path.name for path in sorted(here.glob("*.png")) if f"pictures/{path.name}" not in chapters]


def told(found: list[Apart]) -> Iterator[str]:
    for one in found:
        if one.stale:
            yield f"{one.name}: {one.note or f'{one.share:.0%} of it'}"
    many = sum(not one.stale for one in found)
    yield f"{many} of {len(found)} pictures are what pages look like today."


def page_of(found: list[Apart], here: Path, taken: Path) -> str:
    """Each that is stale as it is in docs/, as it was taken, and one laid over the other: what is alike is black."""

    def picture(folder: Path, name: str) -> str:
        path = folder / name
        return f'<img src="{html.escape(path.resolve().as_uri())}" alt="">' if path.exists() else ""

    parts = []
    for one in found:
        if one.stale:
            old, new = picture(here, one.name), picture(taken, one.name)
            parts.append(
                f'<section><h2>{one.name}</h2>{old}{new}<div class="both">{old}{new}</div></section>\n'
            )
    return LOOK + "".join(parts)


def _chapters() -> Iterator[Path]:
    yield from (PROJECT / "docs").glob("*.md")
    yield PROJECT / "README.md"
