/** Tells one root file system from another: a home, and what is remembered there, may outlive a container. */
export function rootIdentity(): string {
  return ["/", "/etc/hostname"].map((path) => {
    try {
      const { dev, ino, birthtime } = Deno.statSync(path);
      return `${dev}:${ino}:${birthtime?.getTime()}`;
    } catch {
      return "-";
    }
  }).join(" ");
}
