import { join } from "node:path";

const ROOT = join(import.meta.dirname ?? ".", "..", "..");

/** A page of the documentation. */
export interface Page {
  /** From the checkout, as `docs/git.md`. */
  readonly name: string;
  readonly text: string;
}

/** README.md and every page in docs. */
export function pages(): Page[] {
  const names = Array.from(Deno.readDirSync(join(ROOT, "docs")), ({ name }) => `docs/${name}`)
    .filter((name) => name.endsWith(".md")).sort();
  return ["README.md", ...names].map((name) => ({ name, text: Deno.readTextFileSync(join(ROOT, name)) }));
}
