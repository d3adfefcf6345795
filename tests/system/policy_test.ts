import assert from "node:assert/strict";
import { Box, MODES } from "./tombolo.ts";

function variables(stdout: string): Record<string, string> {
  return Object.fromEntries(
    stdout.split("\0").filter((line) => line !== "").map((line) => {
      const equals = line.indexOf("=");
      return [line.slice(0, equals), line.slice(equals + 1)];
    }),
  );
}

const CALLER = {
  TERM: "xterm",
  LC_TIME: "C",
  LANG: "C.UTF-8",
  CI: "1",
  MY_TOKEN: "canary",
  OTHER: "other",
  MY_PLAIN: "plain",
  XDG_RUNTIME_DIR: "/run/user/0",
  SSH_AUTH_SOCK: "/tmp/agent",
  DENO_DIR: "/callers/deno",
  LD_LIBRARY_PATH: "/nowhere",
  NODE_OPTIONS: "--no-warnings",
} as const;

for (const mode of MODES) {
  Deno.test(`${mode.name}: only listed variables pass, and TMPDIR is /tmp`, async () => {
    await using box = await Box.create();
    const { stdout } = await box.runIn(mode, [], ["env", "-0"], { env: CALLER });
    const found = variables(stdout);
    assert.deepEqual([found["TERM"], found["LC_TIME"], found["CI"], found["TMPDIR"]], [
      "xterm",
      "C",
      "1",
      "/tmp",
    ]);
    for (
      const name of ["MY_TOKEN", "OTHER", "SSH_AUTH_SOCK", "DENO_DIR", "LD_LIBRARY_PATH", "NODE_OPTIONS"]
    ) {
      assert.equal(found[name], undefined, name);
    }
    assert.deepEqual(
      Object.keys(found).filter((name) => name.startsWith("TOMBOLO")),
      mode.name === "gateway" ? ["TOMBOLO_SSH_PROXY_COMMAND"] : [],
    );
    assert.equal(found["DENO_NO_UPDATE_CHECK"], undefined);
  });

  Deno.test(`${mode.name}: --allow-env, --deny-env and --env add up`, async () => {
    await using box = await Box.create();
    const flags = [
      "--allow-env=MY_*,OTHER,NODE_OPTIONS,DENO_DIR",
      "--deny-env=MY_TOKEN,TERM",
      "--env=SET=a=b c",
      "--env",
      "EMPTY=",
    ];
    const { stdout } = await box.runIn(mode, flags, ["env", "-0"], { env: CALLER });
    const found = variables(stdout);
    assert.deepEqual(
      ["MY_PLAIN", "OTHER", "NODE_OPTIONS", "DENO_DIR", "SET", "EMPTY", "MY_TOKEN", "TERM"].map((name) =>
        found[name]
      ),
      ["plain", "other", "--no-warnings", "/callers/deno", "a=b c", "", undefined, undefined],
    );
  });

  Deno.test(`${mode.name}: variables that the starters use themselves arrive as they were set`, async () => {
    await using box = await Box.create();
    const names = [
      ..."filter status files fd path child program call self bin root deno inputs ready input what soft cache work"
        .split(" "),
      ..."IFS PS4 ENV BASH_ENV LD_PRELOAD LD_BIND_NOW NODE_OPTIONS DENO_DIR OPTIND PPID LINENO PS1 POSIXLY_CORRECT RUST_LOG"
        .split(" "),
    ];
    const set = await box.runIn(mode, names.map((name) => `--env=${name}=v-${name}`), ["/usr/bin/env", "-0"]);
    const passed = await box.runIn(mode, [`--allow-env=${names.join(",")}`], ["/usr/bin/env", "-0"], {
      env: Object.fromEntries(names.map((name) => [name, `v-${name}`])),
    });
    for (const name of names) {
      assert.equal(variables(set.stdout)[name], `v-${name}`, `--env ${name}`);
      // The variables of the dynamic loader and of bash reach bin/tombolo itself, whose user is trusted.
      if (/^(?:LD_|IFS|PS|OPTIND|PPID|LINENO)/.test(name)) continue;
      assert.equal(variables(passed.stdout)[name], `v-${name}`, `--allow-env ${name}: ${passed.stderr}`);
    }
  });
}

Deno.test("a bare --allow-env passes everything but tombolo's own", async () => {
  await using box = await Box.create();
  const found = variables(
    (await box.run(["--allow-env", "--deny-env=MY_TOKEN"], ["env", "-0"], { env: CALLER })).stdout,
  );
  assert.equal(found["OTHER"], "other");
  assert.equal(found["MY_TOKEN"], undefined);
  assert.deepEqual(Object.keys(found).filter((name) => name.startsWith("TOMBOLO")), []);
});

Deno.test("paths of a policy file start at the file, and extends adds up", async () => {
  await using box = await Box.create();
  await box.write("rules/data/file", "x");
  await box.write("rules/hidden/file", "canary");
  await box.write(
    "rules/base/team.jsonc",
    '// the team\n{ "read": { "deny": ["../hidden"] }, "env": { "set": { "TEAM": "1" } } }',
  );
  await box.write(
    "rules/policy.jsonc",
    '{ "extends": ["workspace", "./base/team.jsonc"], "write": { "allow": ["data"] }, /* c */ "env": { "set": { "TEAM": "2", }, }, }',
  );
  const script =
    `echo new > ${box.root}/rules/data/file; cat ${box.root}/rules/hidden/file; echo $TEAM; touch here`;
  const { stdout } = await box.shell(["--policy=../rules/policy.jsonc"], script);
  assert.equal(stdout, "2\n");
  assert.equal(await box.read("rules/data/file"), "new\n");
  assert.equal(await box.exists("work/here"), true);
});

Deno.test("a policy file and what it extends cannot be written while in use", async () => {
  await using box = await Box.create();
  await box.write("work/team.json", "{}");
  await box.write("work/policy.json", '{ "extends": "./team.json" }');
  const { code } = await box.shell(
    ["-p", "policy.json"],
    "echo '{}' > policy.json; rm -f policy.json; mv team.json x; echo '{}' > team.json; ln -f x policy.json; false",
  );
  assert.equal(code, 1);
  assert.equal(await box.read("work/policy.json"), '{ "extends": "./team.json" }');
  assert.equal(await box.read("work/team.json"), "{}");
});

Deno.test("$HOME, ~ and $PWD are expanded in rules", async () => {
  await using box = await Box.create();
  await box.write("home/notes/a", "canary");
  await box.write("home/other/a", "canary");
  await box.write("work/b", "canary");
  const { stdout } = await box.shell(
    ["--deny-read=~/notes,${HOME}/other,$PWD/b"],
    `cat ~/notes/a ~/other/a b`,
  );
  assert.equal(stdout, "");
});

Deno.test("dry-run and explain show the plan and run nothing", async () => {
  await using box = await Box.create();
  const dry = await box.tombolo(["run", "--dry-run", "--", "touch", "ran"]);
  const explained = await box.tombolo(["explain", "--", "touch", "ran"]);
  assert.equal(dry.code, 0);
  assert.equal(dry.stdout, explained.stdout);
  assert.match(dry.stdout, /command: touch ran/);
  assert.equal(await box.exists("work/ran"), false);
  const json = await box.tombolo(["explain", "--json", "--allow-net=a.test:443", "--", "touch", "ran"]);
  const parsed: unknown = JSON.parse(json.stdout);
  assert.ok(typeof parsed === "object" && parsed !== null && "plan" in parsed && "bwrap" in parsed);
});

Deno.test("policy check names what no other file or flag could put right", async () => {
  await using box = await Box.create();
  const external = { command: ["proxy", "{port}"] };
  const cases: readonly (readonly [net: object, wanted: RegExp | undefined])[] = [
    [{ external }, undefined],
    [
      { external, upstream: "env" },
      /external proxy .* \(a\.json:1\): an upstream is given too, "env" \(a\.json:1\)/,
    ],
    [{ external, resolve: { "a.test": "192.0.2.1" } }, /static address is given for "a\.test"/],
    [{ caBundle: "none.pem" }, /CA bundle "none\.pem" \(a\.json:1\): no such file/],
  ];
  for (const [net, wanted] of cases) {
    await box.write("work/a.json", JSON.stringify({ net }));
    const { code, stdout, stderr } = await box.tombolo(["policy", "check", "a.json"]);
    assert.deepEqual([code, stdout], wanted === undefined ? [0, "a.json: ok\n"] : [125, ""], stderr);
    if (wanted !== undefined) assert.match(stderr, wanted);
  }
});

Deno.test("the npm preset opens npm's cache, not its tokens", async () => {
  await using box = await Box.create();
  await box.write("home/.npm/_cacache/x", "x");
  await box.write("home/.npmrc", "//packages.test/:_authToken=canary");
  const { code, stdout } = await box.shell(["--preset=npm"], "echo y > ~/.npm/_cacache/y; cat ~/.npmrc");
  assert.notEqual(code, 0);
  assert.equal(stdout, "");
  assert.equal(await box.read("home/.npm/_cacache/y"), "y\n");
});

Deno.test("help and version answer on stdout with 0", async () => {
  await using box = await Box.create();
  for (const args of [["--help"], ["run", "--help"], ["explain", "--help"], ["--version"]]) {
    const { code, stdout, stderr } = await box.tombolo(args);
    assert.deepEqual([code, stderr], [0, ""], args.join(" "));
    assert.match(stdout, /tombolo/);
  }
});
