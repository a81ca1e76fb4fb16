"""Which Chromium the browser stories run in. As a pytest plugin: how Playwright starts it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, expect, sync_playwright

SOON = 20_000  # milliseconds in which a page shows what comes, on a machine that does much else
expect.set_options(timeout=SOON)

QUIET = [
    "--autoplay-policy=document-user-activation-required",  # as in people's browsers: no sound without a click
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]
# Chromium's pages without its windows, as Playwright's own default: a browser of somebody's own costs a quarter.
SHELL = "chromium-headless-shell"
# Containers give root no user namespaces and little shared memory.
AS_ROOT = ["--no-sandbox", "--disable-dev-shm-usage"]


def chromium() -> str | None:
    return next(candidates(), None)


def candidates() -> Iterator[str]:
    """CHROMIUM_PATH and no other; else the system's without windows, Playwright's own, the system's with windows."""
    if chosen := os.environ.get("CHROMIUM_PATH"):
        yield chosen
        return
    if found := shutil.which(SHELL):
        yield found
    own = None
    with suppress(Error), sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    if own and Path(own).exists():
        yield own
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if found := shutil.which(name):
            yield found


def launch_arguments() -> list[str]:
    return QUIET + (AS_ROOT if os.geteuid() == 0 else [])


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    arguments = [*browser_type_launch_args.get("args", []), *launch_arguments()]
    return browser_type_launch_args | {"executable_path": chromium(), "args": arguments}
