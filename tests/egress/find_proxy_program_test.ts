import assert from "node:assert/strict";
import { findProxyProgram, type ProgramLookup } from "../../lib/egress/find_proxy_program.ts";
import type { SafePath } from "../../lib/paths/safe_path.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { TempDirectory } from "../launch/temp_directory.ts";
import { externalRule } from "./fixtures/external.ts";

/** Looks a name up in two directories, `a` and `b`, of which the sandbox may write what is below `writable`. */
function find(
  directory: TempDirectory,
  name: string,
  writable = "nothing",
  more: Partial<ProgramLookup> = {},
): string {
  const root = directory.at(writable);
  return findProxyProgram(externalRule([name, "{port}"]), {
    searchPath: `${directory.at("a")}:${directory.at("b")}`,
    cwd: directory.at("b"),
    uid: 0,
    isWritableInside: (path: SafePath) => `${path}/`.startsWith(`${root}/`),
    ...more,
  });
}

function refused(action: () => string, message: RegExp): void {
  assert.throws(
    action,
    (error) => error instanceof TomboloError && error.status === 125 && message.test(error.message),
    String(message),
  );
}

Deno.test("the first program on PATH is found, as a shell would", () => {
  using directory = new TempDirectory();
  directory.file("a/other", "", 0o755);
  directory.file("a/proxy", "", 0o644);
  Deno.mkdirSync(directory.at("a/tool"));
  for (const name of ["proxy", "tool"]) directory.file(`b/${name}`, "", 0o755);
  assert.equal(find(directory, "other"), directory.at("a/other"));
  assert.equal(find(directory, "proxy"), directory.at("b/proxy"), "what is not executable is passed over");
  assert.equal(find(directory, "tool"), directory.at("b/tool"), "and so is a directory");
  refused(() => find(directory, "absent"), /"absent" is in no directory on PATH/);
});

Deno.test("an empty or relative entry of PATH is not searched", () => {
  using directory = new TempDirectory();
  directory.file("b/proxy", "", 0o755);
  for (const searchPath of ["", ":", ".:", "b", "../b"]) {
    refused(() => find(directory, "proxy", "nothing", { searchPath }), /in no directory on PATH/);
  }
});

Deno.test("a path is taken as it is, a relative one from the working directory", () => {
  using directory = new TempDirectory();
  directory.file("b/proxy", "", 0o755);
  assert.equal(find(directory, "./proxy"), directory.at("b/proxy"));
  assert.equal(find(directory, "../b/proxy"), directory.at("b/proxy"));
  assert.equal(find(directory, directory.at("b/proxy")), directory.at("b/proxy"));
  refused(() => find(directory, "./absent"), /"\.\/absent" is no program/);
});

Deno.test("P14: a program that the sandbox may write, or may put in its place, is refused by name", () => {
  using directory = new TempDirectory();
  directory.file("a/proxy", "", 0o755);
  directory.file("b/proxy", "", 0o755);
  directory.file("real/proxy", "", 0o755);
  Deno.symlinkSync(directory.at("real/proxy"), directory.at("a/link"));
  Deno.symlinkSync(directory.at("a"), directory.at("c"));
  refused(
    () => find(directory, "proxy", "a"),
    /the sandbox may write ".*\/a\/proxy", which would then run outside/,
  );
  refused(() => find(directory, "./proxy", "b"), /may write ".*\/b\/proxy"/);
  refused(() => find(directory, "link", "real"), /may write ".*\/real\/proxy"/);
  refused(() => find(directory, "link", "a"), /may write ".*\/a\/link"/);
  refused(() => find(directory, directory.at("c/proxy"), "a"), /may write ".*\/a\/proxy"/);
  refused(() => find(directory, directory.at("c/proxy"), "c"), /may write ".*\/c"/);
  assert.equal(find(directory, "proxy", "b"), directory.at("a/proxy"));
  assert.equal(find(directory, "link", "b"), directory.at("a/link"), "links are kept: the name may matter");
});

Deno.test("what only root can write is safe from the sandbox of another user, whatever the rules say", () => {
  const everything = { isWritableInside: () => true, searchPath: "/usr/bin", cwd: "/" };
  const rule = externalRule(["sh"]);
  assert.equal(findProxyProgram(rule, { ...everything, uid: 1000 }), "/usr/bin/sh");
  refused(() => findProxyProgram(rule, { ...everything, uid: 0 }), /the sandbox may write/);
  using directory = new TempDirectory();
  directory.file("a/proxy", "", 0o755);
  Deno.chmodSync(directory.path, 0o777);
  refused(() => find(directory, "proxy", "a", { uid: 1000 }), /the sandbox may write/);
});
