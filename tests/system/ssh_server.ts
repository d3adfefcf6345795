import { join } from "node:path";
import { InetServer } from "./inet_server.ts";
import { type Box, isRoot } from "./tombolo.ts";

const SSHD = "/usr/sbin/sshd";

/** A real sshd on loopback that lets one key in, and the key and an ssh_config for it in the work tree of a box. */
export class SshServer implements AsyncDisposable {
  private constructor(readonly server: InetServer, readonly user: string) {}

  /** @param box Its work tree gets `key` and `ssh_config`, which trusts this server as web.test alone */
  static async start(box: Box): Promise<SshServer> {
    const user = (await box.host(["id", "-un"])).stdout.trim();
    for (const name of ["host_key", "work/key"]) {
      await succeed(box, ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(box.root, name)]);
    }
    // Where sshd runs as root it changes its root to this directory, and does not start without.
    if (isRoot) await Deno.mkdir("/run/sshd", { recursive: true, mode: 0o755 });
    const config = await box.write(
      "sshd_config",
      [
        `HostKey ${box.root}/host_key`,
        `AuthorizedKeysFile ${box.work}/key.pub`,
        "StrictModes no",
        "UsePAM no",
        "PasswordAuthentication no",
        "PermitRootLogin yes",
        "Subsystem sftp internal-sftp",
      ].join("\n"),
    );
    const server = new InetServer([SSHD, "-i", "-f", config]);
    await box.write("work/known_hosts", `[web.test]:${server.port} ${await box.read("host_key.pub")}`);
    await box.write("work/ssh_config", sshConfig(box, server.port, user));
    return new SshServer(server, user);
  }

  get port(): number {
    return this.server.port;
  }

  /** How many connections have come. */
  get accepted(): number {
    return this.server.accepted;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

function sshConfig(box: Box, port: number, user: string): string {
  return [
    `Port ${port}`,
    `User ${user}`,
    `IdentityFile ${box.work}/key`,
    "IdentitiesOnly yes",
    "BatchMode yes",
    "StrictHostKeyChecking yes",
    `UserKnownHostsFile ${box.work}/known_hosts`,
    "",
  ].join("\n");
}

async function succeed(box: Box, command: readonly string[]): Promise<void> {
  const { code, stderr } = await box.host(command);
  if (code !== 0) throw new Error(`Cannot run ${command[0]}: ${stderr}`);
}
