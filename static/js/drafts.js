// Drafts: what was typed and not yet saved survives a reload, and now and then the server gets it for another device. A
// draft belongs to the form key it was typed under, which is one player's, one step's and one save's: it never meets a
// newer answer, the next round or somebody else.
const drafts = (() => {
  const uploads = new Map(); // name of a form → the timer of its next upload, and the key it was typed under
  const uploaded = new Set(); // … that have been uploaded from this page
  const ours = new Set(["form_key", "form-whole"]); // of what a form sends, its key and its button
  const typed = (data) => [...data].filter(([name]) => !ours.has(name));
  const typedIn = (form) => typed(new FormData(form));
  const kept = (form) => `draft-${form.dataset.draft}`;
  const keyOf = (form) => form.dataset.key ?? form.elements.form_key.value;

  function read(form) {
    const here = JSON.parse(sessionStorage.getItem(kept(form)) ?? "null");
    if (here?.key === keyOf(form)) return here.typed;
    const elsewhere = JSON.parse(form.dataset.typed || "null");
    return elsewhere?.key === keyOf(form) ? elsewhere.typed : null;
  }

  function keep(form) {
    sessionStorage.setItem(kept(form), JSON.stringify({ key: keyOf(form), typed: typedIn(form) }));
    const name = form.dataset.draft;
    if (!form.getAttribute("action").startsWith("/play/") || uploads.has(name)) return;
    const timer = setTimeout(upload, uploaded.has(name) ? 10000 : 3000, name);
    uploads.set(name, { timer, key: keyOf(form) });
  }

  function upload(name) {
    const { key } = uploads.get(name);
    dropUpload(name);
    const form = document.querySelector(`form[data-draft="${name}"]`);
    if (!form || keyOf(form) !== key) return; // it is the next step's, in which nobody has typed yet
    uploaded.add(name);
    const body = new URLSearchParams(typedIn(form));
    body.set("draft", name);
    body.set("draft_key", keyOf(form));
    fetch("/play/draft", {
      method: "POST",
      body,
      keepalive: true,
      headers: { "HX-Request": "true", ...player.headers() },
    }).catch(() => {});
  }

  function dropUpload(name) {
    clearTimeout(uploads.get(name)?.timer);
    uploads.delete(name);
  }

  function restoreAll() {
    for (const form of all("form[data-draft]")) restore(form);
    tellChanged();
  }

  function restore(form) {
    const draft = read(form);
    if (!draft) return;
    for (const field of all("input:not([type=hidden]), input[data-own], textarea, select", form)) {
      const values = draft.filter(([name]) => name === sliders.nameOf(field)).map(([, value]) => value);
      if (field.type === "radio" || field.type === "checkbox") field.checked = values.includes(field.value);
      else if (field.type === "select-one") {
        const options = [...field.options].map((option) => option.value);
        field.value = options.find((value) => value && values.includes(value)) ?? "";
      } else if (values.length) {
        if (field.value !== values[0]) field.value = values[0];
        if (field.type === "range") sliders.touch(field);
      }
    }
  }

  function edited(form) {
    if (!form?.dataset.draft) return;
    keep(form);
    const saved = form.querySelector("#saved");
    if (saved?.textContent.trim()) saved.textContent = saved.dataset.changed;
    tellChanged();
  }

  // What was sent is stored: its draft goes, unless something else was typed meanwhile.
  function stored(form, sent) {
    if (JSON.stringify(typed(sent)) !== JSON.stringify(typedIn(form))) return edited(form);
    sessionStorage.removeItem(kept(form));
    dropUpload(form.dataset.draft);
    tellChanged();
  }

  function tellChanged() {
    const form = document.querySelector("form[data-answers]");
    state.tell({ changed: Boolean(form && read(form)) });
  }

  document.addEventListener("input", (event) => edited(event.target.form));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) for (const name of uploads.keys()) upload(name);
  });

  // What is chosen and not yet saved stays in an update.
  htmx.registerExtension("drafts", {
    htmx_before_morph_attr(node, { attrName, newValue }) {
      if (attrName === "checked" && node.form?.dataset.draft && !read(node.form)) node.checked = newValue !== null;
    },
  });

  return { keep, keyOf, restoreAll, stored };
})();
