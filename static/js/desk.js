// Work on the rows of a list that are selected: boxes, ranges, all that match, the bar of actions,
// its dialog, and undo. What is selected stays so while the list updates.
(() => {
  const base = document.documentElement.dataset.base;
  const $ = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const bar = () => $("[data-desk]"), boxes = () => all("[data-pick]").filter((box) => box.offsetParent);
  const picked = new Set();
  let whole = null, last = "", undo = null; // whole is the query all of whose rows are selected: an empty one is the whole list, null none
  const toast = (text, tone, options) => document.dispatchEvent(new CustomEvent("toast", { detail: { text, tone, ...options } }));

  function show() {
    const desk = bar();
    if (!desk) return;
    if (whole !== null && whole !== desk.dataset.query) whole = null; // another query is shown
    const shown = all("[data-pick]");
    for (const box of shown) {
      box.checked = whole !== null || picked.has(box.value);
      box.closest("tr").classList.toggle("is-picked", box.checked);
    }
    for (const box of all("[data-pick-page], [data-pick-group]")) {
      const inside = box.matches("[data-pick-page]") ? shown : shown.filter((one) => one.dataset.of === box.dataset.pickGroup);
      const ids = groups.get(box.dataset.pickGroup), under = ids?.map((value) => ({ checked: whole !== null || picked.has(value) })) ?? inside;
      const n = under.filter((one) => one.checked).length;
      box.checked = n > 0 && n === under.length;
      box.indeterminate = n > 0 && n < under.length;
    }
    const n = whole !== null ? Number(desk.dataset.total) : picked.size, rest = $("[data-desk-all]", desk);
    desk.classList.toggle("is-on", n > 0);
    document.documentElement.classList.toggle("has-desk", n > 0);
    $("[data-desk-count]", desk).textContent = `${n.toLocaleString("en")} selected`;
    if (rest) rest.hidden = whole !== null || n >= Number(desk.dataset.total);
  }
  function pick(box, on) {
    if (whole !== null) { whole = null; for (const one of boxes()) picked.add(one.value); } // from all, those that are shown stay
    if (on) picked.add(box.value); else picked.delete(box.value);
  }
  function range(to, on) {
    const list = boxes(), from = list.findIndex((box) => box.value === last), at = list.indexOf(to);
    if (from < 0) return pick(to, on);
    for (const box of list.slice(Math.min(from, at), Math.max(from, at) + 1)) pick(box, on);
  }
  // A group is selected as a whole, also what is folded: the program says which issues that is.
  const groups = new Map();
  async function pickGroup(box) {
    const { pickGroup: name, query, n } = box.dataset, on = box.checked, most = 1000;
    if (Number(n) > most) { show(); return toast(`A group of more than ${most} is selected in its own list. Open it there.`, "warn"); }
    const ids = [];
    for (let page = 1; ids.length < Number(n) && page <= most / 200; page++) {
      const asked = new URLSearchParams({ q: query, per_page: 200, page });
      const answer = await fetch(`${base}api/issues?${asked}`, { headers: { Accept: "application/json" } }).catch(() => null);
      const items = answer?.ok ? (await answer.json()).items : [];
      if (!items.length) break;
      ids.push(...items.map((item) => item.id));
    }
    if (!ids.length) { show(); return toast("Cannot read the group. Try again in a moment.", "bad"); }
    groups.set(name, ids);
    for (const id of ids) if (on) picked.add(id); else picked.delete(id);
    whole = null;
    show();
  }
  function clear() { picked.clear(); whole = null; show(); }

  document.addEventListener("mousedown", (event) => { if (event.shiftKey && event.target.closest(".pick")) event.preventDefault(); }); // marks no text
  document.addEventListener("click", (event) => {
    const box = event.target;
    if (box.matches("[data-pick]")) {
      if (event.shiftKey) range(box, box.checked); else pick(box, box.checked);
      last = box.value;
      show();
    } else if (box.matches("[data-pick-page]")) {
      for (const one of boxes()) pick(one, box.checked);
      show();
    } else if (box.matches("[data-pick-group]")) pickGroup(box);
    else if (box.closest("[data-desk-all]")) {
      whole = bar().dataset.query;
      show();
    } else if (box.closest("[data-desk-clear]")) clear();
  });

  // ---- The dialog of an action. Its form gets the rows that are selected.
  let opener = null;
  const sendMost = 400; // ids that an address names
  function open(action, values = [...picked]) {
    const desk = bar(), dialog = $("#dialog");
    if (!desk || !dialog || whole === null && !values.length) return;
    if (action.startsWith("snooze:")) return snooze(values, action.slice(7));
    const rows = all("[data-pick][name=row]").filter((box) => values.includes(box.value)); // each is about issues
    const first = boxes().find((box) => values.includes(box.value));
    if (rows.length) values = [...new Set(rows.flatMap((box) => box.dataset.of.split(" ").filter(Boolean)))];
    if (whole === null && !values.length) return toast("No issue is known of what is selected. Snooze it, or open it.", "warn");
    if (action === "send" && whole === null && values.length > sendMost) return toast(`Select at most ${sendMost} issues to send, or all that match.`, "warn");
    const asked = new URLSearchParams(action === "send" && whole === null ? { issues: values.join(" ") } : whole !== null ? { action, all: 1, q: whole, expect: desk.dataset.total } : { action, n: values.length });
    opener = { values: whole !== null ? null : values, row: first?.closest("tr") };
    $("#dialog-body").replaceChildren($("#dialog-wait").content.cloneNode(true));
    dialog.showModal();
    dialog.focus();
    htmx.ajax("GET", `${base}panels/${action === "send" ? action : "decide"}?${asked}`, { target: "#dialog-body", swap: "innerHTML" });
  }
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-desk], [data-snooze], [data-wake]")) return;
    event.preventDefault();
    const menu = form.closest("details");
    if (menu) menu.open = false;
    if (form.matches("[data-snooze]")) return snooze([form.elements.row.value], form.elements.for.value);
    if (form.matches("[data-wake]")) return undoing(form.elements.id.value)();
    open(event.submitter?.value);
  });
  document.addEventListener("desk:open", (event) => open(event.detail.action, event.detail.ids));
  document.addEventListener("htmx:after:swap", () => {
    show();
    const sent = $("#send-form[data-sent-to-devin]");
    if (sent && !sent.seen) {
      sent.seen = true;
      $("#dialog-title")?.replaceChildren("Sent to Devin");
      clear();
      renew();
      // What became of a batch while the answer was on its way was told before the list stood here.
      setTimeout(() => $("[data-panel]", $("#send-form[data-sent-to-devin]") ?? sent)?.dispatchEvent(new CustomEvent("panel:refresh")), 1000);
    }
    const form = $("#decide-form"), field = form && $("[name=issues]", form);
    if (form?.dataset.decided) return done(form.dataset);
    if (field && opener?.values) field.value = opener.values.join(" ");
    if (form && document.activeElement?.matches("#dialog, .dialog-close, #dialog textarea") && !form.begun) {
      form.begun = true;
      $("select, input:not([type=hidden]), textarea", form)?.focus();
    }
  });
  function done({ decided, said }) {
    const link = opener?.row?.isConnected ? $("a.row-link", opener.row) : $("tbody a.row-link"); // a row that has left gives its place to the first
    if ($("#dialog").open) $("#dialog").close();
    $("#decide-form")?.remove();
    link?.focus({ preventScroll: true });
    clear();
    undo = undoing(decided);
    toast(said, "good", { more: () => undo?.(), label: "Undo" });
    renew();
  }
  const post = (path, fields) => fetch(base + path, { method: "POST", redirect: "manual", headers: { "HX-Request": "true" },
    body: new URLSearchParams(fields) }).catch(() => null);
  const undoing = (id) => async () => {
    undo = null;
    const answer = await post("actions/undo-decision", { id });
    if (!answer?.ok) return toast("Could not undo it. See the list of decisions.", "bad");
    toast("Undone.", "good");
    renew();
  };
  async function snooze(rows, length) {
    const row = boxes().find((box) => rows.includes(box.value))?.closest("tr");
    const answer = await post("actions/snooze", [...rows.map((key) => ["row", key]), ["for", length]]);
    const body = new DOMParser().parseFromString(await answer?.text() ?? "", "text/html"), made = $("[data-decided]", body);
    if (!made) return toast(body.body.textContent.trim() || "Cannot reach the server. Try again in a moment.", "bad");
    opener = { row };
    done(made.dataset);
  }
  // The list shows at once what this person did.
  function renew() {
    const panel = bar()?.closest("[data-panel]");
    if (!panel) return;
    panel.wanted = true;
    panel.shown = null;
    panel.dispatchEvent(new CustomEvent("panel:refresh"));
  }

  // ---- Keys
  const off = () => { try { return localStorage.getItem("keys") === "off"; } catch { return false; } };
  const here = () => document.activeElement.closest?.("tr:has([data-pick])") ?? $("tr.is-chosen:has([data-pick])");
  document.addEventListener("keydown", (event) => {
    const form = event.target.closest("#decide-form form");
    if (form && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      return form.requestSubmit();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || off()) return;
    if (event.target.closest("input:not([type=checkbox]), select, textarea, dialog, details[open]")) return;
    if (event.key === "z" && undo) { event.preventDefault(); return undo(); }
    if (!bar()) return;
    if (event.key === "Escape" && (picked.size || whole !== null)) { event.preventDefault(); return clear(); }
    const row = here(), box = row && $("[data-pick]", row), key = $(`[data-key="${CSS.escape(event.key)}"]`, bar());
    if (box && event.key.toLowerCase() === "x") {
      event.preventDefault();
      if (event.shiftKey) range(box, true); else pick(box, !box.checked);
      last = box.value;
      show();
    } else if (key) {
      event.preventDefault();
      open(key.value, picked.size || !box ? [...picked] : [box.value]);
    }
  });
  // The title of the page and its icon count what waits, like the navigation.
  function title() {
    const n = $("header nav .counter")?.textContent.trim(), plain = document.title.replace(/^\([\d,]+\) /, "");
    const text = n ? `(${n}) ${plain}` : plain;
    if (document.title !== text) document.title = text;
    const icon = $("link[rel=icon]"), count = (n ?? "").replace(/\D/g, "");
    const address = `${base}icon.svg?n=${count || 0}`;
    if (icon && (count || icon.getAttribute("href").includes("icon.svg?n=")) && icon.getAttribute("href") !== address) icon.href = address;
  }
  for (const what of ["freshness", "htmx:after:swap"]) document.addEventListener(what, () => setTimeout(title));
  title();
  show();
})();
