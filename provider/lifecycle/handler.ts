import { randomBytes } from "node:crypto";
import { systemClock } from "../api/clock";
import { createTransport } from "../api/transport";
import { Lifecycle } from "./lifecycle";

/**
 * FROZEN CONTRACT: `pulumi-electronhub/handler` and the names that it exports. Every state ever written names them: the
 * shim in it calls whatever version is installed here. They may be added to, never renamed or removed.
 */

// One for the process: all resources share its sessions, and so the account's limit and list.
const lifecycle = new Lifecycle({
  clock: systemClock,
  random: Math.random,
  randomBytes,
  transport: createTransport(),
  environment: process.env,
});

export const configure = lifecycle.configure.bind(lifecycle);
export const check = lifecycle.check.bind(lifecycle);
export const diff = lifecycle.diff.bind(lifecycle);
export const create = lifecycle.create.bind(lifecycle);
export const read = lifecycle.read.bind(lifecycle);
export const update = lifecycle.update.bind(lifecycle);
const remove = lifecycle.delete.bind(lifecycle);
export { remove as delete };
