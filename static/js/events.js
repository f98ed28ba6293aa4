// What happens in the store, as DOM events on <body>: `batch`, `lock`, `order`, `qualification`, … with the event in
// `detail`; and under the thing's own name (`batch:BR-7K3M9QXZ`), so that a fragment refreshes itself by hx-trigger.
// One window of the browser holds the stream and tells the others: a browser has six connections for all of them.
"use strict";

(() => {
  const shell = document.querySelector("[data-events]");
  if (!shell) return;
  const address = shell.dataset.events;
  const AGAIN_AFTER = 30_000;
  const others = "BroadcastChannel" in window ? new BroadcastChannel(address) : null;
  let last = Number(shell.dataset.after); // as of which the page was made

  const tell = (event) => {
    if (event.seq <= last) return;
    last = event.seq;
    const { kind, ref } = event.subject;
    const names = new Set([event.type.split(".")[0], `${kind}:${ref}`]);
    if (event.data.batch) names.add(`batch:${event.data.batch}`);
    for (const name of names) document.body.dispatchEvent(new CustomEvent(name, { detail: event }));
  };

  // How far something is: no event of record, so it has no number. A fragment asks for itself by `progress:BR-…`.
  const tellProgress = (said) => document.body.dispatchEvent(new CustomEvent(`progress:${said.batch}`, { detail: said }));

  const listen = () => {
    const source = new EventSource(`${address}&after=${last}`);
    source.onmessage = (message) => {
      const event = JSON.parse(message.data);
      others?.postMessage(event);
      tell(event);
    };
    source.addEventListener("progress", (message) => {
      const said = JSON.parse(message.data);
      others?.postMessage(said);
      tellProgress(said);
    });
    source.onerror = () => {
      // Interrupted, it comes back by itself; refused, it is asked again later.
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN_AFTER);
    };
  };

  if (others) others.onmessage = ({ data }) => (data.seq ? tell(data) : tellProgress(data));
  if (others && navigator.locks) navigator.locks.request(address, () => { listen(); return new Promise(() => {}); });
  else listen();
})();
