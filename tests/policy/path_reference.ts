/** A rule about a path, as plain data. */
export interface PlainRule {
  readonly path: string;
  readonly effect: "allow" | "deny";
}

/** A protection, as plain data. */
export interface PlainProtection {
  readonly path: string;
  readonly denies: "read" | "write" | "nothing";
}

/** Every rule about paths, as plain data. */
export interface PlainRules {
  readonly read: readonly PlainRule[];
  readonly write: readonly PlainRule[];
  readonly protections: readonly PlainProtection[];
}

/** The path itself and every directory above it, the deepest first. */
export function upwards(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return Array.from(
    { length: parts.length + 1 },
    (_, index) => "/" + parts.slice(0, parts.length - index).join("/"),
  );
}

// One climb from the path to the root: the first place that a rule speaks about decides, and there deny wins.
function climb(rules: readonly PlainRule[], path: string): boolean {
  for (const at of upwards(path)) {
    const here = rules.filter((rule) => rule.path === at);
    if (here.some(({ effect }) => effect === "deny")) return false;
    if (here.length > 0) return true;
  }
  return false;
}

function refusedBy(protections: readonly PlainProtection[], path: string): PlainProtection["denies"] {
  const nearest = (kinds: readonly PlainProtection["denies"][]) => {
    for (const at of upwards(path)) {
      const here = protections.filter((rule) => rule.path === at && kinds.includes(rule.denies)).at(-1);
      if (here !== undefined) return here.denies;
    }
    return "nothing";
  };
  // Keeping a file from being written does not show what is hidden.
  return nearest(["read", "nothing"]) === "read" ? "read" : nearest(["read", "write", "nothing"]);
}

/** What the rules let a path be, worked out another way than in the product. */
export function referenceView(rules: PlainRules, path: string): "none" | "read" | "write" {
  const refused = refusedBy(rules.protections, path);
  const readable = [...rules.read, ...rules.write.filter(({ effect }) => effect === "allow")];
  if (refused === "read" || !climb(readable, path)) return "none";
  return refused === "write" || !climb(rules.write, path) ? "read" : "write";
}
