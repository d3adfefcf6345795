import { SafePath } from "../paths/safe_path.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { BuildContext } from "./build_context.ts";
import type { BaseName } from "./policy.ts";
import type { Entry, EntryList, PolicySource } from "./policy_source.ts";
import { type Preset, preset } from "./presets.ts";
import type { MovedPlace } from "./toolchains.ts";

/** Sources with the presets that they name put before them. */
export interface ExpandedSources {
  readonly base: BaseName;
  readonly sources: readonly PolicySource[];
  readonly notices: readonly string[];
}

function choosePresets(sources: readonly PolicySource[]): { base: BaseName; presets: [Entry, Preset][] } {
  const named = sources.flatMap((source) => source.presets ?? []);
  const unique = named.filter((entry, index) =>
    named.findIndex((other) => other.text === entry.text) === index
  );
  const presets = unique.map((entry): [Entry, Preset] => [entry, preset(entry.text, entry.origin)]);
  const bases = presets.filter(([, found]) => found.base !== undefined);
  const [first, second] = bases;
  if (first !== undefined && second !== undefined) {
    throw new TomboloError(
      "policy",
      `Cannot start from two presets: ${first[0].text} (${first[0].origin}) and ${second[0].text} (${
        second[0].origin
      }); choose one`,
    );
  }
  if (first?.[1].base !== undefined) return { base: first[1].base, presets };
  const workspace: Entry = { text: "workspace", origin: "the default", base: "/" };
  return { base: "workspace", presets: [[workspace, preset("workspace", workspace.origin)], ...presets] };
}

// Why no preset opens the working directory: it would open a home directory, the whole system, or what is private.
function leftOut(context: BuildContext): string | undefined {
  const cwd = SafePath.of(context.cwd);
  if (context.cwd === "/tmp" || context.cwd === "/run") return "is the sandbox's own, not the host's";
  if (["/private/tmp", "/private/var/tmp"].includes(context.cwd)) {
    return "is not writable: it holds everybody's temporary files";
  }
  const holdsHome = context.home !== undefined && cwd.contains(SafePath.of(context.home));
  return cwd.equals(SafePath.root) || holdsHome ? "is not writable: it holds the home directory" : undefined;
}

// What is set for the command moves its places too.
function withSet(sources: readonly PolicySource[], context: BuildContext): BuildContext {
  const set = new Map(sources.flatMap(({ envSet = [] }) => envSet).map(({ text, value }) => [text, value]));
  return { ...context, variable: (name) => set.get(name) ?? context.variable(name) };
}

// A variable moves a place, but never to where it would open much more than that.
function placeOf(place: string | MovedPlace, context: BuildContext): string[] {
  if (typeof place === "string") return [place];
  for (const [name, below] of place.by) {
    // GOPATH is a list, of which the first is written.
    const [value = ""] = (context.variable(name) ?? "").split(":");
    if (value === "") continue;
    if (!value.startsWith("/") || value.includes("\0")) return [];
    const path = SafePath.of(`${value}/${below}`);
    const kept = [context.cwd, context.home ?? "/"].map((text) => SafePath.of(text));
    // What is private to the sandbox needs no rule; the host's is another one.
    if (["/tmp", "/run"].some((own) => SafePath.of(own).contains(path))) return [];
    return path.depth < 2 || kept.some((at) => path.contains(at)) ? [] : [path.toString()];
  }
  return [place.path];
}

function presetSource(entry: Entry, found: Preset, context: BuildContext, notices: string[]): PolicySource {
  const origin = `preset ${entry.text}`;
  const list = (texts: readonly string[] = []): EntryList => ({
    entries: texts.map((text) => ({ text, origin, base: context.cwd, optional: true })),
  });
  const left = leftOut(context);
  if (left !== undefined && found.write?.includes(".")) {
    notices.push(`the working directory ${quote(context.cwd)} ${left}; to allow: --allow-write=.`);
  }
  const possible = (places: readonly (string | MovedPlace)[] = []) =>
    places.flatMap((place) => placeOf(place, context)).filter((text) =>
      text === "." ? left === undefined : !text.startsWith("~") || context.home !== undefined
    );
  const caches = list(possible(found.caches)).entries.map((each) => ({ ...each, make: true }));
  return {
    readAllow: list(possible(found.read)),
    readDeny: list(possible(found.deny)),
    writeAllow: { entries: [...list(possible(found.write)).entries, ...caches] },
    netAllow: list(found.net),
    envAllow: list(found.env),
  };
}

/**
 * Puts the presets that sources name before all of them; `workspace` where none names a base.
 *
 * @throws {TomboloError} for an unknown preset, or two different bases
 */
export function expandPresets(sources: readonly PolicySource[], context: BuildContext): ExpandedSources {
  const { base, presets } = choosePresets(sources);
  const notices: string[] = [];
  const expanded = presets.map(([entry, found]) =>
    presetSource(entry, found, withSet(sources, context), notices)
  );
  return { base, sources: [...expanded, ...sources], notices };
}
