import type { Statement } from "./assemble.ts";

// Instruction classes, sizes and operations of linux/bpf_common.h, already joined.
const LOAD_WORD_ABSOLUTE = 0x20; // BPF_LD | BPF_W | BPF_ABS
const JUMP_IF_EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const JUMP_IF_AT_LEAST = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const JUMP_IF_ANY_BIT = 0x45; // BPF_JMP | BPF_JSET | BPF_K
const RETURN = 0x06; // BPF_RET | BPF_K

/** Offsets into `struct seccomp_data`; arguments are read by their low 32 bits, but for pointers. */
export const DATA = {
  number: 0,
  arch: 4,
  argument: (index: number): number => 16 + 8 * index,
  upperHalf: (index: number): number => 20 + 8 * index,
} as const;

/** Marks the place that jumps to `label` lead to. */
export const mark = (label: string): Statement => ({ label });
/** Loads the 32-bit word at `offset` of `struct seccomp_data`. */
export const load = (offset: number): Statement => ({ code: LOAD_WORD_ABSOLUTE, k: offset });
/** Ends the program with a verdict. */
export const verdict = (value: number): Statement => ({ code: RETURN, k: value });
/** Jumps to `yes` when the loaded word equals `value`. */
export const jumpIfEqual = (value: number, yes: string, no?: string): Statement =>
  jump(JUMP_IF_EQUAL, value, yes, no);
/** Jumps to `yes` when the loaded word, unsigned, is `value` or more. */
export const jumpIfAtLeast = (value: number, yes: string, no?: string): Statement =>
  jump(JUMP_IF_AT_LEAST, value, yes, no);
/** Jumps to `yes` when the loaded word has any bit of `bits`. */
export const jumpIfAnyBit = (bits: number, yes: string, no?: string): Statement =>
  jump(JUMP_IF_ANY_BIT, bits, yes, no);

function jump(code: number, k: number, yes: string, no: string | undefined): Statement {
  return no === undefined ? { code, k, yes } : { code, k, yes, no };
}
