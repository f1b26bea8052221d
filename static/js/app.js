// What pages do beyond links, forms and htmx: keep themselves current, say
// times relatively, keys, theme, jobs. Every page works without it.
(() => {
  const root = document.documentElement;
  const base = root.dataset.base; // what the addresses of the program begin with: "/", or "/path/" behind a proxy
  const $ = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const keep = {
    get(name) { try { return localStorage.getItem(name); } catch { return null; } },
    set(name, value) { try { localStorage.setItem(name, value); } catch { /* storage can be forbidden */ } },
  };

  // ---- Times: the server writes them in UTC, here they become relative.
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const two = (n) => String(n).padStart(2, "0");
  function span(seconds) {
    if (seconds < 60) return `${Math.floor(seconds)} s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
    if (seconds < 48 * 3600) {
      const hours = Math.floor(seconds / 3600), minutes = Math.floor(seconds / 60) % 60;
      return hours < 10 && minutes ? `${hours} h ${minutes} min` : `${hours} h`;
    }
    return `${Math.floor(seconds / 86400)} d`;
  }
  function short(seconds) { return seconds < 3600 ? span(seconds) : seconds < 48 * 3600 ? `${Math.floor(seconds / 3600)} h` : span(seconds); }
  function said(time, as, now) {
    const seconds = Math.max(0, (now - time) / 1000);
    if (as === "in") return `in ${short(Math.max(0, (time - now) / 1000))}`;
    if (as === "span") return span(seconds);
    if (as === "age") return short(seconds);
    if (as === "day") {
      const today = time.toISOString().slice(0, 10) === now.toISOString().slice(0, 10);
      if (today) return `today ${two(time.getUTCHours())}:${two(time.getUTCMinutes())}`;
      const year = time.getUTCFullYear() === now.getUTCFullYear() ? "" : ` ${time.getUTCFullYear()}`;
      return `${time.getUTCDate()} ${months[time.getUTCMonth()]}${year}`;
    }
    return seconds < 5 ? "just now" : `${short(seconds)} ago`;
  }
  function writeTimes(within = document) {
    const now = new Date(), asOf = document.documentElement.dataset.asOf;
    for (const el of all("time[data-as]", within)) { // ages on a page of a past time count from it; the strip above it is of now
      const text = said(new Date(el.dateTime), el.dataset.as, asOf && el.closest("main") ? new Date(asOf) : now);
      if (el.textContent !== text) el.textContent = text;
    }
  }

  // Morphing leaves open what a person opened.
  htmx.registerExtension("keep-open", { htmx_before_morph_attr: (element, { attrName }) => attrName !== "open" || !element.matches("details, dialog") });

  // ---- Staying current. The stream of events sends the version of every
  // topic; a panel asks again when one that it shows is newer than what it
  // has. Without the stream (live.js) the panels' own intervals do.
  let paused = sessionStorage.getItem("paused") === "1";
  let known = {}, stream = "connecting", signedOut = false;
  const parse = (text) => Object.fromEntries(text.split(" ").filter(Boolean).map((pair) => pair.split("=")));
  const quiet = () => paused || document.hidden;
  const ask = (panel) => panel.dispatchEvent(new CustomEvent("panel:refresh"));
  const panels = () => all("[data-panel]");
  const shows = (panel, topics) => (panel.dataset.topics ?? "").split(" ").some((topic) => topics.has(topic));

  let latest = null, latestFreshness = "";
  function catchUp() {
    if (!latest) return;
    const watched = quiet();
    const changed = new Set(Object.keys(latest).filter((topic) => latest[topic] !== known[topic]));
    if (!changed.size || watched && document.hidden) return;
    if (watched) { // paused: only what the person started is updated
      if (changed.has("jobs")) { known.jobs = latest.jobs; panels().filter((p) => p.id === "jobs" && shows(p, changed)).forEach(ask); }
      return;
    }
    known = { ...latest };
    panels().filter((panel) => shows(panel, changed)).forEach(ask);
  }
  // The freshness event updates the strip's times. Only if the strip says
  // something else is it asked for again.
  function showFreshness(text) {
    const bar = $(".fresh-bar"), now = parse(text);
    if (!bar || paused) return;
    let newest = 0;
    for (const [name, seconds] of Object.entries(now)) {
      if (/^(needs|quota|digest|held-)/.test(name)) continue;
      newest = Math.max(newest, seconds);
      moment(name, seconds);
    }
    if (newest) moment("newest", newest);
    if (now.quota) {
      write("[data-quota=whole]", now.quota);
      write("[data-quota=short]", now.quota.split("/")[0]);
    }
    if (now["quota-devin"]) write("[data-quota=devin]", now["quota-devin"]);
    count(now.needs);
    hold(now);
    const shown = parse(bar.dataset.freshness);
    // The answer may be from a moment before: then the next event asks again.
    const late = Date.now() - askedAt > 4000;
    if (shown.digest !== now.digest && (asked !== now.digest || late)) { asked = now.digest; askedAt = Date.now(); ask($("#freshness")); }
    writeTimes(bar);
  }
  let asked = "", askedAt = 0;
  function write(selector, text) { for (const el of all(selector)) if (el.textContent !== text) el.textContent = text; }
  function moment(source, seconds) {
    const iso = new Date(seconds * 1000).toISOString();
    for (const el of all(`[data-source="${source}"] time`)) {
      if (Date.parse(el.dateTime) === seconds * 1000) continue;
      el.dateTime = iso;
      el.title = `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
    }
  }
  // How much waits for a person, in the navigation.
  function count(needs) {
    if (needs === undefined) return;
    for (const link of all(`header nav a[href='${base}needs-you']`)) {
      let counter = $(".counter", link);
      if (needs === "0") { counter?.remove(); continue; }
      if (!counter) link.append(counter = Object.assign(document.createElement("span"), { className: "counter" }));
      if (counter.textContent !== needs) counter.textContent = needs;
    }
  }
  // Buttons wait for the end of their upstream's limit.
  function hold(now) {
    for (const button of all("[data-upstream]")) {
      const until = now[`held-${button.dataset.upstream}`], label = $(".btn-text", button), { text } = button.dataset;
      const words = until ? `${text} at ${new Date(until * 1000).toISOString().slice(11, 16)}` : text;
      if (label.textContent.trim() === words) continue;
      label.textContent = words;
      button.disabled = Boolean(until);
      button.title = until ? "The rate limit is reached" : "";
    }
  }
  function say(text) { const status = $("#status"); if (status) status.textContent = text; }
  function showState() {
    const state = $("#live-state");
    root.classList.toggle("is-paused", paused);
    for (const button of all("[data-pause]")) {
      const label = paused ? "Resume updates" : "Pause updates";
      button.setAttribute("aria-pressed", String(paused));
      $("[data-pause-text]", button).textContent = label;
      button.title = label;
    }
    if (!state) return;
    state.dataset.state = paused ? "paused" : signedOut ? "lost" : stream;
    state.textContent = { paused: "Paused", live: "Updating live", connecting: "Connecting" }[state.dataset.state]
      ?? (signedOut ? "Signed out" : "Connection lost, updating at intervals");
  }
  document.addEventListener("live:state", (event) => { stream = event.detail; showState(); });
  // What stands before the dashboard may have ended the stream: an answer tells.
  document.addEventListener("live:broken", () => { const strip = $("#freshness"); if (strip) ask(strip); });
  // A panel that could not be asked for is asked for again with the next beat.
  const askAgain = () => { if (!quiet()) panels().filter((panel) => panel.unasked).forEach(ask); };
  document.addEventListener("versions", (event) => { latest = parse(event.detail.data); catchUp(); });
  document.addEventListener("freshness", (event) => { latestFreshness = event.detail.data; if (!document.hidden) showFreshness(latestFreshness); askAgain(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { writeTimes(); catchUp(); if (latestFreshness) showFreshness(latestFreshness); if (stream === "lost") panels().forEach(ask); } });

  // Focus whose element an update took away (a row that moved on, Clear, the
  // last page's Next) stays near: the row in its place, else the list's box.
  let focused = null;
  document.addEventListener("htmx:before:swap", () => {
    const target = document.activeElement, panel = target.closest("[data-panel]"), row = target.closest("tbody tr");
    focused = panel && { target, panel: panel.id, row: row?.id, at: row?.sectionRowIndex };
  });
  function refocus() {
    if (!focused || focused.target.isConnected || document.activeElement !== document.body) return;
    const panel = document.getElementById(focused.panel), { row, at } = focused;
    if (!panel) return;
    const list = all("tbody tr", panel), next = at === undefined ? null : list[Math.min(at, list.length - 1)];
    if (next && chosen === row) choose(next.id);
    const to = next ? $(".row-link[href], a[href]", next) : matchMedia("(pointer: coarse)").matches ? null : $(".query-box", panel);
    to?.focus({ preventScroll: true });
    if (to?.matches("input")) to.setSelectionRange(to.value.length, to.value.length);
  }

  // A panel that is shown asks with the tag of what it shows: unchanged is a
  // 304, and nothing moves.
  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = event.detail, source = ctx.sourceElement;
    ctx.request.redirect = "manual"; // the program answers a panel or an action with what it shows
    if (ctx.sourceEvent?.type === "every" && (document.hidden || paused && source.id !== "jobs")) return event.preventDefault();
    if (!source.hasAttribute("data-panel")) return;
    source.unasked = false;
    ctx.request.cache = "no-store";
    if (source.shown?.url === ctx.request.action) ctx.request.headers["If-None-Match"] = source.shown.tag;
  });
  // Only what the program answered is shown. Else a proxy did: where it says
  // that the program is away, that is all; else it wants to see who asks.
  document.addEventListener("htmx:before:response", (event) => {
    const { ctx } = event.detail, { raw, status } = ctx.response;
    if (status !== 401 && raw.headers.has("X-Telemetry-Dashboard") || status === 304) return showSignedOut(false);
    event.preventDefault();
    raw.body?.cancel();
    if (status >= 500) return unanswered(ctx);
    if (ctx.sourceElement.hasAttribute?.("data-panel")) ctx.sourceElement.unasked = true;
    showSignedOut(true);
    if (ctx.request.method !== "GET") toast("Nothing was done: you were signed out. Reload.", "bad");
  });
  function showSignedOut(is) {
    if (signedOut === is) return;
    signedOut = is;
    const note = $("#signed-out");
    if (note) note.hidden = !is;
    showState();
  }
  function unanswered(ctx) {
    if (ctx.sourceElement?.hasAttribute?.("data-panel")) ctx.sourceElement.unasked = true;
    else toast("Cannot reach the server. Try again in a moment.", "bad");
  }
  document.addEventListener("htmx:error", (event) => { if (event.detail.ctx) unanswered(event.detail.ctx); });
  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail, tag = ctx.response?.headers.get("ETag");
    if (ctx.response?.headers.get("Content-Type")?.includes("json")) { // the request was too large: the answer is the API's
      const fault = Object.assign(document.createElement("p"), { className: "field-fault", textContent: JSON.parse(ctx.text).error });
      fault.setAttribute("role", "alert");
      ctx.text = fault.outerHTML;
    }
    if (ctx.sourceElement.hasAttribute?.("data-panel") && ctx.response.status === 200) ctx.sourceElement.shown = tag ? { url: ctx.request.action, tag } : null;
    if (ctx.response?.status >= 400) { // the next answer, which is not a 304, removes the error
      const panel = ctx.sourceElement.closest?.("[data-panel]");
      if (panel) panel.shown = null;
    }
  });
  document.addEventListener("htmx:after:swap", () => {
    writeTimes(); showState(); showCollapsed(); announceJobs(); closeSent(); choose(chosen); refocus();
    if (document.activeElement?.matches("#dialog, .dialog-close") && !matchMedia("(pointer: coarse)").matches) $("#dialog textarea")?.focus();
    const shown = parse($(".fresh-bar")?.dataset.freshness ?? "");
    count(shown.needs); hold(shown);
  });
  // A running job's time advances between the server's answers.
  function tick() {
    for (const el of all("[data-took]")) {
      if (el.textContent !== el.shownTook) {
        const [minutes, seconds] = el.textContent.split(":").map(Number);
        el.began = performance.now() - 1000 * (60 * minutes + seconds);
      }
      const took = Math.floor((performance.now() - el.began) / 1000);
      el.textContent = el.shownTook = `${Math.floor(took / 60)}:${two(took % 60)}`;
    }
  }

  // What one tab starts or closes, the browser's other tabs show too.
  const tabs = new BroadcastChannel("jobs");
  tabs.addEventListener("message", () => { const jobs = $("#jobs"); if (jobs) ask(jobs); });
  document.addEventListener("htmx:after:request", (event) => {
    if (event.detail.ctx.request?.action?.startsWith(`${base}actions/`)) tabs.postMessage("changed");
  });

  // The button of a job that runs is busy. A job's end is announced once; one
  // that leaves nothing to do is then forgotten, a dry run is shown.
  const announced = new Set();
  const isLive = (card) => ["running", "queued"].includes(card.dataset.job);
  function announceJobs(first) {
    const cards = all("[data-job]"), busy = new Set(cards.filter((card) => isLive(card)).map((card) => card.dataset.kind));
    for (const form of all(".top-buttons form.action")) {
      const is = busy.has(new URL(form.action).pathname.split("/").pop());
      form.classList.toggle("is-busy", is);
      $("button", form).ariaBusy = String(is);
    }
    for (const card of cards) {
      if (isLive(card) || announced.has(card.id)) continue;
      announced.add(card.id);
      if (!first || "brief" in card.dataset) announceJob(card);
    }
    const alert = $("#jobs-alert");
    if (alert?.textContent) { toast($("p", alert).textContent, "bad"); alert.replaceChildren(); }
  }
  function announceJob({ id, dataset }) {
    const open = () => { const menu = $("#jobs-menu"); if (menu) menu.open = true; };
    const tone = { success: "good", danger: "bad" }[dataset.tone] ?? "warn";
    const forget = () => { if (!$("#jobs-menu[open]")) $(`#${id} form[action$="/dismiss"] button`)?.click(); };
    if ("asks" in dataset) { say(dataset.summary); open(); } else toast(dataset.summary, tone, "brief" in dataset ? { then: forget } : { more: open });
  }

  // A dialog opens empty: its previous content was about something else.
  function showDialog(dialog) {
    const wait = $("#dialog-wait");
    if (dialog.id === "dialog" && wait) $("#dialog-body").replaceChildren(wait.content.cloneNode(true));
    dialog.showModal();
    if (dialog.id === "dialog") dialog.focus(); // else the Enter that opened it would click its first button
  }

  // What was sent from a dialog closes it.
  function closeSent() {
    const sent = $("#dialog[open] [data-sent]");
    if (!sent) return;
    $("#dialog").close();
    toast(sent.dataset.sent, "good");
  }

  // ---- Panels that a phone collapses: those that were opened or closed by hand
  // stay so. A browser that cannot show a closed one in full opens it.
  const phone = matchMedia("(max-width: 640px)");
  const collapsed = () => { try { return JSON.parse(keep.get("collapsed")) ?? {}; } catch { return {}; } };
  function showCollapsed() {
    const kept = collapsed(), whole = !phone.matches && !CSS.supports("selector(::details-content)");
    for (const panel of all("details.collapse")) {
      const open = whole || kept[panel.id];
      if (open !== undefined && panel.open !== open) panel.open = open;
    }
  }
  document.addEventListener("toggle", (event) => {
    const panel = event.target;
    if (event.newState === "open" && panel.matches?.("details.menu:focus-within")) $(".menu-form input[type=text], .menu-find input[type=search]", panel)?.focus();
    if (phone.matches && panel.matches?.("details.collapse")) keep.set("collapsed", JSON.stringify({ ...collapsed(), [panel.id]: panel.open }));
  }, true);
  phone.addEventListener("change", showCollapsed);

  const toast = (text, tone, options) => document.dispatchEvent(new CustomEvent("toast", { detail: { text, tone, ...options } }));

  // ---- Copying an address, that of the page where none is named, or a text.
  const copy = (address) => copyText(new URL(address || location.href, location.href).href);
  async function copyText(text) {
    try {
      await navigator.clipboard.writeText(text);
      toast("Copied.", "good");
    } catch { toast("Cannot copy. Copy the address from the address bar.", "bad"); }
  }

  // ---- Clicks
  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    for (const menu of all("details.menu[open]")) if (!menu.contains(event.target) || at(".menu-item")) menu.open = false;
    const retryButton = at("[data-retry]");
    if (retryButton) {
      const panel = retryButton.closest("[data-panel]");
      if (panel?.hasAttribute("hx-get")) { event.preventDefault(); retryButton.closest(".failure")?.remove(); ask(panel); }
    }
    const dismiss = at("[data-dismiss]");
    if (dismiss) dismiss.closest(dismiss.dataset.dismiss)?.remove();
    if (at("[data-copy]")) copy(at("[data-copy]").dataset.copy);
    if (at("[data-copy-text]")) copyText(at("[data-copy-text]").dataset.copyText);
    if (at("[data-close]")) at("dialog")?.close();
    if (at("[data-dialog]") && !event.ctrlKey && !event.metaKey) showDialog($("#" + at("[data-dialog]").dataset.dialog));
    if (event.target.matches("dialog")) event.target.close();
    if (at("[data-pause]")) {
      paused = !paused;
      sessionStorage.setItem("paused", paused ? "1" : "0");
      showState();
      say(paused ? "Updates paused" : "Updates resumed");
      if (!paused) catchUp();
    }
    if (at("[data-theme-toggle]")) {
      const modes = ["auto", "light", "dark"];
      const mode = modes[(modes.indexOf(root.dataset.colorMode) + 1) % modes.length];
      root.dataset.colorMode = mode;
      keep.set("color-mode", mode);
      showTheme();
    }
  });
  function showTheme() {
    const words = { auto: "the system’s", light: "light", dark: "dark" };
    for (const button of all("[data-theme-toggle]")) {
      button.title = $("[data-theme-text]", button).textContent = `Theme: ${words[root.dataset.colorMode]}`;
    }
  }

  // ---- Keys
  const places = Object.fromEntries(all("#keys a[data-go]").map((link) => [link.dataset.go, link.href]));
  let chosen = "", goUntil = 0;
  const rows = () => all("main .table tbody tr").filter((row) => row.offsetParent);
  function choose(id) {
    chosen = id;
    for (const row of all("tr.is-chosen")) if (row.id !== id) row.classList.remove("is-chosen");
    if (id) document.getElementById(id)?.classList.add("is-chosen");
  }
  function move(step) {
    const list = rows(), here = list.findIndex((row) => row.contains(document.activeElement));
    const at = here < 0 ? list.findIndex((row) => row.id === chosen) : here;
    const row = list[at < 0 ? 0 : Math.min(list.length - 1, Math.max(0, at + step))];
    if (!row) return;
    choose(row.id);
    $(".row-link[href], a[href]", row)?.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }
  // The action of the chosen row of Needs you.
  const act = (which) => $(`.c-action ${which}`, document.activeElement.closest("tr") ?? document.getElementById(chosen) ?? undefined)?.click();
  const toggle = $("[data-keys-toggle]");
  if (toggle) {
    toggle.checked = keep.get("keys") !== "off";
    toggle.addEventListener("change", () => keep.set("keys", toggle.checked ? "on" : "off"));
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape") for (const menu of all("details.menu[open]")) { menu.open = false; $("summary", menu).focus(); }
    if (keep.get("keys") === "off" || event.target.closest("input:not([type=checkbox]), select, textarea, dialog")) return;
    if (performance.now() < goUntil && event.key in places) return location.assign(places[event.key]);
    goUntil = 0;
    const does = {
      "/": () => { $("#search")?.focus(); $("#search")?.select(); },
      "?": () => $("#keys")?.showModal(),
      g: () => { goUntil = performance.now() + 1500; },
      j: () => move(1), k: () => move(-1),
      e: () => act("a.btn"), r: () => act("a[hx-get*='panels/reply']"),
    }[event.key];
    if (does) { event.preventDefault(); does(); }
    if (event.key === "Enter" && chosen && event.target === document.body) $(".row-link[href], a[href]", document.getElementById(chosen))?.click();
  });

  known = parse($("#live")?.dataset.versions ?? "");
  showTheme();
  showCollapsed();
  showState();
  writeTimes();
  announceJobs(true);
  setInterval(() => { if (!document.hidden) writeTimes(); }, 10000);
  setInterval(() => { if (!document.hidden) tick(); }, 1000);
})();
