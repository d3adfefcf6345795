import assert from "node:assert/strict";
import { checkContenders } from "../../../bench/peers/check_contenders.ts";
import type { Contender } from "../../../bench/peers/contender.ts";
import { Stage } from "../../../bench/peers/stage.ts";

Deno.test("a tool that does not run fails everywhere with its own last words, and others are left as they are", async () => {
  await using stage = await Stage.open();
  const runs: Contender = { name: "runs", argv: (_, command) => command };
  const script = (network: string) =>
    `[ "${network}" = "no network" ] || { echo first; echo no socat >&2; exit 3; }`;
  const fails: Contender = { name: "fails", argv: (network) => ["sh", "-c", script(network)] };
  const absent: Contender = { name: "absent", argv: () => [stage.path("absent")] };
  const [first, second, third] = await checkContenders([runs, fails, absent], stage);
  assert.equal(first, runs);
  assert.equal(second?.name, "fails");
  assert.throws(() => second?.argv("no network", ["true"], stage.work), { message: "no socat" });
  assert.throws(() => third?.argv("no network", ["true"], stage.work), Deno.errors.NotFound);
});
