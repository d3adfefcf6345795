import { globRest } from "../paths/glob_rest.ts";
import type { SafePath } from "../paths/safe_path.ts";
import { decidePath, type PathDecider, pathDecider } from "./decide_path.ts";
import type { PathRule, PathRules } from "./policy.ts";

/** The rules of one policy about paths; their paths are real paths. */
export interface PathLayer {
  readonly read: PathRules;
  readonly write: PathRules;
}

/** One kind of access of both layers. */
interface Side {
  readonly rules: PathRules;
  readonly decider: PathDecider;
}

const NO_RULES: PathRules = { allow: [], deny: [] };

// Of rules about one kind of access, what `decidePath` says of reading.
function side(rules: PathRules): Side {
  return { rules, decider: pathDecider(rules, NO_RULES, []) };
}

const literal = (rules: readonly PathRule[]) => rules.filter(({ glob }) => glob === undefined);

/** Every path that a rule without a pattern names, the shallowest first. */
function points(sides: readonly Side[]): SafePath[] {
  const all = sides.flatMap(({ rules }) => [...rules.allow, ...literal(rules.deny)]).map(({ path }) => path);
  const unique = new Map(all.map((path) => [path.toString(), path]));
  return [...unique.values()].sort((a, b) => a.depth - b.depth);
}

// A rule of the other policy may stand deeper than a pattern of this one: the pattern has to be said again there.
function patternsAt({ rules }: Side, point: SafePath): PathRule[] {
  const above = [...rules.allow, ...literal(rules.deny)].filter(({ path }) => path.contains(point));
  const winner = Math.max(-1, ...above.map(({ path }) => path.depth));
  return rules.deny.flatMap((rule) => {
    const { glob, path, text, origin } = rule;
    if (glob === undefined || !path.contains(point) || path.equals(point)) return [];
    if (path.depth + 1 < winner || path.depth + 1 >= point.depth) return [];
    return globRest(glob, path, point).map((rest) => ({ text, origin, optional: true, ...rest }));
  });
}

function refusing(sides: readonly Side[], point: SafePath): PathRule {
  const named = sides.flatMap(({ rules }) => rules.deny)
    .find(({ glob, path }) => glob === undefined && path.equals(point));
  if (named !== undefined) return named;
  const rule = sides.map(({ decider }) => decidePath(decider, "read", point))
    .find(({ allowed }) => !allowed)?.rule;
  return {
    text: rule?.text ?? point.toString(),
    origin: rule?.origin ?? "composing: one of the policies has no rule that allows it",
    path: point,
    optional: true,
  };
}

/**
 * @param opened Paths that something else allows, and where a denial has to be said therefore
 */
function intersect(sides: readonly Side[], opened: readonly PathRule[] = []): PathRules {
  const named = new Set(opened.map(({ path }) => path.toString()));
  const allow: PathRule[] = [];
  const deny: PathRule[] = sides.flatMap(({ rules }) => rules.deny).filter(({ glob }) => glob !== undefined);
  const verdicts = new Map<string, boolean>();
  for (const point of points(sides)) {
    const above = point.ancestors().findLast((path) => verdicts.has(path.toString()));
    const isAllowed = sides.every(({ decider }) => decidePath(decider, "read", point).allowed);
    verdicts.set(point.toString(), isAllowed);
    if (isAllowed) {
      allow.push(...sides.flatMap(({ rules }) => rules.allow.filter(({ path }) => path.equals(point))));
      deny.push(...sides.flatMap((each) => patternsAt(each, point)));
    } else if (named.has(point.toString()) || (above && verdicts.get(above.toString()) === true)) {
      deny.push(refusing(sides, point));
    } else {
      // It is denied already; a rule that says so is kept for what it says.
      deny.push(
        ...sides.flatMap(({ rules }) => literal(rules.deny).filter(({ path }) => path.equals(point))),
      );
    }
  }
  return { allow, deny };
}

/**
 * The rules that allow a path exactly where both policies do. Both may speak of paths that the other does not, so every
 * path that either names is asked of both; between these, nothing changes. Where a pattern meets a deeper path of the
 * other policy, the result may deny a little more than both do, and never less.
 */
export function intersectPaths(parent: PathLayer, child: PathLayer): PathLayer {
  const layers = [child, parent];
  // What may be written may be read.
  const readable = layers.map(({ read, write }) =>
    side({ allow: [...read.allow, ...write.allow], deny: read.deny })
  );
  const write = intersect(layers.map(({ write }) => side(write)));
  return { read: intersect(readable, write.allow), write };
}
