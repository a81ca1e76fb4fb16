// The keys of a preview's window, and how it was looked at last.
"use strict";

const KEPT = "preview";

function keep() {
  const chosen = document.querySelectorAll(".choice:not([hx-post]) input:checked");
  localStorage.setItem(KEPT, JSON.stringify(Array.from(chosen, (input) => input.id)));
}

for (const id of JSON.parse(localStorage.getItem(KEPT) ?? "[]")) {
  const input = document.getElementById(id);
  if (input) input.checked = true;
}

document.addEventListener("change", (event) => {
  if (event.target.matches(".choice input")) keep();
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input[type=text], textarea, select"))
    return;
  const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!target) return;
  event.preventDefault();
  if (target.matches("button")) return target.click();
  const inputs = [...target.querySelectorAll("input")];
  const next = inputs[(inputs.findIndex((input) => input.checked) + 1) % inputs.length];
  next.click();
});
