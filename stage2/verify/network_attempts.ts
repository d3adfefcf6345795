import { pin } from "../pin.ts";
import { callNumber } from "./call_numbers.ts";
import { errnoName } from "./errno_names.ts";
import { socketAddress } from "./socket_address.ts";
import { anyOf, type Attempts, refused, type Tools } from "./tools.ts";

const AF_UNIX = 1;
const AF_INET = 2;
const AF_NETLINK = 16;
const AF_PACKET = 17;
const AF_VSOCK = 40;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const NETLINK_KOBJECT_UEVENT = 15;
const EPERM = 1;
const EACCES = 13;
const EAFNOSUPPORT = 97;

/** Connects a new socket, and closes it. */
function connect({ call }: Tools, family: number, address: Uint8Array): ReturnType<typeof refused> {
  const socket = call(callNumber("socket"), family, SOCK_STREAM, 0);
  if (socket < 0) return refused(socket);
  const connected = call(callNumber("connect"), socket, pin(address), address.length);
  call(callNumber("close"), socket);
  return refused(connected);
}

// Where no packet gets through it may still be taken: the host looks whether it came.
function send({ call, trap }: Tools) {
  const socket = call(callNumber("socket"), AF_INET, SOCK_DGRAM, 0);
  if (socket < 0) return refused(socket);
  const address = socketAddress.inet(trap.udp);
  const connected = call(callNumber("connect"), socket, pin(address), address.length);
  const text = new TextEncoder().encode(trap.marker);
  const sent = connected < 0 ? connected : call(callNumber("sendto"), socket, pin(text), text.length, 0, 0);
  call(callNumber("close"), socket);
  return { reached: false, saw: sent < 0 ? errnoName(-sent) : "sent, and never came" };
}

/** What keeps the command from the network and from other processes' sockets. */
export const NETWORK_ATTEMPTS: Attempts = {
  tcp: (tools) => connect(tools, AF_INET, socketAddress.inet(tools.trap.tcp)),
  udp: send,
  "unix-socket": (tools) => connect(tools, AF_UNIX, socketAddress.unix(tools.trap.unix)),
  "abstract-socket": (tools) => connect(tools, AF_UNIX, socketAddress.unix(`\0${tools.trap.abstract}`)),
  "other-socket": ({ call }) => {
    const kinds = [[AF_PACKET, SOCK_RAW, 0], [AF_VSOCK, SOCK_STREAM, 0], [
      AF_NETLINK,
      SOCK_RAW,
      NETLINK_KOBJECT_UEVENT,
    ]] as const;
    return anyOf(kinds.map((kind) => {
      const socket = call(callNumber("socket"), ...kind);
      if (socket >= 0) call(callNumber("close"), socket);
      return refused(socket, [EPERM, EACCES, EAFNOSUPPORT]);
    }));
  },
};
