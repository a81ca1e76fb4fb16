"""analysis.py and analysis.R: scripts beside the data that run as they are and make a first table and picture of it.

They are written for the study: they name its first number that is answered or computed round by round, what was drawn
for people or rooms, and the step. One that has no number counts who gave the first answer of its first choice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.export.codebook import escape
from app.export.round_columns import SCORE, first_steps, named, own_columns
from app.study.model.fields import Field
from app.study.model.steps import Step
from app.study.model.study import Study

PYTHON, R = "analysis.py", "analysis.R"


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What the scripts look at: a column, in the rows of a step. `answer`: how many said just that; "": its mean."""

    step: str
    column: str
    answer: str = ""


def outcome_of(study: Study) -> FirstLook:
    """A number beside what repeats, else any number, else the score, else who chose what, else who answered at all."""
    columns, firsts = own_columns(study), first_steps(study)
    asked = sorted(_asked(study), key=lambda one: (one[0].repeat == 1 or one[0].attempts > 0, one[0].is_solo))
    for step, field in asked:
        if field.kind.is_number:
            return FirstLook(firsts[step.name], columns[step.name, field.name])
    if study.scores:
        return FirstLook(next(firsts[step.name] for step in study.all_steps if step.score_hook), SCORE)
    for step, field in asked:
        if field.kind.is_radio and (said := [one for one in field.kind.answers(field) if one]):
            return FirstLook(firsts[step.name], columns[step.name, field.name], said[0])
    steps = [firsts[step.name] for step in study.all_steps if step.fields or step.moves]
    return FirstLook(steps[0] if steps else "", "how", "answered")


def scripts(study: Study) -> Mapping[str, str]:
    """File → its text."""
    outcome = outcome_of(study)
    group = study.treatments[0].column if study.treatments else "kind"
    # As it stands in the file, where a spreadsheet must not take it for a formula.
    answer = escape(outcome.answer)
    told = {"STEP": outcome.step, "COLUMN": outcome.column, "ANSWER": answer, "GROUP": group}
    title = " ".join(study.title.split())
    found = {}
    for name, text, sign in ((PYTHON, _PYTHON, "="), (R, _R, "<-")):
        lines = [f"{one} {sign} {json.dumps(value, ensure_ascii=False)}" for one, value in told.items()]
        said = {"NAMES": "\n".join(lines), **_by_hand(outcome, name), "TITLE": title}
        for word, instead in said.items():
            text = text.replace(f"@{word}@", instead)
        found[name] = text
    return found


def _by_hand(outcome: FirstLook, name: str) -> Mapping[str, str]:
    """What the lines say that make the same means without the script: which rows, and the number of each."""
    in_time = "" if outcome.column == "how" else ' & (rounds["how"] == "answered")'
    if name == R:
        value = (
            "said[[COLUMN]] == ANSWER" if outcome.answer else "suppressWarnings(as.numeric(said[[COLUMN]]))"
        )
        return {"IN_TIME": in_time.replace('["how"]', "$how"), "VALUE": value}
    value = "said[COLUMN] == ANSWER" if outcome.answer else 'pd.to_numeric(said[COLUMN], errors="coerce")'
    return {"IN_TIME": in_time, "VALUE": value}


def _asked(study: Study) -> Iterator[tuple[Step, Field]]:
    for step in study.all_steps:
        for field in named(step):
            yield step, field


_PYTHON = """\
# A first look at the data of: @TITLE@
#
#     python3 analysis.py
#
# It needs Python alone, and draws analysis.png where matplotlib is installed. The same means with pandas:
#
#     rounds = pd.read_csv("rounds.csv", dtype=str, keep_default_na=False)
#     said = rounds[(rounds["step"] == STEP)@IN_TIME@ & (rounds[COLUMN] != "")]
#     said.assign(mean=@VALUE@).groupby([GROUP, "round"])["mean"].mean()
#
# codebook.csv says what each column means, and what `how` may be.
import csv
from collections import defaultdict
from pathlib import Path
from statistics import mean, stdev

@NAMES@
# ANSWER: how many said just that. Empty: the mean of a number.
HERE = Path(__file__).resolve().parent

with (HERE / "rounds.csv").open(encoding="utf-8-sig", newline="") as file:
    rows = [row for row in csv.DictReader(file) if row["step"] == STEP]
own = [row for row in rows if row["how"] == "answered" or COLUMN == "how"]
values = defaultdict(list)
for row in own:
    if row[COLUMN] == "":
        continue
    try:
        value = float(row[COLUMN] == ANSWER) if ANSWER else float(row[COLUMN])
    except ValueError:  # such as “I don’t know”
        continue
    values[row[GROUP] or "everybody", int(row["round"])].append(value)

people = len({row["player"] for row in rows} - {""})
what = f"share of “{ANSWER}”" if ANSWER else "mean"
print(f"{COLUMN}: {what} by {GROUP} and round, at step {STEP}")
print(f"{people} people, {len(rows)} rows, {len(own)} of them answered in time\\n")
print(f"{GROUP:<24}{'round':>6}{'n':>7}{'mean':>12}{'sd':>12}")
for (group, number), found in sorted(values.items()):
    spread = f"{stdev(found):12.3f}" if len(found) > 1 else f"{'':>12}"
    print(f"{group:<24}{number:>6}{len(found):>7}{mean(found):>12.3f}{spread}")

try:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
except ImportError:
    print("\\nNo picture: matplotlib is not installed (pip install matplotlib).")
else:
    figure, axes = plt.subplots(figsize=(6, 4))
    for group in sorted({group for group, _ in values}):
        numbers = sorted(number for one, number in values if one == group)
        axes.plot(numbers, [mean(values[group, number]) for number in numbers], marker="o", label=group)
    axes.set_xlabel("round")
    axes.set_ylabel(f"{COLUMN} ({what})")
    if values:
        axes.legend(title=GROUP)
    figure.tight_layout()
    figure.savefig(HERE / "analysis.png", dpi=150)
    print(f"\\nThe picture is {HERE / 'analysis.png'}")
"""

_R = """\
# A first look at the data of: @TITLE@
#
#     Rscript analysis.R
#
# It needs R alone, and draws analysis.png. The same means by hand:
#
#     rounds <- read.csv("rounds.csv", encoding = "UTF-8",
#       colClasses = "character", na.strings = character(), check.names = FALSE)
#     said <- rounds[rounds$step == STEP@IN_TIME@ & rounds[[COLUMN]] != "", ]
#     aggregate(list(mean = @VALUE@), said[c(GROUP, "round")], mean, na.rm = TRUE)
#
# codebook.csv says what each column means, and what `how` may be.
@NAMES@
# ANSWER: how many said just that. Empty: the mean of a number.
for (name in c("STEP", "COLUMN", "ANSWER", "GROUP")) assign(name, `Encoding<-`(get(name), "UTF-8"))

here <- gsub("~+~", " ", sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)), fixed = TRUE)
if (length(here) == 1) setwd(dirname(here)) # of Rscript; elsewhere the working directory is the folder of the data

rounds <- read.csv(
  "rounds.csv", encoding = "UTF-8", colClasses = "character", na.strings = character(), check.names = FALSE)
names(rounds)[1] <- "session" # of a file for Excel a mark stands before it
rows <- rounds[rounds$step == STEP, ]
own <- rows[rows$how == "answered" | COLUMN == "how", ]
said <- own[own[[COLUMN]] != "", ]
value <- if (ANSWER == "") suppressWarnings(as.numeric(said[[COLUMN]])) else as.numeric(said[[COLUMN]] == ANSWER)
group <- ifelse(said[[GROUP]] == "", "everybody", said[[GROUP]])
seen <- data.frame(group = group, round = as.integer(said$round), value = value)
seen <- seen[!is.na(seen$value), ] # such as \u201cI don\u2019t know\u201d

what <- if (ANSWER == "") "mean" else paste0("share of \\u201c", ANSWER, "\\u201d")
cat(COLUMN, ": ", what, " by ", GROUP, " and round, at step ", STEP, "\\n", sep = "")
people <- length(setdiff(rows$player, ""))
cat(people, " people, ", nrow(rows), " rows, ", nrow(own), " of them answered in time\\n\\n", sep = "")
cat(sprintf("%-24s%6s%7s%12s%12s\\n", GROUP, "round", "n", "mean", "sd"))
if (nrow(seen) > 0) {
  found <- aggregate(value ~ group + round, seen, function(one) c(n = length(one), mean = mean(one), sd = sd(one)))
  found <- cbind(found[c("group", "round")], found$value)
  found <- found[order(found$group, found$round, method = "radix"), ]
  spread <- ifelse(found$n > 1, sprintf("%12.3f", found$sd), strrep(" ", 12))
  cat(sprintf("%-24s%6d%7.0f%12.3f%s\\n", found$group, found$round, found$n, found$mean, spread), sep = "")

  png("analysis.png", width = 900, height = 600, res = 150)
  groups <- unique(found$group)
  plot(range(found$round), range(found$mean), type = "n", xlab = "round", ylab = paste0(COLUMN, " (", what, ")"))
  for (nth in seq_along(groups)) {
    one <- found[found$group == groups[nth], ]
    lines(one$round, one$mean, type = "b", col = nth, pch = nth)
  }
  legend("topright", legend = groups, col = seq_along(groups), pch = seq_along(groups), title = GROUP)
  invisible(dev.off())
  cat("\\nThe picture is ", file.path(getwd(), "analysis.png"), "\\n", sep = "")
}
"""
