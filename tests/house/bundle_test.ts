import assert from "node:assert/strict";
import { join } from "node:path";
import { makeBundle } from "../../bin/make_bundle.ts";
import { permissionFlags, toolPermissions } from "../../bin/permission_flags.ts";
import { ROOT } from "../../bin/run_deno.ts";
import { Box } from "../system/tombolo.ts";
import { CHECKS, type Installed } from "./installed.ts";

const directory = await Deno.makeTempDir({ prefix: "tombolo-house." });
const bundle = join(directory, "tombolo.js");
const FLAGS = permissionFlags(await toolPermissions(ROOT));

Deno.test.beforeAll(async () => {
  await makeBundle(bundle);
});

Deno.test.afterAll(async () => {
  await Deno.remove(directory, { recursive: true });
});

/** Serves the bundle on loopback, and nothing else. */
class BundleServer implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly asked: string[] = [];

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      const { pathname } = new URL(request.url);
      this.asked.push(pathname);
      return pathname === "/tombolo.js"
        ? new Response(await Deno.readFile(bundle), { headers: { "content-type": "text/javascript" } })
        : new Response("not found", { status: 404 });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/tombolo.js`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

for (const { name, check } of CHECKS) {
  Deno.test(`a bundle from a URL, with an empty cache and the audited flags alone, ${name}`, async () => {
    await using server = new BundleServer();
    await using box = await Box.create({ ordinaryUser: true });
    const installed: Installed = {
      box,
      words: [Deno.execPath(), "run", "--quiet", ...FLAGS, server.url],
      env: { DENO_DIR: `${box.home}/deno` },
    };
    await check(installed);
    assert.deepEqual(server.asked, ["/tombolo.js"], "nothing but the bundle is ever asked for, once");
  });
}

Deno.test("a bundle that is a file is run without any configuration, lock file or cache of its own", async () => {
  await using box = await Box.create();
  await box.write("tool/tombolo.js", await Deno.readTextFile(bundle));
  await box.write("work/deno.json", "{ broken");
  const words = [Deno.execPath(), "run", "--no-config", ...FLAGS, `${box.root}/tool/tombolo.js`];
  const { stdout, stderr } = await box.host([...words, "run", "--", "echo", "hi"], {
    env: { DENO_DIR: "/dev/null/none", DENO_NO_UPDATE_CHECK: "1" },
  });
  assert.equal(stdout, "hi\n", stderr);
});

Deno.test("the caller's limit of open files and DENO_DIR reach the command of a bundle", async () => {
  await using box = await Box.create();
  const words = [Deno.execPath(), "run", "--quiet", ...FLAGS, bundle];
  const run = [...words, "run", "--allow-env=DENO_DIR", "--", "sh", "-c", "ulimit -Sn; echo $DENO_DIR"];
  // A shell stays in between, as it does for who types a command.
  const { stdout, stderr } = await box.host(["sh", "-c", 'ulimit -Sn 321; "$@"; exit $?', "sh", ...run], {
    env: { DENO_DIR: `${box.home}/deno` },
  });
  assert.equal(stdout, `321\n${box.home}/deno\n`, stderr);
});
