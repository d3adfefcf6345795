import type { SafePath } from "../../paths/safe_path.ts";

// Links of every Mac's root directory.
const LINKED = /^(?:\/private)?(\/(?:etc|tmp|var)(?:\/.*)?)$/s;

/** A path as the kernel has it, and as it is written where a link of the root directory is not followed. */
function spellings(path: string): string[] {
  const short = LINKED.exec(path)?.[1];
  return short === undefined ? [path] : [`/private${short}`, short];
}

/**
 * Paths that a profile names: none is ever part of its text, whatever characters it holds, but the value of a parameter
 * that is passed beside it.
 */
export class Parameters {
  readonly #values = new Map<string, string>();
  readonly #keys = new Map<string, string>();

  /** Names and values, in order. */
  get values(): ReadonlyMap<string, string> {
    return this.#values;
  }

  /**
   * Makes filters for a path in all its spellings.
   *
   * @param kind What it is for, upper case; part of the parameter's name
   * @param filters `literal` for the path itself, `subpath` for it and all below
   */
  filters(kind: string, path: SafePath | string, filters: readonly ("literal" | "subpath")[]): string[] {
    return spellings(path.toString()).flatMap((text) => {
      const key = this.#key(kind, text);
      return filters.map((filter) => `(${filter} (param "${key}"))`);
    });
  }

  #key(kind: string, text: string): string {
    const known = this.#keys.get(text);
    if (known !== undefined) return known;
    const key = `${kind}_${this.#values.size}`;
    this.#values.set(key, text);
    this.#keys.set(text, key);
    return key;
  }
}
