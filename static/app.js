// What htmx does not do: count down, say whether all is saved, send again, keep what was typed.
"use strict";

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const byId = (id) => document.getElementById(id);

// Countdowns. The deadline is the server's, and so is the clock: data-now is what it showed when it rendered.
// What comes late only makes a clock seem slow, so the fastest one seen is right. performance.now() can't be set.
let ahead = -Infinity; // the server's clock minus ours, in milliseconds
const read = new WeakMap(); // node → the data-now that has been read from it
const now = () => performance.now() + ahead;

function readClocks(came = performance.now()) {
  for (const clock of all("[data-now]:not([data-frozen])")) {
    if (read.get(clock) === clock.dataset.now) continue;
    read.set(clock, clock.dataset.now);
    ahead = Math.max(ahead, Number(clock.dataset.now) - came);
  }
}

function tick() {
  for (const clock of all("[data-until]")) {
    const from = "frozen" in clock.dataset ? Number(clock.dataset.now) : now();
    const left = Math.max(0, Math.ceil((Number(clock.dataset.until) - from) / 1000));
    const text = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (clock.textContent !== text) clock.textContent = text;
    clock.classList.toggle("soon", left <= 10);
  }
  for (const pay of all("[data-pay]")) {
    const seconds = Math.max(0, Math.floor((now() - Number(pay.dataset.since)) / 1000));
    const text = money((Number(pay.dataset.pay) * seconds) / 60, pay.dataset.currency);
    if (pay.textContent !== text) pay.textContent = text;
  }
  for (const part of all("[data-while]")) part.hidden = now() >= Number(part.dataset.while);
  callBack();
  const age = byId("age");
  if (age) {
    const seconds = Math.round((performance.now() - heard) / 1000);
    const text = seconds > 3 ? `what you see is ${seconds} s old` : "live";
    if (age.textContent !== text) age.textContent = text;
    age.classList.toggle("old", seconds > 3);
  }
}

// Signs of life, where the study asks who is still there: a key, a tap, a page that comes back into view. At most one in
// a while; whoever was asked gives one at once.
const SIGNS = 5000; // milliseconds between two
let signed = -Infinity; // when the last one went out

function giveSign(event) {
  const nudged = byId("nudge");
  if (!document.querySelector("[data-signs]") || document.hidden || nudged?.contains(event.target)) return;
  if (performance.now() - signed < (nudged ? 1000 : SIGNS)) return;
  signed = performance.now();
  const body = new URLSearchParams(nudged ? { nudged: "1" } : {});
  fetch("/play/here", { method: "POST", body, keepalive: true, headers: { "HX-Request": "true" } }).catch(() => {});
}

for (const name of ["pointerdown", "keydown", "wheel", "touchmove", "visibilitychange"]) {
  document.addEventListener(name, giveSign, { passive: true });
}

// Whoever is asked may be in another tab: its title blinks, and there is one soft tone where the browser allows it.
const title = document.title;
let called = false; // the tone was heard, or tried

function callBack() {
  const nudged = byId("nudge");
  const ask = nudged?.querySelector("h2").textContent;
  const shown = nudged && Math.floor(performance.now() / 1000) % 2 ? `● ${ask}` : title;
  if (document.title !== shown) document.title = shown;
  if (nudged && !called && navigator.userActivation?.hasBeenActive) playTone();
  called = Boolean(nudged);
}

function playTone() {
  const audio = new AudioContext();
  const [tone, volume] = [audio.createOscillator(), audio.createGain()];
  tone.frequency.value = 523;
  volume.gain.setValueAtTime(0.08, audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.6);
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.6);
  tone.onended = () => audio.close();
}

function money(amount, currency) {
  const two = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  return amount.toLocaleString(document.documentElement.lang, currency ? { style: "currency", currency } : two);
}

// One line says whether this page is connected and all is saved.
let heard = performance.now(); // when the stream last said something
let connection = "connecting"; // or live, or away
const sending = new Set(); // requests on their way
let outcome = ""; // of what was sent last: saved, or nothing
const unsent = new Map(); // form → what could not be sent yet: the body, tries, the timer

function showState() {
  const line = byId("state");
  if (!line) return;
  const settled = outcome === "saved" && !isChanged() ? "saved" : "live";
  const state = unsent.size ? "retrying" : sending.size ? "saving" : connection === "live" ? settled : connection;
  if (line.dataset.state === state) return;
  line.dataset.state = state;
  for (const words of all("[data-when]", line)) words.hidden = words.dataset.when !== state;
}

function setConnection(state) {
  connection = state;
  showState();
}

// Sliders send nothing until they are touched: a middle that nobody chose is no answer.
function prepareSliders() {
  for (const slider of all("input[type=range][data-untouched][name]")) {
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
  if (shown && shown.textContent !== slider.value) shown.textContent = slider.value;
}

// Drafts: what was typed and not yet saved survives a reload, and now and then the server gets it for another device. A draft belongs to the form key it was typed under,
// which is one player's, one step's and one save's: it never meets a newer answer, the next round or somebody else.
const typedIn = (form) => [...new FormData(form)].filter(([name]) => name !== "form_key");
const draftOf = (form) => `draft-${form.dataset.draft}`;
const keyOf = (form) => form.dataset.key ?? form.elements.form_key.value;

function readDraft(form) {
  const here = JSON.parse(sessionStorage.getItem(draftOf(form)) ?? "null");
  if (here?.key === keyOf(form)) return here.typed;
  const elsewhere = JSON.parse(form.dataset.typed || "null");
  return elsewhere?.key === keyOf(form) ? elsewhere.typed : null;
}

function keepDraft(form) {
  sessionStorage.setItem(draftOf(form), JSON.stringify({ key: keyOf(form), typed: typedIn(form) }));
  if (!form.getAttribute("action").startsWith("/play/") || uploads.has(form.dataset.draft)) return;
  uploads.set(form.dataset.draft, setTimeout(uploadDraft, uploaded.has(form.dataset.draft) ? 10000 : 3000, form.dataset.draft));
}

const uploads = new Map(); // name of a form → the timer of its next upload
const uploaded = new Set(); // … that have been uploaded from this page

function uploadDraft(name) {
  dropUpload(name);
  const form = document.querySelector(`form[data-draft="${name}"]`);
  if (!form) return;
  uploaded.add(name);
  const body = new URLSearchParams(typedIn(form));
  body.set("draft", name);
  body.set("draft_key", keyOf(form));
  fetch("/play/draft", { method: "POST", body, keepalive: true, headers: { "HX-Request": "true" } }).catch(() => {});
}

function dropUpload(name) {
  clearTimeout(uploads.get(name));
  uploads.delete(name);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) for (const name of [...uploads.keys()]) uploadDraft(name);
});

function restoreDraft(form) {
  const typed = readDraft(form);
  if (!typed) return;
  for (const field of all("input:not([type=hidden]), textarea, select", form)) {
    const values = typed.filter(([name]) => name === (field.dataset.name ?? field.name)).map(([, value]) => value);
    if (field.type === "radio" || field.type === "checkbox") field.checked = values.includes(field.value);
    else if (field.type === "select-one") {
      field.value = [...field.options].map((option) => option.value).find((value) => value && values.includes(value)) ?? "";
    } else if (values.length) {
      if (field.value !== values[0]) field.value = values[0];
      if (field.type === "range") touchSlider(field);
    }
  }
}

function isChanged() {
  const form = document.querySelector("form[data-answers]");
  return Boolean(form && readDraft(form));
}

function edited(form) {
  if (!form?.dataset.draft) return;
  keepDraft(form);
  const saved = form.querySelector("#saved");
  if (saved?.textContent.trim()) saved.textContent = saved.dataset.changed;
  showState();
}

document.addEventListener("input", (event) => {
  if (event.target.type === "range") touchSlider(event.target);
  edited(event.target.form);
});

// A step may save each change by itself.
document.addEventListener("change", (event) => {
  if (event.target.form?.matches("[data-save]")) event.target.form.requestSubmit();
});

// Where the middle is meant, nothing moves: a tap says it, or the space bar. (A scroll that begins here does not.)
for (const name of ["click", "keydown"]) {
  document.addEventListener(name, (event) => {
    if (!event.target.dataset?.name || (name === "keydown" && event.key !== " ")) return;
    touchSlider(event.target);
    edited(event.target.form);
  });
}

// Sending. What could not be sent is sent again, under the same form key, until it arrives.
const waits = [1000, 2000, 4000, 8000];
const passing = [429, 502, 503, 504];
const bodies = new WeakMap(); // form → what it sent last
const isForm = (node) => node?.matches?.("form[hx-post]");

function sendAgain(form, after) {
  const tries = unsent.get(form)?.tries ?? 0;
  const wait = after ?? waits[Math.min(tries, waits.length - 1)] * (1 + Math.random() / 4);
  const timer = setTimeout(() => (form.isConnected ? form.requestSubmit() : sendAlone(form)), wait);
  unsent.set(form, { tries: tries + 1, timer });
  showState();
}

// The step is over and its form is gone: the answer still counts, as a late one.
async function sendAlone(form) {
  try {
    const response = await fetch(form.action, {
      method: "POST",
      body: bodies.get(form),
      headers: { "HX-Request": "true" },
    });
    if (passing.includes(response.status)) sendAgain(form);
    else arrived(form, response.ok);
    if (response.ok) await showElsewhere(await response.text());
  } catch {
    sendAgain(form);
  }
}

// An answer to a form that is gone: its fields are another step's now, so only what names its own place counts.
async function showElsewhere(text) {
  if (text.includes("<hx-partial")) {
    await htmx.swap({ sourceElement: document.body, target: document.body, swap: "none", text });
  }
}

function arrived(form, saved) {
  clearTimeout(unsent.get(form)?.timer);
  unsent.delete(form);
  outcome = saved ? "saved" : "";
  showState();
}

document.addEventListener("htmx:before:request", (event) => {
  const { ctx } = event.detail;
  const form = ctx.sourceElement;
  if (!isForm(form)) return;
  clearTimeout(unsent.get(form)?.timer);
  bodies.set(form, ctx.request.body);
  mine ||= form.id === "send"; // it may come back before the answer does
  sending.add(ctx);
  showState();
});

document.addEventListener("htmx:finally:request", (event) => {
  if (sending.delete(event.detail.ctx)) showState();
});

document.addEventListener("htmx:after:request", (event) => {
  const { sourceElement: source, response, text, request } = event.detail.ctx;
  if (source.matches?.("[hx-sse\\:connect]") && response.status === 403) location.reload();
  if (!isForm(source)) return;
  if (passing.includes(response.status)) {
    const seconds = Number(response.headers.get("Retry-After"));
    sendAgain(source, seconds > 0 ? seconds * 1000 * (1 + Math.random()) : undefined);
    return;
  }
  arrived(source, response.status < 400);
  if (response.status >= 400) return;
  byId("notice")?.replaceChildren();
  if (!source.isConnected) showElsewhere(text);
  if (source.dataset.clear) sent(source, request.body);
});

document.addEventListener("htmx:error", (event) => {
  const form = event.detail?.ctx?.sourceElement;
  if (isForm(form) && !event.detail.ctx.response) sendAgain(form);
});

// A message is gone from its field once it is stored; what was typed after it stays.
let mine = false; // this page's own message is on its way back

function sent(form, body) {
  const field = form.elements[form.dataset.clear];
  const said = body.get(form.dataset.clear);
  if (field.value.startsWith(said)) field.value = field.value.slice(said.length);
  keepDraft(form);
}

// An answer is stored: its marks go, and its draft too, unless something else was typed meanwhile.
function saved(form) {
  const body = [...bodies.get(form)].filter(([name]) => name !== "form_key");
  for (const mark of all(".wrong, [aria-invalid]", form)) {
    mark.classList.remove("wrong");
    mark.removeAttribute("aria-invalid");
  }
  for (const words of all(".error, .problem", form)) words.remove();
  if (JSON.stringify(body) === JSON.stringify(typedIn(form))) {
    sessionStorage.removeItem(draftOf(form));
    dropUpload(form.dataset.draft);
  } else edited(form);
}

// Updates keep what is the reader's: what is open, what is chosen and not yet saved, a key that is being sent again.
htmx.registerExtension("networklab", {
  htmx_before_morph_attr(node, { attrName, newValue }) {
    if (attrName === "open" && node.tagName === "DETAILS") return false;
    if (attrName === "value" && node.name === "form_key" && unsent.has(node.form)) return false;
    if (attrName === "checked" && node.form?.dataset.draft && !readDraft(node.form)) node.checked = newValue !== null;
    return true;
  },
});

// The talk is often out of sight: its newest line from somebody else waits above the field until it was seen.
let newest = ""; // id of the last message on the page
let follow = false; // the reader is at the end of the talk and stays there
let unseen = null; // the message that waits to be seen
const watcher = new IntersectionObserver(
  (entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return showNewest(unseen);
    watcher.disconnect();
    unseen = null;
    showNewest(null);
  },
  { rootMargin: "-86px 0px -76px 0px", threshold: 0.5 },
);

function showNewest(message) {
  const line = byId("newest");
  if (!line) return;
  line.hidden = !message;
  if (message) line.querySelector("span").replaceChildren(...[...message.cloneNode(true).childNodes]);
}

function inView(message) {
  const box = message?.getBoundingClientRect();
  return Boolean(box) && box.bottom <= innerHeight - 60 && box.top >= 0;
}

function noticeMessages() {
  const talk = byId("talk");
  const last = talk?.lastElementChild;
  if ((last?.id ?? "") === newest) return;
  if (!newest && last) talk.scrollTop = talk.scrollHeight;
  newest = last?.id ?? "";
  watcher.disconnect();
  const own = last?.matches(".own");
  if (last && (follow || (own && mine))) last.scrollIntoView({ block: "nearest" });
  if (own) mine = false;
  unseen = own ? null : last;
  if (unseen) watcher.observe(unseen);
  else showNewest(null);
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("#newest") || !unseen) return;
  unseen.tabIndex = -1;
  unseen.scrollIntoView({ block: "nearest" });
  unseen.focus({ preventScroll: true });
});

// Live updates.
document.addEventListener("htmx:sse:after:connection", () => setConnection("live"));
document.addEventListener("htmx:sse:before:connection", (event) => {
  if (event.detail.connection.attempt) setConnection("away");
});
document.addEventListener("htmx:sse:error", (event) => {
  if (event.detail.status === 403) location.reload();
  else setConnection("away");
});
document.addEventListener("htmx:sse:after:message", () => {
  heard = performance.now();
});

// An answer for a form that has gone from the page must not reach the step that took its place.
let wasIn = ""; // id of the part that had the focus
let held = null; // what had it, and where it stood
document.addEventListener("htmx:before:swap", (event) => {
  const { sourceElement } = event.detail.ctx;
  if (isForm(sourceElement) && !sourceElement.isConnected) event.preventDefault();
  wasIn = document.activeElement?.closest("#step")?.id ?? "";
  const node = document.activeElement;
  held = node && node !== document.body ? { node, top: node.getBoundingClientRect().top } : null;
  follow = !wasIn && inView(byId("talk")?.lastElementChild);
});

document.addEventListener("htmx:after:swap", (event) => {
  readClocks();
  prepare();
  const { request, response } = event.detail.ctx;
  const answered = request?.form?.matches("[data-answers]");
  if (answered && response.status === 200) saved(request.form);
  if (held) keepPlace();
});

// What came in above must not push away what the reader is at: no browser sees to it at the top of a page, and
// Safari nowhere. Where that is gone, as with the last step, the reader goes on at what took its place.
function keepPlace() {
  if (document.activeElement === held.node) {
    scrollBy(0, held.node.getBoundingClientRect().top - held.top);
  } else if (document.activeElement === document.body) {
    const place = byId(wasIn) ?? byId("step") ?? document.querySelector("main");
    place.tabIndex = -1;
    place.focus();
  }
  held = null;
}

// The first wrong field has the focus, once: an update that comes later must not take the reader back, nor does
// this take it from somebody who is typing already.
function focusWrong() {
  const fields = all("[autofocus]");
  if (fields.length && !document.activeElement?.matches("input, textarea")) fields[0].focus();
  for (const field of fields) field.removeAttribute("autofocus");
}

function prepare() {
  focusWrong();
  prepareSliders();
  for (const form of all("form[data-draft]")) restoreDraft(form);
  noticeMessages();
  showState();
  tick();
}

document.addEventListener("DOMContentLoaded", () => {
  readClocks(performance.getEntriesByType("navigation")[0]?.responseStart);
  prepare();
  setInterval(tick, 250);
});
