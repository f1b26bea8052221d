// An issue beside its list: a click on a row opens it, j and k go on there, Escape closes it, and the
// address says which it is. Enter, Ctrl-click and a phone open its page.
(() => {
  const base = document.documentElement.dataset.base;
  const $ = (selector, within = document) => within.querySelector(selector);
  const list = () => $("main [data-panel]:has(.t-issues)"), place = $("#peek"), phone = matchMedia("(max-width: 640px)");
  if (!place) return;
  let shown = "";
  const idOf = (row) => decodeURIComponent(new URL($("a.row-link", row).href).pathname.split("/").pop());
  const rows = () => [...document.querySelectorAll(".t-issues tbody tr:has(a.row-link[href])")].filter((row) => row.offsetParent);
  const rowOf = (id) => rows().find((row) => idOf(row) === id);
  const named = () => new URL(location.href).searchParams.get("peek") ?? "";

  function address(id) {
    const to = new URL(location.href);
    if (id) to.searchParams.set("peek", id); else to.searchParams.delete("peek");
    return to;
  }
  function mark() {
    for (const row of document.querySelectorAll("tr.is-peeked")) row.classList.remove("is-peeked");
    const row = shown && rowOf(shown), all = rows();
    if (!row) return;
    row.classList.add("is-peeked");
    $("[data-peek-at]", place).textContent = `${all.indexOf(row) + 1} of ${all.length} on this page`;
  }
  // how says what becomes of the address: push, replace, or neither.
  function peek(id, how) {
    const to = address(id);
    if (how === "push" && id !== named()) history.pushState(history.state, "", to);
    if (how === "replace") history.replaceState(history.state, "", to);
    if (id === shown) return;
    shown = id;
    place.hidden = false;
    $("main").classList.add("has-peek");
    $("[data-peek-page]", place).href = `${base}issues/${encodeURIComponent(id)}`;
    const asked = new URLSearchParams({ id });
    if (to.searchParams.has("as_of")) asked.set("as_of", to.searchParams.get("as_of"));
    mark();
    htmx.ajax("GET", `${base}panels/issue?${asked}`, { target: "#peek-body", swap: "innerHTML" });
  }
  function close(how) {
    if (!shown) return;
    const row = rowOf(shown);
    shown = "";
    place.hidden = true;
    $("#peek-body").replaceChildren();
    $("main").classList.remove("has-peek");
    mark();
    if (how) history.pushState(history.state, "", address(""));
    if (row && (document.activeElement === document.body || place.contains(document.activeElement))) $("a.row-link", row)?.focus({ preventScroll: true });
  }
  function go(step) {
    const all = rows(), row = all[all.findIndex((one) => idOf(one) === shown) + step];
    if (!row) return;
    peek(idOf(row), "replace");
    row.scrollIntoView({ block: "nearest" });
  }

  // A key that presses a link is a click without a pointer.
  document.addEventListener("click", (event) => {
    const row = event.target.closest?.(".t-issues tbody tr:has(a.row-link[href])");
    if (!row || phone.matches || event.detail === 0 || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (event.target.closest("a:not(.row-link), button, summary, details, form, input, label, select, textarea") || !getSelection().isCollapsed) return;
    event.preventDefault();
    event.stopPropagation();
    $("a.row-link", row).focus({ preventScroll: true });
    peek(idOf(row), shown ? "replace" : "push");
  }, true);
  place.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    if (at("[data-peek-close]")) close("push");
    if (at("[data-peek-step]")) go(Number(at("[data-peek-step]").dataset.peekStep));
    const action = at("[data-peek-action]");
    if (action) document.dispatchEvent(new CustomEvent("desk:open", { detail: { action: action.value, ids: [shown] } }));
  });
  document.addEventListener("keydown", (event) => {
    if (!shown || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=checkbox]), select, textarea, dialog")) return;
    if (event.key === "Escape" && !event.defaultPrevented) return close("push");
    if (event.key !== "j" && event.key !== "k" || event.defaultPrevented === false) return;
    const row = document.activeElement.closest(".t-issues tbody tr:has(a.row-link[href])");
    if (row) peek(idOf(row), "replace");
  });
  addEventListener("popstate", () => { if (named() && list()) peek(named()); else close(); });
  document.addEventListener("htmx:after:swap", () => {
    if (!shown) return;
    const title = $("h1", place); // the page has its own
    if (title) {
      const beneath = Object.assign(document.createElement("h2"), { className: "is-title", textContent: title.textContent });
      title.replaceWith(beneath);
    }
    mark();
    if (named() !== shown && list()) history.replaceState(history.state, "", address(shown));
  });
  if (named() && list() && !phone.matches) peek(named());
})();
