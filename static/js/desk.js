// The desk by keyboard: j and k go through the fields, c ticks, m marks the document, a and b go to the buttons.
// The field in hand lights up its box on the page.
"use strict";

const fields = [...document.querySelectorAll("tr[data-field]")];
let at = -1;

function light(row) {
  document.querySelectorAll(".box-lit").forEach((box) => box.classList.remove("box-lit"));
  const box = document.querySelector(`[data-box="${CSS.escape(row.dataset.field)}"]`);
  if (!box) return;
  box.classList.add("box-lit");
  const pages = box.closest(".desk-pages");
  pages.scrollTop += box.getBoundingClientRect().top - pages.getBoundingClientRect().top - pages.clientHeight / 3;
}

function go(step) {
  at = Math.min(Math.max(at + step, 0), fields.length - 1);
  fields[at]?.querySelector("input[type=checkbox]").focus();
}

document.addEventListener("focusin", (event) => {
  const row = event.target.closest("tr[data-field]");
  if (!row) return;
  at = fields.indexOf(row);
  light(row);
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input[type=text], textarea, select");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const row = fields[at];
  const acts = {
    j: () => go(1),
    k: () => go(-1),
    c: () => row?.querySelector("input[type=checkbox]").click(),
    m: () => row?.closest("fieldset").querySelector("input[name^='reject:']").click(),
    a: () => document.querySelector("[data-key=a]")?.focus(),
    b: () => document.querySelector("[data-key=b]")?.focus(),
  };
  if (!(event.key in acts)) return;
  event.preventDefault();
  acts[event.key]();
});
