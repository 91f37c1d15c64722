import { expect, it } from "vitest";
import { settingNames } from "../../../provider/config";
import { Account } from "../../../provider/resources/account";
import type { AccountArgs } from "../../../provider/resources/accountArgs";
import { nearestWord } from "../../../provider/util/nearestWord";

it.each([
  ["apikey", "apiKey", 0],
  ["maxWaits", "maxWait", 1],
  ["url", "baseUrl", 4],
  ["rate_limit", "rateLimit", 1],
  ["", "apiKey", 6],
])("of %j the nearest setting is %s", (written, name, distance) => {
  expect(nearestWord(written, settingNames)).toEqual({ word: name, distance });
});

it("an Account refuses a setting that does not exist, and names the nearest one", () => {
  const args = { apiKey: "ek-secret", maxwait: "90s" } as AccountArgs;
  expect(() => new Account("team", args)).toThrow(
    /^Account "team": `maxwait` is not a setting\.\nDid you mean `maxWait`\? The settings are apiKey, /,
  );
});
