import assert from "node:assert/strict";
import { type FindProgram, programNeeds } from "../../lib/launch/program_needs.ts";
import { SafePath } from "../../lib/paths/safe_path.ts";
import { TempDirectory } from "./temp_directory.ts";

const LOADER = Deno.realPathSync(
  Deno.build.arch === "x86_64" ? "/lib64/ld-linux-x86-64.so.2" : "/lib/ld-linux-aarch64.so.1",
);
const real = (path: string) => Deno.realPathSync(path);

function needs(path: string, find: FindProgram = () => undefined): string[] {
  return programNeeds(SafePath.of(path), find).map((need) => need.path.toString());
}

Deno.test("an ELF program needs its loader, which needs nothing", () => {
  assert.deepEqual(needs(real("/bin/sh")), [LOADER]);
  assert.deepEqual(needs(LOADER), []);
  const [need] = programNeeds(SafePath.of(real("/bin/sh")), () => undefined);
  assert.equal(need?.because, `loader of ${real("/bin/sh")}`);
});

Deno.test("a script needs its interpreter and what that needs", () => {
  using directory = new TempDirectory();
  for (const line of ["#!/bin/sh", "#! \t/bin/sh -e\t x", "#!/bin/sh\nexit", "#!/bin/sh"]) {
    assert.deepEqual(needs(directory.file("script", line, 0o755)), [real("/bin/sh"), LOADER], line);
  }
});

Deno.test("a script of a script needs both, four deep at most, in a circle too", () => {
  using directory = new TempDirectory();
  for (let index = 0; index < 6; index++) {
    directory.file(`s${index}`, `#!${directory.at(`s${index + 1}`)}\n`, 0o755);
  }
  assert.deepEqual(needs(directory.at("s0")), ["s1", "s2", "s3", "s4"].map((name) => directory.at(name)));
  directory.file("circle", `#!${directory.at("circle")}\n`, 0o755);
  assert.equal(needs(directory.at("circle")).length, 4);
});

Deno.test("what env looks up is needed as well", () => {
  using directory = new TempDirectory();
  const tool = directory.file("tool", "", 0o755);
  const asked: string[] = [];
  const find = (name: string) => {
    asked.push(name);
    return name === "tool" ? SafePath.of(tool) : undefined;
  };
  const lines = [
    "tool",
    "-S tool -x",
    "-S A=b -i tool",
    "--split-string=tool x",
    "-S -u NAME tool",
    "-vS tool",
  ];
  for (const rest of lines) {
    const script = directory.file("script", `#!/usr/bin/env ${rest}\n`, 0o755);
    assert.deepEqual(needs(script, find), [real("/usr/bin/env"), LOADER, tool], rest);
  }
  for (const rest of ["", "-i", "other", "tool -x"]) {
    const script = directory.file("script", `#!/usr/bin/env ${rest}\n`, 0o755);
    assert.deepEqual(needs(script, find), [real("/usr/bin/env"), LOADER], rest);
  }
  assert.ok(asked.includes("tool -x"), "the kernel hands env one word");
});

Deno.test("what is broken, empty, absent or no program needs nothing", () => {
  using directory = new TempDirectory();
  const elf = Deno.readFileSync(real("/bin/sh"));
  const files: (string | Uint8Array)[] = [
    "",
    "#!",
    "#! \n",
    "#!relative\n",
    "#!/absent\n",
    "#!/\n",
    "plain",
    "\x7fELF",
  ];
  const broken = elf.slice(0, 4096);
  new DataView(broken.buffer).setBigUint64(32, 0xffffffffffn, true);
  files.push(elf.slice(0, 63), elf.slice(0, 64), broken);
  for (const content of files) {
    const path = directory.file("file", "", 0o755);
    if (typeof content === "string") Deno.writeTextFileSync(path, content);
    else Deno.writeFileSync(path, content);
    assert.deepEqual(needs(path), [], String(content.slice(0, 10)));
  }
  assert.deepEqual(needs(directory.at("absent")), []);
  assert.deepEqual(needs(directory.path), []);
});
