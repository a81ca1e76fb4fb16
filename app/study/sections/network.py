"""From [network], or each [[network]], and the tables of ties beside study.toml to how rooms are tied."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from app.study.digits import whole
from app.study.hooks.uses import read_hook
from app.study.model import networks
from app.study.model.networks import ListedTie, Network
from app.study.model.study import MOST_SEATS
from app.study.syntax.lines import Spot
from app.study.syntax.mistakes import Mistake, did_you_mean
from app.study.syntax.table import LARGEST_NUMBER, Table, spot_of_byte

COLUMNS = ("from", "to", "weight", "room", "round")
EACH_ROUND = ("same", "new")
MOST_MISTAKES = 20  # of one table of ties
MOST_ROUNDS = 10_000
PAIRS = 'Write pairs of slots: edges = [[1, 2], [2, 3]], or the name of a table, such as edges = "ties.csv".'

_KINDS_WITH = {
    "edges": ("edges",),
    "neighbours": ("lattice", "small_world", "random_regular"),
    "rewire": ("small_world",),
    "chance": ("random",),
    "attach": ("scale_free",),
    "clique": ("cliques", "caveman"),
}


def read_networks(document: Table, files: Mapping[str, bytes]) -> tuple[Network, ...]:
    """In the order of the file; one that is complete where the study says nothing."""
    if not document.has("network"):
        document.value("network")
        return (Network("complete"),)
    if isinstance(document.values["network"], list):
        return tuple(_network(one, files) for one in document.tables("network", "[[network]]")) or (
            Network("complete"),
        )
    table = document.table("network", "[network] with single brackets, and its settings below")
    return (Network("complete") if table is None else _network(table, files),)


def _network(table: Table, files: Mapping[str, bytes]) -> Network:
    kind = table.one_of("kind", networks.KINDS, "edges" if table.has("edges") else "complete")
    default = Network(kind)
    directed = table.truth("directed", False)
    edges = _edges(table, files, directed)
    rewire_by = read_hook(table, "rewire_by")
    network = Network(
        kind,
        edges or (),
        neighbours=table.whole("neighbours", default.neighbours, largest=MOST_SEATS),
        rewire=_probability(table, "rewire", default.rewire),
        chance=_probability(table, "chance", default.chance),
        attach=table.whole("attach", default.attach, largest=MOST_SEATS),
        clique=table.whole("clique", default.clique, smallest=2, largest=MOST_SEATS),
        directed=directed,
        each_round=table.one_of("each_round", EACH_ROUND, "same"),
        rooms=table.texts("rooms"),
        rewire_by=rewire_by,
    )
    if kind == "edges" and not table.has("edges"):
        table.wrong("edges", "The network's `edges` are missing.", "Add edges = [[1, 2], [2, 3]].")
    if table.sound("kind"):
        for key, kinds in _KINDS_WITH.items():
            if table.has(key) and kind not in kinds:
                sentence = f"`{key}` means nothing in a network of kind {kind}."
                table.wrong(key, sentence, f"Remove it, or make the kind {' or '.join(kinds)}.")
        _check_rounds(table, network)
    table.report_unknown_keys("[network]")
    # What could not be read must not be found wrong once more where rooms are held against it.
    return Network("complete", rooms=network.rooms) if edges is None else network


def _check_rounds(table: Table, network: Network) -> None:
    if network.directed and network.kind not in networks.ONE_WAY and not network.rewire_by:
        cure = f"Remove it, or make the kind {' or '.join(networks.ONE_WAY)}."
        table.wrong("directed", f"In a network of kind {network.kind}, ties go both ways.", cure)
    if network.each_round == "new" and network.kind in networks.FIXED:
        cure = (
            "Give `edges` from a table with a column `round`."
            if network.edges
            else 'Write each_round = "same".'
        )
        table.wrong("each_round", f"There is only one network of kind {network.kind}.", cure)
    if network.rewire_by and network.is_planned:
        sentence = "The network of a round can be given by the study or by a hook, but not by both."
        table.wrong("rewire_by", sentence, "Remove it, or what the study plans for each round.")


def _probability(table: Table, key: str, default: float) -> float:
    given = table.decimal(key)
    if given is None:
        return default
    if not 0 <= given <= 1:
        table.wrong(key, f"`{key}` is {given}, but is a probability.", "Write a number from 0 to 1.")
        return default
    return float(given)


def _edges(table: Table, files: Mapping[str, bytes], directed: bool) -> tuple[ListedTie, ...] | None:
    """None where the ties can't be read."""
    value = table.value("edges")
    if value is None:
        return ()
    if isinstance(value, str):
        return _from_table(table, value, files, directed)
    if not isinstance(value, list) or not value:
        table.wrong("edges", "`edges` must be a list of pairs of slots.", PAIRS)
        return None
    found: dict[tuple[int, int], ListedTie] = {}
    for index, one in enumerate(value):
        place = (*table.path, "edges", index)
        if (
            not isinstance(one, list)
            or len(one) not in (2, 3)
            or any(type(slot) is not int for slot in one[:2])
        ):
            table.findings.wrong(place, "This is not a pair of slots.", PAIRS)
            continue
        a, b = one[:2]
        weight = one[2] if len(one) == 3 else 1
        if a == b:
            table.findings.wrong(place, f"Slot {a} can't be tied to itself.", "Remove this pair.")
        elif type(weight) not in (int, Decimal) or not math.isfinite(weight) or weight == 0:
            table.findings.wrong(place, "The weight is no number, or nothing.", "Write it so: [1, 2, 0.5].")
        elif _key(a, b, directed) in found:
            sentence = f"The tie between {a} and {b} stands twice."
            table.findings.wrong(place, sentence, "Remove one.")
        else:
            found[_key(a, b, directed)] = ListedTie(a, b, float(weight))
    return tuple(found.values()) if table.sound("edges") else None


def _from_table(
    table: Table, name: str, files: Mapping[str, bytes], directed: bool
) -> tuple[ListedTie, ...] | None:
    if name not in files or not name.endswith(".csv"):
        tables = sorted(one for one in files if one.endswith(".csv"))
        cure = did_you_mean(name, tables) if tables else "Put it beside study.toml, with the header from,to."
        table.wrong("edges", f"There is no table `{name}` in the study's folder.", cure)
        return None
    edges, mistakes = read_edges(name, files[name], directed)
    table.findings.mistakes.extend(mistakes)
    return None if mistakes else edges


def read_edges(name: str, content: bytes, directed: bool) -> tuple[tuple[ListedTie, ...], list[Mistake]]:
    """A table of ties: a CSV with the header from,to and, where wanted, weight, room (a kind) and round.

    Rounds count through the whole plan. A round without ties has one line that names it and no slots.
    """
    mistakes: list[Mistake] = []
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        sentence, cure = "This line has bytes that are not UTF-8 text.", "Save it as CSV in UTF-8."
        return (), [Mistake(name, spot_of_byte(content, error.start), sentence, cure)]
    lines = text.splitlines()
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    found: dict[tuple[object, ...], ListedTie] = {}
    header: list[str] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = [cell.strip().lower() for cell in cells]
                if mistake := _wrong_header(header):
                    return (), [Mistake(name, _spot(lines, reader.line_num, mistake[0]), *mistake)]
                continue
            read = _edge(header, cells)
            if isinstance(read, ListedTie):
                key = (*_key(read.from_slot, read.to_slot, directed), read.room, read.nth)
                if key in found:
                    read = f"The tie between {read.from_slot} and {read.to_slot} stands twice.", "Remove one."
                else:
                    found[key] = read
                    continue
            mistakes.append(Mistake(name, _spot(lines, reader.line_num, read[0]), *read))
            if len(mistakes) == MOST_MISTAKES:
                break
    except csv.Error:
        cure = "Close it, and write a quotation mark inside a cell twice."
        mistakes.append(Mistake(name, Spot(reader.line_num, 1), "A quotation mark is out of place.", cure))
    if header is None:
        mistakes.append(
            Mistake(name, Spot(1, 1), "The table is empty.", "Start it with the line from,to,weight.")
        )
    elif not found and not mistakes:
        mistakes.append(
            Mistake(name, Spot(1, 1), "The table has no ties.", "Add a line for each, such as 1,2.")
        )
    return tuple(found.values()), mistakes


def _spot(lines: Sequence[str], line: int, sentence: str) -> Spot:
    """The cell that the sentence names, or else the whole line."""
    source = lines[line - 1] if line <= len(lines) else ""
    named = re.search("`([^`]+)`", sentence)
    cell = re.search(rf"(?<![^,\s]){re.escape(named[1])}(?![^,\s])", source, re.IGNORECASE) if named else None
    return Spot(line, cell.start() + 1, len(cell[0])) if cell else Spot(line, 1, max(1, len(source)))


def _wrong_header(header: Sequence[str]) -> tuple[str, str] | None:
    unknown = [cell for cell in header if cell not in COLUMNS]
    if ";" in ",".join(header) or "\t" in ",".join(header):
        return "The cells are not separated by commas.", "Save it as CSV with commas."
    if unknown:
        return f"There is no column `{unknown[0]}` in a table of ties.", did_you_mean(unknown[0], COLUMNS)
    if missing := [column for column in COLUMNS[:2] if column not in header]:
        return (
            f"The header has no column `{missing[0]}`.",
            "Let it read from,to or from,to,weight,room,round.",
        )
    if twice := [cell for cell in header if header.count(cell) > 1]:
        return f"The header has the column `{twice[0]}` twice.", "Remove one."
    return None


def _edge(header: Sequence[str], cells: Sequence[str]) -> ListedTie | tuple[str, str]:
    """The line's tie, or what is wrong and what to do."""
    if len(cells) != len(header):
        return f"This line has {len(cells)} cells, but the header has {len(header)}.", "Give it as many."
    line = dict(zip(header, (cell.strip() for cell in cells), strict=True))
    room = line.get("room", "")
    nth = whole(line.get("round", "") or "1", LARGEST_NUMBER)
    if nth is None or not 1 <= nth <= MOST_ROUNDS:
        return f"`{line['round']}` is no round.", "Write 1 or more, or leave it empty for the first."
    if not line["from"] and not line["to"] and line.get("round"):
        return ListedTie(0, 0, room=room, nth=nth)
    slots = [whole(line[side], LARGEST_NUMBER) for side in ("from", "to")]
    for slot, cell in zip(slots, (line["from"], line["to"]), strict=True):
        if slot is None or not 1 <= slot <= MOST_SEATS:
            return f"`{cell}` is no slot.", f"Write a whole number from 1 to {MOST_SEATS:,}."
    one, other = slots
    assert one is not None and other is not None
    if one == other:
        return f"Slot {one} can't be tied to itself.", "Remove this line."
    try:
        weight = float(line.get("weight", "") or 1)
    except ValueError:
        weight = math.nan
    if not math.isfinite(weight) or weight == 0:
        return f"`{line['weight']}` is no weight.", "Write a number that is not 0, such as 0.5."
    return ListedTie(one, other, weight, room, nth)


def _key(one: int, other: int, directed: bool) -> tuple[int, int]:
    return (one, other) if directed else (min(one, other), max(one, other))
