import { refusalOfNode } from "../util/nodeVersion";

/** Stops loading the handler on an older Node, before modules that do not run there. */
const refusal = refusalOfNode(process.versions.node);
// FROZEN CONTRACT: the provider code in old states shows the message of such an error as it is.
if (refusal !== undefined) throw Object.assign(new Error(refusal), { isForUser: true });
