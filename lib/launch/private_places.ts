/**
 * Directories whose content on the host is not shown: everybody's temporary files, and sockets.
 *
 * @param os The system, as `Deno.build.os`
 */
export function privatePlaces(os: typeof Deno.build.os): readonly string[] {
  if (os !== "darwin") return ["/tmp", "/run"];
  return ["/private/tmp", "/private/var/tmp", "/private/var/folders", "/private/var/run"];
}
