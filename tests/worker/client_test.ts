import assert from "node:assert/strict";
import { ProtocolError, TransportError } from "../../lib/worker/worker_error.ts";
import { WorkerFileSystem } from "../../lib/worker/worker_file_system.ts";
import { Box, fixture, until } from "../system/tombolo.ts";
import { environmentOf } from "./raw_worker.ts";
import { spawnIn } from "./spawned.ts";

/** A stand-in for tombolo that misbehaves in the way that its argument names. */
function misbehaving(manner: string) {
  return { program: [fixture(import.meta.dirname, "misbehaving.sh")], flags: [manner] };
}

async function processesOf(box: Box): Promise<string[]> {
  const { stdout } = await new Deno.Command("pgrep", { args: ["-f", "--", box.work] }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
}

Deno.test("disposal ends the process, and leaves neither socket nor directory nor configuration", async () => {
  await using box = await Box.create();
  {
    await using worker = await spawnIn(box);
    assert.equal(await worker.ping(), true);
    assert.deepEqual(await box.runDirectories(), []);
  }
  await until(async () => (await processesOf(box)).length === 0, "the processes to end");
  assert.deepEqual(await box.runDirectories(), []);
});

Deno.test("a request after disposal is rejected", async () => {
  await using box = await Box.create();
  const worker = await spawnIn(box);
  await worker[Symbol.asyncDispose]();
  await assert.rejects(worker.request("ping", {}), TransportError);
});

Deno.test("a worker that ends early is reported with its status and what it said last", async () => {
  await using box = await Box.create();
  await assert.rejects(spawnIn(box, { flags: ["--deny-read=["] }), (error) => {
    assert.ok(error instanceof TransportError);
    assert.match(error.message, /status 125/);
    assert.match(error.message, /tombolo: .*"\["/);
    return true;
  });
  assert.deepEqual(await box.runDirectories(), []);
});

Deno.test("a worker that never says that it is ready is ended", async () => {
  await using box = await Box.create();
  await assert.rejects(
    spawnIn(box, { ...misbehaving("silent"), readyWithin: 200 }),
    /not ready within 200 ms/,
  );
  assert.deepEqual(await processesOf(box), []);
});

Deno.test("a worker that says it is ready without a socket is ended", async () => {
  await using box = await Box.create();
  await assert.rejects(spawnIn(box, misbehaving("no-socket")), /refuses the connection/);
  assert.deepEqual(await processesOf(box), []);
});

for (
  const manner of [
    "not-json",
    "not-object",
    "wrong-kind",
    "huge-frame",
    "huge-payload",
    "cut-off",
    "unknown-code",
  ]
) {
  Deno.test(`an answer that is broken (${manner}) ends the worker and rejects with a transport error`, async () => {
    await using box = await Box.create();
    await using worker = await spawnIn(box, misbehaving(manner));
    await assert.rejects(worker.request("stat", { path: "." }), TransportError);
    assert.equal(worker.isAlive, false);
    assert.equal(worker.failures, 1);
  });
}

Deno.test("a deadline ends the worker and rejects; the next request has a new one", async () => {
  await using box = await Box.create();
  await box.write("work/a", `${"a".repeat(4000)}!`);
  await using worker = await spawnIn(box, { deadline: 1500 });
  const files = new WorkerFileSystem(worker);
  const { pid } = worker;
  const waiting = files.grep("^(a+)+\\1$");
  const next = files.stat("a");
  await assert.rejects(waiting, /within 1500 ms/);
  assert.equal((await next).size, 4001);
  assert.notEqual(worker.pid, pid);
});

Deno.test("a worker that crashed is replaced by the next request, which waits until a second is over", async () => {
  await using box = await Box.create();
  const waits: number[] = [];
  const wait = (milliseconds: number) => Promise.resolve(void waits.push(milliseconds));
  await using worker = await spawnIn(box, { wait });
  const pids = new Set<number | undefined>();
  for (let crash = 0; crash < 3; crash++) {
    pids.add(worker.pid);
    Deno.kill(worker.pid ?? 0, "SIGKILL");
    await until(() => !worker.isAlive, "the worker to end");
    await worker.request("ping", {});
  }
  assert.equal(pids.add(worker.pid).size, 4);
  // A busy machine may take more than a second for the rest.
  assert.ok(waits.every((milliseconds) => milliseconds > 0 && milliseconds <= 1000), String(waits));
});

Deno.test("requests are answered in order, however many wait", async () => {
  await using box = await Box.create();
  await using worker = await spawnIn(box);
  const files = new WorkerFileSystem(worker);
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      await files.write(`f${index % 7}`, String(index));
      return new TextDecoder().decode(await files.readAll(`f${index % 7}`));
    }),
  );
  assert.equal(answers.length, 200);
  assert.equal(worker.isIdle, true);
});

Deno.test("an error of the worker leaves it alive, and its class and code tell which", async () => {
  await using box = await Box.create();
  await using worker = await spawnIn(box);
  const { pid } = worker;
  await assert.rejects(worker.request("stat", { path: "a\0" }), ProtocolError);
  await assert.rejects(worker.request("stat", { path: "no" }), { name: "NotFoundError", code: "not_found" });
  assert.equal(worker.pid, pid);
  assert.equal(worker.failures, 0);
});

Deno.test("a request larger than a frame is refused before it is sent", async () => {
  await using box = await Box.create();
  await box.write("work/a", "x");
  await using worker = await spawnIn(box);
  const edit = { path: "a", old_string: "x", new_string: "y".repeat(1024 * 1024) };
  await assert.rejects(worker.request("edit", edit), { code: "too_large" });
  assert.equal(worker.failures, 0);
  assert.equal(await worker.ping(), true);
});

Deno.test("with a proxy the worker tells its variables, and what the policy sets itself stays", async () => {
  await using box = await Box.create();
  const variables = new Map([["HTTPS_PROXY", "http://u:p@127.0.0.1:1"], [
    "SSL_CERT_FILE",
    "/etc/bundle.pem",
  ]]);
  await using worker = await spawnIn(box, {
    policy: { env: { set: { SSL_CERT_FILE: "mine" } } },
    proxy: { environment: () => variables },
  });
  const files = new WorkerFileSystem(worker);
  assert.deepEqual(await files.environment(["HTTPS_PROXY", "SSL_CERT_FILE", "HTTP_PROXY"]), {
    HTTPS_PROXY: "http://u:p@127.0.0.1:1",
    SSL_CERT_FILE: "mine",
  });
});

Deno.test("a policy is handed over as an object, its relative paths start at the root, and it denies by name", async () => {
  await using box = await Box.create();
  await box.write("work/dist/a", "x");
  await using worker = await spawnIn(box, {
    policy: { write: { deny: ["dist"] }, env: { allow: ["TOKEN", "OTHER"], deny: ["TOK*"] } },
    environment: { ...environmentOf(box), TOKEN: "canary", OTHER: "told" },
  });
  const files = new WorkerFileSystem(worker);
  await assert.rejects(files.write("dist/a", "y"), {
    code: "policy_denied",
    rule: { text: "dist", origin: "TOMBOLO_WORKER_POLICY:1" },
  });
  assert.deepEqual(await files.environment(["TOKEN", "OTHER"]), { OTHER: "told" });
});

Deno.test("a policy with a mistake is refused in words", async () => {
  await using box = await Box.create();
  await assert.rejects(
    spawnIn(box, { policy: { write: { denny: ["dist"] } } as never }),
    /TOMBOLO_WORKER_POLICY:1.*denny/,
  );
});
