/** The options that say where a variable is looked at, and how its values are shown. */
import type { Command } from 'commander';

import type { ListedVariable, SeenValue } from '../shapes.ts';
import { repeated } from './options.ts';

export interface PlaceOptions {
  project: string;
  env?: string;
  tenant?: string;
  channel?: string;
  role?: string[];
  target?: string;
  step?: string;
  runbook?: string;
  release?: string;
}

export function addPlace(command: Command): Command {
  return command
    .option('--tenant <tenant>', 'for this tenant')
    .option(
      '--channel <channel>',
      'in this channel; that of the release, or the default one, where not given',
    )
    .option(
      '--role <role>',
      'on a target of this role (may be repeated); those of target and step where not given',
      repeated,
    )
    .option('--target <target>', 'on this deployment target')
    .option('--step <step>', 'in this step or action')
    .option('--runbook <runbook>', 'in runs of this runbook, instead of deployments')
    .option('--release <version>', 'as this release keeps them; as they stand now where not given');
}

export function placeQuery({ env, tenant, channel, role, target, step, runbook, release }: PlaceOptions) {
  return { environment: env, tenant, channel, role, target, step, runbook, release };
}

/** The value, and what is to be known of it. */
export function shownValue({ text, problems, missing }: SeenValue): string {
  const notes = [...problems, ...(missing.length === 0 ? [] : [`not known here: ${missing.join(', ')}`])].map(
    (note) => `(${note})`,
  );
  return [...(text === '' && notes.length > 0 ? [] : [text]), ...notes].join(' ');
}

export function shownSource({ source }: Pick<ListedVariable, 'source'>): string {
  const asDefault = source.place.startsWith('/templates/') ? ', default of a template' : '';
  return `${SOURCES[source.kind] ?? source.kind} ${source.name}${asDefault}`;
}

const SOURCES: Readonly<Record<string, string>> = {
  project: 'project',
  library: 'library set',
  tenant: 'tenant',
};

/** `environment: Production; role: web, db`. */
export function shownScope({ scope }: Pick<ListedVariable, 'scope'>): string {
  const parts = Object.entries(scope).map(([kind, names]) => `${KINDS[kind] ?? kind}: ${names.join(', ')}`);
  return parts.join('; ');
}

const KINDS: Readonly<Record<string, string>> = {
  environments: 'environment',
  targets: 'target',
  roles: 'role',
  steps: 'step',
  channels: 'channel',
  tenants: 'tenant',
  tenantTags: 'tenant tag',
  processes: 'process',
};
