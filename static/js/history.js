// Ticks on the order history. The server keeps the selection and answers each tick with the bar.
"use strict";

(() => {
  const page = document.getElementById("history");
  const holder = document.getElementById("selection");
  let lastOrder = null;
  let withShift = false;

  const bar = () => holder.firstElementChild.dataset;
  const orderTicks = (buyer, kind = ".tick-order:not(:disabled)") =>
    [...page.querySelectorAll(kind)].filter((box) => box.dataset.buyer === buyer);

  const post = (source, values, undo) => {
    source.addEventListener("htmx:responseError", undo, { once: true });
    source.addEventListener("htmx:sendError", undo, { once: true });
    htmx.ajax("POST", page.dataset.select, {
      source,
      target: "#selection",
      swap: "innerHTML",
      values: { ...values, store: page.dataset.store },
    });
  };

  // What the bar says is what the group boxes show: whole, in part, or not at all.
  const showGroups = () => {
    const { buyer, count, everything, capped } = bar();
    for (const box of page.querySelectorAll(".tick-buyer")) {
      const mine = box.value === buyer;
      const whole = everything === "yes" && (capped === "yes" || Number(count) >= Number(box.dataset.count || 0));
      box.checked = mine && whole;
      box.indeterminate = mine && !whole;
    }
  };

  const tickBuyer = (box) => {
    // A group takes every order of the repeatable view, those included that screening will send back; what was repeated
    // already only when the seller says so.
    const kind = page.dataset.tab === "repeatable" ? ".tick-order" : ".tick-order:not(:disabled)";
    const orders = orderTicks(box.value, box.checked ? `${kind}:not(.is-repeated)` : kind);
    const before = orders.map((order) => order.checked);
    for (const order of orders) order.checked = box.checked;
    const action = box.checked ? "tick-buyer" : "clear";
    post(box, { action, buyer: box.value, q: page.dataset.q }, () => {
      orders.forEach((order, i) => (order.checked = before[i]));
      showGroups();
    });
  };

  // Shift takes the whole range between the last tick and this one, in one request.
  const range = (box) => {
    const orders = orderTicks(box.dataset.buyer);
    const [from, to] = [orders.indexOf(lastOrder), orders.indexOf(box)];
    if (!withShift || from < 0) return [box];
    const between = orders.slice(Math.min(from, to), Math.max(from, to) + 1);
    return between.filter((each) => each === box || !box.checked || !each.matches(".is-repeated"));
  };

  const tickOrders = (box) => {
    const boxes = range(box);
    const before = boxes.map((each) => (each === box ? !box.checked : each.checked));
    for (const each of boxes) each.checked = box.checked;
    lastOrder = box;
    const values = { action: box.checked ? "tick" : "untick", orders: boxes.map((each) => each.value) };
    post(box, values, () => boxes.forEach((each, i) => (each.checked = before[i])));
  };

  page.addEventListener("click", (event) => {
    withShift = event.shiftKey;
    const clear = event.target.closest("[data-clear]");
    if (clear) {
      event.preventDefault();
      for (const box of page.querySelectorAll(".tick-order")) box.checked = false;
      post(holder, { action: "clear" }, showGroups);
    }
    const again = event.target.closest("[data-repeated-too]");
    if (again) {
      event.preventDefault();
      const values = Object.fromEntries(new FormData(again.form));
      const boxes = orderTicks(values.buyer, ".tick-order.is-repeated");
      const before = boxes.map((each) => each.checked);
      for (const each of boxes) each.checked = values.repeated === "yes";
      post(holder, values, () => boxes.forEach((each, i) => (each.checked = before[i])));
    }
    const expand = event.target.closest(".expand");
    if (expand) {
      event.preventDefault();
      const open = expand.getAttribute("aria-expanded") !== "true";
      expand.setAttribute("aria-expanded", String(open));
      document.getElementById(expand.getAttribute("aria-controls")).hidden = !open;
    }
  });
  page.addEventListener("keydown", (event) => {
    if (event.key === " " && event.target.matches(".expand")) {
      event.preventDefault();
      event.target.click();
    }
  });
  page.addEventListener("change", (event) => {
    if (event.target.matches(".tick-buyer")) tickBuyer(event.target);
    else if (event.target.matches(".tick-order")) tickOrders(event.target);
  });
  holder.addEventListener("htmx:afterSwap", showGroups);

  // Rows that were asked for before their group was ticked arrive unticked.
  page.addEventListener("htmx:afterSwap", (event) => {
    if (holder.contains(event.target) || bar().capped === "yes") return;
    for (const group of page.querySelectorAll(".tick-buyer:checked")) {
      const kind = bar().repeated === "yes" ? ".tick-order" : ".tick-order:not(.is-repeated)";
      for (const box of orderTicks(group.value, kind)) box.checked = true;
    }
  });

  // A tick made before this file had arrived is sent now.
  const early = [...page.querySelectorAll(".tick-buyer, .tick-order")].find((box) => box.checked !== box.defaultChecked);
  if (early) (early.matches(".tick-buyer") ? tickBuyer : tickOrders)(early);
  else showGroups();
})();
