// Work on the rows of a list that are selected: boxes, ranges, all that match, the bar of actions,
// its dialog, and undo. What is selected stays so while the list updates.
(() => {
  const base = document.documentElement.dataset.base;
  const $ = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const bar = () => $("[data-desk]"), boxes = () => all("[data-pick]").filter((box) => box.offsetParent);
  const picked = new Set();
  let whole = "", last = "", undo = null; // whole is the query all of whose rows are selected
  const toast = (text, tone, options) => document.dispatchEvent(new CustomEvent("toast", { detail: { text, tone, ...options } }));

  function show() {
    const desk = bar();
    if (!desk) return;
    if (whole && whole !== desk.dataset.query) whole = ""; // another query is shown
    const shown = all("[data-pick]");
    for (const box of shown) {
      box.checked = Boolean(whole) || picked.has(box.value);
      box.closest("tr").classList.toggle("is-picked", box.checked);
    }
    for (const box of all("[data-pick-page], [data-pick-group]")) {
      const under = box.matches("[data-pick-page]") ? shown : shown.filter((one) => one.dataset.group === box.dataset.pickGroup);
      const n = under.filter((one) => one.checked).length;
      box.checked = n > 0 && n === under.length;
      box.indeterminate = n > 0 && n < under.length;
    }
    const n = whole ? Number(desk.dataset.total) : picked.size, rest = $("[data-desk-all]", desk);
    desk.classList.toggle("is-on", n > 0);
    document.documentElement.classList.toggle("has-desk", n > 0);
    $("[data-desk-count]", desk).textContent = `${n.toLocaleString("en")} selected`;
    if (rest) rest.hidden = Boolean(whole) || n >= Number(desk.dataset.total);
  }
  function pick(box, on) {
    if (whole) { whole = ""; for (const one of boxes()) picked.add(one.value); } // from all, those that are shown stay
    if (on) picked.add(box.value); else picked.delete(box.value);
  }
  function range(to, on) {
    const list = boxes(), from = list.findIndex((box) => box.value === last), at = list.indexOf(to);
    if (from < 0) return pick(to, on);
    for (const box of list.slice(Math.min(from, at), Math.max(from, at) + 1)) pick(box, on);
  }
  function clear() { picked.clear(); whole = ""; show(); }

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
    } else if (box.matches("[data-pick-group]")) {
      for (const one of boxes().filter((under) => under.dataset.group === box.dataset.pickGroup)) pick(one, box.checked);
      show();
    } else if (box.closest("[data-desk-all]")) {
      whole = bar().dataset.query;
      show();
    } else if (box.closest("[data-desk-clear]")) clear();
  });

  // ---- The dialog of an action. Its form gets the rows that are selected.
  let opener = null;
  function open(action, values = [...picked]) {
    const desk = bar(), dialog = $("#dialog");
    if (!desk || !dialog || !whole && !values.length) return;
    const asked = new URLSearchParams(whole ? { action, all: 1, q: whole, expect: desk.dataset.total } : { action, n: values.length });
    const first = boxes().find((box) => values.includes(box.value));
    opener = { values: whole ? null : values, row: first?.closest("tr") };
    $("#dialog-body").replaceChildren($("#dialog-wait").content.cloneNode(true));
    dialog.showModal();
    dialog.focus();
    htmx.ajax("GET", `${base}panels/decide?${asked}`, { target: "#dialog-body", swap: "innerHTML" });
  }
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-desk]")) return;
    event.preventDefault();
    open(event.submitter?.value);
  });
  document.addEventListener("htmx:after:swap", () => {
    show();
    const form = $("#decide-form"), field = form && $("[name=issues]", form);
    if (form?.dataset.decided) return done(form.dataset);
    if (field && opener?.values) field.value = opener.values.join(" ");
    if (form && document.activeElement?.matches("#dialog, .dialog-close, #dialog textarea") && !form.begun) {
      form.begun = true;
      $("select, input:not([type=hidden]), textarea", form)?.focus();
    }
  });
  function done({ decided, said }) {
    const link = opener?.row?.isConnected && $("a.row-link", opener.row);
    $("#dialog").close();
    $("#decide-form").remove();
    link?.focus({ preventScroll: true });
    clear();
    undo = async () => {
      undo = null;
      const asked = { method: "POST", redirect: "manual", headers: { "HX-Request": "true" }, body: new URLSearchParams({ id: decided }) };
      const answer = await fetch(`${base}actions/undo-decision`, asked).catch(() => null);
      if (!answer?.ok) return toast("Could not undo it. See the list of decisions.", "bad");
      toast("Undone.", "good");
      renew();
    };
    toast(said, "good", { more: () => undo?.(), label: "Undo" });
    renew();
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
    if (event.key === "Escape" && (picked.size || whole)) return clear();
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
  show();
})();
