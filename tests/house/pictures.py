"""Own files for stories: a study in a folder, with a picture, a sound, a style and what is not served."""

from __future__ import annotations

import io
import struct
import wave
import zlib
from pathlib import Path

TOML = """
title = "Faces"
[pages]
style = "files/look.css"
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "face"
limit = "10m"
fields = [{name = "kind", ask = "Is this a kind face?", kind = "yes_no"}]
"""
PAGE = """{% extends "player/_step_opened.html" %}
{% block before %}
<p class="warm">Look at this face.</p>
<img src="files/faces/{{ "kind" }}.png" alt="a kind face" width="40" height="40">
<picture><source srcset="files/faces/kind.png 1x, files/faces/kind.png?2 2x" type="image/png">
<img src="files/flag.svg" alt="a flag" width="40" height="40"></picture>
<audio controls src="files/tone.wav"></audio>
<p>Nothing in “files/” is named here.</p>
{% endblock %}
"""
STYLE = """@font-face { font-family: "Own"; src: url("own.woff2"); }
.warm { color: rgb(170, 60, 0); background-image: url(faces/kind.png); }
"""
FLAG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1">
<style>rect { fill: teal }</style><script>document.documentElement.id = "acted"</script>
<rect width="2" height="1"/></svg>
"""


def picture(side: int = 8, grey: int = 120) -> bytes:
    """A grey PNG."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    lines = (b"\0" + bytes([grey]) * side) * side
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, body) for kind, body in parts)


def tone(seconds: float = 2.0) -> bytes:
    """Silence, as a WAV file of 8,000 samples a second."""
    body = io.BytesIO()
    with wave.open(body, "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        out.writeframes(bytes(2 * int(8000 * seconds)))
    return body.getvalue()


def with_files(folder: Path) -> Path:
    """The folder of a study whose page shows what is in files/."""
    contents = {
        "study.toml": TOML.encode(),
        "pages/face.html": PAGE.encode(),
        "files/look.css": STYLE.encode(),
        "files/faces/kind.png": picture(),
        "files/flag.svg": FLAG.encode(),
        "files/tone.wav": tone(40.0),  # three pieces of the database
        "files/own.woff2": b"no font",
        "files/empty.txt": b"",
        "files/page.html": b"<script>alert(1)</script>",
        "files/.hidden.png": b"",
    }
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder
