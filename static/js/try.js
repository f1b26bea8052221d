// The page of the API: a form of an endpoint sends its request and shows the
// answer, and the command that sends the same.
(() => {
  const shownMost = 100000; // characters of an answer

  for (const form of document.querySelectorAll("form[data-try]")) form.hidden = false;

  function requestOf(form) {
    let path = form.dataset.try;
    const query = new URLSearchParams(), headers = {};
    let body;
    for (const field of form.querySelectorAll("[data-in]")) {
      const value = field.value.trim();
      if (!value) continue;
      if (field.dataset.in === "path") path = path.replace(`{${field.name}}`, () => encodeURIComponent(value));
      else if (field.dataset.in === "header") headers[field.name] = value;
      else if (field.dataset.in === "body") { body = value; headers["Content-Type"] = "application/json"; }
      else query.append(field.name, value);
    }
    return { url: `${location.origin}${path}${query.size ? `?${query}` : ""}`, options: { method: form.dataset.method, headers, body } };
  }

  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  function command({ url, options: { method, headers, body } }) {
    const parts = ["curl -sS", ...method === "GET" ? [] : [`-X ${method}`], '-H "Authorization: Bearer $DASHBOARD_TOKEN"'];
    for (const [name, value] of Object.entries(headers)) parts.push("-H", quoted(`${name}: ${value}`));
    if (body) parts.push("-d", quoted(body));
    return [...parts, quoted(url)].join(" ");
  }

  function readable(text, kind) {
    if (kind.includes("json")) try { text = JSON.stringify(JSON.parse(text), null, 2); } catch { /* it is shown as it came */ }
    return text.length > shownMost ? `${text.slice(0, shownMost)}\n… ${text.length - shownMost} more characters` : text;
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-try]");
    if (!form) return;
    event.preventDefault();
    const out = form.querySelector("output"), button = form.querySelector("button"), request = requestOf(form), begun = performance.now();
    const line = (name, text) => Object.assign(document.createElement(name), { textContent: text });
    button.disabled = true;
    try {
      const answer = await fetch(request.url, request.options), text = await answer.text();
      const took = Math.round(performance.now() - begun);
      const pre = line("pre", readable(text, answer.headers.get("Content-Type") ?? "") || "(no body)");
      pre.tabIndex = 0;
      out.replaceChildren(line("p", `${answer.status} ${answer.statusText} · ${took} ms`), line("code", command(request)), pre);
    } catch {
      out.replaceChildren(line("p", "No answer came. Is the dashboard still running? Send it again."), line("code", command(request)));
    } finally {
      button.disabled = false;
    }
  });
})();
