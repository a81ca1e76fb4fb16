// While somebody writes a message, the page says so every few seconds to whoever would read it; never what.
(() => {
  const EVERY = 3000; // milliseconds between two signs
  let signed = -Infinity; // when the last one went out …
  let where = ""; // … and for which talk

  document.addEventListener("input", ({ target }) => {
    const form = target.id === "body" ? target.form : null;
    const front = document.querySelector(".area input:checked") ?? form;
    if (!form || !target.value.trim() || !("typing" in front.dataset)) return;
    const body = new URLSearchParams(new FormData(form));
    body.delete("body");
    const talk = `${body.get("channel")} ${body.get("to")}`;
    if (talk === where && performance.now() - signed < EVERY) return;
    [signed, where] = [performance.now(), talk];
    fetch("/play/typing", {
      method: "POST",
      body,
      headers: { "HX-Request": "true", ...player.headers() },
    }).catch(() => {});
  });

  document.addEventListener("htmx:before:request", ({ detail }) => {
    if (detail.ctx.sourceElement.id === "send") signed = -Infinity; // what is written next is another message
  });
})();
