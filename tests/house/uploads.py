"""Studies that a researcher uploads in a story."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import httpx

from tests.house.house import House
from tests.house.server import Server

STUDIES = "/admin/studies"


def client_of(house: House, server: Server, name: str) -> httpx.Client:
    return httpx.Client(base_url=server.base, cookies=house.researcher(server, name).cookies, timeout=60)


def upload(
    client: httpx.Client, files: Mapping[str, bytes], form: dict[str, str], to: str = STUDIES
) -> httpx.Response:
    return client.post(to, files={"zip": ("mine.zip", zip_of(files))}, data=form)


def zip_of(files: Mapping[str, bytes], folder: str = "mine/") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as zipped:
        for name, body in files.items():
            zipped.writestr(folder + name, body)
    return content.getvalue()
