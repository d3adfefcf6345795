import { putBack, type Stored, storedThings } from "../launch/set_aside_store.ts";
import { openDirectories } from "../launch/state_directory.ts";
import { SafePath } from "../paths/safe_path.ts";
import { escape, escapedJson, quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { Voice } from "../report/voice.ts";
import { asksForHelp } from "./asks_for_help.ts";

interface Request {
  readonly names: readonly string[];
  readonly json: boolean;
  readonly list: boolean;
}

function parse(args: readonly string[]): Request {
  const end = args.indexOf("--");
  const own = end < 0 ? args : args.slice(0, end);
  const rest = end < 0 ? [] : args.slice(end + 1);
  const flags = own.filter((arg) => arg.startsWith("-"));
  const unknown = flags.find((flag) => flag !== "--json" && flag !== "--list");
  if (unknown !== undefined) {
    throw new TomboloError("usage", `Unknown flag ${quote(unknown)}`, {
      remedy: "wanted: tombolo restore [NAME... | --list] [--json]",
    });
  }
  const names = [...own.filter((arg) => !arg.startsWith("-")), ...rest];
  if (names.length > 0 && flags.includes("--list")) {
    throw new TomboloError("usage", "Cannot list and restore at once: --list takes no NAME");
  }
  return { names, json: flags.includes("--json"), list: names.length === 0 };
}

// By its name, or by the path where it stood.
function find(things: readonly Stored[], name: string): Stored {
  const path = SafePath.from(name, Deno.cwd()).toString();
  const found = things.filter((thing) => thing.name === name || thing.from === path);
  const [only] = found;
  if (only === undefined) {
    throw new TomboloError("usage", `Cannot restore ${quote(name)}: nothing of that name is set aside`, {
      remedy: "tombolo restore --list shows what is",
    });
  }
  if (found.length === 1) return only;
  throw new TomboloError("usage", `Cannot restore ${quote(name)}: it was set aside ${found.length} times`, {
    remedy: `name one of ${found.map((thing) => thing.name).join(", ")}`,
  });
}

function list(things: readonly Stored[], json: boolean): void {
  if (json) return console.log(escapedJson(things));
  for (const { name, from, reason } of things) console.log(`${name}  ${escape(from)}  (${escape(reason)})`);
  if (things.length === 0) console.log("nothing is set aside");
}

/**
 * `tombolo restore`: shows what runs have set aside, and puts it back.
 *
 * @param args Arguments after the command's name
 * @returns The exit status: 0, or 125 where something could not be put back
 */
export async function restore(args: readonly string[]): Promise<number> {
  if (asksForHelp(args)) return (await import("./help.ts")).printHelp("restore");
  const request = parse(args);
  const { state } = openDirectories((name) => Deno.env.get(name), Deno.uid());
  if (request.list) {
    list(storedThings(state), request.json);
    return 0;
  }
  const voice = new Voice({ quiet: false, verbose: false, json: request.json });
  let status = 0;
  for (const name of request.names) {
    try {
      const thing = find(storedThings(state), name);
      putBack(thing);
      console.log(request.json ? escapedJson({ restored: thing.from }) : `restored ${escape(thing.from)}`);
    } catch (error) {
      status = voice.fail(error);
    }
  }
  return status;
}
