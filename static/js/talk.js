// The talk is often out of sight: its newest line from somebody else waits above the field until it was seen.
const talk = (() => {
  let newest = ""; // id of the last message on the page
  let follow = false; // the reader is at the end of the talk and stays there
  let mine = false; // this page's own message is on its way back
  let unseen = null; // the message that waits to be seen
  const watcher = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return show(unseen);
      watcher.disconnect();
      unseen = null;
      show(null);
    },
    { rootMargin: "-86px 0px -76px 0px", threshold: 0.5 },
  );

  function notice() {
    const list = byId("talk");
    const last = list?.lastElementChild;
    if ((last?.id ?? "") === newest) return;
    if (!newest && last) list.scrollTop = list.scrollHeight;
    newest = last?.id ?? "";
    watcher.disconnect();
    const own = last?.matches(".own");
    if (last && (follow || (own && mine))) last.scrollIntoView({ block: "nearest" });
    if (own) mine = false;
    unseen = own ? null : last;
    if (unseen) watcher.observe(unseen);
    else show(null);
  }

  function show(message) {
    const line = byId("newest");
    if (!line) return;
    line.hidden = !message;
    if (message) line.querySelector("span").replaceChildren(...message.cloneNode(true).childNodes);
  }

  function inView(message) {
    const box = message?.getBoundingClientRect();
    return Boolean(box) && box.bottom <= innerHeight - 60 && box.top >= 0;
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest("#newest") || !unseen) return;
    unseen.tabIndex = -1;
    unseen.scrollIntoView({ block: "nearest" });
    unseen.focus({ preventScroll: true });
  });

  document.addEventListener("htmx:before:request", (event) => {
    mine ||= event.detail.ctx.sourceElement.id === "send"; // it may come back before the answer does
  });

  document.addEventListener("htmx:before:swap", () => {
    follow = !document.activeElement?.closest("#step") && inView(byId("talk")?.lastElementChild);
  });

  return { notice };
})();
