import { buildPolicy } from "../policy/build_policy.ts";
import { checkExternal } from "../policy/external_rules.ts";
import { SafePath } from "../paths/safe_path.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { Voice } from "../report/voice.ts";
import { asksForHelp } from "./asks_for_help.ts";

async function check(file: string): Promise<void> {
  const { loadPolicyFile } = await import("../policy/load_policy_file.ts");
  const path = SafePath.from(file, Deno.cwd()).toString();
  const { net, caBundle } = buildPolicy(loadPolicyFile(path, file, "policy check"), {
    cwd: Deno.cwd(),
    home: Deno.env.get("HOME"),
    variable: (name) => Deno.env.get(name),
  });
  const { external } = net;
  // Another file or a flag may allow the hosts; nothing can undo what else is wrong.
  if (external !== undefined) checkExternal({ ...net, allowAll: net.allowAll ?? external });
  if (caBundle !== undefined) {
    const { checkedCaBundle } = await import("../launch/ca_bundle.ts");
    checkedCaBundle(caBundle, Deno.uid());
  }
}

/**
 * `tombolo policy check FILE...` and `tombolo policy schema`.
 *
 * @returns 0, or 125 where a file is bad
 */
export async function policy(args: readonly string[]): Promise<number> {
  if (asksForHelp(args)) return (await import("./help.ts")).printHelp("policy");
  const [verb, ...files] = args;
  if (verb === "schema" && files.length === 0) {
    const { jsonSchema } = await import("../policy/policy_schema.ts");
    console.log(JSON.stringify(jsonSchema(), null, 2));
    return 0;
  }
  if (verb !== "check" || files.length === 0) {
    throw new TomboloError(
      "usage",
      `Cannot run tombolo policy ${quote(args.join(" "))}: wanted check FILE... or schema`,
    );
  }
  const voice = new Voice({ quiet: false, verbose: false, json: false });
  let status = 0;
  for (const file of files) {
    try {
      await check(file);
      console.log(`${file}: ok`);
    } catch (error) {
      status = voice.fail(error);
    }
  }
  return status;
}
