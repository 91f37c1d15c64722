/** Credentials of every kind: plain, with characters that an encoding changes, and short. */
export const CREDENTIALS: readonly { readonly apiKey: string; readonly key: string }[] = [
  { apiKey: "ek-Zk83hQ0vLrT6mXw1NbPc57JyGdEa92", key: "ek-proxy-qW7uVb4nTz2xKe9rYc5mLp8sGh3jDf6a" },
  { apiKey: "ek-a+9/b=Q7w&x?Y2%Kz~R5", key: "ek-proxy-Rt6_yU-8iO0p_aS3dF-5gH7j" },
  { apiKey: "ek-0123456789abcdefFEDCBA98", key: "ek-proxy-oooo~~~~????>>>>oooo" },
];
