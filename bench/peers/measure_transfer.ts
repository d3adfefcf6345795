import type { Contender } from "./contender.ts";
import { runCommand } from "./run_command.ts";
import { Series } from "./series.ts";
import type { Stage } from "./stage.ts";

/** A request as a client makes it: to the proxy, or through a tunnel of it, as for HTTPS. */
export type Way = "plain" | "tunnel";

/** What is fetched in one turn. */
export interface Load {
  readonly bytes: number;
  readonly times: number;
}

/**
 * Lets curl fetch from the server on loopback inside each sandbox, through the proxy that the sandbox's environment
 * names; one request a connection. Without a proxy it goes straight.
 *
 * @param way How the proxy is asked
 * @param load What is fetched in one turn
 * @param rounds Turns of each contender
 * @returns Seconds up to the first byte where one is fetched, of the whole transfer otherwise
 */
export async function measureTransfer(
  contenders: readonly Contender[],
  way: Way,
  load: Load,
  stage: Stage,
  rounds: number,
): Promise<Series> {
  const moment = load.bytes === 1 ? "time_starttransfer" : "time_total";
  const command = [
    // The usual NO_PROXY keeps loopback away from the proxy.
    ...[
      "curl",
      "-sS",
      "--fail",
      "--noproxy",
      "",
      "-o",
      "/dev/null",
      "-w",
      `%{size_download} %{${moment}}\\n`,
    ],
    ...(way === "tunnel" ? ["--proxytunnel"] : []),
    `http://127.0.0.1:${stage.port}/${load.bytes}/[1-${load.times}]`,
  ];
  const series = new Series();
  await series.take(rounds, contenders, async (contender) => {
    const argv = contender.argv("one host", command, stage.work);
    const { stdout } = await runCommand(argv, { cwd: stage.work, env: stage.env });
    const lines = stdout.split("\n").map((line) => line.split(" ").map(Number));
    if (lines.length !== load.times || lines.some(([size]) => size !== load.bytes)) {
      throw new Error("curl did not get the whole answer");
    }
    return lines.map(([, seconds]) => seconds ?? NaN);
  });
  return series;
}
