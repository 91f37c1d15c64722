import * as pb from "@pulumi/pulumi/proto/provider_pb";
import type { Properties } from "../lifecycle/schema/inputs";
import type { SettingFailure } from "./configuration";
import { toStruct } from "./properties";
import type { Difference } from "./verbs";

/** @param secrets names of the inputs that are secrets. */
export function checkResponse(
  inputs: Properties,
  secrets: readonly string[],
  failures: readonly SettingFailure[] = [],
): pb.CheckResponse {
  const response = new pb.CheckResponse();
  response.setInputs(toStruct(inputs, secrets));
  response.setFailuresList(
    failures.map(({ property, reason }) => {
      const failure = new pb.CheckFailure();
      failure.setProperty(property);
      failure.setReason(reason);
      return failure;
    }),
  );
  return response;
}

/** A comparison, with the kind of each difference. */
export function diffResponse(
  { changes, properties }: Difference,
  before: Properties,
  after: Properties,
): pb.DiffResponse {
  const { DIFF_NONE, DIFF_SOME } = pb.DiffResponse.DiffChanges;
  const response = new pb.DiffResponse();
  response.setChanges(changes ? DIFF_SOME : DIFF_NONE);
  response.setDiffsList([...properties.keys()]);
  response.setReplacesList([...properties].flatMap(([name, { needsNew }]) => (needsNew ? [name] : [])));
  if (properties.size === 0) return response;
  response.setHasdetaileddiff(true);
  for (const [name, { needsNew }] of properties) {
    const difference = new pb.PropertyDiff();
    difference.setKind(kindOf(before[name] === undefined, after[name] === undefined, needsNew));
    response.getDetaileddiffMap().set(name, difference);
  }
  return response;
}

function kindOf(isAdded: boolean, isDeleted: boolean, needsNew: boolean): pb.PropertyDiff.Kind {
  const { Kind } = pb.PropertyDiff;
  if (isAdded) return needsNew ? Kind.ADD_REPLACE : Kind.ADD;
  if (isDeleted) return needsNew ? Kind.DELETE_REPLACE : Kind.DELETE;
  return needsNew ? Kind.UPDATE_REPLACE : Kind.UPDATE;
}
