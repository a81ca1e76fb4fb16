// Countdowns. The deadline is the server's, and so is the clock: data-now is what it showed when it rendered.
// What comes late only makes a clock seem slow, so the fastest one seen is right. performance.now() can't be set.
const clock = (() => {
  let ahead = -Infinity; // the server's clock minus ours, in milliseconds
  const seen = new WeakMap(); // node → the data-now that has been read from it
  const now = () => performance.now() + ahead;

  function read(came = performance.now()) {
    for (const node of all("[data-now]:not([data-frozen])")) {
      if (seen.get(node) === node.dataset.now) continue;
      seen.set(node, node.dataset.now);
      ahead = Math.max(ahead, Number(node.dataset.now) - came);
    }
  }

  function show() {
    for (const node of all("[data-until]")) {
      const from = "frozen" in node.dataset ? Number(node.dataset.now) : now();
      const left = Math.max(0, Math.ceil((Number(node.dataset.until) - from) / 1000));
      write(node, asClock(left));
      node.classList.toggle("soon", left <= 10);
    }
    for (const pay of all("[data-pay]")) {
      const seconds = Math.max(0, Math.floor((now() - Number(pay.dataset.since)) / 1000));
      write(pay, money((Number(pay.dataset.pay) * seconds) / 60, pay.dataset.currency));
    }
    for (const node of all("[data-values]")) showValue(node);
    for (const part of all("[data-while]")) part.hidden = now() >= Number(part.dataset.while);
  }

  // A number that changes by itself, from all that it will be. What changes before the next look is written in its time.
  function showValue(node) {
    const { values, since, every } = node.dataset;
    const gone = ("frozen" in node.dataset ? Number(node.dataset.now) : now()) - Number(since);
    const said = values.split("\n");
    const nth = Math.max(0, Math.floor(gone / every));
    write(node, said[Math.min(nth, said.length - 1)]);
    const next = (nth + 1) * every - gone;
    if (next < 250 && nth + 1 < said.length && !("frozen" in node.dataset)) {
      setTimeout(() => node.isConnected && write(node, said[nth + 1]), next);
    }
  }

  function asClock(seconds) {
    const two = (number) => String(number).padStart(2, "0");
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60)];
    return hours ? `${hours}:${two(minutes % 60)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
  }

  function write(node, text) {
    if (node.textContent !== text) node.textContent = text;
  }

  function money(amount, currency) {
    const two = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
    const language = `${document.documentElement.lang}-u-nu-latn`; // with the digits that the server writes
    return amount.toLocaleString(language, currency ? { style: "currency", currency } : two);
  }

  return { asClock, now, read, show, write };
})();
