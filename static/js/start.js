// What is done once a page is here, after each update, and four times a second.
(() => {
  // Only a page that was loaded with the end on it may send its form to another site (play_page.py).
  let mayHandIn = false;

  function prepare() {
    place.focusWrong();
    sliders.prepare();
    copying.prepare();
    zones.prepare();
    calling.say();
    drafts.restoreAll();
    sums.showAll();
    talk.notice();
    for (const one of besides) one.prepare();
    tick();
  }

  function tick() {
    clock.show();
    calling.look();
    connection.look();
    state.showAge();
    for (const one of besides) one.look();
  }

  document.addEventListener("htmx:after:swap", (event) => {
    clock.read();
    prepare();
    sending.swapped(event.detail.ctx);
    place.keep();
    aloud.look();
    if (!mayHandIn && document.querySelector("[data-anew]")) location.reload();
  });

  document.addEventListener("DOMContentLoaded", () => {
    mayHandIn = Boolean(document.querySelector("[data-anew]"));
    clock.read(performance.getEntriesByType("navigation")[0]?.responseStart);
    prepare();
    aloud.look();
    setInterval(tick, 250);
    byId("unscripted")?.remove();
  });
})();
