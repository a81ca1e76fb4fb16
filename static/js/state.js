// One line says whether this page is connected and all is saved, and another how old a monitor is.
const state = (() => {
  const known = {
    connection: "", // a word of connection.js; nothing before it has looked
    sending: 0, // requests on their way
    unsent: 0, // forms that could not be sent yet
    saved: false, // what was sent last is stored
    changed: false, // an answer is other than what is stored
  };

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
    const seconds = Math.round(connection.age() / 1000);
    for (const node of all("[data-ago]")) clock.write(node, clock.asClock(seconds));
    const age = byId("age");
    if (!age) return;
    const old = seconds > (connection.isAsking() ? 7 : Number(age.dataset.most));
    const now = connection.isAsking() ? "up to date, asking every 5 s" : "live";
    clock.write(age, old ? `what you see is ${seconds} s old` : now);
    age.classList.toggle("old", old);
  }

  return { tell, showAge };
})();
