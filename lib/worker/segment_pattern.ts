/** What one place of a segment may be. */
type Token =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "any" }
  | { readonly kind: "star" }
  | { readonly kind: "class"; readonly negated: boolean; readonly test: (character: string) => boolean };

// POSIX classes that stand in brackets (fnmatch(3), gitignore(5)).
const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  // deno-lint-ignore no-control-regex
  cntrl: /[\x00-\x1f\x7f]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /\s/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};

/** Reads `[...]` from its opening bracket; `undefined` where it does not close or holds an unknown class. */
function readClass(characters: readonly string[], start: number): { token: Token; next: number } | undefined {
  let at = start + 1;
  const negated = characters[at] === "!" || characters[at] === "^";
  if (negated) at++;
  const tests: ((character: string) => boolean)[] = [];
  for (let first = true;; first = false) {
    let character = characters[at];
    if (character === undefined) return undefined;
    if (character === "]" && !first) break;
    if (character === "[" && characters[at + 1] === ":") {
      const end = characters.indexOf(":", at + 2);
      const name = end < 0 || characters[end + 1] !== "]" ? "" : characters.slice(at + 2, end).join("");
      const known = Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
      if (known === undefined) return undefined;
      tests.push((text) => known.test(text));
      at = end + 2;
      continue;
    }
    if (character === "\\") character = characters[++at];
    if (character === undefined) return undefined;
    const low = character;
    let high = low;
    if (characters[at + 1] === "-" && characters[at + 2] !== undefined && characters[at + 2] !== "]") {
      at += 2;
      if (characters[at] === "\\") at++;
      high = characters[at] ?? "";
      if (high === "") return undefined;
    }
    tests.push((text) => low <= text && text <= high);
    at++;
  }
  const test = (character: string) => tests.some((each) => each(character));
  return { token: { kind: "class", negated, test }, next: at + 1 };
}

function tokensOf(text: string): Token[] | undefined {
  const characters = Array.from(text);
  const tokens: Token[] = [];
  for (let at = 0; at < characters.length;) {
    const character = characters[at] ?? "";
    if (character === "*") {
      if (tokens.at(-1)?.kind !== "star") tokens.push({ kind: "star" });
      at++;
    } else if (character === "?") {
      tokens.push({ kind: "any" });
      at++;
    } else if (character === "[") {
      const read = readClass(characters, at);
      if (read === undefined) return undefined;
      tokens.push(read.token);
      at = read.next;
    } else {
      if (character === "\\") at++;
      const literal = characters[at++];
      if (literal === undefined) return undefined;
      tokens.push({ kind: "literal", text: literal });
    }
  }
  return tokens;
}

function fits(token: Token, character: string): boolean {
  switch (token.kind) {
    case "literal":
      return token.text === character;
    case "any":
      return true;
    case "class":
      return token.test(character) !== token.negated;
    case "star":
      return false;
  }
}

// Only the last star is ever gone back to: the time is bounded by the product of both lengths.
function matches(tokens: readonly Token[], name: readonly string[]): boolean {
  let token = 0;
  let at = 0;
  let star = -1;
  let retry = 0;
  while (at < name.length) {
    const current = tokens[token];
    if (current?.kind === "star") {
      star = token++;
      retry = at;
    } else if (current !== undefined && fits(current, name[at] ?? "")) {
      token++;
      at++;
    } else if (star >= 0) {
      token = star + 1;
      at = ++retry;
    } else {
      return false;
    }
  }
  while (tokens[token]?.kind === "star") token++;
  return token === tokens.length;
}

/** Whether one name of a path fits. */
export type SegmentTest = (name: string) => boolean;

/**
 * Compiles one segment of a pattern: `*`, `?`, `[...]` and `\` as in fnmatch(3). No pattern takes exponential time.
 *
 * @returns `undefined` where the pattern is malformed
 */
export function segmentTest(text: string): SegmentTest | undefined {
  const tokens = tokensOf(text);
  if (tokens === undefined) return undefined;
  const literals = (list: readonly Token[]) =>
    list.every(({ kind }) => kind === "literal")
      ? list.map((token) => token.kind === "literal" ? token.text : "").join("")
      : undefined;
  const whole = literals(tokens);
  if (whole !== undefined) return (name) => name === whole;
  if (tokens.length === 1 && tokens[0]?.kind === "star") return () => true;
  const tail = tokens[0]?.kind === "star" ? literals(tokens.slice(1)) : undefined;
  if (tail !== undefined) return (name) => name.endsWith(tail);
  return (name) => matches(tokens, Array.from(name));
}
