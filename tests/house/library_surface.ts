import { join } from "node:path";

const ROOT = join(import.meta.dirname ?? ".", "..", "..");

/** Where the surface is kept. */
export const SURFACE_FILE: string = join(import.meta.dirname ?? ".", "library_surface.txt");

interface Symbol {
  readonly name: string;
  readonly declarations: readonly { readonly kind: string; readonly def?: Record<string, unknown> }[];
}

// What may change without anybody having to notice: where things stand, and what is said about them.
const UNSEEN = new Set(["location", "doc", "jsDoc", "js_doc"]);

function isPrivate(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { accessibility, name } = value as { accessibility?: unknown; name?: unknown };
  return accessibility === "private" || (typeof name === "string" && name.startsWith("#"));
}

function seen(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((each) => !isPrivate(each)).map(seen);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => !UNSEEN.has(key));
  return Object.fromEntries(entries.map(([key, inner]) => [key, seen(inner)]));
}

function linesOf({ name, declarations }: Symbol): string[] {
  return declarations.flatMap(({ kind, def = {} }) => [
    `${kind} ${name}`,
    ...Object.entries(seen(def) as Record<string, unknown>).flatMap(([key, value]) =>
      (Array.isArray(value) ? value : [value]).map((each) => `  ${key}: ${JSON.stringify(each)}`)
    ),
  ]);
}

/** What lib/mod.ts exports, names and types, as text: a line for each member. */
export async function librarySurface(): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", "lib/mod.ts"],
    cwd: ROOT,
    stdin: "null",
  }).output();
  if (code !== 0) throw new Error(`Cannot document lib/mod.ts: ${new TextDecoder().decode(stderr)}`);
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout)) as {
    nodes: Record<string, { symbols: readonly Symbol[] }>;
  };
  const symbols = Object.values(nodes).flatMap((file) => file.symbols)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return symbols.flatMap(linesOf).join("\n") + "\n";
}

if (import.meta.main) await Deno.writeTextFile(SURFACE_FILE, await librarySurface());
