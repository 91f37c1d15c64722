import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isWholeKey } from "../../../provider/util/keyText";
import { quotable, redact, REDACTED, SecretParts } from "../../../provider/util/redact";
import { SECRET } from "../fixture";

const CORE = SECRET.slice("ek-proxy-".length);

/** Whether the text contains 8 consecutive characters of the secret. */
function leaks(text: string, secret: string): boolean {
  const safe = text.toLowerCase();
  return Array.from({ length: secret.length - 7 }, (_, at) => secret.toLowerCase().slice(at, at + 8)).some(
    (part) => safe.includes(part),
  );
}

describe("a known secret", { timeout: 60_000 }, () => {
  it.each([
    ["plain", SECRET, CORE],
    ["in capitals", SECRET.toUpperCase(), CORE],
    ["without its prefix", CORE, CORE],
    ["cut at the front", SECRET.slice(15), CORE],
    ["cut at the end", SECRET.slice(0, -5), CORE],
    ["split in two", `${CORE.slice(0, 16)}" + "${CORE.slice(16)}`, CORE],
    ["hexadecimal", Buffer.from(SECRET).toString("hex"), Buffer.from(CORE).toString("hex").slice(8, -8)],
    ["URL-encoded", `?k=${encodeURIComponent(SECRET)}`, CORE],
    ["with its hyphens escaped", SECRET.replaceAll("-", "%2D"), CORE],
  ])("is removed %s", (_, form, core) => {
    expect(leaks(form, core)).toBe(true);
    const safe = redact(`before ${form} after`, [SECRET]);
    expect(leaks(safe, core)).toBe(false);
    expect(safe).toMatch(/^before .*\[redacted\].* after$/);
  });

  it.each([0, 1, 2])("is removed in base64 with %d bytes before it", (offset) => {
    const encoded = Buffer.from(`${"-".repeat(offset)}${SECRET}--`).toString("base64");
    const safe = redact(`Basic ${encoded}!`, [SECRET]);
    expect(safe).toContain(REDACTED);
    // Only the ends may remain: fewer than six characters of the secret.
    expect(safe.replaceAll(REDACTED, "").length - "Basic !".length).toBeLessThan(12);
  });

  it("with characters that a URL escapes is removed plain and escaped", () => {
    const secret = "p+ss/w%rd with=signs&more";
    expect(redact(`${secret} ${encodeURIComponent(secret)}`, [secret])).toBe(`${REDACTED} ${REDACTED}`);
  });

  it("is removed completely if it is short", () => {
    expect(redact("the word is abc12!", ["abc12"])).toBe(`the word is ${REDACTED}!`);
  });

  it("is removed beside others, of any length", () => {
    const secrets = [SECRET, "abc12", `ek-proxy-${[...CORE].toReversed().join("")}`];
    const text = secrets.map((secret) => secret.replace("ek-proxy-", "")).join(" ");
    expect(redact(text, new SecretParts(secrets))).toBe(secrets.map(() => REDACTED).join(" "));
  });

  it("that is empty or a bare prefix removes nothing", () => {
    expect(redact("a proxy key", ["", "ek-", "ek-proxy-"])).toBe("a proxy key");
  });

  it("is removed at any position of any text", () => {
    const secrets = fc.stringMatching(/^[A-Za-z0-9]{20,60}$/).map((core) => `ek-proxy-${core}`);
    fc.assert(
      fc.property(secrets, fc.string(), fc.string(), (secret, before, after) => {
        const safe = redact(`${before}${secret}${after}`, [secret]);
        expect(leaks(safe, secret.slice(9))).toBe(false);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("an unknown secret", () => {
  it.each([
    ["a proxy key", SECRET],
    ["a master key", "ek-abcdefABCDEF0123456789"],
    ["a DevPass key", "ek-dev-abcdefABCDEF0123456789"],
    ["a JWT", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"],
    ["a bearer token", "Bearer sk-of-another-service-token"],
    ["a proxy key with a full stop in it", "ek-proxy-AbCd1234.EfGh5678SECRET"],
    ["a proxy key with every kind of character", "ek-proxy-Ab~Cd+12/34=Ef.Gh-56_78SECRET"],
    ["a master key with a full stop in it", "ek-AbCd1234.EfGh5678SECRET"],
    ["a masked key", "ek-proxy-AbCd1234...EfGh5678"],
    ["a starred key", "ek-proxy-AbCd****EfGh5678"],
    ["a key with an ellipsis", "ek-proxy-AbCd…EfGh5678"],
    ["a key in capitals", "EK-PROXY-ABCD1234EFGH5678"],
    ["a key with its hyphens escaped", "ek%2Dproxy%2DAbCd1234EfGh5678"],
  ])("that looks like %s is removed", (_, token) => {
    expect(redact(`It said "${token}".`)).toMatch(/^It said "\[redacted\]/);
    expect(redact(`It said "${token}".`)).not.toContain(token.slice(-10));
  });
});

describe("a key", { timeout: 60_000 }, () => {
  it("of any characters that isWholeKey accepts is removed, but not the full stop after it", () => {
    const keys = fc
      .stringMatching(/^ek-proxy-[\w~+/=.-]{3,60}[\w~+/=-]$/)
      .filter((key) => isWholeKey(key) && /[\w~+/=]/.test(key.slice(9)));
    const before = fc.constantFrom("", "It is ", '"', "(", "key=", "%22", "\\n", "\\u0022", "key%3D", ":");
    fc.assert(
      fc.property(keys, before, fc.constantFrom("", ".", ". So", " so", '"', ")", ","), (key, start, end) => {
        expect(redact(`${start}${key}${end}`)).toBe(`${start}${REDACTED}${end}`);
      }),
      { numRuns: 3_000 },
    );
  });

  it.each(["ek-proxy-abc", "ek-proxy-1…", "ek-abcd12"])("that is truncated is removed: %s", (short) => {
    expect(redact(`No key ${short}.`)).toBe(`No key ${REDACTED}.`);
  });
});

describe("ordinary words", () => {
  it.each([
    "The proxy key was not found.",
    "Set the account's master API key (ek-…): `pulumi config set electronhub:apiKey --secret`.",
    'Cannot remove proxy key "web-abc2345" (pk-9b1d77c2e0f4a853): the account\'s key is gone.',
    "Peek at the keyhole; eyJ is a prefix.",
    "pulumi-electronhub/0.1.0 (node/24.0.0)",
    "It must be a whole proxy key (ek-proxy-…), no DevPass key (ek-dev-…).",
    "A key starts with ek-proxy-. An API key starts with ek-.",
  ])("stay: %s", (text) => {
    expect(redact(text, [SECRET, "ek-abcdefABCDEF0123456789"])).toBe(text);
  });

  it("stay if a word ends in ek and continues with a hyphen", () => {
    expect(redact('Cannot remove proxy key "week-report-abc2345"')).toContain("week-report-abc2345");
  });
});

describe("quotable", () => {
  it("makes one line without control characters, and cuts it", () => {
    expect(quotable("a\r\n\u001b[31mb\u202e\tc  d")).toBe("a [31mb c d");
    expect(quotable("x".repeat(300))).toBe(`${"x".repeat(199)}…`);
    expect(quotable("x".repeat(30), [], 10)).toBe(`${"x".repeat(9)}…`);
  });

  it("removes secrets before it truncates, so that no part of one is left", () => {
    fc.assert(
      fc.property(fc.nat(250), (length) => {
        expect(leaks(quotable(`${"y".repeat(length)}${SECRET} z`, [SECRET]), CORE)).toBe(false);
      }),
    );
  });

  it("handles a very long text", () => {
    expect(quotable(`${SECRET} `.repeat(5_000), [SECRET])).not.toContain(CORE.slice(0, 8));
  });
});

it("quotes no key that is split by invisible characters", () => {
  for (const invisible of ["\u00ad", "\u200b", "\u2060"]) {
    const broken = ["ek-proxy-", "AbCd1234", "EfGh5678"].join(invisible);
    expect(quotable(`no: ${broken}`)).toBe("no: [redacted]");
  }
});

describe("a URL", () => {
  it.each([
    ["postgres://pulumi:hunter2@db:5432/x", "postgres://pulumi:[redacted]@db:5432/x"],
    ['open "postgres://ann:s3@c/ret@[bad/db": failed', 'open "postgres://ann:[redacted]@[bad/db": failed'],
    ["redis://:hunter2@127.0.0.1", "redis://:[redacted]@127.0.0.1"],
    ["postgres://db/x?user=ann&password=hunter2&a=b", "postgres://db/x?user=ann&password=[redacted]&a=b"],
  ])("loses its password: %s", (text, safe) => {
    expect(redact(text)).toBe(safe);
    expect(quotable(text)).toBe(safe);
  });

  it.each([
    "http://127.0.0.1:7811/v1/@scope",
    "https://api.pulumi.com",
    "http://localhost:80",
    "file:///srv/lock.json: created by ann@laptop (pid 1)",
    "s3://bucket?region=eu-1",
  ])("without a password stays: %s", (text) => {
    expect(redact(text)).toBe(text);
  });
});
