// Signs of life, where the study asks who is still there: a key, a tap, a page that comes back into view. At most one in
// a while; whoever was asked gives one at once. (htmx can't ask whether a page is hidden without `unsafe-eval`.)
(() => {
  const SIGNS = 5000; // milliseconds between two
  let signed = -Infinity; // when the last one went out

  function give(event) {
    const nudged = byId("nudge");
    if (!document.querySelector("[data-signs]") || document.hidden || nudged?.contains(event.target)) return;
    if (performance.now() - signed < (nudged ? 1000 : SIGNS)) return;
    signed = performance.now();
    const body = new URLSearchParams(nudged ? { nudged: "1" } : {});
    tell(body);
  }

  function tell(body) {
    fetch("/play/here", {
      method: "POST",
      body,
      keepalive: true,
      headers: { "HX-Request": "true", ...player.headers() },
    }).catch(() => {});
  }

  // A lobby that seats only those who are there hears of a page that is hidden, too: a browser lets it speak once a minute.
  setInterval(() => {
    if (document.querySelector("[data-here]")) tell(new URLSearchParams());
  }, 30_000);

  for (const name of ["pointerdown", "keydown", "wheel", "touchmove", "visibilitychange"]) {
    document.addEventListener(name, give, { passive: true });
  }
})();
