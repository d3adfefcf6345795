import assert from "node:assert/strict";
import { WebServer } from "./servers.ts";
import { Box, fixture, isRoot, type Mode, MODES, type Outcome, type RunOptions, said } from "./tombolo.ts";

const denyCalls = fixture(import.meta.dirname, "deny_calls.py");

/** What Docker's and containerd's own filters refuse whoever has no CAP_SYS_ADMIN, as far as a sandbox needs it. */
const CONTAINER_FILTER = [
  "python3",
  denyCalls,
  "EPERM",
  "clone,unshare,setns,mount,umount2,pivot_root,open_tree,move_mount,fsopen,fsconfig,fsmount,fspick,mount_setattr",
  "python3",
  denyCalls,
  "ENOSYS",
  "clone3",
];

/** Namespaces as a rootless container has them: root inside is the caller outside. */
const ROOTLESS = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc"];

/** A rootless container in which a script runs first. */
function container(script: string): string[] {
  return [...ROOTLESS, "sh", "-c", `set -e; ${script}\nexec "$@"`, "sh"];
}

// As runc and crun do it; which of them there are differs by kernel.
const MASK_PROC = `
masked=0
for path in /proc/kcore /proc/keys /proc/timer_list /proc/interrupts /proc/kpagecount; do
  [ ! -e $path ] || { mount --bind /dev/null $path; masked=1; }
done
[ $masked = 1 ]
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys`;

interface Place {
  readonly name: string;
  readonly through: (box: Box) => readonly string[];
  readonly env?: (box: Box) => Readonly<Record<string, string>>;
  /** What tombolo says beside the command. */
  readonly says?: RegExp;
}

/** Containers in which everything is enforced. */
const PLACES: readonly Place[] = [
  { name: "a rootless container", through: () => container(":") },
  {
    name: "a rootless container with parts of /proc masked",
    through: () => container(MASK_PROC),
    says: /no \/proc inside.*systempaths=unconfined \(Docker\).*unmask=ALL \(Podman\)/,
  },
  {
    name: "a container whose filter allows what docs/containers.md adds to Docker's, and no more",
    through: () => [
      ...container(":"),
      "python3",
      denyCalls,
      "EPERM",
      "setns,open_tree,move_mount,fsopen,fsconfig,fsmount,fspick,mount_setattr",
      "python3",
      denyCalls,
      "ENOSYS",
      "clone3",
    ],
  },
  {
    name: "a container with a root file system that cannot be written",
    through: ({ root }) => container(`mount --bind ${root} ${root}; mount -o remount,bind,ro /`),
  },
  {
    name: "a container in which only the work tree and a tmpfs can be written",
    through: ({ root, work }) =>
      container(`mount --bind ${work} ${work}; mount -t tmpfs tmpfs ${root}/scratch
        mount --bind ${root} ${root}; mount --rbind ${work} ${work}
        mount -t tmpfs tmpfs ${root}/scratch; mount -o remount,bind,ro ${root}; mount -o remount,bind,ro /`),
    env: ({ root }) => ({ XDG_STATE_HOME: `${root}/scratch` }),
  },
  {
    name: "a user that /etc/passwd does not know",
    through: () => ["unshare", "--user", "--map-user=12345", "--map-group=12345"],
  },
  {
    name: "a container without control groups",
    through: () => container("mount -t tmpfs -o ro tmpfs /sys/fs/cgroup"),
  },
];

const ESCAPES = `
touch inside
touch ~/outside /etc/outside
cat ~/.ssh/id_rsa
echo "$SECRET_TOKEN"
unshare --user true && echo "made a namespace"
mount -t tmpfs tmpfs /tmp && echo "mounted"
curl --silent --noproxy '*' --max-time 5 "$1" && echo "reached the host"
exit 6`;

/** Runs a command that tries what the policy denies, and looks at what came of it. */
async function assertEnforced(
  box: Box,
  mode: Mode,
  options: RunOptions,
  flags: readonly string[] = [],
): Promise<Outcome> {
  await using server = new WebServer();
  await box.write("home/.ssh/id_rsa", "canary", 0o600);
  const url = `http://127.0.0.1:${server.port}/`;
  const outcome = await box.runIn(mode, flags, ["bash", "-c", ESCAPES, "bash", url], {
    ...options,
    env: { container: "oci", SECRET_TOKEN: "canary", ...options.env },
  });
  assert.equal(outcome.code, 6, outcome.stderr);
  assert.equal(outcome.stdout, "\n");
  assert.deepEqual(await box.list("work"), ["inside"]);
  assert.equal(await box.exists("home/outside"), false);
  return outcome;
}

Deno.test("without tombolo the same container holds none of that", async () => {
  await using box = await Box.create({ ordinaryUser: true });
  await using server = new WebServer();
  await box.write("home/.ssh/id_rsa", "canary", 0o600);
  const command = ["bash", "-c", ESCAPES, "bash", `http://127.0.0.1:${server.port}/`];
  const { code, stdout } = await box.host([...container(":"), ...command], {
    env: { SECRET_TOKEN: "canary" },
  });
  assert.equal(code, 6);
  for (const told of ["canarycanary\n", "made a namespace\n", "mounted\n", "reached the host\n"]) {
    assert.ok(stdout.includes(told), stdout);
  }
  assert.ok(await box.exists("home/outside"));
});

for (const { name, through, env = () => ({}), says } of PLACES) {
  for (const mode of MODES) {
    Deno.test(`${mode.name}: in ${name} everything is enforced`, async () => {
      await using box = await Box.create({ ordinaryUser: true });
      await Deno.mkdir(`${box.root}/scratch`);
      const outcome = await assertEnforced(box, mode, { through: through(box), env: env(box) });
      const notices = said(outcome).filter((line) => !line.startsWith("tombolo: denied net 127.0.0.1:"));
      if (says === undefined) assert.deepEqual(notices, []);
      else assert.match(notices.join("\n"), says);
    });
  }
}

/** One line with the remedy, 125, and nothing that ran. */
function assertRefused({ code, stdout, stderr }: Outcome, says: RegExp): void {
  assert.equal(code, 125, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, /^tombolo: [^\n]+; [^\n]+\n$/);
  assert.match(stderr, says);
}

/** Whether this kernel can stand in for bubblewrap: Landlock of version 3, of 4 where hosts are allowed. */
const landlockVersion = await (async () => {
  const script = "import ctypes; print(ctypes.CDLL(None).syscall(444, None, 0, 1))";
  const { stdout } = await new Deno.Command("python3", { args: ["-c", script] }).output();
  return Number(new TextDecoder().decode(stdout));
})();

interface Refusal {
  readonly name: string;
  readonly through: (box: Box) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly says: RegExp;
}

const NO_NAMESPACES = container("echo 0 >/proc/sys/user/max_user_namespaces");

/** Containers in which bubblewrap builds nothing. */
const REFUSALS: readonly Refusal[] = [
  {
    name: "a rootless container without further user namespaces",
    through: () => NO_NAMESPACES,
    says:
      /namespaces are switched off \(user\.max_user_namespaces is 0\).*sysctl -w user\.max_user_namespaces=15000\n$/,
  },
  {
    name: "a container with the filter of its runtime, as an ordinary user",
    through: () => CONTAINER_FILTER,
    says:
      /may make no user namespaces.*--security-opt seccomp=unconfined \(Kubernetes: securityContext\.seccompProfile\.type: Unconfined\)\n$/,
  },
  {
    name: "a container with the filter of its runtime, as root of a rootless container",
    through: () => [...container(":"), ...CONTAINER_FILTER],
    says: /may make no user namespaces.*--security-opt seccomp=unconfined/,
  },
  {
    name: "a container in which nothing can be written but the work tree",
    through: ({ work }) => container(`mount --bind ${work} ${work}; mount -o remount,bind,ro /`),
    says: /Cannot make directory.*set XDG_STATE_HOME to a directory that you may write\n$/,
  },
  {
    name: "a container without HOME",
    through: () => ["env", "--unset=HOME"],
    says: /HOME is not an absolute path; set HOME/,
  },
  {
    name: "a container without HOME whose state goes elsewhere",
    through: ({ root }) => ["env", "--unset=HOME", `XDG_STATE_HOME=${root}/scratch`],
    says: /HOME is not an absolute path; set HOME/,
  },
];

for (const { name, through, says } of REFUSALS) {
  for (const mode of MODES) {
    Deno.test(`${mode.name}: in ${name} the remedy is said and nothing runs`, async () => {
      await using box = await Box.create({ ordinaryUser: true });
      await Deno.mkdir(`${box.root}/scratch`);
      if (isRoot) await Deno.chown(`${box.root}/scratch`, 65534, 65534);
      const outcome = await box.runIn(mode, ["--backend=bubblewrap"], ["touch", "ran"], {
        through: through(box),
        env: { container: "oci" },
      });
      assertRefused(outcome, says);
      assert.deepEqual(await box.list("work"), []);
      assert.deepEqual(await box.runDirectories(), []);
    });
  }
}

/** Places without namespaces, where Landlock stands in. */
const WITHOUT_NAMESPACES: readonly Pick<Refusal, "name" | "through">[] = REFUSALS.filter(({ says }) =>
  says.source.includes("namespaces")
);
const NO_LANDLOCK = [
  "python3",
  denyCalls,
  "ENOSYS",
  "landlock_create_ruleset,landlock_add_rule,landlock_restrict_self",
];

for (const { name, through } of WITHOUT_NAMESPACES) {
  for (const mode of MODES) {
    const isGateway = mode.name === "gateway";
    Deno.test({
      name: `${mode.name}: in ${name} Landlock enforces everything (needs Landlock 4)`,
      ignore: landlockVersion < 4,
      async fn() {
        await using box = await Box.create({ ordinaryUser: true });
        const flags = isGateway ? ["--weaker-network"] : [];
        const outcome = await assertEnforced(box, mode, { through: through(box) }, flags);
        assert.match(said(outcome).join("\n"), /^tombolo: Landlock stands in for bubblewrap: /);
        assert.equal(said(outcome).some((line) => line.includes("--weaker-network")), isGateway);
      },
    });
  }

  Deno.test({
    name: `in ${name} hosts are refused until the network may be weaker (needs Landlock 4)`,
    ignore: landlockVersion < 4,
    async fn() {
      await using box = await Box.create({ ordinaryUser: true });
      await using server = new WebServer();
      const url = `http://web.test:${server.port}/`;
      const flags = [
        "--resolve=web.test:127.0.0.1",
        `--allow-net=web.test:${server.port},127.0.0.1:${server.port}`,
      ];
      const options: RunOptions = { through: through(box), env: { container: "oci" } };
      const refused = await box.run(flags, ["touch", "ran"], options);
      assertRefused(refused, /; or accept that with --weaker-network, or allow no host\n$/);
      assert.deepEqual(await box.list("work"), []);
      const allowed = await box.run([...flags, "--weaker-network"], ["curl", "--silent", url], options);
      assert.match(allowed.stdout, /^hello/, allowed.stderr);
      const other = await box.run(
        [...flags, "--weaker-network"],
        ["curl", "--silent", "--fail", "http://other.test/"],
        options,
      );
      assert.notEqual(other.code, 0);
      assert.deepEqual(server.requests, ["GET / 0"]);
    },
  });

  for (const mode of MODES) {
    Deno.test(`${mode.name}: in ${name} without Landlock both remedies are said and nothing runs`, async () => {
      await using box = await Box.create({ ordinaryUser: true });
      const outcome = await box.runIn(mode, ["--weaker-network"], ["touch", "ran"], {
        through: [...through(box), ...NO_LANDLOCK],
        env: { container: "oci" },
      });
      assertRefused(outcome, /; and Landlock cannot stand in: Landlock of version 3 is needed/);
      assert.match(
        outcome.stderr,
        /(sysctl -w user\.max_user_namespaces|seccomp=unconfined).*; or Linux 6\.2 or later/,
      );
      assert.deepEqual(await box.list("work"), []);
      assert.deepEqual(await box.runDirectories(), []);
    });
  }
}

for (const mode of MODES) {
  Deno.test(`${mode.name}: without control groups memory is limited by process`, async () => {
    await using box = await Box.create({ ordinaryUser: true });
    const through = container("mount -t tmpfs -o ro tmpfs /sys/fs/cgroup");
    const outcome = await box.runIn(mode, ["--max-memory=1GiB"], ["sh", "-c", "ulimit -d"], { through });
    assert.equal(outcome.stdout, "1048576\n", outcome.stderr);
  });
}
