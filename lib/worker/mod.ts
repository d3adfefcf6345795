export * from "./client.ts";
export * from "./file_system.ts";
export * from "./local_file_system.ts";
export * from "./pool.ts";
export * from "./protocol.ts";
export * from "./worker_error.ts";
export * from "./worker_file_system.ts";
