// Whether what the page shows is what the server has. A stream says something every three seconds; where that does not
// come through (a virus scanner, a proxy, a laptop that slept), the page asks, until the stream speaks again.
const connection = (() => {
  const SILENT = 8000; // milliseconds without a word after which the page asks
  const WOKEN = 4000; // … where it is likely that the stream has died: after sleep, back from another tab
  const ASK = 5000; // between two questions
  const ANSWER = 4000; // that a question may take more than that
  const LATE = 2500; // a word that took longer to get here is no longer live
  const RETRY = 20000; // a stream that is open and says nothing is opened anew
  const STREAM = "[hx-sse\\:connect]";

  let patience = SILENT;
  let heard = moment(); // when the stream last said something
  let looked = moment();
  let asking = false; // instead of listening
  let asked = null; // when it asked last, and …
  let answered = null; // … when that was answered
  let outdated = false; // something was sent since it asked: what is answered may be from before
  let version = null; // of what the last answer showed
  let shownAsOf = 0; // on the server's clock, the newest answer that was shown
  let stream = null; // the connection, from the moment on that it is open
  let opened = moment();
  let spoken = false; // a stream has, on this page: only then can it be lost
  let trusted = false; // what it says is shown
  let refused = false; // it began with what is older than what the page shows
  let overtaken = false; // a form was answered since it was asked for: what it begins with may be from before
  let late = false;

  // A clock that stands still while the machine sleeps, and one that can be set: what they agree on is the least.
  function moment() {
    return { ticks: performance.now(), wall: Date.now() };
  }

  function since(then) {
    return Math.max(performance.now() - then.ticks, Date.now() - then.wall);
  }

  const element = () => document.querySelector(STREAM);
  const isAsk = ({ sourceElement }) => sourceElement?.id === "ask";
  // htmx closes the stream of a hidden page, but where the page says that it must not.
  const paused = (node) => document.hidden && !node.getAttribute("hx-config").includes("pauseOnBackground:false");

  function look() {
    const node = element();
    if (since(looked) > WOKEN) patience = Math.min(patience, WOKEN);
    looked = moment();
    if (!node || paused(node)) return;
    if (!asking && since(heard) > patience) {
      asking = true;
      trusted = false;
      cut();
      ask();
    } else if (asking && since(asked) > ASK) {
      ask();
      if (since(opened) > RETRY) cut();
    }
    tell();
  }

  // htmx opens another one.
  function cut() {
    opened = moment();
    stream?.reader?.cancel();
    stream?.delayCanceller?.();
  }

  function ask() {
    asked = moment();
    outdated = false;
    const node = byId("ask");
    if (node) htmx.trigger(node, "ask");
  }

  function hear() {
    heard = moment();
    spoken = true;
    sending.again();
    patience = SILENT;
    asking = false;
    version = null;
  }

  function tell() {
    state.tell({ connection: word() });
  }

  function word() {
    if (asking) return answered && since(answered) < ASK + ANSWER ? "asking" : "lost";
    if (trusted) return late ? "behind" : "live";
    return spoken ? "away" : "connecting";
  }

  // How old what the page shows may be, in milliseconds.
  function age() {
    return Math.min(since(heard), answered ? since(answered) : Infinity);
  }

  // The page is nobody's any more, or this browser goes on as another player.
  function leaves(status) {
    if (status === 403) location.reload();
    if (status === 409) player.giveWay();
    return status === 403 || status === 409;
  }

  document.addEventListener("htmx:sse:after:connection", (event) => {
    stream = event.detail.connection;
    opened = moment();
    trusted = refused = false;
  });

  document.addEventListener("htmx:sse:before:connection", (event) => {
    overtaken = false;
    if (!event.detail.connection.attempt) return;
    trusted = false;
    tell();
  });

  document.addEventListener("htmx:sse:before:message", (event) => {
    const { event: name, id } = event.detail.message;
    if (name === "beat") {
      late = clock.now() - Number(id) > LATE;
      if (!trusted && (overtaken || Number(id) < shownAsOf)) {
        refused = true;
        stream.reader?.cancel();
      }
    }
    if (refused) return event.preventDefault();
    trusted = true;
    hear();
    tell();
  });

  document.addEventListener("htmx:sse:error", (event) => {
    trusted = false;
    if (!leaves(event.detail.status)) tell();
  });

  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    if (isAsk(ctx) && version) ctx.request.headers["If-None-Match"] = version;
  });

  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    const { sourceElement, response } = ctx;
    const ours = isAsk(ctx) || sourceElement.matches?.(STREAM);
    if (ours && leaves(response.status)) return;
    // A page that only asks, every second or so.
    const polls = sourceElement.getAttribute?.("hx-trigger")?.includes("every");
    if (isAsk(ctx) ? response.status === 200 || response.status === 304 : polls && response.status === 200) {
      answered = moment();
      sending.again();
      tell();
    }
  });

  // Asked, and since then something was sent, or the stream speaks again: then that is newer.
  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx } = event.detail;
    if (!isAsk(ctx) || ctx.response.status !== 200) return;
    if (!asking || outdated) return event.preventDefault();
    version = ctx.response.headers.get("ETag");
    shownAsOf = Number(ctx.response.headers.get("As-Of"));
    ctx.isLast = !ctx.text.includes("hx-sse:connect");
  });

  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    if (ctx.isLast) byId("live")?.remove(); // nothing changes there any more
  });

  for (const name of ["htmx:before:request", "htmx:after:request"]) {
    document.addEventListener(name, ({ detail: { ctx } }) => {
      if (!ctx.sourceElement.matches?.("form")) return;
      outdated = true;
      if (name === "htmx:after:request") overtaken = true;
      if (asking && name === "htmx:after:request") asked.ticks = -Infinity;
    });
  }

  document.addEventListener("visibilitychange", () => {
    if (!element() || !paused(element())) return;
    patience = WOKEN;
    trusted = false;
  });

  addEventListener("offline", () => {
    patience = 0;
  });

  addEventListener("online", () => {
    patience = 0;
    if (asked) asked.ticks = -Infinity;
    cut();
  });

  return { age, look, isAsking: () => asking };
})();
