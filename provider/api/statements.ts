/**
 * Recognises the statements of the API about a key. The whole message must match, and the body must not contain anything
 * else: a similar word in another sentence proves nothing.
 */

const PROXY_KEY = "(?:(?:the|this) )?proxy[ _-]?key";
const KEY = "(?:(?:the|this) )?(?:proxy[ _-]?)?key";
const WAS = "(?:(?:was|is|has been) )?";

const ALREADY_GONE = sentence(
  `${KEY} (?:(?:was|is) )?not found(?: or already (?:deleted|removed))?`,
  "no such (?:proxy[ _-]?)?key(?: exists)?",
  `${KEY} (?:does not|doesn't) exist`,
  `${KEY} (?:(?:was|is|has) )?already (?:been )?(?:deleted|removed)`,
);
const DELETED = confirmation("(?:deleted|removed)");
const UPDATED = confirmation("updated");
const STATUS_UPDATED = confirmation("updated", `${PROXY_KEY} status`);

/** Whether a 404's body states that the key does not exist. */
export function saysAlreadyGone(body: unknown): boolean {
  return says(ALREADY_GONE, body, REFUSAL_SHAPES, isHarmlessInRefusal);
}

/** Whether a 200's body states that the key was deleted. */
export function saysDeleted(body: unknown): body is object {
  return says(DELETED, body, SUCCESS_SHAPES, isHarmlessInSuccess);
}

/** Whether a 200's body states that the key was updated. */
export function saysUpdated(body: unknown): body is object {
  return says(UPDATED, body, SUCCESS_SHAPES, isHarmlessInSuccess);
}

/** Whether a 200's body states that the key was toggled, with its new state. A gateway's `"status": false` does not. */
export function saysToggled(body: unknown): body is { status: boolean } {
  if (typeof body !== "object" || body === null || !("status" in body)) return false;
  const { status, ...rest } = body;
  return typeof status === "boolean" && says(STATUS_UPDATED, rest, SUCCESS_SHAPES, isHarmlessInSuccess);
}

/** Whether any field of a body reports a failure. */
export function reportsError(body: Readonly<Record<string, unknown>>): boolean {
  const { error, errors, detail, success, ok } = body;
  return [error, errors, detail].some((entry) => !isEmpty(entry)) || success === false || ok === false;
}

function sentence(...forms: string[]): RegExp {
  return new RegExp(`^(?:${forms.join("|")})[.!]?$`, "i");
}

function confirmation(done: string, what = PROXY_KEY): RegExp {
  return sentence(
    `${what} ${WAS}(?:successfully )?${done}`,
    `${what} ${WAS}${done} successfully`,
    `successfully ${done} ${what}`,
  );
}

/** Paths of the message in the documented shapes. */
const REFUSAL_SHAPES = [
  "message",
  "error",
  "error.message",
  "detail",
  "detail.error",
  "detail.error.message",
];
const SUCCESS_SHAPES = ["message"];

type IsHarmless = (name: string, value: unknown) => boolean;

function says(statement: RegExp, body: unknown, shapes: readonly string[], isHarmless: IsHarmless): boolean {
  let at = body;
  let path = "";
  while (typeof at === "object" && at !== null && !Array.isArray(at)) {
    const telling = Object.entries(at).filter(([name, value]) => !isEmpty(value) && !isHarmless(name, value));
    const [only] = telling;
    if (only === undefined || telling.length > 1) return false;
    path += path === "" ? only[0] : `.${only[0]}`;
    at = only[1];
  }
  return typeof at === "string" && shapes.includes(path) && statement.test(at.trim().replace(/\s+/g, " "));
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || (Array.isArray(value) && value.length === 0);
}

const REQUEST_ID = /^(?:request|trace|correlation)[_-]?id$|^timestamp$/i;

function isHarmlessInRefusal(name: string, value: unknown): boolean {
  switch (name) {
    case "type":
      return (
        typeof value === "string" && /^(?:error|not_found(?:_error)?|invalid_request_error)$/.test(value)
      );
    case "param":
      return value === "proxy_key";
    case "code":
      return value === 404 || (typeof value === "string" && /^(?:404|(?:key_)?not_found)$/.test(value));
    case "status":
    case "statusCode":
    case "status_code":
      return value === 404;
    case "success":
    case "ok":
      return value === false;
    default:
      return REQUEST_ID.test(name) && isIdentifier(value);
  }
}

function isHarmlessInSuccess(name: string, value: unknown): boolean {
  switch (name) {
    case "success":
    case "ok":
      return value === true;
    case "status":
    case "code":
      return value === 200 || value === "ok" || value === "success";
    default:
      return REQUEST_ID.test(name) && isIdentifier(value);
  }
}

function isIdentifier(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number";
}
