"""What is secret or somebody's, as the doctor sees it: accounts, and tokens of recruiters."""

from __future__ import annotations

from collections.abc import AsyncIterator

from app.config import Config
from app.database.connections import Connection
from app.recruiters.recruiter import RecruiterError, RecruitingError
from app.recruiters.recruitment import newest_recruitments, with_tokens
from app.web.access.accounts import list_accounts
from app.web.doctor.finding import Finding


async def look_at_secrets(conn: Connection, config: Config) -> AsyncIterator[Finding]:
    """`conn`: of a database that is migrated."""
    if config.cluster != config.first:
        pass  # accounts live in the first of several
    elif await list_accounts(conn):
        yield Finding("accounts", "ok", "Somebody can log in to the dashboard.")
    else:
        yield Finding(
            "accounts", "look", "Nobody can log in yet.", "`networklab admin add NAME` makes an account."
        )
    connected = await newest_recruitments(conn)
    if not connected:
        if config.key is None:
            cure = "Where people come from Prolific: `openssl rand -base64 32` makes a NETWORKLAB_KEY."
            said = "NETWORKLAB_KEY is not set: no session can keep a recruiter’s token of its own."
            state = "ok" if with_tokens(config) else "look"
            yield Finding("recruiter", state, said, "" if state == "ok" else cure)  # type: ignore[arg-type]
        else:
            yield Finding(
                "recruiter", "ok", "NETWORKLAB_KEY is set. No session is connected with a recruiter yet."
            )
        return
    for recruitment in connected:
        name = f"recruiter of {recruitment.session_id}"
        try:
            recruiter = recruitment.made(config)
            try:
                await recruiter.study(recruitment.study_id)
            finally:
                await recruiter.close()
        except (RecruitingError, RecruiterError) as error:
            said, _, cure = str(error).partition(". ")
            yield Finding(name, "wrong", said.rstrip(".") + ".", cure or "Look at its page *Recruiter*.")
        else:
            yield Finding(name, "ok", f"{recruitment.recruiter} takes the token, and knows the study.")
