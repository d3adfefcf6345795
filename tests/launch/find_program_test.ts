import assert from "node:assert/strict";
import { findBwrap, findProgram } from "../../lib/launch/find_bwrap.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { TempDirectory } from "./temp_directory.ts";

const NOWHERE = () => false;
const SYSTEM = "/usr/bin:/bin";

Deno.test("a program of the system is found by its real path", () => {
  const found = findProgram("env", SYSTEM, NOWHERE, Deno.uid());
  assert.equal(found?.path, Deno.realPathSync("/usr/bin/env"));
  assert.equal(found?.setuid, false);
  assert.equal(found?.identity, findProgram("env", SYSTEM, NOWHERE, Deno.uid())?.identity);
});

Deno.test("a program that is nowhere is not found", () => {
  assert.equal(findProgram("tombolo-no-such-program", SYSTEM, NOWHERE, Deno.uid()), undefined);
  assert.equal(findProgram("env", "", NOWHERE, Deno.uid()), undefined);
});

Deno.test("a planted program is passed over: in a directory of the user's, by whatever name for it", () => {
  using directory = new TempDirectory();
  directory.file("bin/env", "#!/bin/sh\n", 0o755);
  Deno.symlinkSync("bin", directory.at("linked"));
  Deno.chmodSync(directory.path, 0o755);
  const system = findProgram("env", SYSTEM, NOWHERE, Deno.uid())?.path;
  for (const planted of [directory.at("bin"), directory.at("linked"), `${directory.path}/./bin/`]) {
    assert.equal(findProgram("env", planted, NOWHERE, Deno.uid()), undefined, planted);
    assert.equal(findProgram("env", `${planted}:${SYSTEM}`, NOWHERE, Deno.uid())?.path, system);
  }
});

Deno.test("relative directories of PATH are passed over, the empty one too", () => {
  const relative = ["", ".", "usr/bin", "../usr/bin", "~/bin"];
  assert.equal(findProgram("env", relative.join(":"), NOWHERE, Deno.uid()), undefined);
});

Deno.test("what this run's sandbox may write is passed over, also where only the directory on PATH is", () => {
  const real = Deno.realPathSync("/usr/bin/env");
  assert.equal(findProgram("env", SYSTEM, (path) => path === real, Deno.uid()), undefined);
  assert.equal(findProgram("env", SYSTEM, (path) => path.startsWith("/"), Deno.uid()), undefined);
  assert.equal(findProgram("env", "/usr/bin", (path) => path === "/usr/bin", Deno.uid()), undefined);
});

Deno.test("a directory and a file without the right to execute are no programs", () => {
  for (const name of ["passwd", "init.d"]) {
    assert.equal(findProgram(name, "/etc", NOWHERE, Deno.uid()), undefined);
  }
  assert.equal(findProgram("bin", "/usr", NOWHERE, Deno.uid()), undefined);
});

Deno.test("where the only bubblewrap may be written inside, it is named, and the remedy is to write less", () => {
  assert.throws(
    () => findBwrap("", () => true, Deno.uid()),
    (error) =>
      error instanceof TomboloError &&
      /^Cannot use ".*\/bwrap": the sandbox may write there/.test(error.message) &&
      /write less/.test(error.remedy ?? ""),
  );
});

Deno.test("a planted bwrap at the head of PATH is not the one that is found", () => {
  using directory = new TempDirectory();
  const planted = directory.file("bwrap", "#!/bin/sh\n", 0o755);
  const found = (() => {
    try {
      return findBwrap(directory.path, NOWHERE, Deno.uid()).path;
    } catch {
      return undefined;
    }
  })();
  assert.notEqual(found, planted);
});
