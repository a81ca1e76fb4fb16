"""Stories of the pictures in docs/: which of them are not what pages look like any more."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.tools.apart import compare, page_of, told
from tests.tools.camera import Camera

pytestmark = pytest.mark.browser
PAGE = "<body style='font: 20px sans-serif; margin: 0'><h1>{}</h1><p>{}</p><p style='height: 200px; background: {}'>"


def test_a_picture_is_stale_where_its_page_is_another_one_and_not_for_another_minute(
    browser: Browser, tmp_path: Path
) -> None:
    here, taken = tmp_path / "here", tmp_path / "taken"
    for folder in (here, taken):
        folder.mkdir()
    before, now = Camera(browser, here), Camera(browser, taken)
    page = before.page((390, 844))
    for name, was, is_now in (
        ("same", ("The room", "17:59", "white"), ("The room", "17:59", "white")),
        ("later", ("The room", "17:59", "white"), ("The room", "18:04", "white")),
        ("another", ("The room", "17:59", "white"), ("The room", "17:59", "teal")),
        ("lost", ("The room", "17:59", "white"), None),
        ("new", None, ("The room", "17:59", "white")),
    ):
        for camera, said in ((before, was), (now, is_now)):
            if said:
                page.set_content(PAGE.format(*said))
                camera.take(page, name)
    page.context.close()
    found = {one.name: one for one in compare(browser, here, taken, all_of_them=True)}
    assert found["same.png"].share == 0 < found["later.png"].share
    assert [name for name, one in sorted(found.items()) if one.stale] == [
        "another.png",
        "lost.png",
        "new.png",
    ]
    lines = [*told([*found.values()])]
    assert "new.png: it is new" in lines and "lost.png: nothing takes it any more" in lines
    assert lines[-1] == "2 of 5 pictures are what pages look like today."
    look = page_of([*found.values()], here, taken)
    assert f"{(taken / 'another.png').as_uri()}" in look and "same.png" not in look
    some = compare(browser, here, taken, all_of_them=False)
    assert "lost.png" not in [one.name for one in some], "others may be taken elsewhere"
