/** Steps and actions, as YAML has them: a step with a single action says what that does itself. */
import { z } from 'zod';

import type { Action, RunCondition, Step } from '../../../domain/model/process.ts';
import { LARGEST_PARALLELISM, LARGEST_RETRIES } from '../../../limits.ts';
import { actionKind, actionKinds, kindsIn } from './actions.ts';
import { anyText, duration, environments, flag, listOf, localName, oneOrMore, roles, tags } from './parts.ts';

export const DEFAULT_PARALLELISM = 10;
export const DEFAULT_RETRY_WAIT_MS = 15_000;
export const DEFAULT_RETRY_FACTOR = 2;

const condition = z
  .union([z.enum(['success', 'failure', 'always']), z.strictObject({ variable: anyText.min(1) })])
  .transform((given): RunCondition =>
    typeof given === 'string' ? { kind: given } : { kind: 'variable', expression: given.variable },
  )
  .default({ kind: 'success' })
  .describe('success, failure, always, or { variable: "#{…}" }');

const retries = z
  .strictObject({
    times: z.number().int().min(0).max(LARGEST_RETRIES).describe('After the first try'),
    wait: duration.default(DEFAULT_RETRY_WAIT_MS).describe('Before the first retry'),
    factor: z
      .number('a number')
      .min(1)
      .max(10)
      .default(DEFAULT_RETRY_FACTOR)
      .describe('Each later wait is longer by it'),
  })
  .transform(({ times, wait, factor }) => ({ times, waitMs: wait, factor }))
  .default({ times: 0, waitMs: DEFAULT_RETRY_WAIT_MS, factor: DEFAULT_RETRY_FACTOR });

const common = {
  environments: environments.describe('Only in these environments; left out: in all'),
  excludedEnvironments: environments.describe('Not in these environments'),
  channels: oneOrMore(localName).describe('Only for releases of these channels'),
  tenantTags: tags,
  disabled: flag.default(false),
  required: flag.default(false).describe('Nobody can skip it'),
  retries,
  timeout: duration.default(0).describe('From the start of each try; left out: no limit'),
  notes: anyText.default(''),
  ...actionKinds,
};
/** What only a step that is its own action may say. */
export const INLINE_KEYS = Object.keys(common);

type Common = z.output<z.ZodObject<typeof common>>;

const action = z.strictObject({ name: localName.optional(), condition, ...common });

const step = z
  .strictObject({
    name: localName,
    start: z.enum(['afterPrevious', 'withPrevious']).default('afterPrevious'),
    condition: condition.describe('What the steps before must have come to'),
    roles: roles.describe('Its actions run for each target with one of these roles'),
    rollingWindow: z.number().int().min(1).max(LARGEST_PARALLELISM).nullable().default(null),
    maxParallelism: z.number().int().min(1).max(LARGEST_PARALLELISM).default(DEFAULT_PARALLELISM),
    actions: listOf(action).min(1).optional().describe('Several actions; of one, say here what it does'),
    ...common,
  })
  .transform((given, ctx): Step => {
    const { name, start, condition: when, rollingWindow, maxParallelism } = given;
    const outer = { name, start, condition: when, roles: given.roles, rollingWindow, maxParallelism };
    if (given.actions === undefined) {
      const success: RunCondition = { kind: 'success' };
      const only = actionOf({ ...given, condition: success }, { name, ctx, roles: given.roles });
      return { ...outer, actions: only === undefined ? [] : [only] };
    }
    const [kind] = kindsIn(given);
    if (kind !== undefined)
      ctx.addIssue({ code: 'custom', path: [kind], message: 'either actions, or what the step does itself' });
    return { ...outer, actions: actionsOf(given.actions, { name, ctx, roles: given.roles }) };
  });

function actionsOf(
  given: readonly z.output<typeof action>[],
  { name, ctx, roles: of }: { name: string; ctx: z.RefinementCtx; roles: readonly string[] },
): Action[] {
  return given.flatMap((each, i) => {
    const inside = {
      ...ctx,
      addIssue: (issue: Parameters<typeof ctx.addIssue>[0]) => ctx.addIssue(below(issue, i)),
    };
    if (each.name === undefined && given.length > 1)
      inside.addIssue({
        code: 'custom',
        path: ['name'],
        message: 'a name, for the step has several actions',
      });
    return actionOf(each, { name: each.name ?? name, ctx: inside, roles: of }) ?? [];
  });
}

function below(issue: Parameters<z.RefinementCtx['addIssue']>[0], i: number) {
  if (typeof issue === 'string') return { code: 'custom' as const, message: issue, path: ['actions', i] };
  return { ...issue, path: ['actions', i, ...(issue.path ?? [])] };
}

function actionOf(
  given: Common & { condition: RunCondition },
  { name, ctx, roles: of }: { name: string; ctx: z.RefinementCtx; roles: readonly string[] },
): Action | undefined {
  const does = actionKind(given, { ctx, roles: of });
  if (does === undefined) return undefined;
  return {
    name,
    environments: given.environments,
    excludedEnvironments: given.excludedEnvironments,
    channels: given.channels,
    tenantTags: given.tenantTags,
    disabled: given.disabled,
    required: given.required,
    condition: given.condition,
    retries: given.retries,
    timeoutMs: given.timeout,
    notes: given.notes,
    does,
  };
}

/** Stands in its project or runbook itself. */
export const processFields = {
  pinWorker: flag.default(false).describe('Steps of one pool use the worker that the first of them leased'),
  steps: listOf(step).default([]),
};
