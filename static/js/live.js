// The stream of events, by which open pages learn what has changed. All tabs of
// a browser that are shown share one: a lock says which of them has it, and
// that one hands each event on. A tab that is hidden takes no part. Browsers
// give locks to https and to this machine only; elsewhere each tab that is
// shown has a stream of its own.
(() => {
  const page = document.querySelector("[data-events]");
  if (!page) return;
  const address = page.dataset.events, name = `events ${address}`;
  const silence = 15000; // three beats: the server sends one every 5 s
  const channel = new BroadcastChannel(name);
  const last = {}; // the last event of each type
  let stream = null, turn = null, queued = null, release = null;
  let state = "connecting", beat = Date.now(), failures = 0, retry = 0;

  function become(next) {
    if (state === next) return;
    state = next;
    document.dispatchEvent(new CustomEvent("live:state", { detail: state }));
  }
  function arrive(type, data) {
    beat = Date.now();
    failures = 0;
    last[type] = data;
    become("live");
    document.dispatchEvent(new CustomEvent(type, { detail: { data } }));
  }
  function connect() {
    disconnect();
    beat = Date.now();
    stream = new EventSource(address);
    for (const type of ["versions", "freshness"]) {
      stream.addEventListener(type, ({ data }) => { arrive(type, data); channel.postMessage({ type, data }); });
    }
    stream.addEventListener("error", broken);
  }
  function disconnect() {
    clearTimeout(retry);
    stream?.close();
    stream = null;
  }
  // A stream that ended is begun anew: at first soon, for the server may only
  // have been restarted.
  function broken() {
    disconnect();
    if (failures++) become("lost");
    document.dispatchEvent(new CustomEvent("live:broken"));
    retry = setTimeout(connect, Math.min(30000, 500 * 2 ** failures));
  }
  function join(options) {
    const mine = turn = {};
    if (!navigator.locks) return connect();
    queued?.abort();
    queued = new AbortController();
    navigator.locks.request(name, options ?? { signal: queued.signal }, () => {
      if (turn !== mine) return undefined;
      connect();
      return new Promise((done) => { release = done; });
    }).catch(() => { // another tab took the lock, or this one no longer wants it
      if (turn !== mine) return;
      release = null;
      disconnect();
      join();
    });
    channel.postMessage({ join: true });
  }
  function leave() {
    turn = null;
    queued?.abort();
    release?.();
    release = null;
    disconnect();
  }
  function follow() {
    if (document.hidden) return leave();
    if (turn) return;
    beat = Date.now();
    failures = 0;
    join();
  }
  // A connection can be gone without a word, and so can the tab that has the
  // stream: whoever hears nothing begins a stream of its own.
  function listen() {
    if (document.hidden || Date.now() - beat <= silence) return;
    become("lost");
    beat = Date.now();
    if (release || !navigator.locks) connect();
    else join({ steal: true });
  }

  channel.addEventListener("message", ({ data }) => {
    if (!turn) return;
    if (data.type && !stream) arrive(data.type, data.data);
    if (data.join && stream && state === "live") for (const type of Object.keys(last)) channel.postMessage({ type, data: last[type] });
  });
  document.addEventListener("visibilitychange", follow);
  addEventListener("pagehide", leave); // a page that holds nothing can be come back to
  addEventListener("pageshow", follow);
  follow();
  setInterval(listen, 1000);
})();
