import type { HttpResponse } from "../../provider/api/transport";
import type { RandomResponse, Script } from "./responses";
import { attemptCreate, wrongs, type Attempt } from "./create";
import { CREDENTIALS } from "./secrets";
import { lifecycleOn, ScriptedTransport, stateFor } from "./fixture";

export const SUBJECT = CREDENTIALS[0]!;
export const { id, properties } = stateFor(SUBJECT.key);

export function response(status: number, body: unknown, headers: HttpResponse["headers"] = {}): HttpResponse {
  return { status, headers, body: typeof body === "string" ? body : JSON.stringify(body) };
}

export const BARE_404 = response(404, { detail: "Not Found" });
export const LISTED = { name: "web", expires_at: -1, allocated_ammount: 10, is_active: true };
export const MASKED = response(200, [
  { ...LISTED, key: `${SUBJECT.key.slice(0, 13)}***${SUBJECT.key.slice(-4)}` },
]);

export function transportOn(script: Partial<Record<keyof Script, RandomResponse[]>>): ScriptedTransport {
  const nothing = [response(401, {})];
  return new ScriptedTransport({ remove: nothing, list: nothing, lookup: nothing, ...script });
}

export async function isDeleted(script: Partial<Record<keyof Script, RandomResponse[]>>): Promise<boolean> {
  return lifecycleOn(transportOn(script), SUBJECT)
    .delete(id, properties)
    .then(
      () => true,
      () => false,
    );
}

export async function isGone(script: Partial<Record<keyof Script, RandomResponse[]>>): Promise<boolean> {
  return lifecycleOn(transportOn(script), SUBJECT)
    .read(id, properties)
    .then(
      (result) => result.id === "",
      () => false,
    );
}

export async function failureOf(remove: RandomResponse[], maxWait?: string): Promise<Error> {
  return lifecycleOn(transportOn({ remove }), SUBJECT, maxWait)
    .delete(id, properties)
    .then(
      () => new Error("It did not fail."),
      (error: unknown) => error as Error,
    );
}

export async function wrongsOf(attempt: Attempt): Promise<string[]> {
  return wrongs(await attemptCreate(attempt), attempt);
}
