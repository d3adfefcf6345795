import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { denoCalls } from "./deno_calls.ts";
import {
  permissionFlags,
  type PermissionSet,
  stage2Permissions,
  toolPermissions,
} from "./permission_flags.ts";
import { ROOT, runDeno } from "./run_deno.ts";

/** Why tombolo has each permission, and what it makes of it. */
const REASONS: Readonly<Record<string, string>> = {
  read:
    "Policy files, the tree that is to be guarded, `.git`, what the host is (`PATH`, bubblewrap, links), " +
    "tombolo's own state. Where the policy reaches cannot be said before it is read, so this is not a list.",
  write:
    "The state directory, the gateway's socket, files that hand the plan to bubblewrap, `--events`, missing " +
    "caches of presets, and what is set aside at the end, wherever the policy lets a command write. Deno also asks " +
    "for it before it connects to a unix socket.",
  "run=/bin/sh":
    "The one program that tombolo itself starts: a shell that closes descriptors, sets limits and then " +
    "becomes bubblewrap, Seatbelt, or an external proxy. Deno can do neither by itself.",
  env:
    "The command's environment is chosen from the caller's by rules with patterns (`LC_*`), so all names are read; " +
    "none is changed.",
  net:
    "The gateway: it listens, resolves names, and dials the hosts that the policy allows and no others. Which " +
    "these are is known only from the policy. Without rules about hosts nothing is opened.",
  "sys=networkInterfaces": "This machine's own addresses, which no name may lead to unless a rule says so.",
  "sys=osRelease":
    "The kernel's version: what it can enforce, and which answer of a probe may be remembered.",
  "sys=uid": "Whose files are trusted: links and programs that another user could change are refused.",
};

/** The same of stage2. */
const STAGE2_REASONS: Readonly<Record<string, string>> = {
  ffi:
    "The system calls by which it locks itself down (`seccomp`, `landlock_restrict_self`, `close_range`) before it " +
    "becomes the command, or watches over it.",
  env: "Its own orders, and the environment that it hands to the command.",
  "read=/run/tombolo": "The filter and the orders. On the host tombolo has nothing there.",
  "write=/run/tombolo/gateway.sock": "Deno asks for it before it connects to a unix socket.",
  "write=/run/tombolo/publish.sock": "The same, where ports are published.",
  "net=127.0.0.1":
    "The port inside that leads to the gateway, and servers of the command that are published.",
  "net=[::1]":
    "The same servers, where they listen there. A Deno that runs stage2 gets the published ports alone.",
  "net=unix:/run/tombolo/gateway.sock": "The gateway.",
  "net=unix:/run/tombolo/publish.sock": "What the host sends to published ports.",
};

const NEVER = `
## What it never asks for

- \`--allow-all\` (\`-A\`), \`--allow-ffi\`, \`--allow-import\`, and no other \`--allow-sys\` than these.
- \`--allow-run\` without a list, or for another program than \`/bin/sh\`.

\`bin/tombolo\`, the npm package and the binaries also pass \`--no-prompt\`. Without a permission of the list
tombolo does not start, with one line that names the flag and exit status 125.

## stage2

stage2 is a program of its own. It runs inside the sandbox, where the kernel holds it as it holds the command; with
Landlock it starts outside, and confines what it starts. A binary holds it compiled, with these permissions in it; a
Deno that runs it is given them as flags, and fewer where a role needs fewer:
`;

const CHECKED = `
## The worker

The worker runs under a Deno inside the sandbox. It may read and write what the policy allows in its root, less what
it denies there; nothing else. That is another list for each run, so no binary can have it compiled in.

## How this is checked

This page is written by \`deno task permissions\` from \`deno.json\` and from the calls in the sources. Tests fail
where the page is out of date; where a module of tombolo or of stage2, or a package, uses a call of Deno's that nobody
has looked up, or one whose permission is not listed; where tombolo starts without one of the permissions; and
where a run asks Deno for any other (\`DENO_AUDIT_PERMISSIONS\`).
`;

/** The modules of a program: those that its main module reaches, by path. */
export async function modulesOf(main: "main.ts" | "stage2/main.ts"): Promise<string[]> {
  const { modules } = JSON.parse(await runDeno(["info", "--quiet", "--json", main])) as {
    modules: { specifier: string }[];
  };
  return modules.filter(({ specifier }) => specifier.startsWith("file:"))
    .map(({ specifier }) => relative(ROOT, fileURLToPath(specifier)))
    .filter((path) => /\.[jt]s$/.test(path))
    .sort();
}

/** Which module uses which calls, by permission. */
async function usesByPermission(): Promise<Map<string, string[]>> {
  const uses = new Map<string, string[]>();
  for (const path of await modulesOf("main.ts")) {
    const found = new Map<string, string[]>();
    for (const { name, permissions } of denoCalls(await Deno.readTextFile(`${ROOT}/${path}`))) {
      for (const permission of permissions ?? ["unknown"]) {
        found.set(permission, [...found.get(permission) ?? [], name.replace("Deno.", "")]);
      }
    }
    for (const [permission, names] of found) {
      uses.set(permission, [...uses.get(permission) ?? [], `- \`${path}\`: ${names.join(", ")}\n`]);
    }
  }
  return uses;
}

/** The permissions of a set, one each, as in a flag: `read`, `run=/bin/sh`, `sys=uid`. */
export function listed(set: PermissionSet): string[] {
  return Object.entries(set).flatMap(([name, value]) =>
    value === true ? [name] : value === false ? [] : value.map((each) => `${name}=${each}`)
  );
}

function table(permissions: readonly string[], reasons: Readonly<Record<string, string>>): string[] {
  const why = (permission: string) => {
    const reason = reasons[permission];
    if (reason === undefined) throw new TypeError(`Cannot say what needs --allow-${permission}`);
    return reason;
  };
  return [
    "| flag | why |\n| --- | --- |\n",
    ...permissions.map((permission) => `| \`--allow-${permission}\` | ${why(permission)} |\n`),
  ];
}

/** The text of docs/permissions.md, before it is formatted. */
export async function permissionPage(): Promise<string> {
  const flags = permissionFlags(await toolPermissions(ROOT));
  const uses = await usesByPermission();
  const permissions = listed(await toolPermissions(ROOT));
  return [
    "# Permissions\n\n",
    "<!-- Written by `deno task permissions`. Do not edit. -->\n\n",
    "tombolo runs under Deno's own permissions. These are all of them:\n\n",
    "```sh no-run: needs an address\n",
    `deno run ${flags.slice(0, 4).join(" ")} \\\n  ${flags.slice(4).join(" ")} URL\n`,
    "```\n\n",
    "A binary has them compiled in. They bound tombolo itself; what a command may do, the policy says.\n\n",
    ...table(permissions, REASONS),
    NEVER,
    ...table(listed(await stage2Permissions(ROOT)), STAGE2_REASONS),
    CHECKED,
    "\n## Which module uses it\n",
    ...permissions.flatMap((permission) => [
      `\n### --allow-${permission}\n\n`,
      ...(uses.get(permission) ?? uses.get(permission.replace(/=\/.*/, "")) ?? []),
    ]),
  ].join("");
}
