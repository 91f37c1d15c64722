import * as pulumi from "@pulumi/pulumi";
import { ProxyKey } from "pulumi-electronhub";

/** The key of one branch, after which the stack is named. */
const bot = new ProxyKey(`bot-${pulumi.getStack()}`, { budget: 2 });

export const key = bot.key;
