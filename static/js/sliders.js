// Sliders send nothing until they are touched: a middle that nobody chose is no answer.
const sliders = (() => {
  const nameOf = (field) => field.dataset.name ?? field.name;

  function prepare() {
    for (const slider of all("input[type=range][data-untouched][name]")) {
      slider.dataset.name = slider.name;
      slider.removeAttribute("name");
      slider.ariaValueText = slider.dataset.untouched; // else its middle is read out
    }
  }

  function touch(slider) {
    if (slider.dataset.name) {
      slider.name = slider.dataset.name;
      delete slider.dataset.name;
      delete slider.dataset.untouched;
      slider.ariaValueText = null;
    }
    const shown = slider.closest(".slider")?.querySelector("output");
    if (shown && shown.textContent !== slider.value) shown.textContent = slider.value;
  }

  document.addEventListener("input", (event) => {
    if (event.target.type === "range") touch(event.target);
  });

  // Where the middle is meant, nothing moves: a tap says it, or the space bar. (A scroll that begins here does not.)
  // No click comes of a finger on a slider.
  for (const name of ["click", "pointerup", "keydown"]) {
    document.addEventListener(name, (event) => {
      if (!event.target.dataset?.name || (name === "keydown" && event.key !== " ")) return;
      event.target.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }

  return { nameOf, prepare, touch };
})();
