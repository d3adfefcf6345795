import { EMBEDDED, type Embedded } from "./embedded.ts";

/** What tells how this tombolo was started. */
export interface StartFacts {
  /** Whether it is a binary of `deno compile`. */
  readonly standalone: boolean;
  /** The program that runs: Deno, or the binary. */
  readonly execPath: string;
  readonly os: typeof Deno.build.os;
  /** All variables of this process. */
  readonly environment: Readonly<Record<string, string>>;
  /** The working directory. */
  readonly cwd: string;
  /** URL of the module that starts tombolo; of this one where nothing is embedded. */
  readonly mainModule: string;
  /** Directory of this module, if it is a file. */
  readonly directory: string | undefined;
  readonly embedded: Embedded | undefined;
}

/** How this process was started. */
export function startFacts(environment: Readonly<Record<string, string>>): StartFacts {
  return {
    standalone: Deno.build.standalone,
    // Asked for late: without /proc Deno cannot tell, and ends.
    get execPath() {
      return Deno.execPath();
    },
    os: Deno.build.os,
    get cwd() {
      return Deno.cwd();
    },
    environment,
    mainModule: new URL(EMBEDDED?.main ?? "", import.meta.url).href,
    directory: import.meta.dirname,
    embedded: EMBEDDED,
  };
}
