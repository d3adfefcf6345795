import { childCode, ROW_WORDS } from "./child_code.ts";
import { addressOf, pin, pinWords } from "./pin.ts";
import { type CallName, callNumber, type SystemCall } from "./system_call.ts";

const PROT_READ_WRITE = 3;
const PROT_READ_EXECUTE = 5;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const PAGE = 65536; // The largest that either architecture may have.
const SIG_SETMASK = 2;
const SIGNAL_SET_SIZE = 8;
/** What a result is until its call has been made; execve that succeeds never has one. */
const NOT_MADE = -0x7fffffffn;

/** One system call of the child. */
export interface ChildStep {
  readonly name: CallName;
  readonly parameters: readonly (number | bigint)[];
  /** Error numbers after which it goes on, below 64; none unless given. */
  readonly goesOnAfter?: readonly number[];
  /** Where the result is to be written, beside being told; eight bytes. */
  readonly into?: bigint;
}

/** What came of the steps: the result of each, `undefined` where it was not reached or never returned. */
export interface ChildStart {
  readonly pid: number;
  readonly results: readonly (number | undefined)[];
}

/** Maps the code where it can be executed, never writable at the same time. */
function mapCode(call: SystemCall): Deno.PointerObject {
  const { symbols } = Deno.dlopen("libc.so.6", { mmap: { type: "pointer" } });
  const mmap = new Deno.UnsafeFnPointer(symbols.mmap as Deno.PointerObject<never>, {
    parameters: ["i64", "i64", "i32", "i32", "i32", "i64"],
    result: "pointer",
  });
  const page = mmap.call(0n, BigInt(PAGE), PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0n);
  if (page === null || Deno.UnsafePointer.value(page) === 0xffffffffffffffffn) {
    throw new Error("Cannot start the command: no memory for the code that starts it");
  }
  new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(page, PAGE)).set(childCode(Deno.build.arch));
  if (call("mprotect", Deno.UnsafePointer.value(page), PAGE, PROT_READ_EXECUTE) < 0) {
    throw new Error(
      "Cannot start the command: this host lets no memory be made executable (SELinux execmem?)",
    );
  }
  return page;
}

/**
 * Starts processes that make a list of system calls, the last of them execve. Nothing of this process runs in them:
 * what the calls need has to be laid out before.
 */
export class ChildProgram {
  readonly #run: (table: bigint, end: bigint) => number;

  constructor(private readonly call: SystemCall) {
    const code = new Deno.UnsafeFnPointer(mapCode(call) as Deno.PointerObject<never>, {
      parameters: ["i64", "i64"],
      result: "i32",
    });
    this.#run = (table, end) => code.call(table, end);
  }

  /**
   * Starts a process, and returns when it has executed something or ended.
   *
   * @throws {Error} If none can be made
   */
  start(steps: readonly ChildStep[]): ChildStart {
    const results = new BigInt64Array(new ArrayBuffer(8 * (steps.length + 1))).fill(NOT_MADE);
    const table = steps.flatMap(({ name, parameters, goesOnAfter = [], into }, index) => [
      BigInt(callNumber(name)),
      ...Array.from({ length: 6 }, (_, at) => BigInt(parameters[at] ?? 0)),
      goesOnAfter.reduce((bits, errno) => bits | 1n << BigInt(errno), 0n),
      into ?? addressOf(results) + 8n * BigInt(index),
    ]);
    const address = pin(
      new Uint8Array(BigUint64Array.from(table, (word) => BigInt.asUintN(64, word)).buffer),
    );
    // A handler of the runtime's must not run in the child, on this stack.
    const all = pinWords(0xffffffffffffffffn);
    const before = pinWords(0n);
    this.call("rt_sigprocmask", SIG_SETMASK, all, before, SIGNAL_SET_SIZE);
    const pid = this.#run(address, address + BigInt(8 * ROW_WORDS * steps.length));
    this.call("rt_sigprocmask", SIG_SETMASK, before, 0, SIGNAL_SET_SIZE);
    if (pid < 0) throw new Error(`Cannot start the command: no process can be made: errno ${-pid}`);
    return {
      pid,
      results: Array.from(
        results.subarray(0, steps.length),
        (result) => result === NOT_MADE ? undefined : Number(result),
      ),
    };
  }
}
