// The replay: a moment that could not be fetched is asked for again, and until it is here the page says so.
"use strict";

(() => {
  let timer = 0;

  function got(answered) {
    clearTimeout(timer);
    document.getElementById("unanswered").hidden = answered;
    if (!answered) timer = setTimeout(() => document.getElementById("slide").requestSubmit(), 2000);
  }

  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => got(ctx.response.status < 400));
  document.addEventListener("htmx:error", () => got(false));
})();
