import { z } from "zod";

const address = z.union([z.ipv4(), z.ipv6()]);
const block = z.union([z.cidrv4(), z.cidrv6()]);

export function isIpBlock(text: string): boolean {
  return address.safeParse(text).success || block.safeParse(text).success;
}

/**
 * One spelling per address or CIDR block, so that two spellings of one thing are no drift: IPv6 in its short lower-case
 * form, a block of one address as the address.
 */
export function canonicalIpBlock(text: string): string {
  if (!isIpBlock(text)) return text;
  const [host = "", length] = text.split("/");
  const isV6 = host.includes(":");
  const canonical = isV6 ? new URL(`http://[${host}]`).hostname.slice(1, -1) : host;
  return length === undefined || length === (isV6 ? "128" : "32")
    ? canonical
    : `${canonical}/${Number(length)}`;
}
