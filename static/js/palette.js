// The commands behind Ctrl K: pages, saved views, repositories and actions, by
// what is typed, as the combobox pattern of WAI-ARIA has it.
(() => {
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const box = dialog.querySelector("input"), list = dialog.querySelector("[role=listbox]"), base = document.documentElement.dataset.base;
  const textOf = (e) => (e.textContent || e.getAttribute("aria-label")).trim().replace(/\s+/g, " ");
  let items = [], at = 0, asking = null, timer = 0;

  // What the page itself offers: its navigation, its views and its actions.
  function own() {
    const links = [...document.querySelectorAll(".top-bar nav[aria-label=Pages] a")].map((a) => {
      const text = textOf(a.querySelector(".menu-text") ?? a.firstChild);
      return { text, kind: a.querySelector(".menu-text") ? "Saved view" : "Page", href: a.href };
    });
    const buttons = [...document.querySelectorAll(".top-buttons .btn:not(summary, .menu-item.js-only, .jobs *), .heading-buttons .btn, .foot-keys")]
      .filter((button) => !button.disabled && button.dataset.dialog !== "palette")
      .map((button) => ({ text: textOf(button.querySelector(".btn-text") ?? button.lastChild), kind: "Action", button }));
    return [...links, ...buttons].filter((item, n, all) => all.findIndex((other) => other.text === item.text && other.kind === item.kind) === n);
  }
  function matching(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    return own().filter((item) => words.every((word) => item.text.toLowerCase().includes(word)))
      .sort((a, b) => Number(b.text.toLowerCase().startsWith(words[0] ?? "")) - Number(a.text.toLowerCase().startsWith(words[0] ?? "")));
  }
  function draw(found) {
    items = found;
    list.replaceChildren(...items.map((item, n) => {
      const option = document.createElement("li"), text = document.createElement("bdi"), kind = document.createElement("span");
      option.id = `palette-${n}`;
      option.setAttribute("role", "option");
      text.className = "palette-text";
      text.textContent = item.text;
      kind.className = "palette-kind";
      kind.textContent = item.kind;
      option.append(text, kind);
      return option;
    }));
    mark(0);
  }
  function mark(n) {
    at = n;
    [...list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === n)));
    box.setAttribute("aria-activedescendant", `palette-${n}`);
    list.children[n]?.scrollIntoView({ block: "nearest" });
  }
  const everything = (text) => ({ text: `Search everything for “${text}”`, kind: "Search", href: `${base}search?${new URLSearchParams({ q: text })}` });
  function update() {
    const text = box.value.trim(), found = matching(text);
    clearTimeout(timer);
    asking?.abort();
    if (!text) return draw(found);
    draw([...found, everything(text)]);
    timer = setTimeout(() => repositories(text, found), 120);
  }
  async function repositories(text, found) {
    asking = new AbortController();
    try {
      const answer = await fetch(`${base}api/repos?${new URLSearchParams({ q: text, per_page: 8 })}`, { signal: asking.signal });
      if (!answer.ok) return; // what is typed is no query: pages and actions stay
      const rows = await answer.json(), chosen = items[at];
      const repos = (rows.items ?? rows).map(({ name }) => ({ text: name, kind: "Repository", href: `${base}repo/${name.split("/").map(encodeURIComponent).join("/")}` }));
      draw([...found, ...repos, everything(text)]);
      if (chosen && at === 0) mark(Math.max(0, items.findIndex((item) => item.text === chosen.text && item.kind === chosen.kind && item.kind !== "Search")));
    } catch { /* a later key has asked again, or the server is away */ }
  }
  function run(item, beside) {
    if (!item) return;
    dialog.close();
    if (item.button) item.button.click();
    else if (beside) open(item.href, "_blank", "noopener");
    else location.assign(item.href);
  }

  const fresh = () => { box.value = ""; update(); };
  document.addEventListener("click", (event) => { if (event.target.closest("[data-dialog=palette]")) fresh(); });
  box.addEventListener("input", update);
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) { event.preventDefault(); mark((at + step + items.length) % items.length); }
    if (event.key === "Enter") { event.preventDefault(); run(items[at], event.ctrlKey || event.metaKey); }
  });
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) run(items[[...list.children].indexOf(option)], event.ctrlKey || event.metaKey);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else if (!document.querySelector("dialog[open]")) { fresh(); dialog.showModal(); }
  });
})();
