// One line says whether this page is connected and all is saved, and another how old a monitor is.
const state = (() => {
  const known = {
    connection: "connecting", // or live, or away
    sending: 0, // requests on their way
    unsent: 0, // forms that could not be sent yet
    saved: false, // what was sent last is stored
    changed: false, // an answer is other than what is stored
  };
  let heard = performance.now(); // when the stream last said something

  function tell(news) {
    Object.assign(known, news);
    const line = byId("state");
    if (!line || line.dataset.state === word()) return;
    line.dataset.state = word();
    for (const words of all("[data-when]", line)) words.hidden = words.dataset.when !== word();
  }

  function word() {
    if (known.unsent) return "retrying";
    if (known.sending) return "saving";
    return known.connection === "live" && known.saved && !known.changed ? "saved" : known.connection;
  }

  function showAge() {
    const age = byId("age");
    if (!age) return;
    const seconds = Math.round((performance.now() - heard) / 1000);
    const text = seconds > 3 ? `what you see is ${seconds} s old` : "live";
    if (age.textContent !== text) age.textContent = text;
    age.classList.toggle("old", seconds > 3);
  }

  document.addEventListener("htmx:sse:after:connection", () => tell({ connection: "live" }));
  document.addEventListener("htmx:sse:before:connection", (event) => {
    if (event.detail.connection.attempt) tell({ connection: "away" });
  });
  document.addEventListener("htmx:sse:error", (event) => {
    if (event.detail.status === 403) location.reload();
    else tell({ connection: "away" });
  });
  document.addEventListener("htmx:sse:after:message", () => {
    heard = performance.now();
  });
  document.addEventListener("htmx:after:request", (event) => {
    const { sourceElement, response } = event.detail.ctx;
    if (sourceElement.matches?.("[hx-sse\\:connect]") && response.status === 403) location.reload();
  });

  return { tell, showAge };
})();
