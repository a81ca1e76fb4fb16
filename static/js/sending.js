// Sending. What could not be sent is sent again, under the same form key, until it arrives.
const sending = (() => {
  const waits = [1000, 2000, 3000];
  const ANSWER = 15000; // milliseconds that an answer may take: a connection may be dead, and nobody says so
  const passing = new Set([429, 502, 503, 504]);
  const requests = new Set(); // … on their way
  const unsent = new Map(); // form → what could not be sent yet: tries, the timer, what it said and since when, its button
  const bodies = new WeakMap(); // form → what it sent last
  const starts = new WeakMap(); // form → when
  const isForm = (node) => node?.matches?.("form[hx-post]");

  function sendAgain(form, after, busy = false) {
    const tries = unsent.get(form)?.tries ?? 0;
    const wait = after ?? waits[Math.min(tries, waits.length - 1)] * (1 + Math.random() / 4);
    clearTimeout(unsent.get(form)?.timer);
    const timer = setTimeout(send, wait, form);
    const first = unsent.get(form) ?? { said: String(bodies.get(form)), since: starts.get(form) };
    const button = first.button ?? pressed(form);
    unsent.set(form, { ...first, button, tries: tries + 1, timer, busy });
    state.tell({ unsent: unsent.size });
  }

  // Which of its buttons it was sent by, where that says something: what is sent again says it, too.
  function pressed(form) {
    const sent = bodies.get(form);
    return [...form.elements].find((one) => one.type === "submit" && one.name && sent?.get(one.name) === one.value);
  }

  function send(form) {
    const waiting = unsent.get(form);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    waiting.timer = null; // it is on its way
    if (form.isConnected) form.requestSubmit();
    else sendAlone(form);
  }

  // The server is there again: whatever did not reach it goes now.
  function again() {
    for (const [form, { timer, busy }] of unsent) if (timer && !busy) send(form);
  }

  // Seconds since the same was first sent. Nobody can check it; the server keeps it as what it is, the page's word.
  function triedAgo(form, body) {
    const first = unsent.get(form);
    const said = String(body);
    if (first && first.said !== said) Object.assign(first, { said, since: performance.now() });
    return first ? { "Tried-Ago": ((performance.now() - first.since) / 1000).toFixed(3) } : {};
  }

  // A process of the version before writes this where ours has a trigger: while both run, a page may get either.
  document.addEventListener("change", ({ target: { form } }) => {
    if (form?.matches("[data-save]:not([hx-trigger])")) form.requestSubmit();
  });

  // The step is over and its form is gone: the answer still counts, as a late one.
  async function sendAlone(form) {
    try {
      const response = await fetch(form.action, {
        method: "POST",
        body: bodies.get(form),
        headers: { "HX-Request": "true", ...player.headers(), ...triedAgo(form, bodies.get(form)) },
        signal: AbortSignal.timeout(ANSWER),
      });
      if (passing.has(response.status)) sendAgain(form, undefined, true);
      else arrived(form, response.ok && response.status !== 202);
      await showElsewhere(await response.text());
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
    state.tell({ unsent: unsent.size, saved });
  }

  // A message is gone from its field once it is stored; what was typed after it stays.
  function clear(form, sent) {
    const field = form.elements[form.dataset.clear];
    const said = sent.get(form.dataset.clear);
    if (field.value.startsWith(said)) field.value = field.value.slice(said.length);
    drafts.keep(form);
  }

  // An answer is stored: its marks go, and its draft.
  function swapped({ request, response }) {
    const form = request?.form;
    if (!form?.matches("[data-answers], .move") || response.status !== 200) return;
    marks.drop(form);
    if (form.matches(".move")) return; // what came of it stands beside its button
    drafts.stored(form, bodies.get(form));
  }

  document.addEventListener("htmx:before:request", (event) => {
    const { ctx } = event.detail;
    const form = ctx.sourceElement;
    if (!isForm(form)) return;
    const waiting = unsent.get(form);
    if (waiting) {
      clearTimeout(waiting.timer);
      waiting.timer = null; // it is on its way
      const { button } = waiting;
      if (button) ctx.request.body.set(button.name, button.value);
    }
    bodies.set(form, ctx.request.body);
    Object.assign(ctx.request.headers, triedAgo(form, ctx.request.body));
    starts.set(form, performance.now());
    requests.add(ctx);
    state.tell({ sending: requests.size });
  });

  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    if (isForm(ctx.sourceElement)) ctx.request.timeout = ANSWER;
  });

  document.addEventListener("htmx:finally:request", (event) => {
    if (requests.delete(event.detail.ctx)) state.tell({ sending: requests.size });
  });

  document.addEventListener("htmx:after:request", (event) => {
    const { sourceElement: form, response, text, request } = event.detail.ctx;
    if (!isForm(form)) return;
    if (passing.has(response.status)) {
      const seconds = Number(response.headers.get("Retry-After"));
      sendAgain(form, seconds > 0 ? seconds * 1000 * (1 + Math.random()) : undefined, true);
      return;
    }
    arrived(form, response.status < 400 && response.status !== 202); // 202: kept, and not saved yet
    if (response.status < 400) byId("notice")?.replaceChildren();
    if (!form.isConnected) showElsewhere(text);
    if (response.status >= 400) return;
    if (form.dataset.clear) clear(form, request.body);
  });

  document.addEventListener("htmx:error", (event) => {
    const form = event.detail?.ctx?.sourceElement;
    if (isForm(form) && !event.detail.ctx.response) sendAgain(form);
  });

  // An answer for a form that has gone from the page must not reach the step that took its place.
  document.addEventListener("htmx:before:swap", (event) => {
    const { sourceElement: form } = event.detail.ctx;
    if (isForm(form) && !form.isConnected) event.preventDefault();
  });

  // A key that is being sent again stays in an update.
  htmx.registerExtension("sending", {
    htmx_before_morph_attr: (node, { attrName }) =>
      !(attrName === "value" && node.name === "form_key" && unsent.has(node.form)),
  });

  addEventListener("online", again);

  return { again, swapped };
})();
