import { TomboloError } from "../report/tombolo_error.ts";

const BRIDGE = 0x62; // "b", and its port as two bytes
const LAUNCH = 0x6c; // "l"; it waits for the port

async function readFull(conn: Deno.Conn, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const buffer = new Uint8Array(size);
  for (let length = 0; length < size;) {
    const count = await conn.read(buffer.subarray(length));
    if (count === null) throw new TomboloError("sandbox", "Cannot start the sandbox: stage2 hung up");
    length += count;
  }
  return buffer;
}

interface Half {
  readonly launch?: Deno.Conn;
  readonly port?: Uint8Array<ArrayBuffer>;
}

async function greet(conn: Deno.Conn): Promise<Half> {
  const [greeting] = await readFull(conn, 1);
  if (greeting === LAUNCH) return { launch: conn };
  if (greeting !== BRIDGE) {
    throw new TomboloError("sandbox", "Cannot start the sandbox: stage2 said something unexpected");
  }
  const port = await readFull(conn, 2);
  conn.close();
  return { port };
}

/**
 * Waits for both halves of stage2 and gives the launching one the bridge's port. The command cannot run before this,
 * so nothing else can be on the other end. There is no deadline: a bridge that fails ends the sandbox.
 *
 * @param listener The gateway's unix socket, not served yet
 * @param ended Settles when the sandbox ends; nothing is waited for then
 * @param onMet Called when both are there, before the command can start
 * @returns Whether the command is being started
 */
export async function rendezvous(
  listener: Deno.UnixListener,
  ended: Promise<unknown>,
  onMet: () => void = () => {},
): Promise<boolean> {
  const halves = async () => [await listener.accept(), await listener.accept()].map(greet);
  const met = await Promise.race([halves().then((both) => Promise.all(both)), ended.then(() => undefined)]);
  if (met === undefined) return false;
  const launch = met.find((half) => half.launch !== undefined)?.launch;
  const port = met.find((half) => half.port !== undefined)?.port;
  if (launch === undefined || port === undefined) {
    throw new TomboloError("sandbox", "Cannot start the sandbox: one half of stage2 came twice");
  }
  onMet();
  await launch.write(port).catch(() => {
    // It has found something vanished, and ended: the sandbox ends with it, and its status says why.
  });
  launch.close();
  return true;
}
