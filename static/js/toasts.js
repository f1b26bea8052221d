// Toasts: what happened, in a corner, for a while. They stay while they are
// pointed at or have the focus, and cover nothing that can be pressed.
(() => {
  const region = document.getElementById("toasts"), template = document.getElementById("toast"), root = document.documentElement;
  if (!region) return;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // more is what its button does, then what follows when it is gone.
  document.addEventListener("toast", ({ detail: { text, tone, more, label, then } }) => {
    if (all(".toast-text", region).some((p) => p.textContent === text)) return;
    const item = template.content.firstElementChild.cloneNode(true), details = item.querySelector(".toast-more");
    const leave = () => { if (!item.isConnected) return; item.remove(); then?.(); place(); };
    const leaveLater = () => { if (item.matches(":hover, :focus-within")) setTimeout(leaveLater, 2000); else leave(); };
    item.dataset.tone = tone;
    item.querySelector(".toast-text").textContent = text;
    details.hidden = !more;
    if (label) details.textContent = label;
    details.addEventListener("click", (event) => { event.stopPropagation(); more(); leave(); }); // the click would close what it opens
    item.querySelector("[data-dismiss]").addEventListener("click", leave);
    region.append(item);
    place();
    setTimeout(leaveLater, tone === "good" && !more ? 6000 : 12000);
  });

  // They stand in a corner at the bottom, or as far up as it takes. Links of
  // rows give way last.
  function place() {
    if (!region.childElementCount) return;
    const { width, height } = region.getBoundingClientRect(), gap = 4;
    const boxes = (selector) => all(selector).filter((e) => !e.closest(".toasts, dialog") && e.checkVisibility({ visibilityProperty: true }))
      .map((e) => e.getBoundingClientRect()).filter((box) => box.width > 1 && box.bottom > 0 && box.top < innerHeight);
    const pressed = boxes("button, summary, input:not([type=checkbox]), select, textarea, a.btn"), linked = boxes("a[href]:not(.btn)");
    const free = ([right, bottom], taken) => {
      const left = root.clientWidth - right - width - gap, top = innerHeight - bottom - height - gap;
      return taken.every((box) => box.right <= left || box.left >= left + width + 2 * gap || box.bottom <= top || box.top >= top + height + 2 * gap);
    };
    const rights = [16, root.clientWidth - width - 16, (root.clientWidth - width) / 2], places = [];
    for (let bottom = 16; bottom + height < innerHeight; bottom += 8) places.push(...rights.map((right) => [right, bottom]));
    const corner = places.slice(0, 3).find((at) => free(at, pressed) && free(at, linked));
    const [right, bottom] = corner ?? places.find((at) => free(at, pressed)) ?? places[0];
    region.style.right = `${right}px`;
    region.style.bottom = `${bottom}px`;
  }
  for (const what of ["scrollend", "resize", "htmx:after:swap", "toggle"]) addEventListener(what, place, true);
})();
