"""A study's own files: the pictures, sound, film, fonts and styles in its folder `files/`.

They may be large, so `Study.files` has a pointer for each in place of what is in it: its sha256 and its size.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

FOLDER = "files/"
SERVED = "/play/files/"  # where browsers find them
LARGEST = 200_000_000  # bytes of all of them
LARGEST_TEXT = 2_000_000  # of a style, which is read to be checked
MOST = 2_000
TYPES = {  # those that are served, by how the name ends
    **dict.fromkeys(("jpg", "jpeg"), "image/jpeg"),
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "svg": "image/svg+xml; charset=utf-8",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    **dict.fromkeys(("ogg", "oga", "opus"), "audio/ogg"),
    **dict.fromkeys(("m4a", "aac"), "audio/mp4"),
    "flac": "audio/flac",
    "weba": "audio/webm",
    **dict.fromkeys(("mp4", "m4v"), "video/mp4"),
    "webm": "video/webm",
    "ogv": "video/ogg",
    "vtt": "text/vtt",
    "woff2": "font/woff2",
    "woff": "font/woff",
    "ttf": "font/ttf",
    "otf": "font/otf",
    "css": "text/css",
    **dict.fromkeys(("js", "mjs"), "text/javascript"),
    "json": "application/json",
    "csv": "text/csv",
    "txt": "text/plain",
    "pdf": "application/pdf",
}
SCRIPTS = ("js", "mjs")
POINTER = re.compile(rb"sha256 ([0-9a-f]{64}) ([0-9]+)\n")


class Pointer(bytes):
    """What stands for a file of a folder; `source` has what is in it, as long as nobody has written there."""

    source: Path | None = None


@dataclass(frozen=True, slots=True)
class OwnFile:
    path: str  # files/…
    sha256: str
    size: int  # bytes
    source: Path | None = None  # None: it is in the database

    @property
    def type(self) -> str:
        """Empty where it is not served."""
        return TYPES.get(ending(self.path), "")


@dataclass(frozen=True, slots=True)
class OwnPages:
    """What is taken into every page of a study besides ours: names of own files; "" for nothing."""

    style: str = ""
    script: str = ""


def pointer_to(path: Path) -> Pointer:
    """Raises `OSError`."""
    status = path.stat()
    pointer = Pointer(
        f"sha256 {_digest(path, status.st_mtime_ns, status.st_size)} {status.st_size}\n".encode()
    )
    pointer.source = path
    return pointer


def own_files(files: Mapping[str, bytes]) -> dict[str, OwnFile]:
    """Those of a study, in the order of their names."""
    found = {}
    for path in sorted(files):
        if path.startswith(FOLDER) and (named := POINTER.fullmatch(files[path])):
            source = getattr(files[path], "source", None)
            found[path] = OwnFile(path, named[1].decode(), int(named[2]), source)
    return found


def content_of(body: bytes) -> bytes:
    """What a small file has in it: of an own file what lies in the folder, nothing where that is gone."""
    source = getattr(body, "source", None)
    if source is None:
        return body
    try:
        return source.read_bytes() if source.stat().st_size <= LARGEST_TEXT else b""
    except OSError:
        return b""


def has_scripts(files: Mapping[str, bytes]) -> bool:
    """Whether a study is played where there is no researcher's side."""
    return any(path.startswith(FOLDER) and is_script(path) for path in files)


def is_script(path: str) -> bool:
    return ending(path) in SCRIPTS


def digest_of(files: Mapping[str, bytes]) -> str:
    """Of the names and contents of all own files, in hex; "" where there are none.

    It stands in their address, so that one file may name another as they lie beside each other in the folder.
    """
    found = own_files(files)
    if not found:
        return ""
    lines = (f"{path}\0{file.sha256}\n" for path, file in found.items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def address(digest: str, path: str) -> str:
    """Of `path`, which begins with the name of the folder."""
    return f"{SERVED}{digest}/{quote(path.removeprefix(FOLDER))}"


def leads_out(path: str) -> bool:
    """Whether this is a way out of the folder in which own files lie, wherever it begins."""
    return path.startswith("/") or (
        ".." in path.split("/") and not posixpath.normpath(path).startswith(FOLDER)
    )


def kind_of(path: str) -> str:
    """What own files of one kind have in common: "image", "audio" … or else how they end; "" of what is not served."""
    family, _, kind = TYPES.get(ending(path), "").partition("/")
    return family if family in ("image", "audio", "video", "font") else kind


def ending(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[2].lower()


@lru_cache(maxsize=4 * MOST)
def _digest(path: Path, written: int, size: int) -> str:
    """Whoever writes a study looks at it at each save: only what is new is read again."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
