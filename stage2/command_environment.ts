import { PORT_PLACEHOLDER } from "../lib/egress/port_placeholder.ts";
import { rewriteProxyPort } from "./rewrite_proxy_port.ts";

const OWN_PREFIX = "TOMBOLO_STAGE2_";

type Environment = Readonly<Record<string, string>>;

function names(list: string | undefined): string[] {
  return list === undefined ? [] : list.split(",").filter((name) => name !== "");
}

/** Reads the JSON object of variables to set; a broken one must not run the command with half of them. */
function parseVariables(json: string): Map<string, string> {
  const parsed: unknown = JSON.parse(json);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new TypeError("Cannot read TOMBOLO_STAGE2_ENV: expected a JSON object");
  }
  const variables = new Map<string, string>();
  for (const [name, value] of Object.entries(parsed)) {
    if (typeof value !== "string" || value.includes("\0") || !/^[^=\0]+$/.test(name)) {
      throw new TypeError(`Cannot read TOMBOLO_STAGE2_ENV: variable "${name}" cannot be set`);
    }
    variables.set(name, value);
  }
  return variables;
}

/**
 * Computes the command's environment from stage2's own.
 *
 * Inherited variables, less those that stage2 alone needed; then the ones to set, which win; then the inner
 * port in every proxy variable that is listed: in TOMBOLO_STAGE2_REWRITE as a URL's port, in TOMBOLO_STAGE2_TEMPLATE
 * for its placeholder.
 *
 * @param own stage2's environment
 * @param port The bridge's port, or undefined without network
 * @returns What the command gets
 * @throws {TypeError} If TOMBOLO_STAGE2_ENV is not an object of strings
 * @throws {SyntaxError} If TOMBOLO_STAGE2_ENV is not JSON
 */
export function commandEnvironment(own: Environment, port: number | undefined): Map<string, string> {
  const environment = new Map(Object.entries(own));
  for (const name of names(own["TOMBOLO_STAGE2_UNSET"])) environment.delete(name);
  for (const [name, value] of parseVariables(own["TOMBOLO_STAGE2_ENV"] ?? "{}")) {
    environment.set(name, value);
  }
  for (const name of [...environment.keys()]) {
    if (name.startsWith(OWN_PREFIX)) environment.delete(name);
  }
  if (port === undefined) return environment;
  for (const name of names(own["TOMBOLO_STAGE2_REWRITE"])) {
    const rewritten = rewriteProxyPort(environment.get(name) ?? "", port);
    if (rewritten !== undefined) environment.set(name, rewritten);
  }
  for (const name of names(own["TOMBOLO_STAGE2_TEMPLATE"])) {
    const text = environment.get(name);
    if (text !== undefined) environment.set(name, text.replaceAll(PORT_PLACEHOLDER, String(port)));
  }
  return environment;
}
