import assert from "node:assert/strict";
import { findScope } from "../../lib/launch/find_scope.ts";
import { limitFacts } from "../../lib/launch/limit_facts.ts";
import { FakeCgroups } from "./fake_cgroups.ts";

const limit = { text: "9", origin: "--flag", value: 9 };

function search(tree: FakeCgroups, ...controllers: string[]): string {
  const { scope } = findScope(controllers, tree.places);
  return "parent" in scope ? scope.parent.replace(tree.places.root, "ROOT") : scope.missing;
}

Deno.test("the nearest cgroup above that hands on every controller is found", () => {
  using tree = new FakeCgroups("/user/app/here");
  tree.add("", "cpu memory pids");
  tree.add("/user", "memory pids");
  tree.add("/user/app", "memory");
  tree.add("/user/app/here", "");
  assert.equal(search(tree, "memory"), "ROOT/user/app");
  assert.equal(search(tree, "memory", "pids"), "ROOT/user");
  assert.equal(search(tree, "cpu", "memory"), "ROOT");
  assert.equal(search(tree, "io"), "no cgroup above this process hands on the controller: io");
  assert.equal(search(tree, "mem"), "no cgroup above this process hands on the controller: mem");
});

Deno.test("a process at the root of the hierarchy finds the root", () => {
  using tree = new FakeCgroups("/");
  tree.add("", "memory pids");
  assert.equal(search(tree, "memory"), "ROOT");
});

Deno.test("a cgroup from which this user may not move is passed over", () => {
  using tree = new FakeCgroups("/user/app");
  tree.add("", "memory pids");
  tree.add("/user", "memory pids", { delegated: false });
  tree.add("/user/app", "");
  assert.equal(search(tree, "memory"), "ROOT");
  tree.add("", "memory pids", { delegated: false });
  assert.equal(search(tree, "memory"), "the cgroups of this process are not delegated to this user");
});

Deno.test("cgroup v1, no cgroup at all and one outside of the mount are each said", () => {
  using tree = new FakeCgroups("/user");
  assert.match(search(tree, "memory"), /no cgroup v2 hierarchy alone \(v1 is not supported\)/);
  tree.add("", "memory");
  tree.setSelf("4:memory:/process\n1:name=systemd:/\n");
  assert.equal(search(tree, "memory"), "this process is in no cgroup of version 2");
  tree.setSelf("0::/../outside\n");
  assert.match(search(tree, "memory"), /lies outside of what is mounted/);
});

Deno.test("who is root for the kernel is read from the user map, not from the name in here", () => {
  const unbound = (uid: number, map: string, kernel = "6.1.0") => {
    using tree = new FakeCgroups("/");
    tree.setUserMap(map);
    return limitFacts({ processes: limit }, { uid, kernel }, tree.places).processesUnbound;
  };
  const all = "         0          0 4294967295\n";
  assert.equal(unbound(1000, all), undefined);
  assert.match(unbound(0, all) ?? "", /root/);
  assert.equal(unbound(0, "0 1000 1\n1 100000 65536\n"), undefined);
  assert.match(unbound(1000, "1000 0 1\n") ?? "", /root/);
  assert.match(unbound(5, "0 1000 1\n") ?? "", /root/);
  assert.match(unbound(1000, all, "5.10.0-28-amd64") ?? "", /5\.14/);
  assert.equal(unbound(1000, all, "5.14.0"), undefined);
  assert.match(unbound(1000, all, "4.19.0") ?? "", /5\.14/);
  assert.match(unbound(1000, all, "unknown") ?? "", /5\.14/);
});

Deno.test("a cgroup with pids is looked for only where it has to count the processes", () => {
  using tree = new FakeCgroups("/user");
  tree.add("", "memory pids");
  tree.add("/user", "memory");
  const limits = { memory: limit, processes: limit };
  const parents = [1000, 0].map((uid) => {
    const { scope } = limitFacts(limits, { uid, kernel: "6.1.0" }, tree.places);
    return "parent" in scope ? scope.parent.slice(tree.places.root.length) : scope.missing;
  });
  assert.deepEqual(parents, ["/user", ""]);
});

Deno.test("limits that need nothing of the host look at nothing", () => {
  const nowhere = { root: "/no/such", self: "/no/such", userMap: "/no/such" };
  assert.equal(
    limitFacts({ openFiles: limit }, { uid: 0, kernel: "6.1.0" }, nowhere).processesUnbound,
    undefined,
  );
});

Deno.test("a user whose map cannot be read counts as root", () => {
  const nowhere = { root: "/no/such", self: "/no/such", userMap: "/no/such" };
  const facts = limitFacts({ processes: limit }, { uid: 1000, kernel: "6.1.0" }, nowhere);
  assert.match(facts.processesUnbound ?? "", /root/);
});
