/** What a system call shows to a filter: `struct seccomp_data`, without the instruction pointer. */
export interface SeccompData {
  readonly arch: number;
  readonly number: number;
  readonly args?: readonly bigint[];
}

function encode(data: SeccompData): DataView {
  const view = new DataView(new ArrayBuffer(64));
  view.setUint32(0, data.number, true);
  view.setUint32(4, data.arch, true);
  (data.args ?? []).forEach((value, index) =>
    view.setBigUint64(16 + 8 * index, BigInt.asUintN(64, value), true)
  );
  return view;
}

/**
 * Runs a classic BPF program as the kernel's seccomp would, and refuses what the kernel's checker refuses: unknown
 * instructions, unaligned or outside loads, jumps past the end, a last instruction that does not return.
 *
 * @param program An array of `struct sock_filter`
 * @param data The system call
 * @returns The SECCOMP_RET_* value
 */
export function interpret(program: Uint8Array<ArrayBuffer>, data: SeccompData): number {
  if (program.length === 0 || program.length % 8 !== 0) throw new RangeError("not an array of sock_filter");
  const code = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const input = encode(data);
  let accumulator = 0;
  for (let offset = 0; offset < program.length; offset += 8) {
    const k = code.getUint32(offset + 4, true);
    const jump = (taken: boolean) => {
      offset += 8 * code.getUint8(offset + (taken ? 2 : 3));
    };
    switch (code.getUint16(offset, true)) {
      case 0x20: // ld [k]
        if (k % 4 !== 0 || k > 60) throw new RangeError(`load at ${k}`);
        accumulator = input.getUint32(k, true);
        break;
      case 0x15: // jeq
        jump(accumulator === k);
        break;
      case 0x35: // jge
        jump(accumulator >= k);
        break;
      case 0x45: // jset
        jump((accumulator & k) !== 0);
        break;
      case 0x06: // ret
        return k;
      default:
        throw new RangeError(`unknown instruction at ${offset / 8}`);
    }
  }
  throw new RangeError("the program ended without a verdict");
}

/**
 * Writes a program as text, a line an instruction, for golden files.
 *
 * @param names Names of system calls by number, to stand beside what their number is compared with
 */
export function disassemble(
  program: Uint8Array<ArrayBuffer>,
  names: ReadonlyMap<number | undefined, string>,
): string {
  const code = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const lines: string[] = [];
  let isNumber = false;
  for (let index = 0; index < program.length / 8; index++) {
    const k = code.getUint32(index * 8 + 4, true);
    const target = (at: number) => index + 1 + code.getUint8(index * 8 + at);
    const jump = (name: string, value: string) => `${name} ${value} ? ${target(2)} : ${target(3)}`;
    const operation = code.getUint16(index * 8, true);
    if (operation === 0x20) isNumber = k === 0;
    const name = isNumber ? names.get(k) : undefined;
    const text = new Map([
      [0x20, `load ${k}`],
      [0x15, jump("equal", name === undefined ? `${k}` : `${k} (${name})`)],
      [0x35, jump("at least", `${k}`)],
      [0x45, jump("any bit", `0x${k.toString(16)}`)],
      [0x06, `return 0x${k.toString(16).padStart(8, "0")}`],
    ]).get(operation);
    lines.push(`${index}: ${text ?? `unknown 0x${operation.toString(16)}`}`);
  }
  return lines.join("\n") + "\n";
}
