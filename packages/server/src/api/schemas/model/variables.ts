/** Variables, templates and tenants' values, as YAML has them. */
import { z } from 'zod';

import { KEPT } from '../../../app/model/model-draft.ts';
import {
  PROMPT_CONTROLS,
  VARIABLE_TYPES,
  type Variable,
  type VariableTemplate,
  type VariableType,
} from '../../../domain/model/variable.ts';
import {
  anyText,
  environments,
  flag,
  listOf,
  localName,
  oneOrMore,
  ref,
  roles,
  tags,
  tenants,
} from './parts.ts';

const typed = {
  type: z.enum(VARIABLE_TYPES).optional().describe('`text` where it is left out'),
  sensitive: flag.optional().describe('true: a secret, the same as `type: sensitive`'),
};

const A_VALUE = 'a value (it may be left out of a sensitive one: then what is stored stays)';

function typeOf(given: { type?: VariableType | undefined; sensitive?: boolean | undefined }): VariableType {
  return given.type ?? (given.sensitive === true ? 'sensitive' : 'text');
}

function checkType(
  given: { type?: VariableType | undefined; sensitive?: boolean | undefined },
  ctx: z.RefinementCtx,
): void {
  if (
    given.type !== undefined &&
    given.sensitive !== undefined &&
    given.sensitive !== (given.type === 'sensitive')
  )
    ctx.addIssue({ code: 'custom', path: ['sensitive'], message: `nothing beside type: ${given.type}` });
}

const options = listOf(
  z
    .union([localName, z.strictObject({ value: anyText, label: localName.optional() })])
    .transform((given) =>
      typeof given === 'string'
        ? { value: given, label: given }
        : { value: given.value, label: given.label ?? given.value },
    ),
)
  .default([])
  .describe('What may be chosen, with control: select');
const control = z.enum(PROMPT_CONTROLS).default('text');

const prompt = z
  .strictObject({
    label: anyText.default('').describe("The variable's name where it is left out"),
    description: anyText.default(''),
    required: flag.default(false),
    control,
    options,
  })
  .describe('Asked for when a deployment or a runbook is started; the value is what is offered');

const scope = z
  .strictObject({
    environments,
    targets: oneOrMore(ref),
    roles,
    steps: oneOrMore(localName),
    channels: oneOrMore(localName),
    tenants,
    tenantTags: tags,
    processes: oneOrMore(ref).describe('`deployment`, or names of runbooks'),
  })
  .describe('Where the value holds: one of each kind that is given');
const NO_SCOPE = scope.parse({});

const variable = z
  .strictObject({
    name: localName,
    value: anyText.optional().describe('Text with #{…}; of type workerPool: the name of a pool'),
    ...typed,
    description: anyText.default(''),
    scope: scope.default(NO_SCOPE),
    prompt: prompt.nullable().default(null),
  })
  .transform((given, ctx): Variable => {
    checkType(given, ctx);
    const type = typeOf(given);
    const missing = type === 'sensitive' ? KEPT : '';
    if (given.value === undefined && type !== 'sensitive' && given.prompt === null)
      ctx.addIssue({ code: 'custom', path: ['value'], message: A_VALUE });
    if (given.value === '' && type === 'workerPool')
      ctx.addIssue({ code: 'custom', path: ['value'], message: 'the name of a worker pool' });
    return {
      ...{ name: given.name, type, value: given.value ?? missing },
      ...{ description: given.description, scope: given.scope, prompt: given.prompt },
    };
  });

/** A list; or a map of names to values, where none has more to it. */
export const variables = z
  .union([z.record(localName, anyText), listOf(variable)])
  .transform((given): Variable[] => (Array.isArray(given) ? given : Object.entries(given).map(plain)))
  .default([])
  .describe('A list, or a map NAME: value');

function plain([name, value]: [string, string]): Variable {
  return { name, type: 'text', value, description: '', scope: NO_SCOPE, prompt: null };
}

const template = z
  .strictObject({
    name: localName,
    label: anyText.default(''),
    description: anyText.default(''),
    ...typed,
    default: anyText.optional(),
    required: flag.default(false).describe('A deployment for a tenant that gives no value is refused'),
    control,
    options,
  })
  .transform((given, ctx): VariableTemplate => {
    checkType(given, ctx);
    const { name, label, description, required, control: shown, options: choices } = given;
    const type = typeOf(given);
    const byDefault = given.default ?? (type === 'sensitive' ? KEPT : '');
    return { name, label, description, type, default: byDefault, required, control: shown, options: choices };
  });

export const templates = listOf(template).default([]).describe('What each tenant has to fill in');

const tenantValue = { name: localName.describe('Of the template'), value: anyText.optional(), ...typed };

export const commonValue = z
  .strictObject({ variableSet: ref, ...tenantValue })
  .transform(({ variableSet, ...given }, ctx) => ({ variableSet, ...valueOf(given, ctx) }));
export const projectValue = z
  .strictObject({ project: ref, environment: ref, ...tenantValue })
  .transform(({ project, environment, ...given }, ctx) => ({ project, environment, ...valueOf(given, ctx) }));

function valueOf(
  given: z.output<z.ZodObject<typeof tenantValue>>,
  ctx: z.RefinementCtx,
): { name: string; type: VariableType; value: string } {
  checkType(given, ctx);
  const type = typeOf(given);
  if (given.value === undefined && type !== 'sensitive')
    ctx.addIssue({ code: 'custom', path: ['value'], message: A_VALUE });
  return { name: given.name, type, value: given.value ?? KEPT };
}
