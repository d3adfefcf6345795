import assert from "node:assert/strict";
import { join } from "node:path";
import { permissionFlags, toolPermissions } from "../../bin/permission_flags.ts";
import { ROOT } from "../../bin/run_deno.ts";
import { Box } from "../system/tombolo.ts";

const directory = await Deno.makeTempDir({ dir: "/var/tmp", prefix: "tombolo-house." });

async function deno(args: readonly string[], cwd: string): Promise<string> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), { args: [...args], cwd }).output();
  const text = new TextDecoder().decode(stderr);
  assert.equal(code, 0, text);
  return text;
}

Deno.test.beforeAll(async () => {
  await deno(["task", "jsr", directory], ROOT);
});

Deno.test.afterAll(async () => {
  await Deno.remove(directory, { recursive: true });
});

Deno.test("JSR would take the package", async () => {
  assert.match(
    await deno(["publish", "--dry-run", "--allow-dirty", "--allow-slow-types"], directory),
    /Dry run complete/,
  );
});

Deno.test("modules from a URL hold stage2 and the worker, and run a sandbox with the gateway and a worker", async () => {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const path = join(directory, new URL(request.url).pathname);
    return await Deno.readFile(path).then(
      (bytes) => new Response(bytes, { headers: { "content-type": "application/typescript" } }),
      () => new Response("not found", { status: 404 }),
    );
  });
  await using box = await Box.create();
  // The registry writes the packages' full names into the modules; here the configuration does that.
  const words = [
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-lock",
    `--config=${join(directory, "deno.json")}`,
    ...permissionFlags(await toolPermissions(ROOT)),
    `http://127.0.0.1:${server.addr.port}/main.ts`,
  ];
  // The packages are fetched once for all tests.
  const env = { DENO_DIR: `${box.home}/deno`, DENO_NO_UPDATE_CHECK: "1" };
  await Deno.mkdir(env.DENO_DIR);
  await Deno.symlink(
    join(Deno.env.get("DENO_DIR") ?? join(ROOT, ".cache", "deno"), "npm"),
    `${env.DENO_DIR}/npm`,
  );
  const run = await box.host([...words, "run", "--allow-net=unused.test", "--", "echo", "hi"], { env });
  assert.equal(run.stdout, "hi\n", run.stderr);
  const worker = await box.host([...words, "worker", "--root=.", "--stdio"], {
    env,
    stdin: '\0\0\0\x0f{"kind":"ping"}',
  });
  assert.ok(worker.stdout.includes('"kind":"pong"'), worker.stderr);
});
