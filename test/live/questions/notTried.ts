import type { Group } from "./group";

/** What one run with one key cannot show without harm. */
export const notTried: Group = {
  name: "not tried",
  async ask(_, report) {
    const open = (question: string, why: string) => report.add(question, "none", "not tried", { why });
    open(
      "Do refused requests lengthen the cooldown?",
      "needs the limit to be exceeded, which blocks the account for minutes",
    );
    open("Does the rate limit hold per account or per API key?", "needs a second API key of the account");
    open("Which status has the cap on keys?", "needs as many keys as the plan allows");
    open(
      "Which pot pays, and do returned credits lapse with the week?",
      "the figures above name the pot if the API shows pots; needs a look after Sunday 21:00 UTC",
    );
  },
};
