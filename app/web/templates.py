"""Templates: ours, and a study's own pages over ours."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache, partial
from types import FunctionType
from typing import Any
from urllib.parse import parse_qsl, urlencode

from jinja2 import BaseLoader, ChoiceLoader, Environment, FunctionLoader, StrictUndefined, Template, Undefined
from markupsafe import Markup, escape

from app.config import PROJECT
from app.study.durations import as_clock
from app.study.languages.choice import own_name
from app.study.languages.texts import Texts, texts_in
from app.study.markup import addressed
from app.study.model.fields import Field
from app.study.model.steps import Step
from app.study.model.study import Study
from app.study.own_files import FOLDER as OWN_FILES
from app.study.own_files import OwnPages, address, digest_of
from app.web.assets import asset
from app.web.broken_pages import Unknown
from app.web.compiled import compiled
from app.web.kept import kept
from app.web.sandbox import Sandbox

FOLDER = PROJECT / "templates"
_PLAIN = frozenset((str, int, Markup))
_CODE = re.compile("`([^`]{1,200})`")
_FIRST = re.compile(r"(.+?[.?!])(?:\s+(.+))?", re.DOTALL)  # of some sentences
MOST_ASKED, LONG = 200, 100  # questions that are kept as they were drawn; characters of an answer in one
FIELD = "player/fields.html"  # where `field` draws one
logger = logging.getLogger(__name__)
told_of_broken: list[Callable[[Study, str, Exception], None]] = []  # besides the log
told_of_unloaded: list[Callable[[Study, str, str], None]] = []  # a file or a site, and what of it


def render(template: str, texts: Texts | None = None, /, **context: Any) -> str:
    """A template of ours, in English unless `texts` says otherwise."""
    return _template(environment_of(texts or texts_in()), template).render(context)


def render_for(study: Study, template: str, /, **context: Any) -> str:
    """A template of ours, in the study's language and with its own texts."""
    return render(template, texts_of(study), **context)


def render_own(study: Study, page: str, instead: str, /, **context: Any) -> str:
    """The study's own page of this name; where it has none, or a broken one, the template of ours that does as much.

    It comes from a researcher's folder, so it runs sandboxed, and nobody is stuck because it fails.
    """
    path = f"pages/{page}.html"
    if path in study.files:
        try:
            return render_page(study, path, **context)
        except Exception as error:
            _tell_broken(study, path, error)
    return render_for(study, instead, **context)


def render_page(study: Study, path: str, /, **context: Any) -> str:
    """The study's own page in this file of it, as it is. Raises whatever breaks it."""
    if "place" in context:
        context.setdefault("earlier", context["place"].player.earlier)
    context.setdefault("constants", study.constants)
    return _template(_sandbox(study), path).render(context)


def _template(environment: Environment, name: str) -> Template:
    """With all that it may name in one dict: Jinja goes through two of them, name by name, each time it draws it."""
    at_hand: dict[str, Template] = vars(environment).setdefault("at_hand", {})
    template = at_hand.get(name)
    if template is None:
        template = at_hand[name] = environment.get_template(name)
        template.globals = dict(template.globals)
    return template


def texts_of(study: Study) -> Texts:
    return _own_texts(study) if study.texts else texts_in(study.language)


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


@kept()
def environment_of(texts: Texts) -> Environment:
    """Where our own templates are rendered, in these words."""
    return _settings(Environment, _ours(), texts)


@kept()
def read_all() -> Mapping[str, str]:
    """Ours, by name, all at once: a process goes on with what it began with while a new version takes its place."""
    return {
        path.relative_to(FOLDER).as_posix(): path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.*")
    }


def _ours() -> BaseLoader:
    read = read_all()
    return FunctionLoader(lambda name: (read[name], str(FOLDER / name), None) if name in read else None)


@kept(by=lambda study: study.sha256)
def own_pages(study: Study) -> OwnPages:
    """The addresses of what the study wants taken into each page."""
    digest, own = digest_of(study.files), study.pages
    return OwnPages(*(address(digest, path) if path else "" for path in (own.style, own.script)))


@kept(by=lambda study: (study.sha256, study.language))
def _own_texts(study: Study) -> Texts:
    return texts_in(study.language).with_own(study.texts)


@kept(by=lambda study: (study.sha256, study.language))
def _sandbox(study: Study) -> Environment:
    digest = digest_of(study.files)
    own = {
        path: addressed(body.decode("utf-8-sig"), digest)
        for path, body in study.files.items()
        if path.endswith(".html") and not path.startswith(OWN_FILES)
    }
    read = FunctionLoader(lambda name: (own[name], name, None) if name in own else None)
    loader = ChoiceLoader([_ours(), read])
    environment = _settings(Sandbox, loader, texts := texts_of(study), Unknown)
    # A value of a study's own stands there as its language writes it; until then it is one, to count with.
    environment.finalize = partial(_said, texts)
    currency = study.pay.currency
    environment.filters["money"] = lambda amount, of=study, exact=False: (
        str(amount) if isinstance(amount, Undefined) else texts.money(Decimal(amount), currency, exact)
    )
    return environment


def _said(texts: Texts, value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Decimal):
        return texts.number(value)
    if isinstance(value, tuple | list):
        return texts.list_comma.join(str(_said(texts, one)) for one in value)
    return value


@kept(by=lambda study, path, _: (study.sha256, path))
def _tell_broken(study: Study, path: str, error: Exception) -> None:
    """Once, not for each player and each round."""
    logger.exception("study “%s”, %s is broken: ours is shown instead", study.title, path)
    for tell in told_of_broken:
        tell(study, path, error)


def _settings(
    kind: type[Environment],
    loader: BaseLoader,
    texts: Texts,
    undefined: type[StrictUndefined] = StrictUndefined,
) -> Environment:
    environment = kind(
        loader=loader,
        autoescape=True,
        undefined=undefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
        bytecode_cache=compiled(),
    )
    environment.newstyle_gettext = True  # type: ignore[attr-defined]
    # Not `texts` itself: a study's page could reach what all studies share.
    environment.globals.update(_words(texts), language=texts.language, direction=texts.direction)
    environment.globals.update(asset=asset, own_pages=own_pages, asked=_asked(environment))
    environment.filters["money"] = lambda amount, study, exact=False: texts.money(
        amount, study.pay.currency, exact
    )
    environment.filters.update(
        clock=as_clock, milliseconds=milliseconds, grouped=texts.number, attributes=_attributes, coded=_coded
    )
    environment.filters.update(
        listed=partial(_listed, texts),
        language_name=own_name,
        with_language=_with_language,
        in_two=_in_two,
        worded=lambda text: texts.own.get(text, text),
        commas=lambda parts: Markup(texts.list_comma).join(parts),
    )
    return environment


def _words(texts: Texts) -> dict[str, Callable[..., Markup]]:
    """What Jinja's i18n calls. Its own functions take four times as long, and a lobby has twenty texts.

    Escaped: a text is plain words, and may stand in an attribute. Only what is filled in can be markup.
    """

    @lru_cache(1000)
    def whole(text: str) -> Markup:
        return escape(texts.gettext(text)) % {}

    def gettext(text: str, **values: Any) -> Markup:
        return escape(texts.gettext(text)) % values if values else whole(text)

    def ngettext(one: str, many: str, num: int, **values: Any) -> Markup:
        return escape(texts.ngettext(one, many, num)) % {"num": num, **values}

    return dict(_=gettext, gettext=gettext, ngettext=ngettext)


def _asked(environment: Environment) -> Callable[..., Markup]:
    """A question of a step, with what somebody has answered: drawn once for all to whom it is shown like that.

    When a host ends, hundreds of pages come anew at the same moment, and questions are a third of each of them. It is
    a function and no object, as a study's page can reach what an object has: others' answers. What our own `field`
    draws is kept: a macro of a study's page may write there who asks. What somebody wrote, or tells who they are, is
    not kept either: it is theirs alone, and would outlive its erasure.
    """
    drawn: dict[
        tuple[int, str, str], tuple[Field, Markup]
    ] = {}  # with the question, whose number is its own then

    def asked(
        draw: Callable[..., Markup], step: Step, one: Field, value: str, error: str, stem: str
    ) -> Markup:
        ours = _template(environment, FIELD).module.field  # type: ignore[attr-defined]
        of_one = error or one.of or step.shuffles or step.limiting or not _is_common(one, value)
        if of_one or not _are_same(draw, ours):
            return draw(one, value, error, stem)
        found = drawn.get(key := (id(one), value, stem))
        if found is None:
            if len(drawn) >= MOST_ASKED:
                drawn.clear()
            found = drawn[key] = one, ours(one, value, error, stem)
        return found[1]

    return asked


def _are_same(one: object, other: object) -> bool:
    """Of two macros, whether they are written in the same place: each import makes another of them."""
    one, other = getattr(one, "_func", None), getattr(other, "_func", None)
    return (
        isinstance(one, FunctionType) and isinstance(other, FunctionType) and one.__code__ is other.__code__
    )


def _is_common(one: Field, value: str) -> bool:
    """Whether others may well have said the same."""
    own = one.kind.is_words or one.private or len(value) > LONG
    return type(value) is str and not (value and own)


def _listed(texts: Texts, names: Iterable[str]) -> Markup:
    """Names of people in a sentence. One from the left keeps its order in a sentence from the right."""
    one = Markup("<bdi>%s</bdi>") if texts.direction == "rtl" else Markup("%s")
    return Markup(texts.listed([one % name for name in names]))


def _with_language(address: str, language: str) -> str:
    """The same page of a door in this language."""
    path, _, query = address.partition("?")
    kept = [one for one in parse_qsl(query, keep_blank_values=True) if one[0] != "lang"]
    return f"{path}?{urlencode([*kept, ('lang', language)])}"


def _coded(text: str) -> Markup:
    """With what stands between backticks as code, as sentences about a study have its words."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))


def _in_two(said: str) -> tuple[str, str]:
    """The first sentence, and what follows it: a heading is no paragraph."""
    found = _FIRST.fullmatch(said)
    return (found[1], found[2] or "") if found else (said, "")


def _attributes(pairs: Mapping[str, Any]) -> Markup:
    """HTML attributes, without those that are None or False."""
    given = ((name, value) for name, value in pairs.items() if value is not None and value is not False)
    # Put together by hand: Markup's own format takes several times as long, and each field has some of these.
    return Markup(
        " ".join(
            str(escape(name)) if value is True else f'{escape(name)}="{escape(value)}"'
            for name, value in given
        )
    )
