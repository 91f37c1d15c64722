import { access } from "./access";
import { create } from "./create";
import { credits } from "./credits";
import { expiry } from "./expiry";
import type { Group } from "./group";
import { notTried } from "./notTried";
import { rateLimit } from "./rateLimit";
import { usage } from "./usage";
import { validate } from "./validate";
import { windowReset } from "./windowReset";

export type { Group } from "./group";

/** In this order: the headers of all responses come late, the long wait last. */
export const GROUPS: readonly Group[] = [
  create,
  validate,
  access,
  credits,
  expiry,
  usage,
  rateLimit,
  windowReset,
  notTried,
];
