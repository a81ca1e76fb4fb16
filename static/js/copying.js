// A button beside what is to be taken elsewhere: a code, a link. Without scripts it is not there, and the text is marked
// by a tap. Where a browser gives no clipboard (over plain HTTP), it may still copy what is marked.
const copying = (() => {
  function prepare() {
    for (const button of all("button[data-copy]")) button.hidden = false;
  }

  async function copy(button) {
    const node = byId(button.dataset.copy);
    const said = button.nextElementSibling;
    said.textContent = "";
    let done = true;
    try {
      await navigator.clipboard.writeText(node.textContent.trim());
    } catch {
      getSelection().selectAllChildren(node);
      done = document.execCommand("copy");
    }
    said.textContent = done ? said.dataset.done : said.dataset.marked;
  }

  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("button[data-copy]");
    if (button) copy(button);
  });

  return { prepare };
})();
