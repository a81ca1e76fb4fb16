// What is wrong with an answer stands beside it until the form is stored or another takes its place. The server keeps
// nothing of what it refuses, so an update that shows the same form has no sentence for it: its fields stay as they are.
const marks = (() => {
  const FORM = ":is(form[data-answers], form.move)";
  const WORDS = ":scope > .problem[role=alert]"; // above all fields
  let stays = false; // the form that is being updated was refused, and is the same

  // The key of a move is another on each page; its fields are called otherwise at another step.
  const keyOf = (form) => (form.matches(".move") ? form.querySelector(".field")?.id : drafts.keyOf(form));

  function look(form, next) {
    stays = Boolean(form.querySelector(".wrong")) && keyOf(form) === keyOf(next);
    const words = form.querySelector(WORDS);
    if (!stays || !words) return;
    next.querySelector(WORDS)?.remove();
    next.querySelector("#shown")?.before(words.cloneNode(true));
  }

  function drop(form) {
    for (const mark of all(".wrong, [aria-invalid]", form)) {
      mark.classList.remove("wrong");
      mark.removeAttribute("aria-invalid");
    }
    for (const words of all(form.matches(".move") ? ".field .error" : ".error, .problem", form)) words.remove();
  }

  htmx.registerExtension("marks", {
    htmx_before_morph_node(node, { newNode }) {
      if (node.matches?.(FORM)) look(node, newNode);
      return !(stays && node.matches?.(`${FORM} .field`));
    },
  });

  return { drop };
})();
