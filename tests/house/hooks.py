"""What a study's hook makes of values that a story gives it."""

from __future__ import annotations

import asyncio
from typing import Any

from app.study.hooks.pool import Hooks
from app.study.model.study import Study


def call_hook(study: Study, hook: str, *given: Any) -> Any:
    """In a process of its own, as in a session."""

    async def call() -> Any:
        hooks = Hooks()
        try:
            return await hooks.call(study, hook, *given)
        finally:
            await hooks.retire(0)

    return asyncio.run(call())
