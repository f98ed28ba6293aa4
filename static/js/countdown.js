// Counts from the seconds that the server said were left, by the monotonic clock; at the end it asks the server.
"use strict";

(() => {
  const starts = new WeakMap();
  const pad = (n) => String(n).padStart(2, "0");
  const text = (s) => `${Math.floor(s / 3600)}:${pad(Math.floor(s / 60) % 60)}:${pad(s % 60)}`;

  const tick = () => {
    for (const timer of document.querySelectorAll("[data-seconds]")) {
      if (!starts.has(timer)) starts.set(timer, performance.now());
      const gone = (performance.now() - starts.get(timer)) / 1000;
      const left = Math.max(0, Math.ceil(Number(timer.dataset.seconds) - gone));
      timer.querySelector("[data-countdown-text]").textContent = text(left);
      timer.classList.toggle("is-ending", left < 3600);
      if (left === 0 && Number(timer.dataset.seconds) > 0) {
        delete timer.dataset.seconds;
        setTimeout(() => location.reload(), 1500);
      }
    }
  };
  setInterval(tick, 1000);
})();
