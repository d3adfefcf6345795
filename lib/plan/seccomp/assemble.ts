/** One line of a classic BPF program: a label, or an instruction that may jump to labels. */
export type Statement =
  | { readonly label: string }
  | { readonly code: number; readonly k: number; readonly yes?: string; readonly no?: string };

/** Bytes of a `struct sock_filter`: code u16, jt u8, jf u8, k u32. */
const INSTRUCTION_SIZE = 8;
/** BPF_MAXINSNS of the kernel. */
const LONGEST_PROGRAM = 4096;
/** Conditional jumps hold their distance in one byte. */
const FARTHEST_JUMP = 255;

function locateLabels(statements: readonly Statement[]): { labels: Map<string, number>; length: number } {
  const labels = new Map<string, number>();
  let length = 0;
  for (const statement of statements) {
    if (!("label" in statement)) length++;
    else if (labels.has(statement.label)) {
      throw new RangeError(`Cannot assemble filter: label "${statement.label}" is defined twice`);
    } else labels.set(statement.label, length);
  }
  return { labels, length };
}

/**
 * Assembles a classic BPF program, as seccomp takes it, for little-endian machines.
 *
 * A jump without a label falls through to the next instruction. Jumps go forward only, as the kernel wants it.
 *
 * @param statements Instructions and labels, in order
 * @returns An array of `struct sock_filter`
 * @throws {RangeError} If a label is unknown or defined twice, a jump goes backward or too far, or the program is too long
 *
 * @example
 * ```ts
 * const program = assemble([{ code: 0x06, k: 0x7fff0000 }]); // return SECCOMP_RET_ALLOW
 * ```
 */
export function assemble(statements: readonly Statement[]): Uint8Array<ArrayBuffer> {
  const { labels, length } = locateLabels(statements);
  if (length > LONGEST_PROGRAM) {
    throw new RangeError(`Cannot assemble filter: ${length} instructions are above ${LONGEST_PROGRAM}`);
  }
  const bytes = new Uint8Array(length * INSTRUCTION_SIZE);
  const view = new DataView(bytes.buffer);
  let index = 0;
  const distance = (label: string | undefined): number => {
    if (label === undefined) return 0;
    const target = labels.get(label);
    if (target === undefined) throw new RangeError(`Cannot assemble filter: label "${label}" is not defined`);
    const steps = target - index - 1;
    if (steps < 0 || steps > FARTHEST_JUMP || target >= length) {
      throw new RangeError(
        `Cannot assemble filter: jump of ${steps} to "${label}" is outside 0 to ${FARTHEST_JUMP} or the program`,
      );
    }
    return steps;
  };
  for (const statement of statements) {
    if ("label" in statement) continue;
    const offset = index * INSTRUCTION_SIZE;
    view.setUint16(offset, statement.code, true);
    view.setUint8(offset + 2, distance(statement.yes));
    view.setUint8(offset + 3, distance(statement.no));
    view.setUint32(offset + 4, statement.k, true);
    index++;
  }
  return bytes;
}
