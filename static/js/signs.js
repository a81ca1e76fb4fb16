// Signs of life, where the study asks who is still there: a key, a tap, a page that comes back into view. At most one in
// a while; whoever was asked gives one at once. (htmx can't ask whether a page is hidden without `unsafe-eval`.)
const signs = (() => {
  const SIGNS = 5000; // milliseconds between two
  let signed = -Infinity; // when the last one went out
  const loaded = document.title;
  let called = false; // the tone was heard, or tried
  let waits = ""; // in the lobby, or in line before the door
  let begins = false; // that was over while this page was not looked at

  // A player's page says which it is of those that are gone through alone.
  function titleNow() {
    const base = byId("page")?.dataset.title;
    const part = byId("step")?.dataset.page;
    return base ? (part ? `${part} · ${base}` : base) : loaded;
  }

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

  // Whoever is asked, or whose wait is over, may be in another tab: its title blinks, and there is one soft tone where
  // the browser allows it.
  function callBack() {
    const nudged = byId("nudge");
    const title = titleNow();
    const where = (byId("wait") ?? byId("line"))?.id ?? "";
    begins = document.hidden && (begins || (waits !== "" && waits !== where));
    waits = where;
    const call = nudged ? nudged.querySelector("h2").textContent : begins && title;
    const shown = call && Math.floor(performance.now() / 1000) % 2 ? `● ${call}` : title;
    if (document.title !== shown) document.title = shown;
    if (call && !called && navigator.userActivation?.hasBeenActive) playTone();
    called = Boolean(call);
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
    tone.addEventListener("ended", () => audio.close());
  }

  // A lobby that seats only those who are there hears of a page that is hidden, too: a browser lets it speak once a minute.
  setInterval(() => {
    if (document.querySelector("[data-here]")) tell(new URLSearchParams());
  }, 30_000);

  for (const name of ["pointerdown", "keydown", "wheel", "touchmove", "visibilitychange"]) {
    document.addEventListener(name, give, { passive: true });
  }

  return { callBack };
})();
