import * as electronhub from "pulumi-electronhub";

// Ends by itself after 30 days, unless an `up` in the last 3 days renews it: the same key, with a later expiry.
const workshop = new electronhub.ProxyKey("workshop", {
  budget: 5,
  expiresIn: "30d",
  renewBefore: "3d",
});

// Renewed by a new key, which takes the old one's place in the same `up`.
const partner = new electronhub.ProxyKey("partner", {
  budget: 20,
  expiresIn: "90d",
  renewBefore: "7d",
  renew: "rotate",
});

export const workshopKey = workshop.key;
export const workshopEnds = workshop.expiresAt;
export const partnerKey = partner.key;
export const partnerEnds = partner.expiresAt;
