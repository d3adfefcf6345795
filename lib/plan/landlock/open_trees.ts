/** A place where what is allowed changes. */
export interface TreeNode {
  readonly path: string;
  readonly allowed: boolean;
}

/** What is in a directory, links aside; `undefined` where it cannot be listed. */
export type Entries = (directory: string) => readonly string[] | undefined;

/** Trees that can be opened whole. */
export interface OpenedTrees {
  readonly trees: readonly string[];
  /** Directories whose entries are opened one by one. */
  readonly split: readonly string[];
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

function ancestorsOf(path: string): string[] {
  const found: string[] = [];
  for (let at = path; at !== "/";) {
    at = parentOf(at);
    found.push(at);
  }
  return found;
}

/**
 * Says with allow rules alone, as Landlock has no others, what is allowed and what is denied below it: where something
 * below a directory is denied, its entries are opened instead, down to what is denied.
 *
 * @param nodes Real paths, each once; what is not below any is denied
 * @param entriesOf Lists the directories that cannot be opened whole
 */
export function openTrees(nodes: readonly TreeNode[], entriesOf: Entries): OpenedTrees {
  const at = new Map(nodes.map(({ path, allowed }) => [path, allowed]));
  const holed = new Set(nodes.filter(({ allowed }) => !allowed).flatMap(({ path }) => ancestorsOf(path)));
  const trees: string[] = [];
  const split: string[] = [];
  const open = (path: string): void => {
    if (!holed.has(path)) {
      trees.push(path);
      return;
    }
    split.push(path);
    for (const name of entriesOf(path) ?? []) {
      const entry = path === "/" ? `/${name}` : `${path}/${name}`;
      if (at.get(entry) !== false) open(entry);
    }
  };
  const isOpenAround = (path: string) => {
    const around = ancestorsOf(path).find((each) => at.has(each));
    return around !== undefined && at.get(around) === true;
  };
  for (const { path, allowed } of nodes) {
    if (allowed && !isOpenAround(path)) open(path);
  }
  return { trees, split };
}
