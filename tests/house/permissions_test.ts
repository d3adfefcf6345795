import assert from "node:assert/strict";
import { join } from "node:path";
import { denoCalls } from "../../bin/deno_calls.ts";
import {
  permissionFlags,
  type PermissionSet,
  stage2Permissions,
  toolPermissions,
} from "../../bin/permission_flags.ts";
import { listed as listedIn, modulesOf, permissionPage } from "../../bin/permission_page.ts";
import { ROOT, runDeno } from "../../bin/run_deno.ts";
import { checkPermissions } from "../../lib/cli/check_permissions.ts";
import { WebServer } from "../system/servers.ts";
import { Box } from "../system/tombolo.ts";

const permissions = await toolPermissions(ROOT);
const listed = listedIn(permissions);
const stage2 = await stage2Permissions(ROOT);

Deno.test("docs/permissions.md is up to date (deno task permissions)", async () => {
  const directory = await Deno.makeTempDir({ prefix: "tombolo-house." });
  try {
    const page = join(directory, "permissions.md");
    await Deno.writeTextFile(page, await permissionPage());
    await runDeno(["fmt", "--quiet", "--config=deno.json", page]);
    assert.equal(
      await Deno.readTextFile(join(ROOT, "docs", "permissions.md")),
      await Deno.readTextFile(page),
      "run `deno task permissions`",
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("tombolo has no permission to do as it likes", () => {
  assert.deepEqual(Object.keys(permissions).sort(), ["env", "net", "read", "run", "sys", "write"]);
  assert.deepEqual(permissions["run"], ["/bin/sh"]);
  assert.ok(Array.isArray(permissions["sys"]));
});

Deno.test("stage2 may reach its own directory inside, loopback and its sockets, and starts no program by way of Deno", () => {
  const directory = "/run/tombolo";
  const sockets = [`${directory}/gateway.sock`, `${directory}/publish.sock`];
  assert.deepEqual(stage2, {
    ffi: true,
    env: true,
    read: [directory],
    write: sockets,
    net: ["127.0.0.1", "[::1]", ...sockets.map((path) => `unix:${path}`)],
  });
});

/** Uses that nobody has looked up, or whose permission the program does not have. */
function unlisted(name: string, source: string, permissions = listed): string[] {
  const has = (permission: string) =>
    permissions.some((each) =>
      each === permission || (!permission.startsWith("sys") && each.startsWith(`${permission}=`))
    );
  return denoCalls(source)
    .filter(({ permissions }) => permissions === undefined || !permissions.every(has))
    .map((use) => `${name}: ${use.name} (${use.permissions?.join(", ") ?? "not in bin/deno_calls.ts"})`);
}

Deno.test("no module of tombolo uses what asks for a permission that is not listed", async () => {
  const found = await Promise.all(
    (await modulesOf("main.ts")).map(async (path) =>
      unlisted(path, await Deno.readTextFile(join(ROOT, path)))
    ),
  );
  assert.deepEqual(found.flat(), []);
});

Deno.test("no module of stage2 uses what asks for a permission that stage2 does not have", async () => {
  const modules = await modulesOf("stage2/main.ts");
  assert.ok(modules.includes("stage2/launch.ts"));
  const found = await Promise.all(
    modules.map(async (path) => unlisted(path, await Deno.readTextFile(join(ROOT, path)), listedIn(stage2))),
  );
  assert.deepEqual(found.flat(), []);
});

Deno.test("nor does any package that is bundled with it", async () => {
  const directory = await Deno.makeTempDir({ prefix: "tombolo-house." });
  try {
    const bundle = join(directory, "main.js");
    await runDeno(["bundle", "--quiet", "--platform", "deno", "-o", bundle, "main.ts"]);
    assert.deepEqual(unlisted("the bundle", await Deno.readTextFile(bundle)), []);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

for (
  const source of [
    'Deno.dlopen("libc.so.6", {});',
    "Deno.hostname();",
    "const { dlopen } = Deno;",
    'Deno["dlopen"]();',
    "pass(Deno);",
    "globalThis.Deno.dlopen();",
    "Deno.somethingNew();",
    'import { readFileSync } from "node:fs";',
    'const fs = await import("node:fs");',
    'const fs = require("node:child_process");',
  ]
) {
  Deno.test(`the search for permissions sees ${source}`, () =>
    assert.equal(unlisted("it", source).length, 1));
}

for (
  const source of [
    'const text = "Deno, cargo and a Deno for stage2";',
    "// Deno.dlopen would need ffi\n/** {@linkcode Deno.dlopen} */",
    "const file: Deno.FsFile = Deno.openSync(path);",
  ]
) {
  Deno.test(`the search for permissions is not misled by ${JSON.stringify(source)}`, () => {
    assert.deepEqual(unlisted("it", source), []);
  });
}

/** The set without one of its permissions. */
function without(permission: string): PermissionSet {
  const [name = "", value] = permission.split("=");
  return Object.fromEntries(
    Object.entries(permissions).flatMap(([each, values]) => {
      if (each !== name) return [[each, values]];
      const rest = Array.isArray(values) ? values.filter((one) => one !== value) : [];
      return rest.length === 0 ? [] : [[each, rest]];
    }),
  );
}

for (const permission of listed) {
  Deno.test(`without --allow-${permission} tombolo says so in one line, on a terminal too`, async () => {
    await using box = await Box.create();
    const words = [
      Deno.execPath(),
      "run",
      "--quiet",
      ...permissionFlags(without(permission)),
      join(ROOT, "main.ts"),
    ];
    const command = [...words, "run", "--", "touch", "ran"];
    const env = { DENO_DIR: Deno.env.get("DENO_DIR") ?? join(ROOT, ".cache", "deno") };
    const expected = `tombolo: Cannot start: Deno does not grant --allow-${permission}; ` +
      `add --allow-${permission} after \`deno run\`; docs/permissions.md says what for`;
    const piped = await box.host(command, { env });
    assert.deepEqual([piped.code, piped.stdout, piped.stderr], [125, "", `${expected}\n`]);
    // There Deno would ask.
    const quoted = command.map((word) => `'${word}'`).join(" ");
    const typed = await box.host(["script", "--quiet", "--return", "--command", quoted, "/dev/null"], {
      env,
    });
    assert.deepEqual([typed.code, typed.stdout.trim()], [125, expected]);
    assert.equal(await box.exists("work/ran"), false);
  });
}

Deno.test("all permissions that are missing are named at once", () => {
  assert.throws(() => checkPermissions(() => false), (error) => {
    assert.ok(error instanceof Error);
    const named = error.message.split(" ").filter((word) => word.startsWith("--allow-"));
    assert.deepEqual(named, listed.map((permission) => `--allow-${permission}`));
    return true;
  });
});

/** What a run asked Deno for, less what is listed. */
async function audited(box: Box, args: readonly string[], stdin = ""): Promise<string[]> {
  const file = `${box.root}/audit`;
  const words = [Deno.execPath(), "run", "--quiet", ...permissionFlags(permissions), join(ROOT, "main.ts")];
  const { code, stderr } = await box.host([...words, ...args], {
    env: { DENO_DIR: join(ROOT, ".cache", "deno"), DENO_AUDIT_PERMISSIONS: file },
    stdin,
  });
  assert.equal(code, 0, stderr);
  const asked = (await Deno.readTextFile(file)).trim().split("\n")
    .map((line) => JSON.parse(line) as { permission: string; value: string | null })
    .map(({ permission, value }) => permission === "sys" ? `sys=${value}` : permission);
  const names = new Set(listed.map((each) => each.replace(/=\/.*/, "")));
  assert.ok(asked.length > 10);
  return [...new Set(asked)].filter((each) => !names.has(each));
}

Deno.test("a run with all that there is asks Deno for nothing that is not listed", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  await box.write("work/policy.json", '{ "limits": { "openFiles": 64 } }');
  await box.write("work/.git/HEAD", "ref: refs/heads/main\n");
  const flags = [
    "--policy=policy.json",
    "--resolve=web.test:127.0.0.1",
    `--allow-net=web.test,127.0.0.1:${server.port}`,
    `--events=${box.root}/events`,
    "--timeout=1m",
    "--deny-write=**/*.pem",
    "--deny-run=nano",
  ];
  const script = `curl -s http://web.test:${server.port}/; mkdir .vscode; echo x > .vscode/tasks.json`;
  assert.deepEqual(await audited(box, ["run", ...flags, "--", "sh", "-c", script]), []);
  assert.deepEqual(server.requests, ["GET / 0"]);
  assert.deepEqual(await audited(box, ["explain", ...flags, "--", "true"]), []);
  assert.deepEqual(await audited(box, ["restore"]), []);
});

Deno.test("a worker asks Deno for nothing that is not listed", async () => {
  await using box = await Box.create();
  assert.deepEqual(await audited(box, ["worker", "--root=.", "--stdio"], '\0\0\0\x0f{"kind":"ping"}'), []);
});
