import assert from "node:assert/strict";
import { parseConfineOrders } from "../../stage2/read_confine_orders.ts";

const ORDERS = {
  rules: [{ path: "/usr", access: ["read", "execute"] }],
  filter: "AAAA",
  command: ["true"],
  environment: [["LANG", "C"]],
  cwd: "/",
  temporary: "/tmp/x",
};

Deno.test("confining orders are taken as they are, with and without what may be absent", () => {
  assert.deepEqual(parseConfineOrders(JSON.stringify(ORDERS)), ORDERS);
  const all = { ...ORDERS, port: 8080, openFiles: 64, scope: "/sys/fs/cgroup/x", limits: {} };
  assert.deepEqual(parseConfineOrders(JSON.stringify(all)), all);
});

Deno.test("confining orders that are unknown, missing or malformed are refused: nothing runs half confined", () => {
  const wrong: readonly [unknown, RegExp][] = [
    [[], /"rules" is missing/],
    [null, /not an object/],
    [{ ...ORDERS, mounts: [] }, /unknown order "mounts"/],
    [{ ...ORDERS, rules: undefined }, /"rules" is missing/],
    [{ ...ORDERS, rules: [{ path: "usr", access: [] }] }, /"rules"/],
    [{ ...ORDERS, rules: [{ path: "/usr", access: ["all"] }] }, /"rules"/],
    [{ ...ORDERS, filter: "" }, /"filter"/],
    [{ ...ORDERS, command: [] }, /"command"/],
    [{ ...ORDERS, environment: [["A"]] }, /"environment"/],
    [{ ...ORDERS, cwd: "work" }, /"cwd"/],
    [{ ...ORDERS, port: 70000 }, /"port"/],
    [{ ...ORDERS, limits: { memory: 1 } }, /limits\.memory/],
  ];
  for (const [value, message] of wrong) {
    assert.throws(() => parseConfineOrders(JSON.stringify(value)), { message }, JSON.stringify(value));
  }
  assert.throws(() => parseConfineOrders("{"), SyntaxError);
});
