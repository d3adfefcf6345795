import assert from "node:assert/strict";
import { parseFlags } from "../../../lib/cli/flags.ts";
import { flagsToSource } from "../../../lib/cli/flags_to_source.ts";
import { SafePath } from "../../../lib/paths/safe_path.ts";
import { planSeatbelt } from "../../../lib/plan/seatbelt/plan_seatbelt.ts";
import { buildPolicy } from "../../../lib/policy/build_policy.ts";
import { commandEnvironment } from "../../../lib/policy/command_environment.ts";
import { protections } from "../../../lib/policy/protections.ts";
import { type FakeHost, FakeTree, hostFacts } from "../facts.ts";
import { SeatbeltSimulator } from "../seatbelt_simulator.ts";
import { profileOf } from "../seatbelt_view.ts";

const HOME = "/Users/ann";

const MAC = [
  "/etc -> private/etc",
  "/tmp -> private/tmp",
  "/var -> private/var",
  "/private/etc/hosts",
  "/private/tmp/",
  "/private/var/folders/",
  "%/private/var/run/docker.sock",
  "/usr/bin/git",
  "/usr/bin/osascript",
  "/bin/sh",
  "/sbin/",
  "/opt/homebrew/bin/node",
  "/dev/",
  `${HOME}/.npm/_cacache/`,
  `${HOME}/.ssh/config`,
  `${HOME}/.ssh/id_ed25519`,
  `${HOME}/project/src/main.ts`,
  `${HOME}/project/.git/config`,
  `${HOME}/project/.git/hooks/`,
  `${HOME}/project/dist/keys/public/cert`,
  `${HOME}/.local/state/tombolo/`,
];

interface Scene {
  readonly flags: string;
  readonly programs?: FakeHost["programs"];
  readonly terminal?: string;
}

function shownProfile({ flags, programs, terminal }: Scene): string {
  const cwd = `${HOME}/project`;
  const parsed = parseFlags([...flags.split(" ").filter(Boolean), "--", "make", "test"]);
  const variable = (name: string) => name === "HOME" ? HOME : undefined;
  const policy = buildPolicy([flagsToSource(parsed.flags, cwd)], { cwd, home: HOME, variable });
  const facts = hostFacts({
    tree: new FakeTree(MAC),
    policy,
    cwd,
    home: HOME,
    protections: protections({
      home: SafePath.of(HOME),
      secrets: new Set([".ssh"]),
      repositories: [{ path: `${HOME}/project/.git`, kind: "directory" }],
      own: [SafePath.of(`${HOME}/.local/state/tombolo`)],
    }),
    privateDirectories: ["/private/tmp", "/private/var/tmp", "/private/var/folders", "/private/var/run"],
    ...(programs === undefined ? {} : { programs }),
  });
  const plan = planSeatbelt(policy, facts, {
    command: parsed.command,
    environment: commandEnvironment(policy.env, { PATH: "/usr/bin" }),
    cwdNamed: false,
  });
  const { text, parameters } = profileOf(plan, {
    ...(terminal === undefined ? {} : { terminal }),
    ...(plan.network === "gateway" ? { port: 49152 } : {}),
  });
  // Whatever is on file has to be a profile.
  new SeatbeltSimulator(text, parameters);
  const values = Array.from(parameters, ([key, value]) => `${key}=${value}`);
  return `${text}\n; Parameters\n${values.join("\n")}\n`;
}

const program = (path: string, text: string, origin: string) => ({
  path: SafePath.of(path),
  rule: { text, origin },
});

const SCENES: Readonly<Record<string, Scene>> = {
  workspace: { flags: "", terminal: "/dev/ttys003" },
  strict: { flags: "--preset=strict" },
  none: { flags: "--preset=none --allow-read=src" },
  denies: { flags: "--allow-write=.,dist/keys/public --deny-read=dist/keys --deny-write=src,later" },
  network: {
    flags: "--preset=npm --allow-net=github.com:443 --allow-trustd --allow-unix=/var/run/docker.sock",
  },
  programs: {
    flags: "--allow-run=git --deny-run=osascript",
    programs: {
      allow: [program("/usr/bin/git", "git", "--allow-run")],
      deny: [program("/usr/bin/osascript", "osascript", "--deny-run")],
      notices: [],
      topLevel: [],
    },
  },
};

for (const [name, scene] of Object.entries(SCENES)) {
  Deno.test(`the Seatbelt profile of ${name} is the one on file`, () => {
    const file = new URL(`../__snapshots__/seatbelt_${name}.txt`, import.meta.url).pathname;
    const text = shownProfile(scene);
    // Set by hand to take the profiles of today as right, after reading the difference.
    if (Deno.env.get("UPDATE_SNAPSHOTS") === "1") Deno.writeTextFileSync(file, text);
    assert.equal(text, Deno.readTextFileSync(file));
  });
}
