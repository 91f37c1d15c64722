import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { ProxyKey } from "pulumi-electronhub";

const config = new pulumi.Config();

const bot = new ProxyKey("chat", {
  budget: 0.1,
  labels: { owner: "chat", purpose: "pods" },
  // Any other value makes a new key.
  rotationTrigger: config.get("keyGeneration"),
});

// Without a name of its own, each new key gets a new Secret, and pods of the old one keep theirs until they are gone.
const secret = new k8s.core.v1.Secret("chat-key", {
  stringData: { ELECTRONHUB_KEY: bot.key },
});

const labels = { app: "chat" };
const deployment = new k8s.apps.v1.Deployment("chat", {
  spec: {
    selector: { matchLabels: labels },
    template: {
      // Another pod template restarts the pods, and the annotation shows which key a pod has.
      metadata: { labels, annotations: { "electronhub-key": bot.fingerprint } },
      spec: {
        containers: [
          {
            name: "chat",
            image: config.get("image") ?? "nginx:stable",
            envFrom: [{ secretRef: { name: secret.metadata.name } }],
          },
        ],
      },
    },
  },
});

export const deploymentName = deployment.metadata.name;
export const fingerprint = bot.fingerprint;
