/** Variables, templates, tenants' values and triggers as YAML. Of a secret it is said that it is one, and no more. */
import type { TenantValue } from '../../domain/model/tenant.ts';
import type { Trigger } from '../../domain/model/trigger.ts';
import type { Prompt, Variable, VariableTemplate, VariableType } from '../../domain/model/variable.ts';
import { ANYWHERE } from '../../domain/variables/scope.ts';
import { lean } from './write-process.ts';

const NO_PROMPT = { label: '', description: '', required: false, control: 'text', options: [] };

export function writeVariable({ name, type, value, description, scope, prompt }: Variable): object {
  const asked = prompt === null ? null : writePrompt(prompt);
  return {
    name,
    ...writeValue(type, { value }),
    ...lean(
      { description, scope: lean(scope, ANYWHERE), prompt: asked },
      { description: '', scope: {}, prompt: null },
    ),
  };
}

function writePrompt(prompt: Prompt): object {
  return lean({ ...prompt, options: writeOptions(prompt.options) }, NO_PROMPT);
}

export function writeTemplate(template: VariableTemplate): object {
  const { name, type, default: value, options, ...rest } = template;
  return {
    name,
    ...lean(writeValue(type, { default: value }), { default: '' }),
    ...lean({ ...rest, options: writeOptions(options) }, NO_PROMPT),
  };
}

function writeOptions(options: Prompt['options']): unknown[] {
  return options.map(({ value, label }) => (isPlain(value) && label === value ? value : { value, label }));
}

/** A short form that reads back as it is. */
function isPlain(text: string): boolean {
  return text !== '' && text.trim() === text && text.length <= 200;
}

export function writeTenantValue({ type, value, name, ...of }: TenantValue<object>): object {
  return { ...of, name, ...writeValue(type, { value }) };
}

function writeValue(type: VariableType, value: object): object {
  if (type === 'sensitive') return { sensitive: true };
  return type === 'text' ? value : { type, ...value };
}

export function writeTriggers(triggers: readonly Trigger[]): object[] {
  return triggers.map(({ name, disabled, cron, timeZone, does }) => {
    const { kind, ...rest } = does;
    return {
      name,
      ...lean({ disabled }, { disabled: false }),
      cron,
      ...lean({ timeZone }, { timeZone: 'UTC' }),
      [kind]: lean(rest, kind === 'deploy' ? NO_DEPLOY : NO_RUN),
    };
  });
}

const NO_DEPLOY = { from: null, channel: '', tenants: [], tenantTags: [] };
const NO_RUN = { environments: [], tenants: [], tenantTags: [] };
