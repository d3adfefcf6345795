import assert from "node:assert/strict";
import fc from "fast-check";
import { parseGitConfig } from "../../lib/launch/git_config.ts";
import { dangerousSetting, isPlainUrl } from "../../lib/launch/harmless_git_config.ts";
import { TempDirectory } from "./temp_directory.ts";

const NEVER = { isInside: () => false, isHidden: () => false };

const CLONE = `[core]
	repositoryformatversion = 0
	filemode = true
	bare = false
	logallrefupdates = true
[remote "origin"]
	url = https://github.com/denoland/deno.git
	fetch = +refs/heads/*:refs/remotes/origin/*
[branch "main"]
	remote = origin
	merge = refs/heads/main
`;

Deno.test("what git clone, init, submodule and worktree write is harmless", () => {
  const more = [
    "",
    "# a comment\n; another\n",
    CLONE,
    '[submodule "lib/x"]\n\turl = git@example.com:x/y.git\n\tactive = true\n',
    "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tworktreeConfig = true\n\tobjectFormat = sha256\n",
    '[user]\n\tname = "A # B"\n\temail = a@a.test\n',
    '[branch "feature/x@1"]\n\tmerge = refs/heads/feature/x@1\n\trebase\n',
    '[remote "origin"]\n\turl = ../other.git\n\ttagOpt = --no-tags\n\tpartialclonefilter = blob:none\n\tpromisor = true\n',
  ];
  for (const text of more) assert.equal(dangerousSetting(text, NEVER), undefined, text);
});

Deno.test("whatever may name a program is dangerous, in any spelling", () => {
  const dangerous = [
    "[core]\n\tfsmonitor = touch x",
    "[CORE]\n\tFsMonitor = true",
    "[core]\n\thooksPath = /x",
    "[core]\n\tsshCommand = x",
    "[core]\n\tpager = x",
    "[core]\n\teditor = x",
    "[core]\n\tgitProxy = x",
    "[core]\n\taskPass = x",
    "[core]\n\tworktree = /",
    '[filter "x"]\n\tsmudge = x',
    '[filter "x"]\n\tprocess = x',
    '[diff "x"]\n\ttextconv = x',
    "[diff]\n\texternal = x",
    '[merge "x"]\n\tdriver = x',
    "[alias]\n\tst = !x",
    "[credential]\n\thelper = x",
    '[credential "https://x"]\n\thelper = x',
    "[gpg]\n\tprogram = x",
    "[include]\n\tpath = x",
    '[includeIf "gitdir:x"]\n\tpath = x',
    '[url "ext::x"]\n\tinsteadOf = https://',
    "[http]\n\tproxy = x",
    "[uploadpack]\n\tpackObjectsHook = x",
    '[remote "o"]\n\tuploadpack = x',
    '[remote "o"]\n\tvcs = x',
    '[remote "o"]\n\turl = ext::sh -c x',
    '[remote "o"]\n\turl = -oProxyCommand=x',
    '[remote "ext::sh -c x"]\n\tfetch = x',
    '[branch "x"]\n\tremote = ext::x',
    '[branch "x"]\n\tmergeOptions = -s x',
    '[submodule "x"]\n\tupdate = !x',
    "[protocol]\n\tallow = always",
    '[protocol "ext"]\n\tallow = always',
    "[gc]\n\trecentObjectsHook = x",
    "[pager]\n\tlog = x",
    "[sequence]\n\teditor = x",
    '[difftool "x"]\n\tcmd = x',
    "[interactive]\n\tdiffFilter = x",
    '[trailer "x"]\n\tcommand = x',
    '[lfs "customtransfer.x"]\n\tpath = x',
    "[user]\n\tsigningKey = x",
    "[core]\n\tbare = false\n[core] fsmonitor = x",
    "[core] fsmonitor = x",
    "[core]bare = false",
    "[core.x]\n\tbare = 1",
    '[core "x"]\n\tbare = 1',
    "[core]\n\tbare = false \\\n\tfsmonitor",
    "[core]\r\n\tbare = false\r\n",
    "[user]\n\tname = a\\nb",
    '[user]\n\tname = "a\nb"',
    "bare = false",
    "[core]\n\tbare = fal\x00se",
    "\ufeff[core]\n",
  ];
  for (const text of dangerous) assert.notEqual(dangerousSetting(text, NEVER), undefined, text);
});

Deno.test("a working tree elsewhere is harmless only where the caller knows it to lie inside", () => {
  const text = "[core]\n\tworktree = ../../../lib";
  assert.equal(dangerousSetting(text, { ...NEVER, isInside: (path) => path === "../../../lib" }), undefined);
  assert.equal(dangerousSetting(text, NEVER), "it sets core.worktree");
  assert.notEqual(dangerousSetting("[core]\n\tworktree\n", { ...NEVER, isInside: () => true }), undefined);
});

Deno.test("URLs that git hands to a program of another name are not plain", () => {
  for (
    const url of [
      "https://github.com/a/b",
      "ssh://git@example.com:22/x",
      "git@example.com:a/b.git",
      "host:path",
      "/srv/git/x.git",
      "../x",
      "./x",
      "file:///srv/x",
      "git://example.com/x",
      "http://[::1]/x".replace("[::1]", "[2001:db8:1:2:3:4:5:6]"),
    ]
  ) assert.ok(isPlainUrl(url), url);
  for (
    const url of [
      "ext::sh -c x",
      "fd::7",
      "https::x",
      "foo://x/y",
      "-oProxyCommand=x",
      "ssh://-oProxyCommand=x/y",
      "git@-oProxyCommand=x:y",
      "-host:path",
      "host:-path",
      "",
      "file://-x",
    ]
  ) assert.ok(!isPlainUrl(url), url);
});

const names = ["core", "CORE", "remote", "branch", "user", "alias", "filter", "include", "extensions", "gc"];
const keyNames = [
  "bare",
  "url",
  "fetch",
  "fsmonitor",
  "name",
  "merge",
  "path",
  "st",
  "auto",
  "hooksPath",
  "clean",
];
const noise = fc.constantFrom(
  " ",
  "\t",
  "\n",
  "\r\n",
  '"',
  "\\",
  "\\\n",
  "#",
  ";",
  "=",
  "[",
  "]",
  ".",
  "x",
  "!x",
  "::",
  "-",
  "\0",
  "\v",
);
const piece = fc.oneof(
  fc.constantFrom(...names).map((name) => `[${name}]`),
  fc.tuple(fc.constantFrom(...names), fc.constantFrom("a", "ext::x", "a b", "-x")).map(([name, sub]) =>
    `[${name} "${sub}"]`
  ),
  fc.tuple(fc.constantFrom(...keyNames), fc.constantFrom("true", "x", "!x", "ext::x", "https://a.test/b"))
    .map(([key, value]) => `\t${key} = ${value}`),
  noise,
);

Deno.test("what is understood is what git itself reads, and nothing git reads as a command is called harmless (needs git)", () => {
  using work = new TempDirectory();
  const bad = /^(?:alias|filter|include)\.|^core\.(?:fsmonitor|hookspath)$/;
  const glued = fc.array(fc.tuple(piece, fc.constantFrom("\n", "", " ")), { maxLength: 8 })
    .map((parts) => parts.map(([text, gap]) => text + gap).join(""));
  fc.assert(
    fc.property(glued, (text) => {
      const settings = parseGitConfig(text);
      if (settings === undefined) return;
      const file = work.file("config", text);
      const { success, stdout } = new Deno.Command("git", {
        args: ["config", "--list", "-z", "--no-includes", "-f", file],
        clearEnv: true,
        env: { PATH: "/usr/bin:/bin", HOME: work.path },
        stderr: "null",
      }).outputSync();
      // What git refuses harms nobody.
      if (!success) return;
      const read = new TextDecoder().decode(stdout).split("\0").filter((line) => line !== "");
      const ours = settings.map(({ key, subsection, value }) => {
        const [section, name] = key.split(".");
        const full = subsection === undefined ? key : `${section}.${subsection}.${name}`;
        return value === undefined ? full : `${full}\n${value}`;
      });
      assert.deepEqual(ours, read);
      const keys = read.map((line) => (line.split("\n", 1)[0] ?? "").toLowerCase());
      if (keys.some((key) => bad.test(key))) assert.notEqual(dangerousSetting(text, NEVER), undefined);
    }),
    { numRuns: 1500, seed: 20260101 },
  );
});
