import fc from "fast-check";

/** Properties of an envelope in addition to its entries, by their number. */
const BESIDE = fc.constantFrom<((count: number) => object)[]>(
  () => ({}),
  () => ({}),
  (total) => ({ total }),
  (total) => ({ total: total + 1 }),
  () => ({ has_more: false }),
  () => ({ has_more: true }),
  () => ({ next: null }),
  () => ({ next: "/auth/proxy?page=2" }),
  () => ({ next_cursor: "abc" }),
  () => ({ page: 1, pages: 2 }),
  (total) => ({ meta: { total: total + 3 } }),
  () => ({ pagination: { has_more: true } }),
  () => ({ status: "maintenance" }),
  () => ({ ok: true }),
  () => ({ others: [] }),
  () => ({ error: "half of it" }),
);

/** Correct and incorrect bodies of list and lookup. */
export function keyTexts({ key }: { readonly key: string }): fc.Arbitrary<string> {
  const other = "ek-proxy-SomebodyElsesKey0000000000";
  const object = fc.record(
    {
      name: fc.constantFrom<unknown>("web", "", 7),
      key: fc.constantFrom<unknown>(
        key,
        key,
        other,
        other,
        `${key.slice(0, 13)}***${key.slice(-4)}`,
        null,
        5,
      ),
      expires_at: fc.constantFrom<unknown>(-1, null, 1e300, "never", 1_900_000_000),
      allocated_ammount: fc.constantFrom<unknown>(10, 0.1, -5, 1e308, "10"),
      used_ammount: fc.constantFrom<unknown>(0, 3.5, null),
      is_active: fc.constantFrom<unknown>(true, false, "true"),
      model_whitelist: fc.constantFrom<unknown>([], null, ["b", "a"], [7]),
      ip_whitelist: fc.constantFrom<unknown>([], null, ["10.0.0.0/8", "::1"]),
      created_at: fc.constantFrom<unknown>(1_767_000_000, null, -1e20, 1e20),
      last_used: fc.constantFrom<unknown>(null, 1_767_000_000, 1e20),
    },
    { requiredKeys: ["name", "allocated_ammount", "is_active"] },
  );
  const sound = fc
    .constantFrom(key, other)
    .map((value) => ({ name: "web", key: value, expires_at: -1, allocated_ammount: 10, is_active: true }));
  const list = fc.array(fc.oneof(sound, object), { maxLength: 3 });
  return fc
    .oneof(
      fc.array(sound, { maxLength: 3 }),
      list,
      fc
        .tuple(
          fc.constantFrom("keys", "data", "proxy_keys", "items", "results", "notices", "links"),
          list,
          BESIDE,
        )
        .map(([name, keys, beside]) => Object.assign({ [name]: keys }, beside(keys.length))),
      list.map((keys) => keys.concat(keys)),
      sound,
      object,
    )
    .map((value) => JSON.stringify(value));
}
