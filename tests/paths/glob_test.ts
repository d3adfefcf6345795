import assert from "node:assert/strict";
import fc from "fast-check";
import { Glob, isGlob, splitGlob } from "../../lib/paths/glob.ts";
import { SafePath } from "../../lib/paths/safe_path.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";

function covers(pattern: string, path: string, head = "/w"): boolean {
  return Glob.parse(pattern).covers(SafePath.of(head), SafePath.of(path));
}

Deno.test("only *, ? and brackets make a pattern", () => {
  for (const text of ["a*", "?", "[ab]", "x]", "**/a"]) assert.equal(isGlob(text), true, text);
  for (const text of ["a", "~/.ssh", "a b", "{a,b}", "a!b", "$HOME/x"]) {
    assert.equal(isGlob(text), false, text);
  }
});

Deno.test("a text is parted before its first component with a pattern", () => {
  const parts: Readonly<Record<string, [string, string]>> = {
    "*.pem": ["", "*.pem"],
    "**/*.pem": ["", "**/*.pem"],
    "/*": ["/", "*"],
    "/etc/*/x": ["/etc", "*/x"],
    "~/.*/token": ["~", ".*/token"],
    "$HOME/a/[bc]/d": ["$HOME/a", "[bc]/d"],
    "../x/?": ["../x", "?"],
  };
  for (const [text, [head, pattern]] of Object.entries(parts)) {
    assert.deepEqual(splitGlob(text), { head, pattern }, text);
  }
});

Deno.test("a pattern covers what matches and what lies below it", () => {
  const covered: readonly [string, string, boolean][] = [
    ["*.pem", "/w/a.pem", true],
    ["*.pem", "/w/.pem", true],
    ["*.pem", "/w/a.pem/below", true],
    ["*.pem", "/w/sub/a.pem", false],
    ["*.pem", "/w/a.pem2", false],
    ["*.pem", "/w", false],
    ["*.pem", "/v/a.pem", false],
    ["**/*.pem", "/w/a.pem", true],
    ["**/*.pem", "/w/x/y/a.pem", true],
    ["a/**/z", "/w/a/z", true],
    ["a/**/z", "/w/a/b/c/z/d", true],
    ["a/**/z", "/w/b/a/z", false],
    ["s*/**", "/w/secrets/x", true],
    ["s*/**", "/w/secrets", false],
    ["s*/*", "/w/secrets/x/y", true],
    ["**", "/w/anything/at/all", true],
    ["*", "/w/.hidden", true],
    ["?", "/w/ab", false],
    ["?", "/w/\u{1f600}", true],
    ["[a-c]x", "/w/bx", true],
    ["[!a-c]x", "/w/bx", false],
    ["[^a-c]x", "/w/dx", true],
    ["[]]x", "/w/]x", true],
    ["[a^]x", "/w/^x", true],
    ["[id].ts", "/w/[id].ts", true],
    ["[id].ts", "/w/d.ts", true],
    ["[id]*", "/w/[id].ts", true],
    ["[[...slug]]/x", "/w/[[...slug]]/x", true],
    ["[!a].ts", "/w/[!a].ts", true],
    ["[id].ts", "/w/[di].ts", false],
    ["a+(b)|.*", "/w/a+(b)|.c", true],
    ["a.*", "/w/abc", false],
    ["a**b", "/w/a-b", true],
    ["a**b", "/w/a/b", false],
    ["*\n*", "/w/a\nb", true],
  ];
  for (const [pattern, path, expected] of covered) {
    assert.equal(covers(pattern, path), expected, `${pattern} ${path}`);
  }
  assert.equal(covers("*", "/etc", "/"), true);
});

Deno.test("what cannot be meant is refused", () => {
  for (
    const [pattern, reason] of [
      ["*/../x", /"\.\." may only stand before/],
      ["*/$HOME", /variables may only stand before/],
      ["[ab", /bracket is not closed/],
      ["[]", /bracket is not closed/],
      ["[z-a]", /range in brackets is wrong/],
      ["[[:alpha:]]", /classes such as/],
      ["*\0", /NUL/],
    ] as const
  ) {
    assert.throws(() => Glob.parse(pattern), (error) => {
      assert.ok(error instanceof TomboloError);
      assert.match(error.message, reason, pattern);
      return true;
    });
  }
});

/** The reference: components matched one by one, by trying every length. */
function reference(pattern: readonly string[], path: readonly string[]): boolean {
  const [step, ...rest] = pattern;
  if (step === undefined) return true;
  if (step === "**") {
    if (rest.length === 0) return path.length > 0;
    return path.some((_, index) => reference(rest, path.slice(index)));
  }
  const [name, ...below] = path;
  return name !== undefined && component(step, name) && reference(rest, below);
}

function component(step: string, name: string): boolean {
  const [first] = step;
  if (first === undefined) return name === "";
  if (first === "*") {
    return Array.from({ length: name.length + 1 }, (_, skip) => name.slice(skip)).some((left) =>
      component(step.slice(1), left)
    );
  }
  return name !== "" && (first === "?" || first === name[0]) && component(step.slice(1), name.slice(1));
}

Deno.test("patterns match as the reference says", () => {
  const step = fc.oneof(
    fc.constantFrom("**", "*", "?"),
    fc.array(fc.constantFrom("a", "b", "*", "?", "."), { minLength: 1, maxLength: 4 }).map((all) =>
      all.join("")
    ).filter((text) => !/^(?:\.|\.\.|\*\*+)$/.test(text)),
  );
  const name = fc.array(fc.constantFrom("a", "b", "."), { minLength: 1, maxLength: 4 }).map((all) =>
    all.join("")
  ).filter((text) => text !== "." && text !== "..");
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 4 }),
      fc.array(name, { minLength: 1, maxLength: 5 }),
      (steps, names) => {
        assert.equal(covers(steps.join("/"), `/w/${names.join("/")}`), reference(steps, names));
      },
    ),
    { numRuns: 3000 },
  );
});
