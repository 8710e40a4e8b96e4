/** What variables are in a place, and why. */
import { z } from 'zod';

import { VARIABLE_TYPES } from '../../domain/model/variable.ts';
import { MATCH_KINDS, SCOPE_KINDS } from '../../domain/variables/scope.ts';
import { id, spaceParams } from './common.ts';

const named = z.string().min(1).max(400);
const names = z.array(z.string());

const place = {
  tenant: named.optional().describe('Name or id'),
  channel: named.optional().describe('Not given: that of the release, or the default one'),
  role: z
    .union([z.array(named), named.transform((one) => [one])])
    .optional()
    .describe('A role of the target, several times if it has several; not given: those of target and step'),
  target: named.optional().describe('Name or id of a deployment target'),
  step: named.optional().describe('Name of a step or an action'),
  runbook: named.optional().describe('In its runs, instead of deployments'),
  release: named.optional().describe('As the release keeps them; not given: as they stand now'),
};
export const explainQuery = z.strictObject({ environment: named.describe('Name or id'), ...place });
export const variablesQuery = z.strictObject({
  environment: named.optional().describe('Not given: what is scoped by one does not hold'),
  ...place,
});
export type PlaceQuery = z.infer<typeof variablesQuery>;

export const projectParams = spaceParams.extend({ project: z.string().describe('Name or id of a project') });
export const variableParams = projectParams.extend({
  name: z.string().describe('Of a variable, in any case'),
});

const seenValue = z
  .object({
    text: z.string().describe('`********` when it is sensitive; empty when it can not be said'),
    sensitive: z.boolean().describe('It is, or it was made with one that is'),
    missing: names.describe('Constructs that gave nothing, as they are written'),
    problems: names.describe('Why all of it, or a part, can not be evaluated'),
  })
  .meta({ id: 'SeenValue' });

const writtenValue = {
  name: z.string(),
  value: z.string().describe('As it is written; `********` when it is sensitive'),
  type: z.enum(VARIABLE_TYPES),
  source: z.object({
    kind: z.enum(['project', 'library', 'tenant', 'prompted', 'system', 'output']),
    id,
    name: z.string(),
    place: z.string().describe('Where in it: a JSON pointer'),
  }),
  scope: z
    .object({
      environments: names,
      targets: names,
      roles: names,
      steps: names,
      channels: names,
      tenants: names,
      tenantTags: names,
      processes: names,
    })
    .partial()
    .describe('Names by kind; of a kind that is not there, anywhere'),
};

const explainedValue = z
  .object({
    ...writtenValue,
    asked: z.boolean().describe('It is asked for when a run starts, and this is offered'),
    verdict: z.enum(['wins', 'tied', 'lessSpecific', 'doesNotMatch']),
    matches: z.array(z.enum(MATCH_KINDS)).describe('Kinds of its scope that match, the most specific first'),
    misses: z.array(z.enum(SCOPE_KINDS)).describe('Kinds of its scope that the place does not have'),
    rule: z
      .enum([...MATCH_KINDS, 'project', 'origin', 'order', ''])
      .describe('By which the winner stands before it'),
    because: z.string().describe('The verdict in words'),
  })
  .meta({ id: 'ExplainedValue' });

export const variableExplanation = z
  .object({
    name: z.string(),
    value: seenValue.nullable().describe('What it comes to; null: it has no value here'),
    values: z.array(explainedValue).describe('The winner first, at the end those that do not match'),
    ambiguous: z.boolean(),
    warnings: names,
  })
  .meta({ id: 'VariableExplanation' });
export type VariableExplanationView = z.infer<typeof variableExplanation>;

export const listedVariable = z
  .object({ ...writtenValue, seen: seenValue.describe('What it comes to'), ambiguous: z.boolean() })
  .meta({ id: 'ListedVariable' });
export type ListedVariableView = z.infer<typeof listedVariable>;
