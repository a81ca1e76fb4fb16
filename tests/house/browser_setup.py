"""Finds a Chromium that starts, or fetches one. Prints its path: `python -m tests.house.browser_setup CACHE`."""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from playwright.sync_api import Error, sync_playwright

from tests.house.browser import SHELL, candidates, launch_arguments

WRAPPER = """#!/bin/sh
here=$(dirname -- "$(readlink -f -- "$0")")
export LD_LIBRARY_PATH="{libraries}" FONTCONFIG_FILE="$here/fonts.conf"
exec "$here/usr/lib/chromium/{name}" "$@"
"""
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir prefix="relative">usr/share/fonts</dir>
  <cachedir prefix="relative">fonts-cache</cachedir>
</fontconfig>
"""

UNASKED = ("-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120")


class NotHad(Exception):
    """This way to a browser leads nowhere here."""


def main(cache: Path) -> str:
    unpacked = cache / "chromium" / "run"
    if found := first_that_starts(unpacked):
        return cheaper(found, cache)
    if chosen := os.environ.get("CHROMIUM_PATH"):
        sys.exit(f"CHROMIUM_PATH is {chosen}, which does not start.")

    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "browser.lock").open("a") as turn, (cache / "browser.log").open("w") as log:
        fcntl.flock(turn, fcntl.LOCK_EX)
        # Another run may have fetched it meanwhile.
        if found := first_that_starts(unpacked):
            return found
        print("Fetching a browser for the tests (once, a few minutes at most) …", file=sys.stderr)
        for fetch in ways(cache, log):
            with suppress(NotHad):
                fetch()
                if found := first_that_starts(unpacked):
                    return found
    sys.exit(f"No Chromium could be had (see {log.name}): install one, or set CHROMIUM_PATH to it.")


def cheaper(found: str, cache: Path) -> str:
    """Beside the system's browser with windows its package of one without, where that is known and quickly had."""
    ours = os.geteuid() == 0 and shutil.which("apt-get") and "CHROMIUM_PATH" not in os.environ
    if not ours or Path(found).name not in ("chromium", "chromium-browser"):
        return found
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "browser.lock").open("a") as turn, (cache / "browser.log").open("w") as log:
        fcntl.flock(turn, fcntl.LOCK_EX)
        with suppress(NotHad):
            run(log, 120, "apt-get", "install", *UNASKED, SHELL)
    return first_that_starts(cache / "chromium" / "run") or found


def first_that_starts(unpacked: Path) -> str | None:
    return next((path for path in [*candidates(), str(unpacked)] if starts(path)), None)


def starts(path: str) -> bool:
    if not Path(path).exists():
        return False
    try:
        with sync_playwright() as playwright:
            playwright.chromium.launch(executable_path=path, args=launch_arguments(), timeout=30_000).close()
    except Error:
        return False
    return True


def ways(cache: Path, log: IO[str]) -> Iterator[Callable[[], None]]:
    apt = shutil.which("apt-get") and shutil.which("dpkg-deb")
    if os.geteuid() == 0:
        if apt:
            yield lambda: install(log)
        yield lambda: download(log, "--with-deps")
    else:
        yield lambda: download(log)
        if apt:
            yield lambda: unpack(cache, log)


def install(log: IO[str]) -> None:
    # A package source that can't be reached need not be the one that has Chromium.
    with suppress(NotHad):
        run(log, 180, "apt-get", "update")
    of_first_package(log, 600, "apt-get", "install", *UNASKED)


def download(log: IO[str], *options: str) -> None:
    run(log, 90, sys.executable, "-m", "playwright", "install", *options, "chromium")


def unpack(cache: Path, log: IO[str]) -> None:
    """Debian's packages of Chromium and of what it lacks here, without being root."""
    work, root = cache / "chromium.work", cache / "chromium.new"
    for old in (work, root):
        shutil.rmtree(old, ignore_errors=True)
    for made in ("state/lists/partial", "cache/archives/partial", "packages"):
        (work / made).mkdir(parents=True)
    private = ("-o", f"Dir::State={work}/state", "-o", f"Dir::Cache={work}/cache")
    apt = ("apt-get", *private, "-o", "Dir::State::status=/var/lib/dpkg/status")
    with suppress(NotHad):
        run(log, 180, *apt, "update")
    name, plan = of_first_package(log, 60, *apt, "install", "--simulate", "--no-install-recommends")
    packages = [f"{one}={version}" for one, version in re.findall(r"(?m)^Inst (\S+).*? \((\S+) ", plan)]
    run(log, 600, *apt, "download", *packages, folder=work / "packages")
    for package in (work / "packages").glob("*.deb"):
        run(log, 120, "dpkg-deb", "-x", str(package), str(root))

    libraries = sorted({file.parent.relative_to(root) for file in root.glob("**/*.so*") if file.is_file()})
    (root / "run").write_text(
        WRAPPER.format(name=name, libraries=":".join(f"$here/{folder}" for folder in libraries))
    )
    (root / "run").chmod(0o755)
    (root / "fonts.conf").write_text(FONTS)
    shutil.rmtree(cache / "chromium", ignore_errors=True)
    root.rename(cache / "chromium")
    shutil.rmtree(work)


def of_first_package(log: IO[str], seconds: float, *command: str) -> tuple[str, str]:
    """The name of the first package of a Chromium that there is, and what `command` says of it."""
    try:
        return SHELL, run(log, seconds, *command, SHELL)
    except NotHad:  # some systems have no such package
        return "chromium", run(log, seconds, *command, "chromium")


def run(log: IO[str], seconds: float, *command: str, folder: Path | None = None) -> str:
    log.write(f"$ {' '.join(command)}\n")
    log.flush()
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    # In a session of its own, so that a time-out ends its children too.
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=seconds)
    except BaseException as stopped:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if isinstance(stopped, subprocess.TimeoutExpired):
            raise NotHad from stopped
        raise
    log.write(output)
    if process.returncode:
        raise NotHad(command)
    return output


if __name__ == "__main__":
    print(main(Path(sys.argv[1]).absolute()))
