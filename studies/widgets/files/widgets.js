// Five widgets for the pages of a study, each an element whose `field` is one of kind `data`. Take over what you need:
// `Widget` and the element's own class. Everything that people read is in WORDS.
"use strict";

const WORDS = {
  draw: "Draw with a finger, a pen or the mouse. By keyboard: the arrow keys move the cross, the space bar puts the pen down or up.",
  undo: "Undo the last line",
  clear: "Clear",
  full: "There is no more room in this drawing.",
  order: "Drag into order, or use the buttons.",
  up: "Move up",
  down: "Move down",
  place: (item, place, of) => `${item} is number ${place} of ${of}.`,
  start: "Start",
  ready: (number) => `${number} times a word comes. Be quick, and say in which colour it is written.`,
  done: "Done. Thank you.",
  lost: "This page was not in front just then, so that one does not count.",
  ones: "How many ones are there?",
  next: "Next",
  counted: (number, of) => `${number} of ${of} counted.`,
  sliders: "Put each slider at 50.",
  slider: (number) => `Slider ${number}`,
  right: (number, of) => `${number} of ${of} are at 50.`,
};

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
  * { box-sizing: border-box; }
  :host { display: grid; gap: 12px; color: var(--ink); }
  [hidden] { display: none !important; }
  p { margin: 0; }
  .soft { color: var(--soft); font-size: 14px; }
  .row { display: flex; flex-wrap: wrap; gap: 8px; }
  button { min-height: 44px; min-width: 44px; padding: 8px 14px; font: inherit; color: var(--ink); background: var(--card);
    border: 1px solid var(--edge); border-radius: 8px; cursor: pointer; }
  button:disabled { opacity: 0.45; cursor: default; }
  :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
  canvas { display: block; width: 100%; max-width: 480px; aspect-ratio: 4 / 3; background: var(--paper);
    border: 1px solid var(--edge); border-radius: 8px; touch-action: none; cursor: crosshair; }
  ol { list-style: none; margin: 0; padding: 0; display: grid; gap: 6px; max-width: 480px; }
  li { display: flex; align-items: center; gap: 8px; padding: 4px 4px 4px 12px; background: var(--card);
    border: 1px solid var(--line); border-radius: 8px; touch-action: pan-y; }
  li > span { flex: 1; overflow-wrap: anywhere; padding: 10px 0; cursor: grab; touch-action: none; user-select: none; }
  li.held { border-color: var(--accent); cursor: grabbing; }
  .stage { display: grid; place-items: center; min-height: 140px; background: #14161a; color: #fff; border-radius: 8px;
    font-size: 40px; font-weight: 700; }
  .stage[data-colour=red] { color: #ff6a5e; }
  .stage[data-colour=blue] { color: #8fd0ff; }
  .keys { display: grid; grid-template-columns: 1fr 1fr; gap: 8px; }
  .keys button { min-height: 56px; }
  .grid { font: 20px/1.3 ui-monospace, monospace; letter-spacing: 0.35em; overflow-wrap: normal; margin: 0; }
  input[type=number] { font: inherit; color: inherit; background: var(--card); width: 7em; min-height: 44px;
    border: 1px solid var(--edge); border-radius: 8px; padding: 8px; }
  .slide { display: grid; grid-template-columns: 1fr 3em; gap: 12px; align-items: center; max-width: 480px; }
  .slide input { width: 100%; min-height: 44px; margin: 0; accent-color: var(--accent); }
  output { text-align: right; font-variant-numeric: tabular-nums; }
`);

// What all of them have: a part of the page that no update reaches into, and the way to keep what somebody did.
class Widget extends HTMLElement {
  connectedCallback() {
    // The field may come into the page a moment after this does.
    queueMicrotask(() => this.begin());
  }

  disconnectedCallback() {
    this.ending?.abort();
  }

  begin() {
    if (!this.isConnected) return;
    this.ending?.abort();
    this.ending = new AbortController();
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    root.replaceChildren();
    this.root = root;
    this.build(networklab.get(this.getAttribute("field")));
  }

  keep(value) {
    networklab.set(this.getAttribute("field"), value);
  }

  // An element with what it says, put into the widget or into `parent`.
  add(tag, given = {}, parent = this.root) {
    const { attributes = {}, ...rest } = given;
    const made = Object.assign(document.createElement(tag), rest);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    parent.append(made);
    return made;
  }

  button(text, press, parent = this.root, name = "") {
    const made = this.add("button", { type: "button", textContent: text, onclick: press }, parent);
    if (name) made.setAttribute("aria-label", name);
    return made;
  }

  hear(target, what, answer) {
    target.addEventListener(what, answer, { signal: this.ending.signal });
  }
}

// The same element may stand on the page of the next round: then it begins anew.
networklab.on("shown", ({ step, round }) => {
  for (const one of document.querySelectorAll("#step *")) {
    if (!(one instanceof Widget)) continue;
    const page = `${step} ${round}`;
    if (one.page && one.page !== page) one.begin();
    one.page = page;
  }
});

// <nl-drawing field="sketch" label="Your drawing">: {lines: [[[x, y, ms], …], …]}, x and y from 0 to 1000 and 0 to 750.
class Drawing extends Widget {
  static MOST = 56_000; // letters, of the 64 KB that a field has room for

  build(before) {
    this.lines = before?.lines ?? [];
    this.began = performance.now();
    this.at = [500, 375];
    this.add("p", { className: "soft", id: "how", textContent: WORDS.draw });
    const name = {
      tabindex: "0",
      role: "application",
      "aria-label": this.getAttribute("label"),
      "aria-describedby": "how",
    };
    this.canvas = this.add("canvas", { width: 960, height: 720, attributes: name });
    const row = this.add("div", { className: "row" });
    this.button(WORDS.undo, () => this.change(this.lines.slice(0, -1)), row);
    this.button(WORDS.clear, () => this.change([]), row);
    this.said = this.add("p", { className: "soft", attributes: { role: "status" } });
    this.hear(this.canvas, "pointerdown", (event) => this.down(event));
    this.hear(this.canvas, "pointermove", (event) => this.line && this.draw(event));
    for (const what of ["pointerup", "pointercancel"]) this.hear(this.canvas, what, () => this.up());
    this.hear(this.canvas, "keydown", (event) => this.press(event));
    for (const what of ["focus", "blur"]) this.hear(this.canvas, what, () => this.show());
    this.hear(matchMedia("(prefers-color-scheme: dark)"), "change", () => this.show());
    this.show();
  }

  down(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.begun();
    this.draw(event);
  }

  begun() {
    this.line = [];
    this.lines = [...this.lines, this.line];
  }

  draw(event) {
    const { width, height } = this.canvas.getBoundingClientRect();
    for (const one of event.getCoalescedEvents?.().length ? event.getCoalescedEvents() : [event]) {
      const box = this.canvas.getBoundingClientRect();
      this.point([((one.clientX - box.left) / width) * 1000, ((one.clientY - box.top) / height) * 750]);
    }
  }

  point([x, y]) {
    const within = (number, most) => Math.round(Math.min(most, Math.max(0, number)));
    const next = [within(x, 1000), within(y, 750), Math.round(performance.now() - this.began)];
    const last = this.line.at(-1);
    if (last && Math.hypot(next[0] - last[0], next[1] - last[1]) < 3) return;
    if (JSON.stringify(this.lines).length > Drawing.MOST) {
      this.said.textContent = WORDS.full;
      return;
    }
    this.line.push(next);
    this.show();
  }

  up() {
    if (!this.line) return;
    this.line = null;
    this.change(this.lines);
  }

  press(event) {
    const step = event.shiftKey ? 50 : 15;
    const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    if (event.key === " ") {
      if (this.line) this.up();
      else {
        this.begun();
        this.point(this.at);
      }
    } else if (by) {
      this.at = [Math.min(1000, Math.max(0, this.at[0] + by[0])), Math.min(750, Math.max(0, this.at[1] + by[1]))];
      if (this.line) this.point(this.at);
      this.show();
    } else return;
    event.preventDefault();
  }

  change(lines) {
    this.lines = lines;
    this.said.textContent = "";
    this.keep({ lines });
    this.show();
  }

  show() {
    const pen = this.canvas.getContext("2d");
    const colour = getComputedStyle(this).getPropertyValue("color");
    const scale = this.canvas.width / 1000;
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    Object.assign(pen, { strokeStyle: colour, fillStyle: colour, lineWidth: 5, lineCap: "round", lineJoin: "round" });
    for (const line of this.lines) {
      pen.beginPath();
      for (const [x, y] of line) pen.lineTo(x * scale, y * scale);
      if (line.length === 1) pen.lineTo(line[0][0] * scale + 0.1, line[0][1] * scale);
      pen.stroke();
    }
    if (this.root.activeElement !== this.canvas || !this.canvas.matches(":focus-visible")) return;
    const [x, y] = this.at.map((one) => one * scale);
    pen.fillRect(x - 14, y - 1, 28, 3);
    pen.fillRect(x - 1, y - 14, 3, 28);
  }
}

// <nl-order field="order" items="Tea|Water|Coffee">: {order: [item, …], moves}.
class Order extends Widget {
  build(before) {
    const items = this.getAttribute("items").split("|");
    const kept = before?.order ?? [];
    this.items = [...kept.filter((one) => items.includes(one)), ...items.filter((one) => !kept.includes(one))];
    this.moves = before?.moves ?? 0;
    this.add("p", { className: "soft", textContent: WORDS.order });
    this.list = this.add("ol");
    this.said = this.add("p", { className: "soft", attributes: { role: "status" } });
    for (const item of this.items) this.row(item);
    this.show();
  }

  row(item) {
    const row = this.add("li", {}, this.list);
    row.dataset.item = item;
    const name = this.add("span", { textContent: item }, row);
    this.button("↑", () => this.move(item, -1, 0), row, `${WORDS.up}: ${item}`);
    this.button("↓", () => this.move(item, 1, 1), row, `${WORDS.down}: ${item}`);
    this.hear(name, "pointerdown", (event) => this.drag(event, item, row, name));
  }

  drag(event, item, row, name) {
    name.setPointerCapture(event.pointerId);
    row.classList.add("held");
    const before = this.items;
    const follow = ({ clientY }) => {
      const others = this.items.filter((one) => one !== item);
      const at = others.findIndex((one) => clientY < this.middle(one));
      others.splice(at < 0 ? others.length : at, 0, item);
      this.items = others;
      this.show();
    };
    const drop = () => {
      name.removeEventListener("pointermove", follow);
      row.classList.remove("held");
      if (this.items !== before && String(this.items) !== String(before)) this.moved(item);
    };
    name.addEventListener("pointermove", follow);
    name.addEventListener("lostpointercapture", drop, { once: true });
  }

  middle(item) {
    const { top, height } = this.rowOf(item).getBoundingClientRect();
    return top + height / 2;
  }

  rowOf(item) {
    return [...this.list.children].find((row) => row.dataset.item === item);
  }

  move(item, by, nth) {
    const at = this.items.indexOf(item) + by;
    this.items = this.items.filter((one) => one !== item);
    this.items.splice(at, 0, item);
    this.show();
    const buttons = this.rowOf(item).querySelectorAll("button");
    (buttons[nth].disabled ? buttons[1 - nth] : buttons[nth]).focus();
    this.moved(item);
  }

  moved(item) {
    this.moves += 1;
    this.said.textContent = WORDS.place(item, this.items.indexOf(item) + 1, this.items.length);
    this.keep({ order: this.items, moves: this.moves });
  }

  // Rows that are where they belong stay: to put one in anew would let go of it.
  show() {
    this.items.forEach((item, at) => {
      const row = this.rowOf(item);
      const there = this.list.children[at];
      if (row !== there) {
        const held = this.list.querySelector(".held");
        if (row === held) this.list.insertBefore(there, this.list.children[this.items.length]);
        if (this.list.children[at] !== row) this.list.insertBefore(row, this.list.children[at]);
      }
    });
    for (const [at, row] of [...this.list.children].entries()) {
      const [up, down] = row.querySelectorAll("button");
      up.disabled = at === 0;
      down.disabled = at === this.items.length - 1;
    }
  }
}

// <nl-stimulus field="times" words="red|blue|table" trials="12">: {frame, trials: [{word, colour, answer, ms, frames, key, counts}, …]}.
//
// A screen shows nothing between two frames, and a browser says of none when it was lit. So each time is counted from the
// frame that follows the one in which the word was drawn, `frame` has how long a frame takes here (what is shorter
// than that is noise), and what was not in front of somebody does not count.
class Stimulus extends Widget {
  static COLOURS = ["red", "blue"];
  static KEYS = { f: "red", j: "blue" };

  build(before) {
    this.trials = before?.trials ?? [];
    this.frame = before?.frame ?? null;
    this.words = this.getAttribute("words").split("|");
    this.many = Number(this.getAttribute("trials"));
    this.said = this.add("p", { textContent: WORDS.ready(this.many), attributes: { role: "status" } });
    this.stage = this.add("div", { className: "stage", hidden: true, attributes: { translate: "no" } });
    this.keys = this.add("div", { className: "keys", hidden: true });
    this.button("Red (F)", (event) => this.answer("red", event, "pointer"), this.keys);
    this.button("Blue (J)", (event) => this.answer("blue", event, "pointer"), this.keys);
    this.begins = this.button(WORDS.start, () => this.start());
    this.hear(document, "keydown", (event) => {
      const colour = Stimulus.KEYS[event.key.toLowerCase()];
      if (colour && !event.repeat && !event.composedPath()[0].matches?.("input, textarea"))
        this.answer(colour, event, "key");
    });
    this.hear(document, "visibilitychange", () => document.hidden && this.lose());
    if (this.trials.length >= this.many) this.finish();
  }

  async start() {
    this.begins.hidden = true;
    this.stage.hidden = this.keys.hidden = false;
    this.frame ??= await this.measure();
    this.next();
  }

  // The middle one of sixty: a frame that came late says nothing of the screen.
  async measure() {
    const times = [];
    for (let nth = 0; nth <= 60; nth += 1) times.push(await this.drawn());
    const took = times.slice(1).map((time, nth) => time - times[nth]);
    return Number(took.toSorted((one, other) => one - other)[30].toFixed(2));
  }

  drawn() {
    return new Promise((resolve) => requestAnimationFrame(resolve));
  }

  async next() {
    if (this.trials.length >= this.many) return this.finish();
    this.stage.textContent = "+";
    delete this.stage.dataset.colour;
    delete this.stage.dataset.shown;
    await new Promise((resolve) => setTimeout(resolve, 400 + Math.random() * 600));
    if (!this.isConnected) return undefined;
    const pick = (list) => list[Math.floor(Math.random() * list.length)];
    const trial = { word: pick(this.words), colour: pick(Stimulus.COLOURS) };
    const asked = await this.drawn();
    this.stage.textContent = trial.word;
    this.stage.dataset.colour = trial.colour;
    const shown = await this.drawn();
    // More than one: the browser was busy, and the word came later than it was asked for.
    trial.frames = Math.max(1, Math.round((shown - asked) / this.frame));
    this.now = { trial, shown };
    this.stage.dataset.shown = "";
    return undefined;
  }

  answer(colour, event, key) {
    if (!this.now) return;
    const { trial, shown } = this.now;
    const ms = Number((event.timeStamp - shown).toFixed(1));
    this.end({ ...trial, answer: colour, ms, key: event.pointerType || key, counts: ms > 0 });
  }

  lose() {
    if (!this.now) return;
    this.said.textContent = WORDS.lost;
    this.end({ ...this.now.trial, answer: null, ms: null, key: null, counts: false });
  }

  end(trial) {
    this.now = null;
    this.trials = [...this.trials, trial];
    this.keep({ frame: this.frame, trials: this.trials });
    this.next();
  }

  finish() {
    delete this.stage.dataset.shown;
    this.stage.hidden = this.keys.hidden = this.begins.hidden = true;
    this.said.textContent = WORDS.done;
  }
}

// <nl-count field="counted" rows="6" columns="10" tables="5">: [{table, said, ms}, …], each row of a table behind the other.
class Count extends Widget {
  build(before) {
    this.done = before ?? [];
    const number = (name) => Number(this.getAttribute(name));
    [this.rows, this.columns, this.many] = [number("rows"), number("columns"), number("tables")];
    this.grid = this.add("pre", { className: "grid", attributes: { translate: "no" } });
    this.name = this.add("label", { htmlFor: "ones", textContent: WORDS.ones });
    const row = this.add("div", { className: "row" });
    this.input = this.add("input", { id: "ones", type: "number", min: 0, inputMode: "numeric" }, row);
    this.button(WORDS.next, () => this.take(), row);
    this.hear(this.input, "keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.take();
    });
    this.line = row;
    this.said = this.add("p", { className: "soft", attributes: { role: "status" } });
    this.show();
  }

  show() {
    const over = this.done.length >= this.many;
    this.grid.hidden = this.line.hidden = this.name.hidden = over;
    this.said.textContent = over ? WORDS.done : WORDS.counted(this.done.length, this.many);
    if (over) return;
    this.table = Array.from({ length: this.rows }, () => this.digits()).join("");
    this.grid.textContent = this.table.match(new RegExp(`.{${this.columns}}`, "g")).join("\n");
    this.since = performance.now();
  }

  digits() {
    return Array.from({ length: this.columns }, () => (Math.random() < 0.5 ? "0" : "1")).join("");
  }

  take() {
    if (this.input.value === "") return;
    const ms = Math.round(performance.now() - this.since);
    this.done = [...this.done, { table: this.table, said: Number(this.input.value), ms }];
    this.keep(this.done);
    this.input.value = "";
    this.show();
    if (this.done.length < this.many) this.input.focus();
  }
}

// <nl-sliders field="sliders" count="8">: {begun: [at, …], at: [at, …]}.
class Sliders extends Widget {
  build(before) {
    const many = Number(this.getAttribute("count"));
    this.begun = before?.begun ?? Array.from({ length: many }, () => this.somewhere());
    this.at = before?.at ?? [...this.begun];
    this.add("p", { className: "soft", textContent: WORDS.sliders });
    for (let nth = 0; nth < many; nth += 1) this.row(nth);
    this.said = this.add("p", { className: "soft", attributes: { role: "status" } });
    if (before) this.show();
  }

  somewhere() {
    const at = Math.floor(Math.random() * 100);
    return at < 50 ? at : at + 1;
  }

  row(nth) {
    const row = this.add("div", { className: "slide" });
    const name = { "aria-label": WORDS.slider(nth + 1) };
    const input = this.add("input", { type: "range", min: 0, max: 100, value: this.at[nth], attributes: name }, row);
    const shown = this.add("output", { textContent: this.at[nth] }, row);
    this.hear(input, "input", () => {
      this.at[nth] = Number(input.value);
      shown.textContent = input.value;
    });
    this.hear(input, "change", () => {
      this.keep({ begun: this.begun, at: this.at });
      this.show();
    });
  }

  show() {
    this.said.textContent = WORDS.right(this.at.filter((one) => one === 50).length, this.at.length);
  }
}

customElements.define("nl-drawing", Drawing);
customElements.define("nl-order", Order);
customElements.define("nl-stimulus", Stimulus);
customElements.define("nl-count", Count);
customElements.define("nl-sliders", Sliders);
