import { PORT_PLACEHOLDER } from "../egress/port_placeholder.ts";
import type { Launcher } from "../plan/plan.ts";
import { STAGE2_ENVIRONMENT, STAGE2_FLAGS, STAGE2_MODULE } from "./stage2_flags.ts";

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
    ...Object.entries(STAGE2_ENVIRONMENT).map(([name, value]) => `${name}=${value}`),
    ...launcher.program,
    ...STAGE2_FLAGS,
    `--allow-net=127.0.0.1:${PORT_PLACEHOLDER}`,
    STAGE2_MODULE,
    "dial",
    PORT_PLACEHOLDER,
    "%h",
    "%p",
  ].join(" ");
}
