import { close } from "../egress/close.ts";
import type { ExternalProxy } from "../egress/external_proxy.ts";
import { listenUnix } from "../egress/listen_unix.ts";
import { ListenerCredential } from "../egress/listener_credential.ts";
import { openProxy, type OpenProxyOptions } from "../egress/open_proxy.ts";
import type { ProxyHandle } from "../egress/proxy_handle.ts";
import { readUpstream } from "../egress/upstream/read_upstream.ts";
import { routeOf } from "../egress/upstream/routes.ts";
import { classify } from "../host/address_class.ts";
import type { NetPolicy } from "../policy/net_policy.ts";
import type { DecisionEvent, EventSink } from "../report/event.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { Voice } from "../report/voice.ts";
import { spokenEvents } from "./spoken_events.ts";
import { type ListenAddress, parseListenAddress } from "./listen_address.ts";
import { readNetPolicy } from "./read_policy.ts";
import { parseProxyFlags } from "./proxy_flags.ts";
import { has } from "./has_flag.ts";
import { openEvents, voiceOf } from "./run.ts";
import { startExternal } from "../launch/start_external.ts";
import { shellQuoted } from "../launch/shell_quoted.ts";

/** How long live tunnels may still take once it is told to end. */
const GRACE_MS = 5000;
const ENDING = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
const FAILED = 125;

type Environment = Readonly<Record<string, string>>;

/** A listener, and what openProxy is to know of it. */
interface Bound extends Disposable, Pick<OpenProxyOptions, "listener" | "path" | "credential"> {
  /** As it is shown. */
  readonly text: string;
}

async function bind(where: ListenAddress, voice: Voice): Promise<Bound> {
  if (where.kind === "unix") {
    const socket = await listenUnix(where.path);
    return { ...socket, path: where.path, text: `unix:${where.path}` };
  }
  const { address } = where;
  const host = address.version === 6 ? `[${address}]` : address.toString();
  let listener: Deno.TcpListener;
  try {
    listener = Deno.listen({ hostname: address.toString(), port: where.port });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TomboloError("sandbox", `Cannot listen on ${host}:${where.port}: ${reason}`, { cause: error });
  }
  if (classify(address) !== "loopback") {
    voice.warn(
      `other machines may reach ${host}: the credential alone keeps them out, and it crosses the network`,
    );
  }
  return {
    listener,
    credential: ListenerCredential.random(),
    text: `${host}:${listener.addr.port}`,
    [Symbol.dispose]: () => close(listener),
  };
}

function upstreamRoute(net: NetPolicy, caller: Environment, voice: Voice): Pick<OpenProxyOptions, "route"> {
  if (net.external !== undefined) return {};
  const { upstream, notices } = readUpstream(net, caller);
  for (const notice of notices) voice.say(notice);
  return upstream === undefined ? {} : { route: routeOf(upstream, net) };
}

async function external(
  { external: rule }: NetPolicy,
  caller: Environment,
  voice: Voice,
  onEvent: EventSink,
): Promise<ExternalProxy | undefined> {
  if (rule === undefined) return undefined;
  // There is no sandbox that could write it, and no command that could do without network.
  const start = { rule: { ...rule, onFailure: "fail" as const }, isWritableInside: () => false };
  return await startExternal({ ...start, caller, voice, onEvent });
}

/** Says on stdout how clients find the proxy; the last line tells that it listens. */
function announce(handle: ProxyHandle, text: string, json: boolean): void {
  const environment = handle.environment();
  const lines = json
    ? [JSON.stringify({ listening: text, pid: Deno.pid, environment: Object.fromEntries(environment) })]
    : [
      ...Array.from(environment, ([name, value]) => `export ${name}=${shellQuoted([value])}`),
      `# tombolo proxy: listening on ${text} (pid ${Deno.pid})`,
    ];
  const bytes = new TextEncoder().encode(`${lines.join("\n")}\n`);
  for (let done = 0; done < bytes.length;) done += Deno.stdout.writeSync(bytes.subarray(done));
}

/** Being told to end, by a signal; twice means at once. */
interface Told {
  readonly once: Promise<void>;
  readonly twice: Promise<void>;
}

function listenForSignals(): Told {
  const once = Promise.withResolvers<void>();
  const twice = Promise.withResolvers<void>();
  let signals = 0;
  for (const signal of ENDING) {
    Deno.addSignalListener(signal, () => ++signals === 1 ? once.resolve() : twice.resolve());
  }
  return { once: once.promise, twice: twice.promise };
}

/** Serves until it is told to end, or the external proxy has ended. */
async function serve(handle: ProxyHandle, told: Told): Promise<number> {
  const status = await Promise.race([told.once.then(() => 0), handle.ended.then(() => FAILED)]);
  told.twice.then(() => handle.close());
  await handle.close(GRACE_MS);
  return status;
}

/**
 * `tombolo proxy`: the gateway alone, for other tools.
 *
 * @param args Arguments after `proxy`
 * @returns The exit status
 * @throws {TomboloError} where it cannot be started
 */
export async function proxy(args: readonly string[]): Promise<number> {
  const flags = parseProxyFlags(args);
  if (has(flags, "help")) return (await import("./help.ts")).printHelp("proxy");
  const listen = flags.findLast(({ name }) => name === "listen")?.value;
  if (listen === undefined) {
    throw new TomboloError("usage", "No place to listen given", {
      remedy: "wanted: --listen=127.0.0.1:PORT",
    });
  }
  const voice = voiceOf(flags);
  const { net, caller, caBundle } = await readNetPolicy(flags);
  const trust = caBundle === undefined ? {} : { caBundle, caCerts: [await Deno.readTextFile(caBundle)] };
  const route = upstreamRoute(net, caller, voice);
  using bound = await bind(parseListenAddress(listen, Deno.cwd()), voice);
  using events = openEvents(flags);
  const record = (event: DecisionEvent) => events?.write(event);
  await using proxy = await external(net, caller, voice, record).catch((error) => {
    events?.discard();
    throw error;
  });
  const onEvent = spokenEvents(voice, record);
  await using handle = await openProxy({
    ...bound,
    ...route,
    ...trust,
    ...(proxy && { external: proxy }),
    net,
    onEvent,
  });
  const told = listenForSignals();
  announce(handle, bound.text, has(flags, "json"));
  return await serve(handle, told);
}
