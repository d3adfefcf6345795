import { join } from "node:path";
import type { Box } from "./tombolo.ts";

const AUTHORITY = [
  "-subj",
  "/CN=tombolo test authority",
  "-addext",
  "basicConstraints=critical,CA:TRUE",
  "-addext",
  "keyUsage=critical,keyCertSign",
];
const EXTENSIONS = "subjectAltName=DNS:web.test\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n";

/** A web server on loopback that speaks TLS as web.test, under an authority of its own. */
export class SecureServer implements AsyncDisposable {
  readonly requests: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(cert: string, key: string) {
    const options = { hostname: "127.0.0.1", port: 0, cert, key, onListen: () => {} };
    this.#server = Deno.serve(options, (request) => {
      const { pathname, host } = new URL(request.url);
      this.requests.push(`${request.method} ${pathname}`);
      return new Response(`hello from ${host}\n`);
    });
  }

  /** Starts it; the authority's certificate is `ca.pem` in the box's root. */
  static async start(box: Box): Promise<SecureServer> {
    await box.write("extensions", EXTENSIONS);
    const key = (
      name: string,
    ) => ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", name];
    await openssl(box, "req", "-x509", "-days", "2", ...key("ca.key"), "-out", "ca.pem", ...AUTHORITY);
    await openssl(box, "req", ...key("web.key"), "-out", "web.csr", "-subj", "/CN=web.test");
    const signed = [
      "-in",
      "web.csr",
      "-CA",
      "ca.pem",
      "-CAkey",
      "ca.key",
      "-CAcreateserial",
      "-extfile",
      "extensions",
    ];
    await openssl(box, "x509", "-req", "-days", "2", ...signed, "-out", "web.pem");
    const read = (name: string) => Deno.readTextFile(join(box.root, name));
    return new SecureServer(await read("web.pem"), await read("web.key"));
  }

  get port(): number {
    return this.#server.addr.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

async function openssl(box: Box, ...args: string[]): Promise<void> {
  const { code, stderr } = await box.host(["openssl", ...args], { cwd: box.root });
  if (code !== 0) throw new Error(`Cannot make a certificate: ${stderr}`);
}
