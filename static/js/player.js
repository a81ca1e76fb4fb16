// Several players in one browser: its cookie names the one who goes on. Every request says whose page it comes from, so
// that nothing of one is taken for another's, and the pages of the others say that they are not the ones who go on.
const player = (() => {
  const channel = new BroadcastChannel("networklab-player");
  const own = () => byId("page")?.dataset.player;
  const headers = () => (own() ? { Player: own() } : {});

  function giveWay() {
    location.href = `/play?of=${own()}`;
  }

  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) =>
    Object.assign(ctx.request.headers, headers()),
  );
  channel.addEventListener("message", ({ data }) => {
    if (own() && data !== own()) giveWay();
  });
  document.addEventListener("DOMContentLoaded", () => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is of windows: a channel has none
    if (own()) channel.postMessage(own());
  });

  return { giveWay, headers };
})();
