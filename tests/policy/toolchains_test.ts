import assert from "node:assert/strict";
import { buildPolicy } from "../../lib/policy/build_policy.ts";
import { commandEnvironment } from "../../lib/policy/command_environment.ts";
import type { Policy } from "../../lib/policy/policy.ts";
import { PRESETS } from "../../lib/policy/presets.ts";
import { TOOLCHAINS } from "../../lib/policy/toolchains.ts";
import { SafePath } from "../../lib/paths/safe_path.ts";

const HOME = "/home/ann";
const NAMES = Object.keys(TOOLCHAINS);

function build(names: readonly string[], variables: Readonly<Record<string, string>> = {}): Policy {
  const presets = names.map((text) => ({ text, origin: "--preset", base: "/" }));
  const variable = (name: string) => name === "HOME" ? HOME : variables[name];
  return buildPolicy([{ presets }], { cwd: `${HOME}/project`, home: HOME, variable });
}

function written(policy: Policy): string[] {
  return policy.write.allow.map(({ path }) => path.toString());
}

// What a host runs by its name, or reads commands from.
const EXECUTED = [
  ".cargo/bin",
  ".cargo/config.toml",
  ".cargo/env",
  ".rustup",
  ".deno/bin",
  "go/bin",
  ".config/go",
  ".local/bin",
  ".local/lib",
  ".local/share/uv",
  ".local/share/virtualenvs",
  ".pyenv",
  ".config/pip",
  ".cache/pypoetry/virtualenvs",
  ".npm/_npx",
  ".npm-global",
  ".nvm",
  ".volta",
  ".cache/node/corepack",
  ".yarn/bin",
  ".yarnrc",
  ".local/share/pnpm/pnpm",
  ".local/share/pnpm/global",
  ".gitconfig",
  ".config/git",
].map((path) => SafePath.of(`${HOME}/${path}`));

for (const name of NAMES) {
  Deno.test(`preset ${name} opens nothing for writing that the host executes by its name`, () => {
    for (const { path } of build(["none", name]).write.allow) {
      for (const executed of EXECUTED) {
        assert.equal(path.contains(executed) || executed.contains(path), false, `${path} ${executed}`);
      }
    }
  });

  Deno.test(`preset ${name} names hosts with their port, and no whole top-level domain`, () => {
    for (const rule of build(["none", name]).net.allow) {
      assert.match(rule.text, /^(?:\*\.)?[a-z-]+(?:\.[a-z-]+)+:443$/);
    }
  });

  Deno.test(`preset ${name} adds to every base and is none itself`, () => {
    for (const base of ["workspace", "read-only", "strict", "none"]) {
      assert.equal(build([base, name]).base, base);
      assert.equal(build([name, base]).base, base);
    }
    assert.equal(build([name]).base, "workspace");
  });

  Deno.test(`preset ${name} lets no variable pass that loads code into other programs, or that looks like a secret`, () => {
    const names = [
      "LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT GCONV_PATH NODE_OPTIONS NODE_PATH BASH_ENV ENV PYTHONSTARTUP PYTHONHOME",
      "PERL5LIB PERL5OPT RUBYOPT RUBYLIB JAVA_TOOL_OPTIONS DYLD_INSERT_LIBRARIES GIT_SSH_COMMAND GIT_ASKPASS",
      "GIT_CONFIG_COUNT GIT_CONFIG_VALUE_0 GIT_DIR GIT_EXTERNAL_DIFF GIT_PROXY_COMMAND GIT_EXEC_PATH",
      "CARGO_REGISTRY_TOKEN CARGO_REGISTRIES_X_TOKEN RUSTC_WRAPPER NPM_TOKEN NODE_AUTH_TOKEN npm_config__auth",
      "PIP_INDEX_URL PIP_EXTRA_INDEX_URL TWINE_PASSWORD UV_PUBLISH_TOKEN POETRY_HTTP_BASIC_X_PASSWORD",
      "DENO_AUTH_TOKENS DENO_DEPLOY_TOKEN GOAUTH GITHUB_TOKEN GH_TOKEN SSH_AUTH_SOCK",
    ].join(" ").split(" ");
    const caller = Object.fromEntries(names.map((each) => [each, "x"]));
    const passed = commandEnvironment(build([name]).env, caller);
    assert.deepEqual([...passed.keys()], ["TMPDIR"]);
  });
}

Deno.test("a variable moves a cache, the narrower one before the wider, and of a list the first", () => {
  const variables = {
    CARGO_HOME: "/data/cargo",
    GOPATH: "/data/go:/data/more",
    GOCACHE: "/data/build",
    DENO_DIR: "/data/deno",
    XDG_CACHE_HOME: "/data/cache",
  };
  assert.deepEqual(written(build(["none", "cargo"], variables)), ["/data/cargo/registry", "/data/cargo/git"]);
  assert.deepEqual(written(build(["none", "go"], variables)), [
    "/data/go/pkg/mod",
    "/data/go/pkg/sumdb",
    "/data/build",
  ]);
  assert.deepEqual(written(build(["none", "deno"], variables)), ["/data/deno"]);
  assert.ok(written(build(["none", "python"], variables)).includes("/data/cache/pip"));
  assert.deepEqual(written(build(["none", "deno"])), [`${HOME}/.cache/deno`]);
});

Deno.test("a variable never moves a cache to the root, the home or the working directory, or to a relative path, or a private one", () => {
  for (
    const value of [
      "/",
      "//",
      "/x/..",
      "/home",
      HOME,
      `${HOME}/project`,
      "relative",
      "/data/..",
      "~/x",
      "/tmp/deno",
      "/run/x",
    ]
  ) {
    assert.deepEqual(written(build(["none", "deno"], { DENO_DIR: value })), [], value);
  }
});

Deno.test("a cache moved into the private /tmp by a variable that is set leaves nothing to open in the home", () => {
  const presets = ["none", "npm"].map((text) => ({ text, origin: "--preset", base: "/" }));
  const set = { text: "npm_config_cache", value: "/tmp/npm", origin: "--env", base: "/" };
  const variable = (name: string) => name === "HOME" ? HOME : undefined;
  const policy = buildPolicy([{ presets, envSet: [set] }], { cwd: `${HOME}/project`, home: HOME, variable });
  assert.equal(written(policy).some((path) => path.includes(".npm/") || path.startsWith("/tmp")), false);
});

Deno.test("what moves a place is passed on to the command, which would look elsewhere otherwise", () => {
  const ordinary = PRESETS["workspace"]?.env ?? [];
  for (const [name, { read = [], write = [], caches = [], env = [] }] of Object.entries(TOOLCHAINS)) {
    const by = [...read, ...write, ...caches].flatMap((place) => typeof place === "string" ? [] : place.by);
    for (const [variable] of by) assert.ok([...ordinary, ...env].includes(variable), `${name} ${variable}`);
  }
});

Deno.test("strict shows system directories and the working directory, and closes what only root reads of them", () => {
  const policy = build(["strict"]);
  const read = policy.read.allow.map(({ path }) => path.toString());
  assert.ok(read.includes("/usr") && read.includes(`${HOME}/project`));
  for (const closed of ["/", "/home", HOME, "/root", "/var", "/srv", "/mnt"]) {
    assert.equal(read.includes(closed), false, closed);
  }
  assert.ok(policy.read.deny.some(({ path }) => path.toString() === "/etc/shadow"));
  assert.deepEqual(written(policy), [`${HOME}/project`]);
});
