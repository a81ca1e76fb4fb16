// What htmx does not do: count down, say whether all is saved, send again, keep a draft.
"use strict";

let clockOffset = 0; // server time minus ours, in milliseconds
let heard = Date.now(); // when the stream last said something
const waits = [1000, 2000, 4000, 8000];

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const now = () => Date.now() + clockOffset;

// Countdowns. The deadline is the server's; data-now is the server's clock when it rendered.
function tick() {
  for (const clock of all("[data-until]")) {
    const from = "frozen" in clock.dataset ? Number(clock.dataset.now) : now();
    const left = Math.max(0, Math.ceil((Number(clock.dataset.until) - from) / 1000));
    const text = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (clock.textContent !== text) clock.textContent = text;
    clock.classList.toggle("soon", left <= 10);
  }
  const age = document.getElementById("age");
  const seconds = Math.round((Date.now() - heard) / 1000);
  if (age) age.textContent = seconds > 3 ? `what you see is ${seconds} s old, reconnecting` : "live";
  for (const part of all("[data-while]")) part.hidden = now() >= Number(part.dataset.while);
}

function setClock(root) {
  const rendered = all("[data-now]:not([data-frozen])", root).map((clock) => Number(clock.dataset.now));
  if (rendered.length) clockOffset = Math.max(...rendered) - Date.now();
}

function setState(state) {
  const line = document.getElementById("state");
  if (!line) return;
  line.dataset.state = state;
  for (const words of all("[data-when]", line)) words.hidden = words.dataset.when !== state;
}

// Sliders send nothing until they are touched: a middle that nobody chose is no answer.
function prepareSliders(root) {
  for (const slider of all("input[type=range][data-untouched][name]", root)) {
    slider.dataset.name = slider.name;
    slider.removeAttribute("name");
  }
}

function touchSlider(slider) {
  if (slider.dataset.name) {
    slider.name = slider.dataset.name;
    delete slider.dataset.name;
    delete slider.dataset.untouched;
  }
  const shown = slider.closest(".slider")?.querySelector("output");
  if (shown) shown.textContent = slider.value;
}

// Drafts: what was typed and not yet saved survives a reload.
const draftKey = (form) => form.dataset.draft && `draft-${form.dataset.draft}`;

function keepDraft(form) {
  const fields = [...new FormData(form)].filter(([name]) => name !== "form_key");
  sessionStorage.setItem(draftKey(form), JSON.stringify(fields));
}

function restoreDraft(form) {
  for (const [name, value] of JSON.parse(sessionStorage.getItem(draftKey(form)) ?? "[]")) {
    for (const field of all("input, textarea, select", form)) {
      if (field.name !== name && field.dataset.name !== name) continue;
      if (field.type === "radio" || field.type === "checkbox") field.checked = field.value === value;
      else field.value = value;
      if (field.type === "range") touchSlider(field);
    }
  }
}

function prepare(root) {
  prepareSliders(root);
  for (const form of all("form[data-draft]", root)) restoreDraft(form);
  tick();
}

document.addEventListener("input", (event) => {
  if (event.target.type === "range") touchSlider(event.target);
  const form = event.target.form;
  if (form?.dataset.draft) keepDraft(form);
});
for (const name of ["pointerdown", "keydown"]) {
  document.addEventListener(name, (event) => {
    if (event.target.type === "range") touchSlider(event.target);
  });
}

// Saving. A form that could not be sent is sent again, with the same form key, until it arrives.
function sendAgain(form, after) {
  const tries = Number(form.dataset.tries ?? 0);
  form.dataset.tries = tries + 1;
  setState("retrying");
  clearTimeout(form.retry);
  form.retry = setTimeout(() => {
    if (form.isConnected) form.requestSubmit();
  }, after ?? waits[Math.min(tries, waits.length - 1)]);
}

document.addEventListener("htmx:before:request", (event) => {
  const form = event.detail.ctx.sourceElement;
  if (form.matches?.("form[method=post]")) setState("saving");
});

document.addEventListener("htmx:after:request", (event) => {
  const { sourceElement: form, response } = event.detail.ctx;
  if (!form.matches?.("form[method=post]")) return;
  if (response.status === 503) {
    const seconds = Number(response.headers.get("Retry-After") ?? 1);
    sendAgain(form, seconds * 1000 * (1 + Math.random()));
    return;
  }
  delete form.dataset.tries;
  setState(response.status < 400 ? "saved" : "live");
  if (response.status >= 400) return;
  document.getElementById("notice")?.replaceChildren();
  if (form.dataset.clear) form.elements[form.dataset.clear].value = "";
  if (form.dataset.draft) {
    sessionStorage.removeItem(draftKey(form));
    for (const mark of all(".wrong, [aria-invalid]", form)) {
      mark.classList.remove("wrong");
      mark.removeAttribute("aria-invalid");
    }
    for (const words of all(".error, .problem", form)) words.remove();
  }
});

document.addEventListener("htmx:error", (event) => {
  const form = event.detail?.ctx?.sourceElement;
  if (form?.matches?.("form[method=post]")) sendAgain(form);
});

// Live updates. A new step empties drafts of the one before; new messages stay in view if the reader is at the end.
document.addEventListener("htmx:sse:after:connection", () => setState("live"));
document.addEventListener("htmx:sse:error", () => setState("away"));
document.addEventListener("htmx:sse:close", (event) => {
  if (event.detail?.reason !== "removed") setState("away");
});

document.addEventListener("htmx:sse:after:message", () => {
  heard = Date.now();
});

let atEnd = true;
document.addEventListener("htmx:before:swap", () => {
  atEnd = window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 80;
});
document.addEventListener("htmx:after:swap", () => {
  setClock(document);
  prepare(document);
  const last = document.getElementById("talk")?.lastElementChild;
  if (atEnd && last && document.activeElement?.id === "body") last.scrollIntoView({ block: "end" });
});

document.addEventListener("DOMContentLoaded", () => {
  setClock(document);
  prepare(document);
  setInterval(tick, 250);
});
