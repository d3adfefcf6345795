import { type SegmentTest, segmentTest } from "./segment_pattern.ts";

/** A segment, or `**` for any number of them. */
type Segment = SegmentTest | "**";

/** A pattern over whole relative paths. */
export interface PathPattern {
  /** @param names The components of a relative path */
  matches(names: readonly string[]): boolean;
  /** Whether something below a directory could match. */
  reaches(directory: readonly string[]): boolean;
}

/**
 * The places in the pattern where its rest could begin after these names; a set, so that no pattern takes exponential
 * time.
 */
function placesAfter(segments: readonly Segment[], names: readonly string[]): ReadonlySet<number> {
  const open = (places: Set<number>) => {
    // `**` may also stand for nothing; a set also visits what is added on the way.
    for (const place of places) if (segments[place] === "**") places.add(place + 1);
    return places;
  };
  let places = open(new Set([0]));
  for (const name of names) {
    const next = new Set<number>();
    for (const place of places) {
      const segment = segments[place];
      if (segment === "**") next.add(place);
      else if (segment?.(name)) next.add(place + 1);
    }
    if (next.size === 0) return next;
    places = open(next);
  }
  return places;
}

/**
 * Compiles the segments of a pattern.
 *
 * @param texts What stands between slashes
 * @returns `undefined` where one is malformed
 */
export function pathPattern(texts: readonly string[]): PathPattern | undefined {
  const segments: Segment[] = [];
  for (const text of texts) {
    const segment = text === "**" ? "**" : segmentTest(text);
    if (segment === undefined) return undefined;
    if (segment !== "**" || segments.at(-1) !== "**") segments.push(segment);
  }
  // What is below, but not the directory itself: `a/**` means at least one name more.
  const needsMore = segments.at(-1) === "**";
  return {
    matches(names) {
      if (!needsMore) return placesAfter(segments, names).has(segments.length);
      const above = names.slice(0, -1);
      return names.length > 0 && placesAfter(segments, above).has(segments.length - 1);
    },
    reaches(directory) {
      return Array.from(placesAfter(segments, directory)).some((place) => place < segments.length);
    },
  };
}
