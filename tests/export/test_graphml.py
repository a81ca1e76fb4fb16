"""Stories of networks.graphml: a program for networks reads who saw whom, and it is what ties.csv says."""

from __future__ import annotations

import asyncio
import csv
import io
import zipfile

import networkx

from app.export.anonymous import Mask
from app.export.export import write_zip
from tests.house.house import House
from tests.house.lively import a_lively_session


def test_networkx_reads_the_ties_and_the_people_of_each_room(house: House) -> None:
    lively, _ = a_lively_session(house)
    for mask in (None, Mask()):
        path = house.folder / f"{mask is None}.zip"
        asyncio.run(write_zip(house.database, lively.session_id, lively.study, path, mask))
        with zipfile.ZipFile(path) as zipped:
            files = {name: zipped.read(name) for name in zipped.namelist()}
        graph = networkx.read_graphml(io.BytesIO(files["networks.graphml"]))
        tables = {
            name: [*csv.DictReader(io.StringIO(files[f"{name}.csv"].decode()))]
            for name in ("ties", "players")
        }
        ties = {(f"{one['room']}/{one['from']}", f"{one['room']}/{one['to']}") for one in tables["ties"]}
        assert {pair for one in graph.edges for pair in (one[:2], one[1::-1])} == ties and len(ties) == 16
        seated = {
            (f"{one['room']}/{one['slot']}", one["player"], one["type"])
            for one in tables["players"]
            if one["room"]
        }
        assert {(node, of["player"], of["type"]) for node, of in graph.nodes(data=True)} == seated
        assert {of["weight"] for *_, of in graph.edges(data=True)} == {1.0}
