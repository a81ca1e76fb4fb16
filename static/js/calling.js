// Whoever is asked, or whose wait is over, may look elsewhere: a soft tone plays once, unless they want none, and the title
// of a page that is hidden, or asks, blinks. Browsers let a page be heard once somebody has clicked on it, or on the page
// before; ours tries as it is loaded and with each click, and says in the lobby whether it may.
const calling = (() => {
  const MUTED = "networklab-muted";
  const SOON = 2000; // milliseconds after which a tone that could not play would only puzzle
  const loaded = document.title;
  const canPlay = "AudioContext" in window;
  let audio = null;
  let allowed = false; // by the browser
  let plays = false;
  let called = false; // they know that they are asked
  let waits = ""; // in the lobby, or in line before the door
  let begins = false; // that was over while this page was not looked at

  // A player's page says which it is of those that are gone through alone.
  function titleNow() {
    const base = byId("page")?.dataset.title;
    const part = byId("step")?.dataset.page;
    return base ? (part ? `${part} · ${base}` : base) : loaded;
  }

  function look() {
    const nudged = byId("nudge");
    const title = titleNow();
    const where = waiting()?.id ?? "";
    const isOver = waits !== "" && waits !== where;
    waits = where;
    begins = document.hidden && (begins || isOver);
    const call = nudged ? nudged.querySelector("h2").textContent : begins && title;
    const shown = call && Math.floor(performance.now() / 1000) % 2 ? `● ${call}` : title;
    if (document.title !== shown) document.title = shown;
    if (isOver || (nudged && !called)) play();
    called = Boolean(nudged);
  }

  const waiting = () => byId("wait") ?? byId("line");

  // Where something may call. Sound costs a phone's battery: it sleeps until it is time.
  async function askLeave() {
    if (allowed || isMuted() || !canPlay || !(waiting() ?? document.querySelector("[data-signs]"))) return;
    audio ??= new AudioContext();
    await audio.resume();
    allowed = true;
    say();
    if (!plays) audio.suspend();
  }

  async function play() {
    if (isMuted() || !canPlay) return;
    const since = performance.now();
    audio ??= new AudioContext();
    await audio.resume();
    if (performance.now() - since > SOON) return;
    plays = true;
    const [tone, volume] = [audio.createOscillator(), audio.createGain()];
    tone.frequency.value = 523;
    volume.gain.setValueAtTime(0.08, audio.currentTime);
    volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.6);
    tone.connect(volume).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 0.6);
    tone.addEventListener("ended", () => {
      plays = false;
      audio.suspend();
    });
  }

  function isMuted() {
    return sessionStorage.getItem(MUTED) === "yes";
  }

  // What stands there is true: before the browser has allowed it no tone would play.
  function say() {
    const line = byId("tone");
    if (!line || !canPlay) return;
    line.hidden = false;
    const on = allowed && !isMuted();
    for (const part of all("[data-tone]", line)) part.hidden = (part.dataset.tone === "on") !== on;
  }

  document.addEventListener("click", async ({ target }) => {
    const chosen = target.closest?.("button[data-tone]")?.dataset.tone;
    if (chosen) sessionStorage.setItem(MUTED, chosen === "on" ? "yes" : "no");
    say();
    await askLeave();
    if (chosen === "off") play(); // this is how it sounds
  });
  document.addEventListener("keydown", askLeave);

  document.addEventListener("DOMContentLoaded", () => {
    say();
    // Who has come from a page of ours may have clicked there; of others the browser would warn.
    const [came] = performance.getEntriesByType("navigation");
    if (came?.type === "navigate" && document.referrer.startsWith(location.origin)) askLeave();
  });

  return { look, say };
})();
