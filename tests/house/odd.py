"""Requests that no page of ours makes, from a seed: any address, any method, and heads and bodies that are a little off
or quite wrong. They begin with what is right, so that they get past the first look, and then one thing or three is not.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

THEN_LATE = "2099-01-01T10:00+00:00"
METHODS = "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE PROPFIND M-SEARCH REPORT".split()
TEXTS = [
    *(
        "",
        " ",
        "0",
        "1",
        "-1",
        "+1",
        "1.5",
        "1e9",
        "1e999",
        "NaN",
        "Infinity",
        "9" * 30,
        "0x10",
        "1_000",
        "١٢",
        "½",
    ),
    *("2147483648", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "00000001"),
    *("\0", "a\0b", "a\r\nb: c", "\t", "\u2028", "\ufeff", "\uffff", "\u202eabc", "é", "e\u0301", "💥" * 300),
    *(
        "true",
        "null",
        "[]",
        "{}",
        '{"a": 1}',
        "[" * 500,
        '{"1":"keep"}',
        "a" * 1001,
        "ab " * 2000,
        "%",
        "%s",
        "%(id)s",
    ),
    *(
        "'",
        '"',
        "';--",
        "<script>alert(1)</script>",
        "{{ 7 * 7 }}",
        "{% raw %}",
        "${7}",
        "../../etc/passwd",
        "..",
        ".",
    ),
    *("2026-01-01", "2026-13-45T99:99:99", "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59-23:59", "now"),
]
RAW = [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\x80abc", b"\xfe\xff\x00a", b"a\0b"]
PIECES = [
    "%",
    "%0",
    "%zz",
    "%u1234",
    "%00",
    "%0a",
    "%ff",
    "%ed%a0%80",
    "%2f",
    "%2e%2e",
    "%252f",
    "%c0%af",
    ";",
    "=",
    ":@",
]
TYPES = [
    *(
        "application/x-www-form-urlencoded; charset=utf-16",
        "APPLICATION/X-WWW-FORM-URLENCODED",
        "application/json",
    ),
    *(
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary="',
        "text/plain",
        "",
        "/",
    ),
    *(
        "multipart/form-data; boundary=" + "b" * 300,
        "application/x-msgpack",
        "a/b/c; ;;=",
        "multipart/mixed; boundary=b",
    ),
]
HEADS: Mapping[str, Sequence[str]] = {
    "Origin": [
        "null",
        "http://[",
        "http://[::1",
        "//",
        "http://here:99999999",
        "file://",
        "http://evil.example",
        "é",
        "",
    ],
    "Referer": ["http://[", "javascript:alert(1)", "http://here/play", "\xff", "/" * 500],
    "Sec-Fetch-Site": ["same-origin", "cross-site", "none", "", "\xff"],
    "Last-Event-ID": ["-1", "9" * 40, "NaN", "\xff", ""],
    "Accept": ["text/html", "*/*", "text/html;q=é", ",,,;;;", "application/json", ""],
    "Accept-Language": ["de", "xx-" * 80, "de;q=NaN", "*;q=9e999", ";;;,,,", "\xff\xfe", "zh-Hans-CN-x-y-z"],
    "Accept-Encoding": ["gzip", "br;q=x", ""],
    "HX-Request": ["true", "", "\xff"],
    "HX-Current-URL": ["http://[", "/"],
    "Range": ["bytes=0-", "bytes=-1", "bytes=9-1", "bytes=" + "0-1," * 300, "x"],
    "If-None-Match": ["*", '"', "W/"],
    "If-Modified-Since": ["yesterday", "Thu, 99 Jan 2026 00:00:00 GMT"],
    "X-Forwarded-For": ["192.0.2.7", "[::", "::1", ",", "é", "1" * 300],
    "X-Forwarded-Proto": ["https", "gopher", "", "\xff"],
    "X-HTTP-Method-Override": ["DELETE"],
    "Authorization": ["Basic !!!", "Bearer \xff", "Digest"],
    "Expect": ["100-continue", "the unexpected"],
    "Content-Encoding": ["gzip", "br"],
    "Cookie": [
        "=",
        ";;;",
        "networklab_player",
        "networklab_player=1.x.y; networklab_player=",
        "a=" + "b" * 3000,
        "\xff=\xfe",
    ],
    "X-Odd": ["a" * 6000, "\x80\x81", ""],
}
CROOKED = [  # heads of which nobody can say where their request ends
    b"Content-Length: %d\r\nContent-Length: 1\r\n",
    b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n",
    *(
        b"Content-Length: -1\r\n",
        b"Content-Length: 1e3\r\n",
        b"Content-Length: \r\n",
        b"Content-Length: 99999999999\r\n",
    ),
    *(b"Content-Length: 90000\r\n", b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked, chunked\r\n"),
    *(b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip\r\n", b"Transfer-Encoding: \xff\r\n"),
    *(
        b"Connection: upgrade\r\nUpgrade: h2c\r\n",
        b"Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: %d\r\n",
    ),
    *(
        b"Host: there\r\n",
        b"Host: [\r\n",
        b" folded\r\n",
        b"no colon\r\n",
        b": nameless\r\n",
        b"A\0: b\r\n",
        b"A: b\0\r\n",
    ),
    *(
        b"A: " + b"a" * 40_000 + b"\r\n",
        b"A: b\r\n" * 500,
        b"Connection: close\r\n",
        b"Expect: 100-continue\r\n",
    ),
]
STARTS = [
    b"%s %s\r\n",
    b"%s  %s HTTP/1.1\r\n",
    b"%s %s HTTP/1.0\r\n",
    b"%s %s HTTP/9.9\r\n",
    b"%s http://here%s HTTP/1.1\r\n",
]


@dataclass(slots=True)
class World:
    """What is there, by which a request can be right: the addresses, and what they name."""

    routes: Sequence[tuple[str, Sequence[str]]]  # "/join/{token:str}", and its methods
    values: Mapping[str, list[str]] = field(
        default_factory=dict
    )  # of a place in an address: what stands there
    spare: Mapping[str, list[str]] = field(
        default_factory=dict
    )  # the same, where it may be changed and ended
    cookies: list[str] = field(default_factory=list)  # of players who are to go on
    researchers: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)  # of their programs
    ending: Mapping[str, Sequence[str]] = field(
        default_factory=dict
    )  # address → cookies of those for whom it may end
    forms: list[tuple[str, str, Mapping[str, str]]] = field(
        default_factory=list
    )  # cookie, address, hidden fields
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)  # what pages ask, and what fits there
    needed: Sequence[str] = ()  # those that are asked of everybody


@dataclass(frozen=True, slots=True)
class Odd:
    nth: int
    method: str
    sent: bytes
    crooked: bool  # nobody can say where it ends: it needs a connection of its own


def odd(world: World, seed: int, nth: int) -> Odd:
    """The same request for the same world, seed and number."""
    return _Maker(world, random.Random(f"{seed}:{nth}")).request(nth)


_NOTHING: Mapping[str, str] = {}


class _Maker:
    def __init__(self, world: World, by: random.Random) -> None:
        self.world, self.by = world, by

    def request(self, nth: int) -> Odd:
        by, world = self.by, self.world
        template, methods = by.choice(world.routes)
        if world.forms and by.random() < 0.3:
            template, methods = by.choice(world.forms)[1], ["POST"]
        method = by.choice(list(methods)) if by.random() < 0.8 else by.choice(METHODS)
        path, cookie, hidden = self._path(template, method), self._cookie(template), _NOTHING
        if method == "POST" and world.forms and by.random() < 0.7:
            own = [form for form in world.forms if form[1] == template] or [by.choice(world.forms)]
            cookie, _, hidden = by.choice(own)
        # From many places, or hardly any would get past the limits of one.
        visitor = f"198.18.{by.randrange(8)}.{by.randrange(250)}"
        heads = [("Host", "here"), ("X-Forwarded-For", visitor), *([("Cookie", cookie)] if cookie else [])]
        type_, body = self._body(hidden) if method not in ("GET", "HEAD") or by.random() < 0.1 else ("", b"")
        if template.startswith("/api"):
            heads += self._said()
            if method != "GET" and by.random() < 0.7:
                type_, body = "application/json", self._json()
        if type_:
            heads.append(("Content-Type", type_))
        if by.random() < 0.5:
            heads.append(("HX-Request", "true"))
        for _ in range(by.choice((0, 0, 1, 1, 2, 3, 6))):
            name = by.choice(list(HEADS))
            heads.append((name, by.choice(HEADS[name])))
        head = b"".join(b"%s: %s\r\n" % (name.encode(), _latin(value)) for name, value in heads)
        start, crooked = b"%s %s HTTP/1.1\r\n", by.random() < 0.03
        length = b"Content-Length: %d\r\n" % len(body) if body or method == "POST" else b""
        if crooked:
            start = by.choice(STARTS) if by.random() < 0.3 else start
            line = by.choice(CROOKED)
            length = line % len(body) if b"%d" in line else line
        elif body and by.random() < 0.1:
            half = by.randrange(len(body) + 1)
            length, body = (
                b"Transfer-Encoding: chunked\r\n",
                b"".join(map(_chunk, [*filter(None, (body[:half], body[half:])), b""])),
            )
        return Odd(nth, method, start % (method.encode(), path) + head + length + b"\r\n" + body, crooked)

    def _path(self, template: str, method: str) -> bytes:
        of_researchers = template.startswith(("/admin", "/api"))
        by, ends = self.by, of_researchers and method not in ("GET", "HEAD")
        known = self.world.spare if ends else self.world.values
        parts = [
            self._part(known.get(part[1:-1].partition(":")[0])) if part.startswith("{") else part
            for part in template.split("/")
        ]
        path = "/".join(parts)
        if by.random() < 0.05:
            cut = by.randrange(len(path) + 1)
            path = "/" + path[:cut].lstrip("/") + by.choice(PIECES) + path[cut:]
        if by.random() < 0.4:
            names = "at room player find status type connection key to wall v PROLIFIC_PID".split()
            said = [(by.choice(names), self._text()) for _ in range(by.choice((1, 1, 2, 4, 50)))]
            path += (
                "?"
                + urlencode(said, errors="surrogatepass")[:6000]
                + by.choice(["", "&", "&=", "%", "%ff", "#x"])
            )
        return path.replace(" ", "%20").encode("ascii", "ignore")

    def _part(self, known: Sequence[str] | None) -> str:
        by = self.by
        if known and by.random() < 0.75:
            return quote(by.choice(known), safe="")
        if by.random() < 0.3:
            return by.choice(PIECES)
        return quote(self._text()[:2000].encode("utf-8", "surrogatepass"), safe="")

    def _cookie(self, template: str) -> str:
        by, world = self.by, self.world
        own = world.researchers if template.startswith("/admin") else world.cookies
        own = [*world.ending.get(template, own)]
        draw = by.random()
        if own and draw < 0.75:
            return by.choice(own)
        if own and draw < 0.85:
            cookie = by.choice(own)
            cut = by.randrange(len(cookie))
            return cookie[:cut] + by.choice(["", "0", ".", "é", '"', "%00"]) + cookie[cut + 1 :]
        return ""

    def _said(self) -> list[tuple[str, str]]:
        """The heads of a program's request."""
        by, known = self.by, self.world.tokens
        token = (
            by.choice(known)
            if known and by.random() < 0.8
            else "".join(filter(str.isprintable, self._text()[:200]))
        )
        heads = [("Authorization", by.choice(["Bearer ", "Bearer ", "bearer ", "Basic ", ""]) + token)]
        if by.random() < 0.6:
            heads.append(("Idempotency-Key", by.choice(["a key of one's own", "k", "é" * 20, "x" * 300])))
        return heads

    def _json(self) -> bytes:
        """An object that may be what is asked, or a little off."""
        by = self.by
        names = (
            "at",
            "zone",
            "body",
            "places",
            "extra",
            "list",
            "name",
            "door",
            "players",
            "before",
            "outcomes",
        )
        values = ["", "P9\nP10\n", THEN_LATE, "UTC", True, None, 5, -1, 10**30, 1.5, "5", [], {"a": 1}]
        said = {
            name: by.choice(values) if by.random() < 0.8 else self._text().encode("utf-8", "replace").decode()
            for name in by.sample(names, by.choice((0, 1, 1, 2, 3)))
        }
        return json.dumps(said, ensure_ascii=by.random() < 0.5).encode()

    def _body(self, hidden: Mapping[str, str]) -> tuple[str, bytes]:
        """A content type, or none, and a body that may be of it."""
        by, fields = self.by, self._fields(hidden)
        draw = by.random()
        if draw < 0.6:
            type_, body = (
                "application/x-www-form-urlencoded",
                urlencode(fields, errors="surrogatepass").encode(),
            )
            if by.random() < 0.15:
                body += b"&a=" + by.choice([b"%", b"%zz", b"%ff", *RAW]) + b"&&=&"
        elif draw < 0.8:
            boundary = by.choice(["b", "----x", "é", "b" * 70])
            type_, body = f"multipart/form-data; boundary={boundary}", self._parts(boundary, fields)
        elif draw < 0.9:
            type_, body = (
                "application/json",
                by.choice([b"{", b"null", b"[" * 3000, b'{"a":1}', b"\xff", b'"\\ud800"']),
            )
        else:
            type_, body = by.choice(TYPES), by.choice([b"", by.randbytes(by.choice((1, 50, 3000))), *RAW])
        if by.random() < 0.1:
            type_ = by.choice(TYPES)
        if by.random() < 0.003:
            body += b"&a=" + b"a" * 250_000
        return type_, body

    def _fields(self, hidden: Mapping[str, str]) -> list[tuple[str, str]]:
        by, known = self.by, self.world.fields
        fields = list(hidden.items())
        share = by.choice((0.05, 0.2, 0.7))
        for name in known:
            if by.random() < (0.9 if name in self.world.needed else share):
                fields.append((name, by.choice(list(known[name])) if by.random() < 0.8 else self._text()))
        if fields and by.random() < 0.25:
            spot = by.randrange(len(fields))
            name, value = fields[spot]
            changes = [
                (name, self._text()),
                (self._text()[:50], value),
                (name, value[:-1]),
                (name, value + "."),
            ]
            fields[spot] = by.choice(changes)
        if fields and by.random() < 0.1:
            fields += fields * by.choice((1, 1, 300))
        if by.random() < 0.03:
            fields += [(f"f{number}", "") for number in range(by.choice((499, 501, 2000)))]
        return fields

    def _parts(self, boundary: str, fields: Sequence[tuple[str, str]]) -> bytes:
        by, edge = self.by, boundary.encode()
        end = by.choice([b"\r\n"] * 8 + [b"\n", b""])
        body = b""
        for name, value in fields[:1200]:
            said = f'form-data; name="{name}"' + by.choice(
                [""] * 8 + ['; filename="a.txt"', "; filename*=x''%ff", '"']
            )
            kind = by.choice(
                [b""] * 8 + [b"Content-Type: text/plain; charset=nothing" + end, b"A" * 9000 + b": b" + end]
            )
            shown = said.encode("utf-8", "surrogatepass")
            text = value.encode("utf-8", "surrogatepass")
            body += b"--" + edge + end + b"Content-Disposition: " + shown + end + kind + end + text + end
        return body + by.choice([b"--" + edge + b"--\r\n"] * 6 + [b"", b"--" + edge, b"--other--", b"\xff"])

    def _text(self) -> str:
        by = self.by
        if by.random() < 0.1:
            return "".join(
                chr(by.choice((by.randrange(128), by.randrange(0x11000), 0xD800))) for _ in range(20)
            )
        return by.choice(TEXTS)


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece)


def _latin(value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()
