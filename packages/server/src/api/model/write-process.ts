/** Steps and actions as YAML: a single action is written into its step. */
import { isDeepStrictEqual } from 'node:util';

import type {
  Action,
  ActionKind,
  PoolChoice,
  Process,
  RunCondition,
  ScriptText,
  Step,
} from '../../domain/model/process.ts';
import {
  DEFAULT_PARALLELISM,
  DEFAULT_RETRY_FACTOR,
  DEFAULT_RETRY_WAIT_MS,
} from '../schemas/model/process.ts';
import { durationText } from './duration-text.ts';

/** Without what is as it would be anyway. */
export function lean(given: object, defaults: object): Record<string, unknown> {
  const usual = defaults as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(given).filter(([key, value]) => !(key in usual) || !isDeepStrictEqual(value, usual[key])),
  );
}

export function writeProcess({ pinWorker, steps }: Process): object {
  return lean({ pinWorker, steps: steps.map(writeStep) }, { pinWorker: false, steps: [] });
}

function writeStep({ name, actions, condition, ...step }: Step): object {
  const outer = {
    name,
    ...lean({ ...step, condition: writeCondition(condition) }, NO_STEP),
  };
  const [only, ...more] = actions;
  if (only !== undefined && more.length === 0 && only.name === name && only.condition.kind === 'success')
    return { ...outer, ...writeAction(only, step.roles) };
  return {
    ...outer,
    actions: actions.map((action) => ({
      name: action.name,
      ...lean({ condition: writeCondition(action.condition) }, { condition: 'success' }),
      ...writeAction(action, step.roles),
    })),
  };
}

const NO_STEP = {
  start: 'afterPrevious',
  condition: 'success',
  roles: [],
  rollingWindow: null,
  maxParallelism: DEFAULT_PARALLELISM,
};

const NO_ACTION = {
  environments: [],
  excludedEnvironments: [],
  channels: [],
  tenantTags: [],
  disabled: false,
  required: false,
  notes: '',
};

function writeAction(action: Action, roles: readonly string[]): object {
  const { environments, excludedEnvironments, channels, tenantTags, disabled, required, notes } = action;
  const { retries, timeoutMs, does } = action;
  const { times, waitMs, factor } = retries;
  const again = { times, ...lean({ wait: durationText(waitMs), factor }, NO_RETRY) };
  return {
    ...lean(
      { environments, excludedEnvironments, channels, tenantTags, disabled, required, notes },
      NO_ACTION,
    ),
    ...lean(
      { retries: again, timeout: durationText(timeoutMs) },
      { retries: { times: 0 }, timeout: durationText(0) },
    ),
    [does.kind]: writeKind(does, roles),
  };
}

const NO_RETRY = { wait: durationText(DEFAULT_RETRY_WAIT_MS), factor: DEFAULT_RETRY_FACTOR };

function writeCondition(condition: RunCondition): unknown {
  return condition.kind === 'variable' ? { variable: condition.expression } : condition.kind;
}

function writeKind(does: ActionKind, roles: readonly string[]): object {
  switch (does.kind) {
    case 'script': {
      const { script, pool, cleanUp, runsOn, leaseMode, tools, terminal, runAs } = does;
      const { body, ...text } = writeText(script);
      const more = {
        runsOn,
        leaseMode,
        tools,
        terminal,
        runAs,
        pool: writePoolChoice(pool),
        cleanUp: cleanUp === null ? null : writeText(cleanUp),
      };
      return {
        ...text,
        ...lean(more, { ...NO_SCRIPT, runsOn: roles.length > 0 ? 'target' : 'worker' }),
        body,
      };
    }
    case 'manual':
      return lean(without(does), { instructions: '', responsible: '' });
    case 'deployRelease':
      return lean(without(does), { version: '', channel: '', when: 'always', variables: {} });
    case 'runRunbook':
      return lean(without(does), { environment: null, wait: true, variables: {} });
    case 'healthCheck':
      return lean(without(does), { check: 'full', onUnhealthy: 'fail' });
    case 'webhook':
      return lean(without(does), { method: 'POST', headers: {}, body: '', expect: [] });
  }
}

const NO_SCRIPT = {
  pool: undefined,
  leaseMode: 'shared',
  tools: [],
  cleanUp: null,
  terminal: false,
  runAs: '',
};

function without(does: ActionKind): object {
  return Object.fromEntries(Object.entries(does).filter(([key]) => key !== 'kind'));
}

function writeText({ interpreter, body, arguments: list, environment }: ScriptText): { body: string } {
  return {
    ...lean(
      { interpreter, arguments: list, environment },
      { interpreter: 'bash', arguments: [], environment: {} },
    ),
    body,
  };
}

function writePoolChoice(choice: PoolChoice): unknown {
  if (choice.kind === 'default') return undefined;
  return choice.kind === 'pool' ? choice.pool : { variable: choice.name };
}
