import assert from "node:assert/strict";
import { seccompProgram } from "../../lib/plan/seccomp/program.ts";
import type { SeccompArch } from "../../lib/plan/seccomp/syscalls.ts";
import { type WithoutNamespaces, withoutNamespacesRules } from "../../lib/plan/seccomp/without_namespaces.ts";
import { interpret } from "./seccomp_interpreter.ts";

const ALLOW = 0x7fff0000;
const EPERM = 0x00050001;
const HIGH = 0x100000000n;
const AUDIT: Readonly<Record<SeccompArch, number>> = { x86_64: 0xc000003e, aarch64: 0xc00000b7 };

/** Name, x86_64 number, aarch64 number: written down a second time, from the kernel's tables. */
type Numbers = readonly [x86: number, arm: number | undefined];

const IPC: readonly Numbers[] = [[29, 194], [30, 196], [31, 195], [64, 190], [68, 186], [69, 189], [
  240,
  180,
]];
const ATTRIBUTES: readonly Numbers[] = [
  [90, undefined], // chmod
  [91, 52],
  [268, 53],
  [452, 452],
  [92, undefined], // chown
  [93, 55],
  [260, 54],
  [188, 5], // setxattr
  [190, 7],
  [197, 14], // removexattr
  [469, 469], // file_setattr
];
const OF_A_PROCESS: readonly Numbers[] = [[302, 261], [203, 122], [314, 274], [142, 118], [144, 119]];

function verdictOf(
  arch: SeccompArch,
  options: WithoutNamespaces,
  [x86, arm]: Numbers,
  args: readonly bigint[] = [],
): number | undefined {
  const number = arch === "x86_64" ? x86 : arm;
  if (number === undefined) return undefined;
  const program = seccompProgram(
    { arch, allowUnix: false, refuseGroupSignals: true, withoutNamespaces: options },
    withoutNamespacesRules(options, arch),
  );
  return interpret(program, { arch: AUDIT[arch], number, args });
}

const CLOSED: WithoutNamespaces = { inet: "none", attributes: false };
const TCP: WithoutNamespaces = { inet: "tcp", attributes: false };
const OPEN: WithoutNamespaces = { inet: "none", attributes: true };
const SOCKET: Numbers = [41, 198];

for (const arch of ["x86_64", "aarch64"] as const) {
  Deno.test(`${arch}, no namespaces: P8 shared memory, queues and semaphores of the host give EPERM`, () => {
    for (const numbers of IPC) assert.equal(verdictOf(arch, OPEN, numbers), EPERM, String(numbers));
  });

  Deno.test(`${arch}, no namespaces: M11 owners, modes and attributes give EPERM unless they are allowed`, () => {
    for (const numbers of ATTRIBUTES) {
      const here = verdictOf(arch, CLOSED, numbers);
      if (here === undefined) continue;
      assert.equal(here, EPERM, String(numbers));
      assert.equal(verdictOf(arch, OPEN, numbers), ALLOW, String(numbers));
    }
    for (const request of [0x40086602n, 0x401c5820n, 0x40806685n]) {
      assert.equal(verdictOf(arch, CLOSED, [16, 29], [3n, request | HIGH]), EPERM);
      assert.equal(verdictOf(arch, OPEN, [16, 29], [3n, request]), ALLOW);
    }
  });

  Deno.test(`${arch}, no namespaces: M11 times can be set to now alone`, () => {
    const utimensat: Numbers = [280, 88];
    assert.equal(verdictOf(arch, CLOSED, utimensat, [3n, 0n, 0n, 0n]), ALLOW);
    assert.equal(verdictOf(arch, CLOSED, utimensat, [3n, 0n, 0x1000n, 0n]), EPERM);
    assert.equal(verdictOf(arch, CLOSED, utimensat, [3n, 0n, HIGH, 0n]), EPERM);
    assert.equal(verdictOf(arch, OPEN, utimensat, [3n, 0n, HIGH, 0n]), ALLOW);
  });

  Deno.test(`${arch}, no namespaces: no socket of any family without network, streams of TCP alone with it`, () => {
    for (let family = 0n; family < 48n; family++) {
      assert.equal(verdictOf(arch, CLOSED, SOCKET, [family, 1n, 0n]), EPERM, `family ${family}`);
      const wanted = family === 2n || family === 10n ? ALLOW : EPERM;
      assert.equal(verdictOf(arch, TCP, SOCKET, [family, 0x80801n, 0n]), wanted, `family ${family}`);
    }
    for (const type of [0n, 2n, 3n, 4n, 5n, 6n, 10n]) {
      assert.equal(verdictOf(arch, TCP, SOCKET, [2n, type, 0n]), EPERM, `type ${type}`);
    }
    assert.equal(verdictOf(arch, TCP, SOCKET, [2n, 1n, 6n]), ALLOW);
    // SCTP, MPTCP
    for (const protocol of [132n, 262n]) {
      assert.equal(verdictOf(arch, TCP, SOCKET, [2n, 1n, protocol]), EPERM);
    }
  });

  Deno.test(`${arch}, no namespaces: a first message cannot connect, and listening cannot bind`, () => {
    for (const [numbers, at] of [[[44, 206], 3], [[46, 211], 2], [[307, 269], 3]] as const) {
      const args = (flags: bigint) => Array.from({ length: 6 }, (_, index) => index === at ? flags : 0n);
      assert.equal(verdictOf(arch, TCP, numbers, args(0x20000000n | 0x4000n)), EPERM);
      assert.equal(verdictOf(arch, TCP, numbers, args(0x4000n)), ALLOW);
    }
    assert.equal(verdictOf(arch, TCP, [50, 201]), EPERM);
  });

  Deno.test(`${arch}, no namespaces: limits and priorities are changed of the caller alone`, () => {
    for (const numbers of OF_A_PROCESS) {
      assert.equal(verdictOf(arch, OPEN, numbers, [0n]), ALLOW, String(numbers));
      assert.equal(verdictOf(arch, OPEN, numbers, [1234n]), EPERM, String(numbers));
    }
    assert.equal(verdictOf(arch, OPEN, [141, 140], [0n, 0n, 5n]), ALLOW);
    for (const args of [[0n, 1234n], [1n, 0n], [1n, 9n], [2n, 0n]]) {
      assert.equal(verdictOf(arch, OPEN, [141, 140], args), EPERM, String(args));
      assert.equal(
        verdictOf(arch, OPEN, [251, 30], [(args[0] ?? 0n) + 1n, args[1] ?? 0n]),
        EPERM,
        String(args),
      );
    }
  });
}

Deno.test("a filter for no namespaces is not built without its rules, nor with rules that nobody asked for", () => {
  assert.throws(
    () => seccompProgram({ arch: "x86_64", allowUnix: false, withoutNamespaces: CLOSED }),
    TypeError,
  );
  assert.throws(
    () => seccompProgram({ arch: "x86_64", allowUnix: false }, withoutNamespacesRules(CLOSED, "x86_64")),
    TypeError,
  );
});
