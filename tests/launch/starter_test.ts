import assert from "node:assert/strict";
import { permissionFlags, stage2Permissions } from "../../bin/permission_flags.ts";
import { ROOT } from "../../bin/run_deno.ts";
import { proxyEnvironment } from "../../lib/egress/proxy_environment.ts";
import { sshProxyCommand } from "../../lib/launch/ssh_proxy_command.ts";
import { type Start, type StartContext, starterOf } from "../../lib/launch/starter.ts";
import { START_SCRIPT } from "../../lib/launch/start_script.ts";
import { makePlan } from "../../lib/plan/make_plan.ts";
import type { PlanRequest } from "../../lib/plan/plan_request.ts";
import type { Plan } from "../../lib/plan/plan.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { commandEnvironment } from "../../stage2/command_environment.ts";
import { ip } from "../egress/fixtures/net_policy.ts";
import { FakeTree, hostFacts, pathPolicy } from "../plan/facts.ts";

const CONTEXT: StartContext = {
  bwrap: "/usr/bin/bwrap",
  status: "/run/status",
  seccomp: "/state/filter",
  socket: "/run/gateway.sock",
  publishSocket: "/run/publish.sock",
  orders: "/run/launch.json",
  masks: { maskFile: "/state/mask/file", maskDirectory: "/state/mask/directory" },
  openFiles: undefined,
};

function planOf(
  environment: Readonly<Record<string, string>>,
  given: { readonly network?: boolean } & Partial<PlanRequest> = {},
): Plan {
  const policy = pathPolicy({ readAllow: ["/"] }, {
    base: "workspace",
    net: {
      allow: [],
      deny: [],
      resolve: new Map(),
      ...(given.network === true ? { allowAll: { text: "all", origin: "--allow-net" } } : {}),
    },
  });
  const tree = new FakeTree(["/usr/bin/env", "/tmp/", "/run/", "/dev/", "/proc/"]);
  const { network: _, ...request } = given;
  return makePlan(policy, hostFacts({ tree, policy, env: "/usr/bin/env" }), {
    command: ["prog", "arg"],
    environment: new Map(Object.entries(environment)),
    cwdNamed: false,
    runtime: { deno: "/deno", stage2: "/stage2.js" },
    ...request,
  });
}

// What bubblewrap executes inside.
function inner(args: readonly string[]): readonly string[] {
  const from = args.indexOf("/usr/bin/bwrap");
  return args.slice(args.indexOf("--", from) + 1);
}

Deno.test("a direct start hands the shell the filter, the status file and bubblewrap, and env the command", () => {
  const { args, env } = starterOf(planOf({ PATH: "/bin" }), CONTEXT);
  assert.deepEqual(args.slice(0, 6), ["-c", START_SCRIPT, "sh", "/state/filter", "/run/status", "-"]);
  assert.ok(args.indexOf("/usr/bin/bwrap") >= 6);
  assert.deepEqual(inner(args), ["/usr/bin/env", "--default-signal", "prog", "arg"]);
  assert.deepEqual(env, { PATH: "/bin" });
});

Deno.test("orders reach bubblewrap through a descriptor, and stage2 by the name of their file", () => {
  const plan = { ...planOf({}, { stage2: true }), orders: { execute: ["/bin/x"] } };
  const { args, env } = starterOf(plan, CONTEXT);
  assert.equal(args[6], "/run/launch.json");
  assert.equal(env["TOMBOLO_STAGE2_ORDERS"], "/run/tombolo/launch.json");
  const none = starterOf(planOf({}, { stage2: true }), CONTEXT);
  assert.equal(none.args[6], "-");
  assert.equal("TOMBOLO_STAGE2_ORDERS" in none.env, false);
});

Deno.test("the caller's limit of open files is given back", () => {
  assert.equal(starterOf(planOf({}), { ...CONTEXT, openFiles: "1024" }).args[5], "1024");
  const stage2 = starterOf(planOf({}, { stage2: true }), { ...CONTEXT, openFiles: "1024" });
  assert.equal(stage2.env["TOMBOLO_STAGE2_NOFILE"], "1024");
  assert.equal("TOMBOLO_STAGE2_NOFILE" in starterOf(planOf({}, { stage2: true }), CONTEXT).env, false);
});

Deno.test("without network stage2 launches alone, and the shell gets no filter", () => {
  const { args } = starterOf(planOf({}, { stage2: true }), CONTEXT);
  assert.equal(args[3], "-");
  const command = inner(args);
  assert.equal(command[0], "/run/tombolo/deno");
  assert.deepEqual(command.slice(-4), ["launch", "--", "prog", "arg"]);
  assert.ok(!command.includes("--allow-all") && !command.includes("-A") && !command.includes("--allow-run"));
});

Deno.test("a stage2 that is a program gets its role alone: its flags and permissions are compiled in", () => {
  const runtime = { stage2: "/state/stage2" };
  const alone = inner(starterOf(planOf({}, { stage2: true, runtime }), CONTEXT).args);
  assert.deepEqual(alone, ["/run/tombolo/stage2", "launch", "--", "prog", "arg"]);
  const plan = planOf({}, { network: true, runtime });
  const { args, env } = starterOf(plan, CONTEXT);
  assert.deepEqual(inner(args), ["/run/tombolo/stage2", "start", "--", "prog", "arg"]);
  const rest = JSON.parse(env["TOMBOLO_STAGE2_ENV"] ?? "") as Record<string, string>;
  assert.match(
    rest["TOMBOLO_SSH_PROXY_COMMAND"] ?? "",
    /^env -i .* \/run\/tombolo\/stage2 dial \{TOMBOLO_PORT\} %h %p$/,
  );
});

/** The lists of permissions among flags. */
function granted(flags: readonly string[]): Map<string, readonly string[] | true> {
  return new Map(
    flags.filter((flag) => flag.startsWith("--allow-")).map((flag) => {
      const [name = "", list] = flag.split("=");
      return [name, list?.split(",") ?? true] as const;
    }),
  );
}

Deno.test("what is compiled into stage2 is what a Deno is given for it, for all that a plan can ask", async () => {
  const set = granted(permissionFlags(await stage2Permissions(ROOT)));
  const plan = planOf({}, { network: true });
  const publish = {
    text: "8000",
    origin: "--publish",
    address: ip("127.0.0.1"),
    hostPort: 8000,
    innerPort: 8000,
  };
  const published = { ...plan, net: { ...plan.net, publish: [publish] } };
  const given = granted(inner(starterOf(published, CONTEXT).args));
  assert.deepEqual([...set.keys()].sort(), [...given.keys()].sort());
  for (const [name, list] of given) {
    // There a port at a time.
    const wanted = list === true ? true : list.map((each) => each === "[::1]:8000" ? "[::1]" : each);
    assert.deepEqual(set.get(name), wanted, name);
  }
});

Deno.test("with the gateway stage2 starts the command, which is its parameters as they are", () => {
  const { args, env } = starterOf(
    planOf({}, { network: true, command: ["p", "$(x)", "a b", "--"] }),
    CONTEXT,
  );
  const words = inner(args);
  assert.deepEqual(words.slice(words.indexOf("start")), ["start", "--", "p", "$(x)", "a b", "--"]);
  assert.equal(env["TOMBOLO_STAGE2_SOCKET"], "/run/tombolo/gateway.sock");
});

const LOADERS = [
  "LD_PRELOAD",
  "LD_LIBRARY_PATH",
  "LD_AUDIT",
  "GLIBC_TUNABLES",
  "NODE_OPTIONS",
  "NODE_EXTRA_CA_CERTS",
  "DENO_DIR",
  "DENO_CERT",
  "DENO_V8_FLAGS",
  "BASH_ENV",
  "ENV",
  "IFS",
  "SSL_CERT_FILE",
  "MALLOC_PERTURB_",
  "TOMBOLO_STAGE2_ENV",
  "TOMBOLO_STAGE2_SECCOMP",
  "BASH_FUNC_trap%%",
  "with space",
];

Deno.test("variables that a loader, a shell or a runtime reads never stand in bubblewrap's environment", () => {
  const hostile = Object.fromEntries(LOADERS.map((name) => [name, "hostile"]));
  for (const network of [false, true]) {
    const plan = planOf({ ...hostile, PATH: "/bin" }, { network });
    assert.equal(plan.launcher.kind, "stage2");
    const { env } = starterOf(plan, CONTEXT);
    assert.ok(!Object.values(env).includes("hostile"));
    const passed = JSON.parse(env["TOMBOLO_STAGE2_ENV"] ?? "") as Record<string, string>;
    const { NODE_USE_ENV_PROXY: node, TOMBOLO_SSH_PROXY_COMMAND: ssh, ...rest } = passed;
    assert.deepEqual(rest, hostile);
    assert.deepEqual([node, typeof ssh], network ? ["1", "string"] : [undefined, "undefined"]);
    assert.equal(env["PATH"], "/bin");
    assert.equal(env["TOMBOLO_STAGE2_SECCOMP"], "/run/tombolo/seccomp.bpf");
    assert.equal(env["DENO_DIR"], "/run/tombolo/no-cache");
  }
});

Deno.test("what stage2 needs for itself is on the list of what it takes out again", () => {
  const { env } = starterOf(planOf({}, { stage2: true }), CONTEXT);
  const own = Object.keys(env).filter((name) => !name.startsWith("TOMBOLO_STAGE2_"));
  assert.deepEqual(new Set(env["TOMBOLO_STAGE2_UNSET"]?.split(",")), new Set(own));
});

Deno.test("the gateway's variables are there with their list, without it they are not", () => {
  const { env } = starterOf(planOf({}, { network: true }), CONTEXT);
  const urls = env["TOMBOLO_STAGE2_REWRITE"]?.split(",") ?? [];
  assert.ok(urls.includes("HTTPS_PROXY") && urls.includes("ALL_PROXY"));
  for (const name of urls) assert.match(env[name] ?? "", /^(?:http|socks5h):\/\/127\.0\.0\.1:0$/, name);
  const rest = JSON.parse(env["TOMBOLO_STAGE2_ENV"] ?? "") as Record<string, string>;
  const texts = env["TOMBOLO_STAGE2_TEMPLATE"]?.split(",") ?? [];
  assert.ok(texts.includes("JAVA_TOOL_OPTIONS") && texts.includes("GIT_SSH_COMMAND"));
  for (const name of texts) assert.match(env[name] ?? rest[name] ?? "", /\{TOMBOLO_PORT\}/, name);
  const none = starterOf(planOf({}, { stage2: true }), CONTEXT).env;
  assert.deepEqual(Object.keys(none).filter((name) => /proxy|REWRITE|TEMPLATE|SOCKET/i.test(name)), []);
});

Deno.test("what the starter hands over becomes inside the environment of a proxy at the inner port", () => {
  const own = { PATH: "/bin", JAVA_TOOL_OPTIONS: "-Xmx1g", HTTPS_PROXY: "http://own:1", "with space": "x" };
  const plan = planOf(own, { network: true });
  const inside = commandEnvironment(starterOf(plan, CONTEXT).env, 4242);
  assert.ok(plan.launcher.kind === "stage2");
  const proxy = proxyEnvironment(
    { port: 4242, sshProxyCommand: sshProxyCommand(plan.launcher) },
    new Map(Object.entries(own)),
  );
  assert.deepEqual(
    Object.fromEntries(inside),
    { ...own, ...Object.fromEntries(proxy) },
  );
  assert.match(inside.get("JAVA_TOOL_OPTIONS") ?? "", /-Dhttp\.proxyPort=4242 .* -Xmx1g$/);
});

Deno.test("the ProxyCommand of ssh calls the runtime as stage2 is called, where the host is hidden too", () => {
  const shown = starterOf(planOf({}, { network: true }), CONTEXT);
  const command = (start: Start) =>
    JSON.parse(start.env["TOMBOLO_STAGE2_ENV"] ?? "") as Record<string, string>;
  const name = "TOMBOLO_SSH_PROXY_COMMAND";
  assert.match(command(shown)[name] ?? "", / \/run\/tombolo\/deno run .* dial \{TOMBOLO_PORT\} %h %p$/);
  const policy = pathPolicy({}, {
    net: { allow: [], deny: [], resolve: new Map(), allowAll: { text: "all", origin: "--allow-net" } },
  });
  const plan = makePlan(
    policy,
    hostFacts({ tree: new FakeTree(["/tmp/", "/run/", "/dev/", "/proc/"]), policy }),
    {
      command: ["ssh"],
      environment: new Map(),
      cwdNamed: false,
      runtime: { deno: "/deno", stage2: "/stage2.js", libraries: ["/lib/ld-linux.so.2", "/lib/libc.so.6"] },
    },
  );
  assert.match(
    command(starterOf(plan, CONTEXT))[name] ?? "",
    / \/run\/tombolo\/lib\/loader --library-path \/run\/tombolo\/lib \/run\/tombolo\/deno run /,
  );
});

Deno.test("a proxy variable that the user set stays as it is and is not rewritten", () => {
  const { env } = starterOf(planOf({ HTTPS_PROXY: "http://own:1" }, { network: true }), CONTEXT);
  assert.equal(env["HTTPS_PROXY"], "http://own:1");
  const list = env["TOMBOLO_STAGE2_REWRITE"]?.split(",") ?? [];
  assert.ok(!list.includes("HTTPS_PROXY"));
  assert.ok(list.includes("https_proxy"));
});

Deno.test("more than one variable can hold is refused before anything is started", () => {
  const refused = (text: string) => {
    try {
      starterOf(planOf({ LD_X: text }), CONTEXT);
      return false;
    } catch (error) {
      assert.ok(error instanceof TomboloError && error.status === 125);
      assert.match(error.message, /larger than 128 KiB/);
      return true;
    }
  };
  // execve takes 128 KiB with the name, the = and the final NUL; JSON adds {"LD_X":""}.
  const most = 128 * 1024 - 1 - "TOMBOLO_STAGE2_ENV=".length - '{"LD_X":""}'.length;
  assert.ok(!refused("x".repeat(most)));
  assert.ok(refused("x".repeat(most + 1)));
  assert.ok(refused("\u00e9".repeat(most / 2 + 1)), "bytes count, not characters");
});

Deno.test("a variable of the longest size can really be handed to a program", async () => {
  const most = 128 * 1024 - 1 - "TOMBOLO_STAGE2_ENV=".length - '{"LD_X":""}'.length;
  const { env } = starterOf(planOf({ LD_X: "x".repeat(most) }), CONTEXT);
  const { stdout } = await new Deno.Command("/bin/sh", {
    args: ["-c", "echo ${#TOMBOLO_STAGE2_ENV}"],
    clearEnv: true,
    env: { TOMBOLO_STAGE2_ENV: env["TOMBOLO_STAGE2_ENV"] ?? "" },
  }).output();
  assert.equal(new TextDecoder().decode(stdout).trim(), String(most + '{"LD_X":""}'.length));
});
