import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { denoCalls } from "./deno_calls.ts";
import { permissionFlags, toolPermissions } from "./permission_flags.ts";
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

const NEVER = `
## What it never asks for

- \`--allow-all\` (\`-A\`), \`--allow-ffi\`, \`--allow-import\`, and no other \`--allow-sys\` than these.
- \`--allow-run\` without a list, or for another program than \`/bin/sh\`.

\`bin/tombolo\`, the npm package and the binaries also pass \`--no-prompt\`. Without a permission of the list
tombolo does not start, with one line that names the flag and exit status 125.

## stage2 and the worker

Two more programs run under Deno, both inside the sandbox, where the kernel holds them as it holds the command:

- stage2 has \`--allow-ffi\`, to lock itself down by system calls (\`seccomp\`, \`landlock_restrict_self\`,
  \`close_range\`) before it becomes the command; \`--allow-env\`; and to read \`/run/tombolo\`, and to connect to
  \`127.0.0.1\` and the gateway's socket there.
- The worker may read and write what the policy allows in its root, less what it denies there; nothing else.

## How this is checked

This page is written by \`deno task permissions\` from \`deno.json\` and from the calls in the sources. Tests fail
where the page is out of date; where a module, or a package that it imports, uses a call of Deno's that nobody
has looked up, or one whose permission is not listed; where tombolo starts without one of the permissions; and
where a run asks Deno for any other (\`DENO_AUDIT_PERMISSIONS\`).
`;

/** The modules of tombolo: those that its main module reaches, by path. */
export async function toolModules(): Promise<string[]> {
  const { modules } = JSON.parse(await runDeno(["info", "--quiet", "--json", "main.ts"])) as {
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
  for (const path of await toolModules()) {
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

/** The permissions that tombolo runs with, one each, as in a flag: `read`, `run=/bin/sh`, `sys=uid`. */
export async function listedPermissions(): Promise<string[]> {
  return Object.entries(await toolPermissions(ROOT)).flatMap(([name, value]) =>
    value === true ? [name] : value === false ? [] : value.map((each) => `${name}=${each}`)
  );
}

/** The text of docs/permissions.md, before it is formatted. */
export async function permissionPage(): Promise<string> {
  const flags = permissionFlags(await toolPermissions(ROOT));
  const uses = await usesByPermission();
  const listed = await listedPermissions();
  const why = (permission: string) => {
    const reason = REASONS[permission];
    if (reason === undefined) throw new TypeError(`Cannot say why tombolo needs --allow-${permission}`);
    return reason;
  };
  return [
    "# Permissions\n\n",
    "<!-- Written by `deno task permissions`. Do not edit. -->\n\n",
    "tombolo runs under Deno's own permissions. These are all of them:\n\n",
    "```sh no-run: needs an address\n",
    `deno run ${flags.slice(0, 4).join(" ")} \\\n  ${flags.slice(4).join(" ")} URL\n`,
    "```\n\n",
    "A binary has them compiled in. They bound tombolo itself; what a command may do, the policy says.\n\n",
    "| flag | why |\n| --- | --- |\n",
    ...listed.map((permission) => `| \`--allow-${permission}\` | ${why(permission)} |\n`),
    NEVER,
    "\n## Which module uses it\n",
    ...listed.flatMap((permission) => [
      `\n### --allow-${permission}\n\n`,
      ...(uses.get(permission) ?? uses.get(permission.replace(/=\/.*/, "")) ?? []),
    ]),
  ].join("");
}
