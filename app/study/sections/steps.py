"""What happens in a room, from the [[step]] tables of study.toml."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from app.study.hooks.uses import read_hook
from app.study.model.blocks import with_endings
from app.study.model.fields import Field, FieldError
from app.study.model.kinds.click import CLICK, clicked
from app.study.model.kinds.known import COMPUTED, KINDS
from app.study.model.kinds.rows import Rows
from app.study.model.kinds.slots import SLOTS
from app.study.model.kinds.text import TEXT
from app.study.model.kinds.yes_no import YES_NO
from app.study.model.steps import ROLE, SEEN, Dropout, Roles, Show, Step, places_of
from app.study.pages import OWN_PAGES
from app.study.sections.clocks import read_clock
from app.study.sections.correct import ALONE
from app.study.sections.dropout import read_step_dropout
from app.study.sections.fields import FORM_NAMES, read_fields, read_order
from app.study.sections.limits import as_limited, elsewhere, with_limits
from app.study.sections.moves import LONGEST_BUTTON, check_moves, read_moves
from app.study.sections.names import NAME, unique_name
from app.study.sections.role import DEAL, with_roles
from app.study.sections.rounds import (
    check_common_time,
    check_meeting,
    check_rounds,
    common_time,
    read_continues,
    shared_out,
)
from app.study.sections.talk import read_talk
from app.study.sections.treatments import read_only
from app.study.sections.valid import read_final, read_valid
from app.study.syntax.lines import Path
from app.study.syntax.mistakes import Findings, did_you_mean
from app.study.syntax.table import Table

ENDS = ("answered", "deadline")
SAVES = ("button", "change")
SHOWN_OF = ("neighbours", "room", "me")
SHOWN_ROUNDS = ("last", "all", "now")
IN_NUMBERS = ("picture", "mean", "sum", "min", "max")
COUNTED = ("count", "bars")
SHOWN_AS = ("table", *IN_NUMBERS, *COUNTED)
SHOW_EXAMPLE = 'show = [{field = "belief", of = "neighbours"}]'
ON_TIMEOUT = ("blank", "keep", "default:VALUE", "hook")


def read_steps(
    document: Table, dropout: Dropout, roles: Roles | None = None, taken: Collection[str] = ()
) -> tuple[Step, ...]:
    """Those of rooms. What they show is found once all steps are read. `taken`: names of steps before."""
    if not document.has("step") and (document.has("room") or not is_survey(document)):
        cure = 'Add [[step]] with page = "talk" and limit = "60s", and the file pages/talk.html.'
        document.missing("step", "There is no [[step]], so there is nothing to do in a room.", cure)
    steps: list[Step] = []
    for table in document.tables("step", "[[step]] with double brackets"):
        step = _read(table, dropout, [*taken, *(one.name for one in steps)], common_time(steps))
        if step.own_pace and not step.moves:
            _check_pace(table, step)
        check_common_time(table, step, steps)
        step = with_computed(table, step, read_shows(table))
        check_moves(table, step)
        check_rounds(table, step)
        table.report_unknown_keys("[[step]]", ALONE)
        steps.append(step)
    check_meeting(document, steps)
    return tuple(with_roles(document, with_endings(shared_out(steps)), roles))


def _read(table: Table, dropout: Dropout, taken: Sequence[str], timed: bool) -> Step:
    """`timed`: there is a time for the pages before it that it may share."""
    page = read_page(table)
    name = table.text("name", default=page)
    if table.sound("page"):
        name = unique_name(table, name, taken, "step")
    within = table.duration("within", default=0.0)
    waits = _wait_for(table)
    if not table.has("limit") and not table.has("within") and not (timed and not waits):
        sentence = "`limit` is missing, so nobody who waits here would ever get on."
        table.missing("limit", sentence, 'Add limit = "60s".')
    found, moves = read_fields(table, reserved=FORM_NAMES, ordered=True), read_moves(table)
    results = read_results(table, found)
    button = table.text("button", default="", longest=LONGEST_BUTTON)
    if button and not found and not moves and table.sound("fields"):
        found = (clicked(button),)
    ends = table.one_of("ends", ENDS, "answered" if found else "deadline")
    nothing = not found and not moves and table.sound("fields")
    if ends == "answered" and nothing and table.sound("ends"):
        cure = 'Write ends = "deadline", or give it fields, or button = "Next".'
        table.wrong("ends", "This step has no fields, so nobody can have answered.", cure)
    return Step(
        name=name,
        page=page,
        repeat=table.whole("repeat", 1),
        limit=table.duration("limit", default=0.0),
        within=within,
        fields=found,
        **read_talk(table),
        on_timeout=read_on_timeout(table, found),
        ends=ends,
        save=table.one_of("save", SAVES, "button"),
        wait_for=waits,
        results=results,
        when=read_hook(table, "when"),
        on_end=read_hook(table, "on_end"),
        score_hook=read_hook(table, "score"),
        dropout=read_step_dropout(table, dropout),
        only=read_only(table),
        button=button,
        valid=read_valid(table, found),
        leave=read_hook(table, "leave"),
        final=read_final(table, found),
        rounds=table.text("rounds", default="", longest=40),
        continues=read_continues(table),
        at_least=table.whole("at_least", 1),
        moves=moves,
        on_move=read_hook(table, "on_move"),
        quiet=table.duration("quiet", default=0.0),
        clock=read_clock(table),
        bot=read_hook(table, "bot"),
        order=read_order(table),
    )


def is_survey(document: Table) -> bool:
    """Whether the study is what people go through by themselves alone."""
    solo = document.has("before") or document.has("after")
    return solo and not document.has("room") and not document.has("step")


def read_shows(table: Table) -> list[tuple[Table, Show]]:
    """What a step shows; the step that has a field is looked for by `placed`."""
    return [_show(one) for one in table.tables("show", SHOW_EXAMPLE)]


def with_computed(table: Table, step: Step, shows: Sequence[tuple[Table, Show]]) -> Step:
    """The step with what it shows, and the results that hooks give as it opens."""
    _check_names(table, step, [show for _, show in shows])
    computed = (*_computed(shows), *_whom(step.fields), *_inside(step))
    return replace(step, results=(*step.results, *computed), show=tuple(show for _, show in shows))


def placed(document: Table, steps: Sequence[Step]) -> tuple[Step, ...]:
    """All steps, as people go through them, each with where what it shows was said."""
    places = places_of(steps)
    _check_about(document.findings, steps, places)
    steps = with_limits(document, steps, places)
    return tuple(
        replace(
            step,
            show=tuple(
                _placed(document.findings, (*places[index], "show", nth), steps, index, show)
                for nth, show in enumerate(step.show)
            ),
        )
        for index, step in enumerate(steps)
    )


def _wait_for(step: Table) -> Decimal:
    """The share of those asked whose answers end the step."""
    value = step.value("wait_for")
    if value is None or value == "all":
        return Decimal(1)
    if value == "none":
        return Decimal(0)
    share = step.decimal("wait_for") if isinstance(value, int | Decimal) else None
    if share is None or not 0 < share <= 1:
        cure = 'Write wait_for = "all", wait_for = "none" or a share such as wait_for = 0.8.'
        step.wrong("wait_for", "`wait_for` must be all, none, or a share of those asked.", cure)
        return Decimal(1)
    if step.has("ends") and step.text("ends") == "deadline" and share < 1:
        sentence = "This step lasts until its deadline, so it waits for nobody."
        step.wrong("wait_for", sentence, 'Remove it, or write ends = "answered".')
    return share


def _check_pace(table: Table, step: Step) -> None:
    """Pages at one's own pace are passed by answering, and nothing is decided between them."""
    if not step.fields and table.sound("fields"):
        cure = 'Give it button = "Next", ask something, or wait for all.'
        table.wrong("wait_for", "Nobody can go on from a page that asks nothing.", cure)
    for key in ("when", "chat", "save"):
        if table.has(key) and getattr(step, key) not in ("", "none", "button"):
            sentence = f"`{key}` needs a step at which the room is together."
            table.wrong(key, sentence, "Remove it, or let the step wait for all.")
    if step.ends == "deadline" and table.has("ends"):
        sentence = "At one's own pace a page ends with its answer."
        table.wrong("ends", sentence, "Remove it, or let the step wait for all.")


def read_page(step: Table) -> str:
    page = step.text("page", example="talk")
    if step.sound("page") and not NAME.fullmatch(page):
        cure = f'Write page = "{re.sub("[^A-Za-z0-9_-]+", "_", page.removesuffix(".html")).strip("_")[:40]}".'
        step.wrong("page", f"`{page}` is no name of a page: that has letters, digits, - and _ only.", cure)
    elif page in OWN_PAGES:
        sentence = f"`{page}` can't be the page of a step: pages/{page}.html stands in place of our own."
        step.wrong("page", sentence, "Give it another name, and its file too.")
    return page


def read_on_timeout(step: Table, step_fields: tuple[Field, ...]) -> str:
    value = step.text("on_timeout", default="blank")
    if step_fields and all(field.kind is CLICK for field in step_fields):
        if step.has("on_timeout"):
            step.wrong("on_timeout", "Nothing is asked here, so no answer can be missing.", "Remove it.")
        return "blank"
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


def read_results(table: Table, found: Sequence[Field]) -> tuple[Field, ...]:
    """What `on_end` and `on_move` compute: declared as fields are, so that pages, export and codebook know them."""
    results = read_fields(table, reserved=FORM_NAMES, key="results", computed=True)
    for index, result in enumerate(results):
        if result.name in [field.name for field in found]:
            sentence = f"`{result.name}` is a field of this step already."
            place = (*table.path, "results", index, "name")
            table.findings.wrong(place, sentence, "Give the result another name.")
    if results and not table.has("on_end") and not table.has("on_move"):
        cure = 'Add on_end = "NAME", a function of hooks.py that computes them.'
        table.wrong("results", "Nothing computes these results.", cure)
    return results


def _computed(shows: Sequence[tuple[Table, Show]]) -> Iterator[Field]:
    """What is computed as a step opens, a result named after its hook."""
    for table, show in shows:
        if show.hook:
            kinds = {**KINDS, **COMPUTED}
            ask, kind = table.text("ask", example="Your signal"), table.one_of("kind", kinds, TEXT)
            yield Field(show.hook, ask, kinds[kind])


def _check_names(table: Table, step: Step, shows: Sequence[Show]) -> None:
    """What a hook gives as the step opens is called like the hook."""
    taken = [field.name for field in (*step.fields, *step.results)]
    for nth, show in enumerate(shows):
        if show.hook and show.hook in taken:
            sentence = (
                f"`{show.hook}` is a field or result here already, and a hook's value has the hook's name."
            )
            table.findings.wrong(
                (*table.path, "show", nth, "hook"), sentence, "Give the function another name."
            )


def _whom(fields: Sequence[Field]) -> Iterator[Field]:
    """Whom questions are about, where a hook says so as the step opens: a result named after it."""
    for hook in dict.fromkeys(field.of for field in fields if field.of not in ("", *SEEN)):
        yield Field(hook, "Whom this player is asked about", SLOTS)


def _inside(step: Step) -> Iterator[Field]:
    """Who is in a channel, where a hook says so as the step opens: a result named after it."""
    for hook in dict.fromkeys(channel.hook for channel in step.channels if channel.hook):
        titles = " / ".join(one.title for one in step.channels if one.hook == hook)
        yield Field(hook, f"In the channel {titles}", YES_NO)
    for hook in dict.fromkeys(channel.mediator for channel in step.channels if channel.mediator):
        yield Field(hook, "What the mediator says", TEXT)


def _show(table: Table) -> tuple[Table, Show]:
    hook = read_hook(table, "hook")
    if hook:
        if table.has("field"):
            sentence = "This shows a field or what a hook computes, not both."
            table.wrong("field", sentence, "Remove one of them.")
        table.text("ask", default="")
        table.text("kind", default="")
        look = table.one_of("as", SHOWN_AS, "table")
        of = table.one_of("of", SHOWN_OF, "me")
        table.report_unknown_keys("what is shown")
        return table, Show(hook, "", of, "now", look, hook)
    field = table.text("field", example="belief")
    of = table.one_of("of", SHOWN_OF, "neighbours")
    round_ = table.one_of("round", SHOWN_ROUNDS, "last")
    look = table.one_of("as", SHOWN_AS, "table")
    ask = table.text("ask", default="", longest=200)
    table.report_unknown_keys("what is shown")
    return table, Show(field, "", of, round_, look, ask=ask)


def _check_about(findings: Findings, steps: Sequence[Step], places: Sequence[Path]) -> None:
    names = sorted({field.name for step in steps for field in (*step.fields, *step.results)})
    for place, step in zip(places, steps, strict=True):
        for nth, field in enumerate(step.fields):
            if field.about and field.about not in names:
                sentence = f"No step has a field `{field.about}`, so it can't stand beside anybody."
                findings.wrong((*place, "fields", nth, "about"), sentence, did_you_mean(field.about, names))


def _placed(findings: Findings, place: Path, steps: Sequence[Step], index: int, show: Show) -> Show:
    """With the step that has the field: this one, else the nearest before it, else the nearest after it."""
    here = steps[index]
    if show.hook:
        return replace(show, step=here.name)
    order = [index, *range(index - 1, -1, -1), *range(index + 1, len(steps))]
    sources = {
        field.name: (steps[at], field)
        for at in reversed(order)
        for field in (*steps[at].fields, *steps[at].results)
    }
    if show.field not in sources:
        if findings.sound(*place, "field"):
            cure = did_you_mean(show.field, sorted(sources)) if sources else "Ask something in a step first."
            cure = f"Add [role] with {DEAL}." if show.field == ROLE else cure
            sentence = f"No step has a field `{show.field}`, so it can't be shown."
            findings.wrong((*place, "field"), sentence, cure)
        return replace(show, step=here.name)
    source, shown = sources[show.field]
    if here.is_solo and show.of != "me":
        sentence = "Nobody else is here whose answers could be shown."
        findings.wrong((*place, "of"), sentence, 'Write of = "me".')
    if show.field == ROLE and source.name == here.name:
        show = replace(show, round="now")  # dealt as this step opens
    if show.round == "now" and source.name != here.name:
        sentence = f"`{show.field}` is not asked at this step, so there are no answers to it now."
        findings.wrong((*place, "round"), sentence, 'Write round = "last".')
    drawn = show.look == "picture" and shown.swatches
    cure = 'Write as = "table".'
    if show.look in IN_NUMBERS and not drawn and not shown.kind.is_number:
        findings.wrong((*place, "as"), f"`{show.field}` is no number, so it has no {show.look}.", cure)
    if show.look in COUNTED and not (shown.kind.is_number or shown.kind.answers(as_limited(shown))):
        sentence = (
            f"Each answer to `{show.field}` is given in several rows, which are not counted."
            if isinstance(shown.kind, Rows)
            else f"Hardly two answers to `{show.field}` are the same, so there is nothing to be counted."
        )
        findings.wrong((*place, "as"), sentence, cure)
    return replace(
        show, step=source.name, also=tuple(one.name for one in elsewhere(steps[:index], source, shown))
    )
