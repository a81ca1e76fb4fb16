// What one looks for stands in the address: it can be handed on, a reload keeps it, and Back takes back the last choice.
"use strict";

(() => {
  const form = document.querySelector("form[data-kept]");
  let shown = location.search;

  function keep() {
    const said = [...new FormData(form)].filter(([, value]) => value.trim());
    const query = said.length ? `?${new URLSearchParams(said)}` : "";
    if (query === shown) return;
    shown = query;
    history.pushState(null, "", location.pathname + query);
  }

  for (const what of ["change", "submit"]) form.addEventListener(what, keep);
  addEventListener("popstate", () => {
    if (location.search !== shown) location.reload();
  });
})();
