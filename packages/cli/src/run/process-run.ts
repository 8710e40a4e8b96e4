/** The flags of `longshore deploy` and `longshore runbook run` as bodies of REST calls: one for each place. */
import { invalid } from '@longshore/base';

import { given } from '../client.ts';
import { readAssignment } from './assignments.ts';
import type { Place, PlaceFlags } from './places.ts';
import { parseTime } from './times.ts';

export interface ProcessRunFlags extends PlaceFlags {
  variable?: string[];
  skip?: string[];
  deploymentTarget?: string[];
  excludeDeploymentTarget?: string[];
  guidedFailure?: 'true' | 'false' | 'default';
  deployAt?: string;
  deployAtExpiry?: string;
  prioritize?: boolean;
  comment?: string;
  timeout?: number;
}

/** How two of the flags are called. */
export interface TimeFlags {
  at: string;
  expiry: string;
}

/** What is common to all of them: nothing is asked of the server before all flags are right. */
export function processRun(flags: ProcessRunFlags, names: TimeFlags, now: number, env: NodeJS.ProcessEnv) {
  const { skip, deploymentTarget, excludeDeploymentTarget, prioritize, comment, timeout } = flags;
  const notBefore = flags.deployAt === undefined ? undefined : parseTime(flags.deployAt, names.at, now);
  const expiresAt =
    flags.deployAtExpiry === undefined ? undefined : parseTime(flags.deployAtExpiry, names.expiry, now);
  if (expiresAt !== undefined && expiresAt <= Math.max(now, notBefore ?? 0))
    throw invalid(
      names.expiry,
      flags.deployAtExpiry,
      notBefore === undefined ? 'a time to come' : `a time after that of ${names.at}`,
    );
  return given({
    ...{ skip, targets: deploymentTarget, excludeTargets: excludeDeploymentTarget },
    variables: flags.variable === undefined ? undefined : promptedValues(flags.variable, env),
    guidedFailure:
      flags.guidedFailure === undefined || flags.guidedFailure === 'default'
        ? undefined
        : flags.guidedFailure === 'true',
    ...{ notBefore, expiresAt, prioritise: prioritize, timeoutMs: timeout, comments: comment },
  });
}

/** One run for each place. */
export function processRuns<Run>(run: Run, places: readonly Place[]): (Run & Place)[] {
  return places.map((place) => ({ ...run, ...place }));
}

/**
 * `Label:Value` (Octopus's form) or `Label=Value`, whichever comes first; a
 * value `@FILE` keeps it out of the process list. No error shows a value: it
 * may be a secret.
 */
export function promptedValues(texts: readonly string[], env: NodeJS.ProcessEnv): Record<string, string> {
  const values = new Map<string, string>();
  for (const text of texts) {
    const at = text.search(/[:=]/);
    const label = at < 0 ? '' : text.slice(0, at).trim();
    if (label === '')
      throw invalid('--variable', at < 0 ? '…' : `${text[at] ?? ''}…`, 'Label:Value, or Label:@FILE');
    if (values.has(label)) throw invalid('--variable', `${label}:…`, 'each label once');
    const { value } = readAssignment(`${label}=${text.slice(at + 1)}`, '--variable', { env, secret: true });
    values.set(label, value);
  }
  return Object.fromEntries(values);
}
