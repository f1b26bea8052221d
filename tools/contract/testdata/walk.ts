// Lists everything with a generated client.
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

const client = createClient<paths>({ baseUrl: process.argv[2] });

type Page = { data?: { items: unknown[]; total: number; pages: number }; error?: unknown };

// all asks for every page of a list, whose items must be as many as each page says.
// Where the demo has changed meanwhile it begins again.
async function all(name: string, ask: (query: { page: number; per_page: number }) => Promise<Page>) {
  let found = 0;
  let total: number | undefined;
  for (let page = 1, pages = 1, changes = 0; page <= pages; page++) {
    const { data, error } = await ask({ page, per_page: 7 });
    if (!data) throw new Error(`${name}: page ${page}: ${JSON.stringify(error)}`);
    if (total !== undefined && total !== data.total) {
      if (++changes > 5) throw new Error(`${name}: page ${page} says ${data.total} in all, the first ${total}`);
      [found, total, page] = [0, undefined, 0];
      continue;
    }
    found += data.items.length;
    total = data.total;
    pages = data.pages;
  }
  if (found !== total || found === 0) throw new Error(`${name}: ${found} items, the total is ${total}`);
  console.log(`TypeScript: ${found} ${name}`);
}

await all("runs", (query) => client.GET("/api/runs", { params: { query } }));
await all("sessions", (query) => client.GET("/api/sessions", { params: { query } }));
await all("prs", (query) => client.GET("/api/prs", { params: { query } }));
await all("issues", (query) => client.GET("/api/issues", { params: { query } }));
await all("files", (query) => client.GET("/api/files", { params: { query } }));
await all("verifications", (query) => client.GET("/api/verifications", { params: { query } }));
await all("changes", (query) => client.GET("/api/changes", { params: { query } }));
await all("jobs", (query) => client.GET("/api/jobs", { params: { query } }));
await all("needs-attention", (query) => client.GET("/api/needs-attention", { params: { query } }));

const repos = (await client.GET("/api/repos")).data ?? [];
const scanned = (await client.GET("/api/stats")).data?.repos_scanned;
if (repos.length === 0 || repos.length !== scanned) throw new Error(`repos: ${repos.length}, stats say ${scanned}`);
console.log(`TypeScript: ${repos.length} repos`);
