import { IpAddress } from "../host/ip_address.ts";
import { SafePath } from "../paths/safe_path.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";

/** Where a proxy is to listen. */
export type ListenAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly address: IpAddress; readonly port: number };

const ADDRESS_AND_PORT = /^(\[[0-9A-Fa-f:.]+\]|[0-9.]+):([0-9]{1,5})$/;

/**
 * Reads `ADDRESS:PORT` or `unix:PATH`. A name is refused: what it resolves to is not for us to choose.
 *
 * @param cwd Absolute directory for a relative path
 * @throws {TomboloError} Where the text is neither
 */
export function parseListenAddress(text: string, cwd: string): ListenAddress {
  if (text.startsWith("unix:") && text.length > "unix:".length) {
    return { kind: "unix", path: SafePath.from(text.slice("unix:".length), cwd).toString() };
  }
  const [, host = "", port] = ADDRESS_AND_PORT.exec(text) ?? [];
  const address = IpAddress.parse(host);
  if (address !== undefined && Number(port) <= 65535) return { kind: "tcp", address, port: Number(port) };
  throw new TomboloError(
    "usage",
    `Cannot listen on ${
      quote(text)
    }: wanted an address and a port, as 127.0.0.1:8080 or [::1]:8080, or unix:PATH`,
  );
}
