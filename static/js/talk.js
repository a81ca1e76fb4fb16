// The talk is often out of sight, or another one is in front: the newest line from somebody else waits above the field
// until it was seen, and each talk counts what is unread in it.
const talk = (() => {
  let newest = 0; // number of the newest message on the page
  let follow = false; // the reader is at the end of the talk and stays there
  let mine = false; // this page's own message is on its way back
  let unseen = null; // the message that waits to be seen
  let chosen = ""; // which talk is in front, where there are several
  const number = (message) => Number(message?.id.slice(1) ?? 0);
  const radios = () => all(".area input");
  const listOf = (radio) => radio.closest(".area").querySelector(".talk");
  const titleOf = (radio) => radio.closest(".tab").querySelector(".called").textContent;
  const radioOf = (node) => node.closest(".area")?.querySelector("input");
  const here = () => byId("send")?.dataset.key ?? "";
  const inFront = () => radios().find((radio) => radio.checked);
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
    chosen ||= sessionStorage.getItem(`front-${here()}`) ?? "";
    const kept = radios().find((radio) => radio.value === chosen);
    if (kept) kept.checked = true;
    look();
    const last = all(".talk > li").reduce((a, b) => (number(b) > number(a) ? b : a), null);
    if (number(last) === newest) return;
    const first = !newest;
    newest = number(last);
    if (first) for (const list of all(".talk")) list.scrollTop = list.scrollHeight;
    watcher.disconnect();
    const own = last?.matches(".own");
    const front = !last || !radioOf(last) || radioOf(last).checked;
    if (last && front && (follow || (own && mine))) last.scrollIntoView({ block: "nearest" });
    if (own) mine = false;
    else if (!front && !first) tell(radioOf(last));
    unseen = own || (!front && first) ? null : last;
    if (unseen && front) watcher.observe(unseen);
    else show(unseen);
  }

  // What is unread in each talk; where one writes, and to whom.
  function look() {
    const front = inFront();
    if (!front) return;
    const form = byId("send");
    const seen = JSON.parse(sessionStorage.getItem(`seen-${here()}`) ?? "{}");
    for (const radio of radios()) {
      const list = listOf(radio);
      if (radio === front || !(list.id in seen)) seen[list.id] = number(list.lastElementChild);
      const unread = [...list.children].filter((one) => !one.matches(".own") && number(one) > seen[list.id]);
      const count = radio.closest(".tab").querySelector(".count");
      count.textContent = unread.length || "";
      count.hidden = !unread.length;
    }
    sessionStorage.setItem(`seen-${here()}`, JSON.stringify(seen));
    if (!form) return;
    form.hidden = "reads" in front.dataset;
    byId("body").maxLength = front.dataset.longest;
    byId("body").placeholder = byId("body").dataset.to.replace("{}", titleOf(front));
  }

  function tell(radio) {
    const line = byId("said-elsewhere");
    line.textContent = line.dataset.said.replace("{}", titleOf(radio));
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

  function choose(radio) {
    radio.checked = true;
    chosen = radio.value;
    sessionStorage.setItem(`front-${here()}`, chosen);
    byId("said-elsewhere").textContent = "";
    const list = listOf(radio);
    list.scrollTop = list.scrollHeight;
    if (unseen && list.contains(unseen)) {
      unseen = null;
      show(null);
    }
    look();
  }

  document.addEventListener("change", (event) => {
    if (event.target.closest?.(".tab")) choose(event.target);
  });

  document.addEventListener("click", (event) => {
    if (!event.target.closest("#newest") || !unseen) return;
    const message = unseen;
    const radio = radioOf(message);
    if (radio && !radio.checked) choose(radio);
    message.tabIndex = -1;
    message.scrollIntoView({ block: "nearest" });
    message.focus({ preventScroll: true });
  });

  document.addEventListener("htmx:before:request", (event) => {
    mine ||= event.detail.ctx.sourceElement.id === "send"; // it may come back before the answer does
  });

  document.addEventListener("htmx:before:swap", () => {
    const list = inFront() ? listOf(inFront()) : byId("talk");
    follow = !document.activeElement?.closest("#step") && inView(list?.lastElementChild);
  });

  return { notice };
})();
