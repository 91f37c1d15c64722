/** The kinds of failure by message: the engine does not get the class of an error. The first match counts. */
const KINDS: readonly [RegExp, string][] = [
  [/This is a defect of/, "DEFECT"],
  [/would exceed maxWait/, "MaxWait"],
  [/does not prove a removal/, "Unproven"],
  [/nothing proves that it is this one/, "Ambiguous"],
  [/does not show its secret/, "Withheld"],
  [/Whether the key was made could not be found out/, "Unsettled"],
  [/could not be (?:enabled|disabled)/, "NotToggled"],
  [/calls the request invalid/, "Invalid"],
  [/does not accept this API key/, "Unauthorized"],
  [/balance does not cover/, "Balance"],
  [/owned by another account/, "Forbidden otherAccount"],
  [/plan allows no more proxy keys/, "Forbidden keyCap"],
  [/lacks the permission/, "Forbidden permission"],
  [/refuses this machine's IP/, "Forbidden address"],
  [/plan is paused/, "Forbidden paused"],
  [/network edge in front/, "Forbidden edge"],
  [/refuses the request without a reason/, "Forbidden unstated"],
  [/The account has no such key/, "NotFound"],
  [/not like the Electron Hub API/, "NotFound address"],
  [/The request timed out/, "Server timeout"],
  [/The API failed/, "Server"],
  [/redirects elsewhere/, "Redirect"],
  [/API documents no such response/, "Unexpected"],
  [/so it may be incomplete/, "Incomplete"],
  [/The response reports success/, "Unexpected 2xx"],
  [/could not be reached|The connection to \S+ failed/, "Connection"],
];

export function failureKind(message: string): string {
  return KINDS.find(([pattern]) => pattern.test(message))?.[1] ?? "UNKNOWN KIND";
}

/** A sentence with the next step. */
const NEXT_STEP =
  /(?:^|[.:;] |\n)(?:Check|Run|Use|Wait|Top up|Remove|Look|Compare|Restore|Resume|Correct|Make|Set|Move|Nothing was sent|The key is kept in the state; the next `pulumi up`)[^\n]*\.$/;

/** The flaws of a message. */
export function messageFlaws(
  message: string,
  { secrets, names }: { secrets: readonly string[]; names: readonly string[] },
): string[] {
  const flaws: string[] = [];
  if (secrets.some((secret) => leaks(message, secret))) flaws.push("a secret in the message");
  if (/<!?[a-z]+[ >]|<\//i.test(message)) flaws.push("HTML in the message");
  if (/\n\s+at /.test(message)) flaws.push("a stack in the message");
  if (!names.some((name) => message.includes(name))) flaws.push("the message does not name the key");
  if (!/HTTP \d{3}|may be incomplete|could not be reached|The connection to \S+ failed/.test(message))
    flaws.push("the message does not say what went wrong");
  if (!NEXT_STEP.test(message)) flaws.push("the message does not end with the next step");
  if (failureKind(message) === "UNKNOWN KIND") flaws.push("a message of no known kind");
  if (message.length > 4_000) flaws.push("a message of more than 4,000 characters");
  return flaws;
}

const PART_LENGTH = 8;

/** Whether the text contains 8 consecutive characters of a secret's random part, plain or in base64. */
export function leaks(text: string, secret: string): boolean {
  const core = secret.replace(/^ek-(?:proxy-|dev-)?/, "");
  return [text, ...decodedBase64(text)].some((candidate) => holdsPart(candidate, core));
}

function holdsPart(text: string, core: string): boolean {
  const part = Math.min(PART_LENGTH, core.length);
  for (let at = 0; at + part <= core.length; at++) {
    if (text.includes(core.slice(at, at + part))) return true;
  }
  return false;
}

/** The parts of a text that may be base64, decoded at each of the four possible offsets. */
function decodedBase64(text: string): string[] {
  return [...text.matchAll(/[A-Za-z0-9+/_-]{11,}/g)].flatMap(([run]) =>
    [0, 1, 2, 3].map((skip) => Buffer.from(run.slice(skip), "base64").toString("latin1")),
  );
}
