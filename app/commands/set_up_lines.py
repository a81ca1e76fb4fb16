"""How a session is set up with a recruiter, as lines: texts to paste stand alone, so that they can be marked."""

from __future__ import annotations

from collections.abc import Iterator

from app.recruiters.set_up_steps import SetUpStep
from app.recruiters.setting_up import SetUpGuide


def steps_of(guide: SetUpGuide) -> Iterator[str]:
    yield f"{guide.name[:1].upper()}{guide.name[1:]}"
    if guide.first:
        yield "\nFirst:"
        for one in guide.first:
            yield from _lines("-", one)
        return
    yield ""
    for nth, one in enumerate(guide.steps, 1):
        yield from _lines(f"{nth}.", one)
    yield "\nBefore they come:"
    yield from (f"- {one}" for one in guide.checks)


def _lines(mark: str, step: SetUpStep) -> Iterator[str]:
    yield f"{mark} {step.words}"
    for one in step.pastes:
        yield f"\n  {one.what}{f': {one.note}' if one.note else ''}"
        yield from (f"    {line}" for line in one.text.splitlines())
