"""Backups in an S3-like store: sent while they are written, read back, and whole only with their manifest, put last.

No disk is needed for one. What is half has no manifest, and is never taken for a backup.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from app.database.backups import (
    DUMP,
    MANIFEST,
    NAMED,
    BackupError,
    Manifest,
    Say,
    a_second_of_its_own,
    dump,
    named,
    parse_manifest,
)
from app.database.programs import streamed_client
from app.database.stores import StoreError, StorePlace, delete, get, put, send, sizes

SURELY_LEFT = timedelta(days=1)  # half a backup of before that is one that broke
LONGEST = 1 << 20  # bytes of a manifest


async def back_up_to_store(
    url: str, place: StorePlace, say: Say, keep: int | None = None
) -> tuple[StorePlace, Manifest, int]:
    """As `back_up` does into a folder."""

    async def taken(name: str) -> bool:
        return any(path.startswith(f"{name}/") for path in await sizes(place))

    made_at = await a_second_of_its_own(taken)
    whole = place / named(made_at)
    sent, digest = 0, hashlib.sha256()

    async def counted(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        nonlocal sent
        async for piece in pieces:
            sent += len(piece)
            digest.update(piece)
            yield piece

    async def write(program: Path, arguments: Sequence[str]) -> None:
        async with streamed_client(program, *arguments, url=url) as pieces:
            await send(whole, DUMP, counted(pieces))

    try:
        manifest = await dump(url, made_at, say, write, lambda: sent)
        manifest = replace(manifest, bytes=sent, sha256=digest.hexdigest())
        await check_stored(whole, manifest, say)
        await put(whole, MANIFEST, manifest.text().encode())
    except BaseException:
        with suppress(StoreError):
            await delete(whole, [MANIFEST, DUMP])
        raise
    return whole, manifest, await _forget_old(place, made_at, keep) if keep else 0


async def _forget_old(place: StorePlace, now: datetime, keep: int) -> int:
    """Deletes whole backups but the newest so many, and halves that surely broke. How many whole ones went."""
    there = await sizes(place)
    whole = _whole(there)
    left = {path.partition("/")[0] for path in there if path.endswith(f"/{DUMP}")} - {*whole}
    broken = [name for name in left if NAMED.fullmatch(name) and name < named(now - SURELY_LEFT)]
    try:
        for name in [*whole[:-keep], *broken]:
            await delete(place / name, [MANIFEST, DUMP])  # from the first on it is half
    except StoreError as error:
        raise BackupError(f"There is a new backup, but older ones stay: {error}") from error
    return len(whole[:-keep])


def _whole(there: dict[str, int]) -> list[str]:
    parts = [path.partition("/") for path in there]
    return sorted(name for name, _, file in parts if file == MANIFEST and NAMED.fullmatch(name))


async def find_stored(place: StorePlace) -> tuple[StorePlace, Manifest]:
    """This one, or the newest whole one at a place, whose dump is as long as it was written."""
    there = await sizes(place)
    if not (MANIFEST in there or DUMP in there):
        whole = _whole(there)
        if not whole:
            raise BackupError(
                f"There is no whole backup at {place}. Give a place that `networklab backup` wrote to."
            )
        place, name = place / whole[-1], whole[-1]
        there = {
            path.removeprefix(f"{name}/"): size for path, size in there.items() if path.startswith(f"{name}/")
        }
    if MANIFEST not in there:
        raise BackupError(f"{place} is half a backup: it was not finished. Take another one.")
    text = b"".join([piece async for piece in get(place, MANIFEST, min(there[MANIFEST], LONGEST))])
    manifest = parse_manifest(str(place), text)
    if there.get(DUMP) != manifest.bytes:
        raise BackupError(
            f"{place} is damaged: its {DUMP} has {there.get(DUMP, 0):,} bytes, and had {manifest.bytes:,}."
            " Take another one."
        )
    return place, manifest


async def check_stored(place: StorePlace, manifest: Manifest, say: Say) -> None:
    """Whether the store gives back what was written, to the last byte."""
    async for _ in _read(place, manifest, say):
        pass


async def fetch(place: StorePlace, manifest: Manifest, folder: Path, say: Say) -> None:
    """The dump, checked, into a folder of this machine."""
    free = shutil.disk_usage(folder).free
    if free < manifest.bytes:
        raise BackupError(
            f"Its dump has {manifest.bytes / 1e6:,.0f} MB, and {free / 1e6:,.0f} MB are free in"
            f" {tempfile.gettempdir()}. Name a folder with more room in TMPDIR."
        )
    try:
        with (folder / DUMP).open("wb") as file:
            async for piece in _read(place, manifest, say):
                file.write(piece)
    except OSError as error:
        raise BackupError(f"{folder} can't be written to: {error.strerror}.") from error


async def _read(place: StorePlace, manifest: Manifest, say: Say) -> AsyncIterator[bytes]:
    digest, length = hashlib.sha256(), 0
    async for piece in get(place, DUMP, manifest.bytes):
        digest.update(piece)
        length += len(piece)
        say(f"0:00 {length / 1e6:,.1f} of {manifest.bytes / 1e6:,.1f} MB read from the store")
        yield piece
    if digest.hexdigest() != manifest.sha256:
        raise BackupError(f"{place} is damaged: its {DUMP} is not what was written. Take another one.")
