import { join } from "node:path";
import { ROOT, runDeno } from "./run_deno.ts";

interface Graph {
  readonly modules: readonly { readonly kind?: string; readonly npmPackage?: string }[];
  readonly npmPackages: Readonly<Record<string, NpmPackage>>;
}

interface NpmPackage {
  readonly name: string;
  readonly version: string;
  readonly dependencies: readonly string[];
  readonly localPath: string;
}

/** What something is made of, and where it comes from. */
interface SpdxPackage {
  readonly SPDXID: string;
  readonly name: string;
  readonly versionInfo: string;
  readonly downloadLocation: string;
  readonly licenseDeclared: string;
  readonly licenseConcluded: string;
  readonly copyrightText: string;
  readonly filesAnalyzed: false;
  readonly externalRefs?: readonly object[];
  readonly checksums?: readonly object[];
}

function spdxPackage(name: string, version: string, license: string, integrity?: string): SpdxPackage {
  const [algorithm = "", base64 = ""] = integrity?.split(/-(.*)/s) ?? [];
  const purl = integrity === undefined ? undefined : `pkg:npm/${name.replace("@", "%40")}@${version}`;
  return {
    SPDXID: `SPDXRef-${`${name}-${version}`.replaceAll(/[^A-Za-z0-9.-]/g, "-")}`,
    name,
    versionInfo: version,
    downloadLocation: "NOASSERTION",
    licenseDeclared: license,
    licenseConcluded: "NOASSERTION",
    copyrightText: "NOASSERTION",
    filesAnalyzed: false,
    ...(purl === undefined ? {} : {
      externalRefs: [{ referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: purl }],
      checksums: [{
        algorithm: algorithm.toUpperCase(),
        checksumValue: Uint8Array.fromBase64(base64).toHex(),
      }],
    }),
  };
}

async function licenseOf({ localPath }: NpmPackage): Promise<string> {
  const { license } = JSON.parse(await Deno.readTextFile(join(localPath, "package.json"))) as {
    license?: unknown;
  };
  return typeof license === "string" ? license : "NOASSERTION";
}

/** The packages that tombolo's modules reach, those of the tests aside. */
async function reachedPackages(): Promise<Map<string, NpmPackage>> {
  const graph = JSON.parse(await runDeno(["info", "--quiet", "--json", "main.ts"])) as Graph;
  const reached = new Map<string, NpmPackage>();
  const waiting = graph.modules.flatMap(({ npmPackage }) => npmPackage ?? []);
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    const found = graph.npmPackages[id];
    if (found === undefined || reached.has(id)) continue;
    reached.set(id, found);
    waiting.push(...found.dependencies);
  }
  return reached;
}

/**
 * The bill of materials of a release, SPDX 2.3.
 *
 * @param created When the release was made
 */
export async function billOfMaterials(created: Date): Promise<object> {
  const [tool, lock] = await Promise.all(
    ["deno.json", "deno.lock"].map(async (path) => JSON.parse(await Deno.readTextFile(join(ROOT, path)))),
  ) as [{ name: string; version: string; license: string }, { npm: Record<string, { integrity: string }> }];
  const reached = [...await reachedPackages()].sort(([a], [b]) => a < b ? -1 : 1);
  const own = spdxPackage(tool.name, tool.version, tool.license);
  const parts = [
    spdxPackage("deno", Deno.version.deno, "MIT"),
    ...await Promise.all(
      reached.map(async ([id, found]) =>
        spdxPackage(found.name, found.version, await licenseOf(found), lock.npm[id]?.integrity)
      ),
    ),
  ];
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: `${tool.name}-${tool.version}`,
    documentNamespace: `urn:uuid:${crypto.randomUUID()}`,
    creationInfo: {
      created: created.toISOString().replace(/\.\d+Z$/, "Z"),
      creators: [`Tool: ${tool.name}-${tool.version}`],
    },
    packages: [own, ...parts],
    relationships: [
      { spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES", relatedSpdxElement: own.SPDXID },
      ...parts.map(({ SPDXID }) => ({
        spdxElementId: own.SPDXID,
        relationshipType: "CONTAINS",
        relatedSpdxElement: SPDXID,
      })),
    ],
  };
}
