// What the buyer leaves out, kept over the pages of the list and a reload; the totals follow. The server decides.
"use strict";

(() => {
  const form = document.getElementById("answer");
  if (!form) return;
  const key = `left-out ${form.dataset.key}`;

  const load = () => {
    try {
      return new Map(JSON.parse(sessionStorage.getItem(key) || "[]"));
    } catch {
      return new Map();
    }
  };
  const left = load(); // ref → [minor, currency]

  const format = (minor, digits) =>
    new Intl.NumberFormat(document.documentElement.lang, {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }).format(minor / 10 ** digits);

  const draw = () => {
    for (const box of document.querySelectorAll('input[name="left_out"][type="checkbox"]')) {
      box.checked = left.has(box.value);
      box.closest("li").classList.toggle("is-left-out", box.checked);
    }
    const all = Number(form.dataset.all);
    document.getElementById("kept-count").textContent = format(all - left.size, 0);
    for (const total of form.querySelectorAll(".kept-total")) {
      const { currency, minor, digits } = total.dataset;
      let kept = Number(minor);
      for (const [less, of] of left.values()) if (of === currency) kept -= less;
      total.textContent = `${currency} ${format(kept, Number(digits))}`;
    }
    const none = left.size >= all;
    document.getElementById("none-kept").hidden = !none;
    form.querySelector("button").disabled = none;
  };

  document.addEventListener("change", ({ target }) => {
    if (target.name !== "left_out") return;
    if (target.checked) left.set(target.value, [Number(target.dataset.minor), target.dataset.currency]);
    else left.delete(target.value);
    sessionStorage.setItem(key, JSON.stringify([...left]));
    draw();
  });

  // One field of many references: the ticks of other pages go along, and Django's limit of fields is far.
  form.addEventListener("formdata", ({ formData }) => formData.set("left_out", [...left.keys()].join(" ")));

  document.addEventListener("htmx:afterSettle", draw);
  for (const box of document.querySelectorAll('input[name="left_out"]:checked')) {
    left.set(box.value, [Number(box.dataset.minor), box.dataset.currency]); // ticked before this file had arrived
  }
  draw();
})();
