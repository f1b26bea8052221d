// Runs before the first paint, so that a chosen theme does not flash.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  try {
    const mode = localStorage.getItem("color-mode");
    if (mode === "light" || mode === "dark") root.dataset.colorMode = mode;
  } catch {
    // Storage can be forbidden: the system's theme holds.
  }
})();
