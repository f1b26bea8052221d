// Completion in a list's query box: qualifiers and their values, as the
// combobox pattern of WAI-ARIA has it. The box works without it.
(() => {
  const settle = 120; // ms without a key before asking
  let box = null, list = null, items = [], at = -1, timer = 0, asking = null, held = false, spaced = -1;
  const isOpen = () => Boolean(list && !list.hidden);

  function bind(input) {
    box = input;
    list = input.form.querySelector("[role=listbox]");
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", list.id);
    input.setAttribute("aria-expanded", "false");
  }
  function close() {
    clearTimeout(timer);
    asking?.abort();
    items = []; at = -1;
    if (!list) return;
    list.hidden = true;
    list.replaceChildren();
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  }
  function draw() {
    list.replaceChildren(...items.map((item, n) => {
      const option = document.createElement("li"), help = document.createElement("span"), text = document.createElement("span");
      option.id = `${list.id}-${n}`;
      option.setAttribute("role", "option");
      text.className = "option-text";
      text.textContent = item.text;
      help.className = "option-help";
      help.textContent = item.help;
      option.append(text, help);
      return option;
    }));
    list.hidden = !items.length;
    box.setAttribute("role", "combobox");
    box.setAttribute("aria-expanded", String(items.length > 0));
    mark(at);
  }
  function mark(n) {
    at = n;
    [...list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === n)));
    const option = list.children[n];
    if (!option) return box.removeAttribute("aria-activedescendant");
    box.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }
  async function ask() {
    asking?.abort();
    asking = new AbortController();
    const query = new URLSearchParams({ list: list.dataset.list, q: box.value, caret: box.selectionStart });
    const { base, asOf } = document.documentElement.dataset;
    if (asOf) query.set("as_of", asOf);
    try {
      const answer = await fetch(`${base}api/complete?${query}`, { signal: asking.signal });
      if (!answer.ok) return close();
      const found = (await answer.json()).items.filter((item) => item.query.trim() !== box.value.trim());
      if (document.activeElement !== box) return close();
      const chosen = items[at]?.text; // an answer that comes late leaves the choice
      items = found;
      at = items.findIndex((item) => item.text === chosen);
      draw();
    } catch { /* a later key has asked again, or the server is away: typing goes on */ }
  }
  function accept(n) {
    const item = items[n];
    close();
    box.value = item.query;
    box.setSelectionRange(item.caret, item.caret);
    spaced = item.query[item.caret - 1] === " " ? item.caret : -1;
    ask();
  }
  // A comma after an accepted value continues its list: the space that
  // ended it is removed.
  document.addEventListener("beforeinput", (event) => {
    if (event.target !== box || !event.data) return;
    const at = spaced;
    spaced = -1;
    if (event.data === "," && at > 0 && box.selectionStart === at && box.selectionEnd === at) box.setRangeText("", at - 1, at, "end");
  });

  document.addEventListener("focusin", (event) => { if (event.target.matches(".query-box") && event.target.form.querySelector("[role=listbox]")) bind(event.target); });
  document.addEventListener("focusout", (event) => { if (event.target === box) close(); });
  // The key that chose does not run the query as well, however long it is held.
  document.addEventListener("submit", (event) => {
    if (!box || event.target !== box.form) return;
    if (held) { event.preventDefault(); event.stopImmediatePropagation(); } else close();
  }, true);
  document.addEventListener("keyup", () => { held = false; });
  document.addEventListener("input", (event) => {
    if (event.target !== box) return; // a phone's keyboard composes all that is typed
    clearTimeout(timer);
    timer = setTimeout(ask, settle);
  });
  document.addEventListener("pointerdown", (event) => {
    const option = event.target.closest?.(".completions [role=option]");
    if (!option) return;
    event.preventDefault(); // the box keeps the focus
    accept([...list.children].indexOf(option));
  });
  document.addEventListener("keydown", (event) => {
    if (event.target !== box || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      if (!isOpen()) return ask();
      const last = items.length - 1, next = at + step;
      return mark(next > last ? 0 : next < 0 ? last : next);
    }
    const shown = isOpen();
    if (event.key === "Escape") { // what was asked for but has not come stays away too
      close();
      if (shown) { event.preventDefault(); event.stopPropagation(); }
    }
    if (!shown) return;
    if ((event.key === "Enter" || event.key === "Tab" && !event.shiftKey) && at >= 0) { event.preventDefault(); held = true; accept(at); }
  }, true);
  // An update of the list beneath leaves what a person is choosing.
  document.addEventListener("htmx:after:swap", () => {
    if (!box) return;
    if (document.activeElement !== box) return;
    if (items.length) draw(); else bind(box);
  });
})();
