// Menus close by Escape or a click elsewhere; messages can be dismissed; a silent server is said so.
"use strict";

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  event.target.closest("[data-dismiss]")?.closest(".alert")?.remove();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A button that was pressed once is not pressed again while its form is on the way.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  else if (event.target.method === "post") event.target.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

document.addEventListener("htmx:sendError", () => {
  const toasts = document.getElementById("toasts");
  const alert = document.createElement("div");
  alert.className = "alert alert-warning toast-part";
  alert.textContent = toasts.dataset.offline;
  toasts.replaceChildren(alert);
});
