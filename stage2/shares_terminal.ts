import { pinString } from "./pin.ts";
import { readDescriptor } from "./read_descriptor.ts";
import { AT_FDCWD, type SystemCall } from "./system_call.ts";

const O_CLOEXEC = 0x80000;

/**
 * Whether a process is in the foreground group of a terminal: what the terminal signals, it has been told already
 * (proc_pid_stat(5): pgrp and tpgid).
 */
export function sharesTerminal(call: SystemCall, pid: number): boolean {
  const opened = call("openat", AT_FDCWD, pinString(`/proc/${pid}/stat`), O_CLOEXEC, 0);
  if (opened < 0) return false;
  const bytes = new Uint8Array(new ArrayBuffer(1024));
  const length = readDescriptor(call, opened, bytes);
  call("close", opened);
  const text = new TextDecoder().decode(bytes.subarray(0, length));
  // After the name, which may hold anything: state, ppid, pgrp, session, tty_nr, tpgid.
  const [, , group, , terminal, foreground] = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return terminal !== "0" && group === foreground;
}
