// What a study's own script may do with its page: an object of few names that stay what they are (docs/files.md).
const own = (() => {
  const LARGEST = 65536; // bytes of a field of kind `data`
  const heard = { shown: new Set(), state: new Set(), deadline: new Set() };
  const moving = new Map(); // name of a move → the one before
  const passing = new Set([0, 429, 502, 503, 504]); // it is sent again
  let here = null; // the step's part of the page that was told of last …
  let id = ""; // … and what it was called
  let was = null; // what it is about, for whoever hears of it
  let ends = Infinity; // when its time is up, by the page's clock
  let known = ""; // what the study told last
  let over = ""; // the step whose time is up

  const step = () => document.querySelector("#step [data-step]");
  const about = (node) => ({ step: node.dataset.step, round: Number(node.dataset.round) });
  const inputOf = (field) => document.querySelector(`#step input[data-own][name="${CSS.escape(field)}"]`);
  const clockOf = () => document.querySelector("#where [data-until]");

  function prepare() {
    const node = step();
    const goes = node !== here || (node?.id ?? "") !== id;
    if (goes) end();
    if (node && goes) tell("shown", about(node));
    [here, id, was, ends] = [node, node?.id ?? "", node && about(node), until()];
    const told = document.querySelector("#step [data-networklab]")?.dataset.networklab ?? "";
    if (told && told !== known) tell("state", JSON.parse(told));
    known = told;
  }

  function look() {
    const node = step();
    if (!node || over === node.id || left() !== 0) return;
    over = node.id;
    tell("deadline", about(node));
  }

  // The next step may have come before we looked at the clock again: who waits for the end of this one hears it still.
  function end() {
    if (!was || over === id || clock.now() < ends) return;
    over = id;
    tell("deadline", was);
  }

  // One that fails does not keep the others from hearing.
  function tell(what, news) {
    for (const hear of heard[what]) {
      try {
        hear(news);
      } catch (error) {
        reportError(error);
      }
    }
  }

  function on(what, hear) {
    if (!Object.hasOwn(heard, what)) throw new TypeError(`networklab.on: there is no “${what}”.`);
    heard[what].add(hear);
    const node = step();
    if (what === "shown" && node && node === here) hear(about(node));
    if (what === "state" && known) hear(JSON.parse(known));
  }

  function set(field, value) {
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError(`networklab.set: “${field}” is given what JSON does not have.`);
    if (new TextEncoder().encode(text).length > LARGEST) {
      throw new RangeError(`networklab.set: “${field}” is given more than ${LARGEST} bytes.`);
    }
    const input = inputOf(field);
    if (!input) return false;
    if (input.value !== text) {
      input.value = text;
      input.dispatchEvent(new Event("input", { bubbles: true }));
    }
    return true;
  }

  function get(field) {
    const text = inputOf(field)?.value;
    return text ? JSON.parse(text) : null;
  }

  // Seconds; null where the step has no end that is known.
  function left() {
    const at = until();
    return at === Infinity ? null : Math.max(0, (at - clock.now()) / 1000);
  }

  function until() {
    const node = clockOf();
    return node && !("frozen" in node.dataset) ? Number(node.dataset.until) : Infinity;
  }

  // One after the other: each needs the key that came with the answer to the one before.
  function move(name, values = {}) {
    const before = moving.get(name) ?? Promise.resolve();
    const made = before.then(() => make(name, values));
    moving.set(name, made);
    return made;
  }

  function make(name, values) {
    const form = byId(`move-${name}`);
    if (!form) return { ok: false, said: "" };
    for (const [field, value] of Object.entries(values)) fill(form, field, value);
    return new Promise((resolve) => {
      function ended({ detail: { ctx } }) {
        if (ctx.sourceElement !== form || passing.has(ctx.response?.status ?? 0)) return;
        document.removeEventListener("htmx:finally:request", ended);
        const line = byId(`moved-${name}`);
        const ok = ctx.response.status === 200 && !line?.querySelector(".problem");
        resolve({ ok, said: line?.textContent.trim() ?? "" });
      }
      document.addEventListener("htmx:finally:request", ended);
      form.requestSubmit();
    });
  }

  function fill(form, field, value) {
    for (const input of all(`[name="${CSS.escape(field)}"]`, form)) {
      const text = "own" in input.dataset ? JSON.stringify(value) : String(value);
      if (input.type === "radio" || input.type === "checkbox") input.checked = input.value === text;
      else input.value = text;
    }
  }

  // A script may lead its page to another site, with what it knows in the address: no policy forbids that. So nothing
  // leads there but where the study's last page does, which was read before any script of the study could change it.
  function stay() {
    const sites = document.querySelector("meta[name=networklab-sites]")?.content;
    if (sites === undefined) return;
    quieten();
    if (!globalThis.navigation) return;
    const within = new Set([location.origin, ...sites.split(" ")]);
    const { preventDefault } = Event.prototype;
    const { get: url } = Object.getOwnPropertyDescriptor(NavigationDestination.prototype, "url");
    const { get: destination } = Object.getOwnPropertyDescriptor(NavigateEvent.prototype, "destination");
    const [call, has, Address] = [Reflect.apply, Set.prototype.has, URL];
    const { get: originOf } = Object.getOwnPropertyDescriptor(URL.prototype, "origin");
    navigation.addEventListener("navigate", (event) => {
      const to = call(originOf, new Address(call(url, call(destination, event, []), [])), []);
      if (!call(has, within, [to])) call(preventDefault, event, []);
    });
  }

  // No policy has a word for calls between browsers, whose first packet may go to anybody. A frame would bring them
  // back; an empty one says that it is there before the script that made it goes on.
  function quieten() {
    const silence = (view) => {
      for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection"]) delete view[name];
    };
    const watch = (root) =>
      root.addEventListener("load", ({ target }) => target.contentWindow && target.remove(), true);
    const { attachShadow } = Element.prototype;
    silence(globalThis);
    watch(document);
    Element.prototype.attachShadow = function attach(...given) {
      const root = Reflect.apply(attachShadow, this, given);
      watch(root);
      return root;
    };
    for (const kind of [Element, ShadowRoot]) delete kind.prototype.setHTMLUnsafe;
    delete Document.parseHTMLUnsafe;
  }

  stay();
  const names = { version: 1, set, get, on, move, left };
  Object.defineProperty(globalThis, "networklab", { value: Object.freeze(names) });

  return { look, prepare };
})();
besides.push(own);
