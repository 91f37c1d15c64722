import { z } from "zod";

const address = z.union([z.ipv4(), z.ipv6()]);
const block = z.union([z.cidrv4(), z.cidrv6()]);

export function isIpBlock(text: string): boolean {
  return address.safeParse(text).success || block.safeParse(text).success;
}

/**
 * The one spelling of an address or CIDR block, so that other spellings never differ: IPv6 in its short lower-case form, a
 * block by its first address, a block of one address as the address.
 */
export function canonicalIpBlock(text: string): string {
  if (!isIpBlock(text)) return text;
  const [host = "", prefix] = text.split("/");
  const bits = host.includes(":") ? 128 : 32;
  const length = prefix === undefined ? bits : Number(prefix);
  const hostBits = BigInt(bits - length);
  const first = (toNumber(host) >> hostBits) << hostBits;
  return length === bits ? toAddress(first, bits) : `${toAddress(first, bits)}/${length}`;
}

function toNumber(host: string): bigint {
  if (!host.includes(":")) return host.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  // The URL parser writes every form of an IPv6 address as groups of hexadecimal digits.
  const [head = "", tail] = new URL(`http://[${host}]`).hostname.slice(1, -1).split("::");
  const groups = (part: string) => part.split(":").filter((group) => group !== "");
  const left = groups(head);
  const right = groups(tail ?? "");
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...zeros, ...right].reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

function toAddress(value: bigint, bits: 32 | 128): string {
  const [count, size] = bits === 32 ? [4, 8n] : [8, 16n];
  const parts = Array.from(
    { length: count },
    (_, at) => (value >> (size * BigInt(count - 1 - at))) % (1n << size),
  );
  if (bits === 32) return parts.join(".");
  return new URL(`http://[${parts.map((part) => part.toString(16)).join(":")}]`).hostname.slice(1, -1);
}
