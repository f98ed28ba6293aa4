// What the buyer leaves out and confirms, kept over the pages of the lists and a reload; the totals follow.
// The server decides; where services are asked it also works out the total of every change of a tick.
"use strict";

(() => {
  const form = document.getElementById("answer");
  if (!form) return;
  const asked = Number(form.dataset.services || 0);
  const button = form.querySelector("button.btn-primary");
  const none = document.getElementById("none-kept");

  const stored = (name) => {
    try {
      return new Map(JSON.parse(sessionStorage.getItem(`${name} ${form.dataset.key}`) || "[]"));
    } catch {
      return new Map();
    }
  };
  const keep = (name, ticks) => sessionStorage.setItem(`${name} ${form.dataset.key}`, JSON.stringify([...ticks]));
  const left = stored("left-out"); // ref → [minor, currency]
  const services = stored("services"); // id → true
  const every = form.querySelector('input[name="every_service"]');

  const format = (minor, digits) =>
    new Intl.NumberFormat(document.documentElement.lang, {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }).format(minor / 10 ** digits);

  const drawTicks = () => {
    for (const box of document.querySelectorAll('input[name="left_out"][type="checkbox"]')) {
      box.checked = left.has(box.value);
      box.closest("li").classList.toggle("is-left-out", box.checked);
    }
    for (const box of form.querySelectorAll('input[name="services"][type="checkbox"]')) {
      box.checked = every.checked || services.has(box.value);
    }
  };

  const drawTotals = () => {
    const all = Number(form.dataset.all);
    document.getElementById("kept-count").textContent = format(all - left.size, 0);
    for (const total of form.querySelectorAll(".kept-total")) {
      const { currency, minor, digits } = total.dataset;
      let kept = Number(minor);
      for (const [less, of] of left.values()) if (of === currency) kept -= less;
      total.textContent = `${currency} ${format(kept, Number(digits))}`;
    }
    none.hidden = left.size < all;
    button.disabled = left.size >= all;
  };

  // The newest question counts; until it is answered nothing can be confirmed.
  let question = 0;
  const askTotals = async () => {
    const mine = ++question;
    const sum = document.getElementById("sum-ticked");
    button.disabled = true;
    sum.setAttribute("aria-busy", "true");
    const body = new FormData(form);
    body.set("act", "total");
    let text = null;
    try {
      const answer = await fetch(location.href, { method: "POST", body, headers: { "HX-Request": "true" } });
      text = answer.ok ? await answer.text() : null;
    } catch {
      text = null;
    }
    if (mine !== question) return;
    sum.removeAttribute("aria-busy");
    if (text === null) {
      sum.textContent = sum.dataset.failed;
      return;
    }
    sum.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
    drawAnswer();
  };

  const drawAnswer = () => {
    none.hidden = Number(form.querySelector("[data-orders]").dataset.orders) > 0;
    button.disabled = !none.hidden;
  };

  const draw = () => {
    drawTicks();
    if (!asked) drawTotals();
  };

  const takeService = (box) => {
    if (every.checked && !box.checked) {
      // all but this one: what stands on other pages is ticked no longer, and the total says so
      every.checked = false;
      for (const each of form.querySelectorAll('input[name="services"][type="checkbox"]')) services.set(each.value, true);
    }
    if (box.checked) services.set(box.value, true);
    else services.delete(box.value);
  };

  document.addEventListener("change", ({ target }) => {
    if (target.name === "left_out") {
      if (target.checked) left.set(target.value, [Number(target.dataset.minor), target.dataset.currency]);
      else left.delete(target.value);
    } else if (target.name === "services") takeService(target);
    else if (target.name === "every_service") services.clear();
    else return;
    keep("left-out", left);
    keep("services", services);
    keep("every-service", every?.checked ? [["yes", true]] : []);
    draw();
    if (asked) askTotals();
  });

  // One field of many references: the ticks of other pages go along, and Django's limit of fields is far.
  form.addEventListener("formdata", ({ formData }) => {
    formData.set("left_out", [...left.keys()].join(" "));
    if (asked) formData.set("services", every.checked ? "" : [...services.keys()].join(" "));
  });

  document.addEventListener("htmx:afterSettle", draw);
  for (const box of document.querySelectorAll('input[name="left_out"]:checked')) {
    left.set(box.value, [Number(box.dataset.minor), box.dataset.currency]); // ticked before this file had arrived
  }
  for (const box of form.querySelectorAll('input[name="services"]:checked')) services.set(box.value, true);
  if (every && stored("every-service").size) every.checked = true;
  draw();
  if (asked && (left.size || services.size || every.checked)) askTotals();
  else if (asked) drawAnswer();
})();
