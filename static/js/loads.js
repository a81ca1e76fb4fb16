// What a page asks for and does not get is told once, so that whoever runs the study hears of it.
(() => {
  const MOST = 8; // of one page
  const told = new Set();
  const addressOf = (node) => node.currentSrc || node.src || (typeof node.href === "string" && node.href) || "";

  function tell(why, address) {
    const what = address.slice(0, 500);
    if (!what || told.has(what) || told.size >= MOST || !byId("page")?.dataset.player) return;
    told.add(what);
    fetch("/play/unloaded", {
      method: "POST",
      body: new URLSearchParams({ what, why }),
      headers: { "HX-Request": "true", ...player.headers() },
    }).catch(() => {});
  }

  // Before this was here some may have failed already. (What is drawn without a size of its own may have none.)
  function look() {
    for (const one of all("img")) {
      const address = addressOf(one);
      if (one.complete && address && !one.naturalWidth && !/\.svg$/i.test(address)) tell("load", address);
    }
    for (const one of all("link[rel=stylesheet]")) if (!one.sheet) tell("load", one.href);
    for (const one of all("audio, video, source")) if (one.error) tell("load", addressOf(one));
  }

  document.addEventListener("error", ({ target }) => target !== document && tell("load", addressOf(target)), true);
  addEventListener("error", ({ filename }) => {
    if (filename?.includes("/play/files/")) tell("script", filename);
  });
  document.addEventListener("securitypolicyviolation", ({ blockedURI }) => tell("policy", blockedURI));
  addEventListener("load", look);
})();
