import type { SafePath } from "../paths/safe_path.ts";
import { decidePath, type PathDecider } from "../policy/decide_path.ts";

/** What the rules let be done with the host's file at a path. */
export type PathView = "none" | "read" | "write";

/** What the rules show at a path; each path is decided once. */
export type ViewOf = (path: SafePath) => PathView;

/**
 * Makes a function that decides, and remembers.
 *
 * @param decider Rules by real path
 * @param hidden Private directories: below them only what a rule names there is the host's
 */
export function viewsOf(decider: PathDecider, hidden: readonly SafePath[]): ViewOf {
  const known = new Map<string, PathView>();
  const opened = decider.readable.allow;
  const isHidden = (path: SafePath) => {
    const over = hidden.filter((at) => at.contains(path));
    return over.length > 0 &&
      !over.every((at) =>
        opened.some((rule) =>
          rule.path.depth > at.depth && at.contains(rule.path) && rule.path.contains(path)
        )
      );
  };
  return (path) => {
    const text = path.toString();
    const before = known.get(text);
    if (before !== undefined) return before;
    const view = isHidden(path)
      ? "none"
      : decidePath(decider, "write", path).allowed
      ? "write"
      : decidePath(decider, "read", path).allowed
      ? "read"
      : "none";
    known.set(text, view);
    return view;
  };
}
