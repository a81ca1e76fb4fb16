"""The story of a backup in an S3-like store, by moto's server: sent, listed, kept, checked, restored elsewhere."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.database.backups import DUMP, MANIFEST
from app.database.embedded import Postgres
from app.database.programs import STREAMED, streamed_client
from tests.house.burst import BURST
from tests.house.database import an_empty_database
from tests.house.house import House
from tests.house.proxy import Exchange, Proxy
from tests.house.shell import Shell, is_refused
from tests.house.waits import apart, until

KEYS = {"AWS_ACCESS_KEY_ID": "the-key", "AWS_SECRET_ACCESS_KEY": "the-secret"}
SOMEBODY = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=the-key/20261130/us-east-1/s3/aws4_request",
    "Content-Type": "application/octet-stream",
}
NOT_SAID = re.compile(r"the-secret|Traceback|never retrieved")
REFUSED = "<Error><Code>{}</Code><Message>No.</Message><Region>eu-south-9</Region></Error>"


@dataclass(frozen=True, slots=True)
class Store:
    port: int

    @property
    def environ(self) -> dict[str, str]:
        return KEYS | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}"}

    def asks(self, method: str, path: str, data: bytes | None = None) -> bytes:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/{path}", data, SOMEBODY, method=method
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: bytes = answer.read()
        return found

    def names(self, bucket: str) -> list[str]:
        return re.findall("<Key>(.*?)</Key>", self.asks("GET", f"{bucket}?list-type=2").decode())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    log = tmp_path / "moto.log"
    with log.open("wb") as file:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
        server = subprocess.Popen(command, stdout=file, stderr=file, cwd=tmp_path)
    try:
        asyncio.run(until(lambda: "Running on" in log.read_text(), log.read_text))
        yield Store(int(re.findall(r"Running on http://127.0.0.1:(\d+)", log.read_text())[0]))
    finally:
        server.terminate()
        server.wait(30)


def test_a_backup_goes_to_a_store_is_read_back_and_kept_and_comes_back_elsewhere(
    house: House, postgres: Postgres, store: Store, tmp_path: Path
) -> None:
    house.open(BURST)
    shell = Shell(house, tmp_path)
    place = "s3://backups/lab/one"

    def types(*words: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
        told = {name: text for name, text in (store.environ | environ).items() if text}
        ended = shell.type(*words, **told)
        assert not NOT_SAID.search(ended.stdout + ended.stderr), ended.stderr
        return ended

    assert "has no bucket backups: make it first" in is_refused(types("backup", place))
    store.asks("PUT", "backups")
    assert f"no whole backup at {place}" in is_refused(types("restore", place))

    made = types("backup", place)
    [name] = re.findall(rf"^Backed up to {place}/(networklab-\S+Z): 1 sessions, 4 people", made.stdout)
    assert sorted(store.names("backups")) == [f"lab/one/{name}/{DUMP}", f"lab/one/{name}/{MANIFEST}"]
    whole = types("restore", "--check", place)
    assert f"{place}/{name} is whole: of 20" in whole.stdout, whole.stderr
    lights = {
        light["name"]: light for light in json.loads(types("doctor", "--json", "--backups", place).stdout)
    }
    assert lights["backups"]["state"] == "ok" and name in lights["backups"]["said"]

    # Halves: one that broke long ago, and one that somebody may be at.
    dump = store.asks("GET", f"backups/lab/one/{name}/{DUMP}")
    manifest = store.asks("GET", f"backups/lab/one/{name}/{MANIFEST}")
    now = datetime.now(UTC)
    broken, at_it, old = (
        f"networklab-{now - age:%Y-%m-%dT%H-%M-%SZ}"
        for age in (timedelta(days=2), timedelta(hours=1), timedelta(days=3))
    )
    for half in (broken, at_it, old, "notes"):
        store.asks("PUT", f"backups/lab/one/{half}/{DUMP}", dump)
    for strange in (old, "notes"):
        store.asks("PUT", f"backups/lab/one/{strange}/{MANIFEST}", manifest)
    assert "half a backup" in is_refused(types("restore", "--check", f"{place}/{at_it}"))
    kept = types("backup", place, "--keep", "2")
    assert "Deleted: 1 older." in kept.stdout, kept.stderr
    assert {found.split("/")[2] for found in store.names("backups")} > {name, at_it, "notes"}
    assert not {found.split("/")[2] for found in store.names("backups")} & {broken, old}

    with an_empty_database(postgres) as url:
        there = Shell(House(url, tmp_path), tmp_path)
        restored = there.type("restore", f"{place}/{name}", **store.environ)
        assert restored.returncode == 0, restored.stdout + restored.stderr
        assert "Each was counted again: acknowledged = stored = exported." in restored.stdout
        assert there.house.sql("select key from secret") == house.sql("select key from secret")

    store.asks("PUT", f"backups/lab/one/{name}/{DUMP}", bytes([dump[0] ^ 1]) + dump[1:])
    assert "is not what was written" in is_refused(types("restore", "--check", f"{place}/{name}"))
    store.asks("PUT", f"backups/lab/one/{name}/{DUMP}", dump[1:])
    assert f"has {len(dump) - 1:,} bytes, and had" in is_refused(types("restore", f"{place}/{name}"))
    apart(lambda: refusals_are_told(store, types))


def in_its_answer(method: str, what: str, code: str) -> Callable[[Exchange], None]:
    """A refusal for what is asked so; without a code, what is given back has one bit changed."""

    def answered(exchange: Exchange) -> None:
        line = exchange.request.partition(b"\r\n")[0].decode()
        if not (line.startswith(method) and what in line and exchange.answer):
            return
        status = 400 if code in ("AuthorizationHeaderMalformed", "EntityTooSmall") else 403
        text = REFUSED.format(code)
        exchange.answer = (
            f"HTTP/1.1 {status} No\r\nConnection: close\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode()
            if code
            else exchange.answer[:-1] + bytes([exchange.answer[-1] ^ 1])
        )

    return answered


def refusals_are_told(store: Store, types: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """What a real store answers where moto takes all, put into its answers on the way; nothing stays of a backup."""
    place, said = "s3://refusing/lab", {
        ("GET", "list-type", "AccessDenied"): "may not list what is in s3://refusing/lab: give them",
        ("GET", "list-type", "InvalidAccessKeyId"): "does not take these keys (InvalidAccessKeyId)",
        ("GET", "list-type", "AuthorizationHeaderMalformed"): "is in another region, eu-south-9: set AWS_REGION",
        ("PUT", DUMP, "AccessDenied"): "may not write into",
        ("GET", DUMP, "AccessDenied"): "may not read from",
        ("PUT", MANIFEST, "EntityTooSmall"): "answers with EntityTooSmall: No.",
        ("GET", DUMP, ""): "is not what was written",
    }  # fmt: skip
    store.asks("PUT", "refusing")

    async def story() -> None:
        for (method, what, code), sentence in said.items():
            async with Proxy(store.port, in_its_answer(method, what, code)).running() as url:
                ended = await asyncio.to_thread(types, "backup", place, AWS_ENDPOINT_URL=url)
            assert sentence in is_refused(ended)
            assert store.names("refusing") == [], (method, what, code)
            assert b"<Upload>" not in store.asks("GET", "refusing?uploads")

    asyncio.run(story())
    away = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    assert "can’t be reached: check AWS_ENDPOINT_URL" in is_refused(types("backup", place, **away))
    no_keys = dict.fromkeys(KEYS, "") | {"AWS_METADATA_ENDPOINT": "http://127.0.0.1:1"}
    assert "no keys to the store: set AWS_ACCESS_KEY_ID" in is_refused(types("backup", place, **no_keys))
    assert "neither a folder nor s3://BUCKET/PREFIX" in types("backup", "s3://Backups_x/lab").stderr


def test_a_dump_that_nobody_reads_on_ends_with_whoever_read_it(tmp_path: Path) -> None:
    endless, brim = tmp_path / "endless", tmp_path / "brim"
    # As much as is taken before it is read, and a little more.
    endless.write_text(
        f"#!/bin/sh\nhead -c {2 * STREAMED + 50_000} /dev/zero\ntouch {brim}\nexec cat /dev/zero\n"
    )
    endless.chmod(0o700)

    async def story() -> None:
        async with streamed_client(endless, url="dbname=nowhere"):
            await until(brim.exists, "what is more than is taken")

    asyncio.run(asyncio.wait_for(story(), 30))


def test_without_its_package_a_store_is_refused_and_a_folder_is_not_asked_for_it(tmp_path: Path) -> None:
    hidden = "import sys; sys.modules['obstore'] = None; from app.__main__ import main; sys.exit(main())"
    ended = subprocess.run(
        [sys.executable, "-c", hidden, "restore", "--check", "s3://backups/lab"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "`pip install 'networklab[s3]'` brings it" in is_refused(ended)
