const AF_UNIX = 1;
const AF_INET = 2;

function ofFamily(family: number, rest: readonly number[] | Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2 + rest.length);
  // The machine's own order, which is little endian on both.
  new DataView(bytes.buffer).setUint16(0, family, true);
  bytes.set(rest, 2);
  return bytes;
}

/** Addresses as the kernel takes them: struct sockaddr_in of loopback, and sockaddr_un; a name may start with NUL. */
export const socketAddress = {
  inet: (port: number): Uint8Array =>
    ofFamily(AF_INET, [port >> 8, port & 255, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]),
  unix: (name: string): Uint8Array => ofFamily(AF_UNIX, new TextEncoder().encode(name)),
};
