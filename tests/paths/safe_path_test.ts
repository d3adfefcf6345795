import assert from "node:assert/strict";
import fc from "fast-check";
import { type PathContext, SafePath } from "../../lib/paths/safe_path.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";

const VARIABLES = new Map([
  ["HOME", "/home/ann"],
  ["PWD", "/work/project"],
  ["TMPDIR", "/var/tmp"],
  ["XDG_CONFIG_HOME", "/home/ann/.config"],
  ["XDG_CACHE_HOME", "relative/cache"],
  ["XDG_DATA_HOME", "/odd/$PWD/~"],
  ["SECRET", "/secret"],
]);

const CONTEXT: PathContext = { base: "/work/project", variable: (name) => VARIABLES.get(name) };

function parsed(text: string): string {
  return SafePath.parse(text, CONTEXT).toString();
}

function refused(text: string, message: RegExp): void {
  assert.throws(
    () => SafePath.parse(text, CONTEXT),
    (error) => error instanceof TomboloError && error.kind === "policy" && message.test(error.message),
    text,
  );
}

Deno.test("a path is made absolute and normal", () => {
  const table: readonly (readonly [string, string])[] = [
    ["/", "/"],
    ["//", "/"],
    ["/a//b/./c/", "/a/b/c"],
    ["/a/../b", "/b"],
    ["/../..", "/"],
    [".", "/work/project"],
    ["..", "/work"],
    ["../../../..", "/"],
    ["a/b", "/work/project/a/b"],
    ["./a/..", "/work/project"],
    ["a b", "/work/project/a b"],
    [" a", "/work/project/ a"],
    ["...", "/work/project/..."],
    ["..a", "/work/project/..a"],
    ["-", "/work/project/-"],
  ];
  for (const [text, wanted] of table) assert.equal(parsed(text), wanted, text);
});

Deno.test("the home directory and a few variables are expanded", () => {
  const table: readonly (readonly [string, string])[] = [
    ["~", "/home/ann"],
    ["~/", "/home/ann"],
    ["~/.ssh", "/home/ann/.ssh"],
    ["~/../bob", "/home/bob"],
    ["$HOME", "/home/ann"],
    ["$HOME/x", "/home/ann/x"],
    ["${HOME}/x", "/home/ann/x"],
    ["$PWD/x", "/work/project/x"],
    ["$TMPDIR", "/var/tmp"],
    ["${XDG_CONFIG_HOME}/git", "/home/ann/.config/git"],
    ["$XDG_CONFIG_HOME", "/home/ann/.config"],
    ["a/$HOME", "/work/project/a/home/ann"],
    ["/x~", "/x~"],
    ["/x/~/y", "/x/~/y"],
  ];
  for (const [text, wanted] of table) assert.equal(parsed(text), wanted, text);
});

Deno.test("what a variable holds is not expanded again", () => {
  assert.equal(parsed("$XDG_DATA_HOME"), "/odd/$PWD/~");
});

Deno.test("any other variable is refused, also one that is set", () => {
  for (
    const text of [
      "$SECRET",
      "${SECRET}/x",
      "$USER",
      "/a/$b",
      "$",
      "/a$",
      "$1",
      "${",
      "${HOME",
      "$(id)",
      "$$",
      "$HOMEX",
    ]
  ) {
    refused(text, /is not one of HOME, TMPDIR, PWD and XDG_\*/);
  }
});

Deno.test("a variable that is unset or not absolute is refused by name", () => {
  refused("$XDG_STATE_HOME/x", /XDG_STATE_HOME is not an absolute path/);
  refused("$XDG_CACHE_HOME/x", /XDG_CACHE_HOME is not an absolute path/);
  assert.throws(
    () => SafePath.parse("~/x", { base: "/", variable: () => undefined }),
    /HOME is not an absolute path/,
  );
});

Deno.test("the home of another user is refused", () => {
  for (const text of ["~bob", "~bob/x", "~+", "~-"]) refused(text, /only the own home directory/);
});

Deno.test("an empty path and a NUL are refused, and the message shows no raw control character", () => {
  refused("", /it is empty/);
  refused(" \t", /it is empty/);
  refused("/a\0b", /holds a NUL character/);
  for (const text of ["/a\0\x1b[31m", "~\x1b", "$\x1b\n"]) {
    assert.throws(
      () => SafePath.parse(text, CONTEXT),
      (error) => error instanceof TomboloError && !/\p{Cc}/u.test(error.message),
    );
  }
});

Deno.test("a path of the system must be absolute and without NUL", () => {
  assert.equal(SafePath.of("/a/./b//").toString(), "/a/b");
  assert.equal(SafePath.of("/a/~/$HOME").toString(), "/a/~/$HOME");
  for (const text of ["", "a", "./a", "~", "/a\0"]) {
    assert.throws(() => SafePath.of(text), TomboloError, JSON.stringify(text));
  }
});

Deno.test("a path knows its parent, name, depth and ancestors", () => {
  const path = SafePath.of("/a/b/c");
  assert.equal(path.parent.toString(), "/a/b");
  assert.equal(path.name, "c");
  assert.equal(path.depth, 3);
  assert.deepEqual(path.ancestors().map(String), ["/", "/a", "/a/b"]);
  assert.equal(SafePath.root.depth, 0);
  assert.equal(SafePath.root.name, "");
  assert.equal(SafePath.root.parent.toString(), "/");
  assert.deepEqual(SafePath.root.ancestors(), []);
  assert.equal(SafePath.of("/a").parent.toString(), "/");
});

Deno.test("joining stays normal", () => {
  assert.equal(SafePath.of("/a").join("b/../c").toString(), "/a/c");
  assert.equal(SafePath.of("/a").join("../../b").toString(), "/b");
  assert.equal(SafePath.root.join("x").toString(), "/x");
  assert.equal(SafePath.of("/a").join("").toString(), "/a");
});

Deno.test("a path contains what lies below it by whole components", () => {
  const holds = (above: string, below: string) => SafePath.of(above).contains(SafePath.of(below));
  assert.ok(holds("/a", "/a"));
  assert.ok(holds("/a", "/a/b"));
  assert.ok(holds("/", "/a"));
  assert.ok(holds("/", "/"));
  assert.ok(!holds("/a", "/ab"));
  assert.ok(!holds("/a/b", "/a"));
  assert.ok(!holds("/a", "/A"));
  assert.ok(!holds("/a", "/"));
});

Deno.test("JSON shows the text", () => {
  assert.equal(JSON.stringify({ path: SafePath.of("/a/") }), '{"path":"/a"}');
});

const component = fc.oneof(
  fc.constantFrom(".", "..", "", "a", "b", "ab", "...", ".a", " ", "\u00e9", "*"),
  fc.string({ minLength: 1, maxLength: 4, unit: "binary" }).map((text) => text.replace(/[/\0$~]/g, "_")),
);
const absolute = fc.array(component, { maxLength: 8 }).map((parts) => "/" + parts.join("/"));

function reference(text: string): string[] {
  return text.split("/").reduce<string[]>((done, part) => {
    if (part === "" || part === ".") return done;
    return part === ".." ? done.slice(0, -1) : [...done, part];
  }, []);
}

Deno.test("whatever is parsed comes out normal", () => {
  fc.assert(fc.property(fc.oneof(absolute, absolute.map((text) => text.slice(1))), (text) => {
    fc.pre(text.trim() !== "");
    const out = parsed(text);
    const parts = out.split("/");
    assert.equal(parts[0], "");
    assert.ok(out === "/" || parts.slice(1).every((part) => part !== "" && part !== "." && part !== ".."));
    assert.deepEqual(
      parts.slice(1).filter(Boolean),
      reference(text.startsWith("/") ? text : `/work/project/${text}`),
    );
  }));
});

Deno.test("parsing what toString gave changes nothing", () => {
  fc.assert(fc.property(absolute, (text) => {
    const once = SafePath.parse(text, CONTEXT);
    assert.equal(parsed(once.toString()), once.toString());
    assert.ok(SafePath.of(once.toString()).equals(once));
  }));
});

Deno.test("contains, depth, ancestors and parent agree with arrays of components", () => {
  fc.assert(fc.property(absolute, absolute, (one, two) => {
    const [a, b] = [reference(one), reference(two)];
    const [above, below] = [SafePath.of(one), SafePath.of(two)];
    assert.equal(above.contains(below), a.length <= b.length && a.every((part, index) => part === b[index]));
    assert.equal(above.equals(below), above.contains(below) && below.contains(above));
    assert.equal(above.depth, a.length);
    assert.deepEqual(above.ancestors().map(String), a.map((_, index) => "/" + a.slice(0, index).join("/")));
    assert.equal(above.parent.toString(), "/" + a.slice(0, -1).join("/"));
    assert.ok(above.ancestors().every((at) => at.contains(above) && !above.contains(at)));
  }));
});
