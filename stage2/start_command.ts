import type { ChildProgram } from "./child_program.ts";
import type { NamedStep } from "./child_steps.ts";
import { ERRNO } from "./errno.ts";
import { type ExecuteFailure, executeFirst, type Execution, type Execve } from "./execute.ts";
import { AT_FDCWD, type SystemCall } from "./system_call.ts";

const TOO_LONG = "Cannot start the command: its arguments and variables are longer than the system takes; " +
  "pass fewer or shorter variables on (--deny-env=NAME)";

/**
 * Starts the command in a process of its own.
 *
 * @param steps What locks that down
 * @returns Its pid, or why it could not be executed
 * @throws {Error} If a step fails; the command has not run then
 */
export function startCommand(
  call: SystemCall,
  program: ChildProgram,
  steps: readonly NamedStep[],
  execution: Execution,
): number | ExecuteFailure {
  let started = 0;
  const execve: Execve = (file, argv) => {
    // What this process does not find, the command does not either.
    const absent = -call("access", AT_FDCWD, file, 0);
    if (absent > 0) return absent;
    const parameters = [file, argv, execution.envp];
    const { pid, results } = program.start([...steps, { name: "execve", parameters }]);
    const wrong = steps.findIndex((step, at) => {
      const result = results[at] ?? 0;
      return result < 0 && step.goesOnAfter?.includes(-result) !== true;
    });
    if (wrong >= 0) {
      throw new Error(`Cannot lock down the command: ${steps[wrong]?.what}: errno ${-(results[wrong] ?? 0)}`);
    }
    const result = results.at(-1);
    if (result === -ERRNO.E2BIG) throw new Error(TOO_LONG);
    if (result === undefined) started = pid;
    return -(result ?? 0);
  };
  return executeFirst(call, execve, execution) ?? started;
}
