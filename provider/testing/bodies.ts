import { isIP } from "node:net";
import type { JsonValue } from "./simulatedResponse";
import type { SimulatedKeySettings, LimitType } from "./keyRecord";
import { InvalidBody } from "./requestError";

/** A body that is a JSON object. */
export type BodyObject = { readonly [name: string]: JsonValue };

const NAME_MAX_CHARACTERS = 25;
const PROXY_KEY_MAX_CHARACTERS = 256;
const LIMIT_TYPES: readonly LimitType[] = ["daily", "weekly", "monthly"];

export function isJsonObject(value: JsonValue | undefined): value is BodyObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads `proxy_key`, without checking that the key exists. */
export function proxyKeyIn(body: BodyObject): string {
  const value = required(body, "proxy_key");
  if (typeof value !== "string") throw new InvalidBody("proxy_key", "must be a string", value);
  if (value.length === 0 || value.length > PROXY_KEY_MAX_CHARACTERS) {
    throw new InvalidBody("proxy_key", `must have 1 to ${PROXY_KEY_MAX_CHARACTERS} characters`, value);
  }
  return value;
}

/** Reads the settings of create and update. An omitted whitelist allows all, an omitted `limit_type` is "daily". */
export function settingsIn(body: BodyObject, nowUnixS: number): SimulatedKeySettings {
  return {
    name: nameIn(body),
    expiresAtUnixS: expiryIn(body, nowUnixS),
    allocatedAmount: amountIn(body),
    modelWhitelist: stringsIn(body, "model_whitelist"),
    ipWhitelist: addressesIn(body),
    limitType: limitTypeIn(body),
  };
}

export function modelIn(body: BodyObject): string | undefined {
  const value = body["model"];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw new InvalidBody("model", "must be a string", value);
  return value;
}

function nameIn(body: BodyObject): string {
  const value = required(body, "name");
  if (typeof value !== "string") throw new InvalidBody("name", "must be a string", value);
  // Code points, as the API counts them.
  const characters = [...value].length;
  if (characters === 0) throw new InvalidBody("name", "must not be empty", value);
  if (characters > NAME_MAX_CHARACTERS) {
    throw new InvalidBody("name", `must have at most ${NAME_MAX_CHARACTERS} characters`, value);
  }
  return value;
}

function expiryIn(body: BodyObject, nowUnixS: number): number {
  const value = required(body, "expires_at");
  if (typeof value !== "number" || !Number.isSafeInteger(value)) {
    throw new InvalidBody("expires_at", "must be a whole number of Unix seconds", value);
  }
  if (value !== -1 && value <= nowUnixS)
    throw new InvalidBody("expires_at", "must be in the future, or -1", value);
  return value;
}

function amountIn(body: BodyObject): number {
  const value = required(body, "allocated_ammount");
  if (typeof value !== "number") throw new InvalidBody("allocated_ammount", "must be a number", value);
  if (!(value > 0)) throw new InvalidBody("allocated_ammount", "must be greater than 0", value);
  return value;
}

function limitTypeIn(body: BodyObject): LimitType {
  const value = body["limit_type"];
  if (value === undefined) return "daily";
  const limitType = LIMIT_TYPES.find((candidate) => candidate === value);
  if (limitType === undefined)
    throw new InvalidBody("limit_type", `must be one of ${LIMIT_TYPES.join(", ")}`, value);
  return limitType;
}

function stringsIn(body: BodyObject, field: string): readonly string[] {
  const value = body[field];
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new InvalidBody(field, "must be a list of strings", value);
  return value.map((entry: JsonValue) => {
    if (typeof entry !== "string" || entry === "")
      throw new InvalidBody(field, "must be a list of strings", value);
    return entry;
  });
}

function addressesIn(body: BodyObject): readonly string[] {
  const addresses = stringsIn(body, "ip_whitelist");
  const wrong = addresses.find((address) => !isAddressOrBlock(address));
  if (wrong !== undefined) throw new InvalidBody("ip_whitelist", "must hold addresses or CIDR blocks", wrong);
  return addresses;
}

function isAddressOrBlock(text: string): boolean {
  const [address = "", prefix, ...rest] = text.split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}

function required(body: BodyObject, field: string): JsonValue {
  const value = body[field];
  if (value === undefined) throw new InvalidBody(field, "is required", body, true);
  return value;
}
