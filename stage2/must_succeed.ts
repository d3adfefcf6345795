import type { CallName, SystemCall } from "./system_call.ts";

/** Makes a system call that has to succeed. */
export type Must = (step: string, name: CallName, ...parameters: readonly (number | bigint)[]) => number;

/** Makes a failed step an error that names it: the command must not run then. */
export function mustSucceed(call: SystemCall): Must {
  return (step, name, ...parameters) => {
    const result = call(name, ...parameters);
    if (result < 0) throw new Error(`Cannot lock down the command: ${step}: errno ${-result}`);
    return result;
  };
}
