import { TomboloError } from "../report/tombolo_error.ts";

const GREETING = 0x62; // "b"

/**
 * Waits for stage2's bridge, which starts the command once it is answered. The command cannot run before this, so nothing
 * else can be on the other end. There is no deadline: a bridge that fails ends the sandbox.
 *
 * @param listener The gateway's unix socket, not served yet
 * @param ended Settles when the sandbox ends; nothing is waited for then
 * @param onMet Called when it is there, before the command can start
 * @returns Whether the command is being started
 */
export async function rendezvous(
  listener: Deno.UnixListener,
  ended: Promise<unknown>,
  onMet: () => void = () => {},
): Promise<boolean> {
  const meet = async () => {
    const bridge = await listener.accept();
    const greeting = new Uint8Array(1);
    if (await bridge.read(greeting) === null) {
      throw new TomboloError("sandbox", "Cannot start the sandbox: stage2 hung up");
    }
    if (greeting[0] !== GREETING) {
      throw new TomboloError("sandbox", "Cannot start the sandbox: stage2 said something unexpected");
    }
    return bridge;
  };
  const bridge = await Promise.race([meet(), ended.then(() => undefined)]);
  if (bridge === undefined) return false;
  onMet();
  await bridge.write(Uint8Array.of(GREETING)).catch(() => {
    // The sandbox is ending, and its status says why.
  });
  bridge.close();
  return true;
}
