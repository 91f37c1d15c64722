import { BlockList, isIP } from "node:net";
import { type Dialect, type JsonValue, keyList, keyObject } from "./simulatedResponse";
import { type BodyObject, isJsonObject, modelIn, proxyKeyIn, settingsIn } from "./bodies";
import type { ReceivedRequest } from "./receivedRequest";
import { type Caller, requireManager, requireMaster, requireProxyKey } from "./caller";
import { type KeyRecord, type SimulatedKeySettings, toCredits, unusedMicro } from "./keyRecord";
import type { AccountModel } from "./accountModel";
import { InvalidBody, RequestError } from "./requestError";

export interface Context {
  readonly received: ReceivedRequest;
  readonly caller: Caller;
  readonly accounts: readonly AccountModel[];
  readonly dialect: Dialect;
  readonly nowUnixS: number;
  /** The key in a legacy path. */
  readonly pathKey: string | undefined;
  /** Called when a toggle changes a state that no response has shown to the client. */
  readonly onBlindToggle: () => void;
}

/** A state of `is_active` in a response. */
export interface Observation {
  readonly record: KeyRecord;
  readonly version: number;
}

export type SimulatedEndpoint = (context: Context) => {
  /** Default: 200. */
  readonly status?: number;
  readonly value: JsonValue;
  readonly observed?: readonly Observation[];
};

export const create: SimulatedEndpoint = (context) => {
  const account = requireManager(context.caller, context.dialect);
  const settings = settingsOf(account, bodyOf(context), context);
  const limitType = context.dialect.createHonoursLimitType ? settings.limitType : "daily";
  const record = account.book.create({ ...settings, limitType });
  return {
    status: context.dialect.createStatus,
    value: keyObject(record, context.dialect),
    observed: [seen(record)],
  };
};

export const list: SimulatedEndpoint = ({ caller, dialect }) => {
  const records = [...requireManager(caller, dialect).book.records.values()];
  return { value: keyList(records, dialect), observed: records.map(seen) };
};

export const lookup: SimulatedEndpoint = (context) => {
  const account = requireManager(context.caller, context.dialect);
  const record = ownedKey(account, proxyKeyIn(bodyOf(context)), context);
  const value = {
    ...keyObject(record, context.dialect),
    user_id: `user-${account.name}`,
    enabled_thinking: false,
  };
  return { value, observed: [seen(record)] };
};

export const update: SimulatedEndpoint = (context) => {
  const account = requireManager(context.caller, context.dialect);
  const body = bodyOf(context);
  const key = proxyKeyIn(body);
  const settings = settingsOf(account, body, context);
  account.book.replace(ownedKey(account, key, context), settings);
  return { value: { message: "Proxy key updated" } };
};

export const toggle: SimulatedEndpoint = (context) => {
  const account = requireManager(context.caller, context.dialect);
  const record = ownedKey(account, proxyKeyIn(bodyOf(context)), context);
  if (record.observedVersion !== record.activeVersion) context.onBlindToggle();
  account.book.toggle(record);
  return { value: { message: "Proxy key status updated", status: record.isActive } };
};

export const remove: SimulatedEndpoint = (context) => {
  const account = requireManager(context.caller, context.dialect);
  account.book.remove(ownedKey(account, proxyKeyIn(bodyOf(context)), context));
  return { value: { message: "Proxy key deleted" } };
};

export const removeAll: SimulatedEndpoint = ({ caller, dialect }) => {
  requireManager(caller, dialect).book.removeAll();
  return { value: { message: "Proxy keys deleted" } };
};

export const regenerate: SimulatedEndpoint = ({ caller, dialect }) => ({
  value: { key: requireMaster(caller, dialect).regenerateApiKey() },
});

export const validate: SimulatedEndpoint = (context) => {
  const record = requireProxyKey(context.caller);
  const model = modelIn(bodyOf(context, "optional"));
  const problem = validityProblem(record, model, context);
  return {
    value: problem === undefined ? { valid: true, name: record.name } : { valid: false, message: problem },
  };
};

export const profile: SimulatedEndpoint = ({ caller, dialect }) => {
  const account = requireMaster(caller, dialect);
  const usedMicro = [...account.book.records.values()].reduce((sum, record) => sum + record.usedMicro, 0);
  return {
    value: {
      user_id: `user-${account.name}`,
      subscription: account.tier ?? "enterprise",
      credits: account.balance,
      usage: { proxy_keys: account.book.records.size, credits: toCredits(usedMicro) },
      history: [],
    },
  };
};

function settingsOf(
  { budgetCap }: AccountModel,
  body: BodyObject,
  { nowUnixS }: { nowUnixS: number },
): SimulatedKeySettings {
  const settings = settingsIn(body, nowUnixS);
  if (settings.allocatedAmount <= budgetCap) return settings;
  throw new RequestError(400, `Allocated ammount cannot exceed your daily limit of ${budgetCap}`);
}

function seen(record: KeyRecord): Observation {
  return { record, version: record.activeVersion };
}

function bodyOf({ received, pathKey }: Context, presence: "required" | "optional" = "required"): BodyObject {
  if (received.malformed) throw new RequestError(400, "Malformed JSON");
  if (received.rawBody !== "" && !/^application\/json\s*(;|$)/i.test(received.contentType ?? "")) {
    throw new InvalidBody(undefined, "Content-Type must be application/json", received.body);
  }
  const isBodyNeeded = presence === "required" && pathKey === undefined;
  const body = received.body ?? (isBodyNeeded ? undefined : {});
  if (!isJsonObject(body)) throw new InvalidBody(undefined, "the body must be a JSON object", body);
  return pathKey === undefined ? body : { ...body, proxy_key: pathKey };
}

function ownedKey(account: AccountModel, key: string, { accounts }: Context): KeyRecord {
  const own = account.book.records.get(key);
  if (own !== undefined) return own;
  if (accounts.some(({ book }) => book.records.has(key)))
    throw new RequestError(403, "Proxy key does not belong to you");
  throw new RequestError(404, "Proxy key not found");
}

function validityProblem(record: KeyRecord, model: string | undefined, context: Context): string | undefined {
  if (!record.isActive) return "Proxy key is disabled";
  if (record.expiresAtUnixS !== -1 && record.expiresAtUnixS <= context.nowUnixS)
    return "Proxy key has expired";
  if (!isListed(context.dialect.callerIp, record.ipWhitelist)) return "IP address not in whitelist";
  if (model !== undefined && record.modelWhitelist.length > 0 && !record.modelWhitelist.includes(model)) {
    return `Model '${model}' not in whitelist`;
  }
  return unusedMicro(record) === 0 ? "Proxy key has no credits left" : undefined;
}

function isListed(address: string, whitelist: readonly string[]): boolean {
  if (whitelist.length === 0) return true;
  const listed = new BlockList();
  for (const entry of whitelist) {
    const [network = "", prefix] = entry.split("/");
    const family = isIP(network) === 6 ? "ipv6" : "ipv4";
    if (prefix === undefined) listed.addAddress(network, family);
    else listed.addSubnet(network, Number(prefix), family);
  }
  return listed.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}
