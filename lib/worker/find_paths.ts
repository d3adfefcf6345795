import type { CheckedTree } from "./checked_tree.ts";
import { globPattern } from "./glob_pattern.ts";
import { DEFAULT_LIMIT } from "./protocol.ts";
import { AnswerBudget } from "./answer_budget.ts";
import { walkTree } from "./walk_tree.ts";

/** What a glob found. */
export interface FoundPaths {
  /** Relative to the root of the worker, sorted. */
  readonly paths: readonly string[];
  readonly truncated: boolean;
}

/**
 * The files and links that a glob fits, or the directories, where it ends with a slash.
 *
 * @param root Directory that the pattern starts in
 * @throws {WorkerError} with the code that says why not
 */
export function findPaths(
  tree: CheckedTree,
  pattern: string,
  root = ".",
  limit: number = DEFAULT_LIMIT,
): FoundPaths {
  const glob = globPattern(pattern);
  const { path: start } = tree.locateDirectory(root);
  const budget = new AnswerBudget();
  const paths: string[] = [];
  let truncated = false;
  for (const { path, names, entry } of walkTree(tree, start, (directory) => glob.reaches(directory))) {
    if (entry.isDirectory !== glob.wantsDirectories || !glob.matches(names)) continue;
    const text = tree.relative(path);
    if (paths.length >= limit || !budget.take(text)) {
      truncated = true;
      break;
    }
    paths.push(text);
  }
  return { paths: paths.sort(), truncated };
}
