// A renegotiation pops up on whatever page of the portal is open: by the store's stream at once, or as a page loads.
// It is a dialog: focus goes into it, Escape closes it, and then returns to where it was. “Later” lasts for this window.
"use strict";

(() => {
  const holder = document.getElementById("renegotiation-alert");
  if (!holder) return;
  const KEY = "renegotiations put off";
  const putOff = () => new Set((sessionStorage.getItem(KEY) || "").split(" "));
  const here = document.querySelector("[data-here]")?.dataset.here;

  const show = async () => {
    let html = "";
    try {
      const answer = await fetch(holder.dataset.alert, { headers: { "HX-Request": "true" } });
      html = answer.ok && !answer.redirected ? await answer.text() : "";
    } catch {
      return; // the badge and the letters are still there
    }
    const dialog = new DOMParser().parseFromString(html, "text/html").querySelector("dialog");
    if (!dialog) return;
    const ids = [...dialog.querySelectorAll("[data-id]")].map((row) => row.dataset.id);
    if (ids.every((id) => id === here || putOff().has(id))) return;
    holder.replaceChildren(dialog); // an older one goes without being closed: nobody put it off
    dialog.addEventListener("close", () => sessionStorage.setItem(KEY, [...putOff(), ...ids].join(" ")));
    dialog.showModal();
    dialog.querySelector("a").focus();
  };

  document.body.addEventListener("lock", ({ detail }) => {
    if (detail.type === "lock.renegotiating") show();
  });
  if (Number(holder.dataset.waiting)) show();
})();
