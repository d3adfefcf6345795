import assert from "node:assert/strict";
import { Scope } from "../../lib/launch/scope.ts";
import { START_IN_SCOPE_SCRIPT } from "../../lib/launch/start_script.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { until } from "../system/tombolo.ts";
import { TempDirectory } from "./temp_directory.ts";

function read(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

/** Closes a scope that only looks like one: files of the kernel's vanish with the directory, these do not. */
async function close(scope: Scope, files: Readonly<Record<string, string>>) {
  for (const [name, text] of Object.entries({ ...files, "cgroup.kill": "" })) {
    Deno.writeTextFileSync(`${scope.path}/${name}`, text);
  }
  const closed = scope.close();
  await until(() => read(`${scope.path}/cgroup.kill`) === "1\n", "the end of what is left inside");
  for (const { name } of Deno.readDirSync(scope.path)) Deno.removeSync(`${scope.path}/${name}`);
  return await closed;
}

Deno.test("a scope limits memory without swap, as one group, and processes with those of its own", async () => {
  using parent = new TempDirectory();
  const plan = { parent: parent.path, memory: 2 ** 29, processes: 9 };
  const scope = await Scope.open(plan, "direct");
  assert.ok(scope.path.startsWith(`${parent.path}/tombolo-${Deno.pid}-`));
  assert.equal(read(`${scope.path}/memory.max`), "536870912\n");
  assert.equal(read(`${scope.path}/memory.oom.group`), "1\n");
  assert.equal(
    read(`${scope.path}/memory.swap.max`),
    undefined,
    "there is no such file without swap accounting",
  );
  assert.equal(read(`${scope.path}/pids.max`), "11\n");
  const counted = await close(scope, {
    "memory.events": "low 0\nhigh 0\nmax 7\noom 1\noom_kill 3\noom_group_kill 1\n",
    "pids.events": "max 12\n",
  });
  assert.deepEqual(counted, { oomKills: 3, refusedProcesses: 12 });
  assert.deepEqual([...Deno.readDirSync(parent.path)], []);
});

Deno.test("a scope has only the limits that it is made for, and counts nothing where nothing is counted", async () => {
  using parent = new TempDirectory();
  const scope = await Scope.open({ parent: parent.path, processes: 9 }, "stage2");
  assert.deepEqual(Array.from(Deno.readDirSync(scope.path), ({ name }) => name), ["pids.max"]);
  assert.equal(read(`${scope.path}/pids.max`), "57\n");
  assert.deepEqual(await close(scope, {}), { oomKills: 0, refusedProcesses: 0 });
  assert.deepEqual(
    await scope.close(),
    { oomKills: 0, refusedProcesses: 0 },
    "closing twice is closing once",
  );
});

Deno.test("a scope that cannot be made or limited is an error, and nothing of it stays", async () => {
  using parent = new TempDirectory();
  const refused = (path: string) =>
    assert.rejects(
      () => Scope.open({ parent: path, memory: 1 }, "direct"),
      (error) => error instanceof TomboloError && /Cannot make a cgroup for the limits/.test(error.message),
    );
  await refused(parent.at("absent"));
  parent.file("file");
  await refused(parent.at("file"));
});

Deno.test("empty scopes of runs that are gone are swept, others are not", async () => {
  using parent = new TempDirectory();
  const gone = 2 ** 22 + 1; // Above the pids of any kernel.
  for (const name of [`tombolo-${gone}-a`, `tombolo-${Deno.pid}-b`, `tombolo-${gone}-full`, "other"]) {
    Deno.mkdirSync(parent.at(name));
  }
  parent.file(`tombolo-${gone}-full/child/file`);
  const scope = await Scope.open({ parent: parent.path, processes: 9 }, "direct");
  await close(scope, {});
  assert.deepEqual(
    Array.from(Deno.readDirSync(parent.path), ({ name }) => name).sort(),
    [
      "other",
      `tombolo-${gone}-full`,
      `tombolo-${Deno.pid}-b`,
    ].sort(),
  );
});

async function start(scope: string) {
  const { code, stdout, stderr } = await new Deno.Command("/bin/sh", {
    args: [
      "-c",
      START_IN_SCOPE_SCRIPT,
      "sh",
      scope,
      "-",
      "/dev/null",
      "-",
      "-",
      `${Deno.pid}`,
      "0",
      "/bin/sh",
      "-c",
      "echo $$",
    ],
    clearEnv: true,
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("the starting shell enters the scope before it becomes bubblewrap", async () => {
  using directory = new TempDirectory();
  const { code } = await start(directory.path);
  assert.equal(code, 0);
  // cgroups(7): the process that writes.
  assert.equal(read(directory.at("cgroup.procs")), "0\n");
});

Deno.test("where the starting shell cannot enter its scope nothing is started", async () => {
  using directory = new TempDirectory();
  const { code, stdout, stderr } = await start(directory.at("absent"));
  assert.deepEqual([code, stdout], [125, ""]);
  assert.match(stderr, /tombolo: Cannot enter cgroup/);
});
