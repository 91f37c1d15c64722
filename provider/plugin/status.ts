import { Metadata, status, type StatusObject } from "@grpc/grpc-js";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { redact } from "../util/redact";
import { isUserError } from "../util/userError";
import { PartialFailure } from "../lifecycle/failures";
import { inListForm, toLists } from "./listForm";
import { toStruct } from "./properties";

/**
 * An error in the form that the engine reads. A partial failure makes it save the resource although its create or update
 * failed.
 *
 * @param secrets names of properties that came as secrets.
 */
export function statusOf(error: unknown, secrets: readonly string[]): Partial<StatusObject> {
  const message = redact(inListForm(messageOf(error)));
  if (!(error instanceof PartialFailure)) return { code: status.UNKNOWN, details: message };
  const detail = new ErrorResourceInitFailed();
  detail.setId(error.state.fingerprint);
  detail.setProperties(toStruct(toLists(error.state), secrets));
  detail.setReasonsList([`${message} ${PARTIAL}`]);
  const packed = new Any();
  packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const rich = new Status();
  rich.setCode(status.UNKNOWN);
  rich.setMessage(message);
  rich.addDetails(packed);
  const metadata = new Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(rich.serializeBinary()));
  return { code: status.UNKNOWN, details: message, metadata };
}

const PARTIAL = "The key is kept in the state; the next `pulumi up` brings it to what is declared.";

function messageOf(error: unknown): string {
  if (isUserError(error)) return `${error.why}\n${error.nextStep}`;
  return error instanceof Error ? error.message : String(error);
}
