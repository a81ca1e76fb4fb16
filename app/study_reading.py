"""From the tables of study.toml to the parts of a study. What is missing or wrong gets a usable stand-in."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from decimal import Decimal
from urllib.parse import urlsplit

from app import networks
from app.fields import Field, FieldError
from app.languages import DEFAULT, LANGUAGES, currencies, known_texts, language_named, places
from app.networks import Network
from app.study_fields import FORM_NAMES, PLAYER_COLUMNS, read_fields
from app.study_mistakes import did_you_mean, listed, nearest
from app.study_pages import OWN_PAGES
from app.study_parts import ANY, DEFAULT_CODES, Dropout, Finish, Lobby, Pay, RoomKind, Show, Step
from app.study_source import Table

CHATS = ("none", "neighbours", "room")
ENDS = ("answered", "deadline")
SAVES = ("button", "change")
SHOWN_OF = ("neighbours", "room", "me")
SHOWN_ROUNDS = ("last", "all", "now")
SHOWN_AS = ("table", "picture", "mean")
SHOW_EXAMPLE = 'show = [{field = "belief", of = "neighbours"}]'
ON_TIMEOUT = ("blank", "keep", "default:VALUE", "hook")
DROPOUT_ACTIONS = ("nudge", "bot", "end_room", "continue")
OUTCOMES = (*DEFAULT_CODES, "closed")
MOST_SEATS = 200

_KINDS_WITH = {
    "edges": ("edges",),
    "neighbours": ("lattice", "small_world", "random_regular"),
    "rewire": ("small_world",),
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_CODE = re.compile(r"[^\s\x00-\x1f\x7f]{1,100}")


def read_types(study: Table) -> tuple[str, ...]:
    types = study.texts("types")
    if study.has("types") and not types and study.findings.sound("types"):
        cure = 'List the types, such as ["red", "blue"], or remove the line.'
        study.wrong("types", "`types` is empty.", cure)
    if ANY in types:
        sentence = "`any` can't be a type: it is the word for a seat that takes every type."
        study.wrong("types", sentence, "Rename it.")
    return types


def read_language(study: Table) -> str:
    language = study.text("language", DEFAULT)
    if language in LANGUAGES or not study.sound("language"):
        return language
    cure = did_you_mean(language_named(language) or language, LANGUAGES)
    study.wrong("language", f"`language` is `{language}`, which we have no texts in.", cure)
    return DEFAULT


def read_texts(study: Table) -> dict[str, str]:
    """What the study says in place of our texts, by their English.

    An unknown one is no grave mistake: a later version may word a text anew, and the study must still run.
    """
    table = study.table("texts", '[texts] with single brackets, and lines such as "Come in" = "Start"')
    if table is None:
        return {}
    found = {text: table.text(text) for text in table.values}
    for text, instead in found.items():
        ours, own = places(text), places(instead)
        if text not in known_texts():
            near = nearest(text, known_texts())
            cure = f"Did you mean `{near}`?" if near else "All of them are in app/languages/networklab.pot."
            table.note(text, f"`{text}` is none of our texts, so this replaces nothing.", cure)
        elif own - ours:
            cure = f"Only {_filled_in(ours)} can be here." if ours else "Write it out."
            table.wrong(text, f"{_filled_in(own - ours)} can't be filled in here.", cure)
        elif ours - own and table.sound(text):
            table.note(
                text, f"Players won't read {_filled_in(ours - own)} there.", "Put it in unless that is meant."
            )
    return found


def read_entry(study: Table) -> tuple[Field, ...]:
    entry = study.table("entry", "[entry] once, and its fields below")
    if entry is None:
        return ()
    found = read_fields(entry, reserved=(*FORM_NAMES, *PLAYER_COLUMNS))
    entry.report_unknown_keys("[entry]")
    return found


def read_rooms(study: Table) -> tuple[RoomKind, ...]:
    if not study.has("room"):
        cure = "Add [[room]] with a name and seats, such as seats = {any = 4}."
        study.missing("room", "There is no [[room]], so nobody can be seated.", cure)
    rooms: list[RoomKind] = []
    for table in study.tables("room", "[[room]] with double brackets"):
        name = _unique_name(table, table.text("name"), [room.name for room in rooms], "room")
        after = table.duration("after", default=0.0, zero=True)
        count = table.whole("count", default=0, largest=100_000) or None
        rooms.append(RoomKind(name, _seats(table), count, after))
        table.report_unknown_keys("[[room]]")
    return tuple(rooms)


def read_lobby(study: Table) -> Lobby:
    lobby = study.table("lobby", "[lobby] with single brackets, and its settings below")
    if lobby is None:
        return Lobby()
    pay = lobby.decimal("pay_per_minute") or Decimal(0)
    if pay < 0:
        sentence = f"`pay_per_minute` is {pay}, but players don't pay to wait."
        lobby.wrong("pay_per_minute", sentence, "Write 0 or more.")
    max_wait = lobby.duration("max_wait", Lobby().max_wait)
    found = Lobby(max_wait, lobby.one_of("then", ("leave",), "leave"), pay)
    lobby.report_unknown_keys("[lobby]")
    return found


def read_pay(study: Table) -> Pay:
    pay = study.table("pay", "[pay] with single brackets, and its settings below")
    if pay is None:
        return Pay()
    base = pay.decimal("base") or Decimal(0)
    if base < 0:
        pay.wrong("base", f"`base` is {base}, but players don't pay to take part.", "Write 0 or more.")
    currency = pay.text("currency", default="")
    if currency and currency not in currencies() and pay.sound("currency"):
        near = currency.upper() if currency.upper() in currencies() else ""
        cure = f"Did you mean `{near}`?" if near else "Write three letters, such as EUR, GBP or USD."
        pay.wrong("currency", f"`{currency}` is no code of a currency.", cure)
    pay.report_unknown_keys("[pay]")
    return Pay(base, currency)


def read_network(study: Table) -> Network:
    network = study.table("network", "[network] with single brackets, and its settings below")
    if network is None:
        return Network("complete")
    kind = network.one_of("kind", networks.KINDS, "edges" if network.has("edges") else "complete")
    default = Network(kind)
    edges = _edges(network)
    neighbours = network.whole("neighbours", default.neighbours, largest=MOST_SEATS)
    rewire = network.decimal("rewire")
    if kind == "edges" and not network.has("edges"):
        network.wrong("edges", "The network's `edges` are missing.", "Add edges = [[1, 2], [2, 3]].")
    if rewire is not None and not 0 <= rewire <= 1:
        network.wrong("rewire", f"`rewire` is {rewire}, but is a probability.", "Write a number from 0 to 1.")
    if network.sound("kind"):
        for key, kinds in _KINDS_WITH.items():
            if network.has(key) and kind not in kinds:
                sentence = f"`{key}` means nothing in a network of kind {kind}."
                network.wrong(key, sentence, f"Remove it, or make the kind {' or '.join(kinds)}.")
    network.report_unknown_keys("[network]")
    return Network(kind, edges, neighbours, default.rewire if rewire is None else float(rewire))


def read_steps(study: Table) -> tuple[Step, ...]:
    if not study.has("step"):
        cure = 'Add [[step]] with page = "talk" and limit = "60s", and the file pages/talk.html.'
        study.missing("step", "There is no [[step]], so there is nothing to do in a room.", cure)
    steps: list[Step] = []
    shows: list[list[tuple[Table, Show]]] = []
    for table in study.tables("step", "[[step]] with double brackets"):
        page = _page(table)
        name = table.text("name", default=page)
        if table.sound("page"):
            name = _unique_name(table, name, [step.name for step in steps], "step")
        found = read_fields(table, reserved=FORM_NAMES)
        ends = table.one_of("ends", ENDS, "answered" if found else "deadline")
        if ends == "answered" and not found and table.sound("fields") and table.sound("ends"):
            cure = 'Write ends = "deadline", or give it fields.'
            table.wrong("ends", "This step has no fields, so nobody can have answered.", cure)
        steps.append(
            Step(
                name=name,
                page=page,
                repeat=table.whole("repeat", 1),
                limit=table.duration("limit"),
                fields=found,
                chat=table.one_of("chat", CHATS, "none"),
                on_timeout=_on_timeout(table, found),
                ends=ends,
                save=table.one_of("save", SAVES, "button"),
            )
        )
        shows.append([_show(one) for one in table.tables("show", SHOW_EXAMPLE)])
        table.report_unknown_keys("[[step]]")
    return tuple(
        replace(step, show=tuple(_placed(steps, index, table, show) for table, show in shows[index]))
        for index, step in enumerate(steps)
    )


def _show(table: Table) -> tuple[Table, Show]:
    field = table.text("field", example="belief")
    of = table.one_of("of", SHOWN_OF, "neighbours")
    round_ = table.one_of("round", SHOWN_ROUNDS, "last")
    look = table.one_of("as", SHOWN_AS, "table")
    table.report_unknown_keys("what is shown")
    return table, Show(field, "", of, round_, look)


def _placed(steps: Sequence[Step], index: int, table: Table, show: Show) -> Show:
    """With the step that has the field: this one, else the nearest before it, else the nearest after it."""
    order = [index, *range(index - 1, -1, -1), *range(index + 1, len(steps))]
    names = {field.name: steps[at].name for at in reversed(order) for field in steps[at].fields}
    if show.field not in names:
        if table.sound("field"):
            cure = did_you_mean(show.field, sorted(names)) if names else "Ask something in a step first."
            table.wrong("field", f"No step has a field `{show.field}`, so it can't be shown.", cure)
        return replace(show, step=steps[index].name)
    step = names[show.field]
    kind = next(
        field.kind for one in steps if one.name == step for field in one.fields if field.name == show.field
    )
    if show.round == "now" and step != steps[index].name:
        sentence = f"`{show.field}` is not asked at this step, so there are no answers to it now."
        table.wrong("round", sentence, 'Write round = "last".')
    if show.look != "table" and kind not in ("integer", "number", "scale", "slider"):
        cure = 'Write as = "table".'
        table.wrong("as", f"`{show.field}` is no number, so it has no {show.look}.", cure)
    return replace(show, step=step)


def read_dropout(study: Table) -> Dropout:
    dropout = study.table("dropout", "[dropout] with single brackets, and its settings below")
    if dropout is None:
        return Dropout()
    silent = dropout.duration("silent", default=0.0) or None
    actions = dropout.texts("then")
    for index, action in enumerate(actions if dropout.sound("then") else ()):
        place = (*dropout.path, "then", index)
        if action not in DROPOUT_ACTIONS:
            cure = did_you_mean(action, DROPOUT_ACTIONS)
            dropout.findings.wrong(place, f"`then` has `{action}`, which is not known.", cure)
        elif action in ("end_room", "continue") and index + 1 < len(actions):
            dropout.findings.wrong(place, f"Nothing can follow `{action}`.", "Make it the last in the list.")
    if silent is None and dropout.has("then") and not dropout.has("silent"):
        cure = 'Add silent = "45s", or remove [dropout].'
        dropout.note("then", "Without `silent` nobody drops out, so `then` never happens.", cure)
    dropout.report_unknown_keys("[dropout]")
    return Dropout(silent, actions or Dropout().then)


def read_finish(study: Table) -> Finish:
    finish = study.table("finish", "[finish] with single brackets, and its settings below")
    if finish is None:
        return Finish()
    redirect = _redirect(finish)
    table = finish.table("codes", 'codes = {complete = "C1", lobby = "C2"}')
    codes = dict(Finish().codes) if table is None else _codes(table)
    finish.report_unknown_keys("[finish]")
    return Finish(redirect, codes)


def _seats(room: Table) -> dict[str, int]:
    seats = room.table("seats", "seats = {any = 4}")
    if seats is None:
        if room.sound("seats"):
            cure = "Add seats = {any = 4} or seats = {red = 2, blue = 2}."
            room.missing("seats", "This room has no `seats`.", cure)
        return {}
    found: dict[str, int] = {}
    for type_ in seats.values:
        if not type_.strip() or type_ != type_.strip() or not type_.isprintable() or len(type_) > 40:
            seats.wrong(type_, f"`{type_}` can't be a type.", "Write a plain word of at most 40 characters.")
        found[type_] = seats.whole(type_, default=1)
    if not found:
        room.wrong("seats", "This room has no seats.", "Write seats = {any = 4}, for example.")
    elif sum(found.values()) > MOST_SEATS:
        sentence = f"This room has {sum(found.values()):,} seats, and {MOST_SEATS} is the most."
        room.wrong("seats", sentence, "Make it smaller.")
    return found


def _edges(network: Table) -> tuple[tuple[int, int], ...]:
    value = network.value("edges")
    if value is None:
        return ()
    cure = "Write pairs of slots: edges = [[1, 2], [2, 3]]."
    if not isinstance(value, list) or not value:
        network.wrong("edges", "`edges` must be a list of pairs of slots.", cure)
        return ()
    found: list[tuple[int, int]] = []
    for index, pair in enumerate(value):
        place = (*network.path, "edges", index)
        if not isinstance(pair, list) or len(pair) != 2 or any(type(slot) is not int for slot in pair):
            network.findings.wrong(place, "This is not a pair of slots.", cure)
        elif pair[0] == pair[1]:
            network.findings.wrong(place, f"Slot {pair[0]} can't be tied to itself.", "Remove this pair.")
        elif (min(pair), max(pair)) in found:
            sentence = f"The tie between {pair[0]} and {pair[1]} stands twice."
            network.findings.wrong(place, sentence, "Remove one.")
        else:
            found.append((min(pair), max(pair)))
    return tuple(found)


def _page(step: Table) -> str:
    page = step.text("page", example="talk")
    if step.sound("page") and not _NAME.fullmatch(page):
        cure = f'Write page = "{re.sub("[^A-Za-z0-9_-]+", "_", page.removesuffix(".html")).strip("_")[:40]}".'
        step.wrong("page", f"`{page}` is no name of a page: that has letters, digits, - and _ only.", cure)
    elif page in OWN_PAGES:
        sentence = f"`{page}` can't be the page of a step: pages/{page}.html stands in place of our own."
        step.wrong("page", sentence, "Give it another name, and its file too.")
    return page


def _on_timeout(step: Table, step_fields: tuple[Field, ...]) -> str:
    value = step.text("on_timeout", default="blank")
    if value.startswith("default:"):
        for field in step_fields if step.sound("fields") else ():
            try:
                field.read([value.removeprefix("default:")])
            except FieldError as error:
                sentence = f"`{value}` does not fit the field `{field.name}`."
                step.wrong("on_timeout", sentence, f"Its players would read: {error}")
                break
    elif value not in ON_TIMEOUT or value == "default:VALUE":
        cure = did_you_mean(value, ON_TIMEOUT)
        step.wrong("on_timeout", f"`on_timeout` is `{value}`, which is not known.", cure)
        return "blank"
    return value


def _codes(table: Table) -> dict[str, str]:
    codes = {outcome: table.text(outcome, default=DEFAULT_CODES.get(outcome, "")) for outcome in OUTCOMES}
    for outcome, code in codes.items():
        if table.has(outcome) and table.sound(outcome) and not _CODE.fullmatch(code):
            sentence = f"`{outcome}` is no code that a recruiter can take."
            table.wrong(outcome, sentence, "Write up to 100 plain characters without blanks.")
    table.report_unknown_keys("the codes")
    return codes | {"closed": codes["closed"] or codes["complete"]}


def _redirect(finish: Table) -> str | None:
    if not finish.has("redirect"):
        finish.text("redirect", default="")
        return None
    address = finish.text("redirect")
    if not finish.sound("redirect"):
        return None
    example = "https://example.org/complete?cc={code}"
    try:
        parts = urlsplit(address)
        web = parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", address)
    except ValueError:
        web = False
    others = [name for name in re.findall(r"\{([^{}]*)\}", address) if name != "code"]
    if not web:
        finish.wrong("redirect", f"`{address}` is not a web address.", f"Write one such as {example}.")
    elif others:
        cure = "Only {code} is filled in; write the rest out."
        finish.wrong("redirect", f"`redirect` has {{{others[0]}}} in it, which is not known.", cure)
    elif "{code}" not in address:
        cure = f"Put {{code}} where the code belongs, as in {example}."
        sentence = "`redirect` has no {code} in it, so the code never reaches the recruiter."
        finish.wrong("redirect", sentence, cure)
    return address


def _filled_in(names: Collection[str]) -> str:
    return listed([f"%({name})s" for name in sorted(names)])


def _unique_name(table: Table, name: str, others: Sequence[str], what: str) -> str:
    if not table.sound("name"):
        return name
    if not _NAME.fullmatch(name):
        cure = "Write at most 40 letters, digits, - and _, without spaces."
        table.wrong("name", f"`{name}` can't be the name of a {what}.", cure)
    elif name in others:
        table.wrong("name", f"There are two {what}s named `{name}`.", "Give one of them another `name`.")
    return name
