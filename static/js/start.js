// What is done once a page is here, after each update, and four times a second.
(() => {
  function prepare() {
    place.focusWrong();
    sliders.prepare();
    drafts.restoreAll();
    talk.notice();
    tick();
  }

  function tick() {
    clock.show();
    signs.callBack();
    connection.look();
    state.showAge();
  }

  document.addEventListener("htmx:after:swap", (event) => {
    clock.read();
    prepare();
    sending.swapped(event.detail.ctx);
    place.keep();
  });

  document.addEventListener("DOMContentLoaded", () => {
    clock.read(performance.getEntriesByType("navigation")[0]?.responseStart);
    prepare();
    setInterval(tick, 250);
    byId("unscripted")?.remove();
  });
})();
