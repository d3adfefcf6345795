import { PORT_PLACEHOLDER } from "../egress/port_placeholder.ts";
import { type Stage2Call, stage2Words } from "../plan/stage2_call.ts";
import { STAGE2_ENVIRONMENT } from "../plan/stage2_flags.ts";

/**
 * The text for ssh's ProxyCommand that leads through the gateway: stage2's dial role, with a runtime that takes nothing
 * from the environment and may do nothing but connect to the gateway (as a program: nothing but what stage2 may).
 *
 * @param call How stage2 is called inside
 * @returns Shell text without quotes; the gateway's port is a placeholder
 */
export function sshProxyCommand(call: Stage2Call): string {
  return [
    "env",
    "-i",
    ...Object.entries(STAGE2_ENVIRONMENT).map(([name, value]) => `${name}=${value}`),
    ...stage2Words(call, [`--allow-net=127.0.0.1:${PORT_PLACEHOLDER}`]),
    "dial",
    PORT_PLACEHOLDER,
    "%h",
    "%p",
  ].join(" ");
}
