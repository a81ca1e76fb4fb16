// Parts that must add up are added up as they are typed.
const sums = (() => {
  // Digits of Arabic and Persian keyboards, and either point.
  const plain = (text) =>
    text.replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => digit.charCodeAt(0) & 15).replace(/[,\u066b]/, ".");

  function show(box) {
    const texts = all("input", box).map((input) => plain(input.value.trim()));
    const sum = Math.round(texts.reduce((before, text) => before + (Number(text) || 0), 0) * 1e9) / 1e9;
    const words = box.dataset.says.replace("#", String(sum).replace(".", box.dataset.point));
    const output = box.querySelector("[data-sum]");
    if (output.textContent !== words) output.textContent = words;
  }

  function showAll() {
    for (const box of all(".allocation")) show(box);
  }

  document.addEventListener("input", (event) => {
    const box = event.target.closest?.(".allocation");
    if (box) show(box);
  });

  return { showAll };
})();
