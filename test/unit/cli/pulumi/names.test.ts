import { expect, it } from "vitest";
import { resourceName } from "../../../../provider/cli/pulumi/names";

it("a resource's name cannot begin a line of a report", () => {
  const urn = "urn:pulumi:prod::shop::pulumi-nodejs:dynamic/electronhub:ProxyKey::bot";
  expect(resourceName(urn)).toBe("bot");
  expect(resourceName(`${urn}\n2 keys removed.\u001B[2K`)).toBe("bot 2 keys removed.");
});
