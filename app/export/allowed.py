"""What was allowed: that nobody did what was not theirs to do, told by the logs, the ties and the study alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

from psycopg.types.json import Jsonb

from app.database.connections import Connection
from app.database.queries import Queries
from app.rooms.paths import is_for_some
from app.study.model.blocks import opened_with
from app.study.model.study import Study

SQL = Queries(__name__)

# The name of a query that finds what breaks the rule, and the rule.
RULES = {
    "records_were_asked_for": "Every record is of somebody whom its step asked, and who had sat down by then.",
    "final_is_final": "Nobody has a second answer where the first was final.",
    "others_were_asked_about": "What is said of each of several is said of those whom the question was about.",
    "messages_were_for_their_readers": "Every message is by somebody whom its step asked, for those who could read it.",
    "nothing_came_after_the_end": "Nothing came after its room or the session had ended, or its player had left.",
}


async def breaches(conn: Connection, name: str, session_id: str, study: Study) -> AsyncIterator[str]:
    """What breaks the rule of this name, each in a sentence."""
    about = [(step.name, field.name, field.of) for step in study.steps for field in step.fields if field.of]
    found = await conn.execute(
        SQL[name],
        dict(
            session_id=session_id,
            page_steps=[page.step.name for page in study.plan],
            page_rounds=[page.round for page in study.plan],
            page_only=[
                Jsonb(dict(page.step.only)) if is_for_some(page.step) else None for page in study.plan
            ],
            page_positions=[opened_with(study.plan, page.index) for page in study.plan],
            about_steps=[step for step, _, _ in about],
            about_fields=[field for _, field, _ in about],
            about_whom=[whom for _, _, whom in about],
            **talks_of(study),
            final_steps=[step.name for step in study.steps if step.final],
        ),
    )
    async for (problem,) in found:
        yield problem


def talks_of(study: Study) -> dict[str, list[object]]:
    """Each step's talks, as the queries take them."""
    talks = [(step.name, one) for step in study.steps for one in step.talks]
    return dict(
        talk_steps=[step for step, _ in talks],
        talk_channels=[one.name for _, one in talks],
        talk_of=[one.of for _, one in talks],
        talk_read=[one.all_read for _, one in talks],
        talk_mediated=[bool(one.on_message) for _, one in talks],
        talk_among=[None if one.among is None else Jsonb(one.among) for _, one in talks],
    )
