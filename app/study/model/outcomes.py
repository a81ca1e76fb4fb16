"""How it ends for people: the outcomes, the code of each, and where it sends them back to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.study.model.entrance import DECLINED, FAILED, FULL, SCREENED_OUT
from app.study.model.redirect import OURS, names_in

DEFAULT_CODES = {
    "complete": "COMPLETE",
    "lobby": "LOBBY",
    "partner_left": "PARTNER-LEFT",
    "withdrawn": "WITHDRAWN",
    FULL: "FULL",
    SCREENED_OUT: "SCREENED-OUT",
    FAILED: "FAILED-CHECK",
    DECLINED: "DECLINED",
    "standby": "STANDBY",
}
# Outcomes that bring the base, unless the study says otherwise
FOR_FINISHING = ("complete", "partner_left", "closed")
OWN_LETTERS = 8  # behind a code and a hyphen, where codes are `per_person`
CODES_LIKE = {"dropped": "withdrawn", "closed": "complete"}  # outcomes with another's code, unless given one


@dataclass(frozen=True, slots=True)
class Finish:
    """How a player's session ends.

    `codes` has one for each outcome: the study's own that `leave` may give, those of `DEFAULT_CODES`, dropped (which
    is the code of withdrawn unless the study gives one) and closed (that of complete). `redirects` has the recruiter's
    address for each outcome that has one, with places that `redirect.way_back` fills. `per_person`: behind its
    outcome's code everybody has letters of their own (players/codes.py).
    """

    redirects: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, str] = field(
        default_factory=lambda: DEFAULT_CODES | {one: DEFAULT_CODES[like] for one, like in CODES_LIKE.items()}
    )
    per_person: bool = False

    @property
    def by_leaving(self) -> tuple[str, ...]:
        """Those with which a study may let somebody's part end: its own, and those of who does not stay."""
        known = {*DEFAULT_CODES, *CODES_LIKE} - {"partner_left", "withdrawn", "dropped", SCREENED_OUT, FAILED}
        return tuple(outcome for outcome in self.codes if outcome not in known)

    @property
    def asks_for(self) -> tuple[str, ...]:
        """What the addresses need to know of a person, by name, beside what is known of everybody."""
        names = (name for address in self.redirects.values() for name in names_in(address))
        return tuple(dict.fromkeys(name for name in names if name not in OURS))

    def plain(self, code: str) -> str:
        """The outcome's code in one that somebody was shown."""
        return code[: -1 - OWN_LETTERS] if self.per_person else code

    def outcome_of(self, code: str) -> str | None:
        """The first outcome that has this code, as somebody was shown it; None: it is none of this study's."""
        return next((outcome for outcome, one in self.codes.items() if one == self.plain(code)), None)
