"""A story of the wheel: installed where nothing else is, the demo plays from somebody's own folder."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import pytest

from app.config import PROJECT
from app.web.processes import free_port
from tests.house.guests import Guest

PINNED = re.compile(r"^[a-z0-9-]+==[^ ]+(?: ; [^\\]+)?", re.MULTILINE)
ANSWERS = {"belief": "60", "trust": "2", "passed_on": "yes", "source": "A guess", "agree": "3"}
DATA = ".local/share/networklab"  # where programs keep a user's data, on Linux


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="networklab-wheel-") as folder:
        Path(folder).chmod(0o755)  # Postgres may run as somebody else
        yield Path(folder)


def environ(home: Path) -> dict[str, str]:
    """Of somebody whose HOME this is: nothing of ours but how packages are found."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name == "PATH"}
    return kept | {"HOME": str(home), "LANG": "C.UTF-8"}


@pytest.fixture(params=["packages that are there", pytest.param("packages anew", marks=pytest.mark.slow)])
def networklab(place: Path, request: pytest.FixtureRequest) -> Path:
    """The program of a virtual environment that has the wheel and what it asks for, and nothing else.

    In the gate what it asks for is read from where it lies; all of it is installed anew in the slow half.
    """
    run = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*run, "wheel", "--no-deps", "--wheel-dir", place, PROJECT], check=True, cwd=place)
    [wheel] = place.glob("*.whl")
    venv.create(place / "venv")
    asked = ["--python", str(place / "venv"), "install", "--no-compile", str(wheel)]
    if request.param == "packages anew":
        pins = place / "pins.txt"
        pins.write_text("\n".join(PINNED.findall((PROJECT / "requirements.lock").read_text())) + "\n")
        asked += ["--constraint", str(pins)]
    else:
        asked += ["--no-deps"]
        [packages] = (place / "venv").glob("lib/python3*/site-packages")
        (packages / "there.pth").write_text(sysconfig.get_path("purelib") + "\n")
    subprocess.run([*run, *asked], check=True, cwd=place)
    return place / "venv" / "bin" / "networklab"


@contextmanager
def demo(networklab: Path, folder: Path, home: Path) -> Iterator[str]:
    """What it says once it runs; it ends as Ctrl-C ends it."""
    port = free_port()
    with (home / "errors").open("wb") as errors:
        popen = subprocess.Popen(
            [networklab, "demo", "--port", str(port), "--players", "4"],
            cwd=folder,
            env=environ(home),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    enough = Timer(180, popen.terminate)  # where no server process gets ready it says nothing more
    enough.start()
    try:
        assert popen.stdout is not None
        said = ""
        while "Ctrl-C stops everything" not in said:
            line = popen.stdout.readline()
            assert line, (home / "errors").read_text()
            said += line
        enough.cancel()
        yield said
        popen.send_signal(signal.SIGINT)
        assert popen.wait(30) == 0, (home / "errors").read_text()
    finally:
        enough.cancel()
        popen.kill()
        popen.communicate()


def test_a_wheel_in_an_empty_environment_plays_from_a_folder_of_ones_own(
    place: Path, networklab: Path
) -> None:
    folder, home = place / "folder", place / "home"
    (folder / "app").mkdir(parents=True)  # a folder of theirs that has our package's name
    (folder / "app" / "__init__.py").write_text("raise RuntimeError('not ours')\n")
    home.mkdir(mode=0o755)

    async def story(base: str, token: str) -> None:
        you = Guest(base, token)
        page = (await you.browser.get(f"/join/{token}")).text
        [style] = set(re.findall(r'href="(/static/[^"]*\.css[^"]*)"', page))
        assert (await you.browser.get(style)).status == 200
        assert (await you.sign_in({"age": "40", "news": "Never"})).status in (200, 303)
        await you.shows('name="belief"')
        assert "Saved" in (await you.answer(ANSWERS)).text
        assert (await you.browser.get("/admin/manual/hooks")).status == 200
        you.leave()

    with demo(networklab, folder, home) as said:
        base, token = re.search(r"Play +(http://[^/]+)/join/(\S+)", said).groups()  # type: ignore[union-attr]
        asyncio.run(story(base, token))
    assert [one.name for one in folder.iterdir()] == ["app"]
    assert (home / DATA / "postgres").is_dir() and f"{home / DATA}/demo-links.csv" in said
    checked = subprocess.run([networklab, "schema"], cwd=folder, env=environ(home), capture_output=True)
    assert checked.returncode == 0 and b'"title"' in checked.stdout, checked.stderr
