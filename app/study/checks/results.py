"""Results that are of nobody alone: those who would share them must be there, and play together."""

from app.study.model.steps import PAIRS, ROOM, places_of
from app.study.model.study import Sections
from app.study.syntax.mistakes import Findings


def check_results(findings: Findings, sections: Sections) -> None:
    """Adds results of a room where somebody is alone, and of pairs where the network makes none."""
    steps = sections.all_steps
    grouped = any(one.kind in ("pairs", "cliques") for one in sections.networks)
    for place, step in zip(places_of(steps), steps, strict=True):
        for nth, result in enumerate(step.computed):
            where = (*place, "results", nth, "of")
            if result.of in (ROOM, PAIRS) and step.is_solo:
                findings.wrong(where, "Nobody else is here who could share this.", "Remove it.")
            elif result.of == PAIRS and not grouped and findings.sound("network"):
                sentence = (
                    "No network of this study makes pairs or cliques, so this would be of the whole room."
                )
                findings.wrong(where, sentence, 'Write kind = "pairs" in [network], or of = "room".')
