import { classify } from "../host/address_class.ts";
import type { PublishRule } from "../policy/net_policy.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { Voice } from "../report/voice.ts";

/** Writes an address with its port, IPv6 in brackets. */
export function socketName({ hostname, port }: Pick<Deno.NetAddr, "hostname" | "port">): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** A port of the host that leads into the sandbox. */
export class PublishedPort implements Disposable {
  /** Where the host listens: address and port as bound. */
  readonly name: string;

  private constructor(readonly rule: PublishRule, readonly listener: Deno.TcpListener) {
    this.name = socketName(listener.addr);
  }

  /**
   * Binds the port of a rule.
   *
   * @throws {TomboloError} naming the address, the port and the rule, where it cannot be bound
   */
  static bind(rule: PublishRule): PublishedPort {
    const address = { hostname: rule.address.toString(), port: rule.hostPort };
    try {
      return new PublishedPort(rule, Deno.listen(address));
    } catch (error) {
      const { reason, remedy } = explanation(error);
      throw new TomboloError(
        "sandbox",
        `Cannot publish ${quote(rule.text)} (${rule.origin}): ${socketName(address)} ${reason}`,
        { remedy, cause: error },
      );
    }
  }

  /** Says what leads where; that other machines can come in is said even where little is to be said. */
  announce(voice: Pick<Voice, "say" | "warn">): void {
    const { listener: { addr: { hostname: address, port } }, rule: { innerPort } } = this;
    voice.say(`published ${this.name} -> ${innerPort}`, { published: { address, port, innerPort } });
    if (classify(this.rule.address) === "loopback") return;
    voice.warn(`published port ${this.name} is reachable from other machines`);
  }

  [Symbol.dispose](): void {
    this.listener[Symbol.dispose]();
  }
}

function explanation(error: unknown): { reason: string; remedy: string } {
  if (error instanceof Deno.errors.AddrInUse) {
    return { reason: "is in use", remedy: "name another port, or 0 for any that is free" };
  }
  if (error instanceof Deno.errors.AddrNotAvailable) {
    return { reason: "is no address of this host", remedy: "name one that it has" };
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return { reason: "is for root only", remedy: "name a port above 1023, or 0 for any that is free" };
  }
  const reason = error instanceof Error ? error.message : String(error);
  return { reason: `cannot be used (${reason})`, remedy: "name another address or port" };
}
