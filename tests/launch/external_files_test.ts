import assert from "node:assert/strict";
import { externalFiles } from "../../lib/launch/external_files.ts";
import { externalRule } from "../egress/fixtures/external.ts";
import { TempDirectory } from "./temp_directory.ts";

Deno.test("files that the arguments name are found, by their real paths, and nothing else", () => {
  using directory = new TempDirectory();
  for (const name of ["proxy.py", "etc/proxy.conf", "rules"]) directory.file(name);
  Deno.symlinkSync(directory.at("etc/proxy.conf"), directory.at("link"));
  const command = ["./program", "proxy.py", "-c", "etc/proxy.conf", "--rules=rules", "link"]
    .concat(["etc", "absent", "{port}", "", "-", "--", "a\0b", "x=etc/../rules", directory.at("rules")]);
  const at = (...names: string[]) => names.map((name) => directory.at(name));
  assert.deepEqual(
    externalFiles(externalRule(command), directory.path),
    at("proxy.py", "etc/proxy.conf", "rules", "etc/proxy.conf", "rules", "rules"),
  );
  directory.file("program");
  assert.deepEqual(externalFiles(externalRule(["./program"]), directory.path), []);
});
