/** What an action does, as YAML has it: its kind is the key (`script:`, `manual:`, …). */
import { z } from 'zod';

import { RUNS_ON, type ActionKind, type PoolChoice, type ScriptText } from '../../../domain/model/process.ts';
import { INTERPRETERS } from '../../../domain/script.ts';
import { LONGEST_SCRIPT_BODY_CHARACTERS } from '../../../limits.ts';
import { anyText, flag, listOf, localName, oneOrMore, ref, textMap } from './parts.ts';

const scriptText = {
  interpreter: z.enum(INTERPRETERS).default('bash').describe('Of a file: by its extension; else bash'),
  body: z
    .string()
    .max(LONGEST_SCRIPT_BODY_CHARACTERS)
    .refine((text) => !text.includes('\0'), 'text without NUL characters')
    .optional()
    .describe('The script, with #{…}'),
  file: z
    .string()
    .optional()
    .describe('Instead of body: a file beside this one; the command reads it and sends it along'),
  arguments: oneOrMore(anyText),
  environment: textMap.describe('Environment variables'),
};

function textOf(
  given: {
    interpreter: ScriptText['interpreter'];
    body?: string | undefined;
    arguments: string[];
    environment: Record<string, string>;
  },
  ctx: z.RefinementCtx,
): ScriptText {
  const { interpreter, body = '', arguments: list, environment } = given;
  if (given.body === undefined)
    ctx.addIssue({ code: 'custom', path: ['body'], message: 'the script: body, or file' });
  return { interpreter, body, arguments: list, environment };
}

const pool = z
  .union([ref, z.strictObject({ variable: localName })])
  .transform((given): PoolChoice =>
    typeof given === 'string' ? { kind: 'pool', pool: given } : { kind: 'variable', name: given.variable },
  )
  .default({ kind: 'default' })
  .describe('A worker pool, or { variable: NAME } of type workerPool; left out: the default pool');

const script = z
  .strictObject({
    ...scriptText,
    runsOn: z.enum(RUNS_ON).optional().describe('Left out: `target` where the step has roles, else `worker`'),
    pool,
    leaseMode: z.enum(['shared', 'exclusive']).default('shared'),
    tools: oneOrMore(localName).describe('Tools that the worker must have'),
    cleanUp: z
      .strictObject(scriptText)
      .transform(textOf)
      .nullable()
      .default(null)
      .describe('Runs on the same worker after an exclusive script, whatever that came to'),
    terminal: flag.default(false),
    runAs: anyText.default('').describe("A user of the machine; left out: the agent's own"),
  })
  .transform((given, ctx) => {
    const { runsOn, pool: choice, leaseMode, tools, cleanUp, terminal, runAs } = given;
    const text = textOf(given, ctx);
    return {
      kind: 'script' as const,
      runsOn,
      script: text,
      pool: choice,
      leaseMode,
      tools,
      cleanUp,
      terminal,
      runAs,
    };
  });

const manual = z
  .strictObject({
    instructions: anyText.default('').describe('Markdown, with #{…}'),
    responsible: anyText.default('').describe('Who may answer'),
  })
  .transform((given) => ({ kind: 'manual' as const, ...given }));

const deployRelease = z
  .strictObject({
    project: ref,
    version: anyText.default('').describe('With #{…}; left out: the newest release of the channel'),
    channel: anyText.default(''),
    when: z.enum(['always', 'ifNotCurrent', 'ifNewer']).default('always'),
    variables: textMap.describe('Values for its prompted variables'),
  })
  .transform((given) => ({ kind: 'deployRelease' as const, ...given }));

const runRunbook = z
  .strictObject({
    runbook: ref.describe('A runbook of this project, or Project/Runbook'),
    environment: ref.nullable().default(null).describe('Left out: that of this run'),
    wait: flag.default(true),
    variables: textMap.describe('Values for its prompted variables'),
  })
  .transform((given) => ({ kind: 'runRunbook' as const, ...given }));

const healthCheck = z
  .strictObject({
    check: z.enum(['full', 'connection']).default('full'),
    onUnhealthy: z.enum(['fail', 'exclude']).default('fail'),
  })
  .nullable()
  .transform((given) => ({
    kind: 'healthCheck' as const,
    ...(given ?? { check: 'full' as const, onUnhealthy: 'fail' as const }),
  }));

const webhook = z
  .strictObject({
    method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('POST'),
    url: anyText.min(1).describe('With #{…}, as headers and body'),
    headers: textMap,
    body: anyText.default(''),
    expect: listOf(z.number().int().min(100).max(599))
      .default([])
      .describe('Status codes that are a success; left out: 200 to 299'),
  })
  .transform((given) => ({ kind: 'webhook' as const, ...given }));

/** One of these makes an action. */
export const actionKinds = {
  script: script.optional(),
  manual: manual.optional(),
  deployRelease: deployRelease.optional(),
  runRunbook: runRunbook.optional(),
  healthCheck: healthCheck.optional(),
  webhook: webhook.optional(),
};

export const ACTION_KEYS = Object.keys(actionKinds) as (keyof typeof actionKinds)[];
const ONE_KIND = `one of ${ACTION_KEYS.join(', ')}`;

type GivenKinds = { [Key in keyof typeof actionKinds]?: z.output<(typeof actionKinds)[Key]> };

export function kindsIn(given: GivenKinds): (keyof GivenKinds)[] {
  return ACTION_KEYS.filter((key) => given[key] !== undefined);
}

/** @returns what the action does; undefined: that was not one thing, and is told */
export function actionKind(
  given: GivenKinds,
  { ctx, roles }: { ctx: z.RefinementCtx; roles: readonly string[] },
): ActionKind | undefined {
  const [key, second] = kindsIn(given);
  if (key === undefined || second !== undefined) {
    const message =
      second === undefined ? ONE_KIND : `one kind of action; there are ${kindsIn(given).join(' and ')}`;
    ctx.addIssue({ code: 'custom', path: second === undefined ? [] : [second], message });
    return undefined;
  }
  const does = given[key];
  if (does?.kind !== 'script') return does;
  return { ...does, runsOn: does.runsOn ?? (roles.length > 0 ? 'target' : 'worker') };
}
