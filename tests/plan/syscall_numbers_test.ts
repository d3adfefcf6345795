import assert from "node:assert/strict";
import { SYSCALL_NUMBERS } from "../../lib/plan/seccomp/syscalls.ts";
import { CALL_NUMBERS } from "../../stage2/system_call.ts";

const ARCHES = ["x86_64", "aarch64"] as const;

/** Ours that the kernel's tables call otherwise. */
const KERNEL_NAMES: Readonly<Record<string, string>> = { access: "faccessat", prlimit: "prlimit64" };

/** libseccomp 2.5.4, which Debian 12 has, knows the calls of Linux 5.17, up to this one. */
const NEWEST_KNOWN = 450;

/** From here on a call has the same number everywhere (asm-generic/unistd.h of Linux 5.1). */
const FIRST_COMMON_NUMBER = 424;

function resolve(arch: string, name: string): number | undefined {
  try {
    const { stdout } = new Deno.Command("scmp_sys_resolver", { args: ["-a", arch, name] }).outputSync();
    return Number(new TextDecoder().decode(stdout));
  } catch {
    return undefined;
  }
}

const hasResolver = resolve("x86_64", "read") === 0;

type Table = Readonly<Record<string, readonly [x86: number, arm: number | undefined]>>;

const TABLES: Readonly<Record<string, Table>> = { "the filter": SYSCALL_NUMBERS, stage2: CALL_NUMBERS };

for (const [owner, table] of Object.entries(TABLES)) {
  for (const [column, arch] of ARCHES.entries()) {
    Deno.test({
      name:
        `${arch}: libseccomp knows the system calls of ${owner} by the same numbers (needs scmp_sys_resolver)`,
      ignore: !hasResolver,
      fn() {
        for (const [name, numbers] of Object.entries(table)) {
          const known = resolve(arch, KERNEL_NAMES[name] ?? name);
          const number = numbers[column];
          if (number === undefined) assert.ok(known !== undefined && known < 0, name);
          else if (number <= NEWEST_KNOWN || known !== -1) assert.equal(number, known, name);
        }
      },
    });
  }

  Deno.test(`${owner} calls by one number everywhere what came with or after Linux 5.1`, () => {
    for (const [name, [x86, arm]] of Object.entries(table)) {
      if (Math.max(x86, arm ?? 0) >= FIRST_COMMON_NUMBER) assert.equal(x86, arm, name);
    }
  });
}

Deno.test("the filter and stage2 agree on the numbers of the calls that both know", () => {
  const filtered = new Map(Object.entries<Table[string]>(SYSCALL_NUMBERS));
  const shared = Object.entries(CALL_NUMBERS).filter(([name]) => filtered.has(name));
  assert.ok(shared.length > 0);
  for (const [name, numbers] of shared) assert.deepEqual(numbers, filtered.get(name), name);
});
