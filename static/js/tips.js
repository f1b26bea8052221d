// What has no room on the page, at the pointer and at the focus: the whole text
// of what is cut, and the values of a chart.
(() => {
  const tip = Object.assign(document.createElement("div"), { id: "tip", className: "tip", hidden: true });
  tip.setAttribute("aria-hidden", "true"); // a reader has the whole text, and a chart's table
  let owner = null, top = 0; // of what the tip is, and where that stood

  function show(of, text, box) {
    if (!text) return hide();
    owner = of;
    ({ top } = of.getBoundingClientRect());
    tip.textContent = text;
    (of.closest("dialog[open]") ?? document.body).append(tip);
    tip.hidden = false;
    const { width, height } = tip.getBoundingClientRect();
    const left = Math.max(8, Math.min(box.left + box.width / 2 - width / 2, innerWidth - width - 8));
    tip.style.left = `${left}px`;
    tip.style.top = `${box.top - height - 6 < 4 ? box.bottom + 6 : box.top - height - 6}px`;
  }
  function hide() { owner = null; tip.hidden = true; }

  // What is cut within a cell, a tab or a menu, and all that it says.
  const holders = "td, th, .view, .state, .menu-item, .source", within = ".lines, .row-link, .state-label, .path-short, .view-name, .menu-text";
  const isCut = (e) => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== "visible"
    || e.matches(".lines, .row-link, .path-short") && e.scrollHeight > e.clientHeight + 2;
  function whole(holder) {
    const text = holder.innerText.trim().replace(/\s+/g, " ");
    const more = [holder, ...holder.querySelectorAll("[title]")].map((e) => e.title).filter((title) => title && !text.includes(title));
    return [text, ...more].join(" · ");
  }
  // A mark keeps its value where the browser shows no second tip for it.
  function valueOf(mark) {
    const title = mark.querySelector("title");
    if (title) { mark.dataset.tip = title.textContent.trim(); title.remove(); }
    return mark.dataset.tip;
  }
  function over(target, focused) {
    const mark = target.closest?.("svg .hit, svg .mark");
    if (mark && valueOf(mark)) return show(mark, valueOf(mark), mark.getBoundingClientRect());
    const holder = target.closest?.(holders);
    if (holder && [holder, ...holder.querySelectorAll(within)].some(isCut) && (focused || !target.closest("[title]"))) {
      return show(holder, whole(holder), holder.getBoundingClientRect());
    }
    hide();
  }
  document.addEventListener("pointerover", (event) => { if (event.pointerType !== "touch") over(event.target); });
  document.addEventListener("focusin", (event) => { if (event.target.matches(":focus-visible")) over(event.target, true); });
  document.addEventListener("focusout", hide);
  document.addEventListener("scroll", () => { if (owner && Math.abs(owner.getBoundingClientRect().top - top) > 1) hide(); }, true);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  document.addEventListener("htmx:after:swap", () => { reach(); if (owner && !owner.isConnected) hide(); });

  // A chart takes the focus as one, and arrows go through its values.
  function reach() {
    for (const chart of document.querySelectorAll("figure.chart:not([tabindex])")) if (chart.querySelector(".hit")) chart.tabIndex = 0;
  }
  function value(chart, step) {
    const marks = [...chart.querySelector("svg:has(.hit)").querySelectorAll(".hit")], last = marks.length - 1;
    const mark = marks[step === undefined ? last : Math.max(0, Math.min(last, marks.indexOf(owner) + step))];
    show(mark, valueOf(mark), mark.getBoundingClientRect());
    const status = document.getElementById("status");
    if (status) status.textContent = valueOf(mark);
  }
  document.addEventListener("focusin", (event) => { if (event.target.matches("figure.chart[tabindex]:focus-visible")) value(event.target); });
  document.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !event.target.matches?.("figure.chart[tabindex]") || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    value(event.target, step);
  });
  reach();
})();
