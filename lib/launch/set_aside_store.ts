import { lstat } from "../paths/resolve_path.ts";
import { SafePath } from "../paths/safe_path.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { SetAsideRecord } from "./set_aside.ts";

/** Something that lies set aside. */
export interface Stored extends SetAsideRecord {
  /** What `tombolo restore` calls it. */
  readonly name: string;
  /** Where it lies. */
  readonly path: string;
}

function entries(directory: string): string[] {
  try {
    return Array.from(Deno.readDirSync(directory), ({ name }) => name).sort();
  } catch {
    return [];
  }
}

function recordOf(path: string): SetAsideRecord | undefined {
  try {
    const { from, time, reason } = JSON.parse(Deno.readTextFileSync(path)) as Partial<SetAsideRecord>;
    const isWhole = typeof from === "string" && typeof time === "string" && typeof reason === "string";
    return isWhole && from.startsWith("/") ? { from, time, reason } : undefined;
  } catch {
    return undefined;
  }
}

/** What lies set aside, the oldest first. */
export function storedThings(stateDirectory: string): Stored[] {
  const store = `${stateDirectory}/set-aside`;
  return entries(store).flatMap((run) => {
    const names = entries(`${store}/${run}`);
    return names.filter((name) => /^\d+-/.test(name)).flatMap((name): Stored[] => {
      const number = name.slice(0, name.indexOf("-"));
      const record = recordOf(`${store}/${run}/${number}.json`);
      return record === undefined
        ? []
        : [{ ...record, name: `${run}/${number}`, path: `${store}/${run}/${name}` }];
    });
  });
}

// The directory is entered first: what is put in place of it, or of one above it, meanwhile leads nowhere else.
const PUT_BACK = `
cd -P -- "$1" 2>/dev/null && [ "$(pwd -P)" = "$1" ] || exit 3
[ ! -e "./$3" ] && [ ! -L "./$3" ] || exit 4
mv -n -T -- "$2" "./$3" || exit 5
[ ! -e "$2" ] && [ ! -L "$2" ] || exit 4
`;

const FAILURES: Readonly<Record<number, (stored: Stored) => string>> = {
  3: ({ from }) =>
    `its directory ${
      quote(SafePath.of(from).parent.toString())
    } is gone, or is reached through a symbolic link`,
  4: ({ from }) => `something stands at ${quote(from)}`,
};

/**
 * Puts something back where it stood.
 *
 * @throws {TomboloError} where something else stands there now, or its directory is not what it was
 */
export function putBack(stored: Stored): void {
  const { parent, name } = SafePath.of(stored.from);
  const { code, stderr } = new Deno.Command("/bin/sh", {
    args: ["-c", PUT_BACK, "sh", parent.toString(), stored.path, name],
    clearEnv: true,
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).outputSync();
  if (code !== 0) {
    const reason = FAILURES[code]?.(stored) ?? new TextDecoder().decode(stderr).trim();
    throw new TomboloError("usage", `Cannot restore ${quote(stored.name)}: ${reason}`, {
      remedy: `it stays at ${quote(stored.path)}`,
    });
  }
  forget(stored);
}

function forget({ path, name }: Stored): void {
  const run = SafePath.of(path).parent.toString();
  try {
    Deno.removeSync(`${run}/${name.slice(name.lastIndexOf("/") + 1)}.json`);
    if (lstat(run) !== undefined && entries(run).length === 0) Deno.removeSync(run);
  } catch {
    // Another restore was quicker.
  }
}
