"""A place in an S3-like store, by obstore: what lies there, what is put there, and in one sentence what goes wrong.

obstore reads keys, region and endpoint from the environment under their usual names; none of them is ever said.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from obstore.store import BackoffConfig, S3Store

PIECE = 16 << 20  # a store takes 10,000 of an object
AT_ONCE = 3  # so many of them are on their way, and in memory
# Times that a request is tried again: whoever is told soon can mend it; an upload gets half a minute
FIRST, PATIENT = 2, 8
SLOWEST = timedelta(minutes=5)  # of one piece
ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
KEYS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
UNKNOWN_KEYS = {
    "AuthFailure",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "SignatureDoesNotMatch",
}
OTHER_REGION = {"AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect"}


class StoreError(Exception):
    """One sentence: what the store refuses, or why it is not reached."""


@dataclass(frozen=True, slots=True)
class StorePlace:
    """`s3://BUCKET/PREFIX`."""

    bucket: str
    prefix: str  # without / at its ends; may be empty

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def __truediv__(self, name: str) -> StorePlace:
        return StorePlace(self.bucket, f"{self.prefix}/{name}".lstrip("/"))

    @property
    def name(self) -> str:
        return self.prefix.rpartition("/")[2]


def place_of(text: str) -> StorePlace | None:
    """None for what is no address of a store."""
    found = re.fullmatch(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[\w.=@+-]+)*)/?", text, re.ASCII)
    return StorePlace(found[1], found[2].strip("/")) if found else None


async def sizes(place: StorePlace) -> dict[str, int]:
    """What lies at a place, by its path from there, in bytes."""
    store, start = _store(place, FIRST), f"{place.prefix}/" if place.prefix else ""
    import obstore

    with _told(place, "list what is in"):
        found = await obstore.list(store, start or None, chunk_size=1000).collect_async()
    return {meta["path"].removeprefix(start): meta["size"] for meta in found}


async def send(place: StorePlace, name: str, pieces: AsyncIterator[bytes]) -> None:
    """As it comes; what has not come to its end is nothing at all."""
    store = _store(place)
    import obstore

    with _told(place, "write into"):
        await obstore.put_async(
            store,
            (place / name).prefix,
            pieces,
            use_multipart=True,
            chunk_size=PIECE,
            max_concurrency=AT_ONCE,
        )


async def put(place: StorePlace, name: str, data: bytes) -> None:
    store = _store(place)
    import obstore

    with _told(place, "write into"):
        await obstore.put_async(store, (place / name).prefix, data, use_multipart=False)


async def get(place: StorePlace, name: str, length: int) -> AsyncIterator[bytes]:
    """So many bytes of it, in pieces, each of which is asked for again where the line breaks."""
    store = _store(place)
    import obstore

    for start in range(0, length, PIECE):
        with _told(place, "read from"):
            piece = await obstore.get_range_async(
                store, (place / name).prefix, start=start, end=min(length, start + PIECE)
            )
        yield piece.to_bytes()


async def delete(place: StorePlace, names: Sequence[str]) -> None:
    """In this order; what is not there is none the worse for it."""
    store = _store(place)
    import obstore

    for name in names:
        with _told(place, "delete from"):
            await obstore.delete_async(store, (place / name).prefix)


def _store(place: StorePlace, times: int = PATIENT) -> S3Store:
    try:
        from obstore.store import S3Store
    except ImportError:
        raise StoreError(
            "An S3-like store needs one more package: `pip install 'networklab[s3]'` brings it."
        ) from None
    waits: BackoffConfig = {
        "init_backoff": timedelta(seconds=0.2),
        "max_backoff": timedelta(seconds=10),
        "base": 2,
    }
    return S3Store(
        place.bucket,
        client_options={"allow_http": (_endpoint() or "").startswith("http://"), "timeout": SLOWEST},
        retry_config={"max_retries": times, "backoff": waits, "retry_timeout": SLOWEST},
    )


def _endpoint() -> str | None:
    return next((os.environ[name] for name in ENDPOINTS if os.environ.get(name)), None)


@contextmanager
def _told(place: StorePlace, doing: str) -> Iterator[None]:
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, FileNotFoundError, PermissionError, ValueError) as error:
        raise StoreError(_sentence(place, doing, str(error))) from None


def _sentence(place: StorePlace, doing: str, text: str) -> str:
    """Of obstore's report, which has the store's answer in it, and addresses."""
    url = urlsplit(_endpoint() or "")
    where = f"The store at {url.hostname}" if url.hostname else "Amazon’s S3"
    code = _within(text, "Code") or ""
    status = re.search(r"status code: (\d+)", text)
    if code == "NoSuchBucket":
        return f"{where} has no bucket {place.bucket}: make it first, or check its name."
    if code in OTHER_REGION or "configured region" in text:
        region = _within(text, "Region")
        return f"The bucket {place.bucket} is in another region{f', {region}' if region else ''}: set AWS_REGION to it."
    if code in UNKNOWN_KEYS or (status and status[1] == "401"):
        return f"{where} does not take these keys{f' ({code})' if code else ''}: check {KEYS}."
    if code == "RequestTimeTooSkewed":
        return f"{where} says that this machine’s clock is wrong: set it, by NTP."
    if status and status[1] == "403":
        return f"These keys may not {doing} {place}: give them the right to, on the bucket {place.bucket}."
    if re.search(r"/latest/(api|meta-data)|security-credentials", text):
        return f"There are no keys to the store: set {KEYS}."
    if status:
        said = f"{code}: {_within(text, 'Message')}" if code else f"status {status[1]}"
        return f"{where} answers with {said.rstrip('.')}."
    if "certificate" in text:
        return (
            f"{where} has a certificate that is not trusted here: name its authority’s file in SSL_CERT_FILE."
        )
    return f"{where} can’t be reached: check AWS_ENDPOINT_URL, and the network."


def _within(text: str, tag: str) -> str | None:
    found = re.search(rf"<{tag}>([^<]{{1,200}})</{tag}>", text)
    return " ".join(found[1].split()) if found else None
