import fc from "fast-check";

/** Sentences of the expected kind, and others with the same words. */
export const SENTENCES = fc.oneof(
  fc.constantFrom(
    "Proxy key not found",
    "Key not found.",
    "No such proxy key",
    "The key does not exist",
    "Key already deleted",
    "Proxy key deleted",
    "The proxy key was removed.",
    "Proxy key updated",
  ),
  fc
    .tuple(
      fc.constantFrom(
        "Proxy key",
        "Proxy keys",
        "API key",
        "Subscription key",
        "Key server",
        "Nothing",
        "It",
      ),
      fc.constantFrom("", "was ", "was not ", "will be ", "is being ", "could not be ", "has been "),
      fc.constantFrom(
        "deleted",
        "removed",
        "updated",
        "found",
        "not found",
        "already deleted",
        "unreachable",
      ),
      fc.constantFrom("", "", ".", "?", " on 2027-01-01", " from the cache", " or not yours", ": time-out"),
    )
    .map((parts) => parts.join("").replace("key", "key ").replace(/ +/g, " ")),
);
