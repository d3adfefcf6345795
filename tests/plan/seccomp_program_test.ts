import assert from "node:assert/strict";
import fc from "fast-check";
import { type SeccompOptions, seccompProgram } from "../../lib/plan/seccomp/program.ts";
import { type SeccompArch, SYSCALL_NUMBERS } from "../../lib/plan/seccomp/syscalls.ts";
import { withoutNamespacesRules } from "../../lib/plan/seccomp/without_namespaces.ts";
import { disassemble, interpret } from "./seccomp_interpreter.ts";
import { REFUSED_SYSCALLS as REFUSED } from "./refused_syscalls.ts";

const ALLOW = 0x7fff0000;
const EPERM = 0x00050001;
const ENOSYS = 0x00050026;
const KILL = 0x80000000;
const ARCHES: readonly SeccompArch[] = ["x86_64", "aarch64"];
const AUDIT: Readonly<Record<SeccompArch, number>> = { x86_64: 0xc000003e, aarch64: 0xc00000b7 };

const CLONE = { x86_64: 56, aarch64: 220 };
const IOCTL = { x86_64: 16, aarch64: 29 };
const SOCKET = { x86_64: 41, aarch64: 198 };
const SOCKETPAIR = { x86_64: 53, aarch64: 199 };
const CLONE3 = 435;
const NEWEST = 469;
const HIGH = 0xdeadbeefn << 32n;

function verdictOf(
  arch: SeccompArch,
  number: number,
  args: readonly bigint[] = [],
  allowUnix = false,
): number {
  return interpret(seccompProgram({ arch, allowUnix }), { arch: AUDIT[arch], number, args });
}

for (const [column, arch] of ARCHES.entries()) {
  for (const row of REFUSED) {
    Deno.test(`${arch}: ${row[0]} gives EPERM, whatever its arguments are`, () => {
      const number = row[column === 0 ? 1 : 2];
      assert.equal(verdictOf(arch, number), EPERM);
      assert.equal(verdictOf(arch, number, [1n, 2n, 10n, -1n, HIGH, 0n]), EPERM);
    });
  }

  Deno.test(`${arch}: clone gives EPERM with any namespace flag and passes for threads and processes`, () => {
    for (
      const flag of [0x20000n, 0x2000000n, 0x4000000n, 0x8000000n, 0x10000000n, 0x20000000n, 0x40000000n]
    ) {
      assert.equal(verdictOf(arch, CLONE[arch], [flag]), EPERM);
      assert.equal(verdictOf(arch, CLONE[arch], [flag | 0x11n | HIGH]), EPERM);
    }
    const thread = 0x3d0f00n;
    for (const flags of [17n, thread, 0x1200011n, 0x4111n, 0x80000000n, HIGH | 17n, 0x80n]) {
      assert.equal(verdictOf(arch, CLONE[arch], [flags, 0x10000000n]), ALLOW);
    }
  });

  Deno.test(`${arch}: ioctl gives EPERM for TIOCSTI and TIOCLINUX, also with high bits set`, () => {
    for (const request of [0x5412n, 0x541cn]) {
      assert.equal(verdictOf(arch, IOCTL[arch], [0n, request]), EPERM);
      assert.equal(verdictOf(arch, IOCTL[arch], [0n, request | HIGH]), EPERM);
    }
    for (const request of [0x5401n, 0x5411n, 0x5413n, 0x541bn, 0x541dn, 0x80045412n]) {
      assert.equal(verdictOf(arch, IOCTL[arch], [0x5412n, request, 0x5412n]), ALLOW);
    }
  });

  Deno.test(`${arch}: socket gives EPERM for every family but INET, INET6 and route netlink`, () => {
    for (let family = 0n; family < 64n; family++) {
      const expected = family === 2n || family === 10n || family === 16n ? ALLOW : EPERM;
      assert.equal(verdictOf(arch, SOCKET[arch], [family, 1n, 0n]), expected, `family ${family}`);
      assert.equal(verdictOf(arch, SOCKET[arch], [family | HIGH, 1n, HIGH]), expected, `family ${family}`);
    }
    assert.equal(verdictOf(arch, SOCKET[arch], [0xffffffffn, 1n, 0n]), EPERM);
    for (let protocol = 1n; protocol < 23n; protocol++) {
      assert.equal(verdictOf(arch, SOCKET[arch], [16n, 3n, protocol]), EPERM, `netlink protocol ${protocol}`);
    }
  });

  Deno.test(`${arch}: AF_UNIX sockets pass only where they are allowed, connected pairs always`, () => {
    assert.equal(verdictOf(arch, SOCKET[arch], [1n, 1n, 0n], false), EPERM);
    assert.equal(verdictOf(arch, SOCKET[arch], [1n, 1n, 0n], true), ALLOW);
    assert.equal(verdictOf(arch, SOCKET[arch], [17n, 3n, 0n], true), EPERM);
    for (const allowUnix of [false, true]) {
      for (const type of [1n, 5n, 1n | 0x800n, 5n | 0x80000n]) {
        assert.equal(verdictOf(arch, SOCKETPAIR[arch], [1n, type, 0n], allowUnix), ALLOW);
      }
      // A datagram end could send to a socket of the host by path.
      for (const type of [2n, 3n, 2n | 0x80800n, 2n | HIGH]) {
        const expected = allowUnix ? ALLOW : EPERM;
        assert.equal(verdictOf(arch, SOCKETPAIR[arch], [1n, type, 0n], allowUnix), expected);
      }
    }
  });

  Deno.test(`${arch}: clone3 and numbers above the newest known give ENOSYS`, () => {
    assert.equal(verdictOf(arch, CLONE3), ENOSYS);
    assert.equal(verdictOf(arch, NEWEST), ALLOW);
    for (const number of [NEWEST + 1, 512, 547, 1000, 0x3fffffff, 0xffffffff, 0x80000000]) {
      assert.equal(verdictOf(arch, number), ENOSYS, `number ${number}`);
    }
  });

  Deno.test(`${arch}: a foreign architecture is killed`, () => {
    const i386 = 0x40000003;
    const arm = 0x40000028;
    for (const foreign of [i386, arm, 0, AUDIT[arch === "x86_64" ? "aarch64" : "x86_64"]]) {
      const program = seccompProgram({ arch, allowUnix: true });
      assert.equal(interpret(program, { arch: foreign, number: 0 }), KILL);
    }
  });

  Deno.test(`${arch}: signals to the own group give EPERM where refused; named groups and processes pass`, () => {
    const [kill, setpriority, ioprio] = arch === "x86_64" ? [62, 141, 251] : [129, 140, 30];
    const judge = (refuseGroupSignals: boolean, number: number, args: readonly bigint[]) =>
      interpret(seccompProgram({ arch, allowUnix: false, refuseGroupSignals }), {
        arch: AUDIT[arch],
        number,
        args,
      });
    const group: [number, bigint[]][] = [
      [kill, [0n, 9n]],
      [kill, [HIGH, 9n]],
      [424, [3n, 9n, 0n, 4n]],
      [424, [3n, 9n, 0n, 4n | HIGH]],
      [setpriority, [1n, 0n, 19n]],
      [ioprio, [2n, HIGH, 0n]],
    ];
    const named: [number, bigint[]][] = [
      [kill, [1n, 9n]],
      [kill, [0xffffffffn, 9n]],
      [kill, [0xfffffffbn, 9n]],
      [424, [3n, 9n, 0n, 0n]],
      [setpriority, [0n, 0n, 19n]],
      [setpriority, [1n, 5n, 19n]],
      [ioprio, [1n, 0n, 0n]],
      [ioprio, [2n, 5n, 0n]],
    ];
    for (const [number, args] of group) {
      assert.equal(judge(true, number, args), EPERM, `${number} ${args}`);
      assert.equal(judge(false, number, args), ALLOW, `${number} ${args}`);
    }
    for (const [number, args] of named) assert.equal(judge(true, number, args), ALLOW, `${number} ${args}`);
    for (const row of REFUSED) assert.equal(judge(true, row[column === 0 ? 1 : 2], []), EPERM, row[0]);
    assert.equal(judge(true, SOCKET[arch], [1n, 1n, 0n]), EPERM);
    assert.equal(judge(true, CLONE3, []), ENOSYS);
  });

  Deno.test(`${arch}: files of memory pass with the seal against execution, and are unknown without it`, () => {
    const number = arch === "x86_64" ? 319 : 279;
    const judge = (refuseExecutableMemory: boolean, flags: bigint) =>
      interpret(seccompProgram({ arch, allowUnix: false, refuseExecutableMemory }), {
        arch: AUDIT[arch],
        number,
        args: [0n, flags],
      });
    for (const flags of [0n, 1n, 3n, 7n, 0x10n, HIGH]) assert.equal(judge(true, flags), ENOSYS, `${flags}`);
    for (const flags of [8n, 9n, HIGH | 8n]) assert.equal(judge(true, flags), ALLOW, `${flags}`);
    assert.equal(judge(false, 0n), ALLOW);
  });

  Deno.test(`${arch}: the program is the one reviewed`, async () => {
    const kinds: Readonly<Record<string, Omit<SeccompOptions, "arch">>> = {
      "": { allowUnix: false },
      _unix: { allowUnix: true },
      _group: { allowUnix: false, refuseGroupSignals: true },
      _unix_group: { allowUnix: true, refuseGroupSignals: true },
      _programs: { allowUnix: false, refuseGroupSignals: true, refuseExecutableMemory: true },
      _unix_programs: { allowUnix: true, refuseGroupSignals: true, refuseExecutableMemory: true },
      _landlock: {
        allowUnix: false,
        refuseGroupSignals: true,
        withoutNamespaces: { inet: "none", attributes: false },
      },
      _landlock_weaker: {
        allowUnix: false,
        refuseGroupSignals: true,
        withoutNamespaces: { inet: "tcp", attributes: true },
      },
    };
    const names = new Map(Object.entries(SYSCALL_NUMBERS).map(([name, numbers]) => [numbers[column], name]));
    for (const [suffix, options] of Object.entries(kinds)) {
      const { withoutNamespaces } = options;
      const extra = withoutNamespaces && withoutNamespacesRules(withoutNamespaces, arch);
      const golden = new URL(`__snapshots__/seccomp_${arch}${suffix}.txt`, import.meta.url);
      const actual = disassemble(seccompProgram({ arch, ...options }, extra), names);
      if (Deno.env.get("UPDATE_SNAPSHOTS") === "1") await Deno.writeTextFile(golden, actual);
      assert.equal(actual, await Deno.readTextFile(golden));
    }
  });

  Deno.test(`${arch}: the program agrees with a plain predicate on any call`, () => {
    const refused = new Set(REFUSED.map((row) => row[column === 0 ? 1 : 2]));
    const expected = (number: number, args: readonly bigint[], allowUnix: boolean): number => {
      const [first = 0, second = 0, third = 0] = args.map((value) => Number(BigInt.asUintN(32, value)));
      if (arch === "x86_64" && number >= 2 ** 30 && number < 2 ** 31) return KILL;
      if (number > NEWEST || number === CLONE3) return ENOSYS;
      if (refused.has(number)) return EPERM;
      if (number === CLONE[arch]) return (first & 0x7e020000) === 0 ? ALLOW : EPERM;
      if (number === IOCTL[arch]) return second === 0x5412 || second === 0x541c ? EPERM : ALLOW;
      if (number === SOCKETPAIR[arch] && !allowUnix) return (second & 2) === 0 ? ALLOW : EPERM;
      if (number !== SOCKET[arch]) return ALLOW;
      const open = first === 2 || first === 10 || (first === 16 && third === 0) || (first === 1 && allowUnix);
      return open ? ALLOW : EPERM;
    };
    const judged = [CLONE[arch], IOCTL[arch], SOCKET[arch], SOCKETPAIR[arch]];
    const number = fc.oneof(
      fc.nat(600),
      fc.nat(0xffffffff),
      fc.constantFrom(...judged),
      fc.nat(600).map((low) => 0x40000000 + low),
    );
    const interesting = fc.constantFrom(
      0x5412n,
      0x541cn,
      0n,
      1n,
      2n,
      10n,
      16n,
      17n,
      0x10000000n,
      0x20000n,
      0x80n,
    );
    const argument = fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      interesting,
      fc.tuple(interesting, fc.bigInt({ min: 0n, max: 2n ** 32n - 1n })).map(([low, high]) =>
        low | (high << 32n)
      ),
    );
    fc.assert(
      fc.property(
        number,
        fc.array(argument, { minLength: 6, maxLength: 6 }),
        fc.boolean(),
        (call, args, allowUnix) => {
          assert.equal(verdictOf(arch, call, args, allowUnix), expected(call, args, allowUnix));
        },
      ),
      { numRuns: 2000 },
    );
  });
}

Deno.test("x86_64: x32 calls are killed, negative numbers are only unknown", () => {
  for (const number of [0x40000000, 0x40000001, 0x40000000 + 547, 0x7fffffff]) {
    assert.equal(verdictOf("x86_64", number), KILL, `number ${number}`);
  }
  assert.equal(verdictOf("x86_64", 0xffffffff), ENOSYS);
});
