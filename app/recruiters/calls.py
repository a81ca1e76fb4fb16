"""Calls of a recruiter's API: to one host, with a token that nobody sees, and what is known of each one that fails.

Whether a call that failed may have done something is what all here is about: `NotNow` and `Denied` say that it has not,
`Unclear` that nobody knows.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from app.recruiters.recruiter import Denied, NotNow, TokenDenied, Unclear

# A tenth of what a server process needs to start; who never calls a recruiter never imports it.
if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
LONGEST = 30.0  # seconds of one call, its answer included
LARGEST = 20_000_000  # bytes of an answer
READS = 3  # times that something is asked which only reads
PATIENCE = 10.0  # seconds that a read waits where it is told to


class Calls:
    """`base` is the only host that gets the token: no redirect is followed."""

    def __init__(self, name: str, base: str, authorization: str) -> None:
        import httpx

        self.name, self._secret = name, authorization.rpartition(" ")[2]
        self.client = httpx.AsyncClient(
            base_url=base,
            headers={"Authorization": authorization, "Accept": "application/json"},
            timeout=httpx.Timeout(LONGEST, connect=10),
            limits=httpx.Limits(max_connections=4),
            follow_redirects=False,
            trust_env=base.startswith("https://"),  # a proxy gets nothing that is not in TLS
        )

    async def read(self, path: str, shape: type[T], params: Mapping[str, str] = {}) -> T:
        """A GET; asked again where that may help. Raises `Denied`, or `NotNow`."""
        for nth in range(1, READS + 1):
            try:
                return _decoded(self.name, await self._call("GET", path, params=params), shape)
            except NotNow as error:
                if nth == READS or error.seconds > PATIENCE:
                    raise
                await asyncio.sleep(error.seconds)
            except Unclear as error:
                if nth == READS:
                    raise NotNow(str(error), 60) from None
                await asyncio.sleep(0.2 * nth)
        raise AssertionError

    async def post(self, path: str, body: Mapping[str, object]) -> bytes:
        """The answer to a POST that is sent once."""
        return await self._call("POST", path, json=dict(body))

    async def close(self) -> None:
        await self.client.aclose()

    async def _call(self, method: str, path: str, **what: Any) -> bytes:
        import httpx

        # The call was not sent: it did not get as far as that.
        never_sent = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
        try:
            async with asyncio.timeout(LONGEST), self.client.stream(method, path, **what) as answer:
                content = bytearray()
                async for piece in answer.aiter_bytes():
                    content += piece
                    if len(content) > LARGEST:
                        raise Unclear(f"{self.name} answered with more than anybody asked for.")
        except never_sent:
            raise NotNow(f"{self.name} can’t be reached.", 15) from None
        except (httpx.HTTPError, httpx.StreamError, TimeoutError) as error:
            slow = isinstance(error, TimeoutError | httpx.TimeoutException)
            why = "did not answer in time" if slow else "can’t be heard: the connection broke"
            raise Unclear(f"{self.name} {why}.") from None
        if answer.is_success:
            return bytes(content)
        raise self._failure(answer, bytes(content))

    def _failure(self, answer: httpx.Response, content: bytes) -> Denied | NotNow | Unclear:
        status, words = answer.status_code, self._words(content)
        said = f": “{words[:300]}”" if words else ""
        if status == 429:
            seconds = _seconds(answer.headers.get("retry-after", ""))
            return NotNow(
                f"{self.name} is asked too much and wants to be left alone for {seconds:g} seconds.", seconds
            )
        if status == 401:
            return TokenDenied(
                f"{self.name} does not know this token. Copy it again from your account there."
            )
        if status == 403:
            return Denied(f"{self.name} does not let this token do that{said}.", words)
        if status == 404:
            return NotThere(f"{self.name} knows of no such thing{said}.", words)
        if 400 <= status < 500 and status != 408:
            return Denied(f"{self.name} refuses{said}.", words)
        return Unclear(f"{self.name} has a fault: it answered {status}.")

    def _words(self, content: bytes) -> str:
        """What they say of it, on one line, and never the token."""
        try:
            found = json.loads(content)
        except ValueError:
            return ""
        words = " ".join(_texts(found.get("error", found) if isinstance(found, dict) else found))
        words = re.sub(r"\s+", " ", "".join(one if one.isprintable() else " " for one in words))
        return words.replace(self._secret, "…").strip(" .")


class NotThere(Denied):
    """404."""


def _texts(found: object) -> list[str]:
    """The texts in an error as they write it: {"title": …, "detail": …, "additional_information": …}."""
    if isinstance(found, dict):
        told = [found[key] for key in ("title", "detail", "message") if found.get(key)] or list(
            found.values()
        )
        return [word for one in told for word in _texts(one)]
    if isinstance(found, list):
        return [word for one in found for word in _texts(one)]
    return [found] if isinstance(found, str) else []


def _decoded(name: str, content: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=shape)
    except (msgspec.DecodeError, msgspec.ValidationError):
        raise Denied(f"{name} answered with something that can’t be read.") from None


def _seconds(text: str) -> float:
    """Of a Retry-After in seconds; half a minute where it says something else."""
    return min(600.0, max(1.0, float(text))) if re.fullmatch(r"\d{1,6}(\.\d+)?", text, re.ASCII) else 30.0
