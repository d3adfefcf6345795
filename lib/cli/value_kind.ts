import type { FlagRow } from "./flags.ts";

/** What the value of a flag is, for completions. */
export type ValueKind =
  | { readonly kind: "files" | "directories" | "programs" | "variables" | "presets" | "nothing" }
  | { readonly kind: "words"; readonly words: readonly string[] };

/** Reads from a flag's placeholder what its value, or each entry of its list, is. */
export function valueKind({ name, placeholder = "" }: FlagRow): ValueKind {
  if (name === "preset") return { kind: "presets" };
  if (/^(?:PATH|FILE)\b/.test(placeholder)) return { kind: "files" };
  if (placeholder === "DIR") return { kind: "directories" };
  if (/^(?:PROGRAM|COMMAND)\b/.test(placeholder)) return { kind: "programs" };
  if (/^NAME(?:,|=)/.test(placeholder)) return { kind: "variables" };
  const words = placeholder.split("|").filter((word) => /^[a-z][a-z-]*$/.test(word));
  return words.length === 0 ? { kind: "nothing" } : { kind: "words", words };
}

/** Whether a flag takes several values, with commas between them. */
export function takesList({ value }: FlagRow): boolean {
  return value === "list" || value === "optional list";
}
