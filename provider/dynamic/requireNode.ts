import { refusalOfNode } from "../util/nodeVersion";

/** Ends the loading of the handler on an older Node, before anything is loaded that does not run there. */
const refusal = refusalOfNode(process.versions.node);
// FROZEN CONTRACT: the provider code in old states shows the message of such an error as it is.
if (refusal !== undefined) throw Object.assign(new Error(refusal), { isForUser: true });
