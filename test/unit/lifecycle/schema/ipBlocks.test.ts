import { BlockList, isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalIpBlock, isIpBlock } from "../../../../provider/lifecycle/schema/ipBlocks";

describe("isIpBlock", { timeout: 60_000 }, () => {
  it.each(["203.0.113.7", "0.0.0.0/0", "10.0.0.0/8", "::", "::/0", "2001:db8::/32", "::ffff:1.2.3.4"])(
    "accepts %s",
    (text) => {
      expect(isIpBlock(text)).toBe(true);
    },
  );

  it.each([
    "",
    "/8",
    "10.0.0",
    "10.0.0.256",
    "010.0.0.1",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/8/8",
    "10.0.0.0/",
    "10.0.0.0/8 ",
    "::1/129",
    ":::",
    "fe80::1%eth0",
    "[::1]",
    "localhost",
    "10.0.0.1-10.0.0.9",
  ])("refuses %j", (text) => {
    expect(isIpBlock(text)).toBe(false);
  });

  it("accepts every address that there is, and nothing that Node takes for none", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        expect(isIpBlock(address)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-f:.]{0,20}$/), (text) => {
        expect(isIpBlock(text)).toBe(isIP(text) !== 0);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("canonicalIpBlock", { timeout: 60_000 }, () => {
  it.each([
    ["203.0.113.7", "203.0.113.7"],
    ["203.0.113.7/32", "203.0.113.7"],
    ["2001:DB8::1", "2001:db8::1"],
    ["2001:0db8:0000:0:0:0:0:0001", "2001:db8::1"],
    ["2001:db8::1/128", "2001:db8::1"],
    ["2001:DB8:0::/32", "2001:db8::/32"],
    ["::ffff:1.2.3.4", "::ffff:102:304"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["no address at all", "no address at all"],
  ])("%s becomes %s", (text, canonical) => {
    expect(canonicalIpBlock(text)).toBe(canonical);
  });

  it("means the same and is its own canonical form", () => {
    const blocks = fc.oneof(
      fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
      fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })),
    );
    fc.assert(
      fc.property(blocks, fc.oneof(fc.ipV4(), fc.ipV6()), ([address, length], probe) => {
        const text = `${address}/${length}`;
        const canonical = canonicalIpBlock(text);
        expect(isIpBlock(canonical)).toBe(true);
        expect(canonicalIpBlock(canonical)).toBe(canonical);
        expect(contains(canonical, address)).toBe(true);
        expect(contains(canonical, probe)).toBe(contains(text, probe));
      }),
      { numRuns: 1_000 },
    );
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(typeof canonicalIpBlock(text)).toBe("string");
      }),
      { numRuns: 3_000 },
    );
  });
});

function contains(block: string, probe: string): boolean {
  const [network = "", length] = block.split("/");
  const list = new BlockList();
  const family = (address: string) => (isIP(address) === 6 ? "ipv6" : "ipv4");
  const wholeLength = family(network) === "ipv6" ? 128 : 32;
  list.addSubnet(network, Number(length ?? wholeLength), family(network));
  return list.check(probe, family(probe));
}
