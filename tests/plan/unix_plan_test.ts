import assert from "node:assert/strict";
import { SafePath } from "../../lib/paths/safe_path.ts";
import { makePlan } from "../../lib/plan/make_plan.ts";
import type { PlanRequest } from "../../lib/plan/plan_request.ts";
import type { Plan } from "../../lib/plan/plan.ts";
import { FakeTree, hostFacts, pathPolicy, protection } from "./facts.ts";

const TREE = new FakeTree([
  "%/srv/db.sock",
  "%/srv/other.sock",
  "%/run/user/bus",
  "%/home/ann/.gnupg/agent",
  "/home/ann/.gnupg/key",
  "/work/",
  "/state/run/",
  "/usr/bin/env",
]);
const BOUND = {
  found: ["/srv/db.sock", "/srv/other.sock", "/run/user/bus", "/home/ann/.gnupg/agent"].map(SafePath.of),
  lost: [],
  unnamable: [],
  gateways: [SafePath.of("/state/run")],
};

function planned(...sockets: readonly string[]): Plan {
  return plannedIn({ lateMounts: "many" }, sockets);
}

function plannedIn(more: Pick<PlanRequest, "lateMounts">, sockets: readonly string[]): Plan {
  const unix = sockets.map((text) => ({
    text,
    origin: "--allow-unix",
    path: SafePath.of(text),
    optional: false,
  }));
  const policy = pathPolicy({ readAllow: ["/"], writeAllow: ["/work"] }, {
    base: "workspace",
    ...(unix.length === 0 ? {} : { unix }),
  });
  const protections = [protection("/home/ann/.gnupg", "read")];
  return makePlan(policy, hostFacts({ tree: TREE, policy, protections, sockets: BOUND, cwd: "/work" }), {
    command: ["prog"],
    environment: new Map(),
    cwdNamed: false,
    runtime: { deno: "/deno", stage2: "/stage2.js" },
    ...more,
  });
}

function mounts(plan: Plan): string[] {
  return plan.mounts.map(({ kind, target }) => `${kind} ${target}`);
}

Deno.test("without a socket in the policy AF_UNIX stays closed and no socket is masked", () => {
  const plan = planned();
  assert.equal(plan.seccomp.allowUnix, false);
  assert.equal(mounts(plan).some((text) => text.includes("sock")), false);
});

Deno.test("an allowed socket opens AF_UNIX; visible ones and the gateways of other sandboxes are masked", () => {
  const plan = planned("/srv/db.sock");
  assert.equal(plan.seccomp.allowUnix, true);
  const found = mounts(plan);
  for (
    const mount of ["unix-socket /srv/db.sock", "mask-file /srv/other.sock", "mask-directory /state/run"]
  ) {
    assert.ok(found.includes(mount), mount);
  }
  // What is not visible needs no mask.
  assert.equal(found.some((text) => /bus|agent/.test(text)), false);
});

Deno.test("an allowed socket in a hidden directory is all that is seen of it", () => {
  const found = mounts(planned("/home/ann/.gnupg/agent", "/run/user/bus"));
  const at = found.indexOf("tmpfs /home/ann/.gnupg");
  assert.ok(at > 0 && found.indexOf("unix-socket /home/ann/.gnupg/agent") > at);
  assert.ok(found.includes("seal /home/ann/.gnupg"));
  assert.ok(found.indexOf("unix-socket /run/user/bus") > found.indexOf("tmpfs /run"));
});

Deno.test("sockets behind which more stands than a server are named at the start", () => {
  assert.match(planned("/run/user/bus").notices.join(), /\/run\/user\/bus: D-Bus/);
  assert.deepEqual(planned("/srv/db.sock").notices, []);
});

Deno.test("where another sandbox may write the tree, a socket has to stand where it was named", () => {
  const { orders } = plannedIn({ lateMounts: "all" }, ["/srv/db.sock"]);
  assert.ok(orders.check?.includes("/srv/db.sock"));
});
