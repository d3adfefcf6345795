/**
 * Commands in kernel-enforced sandboxes: a policy, many commands under it, one gateway that decides what leaves.
 *
 * @example
 * ```ts
 * import { Sandbox } from "@tombolo/tombolo";
 *
 * await using sandbox = await Sandbox.open({ net: { allow: ["example.com:443"] } });
 * const { code } = await sandbox.spawn(["true"]).status;
 * console.log(code); // 0
 * ```
 *
 * @module
 */
export { type ParseOptions, Policy } from "./library/policy.ts";
export type { Decision, DecisionKind, DecisionRequest } from "./library/decide.ts";
export type { BackendOptions } from "./library/open_environment.ts";
export { Sandbox, type SandboxOptions } from "./library/sandbox.ts";
export type { SandboxChild } from "./library/sandbox_child.ts";
export type { OutputStream } from "./library/deferred_readable.ts";
export type { SandboxOutput, SandboxStatus, SetAsideEntry } from "./library/sandbox_status.ts";
export type { SpawnOptions } from "./library/spawn_options.ts";
export { transform, type TransformedCommand, type TransformOptions } from "./library/transform.ts";
export type { PolicyDocument } from "./policy/policy_schema.ts";
export type { ExternalRule, HostRule, NetPolicy, PublishRule, UpstreamRule } from "./policy/net_policy.ts";
export type { Rule } from "./policy/rule.ts";
export type { DecisionEvent, EventKind, EventSink } from "./report/event.ts";
export type { EventRing } from "./report/event_ring.ts";
export { type ErrorKind, TomboloError } from "./report/tombolo_error.ts";

export { bridgeUnixToTcp } from "./egress/bridge_unix_to_tcp.ts";
export type { Connect } from "./egress/dial.ts";
export { ExternalProxy, type ExternalProxyOptions } from "./egress/external_proxy.ts";
export {
  Gateway,
  type GatewayLimits,
  type GatewayOptions,
  type Served,
  type ServeOptions,
} from "./egress/gateway.ts";
export type { GatewayParts } from "./egress/gateway_of.ts";
export type { Route } from "./egress/guarded_dialer.ts";
export { ListenerCredential } from "./egress/listener_credential.ts";
export { openProxy, type OpenProxyOptions } from "./egress/open_proxy.ts";
export type { ProxyHandle, ProxyPlace } from "./egress/proxy_handle.ts";
export type { Resolver } from "./egress/resolve.ts";
export type { HostPattern } from "./host/host_pattern.ts";
export type { IpAddress } from "./host/ip_address.ts";
export { rewriteProxyPort } from "../stage2/rewrite_proxy_port.ts";

export { Worker, type WorkerOptions } from "./worker/client.ts";
export type { FileSystem } from "./worker/file_system.ts";
export { type Lease, type PoolOptions, WorkerPool } from "./worker/pool.ts";
export type { ErrorCode } from "./worker/protocol.ts";
export { TransportError, WorkerError } from "./worker/worker_error.ts";
export { WorkerFileSystem } from "./worker/worker_file_system.ts";
