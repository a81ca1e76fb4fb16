// Updates keep where the reader is: what has the focus stays where it stood, and what is open stays open.
const place = (() => {
  let wasIn = ""; // id of the part that had the focus
  let held = null; // what had it, and where it stood
  let shown; // which page it is, of those that are gone through alone
  let turnedAt = -Infinity; // when that came in the place of another
  const HASTE = 500; // milliseconds within which nobody has read it: a click was meant for the page before

  // The first wrong field has the focus, once: an update that comes later must not take the reader back, nor does
  // this take it from somebody who is typing already.
  function focusWrong() {
    const fields = all("[autofocus]");
    if (fields.length && !document.activeElement?.matches("input, textarea")) fields[0].focus();
    for (const field of fields) field.removeAttribute("autofocus");
  }

  // What came in above must not push away what the reader is at: no browser sees to it at the top of a page, and
  // Safari nowhere. Where that is gone, as with the last step, the reader goes on at what took its place.
  function keep() {
    if (!held) return;
    if (document.activeElement === held.node) {
      scrollBy(0, held.node.getBoundingClientRect().top - held.top);
    } else if (document.activeElement === document.body) {
      const next = byId(wasIn) ?? byId("step") ?? document.querySelector("main");
      next.tabIndex = -1;
      next.focus();
    }
    held = null;
    if (turned() && !document.activeElement?.closest(".wrong")) {
      const next = byId("step") ?? document.querySelector("main");
      next.tabIndex = -1;
      next.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
  }

  // Another page of those that are gone through alone has come, or what comes after the last of them.
  function turned() {
    const before = shown;
    shown = byId("step")?.dataset.alone;
    if (before === shown) return false;
    turnedAt = performance.now();
    return true;
  }

  // The second click of a double click must not send the page that has just come.
  document.addEventListener(
    "click",
    (event) => {
      const twice = event.detail > 1 || event.pointerType === "touch";
      // It may stand there before anybody has been told that it does.
      const isNew = shown !== byId("step")?.dataset.alone || performance.now() - turnedAt <= HASTE;
      if (!twice || !isNew || !event.target.closest?.("main button")) return;
      event.preventDefault();
      event.stopPropagation();
    },
    true,
  );
  // What somebody has unfolded is in view, whatever lies over the foot of the page. (`toggle` does not bubble.)
  document.addEventListener(
    "toggle",
    ({ target }) => {
      if (target.open && target.matches(".leave, .help-box")) {
        target.querySelector("form")?.scrollIntoView({ block: "nearest" });
      }
    },
    true,
  );
  document.addEventListener("DOMContentLoaded", () => {
    shown = byId("step")?.dataset.alone;
  });

  document.addEventListener("htmx:before:swap", () => {
    const node = document.activeElement;
    wasIn = node?.closest("#step")?.id ?? "";
    held = node && node !== document.body ? { node, top: node.getBoundingClientRect().top } : null;
  });

  htmx.registerExtension("place", {
    htmx_before_morph_attr: (node, { attrName }) => !(attrName === "open" && node.tagName === "DETAILS"),
  });

  return { focusWrong, keep };
})();
