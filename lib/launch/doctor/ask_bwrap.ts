import { ADVISORIES } from "../../report/doctor/advisories.ts";
import type { BwrapFacts } from "../../report/doctor/doctor_facts.ts";
import { packageFixes } from "../../report/doctor/package_fixes.ts";

/** How programs are run and files are read; tests have ones of their own. */
export interface BwrapAsker {
  /** What a program of the host says on stdout; nothing where it cannot be run. */
  readonly ask: (program: string, ...args: readonly string[]) => Promise<string>;
  /** A compressed file's text; `undefined` where it cannot be read. */
  readonly unpack: (path: string) => Promise<string | undefined>;
}

/** The asker of a real host. */
export const HOST_ASKER: BwrapAsker = {
  async ask(program, ...args) {
    const { stdout } = await new Deno.Command("/bin/sh", {
      args: ["-c", 'exec "$@"', "sh", program, ...args],
      clearEnv: true,
      env: { LC_ALL: "C", PATH: "/usr/bin:/bin" },
      stdin: "null",
      stderr: "null",
    }).output();
    return new TextDecoder().decode(stdout);
  },
  async unpack(path) {
    try {
      const { body } = new Response(await Deno.readFile(path));
      if (body === null) return undefined;
      return await new Response(body.pipeThrough(new DecompressionStream("gzip"))).text();
    } catch {
      return undefined;
    }
  },
};

// The package's own file; one at another place is not from the package.
const PACKAGED: readonly string[] = ["/usr/bin/bwrap", "/bin/bwrap"];
const CHANGELOG = "/usr/share/doc/bubblewrap/changelog.Debian.gz";

async function debianPackage(
  path: string,
  own: string | undefined,
  { ask, unpack }: BwrapAsker,
): Promise<BwrapFacts["package"]> {
  if (!PACKAGED.includes(path)) return undefined;
  const version = (await ask("dpkg-query", "-W", "-f=${Version}", "bubblewrap")).trim();
  // Where the program says another version, somebody has put another one in the package's place.
  const upstream = version.replace(/^\d+:/, "").replace(/-[^-]*$/, "");
  if (version === "" || (own !== undefined && upstream !== own)) return undefined;
  const changelog = await unpack(CHANGELOG);
  return { version, fixes: packageFixes(changelog ?? "", version, ADVISORIES.map(({ id }) => id)) };
}

/**
 * Asks a bubblewrap what it is: it says so itself, and Debian's package data say what has been fixed in it.
 *
 * @param path Its absolute path
 */
export async function askBwrap(path: string, asker: BwrapAsker = HOST_ASKER): Promise<BwrapFacts> {
  const [said, help] = await Promise.all([asker.ask(path, "--version"), asker.ask(path, "--help")]);
  const version = /^bubblewrap (\d+(?:\.\d+)+)/.exec(said)?.[1];
  const options = [...help.matchAll(/^\s+(--[a-z0-9-]+)/gm)].map((match) => match[1] ?? "");
  const from = await debianPackage(path, version, asker);
  return { path, version, options, ...(from === undefined ? {} : { package: from }) };
}
