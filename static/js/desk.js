// The desk by keyboard: n goes to the next row that is still to settle, j and k through all of them, c ticks,
// m marks the document, a and b go to the buttons; Enter after typing goes on. The field in hand lights up its box on the page.
"use strict";

const fields = [...document.querySelectorAll("tr[data-field]")];
let at = -1;

const value = (row) => row.querySelector("input[type=text]");
const tick = (row) => row.querySelector("input[type=checkbox], input[type=radio]");

function light(row) {
  document.querySelectorAll(".box-lit").forEach((box) => box.classList.remove("box-lit"));
  const box = document.querySelector(`[data-box="${CSS.escape(row.dataset.field)}"]`);
  if (!box) return;
  box.classList.add("box-lit");
  const pages = box.closest(".desk-pages");
  pages.scrollTop += box.getBoundingClientRect().top - pages.getBoundingClientRect().top - pages.clientHeight / 3;
}

// A row that waits for words wants them first, any other its tick.
function focusOn(row) {
  if (!row) return;
  const words = value(row);
  (words && !words.value.trim() ? words : tick(row)).focus();
}

function go(step) {
  at = Math.min(Math.max(at + step, 0), fields.length - 1);
  focusOn(fields[at]);
}

function goToLeft() {
  const left = fields.filter((row) => "left" in row.dataset);
  focusOn(left.find((row) => fields.indexOf(row) > at) ?? left[0] ?? null);
}

// Settled is a tick beside words, or a seal looked at; how many are left stands above the buttons.
function count(row) {
  if (row.classList.contains("field-open")) {
    const ticked = row.querySelector("input:checked") && (!value(row) || value(row).value.trim());
    row.toggleAttribute("data-left", !ticked);
  }
  const told = document.querySelector("#left strong");
  if (told) told.textContent = document.querySelectorAll("tr[data-left]").length;
}

document.addEventListener("focusin", (event) => {
  const row = event.target.closest("tr[data-field]");
  if (!row) return;
  at = fields.indexOf(row);
  light(row);
});

// Who types settles; who ticks beside nothing is led to what is to be typed.
document.addEventListener("input", (event) => {
  const row = event.target.closest("tr[data-field]");
  if (!row) return;
  if (event.target.type === "text") tick(row).checked = event.target.value.trim() !== "";
  if (event.target.type === "checkbox" && event.target.checked && !value(row).value.trim()) {
    event.target.checked = false;
    value(row).focus();
  }
  count(row);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches(".desk-fields input[type=text]")) {
    event.preventDefault(); // a form would press its first button
    goToLeft();
    return;
  }
  const typing = event.target.matches("input[type=text], textarea, select");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const row = fields[at];
  const acts = {
    n: () => goToLeft(),
    j: () => go(1),
    k: () => go(-1),
    c: () => row && tick(row).click(),
    m: () => row?.closest(".desk-document").querySelector("input[name^='reject:']").click(),
    a: () => document.querySelector("[data-key=a]")?.focus(),
    b: () => document.querySelector("[data-key=b]")?.focus(),
  };
  if (!(event.key in acts)) return;
  event.preventDefault();
  acts[event.key]();
});
