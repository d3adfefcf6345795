import assert from "node:assert/strict";
import { runBesideSockets } from "../../lib/launch/hidden_sockets.ts";
import { makePlan } from "../../lib/plan/make_plan.ts";
import type { Plan } from "../../lib/plan/plan.ts";
import { FakeTree, hostFacts, pathPolicy } from "../plan/facts.ts";
import { TempDirectory } from "./temp_directory.ts";

/** A plan that hides these. */
function hiding(...hides: readonly string[]): Plan {
  const policy = pathPolicy({ readAllow: ["/"] }, { base: "workspace" });
  const plan = makePlan(policy, hostFacts({ tree: new FakeTree(["/usr/bin/env"]), policy }), {
    command: ["prog"],
    environment: new Map(),
    cwdNamed: false,
    runtime: { deno: "/deno", stage2: "/stage2.js" },
  });
  const masks = hides.map((target) => ({ kind: "mask-file", target }) as const);
  return { ...plan, mounts: [...plan.mounts, ...masks], orders: { mounts: masks }, hides };
}

function masked(plan: Plan): string[] {
  return plan.mounts.filter(({ kind }) => kind === "mask-file").map(({ target }) => target);
}

Deno.test("a socket that went before the start is not mounted on, by whomever", async () => {
  using directory = new TempDirectory();
  using _kept = Deno.listen({ transport: "unix", path: directory.at("kept") });
  await runBesideSockets(hiding(directory.at("gone"), directory.at("kept")), Deno.uid(), (plan) => {
    assert.deepEqual(masked(plan), [directory.at("kept")]);
    assert.deepEqual(plan.orders.mounts?.map(({ target }) => target), [directory.at("kept")]);
    return Promise.resolve();
  });
});

Deno.test("where a socket goes while the sandbox is built, it is built once more without it", async () => {
  using directory = new TempDirectory();
  const path = directory.at("passing");
  using _passing = Deno.listen({ transport: "unix", path });
  const tried: string[][] = [];
  const result = await runBesideSockets(hiding(path), Deno.uid(), (plan) => {
    tried.push(masked(plan));
    if (tried.length > 1) return Promise.resolve("ran");
    Deno.removeSync(path);
    return Promise.reject(new Error("Cannot build"));
  });
  assert.equal(result, "ran");
  assert.deepEqual(tried, [[path], []]);
});

Deno.test("where all sockets are still there, a failure is a failure", async () => {
  using directory = new TempDirectory();
  using _kept = Deno.listen({ transport: "unix", path: directory.at("kept") });
  let tries = 0;
  const run = () => Promise.reject(new Error(`failure ${++tries}`));
  await assert.rejects(runBesideSockets(hiding(directory.at("kept")), Deno.uid(), run), /failure 1/);
});

Deno.test("an empty file that was made to mount on is removed; a file with contents is somebody's", async () => {
  using directory = new TempDirectory();
  const [empty, full] = [directory.at("empty"), directory.at("full")];
  for (const path of [empty, full]) Deno.writeTextFileSync(path, "");
  await runBesideSockets(hiding(empty, full), Deno.uid(), () => {
    Deno.writeTextFileSync(full, "new");
    return Promise.resolve();
  });
  assert.throws(() => Deno.lstatSync(empty), Deno.errors.NotFound);
  assert.equal(Deno.readTextFileSync(full), "new");
});
