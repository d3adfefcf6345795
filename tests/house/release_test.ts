import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../../bin/run_deno.ts";
import { TARGETS } from "../../bin/targets.ts";
import { Box } from "../system/tombolo.ts";

const native = TARGETS.find(({ triple }) => triple === Deno.build.target)?.name;
const directory = await Deno.makeTempDir({ dir: "/var/tmp", prefix: "tombolo-house." });

Deno.test.afterAll(async () => {
  await Deno.remove(directory, { recursive: true });
});

Deno.test("a release holds bundle, bill of materials, checksums, and an install script that finds it", async () => {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    return await Deno.readFile(join(directory, new URL(request.url).pathname)).then(
      (bytes) => new Response(bytes),
      () => new Response("not found", { status: 404 }),
    );
  });
  await Deno.writeTextFile(join(directory, `tombolo-${native}`), '#!/bin/sh\necho "tombolo 9.9.9"\n');
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "release", `--from=http://127.0.0.1:${server.addr.port}`, directory],
    cwd: ROOT,
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const names = Array.from(Deno.readDirSync(directory), ({ name }) => name).sort();
  const expected = ["SHA256SUMS", "install.sh", "tombolo.js", "tombolo.spdx.json", `tombolo-${native}`];
  assert.deepEqual(names, expected.sort());
  const sums = await new Deno.Command("sha256sum", {
    args: ["--check", "--strict", "SHA256SUMS"],
    cwd: directory,
  })
    .output();
  assert.ok(sums.success);

  await using box = await Box.create();
  const installed = await box.host(["sh", join(directory, "install.sh")]);
  assert.match(installed.stderr, /tombolo 9\.9\.9 is in /);
  assert.equal((await box.host([`${box.home}/.local/bin/tombolo`])).stdout, "tombolo 9.9.9\n");
});

Deno.test("the bill of materials names what is inside with its checksum, and nothing that only tests use", async () => {
  const bill = JSON.parse(await Deno.readTextFile(join(directory, "tombolo.spdx.json"))) as {
    packages: { name: string; licenseDeclared: string; checksums?: { checksumValue: string }[] }[];
  };
  const names = bill.packages.map(({ name }) => name);
  for (const name of ["@tombolo/tombolo", "deno", "zod", "jsonc-parser"]) {
    assert.ok(names.includes(name), name);
  }
  assert.equal(names.includes("fast-check"), false);
  for (const { name, licenseDeclared, checksums } of bill.packages.slice(2)) {
    assert.notEqual(licenseDeclared, "NOASSERTION", name);
    assert.match(checksums?.[0]?.checksumValue ?? "", /^[0-9a-f]{128}$/, name);
  }
});

Deno.test("a release without an address is refused", async () => {
  for (const args of [[directory], ["--from=", directory], ["--from=http://a.test/'; rm -rf '", directory]]) {
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "--quiet", "release", ...args],
      cwd: ROOT,
      stderr: "null",
    }).output();
    assert.equal(code, 1);
  }
});
