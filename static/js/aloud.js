// Who has the page read out hears of themselves what changes in a part that their browser knows already, and mostly
// nothing of a part that has just come. So what came in the place of another, and what came with words to be heard
// (`data-aloud`: these, or all that stand there), is written once into a line that stays.
const aloud = (() => {
  const LONG = 5000; // milliseconds after which nobody who reads on is to come upon it
  let emptying;
  let known = null; // words that are heard now → those that tell that they do not hold any more
  let was;

  const wordsOf = (node) => (node?.textContent ?? "").replace(/\s+/g, " ").trim();

  function parts() {
    return new Map(all("[data-aloud]").map((node) => [node.dataset.aloud || wordsOf(node), node.dataset.over]));
  }

  function where() {
    return byId("where")?.dataset.at ?? ["wait", "line", "code"].find(byId);
  }

  // Which round or page it is and how it begins, but for what is read out as the focus goes there.
  function opened() {
    const step = byId("step");
    if (!step)
      return wordsOf(document.querySelector("main .ask") ?? document.querySelector("main p:not([data-aloud])"));
    const named = document.activeElement === step ? step.ariaLabel : "";
    const words = [wordsOf(document.querySelector("#where [data-turn]")), wordsOf(step.querySelector("h2, h3"))];
    if (!words[1]) words[1] = step.ariaLabel;
    return words.filter((one) => one && one !== named).join(": ");
  }

  function look() {
    const [before, turned] = [known, was !== where()];
    [known, was] = [parts(), where()];
    if (!before) return;
    const said = turned ? [opened()] : [...before].filter(([one]) => !known.has(one)).map(([, over]) => over);
    const came = [...known.keys()].filter((one) => !before.has(one));
    const words = [...said, ...came].filter(Boolean).join(" ");
    if (words) say(words);
  }

  function say(words) {
    const line = byId("aloud");
    line.textContent = words;
    clearTimeout(emptying);
    emptying = setTimeout(() => line.replaceChildren(), LONG);
  }

  return { look };
})();
