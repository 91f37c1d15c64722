import { describe, expect, it } from "vitest";
import { UsageError } from "../../../../provider/cli/problems";
import { leakedKeys, refuseKeysIn } from "../../../../provider/cli/revoking/leakedKeys";

const ONE = "ek-proxy-0123456789abcdef";
const TWO = "ek-proxy-fedcba9876543210";

function refusalOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof UsageError) return error.why;
    throw error;
  }
  throw new Error("It was accepted.");
}

describe("keys on stdin", () => {
  it.each([
    ["one without a line break", ONE],
    ["one with spaces and CRLF", `  ${ONE}\t\r\n`],
    ["one after a byte order mark and empty lines", `\u{FEFF}\n\n${ONE}\n`],
    ["one that is repeated", `${ONE}\n${ONE}\r${ONE}`],
    ["one between no-break spaces", `\u00A0${ONE}\u00A0`],
  ])("are read: %s", (_, text) => {
    expect(leakedKeys(text)).toEqual([ONE]);
  });

  it("may be several", () => {
    expect(leakedKeys(`${ONE}\r\n\r\n ${TWO}\n`)).toEqual([ONE, TWO]);
  });

  it.each([
    ["an API key", "ek-0123456789abcdef", /Line 2 .* an API key of an account/],
    ["a DevPass key", "ek-dev-0123456789abcdef", /Line 2 .* a DevPass key/],
    ["a fingerprint", "pk-0123456789abcdef", /Line 2 .* --fingerprint/],
    ["a shortened key", "ek-proxy-0123...cdef", /Line 2 .* not a whole proxy key/],
    ["a masked key", "ek-proxy-****", /Line 2 .* not a whole proxy key/],
    ["two keys on a line", `${ONE} ${TWO}`, /Line 2 .* not a whole proxy key/],
    ["an assignment", `KEY=${ONE}`, /Line 2 .* not a proxy key/],
    ["a key in quotation marks", `"${ONE}"`, /Line 2 .* not a proxy key/],
    ["a word", "hunter2secret", /Line 2 .* not a proxy key/],
  ])("are refused with the line's number and without the line: %s", (_, line, says) => {
    const why = refusalOf(() => leakedKeys(`${TWO}\n${line}\n`));
    expect(why).toMatch(says);
    expect(why).not.toContain(line);
    expect(why).not.toMatch(/0123456789|fedcba/);
  });

  it("in UTF-16 are refused with what is wrong", () => {
    const text = Buffer.from(`\u{FEFF}${ONE}\r\n`, "utf16le").toString("utf8");
    expect(refusalOf(() => leakedKeys(text))).toMatch(/UTF-16: save it as UTF-8/);
  });

  it.each(["", " \r\n\t\n", "\u{FEFF}"])("are missing in %j", (text) => {
    expect(refusalOf(() => leakedKeys(text))).toMatch(/stdin is empty/);
  });
});

describe("an argument", () => {
  it.each([
    [ONE],
    ["--fingerprint", ONE],
    [`--fingerprint=${ONE}`],
    ["--name-prefix", "ek-abc"],
    ["--label", `owner=${ONE}`],
    ["--stack", ONE.toUpperCase()],
    [`--${ONE}`],
    [`x${encodeURIComponent("=")}${ONE}`],
    [`"${ONE}"`],
  ])("that looks like a key is refused, and not repeated: %j", (...args) => {
    const why = refusalOf(() => refuseKeysIn(["revoke", ...args]));
    expect(why).toMatch(/history/);
    expect(why).not.toMatch(/0123|abc/i);
  });

  it("that only has similar letters is accepted", () => {
    const args = [
      "revoke",
      "--name-prefix",
      "week-",
      "--stack",
      "seek-*",
      "--fingerprint",
      "pk-0123456789abcdef",
    ];
    expect(() => refuseKeysIn(args)).not.toThrow();
  });
});
