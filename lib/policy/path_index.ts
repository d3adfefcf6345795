import type { SafePath } from "../paths/safe_path.ts";

/** Rules by their path, for looking up what speaks about a path: thousands of rules cost no more than a few. */
export class PathIndex<T extends { readonly path: SafePath }> {
  readonly #at = new Map<string, T[]>();

  constructor(rules: Iterable<T> = []) {
    for (const rule of rules) this.add(rule);
  }

  add(rule: T): void {
    const text = rule.path.toString();
    const here = this.#at.get(text);
    if (here === undefined) this.#at.set(text, [rule]);
    else here.push(rule);
  }

  /**
   * Climbs from a path to the root, and stops at the first place whose rules give an answer.
   *
   * @param answer Asked with the rules of one place, in order
   * @returns The first answer that is not `undefined`
   */
  nearest<A>(path: SafePath, answer: (rules: readonly T[]) => A | undefined): A | undefined {
    for (let at = path.toString();; at = at.slice(0, at.lastIndexOf("/")) || "/") {
      const here = this.#at.get(at);
      const found = here === undefined ? undefined : answer(here);
      if (found !== undefined || at === "/") return found;
    }
  }
}
