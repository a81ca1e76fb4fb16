"""What pages and commands are told, as a program is told it: what to do next by the interface, in place of a button."""

from __future__ import annotations

SESSIONS = "GET /api/v1/sessions lists those that you are on."
STUDIES = "GET /api/v1/studies lists those that you are on."
TAKES = "GET /api/v1 says what this address takes."
# As it is said elsewhere → as a program is told it. A story sees that each is said, and that nothing else is left.
WORDS = {
    "`networklab sessions` lists those there are.": SESSIONS,
    "Go on from the list of sessions.": SESSIONS,
    "It is on the list of sessions.": SESSIONS,
    "`networklab studies` lists those there are.": STUDIES,
    "Go on from the list of studies.": STUDIES,
    "`networklab admin list` lists those there are.": "Whoever runs the server knows those there are.",
    "There is no such room in this session.": (
        "There is no such room in this session. GET /api/v1/sessions/SESSION/rooms lists those there are."
    ),
    "There is no such player in this session.": (
        "There is no such player in this session. GET /api/v1/sessions/SESSION/players lists those there are."
    ),
    "There is no report of a rehearsal here.": (
        "There is no report of a rehearsal here. POST …/versions/NUMBER/rehearsal begins one."
    ),
    "The form does not say what it means. Reload the page and try again.": f"This does not say what it means. {TAKES}",
    "The form does not say which moment it means. Reload the page.": f"This names no moment. {TAKES}",
    "This was not sent as a form.": f"This was not sent as `multipart/form-data`. {TAKES}",
    "This form has opened a session already.": "This request has opened a session already.",
    "Choose the zip of a study’s folder.": "Send the zip of a study’s folder as `zip`.",
    "The form has no study. Choose a study’s folder, or a zip of it, and send it again.": (
        "No study came: send `zip`, a zip of its folder, or `ships`, the name of one that comes along."
    ),
    "No study of this name comes with NetworkLab.": (
        "No study of this name comes with NetworkLab. Send one of your own as `zip`."
    ),
    "stand only in the file that `open --links` wrote": "stand only in the file that was written as it was opened",
    "its page says what the check found.": "`report` of this version says what the check found.",
    "First check it again, on its page.": "First check it again: POST …/versions/NUMBER/check.",
    "`networklab recruiter SESSION connect`, or its page of the dashboard, does that.": "POST …/recruiter does that.",
    "`networklab payments` has what is to be paid.": "GET …/files/payments.csv has what is to be paid.",
    "or say on the recruiter's page what was paid.": "or say by POST …/recruiter/settle what was paid.",
    "give `networklab add --players` a list of the others.": "send a list of the others.",
    "`networklab export` has the study as it is there.": "GET …/export.zip has the study as it is there.",
    "It was opened without --door.": "It was opened without `door`.",
    "`open --from` makes one that does.": "A session opened with `before` does.",
    "give a list, or tick the link for everybody, or both": "give a `list`, or `door`, or both",
    "Choose the session, too, or": "Name the session, too, or",
    "add others later, on the session’s page.": "add others later: POST …/people.",
    "Tick it, too, or leave them out.": "Ask for `door`, too, or leave them out.",
    "Choose the other: whoever is on that one": "Leave `only_me` out: whoever is on that one",
    "choose it under “It goes on from”": "name it as `before`",
    "“How it ended there”": "`outcomes`",
    "Tick the link for everybody, too": "Ask for `door`, too",
    "the link for everybody is ticked, too": "`door` is asked for, too",
    "Nobody has said who may open this page.": "Nobody has said who may do this.",
}


def as_to_program(sentence: str) -> str:
    for there, here in WORDS.items():
        sentence = sentence.replace(there, here)
    return sentence
