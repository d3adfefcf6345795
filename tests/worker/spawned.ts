import { Worker, type WorkerOptions } from "../../lib/worker/client.ts";
import { type Box, TOMBOLO } from "../system/tombolo.ts";
import { environmentOf } from "./raw_worker.ts";

/** What starts a worker in a box's work tree; a busy machine may take its time. */
export function optionsFor(box: Box, more: Partial<WorkerOptions> = {}): WorkerOptions {
  return {
    root: box.work,
    environment: environmentOf(box),
    program: [TOMBOLO],
    readyWithin: 30_000,
    ...more,
  };
}

/** A worker in a box's work tree. */
export function spawnIn(box: Box, more: Partial<WorkerOptions> = {}): Promise<Worker> {
  return Worker.spawn(optionsFor(box, more));
}
