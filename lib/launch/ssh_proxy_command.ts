import { PORT_PLACEHOLDER } from "../egress/port_placeholder.ts";
import { INSIDE, type Launcher } from "../plan/plan.ts";

/**
 * The text for ssh's ProxyCommand that leads through the gateway: stage2's dial role, with a runtime that takes nothing
 * from the environment and may do nothing but connect to the gateway.
 *
 * @param launcher How stage2 is called
 * @returns Shell text without quotes; the gateway's port is a placeholder
 */
export function sshProxyCommand(launcher: Extract<Launcher, { kind: "stage2" }>): string {
  return [
    "env",
    "-i",
    // The directory cannot be made: the runtime then writes nothing, least of all in the user's home.
    `DENO_DIR=${INSIDE}/no-cache`,
    "DENO_NO_UPDATE_CHECK=1",
    "DENO_LOG=off",
    ...launcher.program,
    "run",
    "--quiet",
    "--no-config",
    "--no-lock",
    "--no-remote",
    "--no-npm",
    "--no-code-cache",
    "--no-prompt",
    `--allow-net=127.0.0.1:${PORT_PLACEHOLDER}`,
    `${INSIDE}/stage2.js`,
    "dial",
    PORT_PLACEHOLDER,
    "%h",
    "%p",
  ].join(" ");
}
