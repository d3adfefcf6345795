import assert from "node:assert/strict";
import { dirname } from "node:path";
import { Box, isRoot, said } from "./tombolo.ts";

const BASES = ["workspace", "strict"] as const;

/** A session of a toolchain that needs no network. */
interface Session {
  readonly preset: string;
  /** What happens in it. */
  readonly does: string;
  readonly needs?: readonly [what: string, test: string];
  readonly script: string;
  /** What the last line of output is. */
  readonly prints: string;
  /** Caches below the home that a fresh machine does not have, and that are made. */
  readonly makes: readonly string[];
}

const PEOPLE = Object.fromEntries(
  ["AUTHOR", "COMMITTER"].flatMap((who) => [[`GIT_${who}_NAME`, "a"], [`GIT_${who}_EMAIL`, "a@a.test"]]),
);

const SESSIONS: readonly Session[] = [
  {
    preset: "deno",
    does: "checks, lints, tests and runs a project",
    script: `
      echo '{}' >deno.json
      echo 'export const two = (): number => 2;' >two.ts
      echo 'import { two } from "./two.ts"; Deno.test("two", () => { if (two() !== 2) throw new Error(); });' >two_test.ts
      echo 'import { two } from "./two.ts"; console.log(two());' >main.ts
      deno check main.ts && deno lint -q && deno test -q && deno run main.ts`,
    prints: "2",
    makes: [".cache/deno"],
  },
  {
    preset: "python",
    does: "makes a virtual environment and runs unit tests in it",
    script: `
      python3 -m venv --without-pip venv
      echo 'def two(): return 2' >two.py
      printf 'import unittest, two\\nclass Two(unittest.TestCase):\\n  def test(self): self.assertEqual(two.two(), 2)\\n' >test_two.py
      ./venv/bin/python -m unittest -q && ./venv/bin/python -c 'import two; print(two.two())'`,
    prints: "2",
    makes: [".cache/pip"],
  },
  {
    preset: "cargo",
    does: "builds, tests and runs a crate",
    needs: ["cargo", "cargo --version"],
    script: `
      cargo init -q --vcs none --name demo
      printf 'fn two() -> i32 { 2 }\\nfn main() { println!("{}", two()); }\\n#[test]\\nfn is_two() { assert_eq!(two(), 2); }\\n' >src/main.rs
      cargo build -q --offline && cargo test -q --offline && cargo run -q --offline`,
    prints: "2",
    makes: [".cargo/git", ".cargo/registry"],
  },
  {
    preset: "go",
    does: "builds, vets, tests and runs a module",
    needs: ["Go", "go version"],
    script: `
      go mod init example.test/demo
      printf 'package main\\nimport "fmt"\\nfunc two() int { return 2 }\\nfunc main() { fmt.Println(two()) }\\n' >main.go
      printf 'package main\\nimport "testing"\\nfunc TestTwo(t *testing.T) { if two() != 2 { t.Fail() } }\\n' >main_test.go
      go vet && go build && go test && ./demo`,
    prints: "2",
    makes: [".cache/go-build", "go/pkg/mod", "go/pkg/sumdb"],
  },
  {
    preset: "npm",
    does: "installs a package from the work tree, and tests",
    needs: ["npm", "npm --version"],
    script: `
      mkdir two && echo '{"name":"two","version":"1.0.0","main":"two.js"}' >two/package.json
      echo 'module.exports = 2;' >two/two.js
      echo '{"name":"demo","version":"1.0.0","scripts":{"test":"node test.js"}}' >package.json
      echo 'console.log(require("two"));' >test.js
      npm install --offline --no-audit ./two && npm test --silent`,
    prints: "2",
    makes: [".npm/_cacache", ".npm/_logs"],
  },
  {
    preset: "git",
    does: "commits, rebases, stashes and merges in a repository",
    script: `
      echo 1 >file && git add file && git commit -qm one
      git checkout -qb side && echo side >side && git add side && git commit -qm side
      git checkout -q main && echo 2 >>file && git commit -qam two
      git rebase -q main side && git checkout -q main
      echo 3 >>file && git stash -q && git merge -q --no-edit side && git stash pop -q
      git diff --stat | tail -1 && git log --format=%s | tr '\\n' ' '`,
    prints: "side two one ",
    makes: [],
  },
];

async function has(test: string): Promise<boolean> {
  const { success } = await new Deno.Command("sh", {
    args: ["-c", test],
    stdout: "null",
    stderr: "null",
    clearEnv: true,
    env: { PATH: "/usr/local/bin:/usr/bin:/bin" },
  }).output();
  return success;
}

/** The Deno of the tests stands where `strict` shows nothing: it is shown by hand. */
function withDeno(preset: string): { flags: string[]; env: Record<string, string> } {
  if (preset !== "deno") return { flags: [], env: PEOPLE };
  const directory = dirname(Deno.realPathSync(Deno.execPath()));
  return {
    flags: [`--allow-read=${directory}`],
    env: { PATH: `${directory}:/usr/bin:/bin`, DENO_NO_UPDATE_CHECK: "1" },
  };
}

for (const { preset, does, needs, script, prints, makes } of SESSIONS) {
  for (const base of BASES) {
    Deno.test({
      name: `preset ${preset} on ${base}: a session on a fresh machine ${does}${
        needs === undefined ? "" : ` (needs ${needs[0]})`
      }`,
      ignore: needs !== undefined && !await has(needs[1]),
      fn: async () => {
        await using box = await Box.create();
        if (preset === "git") await box.host(["git", "init", "-q", "-b", "main"]);
        const { flags, env } = withDeno(preset);
        const all = [`--preset=${base}`, `--preset=${preset}`, ...flags];
        const outcome = await box.shell(all, `set -e; ${script}`, { env });
        assert.equal(outcome.code, 0, outcome.stderr + outcome.stdout);
        assert.equal(outcome.stdout.replace(/\n$/, "").split("\n").at(-1), prints, outcome.stderr);
        for (const path of makes) assert.ok(await box.exists(`home/${path}`), path);
        // They are said once, when they are made.
        const made = said(outcome).filter((line) => line.startsWith("tombolo: made "));
        assert.equal(made.length, makes.length > 0 ? 1 : 0);
        for (const path of makes) {
          assert.ok(made[0]?.includes(`${box.home}/${path} (preset ${preset})`), made[0]);
        }
        assert.deepEqual(
          said(await box.run(all, ["true"], { env })).filter((line) => line.includes("made")),
          [],
        );
        // And nothing else in the home.
        const tops = new Set([".local", ...makes.map((path) => path.split("/")[0])]);
        assert.deepEqual(await box.list("home"), [...tops].sort());
      },
    });
  }
}

Deno.test("a cache that a variable moves is made and written there, and not in the home", async () => {
  await using box = await Box.create();
  const env = { CARGO_HOME: `${box.root}/moved` };
  const outcome = await box.shell(
    ["--preset=cargo"],
    'touch "$CARGO_HOME/registry/x" && ! touch "$CARGO_HOME/x"',
    {
      env,
    },
  );
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.deepEqual(await box.list("moved"), ["git", "registry"]);
  assert.deepEqual(await box.list("moved/registry"), ["x"]);
  assert.deepEqual(await box.list("home"), [".local"]);
});

Deno.test("explaining a preset makes no cache, and says which would be made", async () => {
  await using box = await Box.create();
  const { stdout } = await box.tombolo(["explain", "--preset=go", "--", "true"]);
  assert.match(
    stdout,
    new RegExp(`^made on the host if missing:\\n  ${box.home}/go/pkg/mod +preset go$`, "m"),
  );
  assert.match(stdout, new RegExp(`^  write +${box.home}/go/pkg/mod$`, "m"));
  assert.deepEqual(await box.list("home"), [".local"]);
});

Deno.test("a cache is not made through a link, nor where a command is not found, nor where it is denied", async () => {
  await using box = await Box.create();
  await Deno.mkdir(`${box.root}/elsewhere`);
  await Deno.symlink(`${box.root}/elsewhere`, `${box.home}/.cache`);
  const refused = await box.run(["--preset=deno"], ["true"]);
  assert.equal(refused.code, 125);
  assert.match(said(refused).join("\n"), /\(preset deno\): ".*\/\.cache" is a symbolic link/);
  assert.deepEqual(await box.list("elsewhere"), []);
  assert.equal((await box.run(["--preset=cargo"], ["no-such-program"])).code, 127);
  assert.equal(
    (await box.run(["--preset=cargo", "--deny-write=~/.cargo/registry,~/.cargo/git"], ["true"])).code,
    0,
  );
  assert.deepEqual(await box.list("home"), [".cache", ".local"]);
});

Deno.test("presets leave what the host executes as it is", async () => {
  await using box = await Box.create();
  const kept = [
    ".cargo/bin/cargo",
    ".cargo/config.toml",
    ".cargo/env",
    ".deno/bin/deno",
    "go/bin/tool",
    ".local/bin/pip",
    ".npm/_npx/x/package.json",
  ];
  for (const path of kept) await box.write(`home/${path}`, "kept");
  const flags = ["npm", "deno", "python", "cargo", "go", "git"].map((name) => `--preset=${name}`);
  const script = kept.map((path) =>
    `{ echo pwned >~/${path}; rm -f ~/${path}; mv ~/${dirname(path)} ~/gone; }`
  )
    .join(" 2>/dev/null; ");
  await box.shell([...flags, "--deny-net"], script);
  for (const path of kept) assert.equal(await box.read(`home/${path}`), "kept", path);
});

Deno.test("strict: the home is closed, the work tree in it is open, system directories are read", async () => {
  await using box = await Box.create();
  await box.write("home/.bashrc", "canary");
  await box.write("home/project/file", "own");
  const script =
    `cat file; cat ~/.bashrc /etc/shadow; ls -A ~; ls / | tr '\\n' ' '; echo; test -r /etc/passwd && echo read`;
  for (const fds of [[], [63]]) {
    const { stdout } = await box.shell(["--preset=strict"], script, { cwd: `${box.home}/project`, fds });
    assert.match(stdout, /^ownproject\nbin dev etc (?:.* )?usr var \nread\n$/);
    assert.doesNotMatch(stdout, /root|home|srv|canary/);
  }
});

Deno.test({
  name:
    "npm installs from the registry of its own configuration, on a fresh machine (needs npm and its registry)",
  ignore: !await has("npm ping --fetch-retries=0 --fetch-timeout=5000"),
  fn: async () => {
    await using box = await Box.create();
    const asked = await box.host(["npm", "config", "get", "registry"]);
    const registry = asked.stdout.trim();
    await box.write("work/package.json", '{"name":"demo","version":"1.0.0"}');
    const outcome = await box.shell(
      ["--preset=npm", `--allow-net=${new URL(registry).hostname}`, `--env=npm_config_registry=${registry}`],
      `npm install --no-audit left-pad@1.3.0 && node -e 'console.log(require("left-pad")("2", 3, 0))'`,
    );
    assert.match(outcome.stdout, /\n002\n$/, outcome.stderr);
  },
});

Deno.test({
  name: "an ordinary user has caches made too (needs root, to become one)",
  ignore: !isRoot,
  fn: async () => {
    await using box = await Box.create({ ordinaryUser: true });
    assert.equal((await box.shell(["--preset=cargo"], "touch ~/.cargo/registry/x")).code, 0);
    assert.equal((await Deno.stat(`${box.home}/.cargo/registry/x`)).uid, 65534);
    assert.equal(((await Deno.stat(`${box.home}/.cargo`)).mode ?? 0) & 0o777, 0o700);
  },
});
