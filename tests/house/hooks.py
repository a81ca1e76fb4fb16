"""What a study's hook makes of values that a story gives it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from app.study.hooks.pool import Hooks
from app.study.model.study import Study
from app.study.reading import parse
from tests.house.studies import TALK, as_files

T = TypeVar("T")


def call_hook(study: Study, hook: str, *given: Any) -> Any:
    """In a process of its own, as in a session."""

    async def call() -> Any:
        hooks = Hooks()
        try:
            return await hooks.call(study, hook, *given)
        finally:
            await hooks.retire(0)

    return asyncio.run(call())


def study_with(source: str) -> Study:
    """One whose hook `means` says when its step is shown."""
    toml = TALK.replace('chat = "neighbours"', 'chat = "neighbours"\nwhen = "means"')
    return parse(as_files(toml, source), opened=True)


def told(story: Callable[[Hooks], Awaitable[T]]) -> T:
    """What a story finds out of hooks whose processes end with it."""

    async def tell() -> T:
        pool = Hooks(seconds=1)
        try:
            return await story(pool)
        finally:
            await pool.retire(0)

    return asyncio.run(tell())
