// A list under a person's hands: a click on a row opens it, and while the
// pointer or the focus is inside, an update neither removes nor moves a row.
// Messages and a searched menu keep their place as well.
(() => {
  let pointer = ""; // a finger leaves nothing behind where it was
  document.addEventListener("pointermove", (event) => { pointer = event.pointerType; }, { passive: true });
  const inside = (panel) => {
    const box = panel.querySelector(".table-wrap");
    return Boolean(box) && (box.contains(document.activeElement) || pointer !== "touch" && box.matches(":hover"));
  };
  const rowsOf = (body) => [...body.rows].filter((row) => row.id);

  // The panels whose list holds back what came, and how much that is.
  const holding = new Map();

  // merged is the list that is shown with the cells of the one that came: its
  // rows in their order, those that go greyed. Null where the two have the same.
  function merged(shown, fresh) {
    const come = new Map(rowsOf(fresh).map((row) => [row.id, row])), order = [...come.keys()];
    let gone = 0;
    const rows = rowsOf(shown).map((row) => {
      const next = come.get(row.id);
      if (come.delete(row.id)) return next;
      gone++;
      return greyed(row.cloneNode(true));
    });
    const stay = rows.filter((row) => order.includes(row.id) && !row.matches(".is-gone"));
    const still = order.filter((id) => !come.has(id)), moved = stay.some((row, n) => row.id !== still[n]);
    return gone || come.size || moved ? { rows, come: come.size, gone } : null;
  }
  function greyed(row) { row.classList.add("is-gone"); return row; }

  // An answer to a panel that asked by itself is changed before it is shown.
  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail, panel = ctx.sourceElement;
    if (!panel?.hasAttribute?.("data-panel") || ctx.response?.status !== 200) return;
    const wanted = panel.wanted, body = panel.querySelector(".table tbody");
    panel.wanted = false;
    if (wanted || !body || rowsOf(body).length !== body.rows.length || !inside(panel)) { holding.delete(panel); return; }
    const answer = new DOMParser().parseFromString(ctx.text, "text/html"), fresh = answer.querySelector(".table tbody");
    if (!fresh) { // nothing is left
      event.preventDefault();
      rowsOf(body).forEach(greyed);
      holding.set(panel, { come: 0, gone: body.rows.length });
      return offer(panel);
    }
    const held = merged(body, fresh);
    if (!held) { holding.delete(panel); return; }
    fresh.replaceChildren(...held.rows);
    holding.set(panel, held);
    ctx.text = answer.body.innerHTML;
  });

  // What is held back is offered beneath the list, and shown once it is left.
  function offer(panel) {
    panel.querySelector(".offer")?.remove();
    const { come, gone } = holding.get(panel) ?? {};
    if (come === undefined) return;
    const button = Object.assign(document.createElement("button"), { type: "button", className: "btn offer" });
    button.textContent = `${[come && `${come} new`, gone && `${gone} gone`].filter(Boolean).join(", ") || "New order"} · show`;
    panel.querySelector(".table-wrap")?.append(button);
  }
  function release(panel) {
    holding.delete(panel);
    panel.wanted = true;
    panel.shown = null; // else the answer would be that nothing has changed
    panel.dispatchEvent(new CustomEvent("panel:refresh"));
  }
  const leave = () => { if (holding.size) setTimeout(() => { for (const panel of holding.keys()) if (!inside(panel)) release(panel); }, 100); };
  document.addEventListener("htmx:after:swap", () => { for (const panel of holding.keys()) if (panel.isConnected) offer(panel); else holding.delete(panel); });
  document.addEventListener("pointerout", leave);
  document.addEventListener("focusout", leave);
  document.addEventListener("click", (event) => {
    const button = event.target.closest(".offer"), panel = button?.closest("[data-panel]");
    if (!panel) return open(event);
    panel.querySelector("a.row-link[href]")?.focus({ preventScroll: true }); // the button goes
    release(panel);
  });

  // A click anywhere on a row is one on its link.
  function open(event) {
    const row = event.target.closest(".table tbody tr"), link = row?.querySelector("a.row-link[href]");
    if (!link || event.defaultPrevented || event.target.closest("a, button, summary, details, form, input, label, select, textarea")) return;
    if (!getSelection().isCollapsed) return; // text was marked
    link.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, ctrlKey: event.ctrlKey, metaKey: event.metaKey, shiftKey: event.shiftKey }));
  }

  // Messages show their last, until a person goes back in them.
  function showLast() {
    for (const list of document.querySelectorAll(".messages")) {
      if (list.scrolledTo !== undefined && list.scrollTop !== list.scrolledTo) continue;
      list.scrollTop = list.scrollHeight;
      list.scrolledTo = list.scrollTop;
    }
  }
  // A menu that is being searched is narrowed again after an update.
  function findAgain(source) {
    if (!source?.hasAttribute?.("data-panel")) return;
    for (const box of document.querySelectorAll("details[open] > .menu-list > .menu-find input[type=search]")) {
      if (box.value) box.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
  document.addEventListener("htmx:after:swap", (event) => { showLast(); findAgain(event.detail.ctx?.sourceElement); });
})();
