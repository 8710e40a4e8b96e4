/**
 * Applies configuration as code: a plan, shown first if asked for, then
 * carried out whole in one transaction or not at all.
 *
 * Always true: with a plan's token it is carried out only as it was planned;
 * what is in use is not deleted, and the refusal lists every user; a plan
 * without changes writes nothing.
 */
import { AppError, type Clock, type Ids } from '@longshore/base';

import { referencesOf } from '../../domain/model/references.ts';
import { KIND_WORDS, type Resource } from '../../domain/model/resource.ts';
import { usersOf, type Use } from '../../domain/model/uses.ts';
import { record } from '../kernel/audit.ts';
import { endLoneMachine, usesOfTarget } from '../kernel/target-machines.ts';
import type { Caller } from '../ports/caller.ts';
import type { Sealer } from '../ports/sealer.ts';
import type { Store, Tx } from '../ports/store.ts';
import { makePlan, type Change, type Plan, type Planned } from './apply-plan.ts';
import type { Draft } from './model-draft.ts';
import { World } from './model-world.ts';
import { applyPools, poolBars } from './pools-applied.ts';

export interface ApplyInput {
  drafts: readonly Draft[];
  /** What is stored of the kinds that were written, and was not, is deleted. */
  prune: boolean;
  /** Of a plan that was shown: it is this one that is carried out, or none. */
  planToken?: string | undefined;
}

export interface ApplyResult {
  changes: Change[];
  /** Names the plan, and what it rests on. */
  planToken: string;
}

export interface Apply {
  /** @throws AppError `invalid` with all that is wrong, `conflict` when what would be deleted is in use */
  plan(caller: Caller, input: ApplyInput): Promise<ApplyResult>;
  /** As `plan`; @throws AppError `conflict` too when it is no longer the plan of the token */
  apply(caller: Caller, input: ApplyInput): Promise<ApplyResult>;
}

/** What uses a resource outside of the model: releases, unfinished tasks. Asked in the transaction of the deletion. */
export type UsesElsewhere = (
  tx: Tx,
  spaceId: string,
  what: { kind: Planned['kind']; id: string; name: string },
) => Promise<Use[]>;

export interface ApplyOptions {
  store: Store;
  clock: Clock;
  ids: Ids;
  sealer: Sealer;
  /** A short text for a long one: another for another. */
  fingerprint: (text: string) => string;
  usesElsewhere?: readonly UsesElsewhere[];
}

export function createApply(options: ApplyOptions): Apply {
  const { store, clock, fingerprint } = options;
  const planned = async (
    tx: Tx,
    caller: Caller,
    input: ApplyInput,
  ): Promise<{ plan: Plan; result: ApplyResult }> => {
    const world = await World.load(tx, caller.spaceId);
    const plan = makePlan(world, input, { ...options, spaceId: caller.spaceId, now: clock.now() });
    await refuseUsed(tx, caller.spaceId, plan, options.usesElsewhere ?? []);
    return { plan, result: { changes: plan.changes.map(toChange), planToken: fingerprint(basisOf(plan)) } };
  };
  return {
    plan: (caller, input) => store.read(async (tx) => (await planned(tx, caller, input)).result),
    apply: (caller, input) =>
      store.write(async (tx) => {
        const { plan, result } = await planned(tx, caller, input);
        if (input.planToken !== undefined && input.planToken !== result.planToken)
          throw new AppError(
            'conflict',
            'Something was changed since this plan was made: nothing was applied; look at the new plan first',
            { detail: { changes: result.changes.filter(({ change }) => change !== 'unchanged') } },
          );
        await carryOut(tx, plan, { caller, store, clock });
        return result;
      }),
  };
}

function toChange({ kind, id, name, change, fields }: Planned): Change {
  return { kind, id, name, change, fields };
}

async function carryOut(
  tx: Tx,
  { changes }: Plan,
  { caller, store, clock }: { caller: Caller; store: Store; clock: Clock },
): Promise<void> {
  const by = { ...caller, clock };
  await applyPools(tx, changes, { store, by });
  for (const planned of changes) {
    if (planned.of === 'pool' || planned.change === 'unchanged') continue;
    if (planned.change === 'delete' && planned.before !== undefined)
      await endLoneMachine(tx, planned.before, { store, by });
    await write(tx, planned);
    store.announce(tx, 'resource', planned.kind);
    const deed = { create: 'created', update: 'changed', delete: 'deleted' }[planned.change];
    const { name, fields } = planned;
    const detail = { name, ...(planned.change === 'update' ? { fields } : {}) };
    await record(tx, by, { action: `${planned.kind}.${deed}`, subject: planned.id, detail });
  }
}

async function write(tx: Tx, planned: Planned & { of: 'resource' }): Promise<void> {
  const { before, after } = planned;
  if (after === undefined) await tx.resources.delete(before?.spaceId ?? '', planned.id);
  else if (before === undefined) await tx.resources.insert(after);
  else if (!(await tx.resources.update(after, before.version)))
    throw new AppError('conflict', `${KIND_WORDS[planned.kind]} "${planned.name}" was changed by another`);
}

/** @throws AppError `conflict` that lists all users of all that would be deleted */
async function refuseUsed(
  tx: Tx,
  spaceId: string,
  { changes, world }: Plan,
  elsewhere: readonly UsesElsewhere[],
): Promise<void> {
  const bars: { text: string; usedBy: Use[]; id: string }[] = [];
  const resources = world.resources;
  for (const planned of changes) {
    if (planned.change !== 'delete') continue;
    const { kind, id, name } = planned;
    const found = await Promise.all(elsewhere.map((uses) => uses(tx, spaceId, { kind, id, name })));
    const ofTarget = await usesOfTarget(tx, spaceId, planned);
    const usedBy = [...usersOf(id, resources), ...ofTarget, ...found.flat()];
    bars.push(...(await barsOf(tx, planned, { usedBy, changes })));
  }
  if (bars.length === 0) return;
  throw new AppError('conflict', bars.map(({ text }) => text).join('\n'), {
    detail: { usedBy: bars.flatMap(({ id, usedBy }) => usedBy.map((use) => ({ ...use, of: id }))) },
  });
}

async function barsOf(
  tx: Tx,
  planned: Planned,
  { usedBy, changes }: { usedBy: Use[]; changes: readonly Planned[] },
): Promise<{ text: string; usedBy: Use[]; id: string }[]> {
  if (planned.of === 'pool') return poolBars(tx, planned, { usedBy, changes });
  if (usedBy.length === 0) return [];
  return [{ text: inUse(planned, usedBy), usedBy, id: planned.id }];
}

export function inUse({ kind, name }: Pick<Change, 'kind' | 'name'>, uses: readonly Use[]): string {
  const shown = uses.slice(0, USES_NAMED).map(sayUse);
  const more = uses.length > USES_NAMED ? ` and ${uses.length - USES_NAMED} more` : '';
  const what = KIND_WORDS[kind];
  return `${what.slice(0, 1).toUpperCase()}${what.slice(1)} "${name}" is in use by ${shown.join(', ')}${more}`;
}

/** Named in the message; the error's detail lists them all. */
const USES_NAMED = 5;

function sayUse({ kind, name, fields = [] }: Use): string {
  const where = fields.length === 0 ? '' : ` (${fields[0] ?? ''}${fields.length > 1 ? ', …' : ''})`;
  const words: Readonly<Record<string, string>> = KIND_WORDS;
  return `${words[kind] ?? kind} "${name}"${where}`;
}

/** What a plan rests on: what it changes, from which version, and what that refers to. */
function basisOf({ changes }: Plan): string {
  const parts = changes.map((planned) => {
    const { kind, name, change, fields, before, after } = planned;
    const version = planned.of === 'resource' ? planned.before?.version : before;
    const refers =
      planned.of === 'resource' && after !== undefined ? knownRefs(after as Resource, changes) : [];
    return [kind, name, change, fields, version ?? 0, refers];
  });
  return JSON.stringify(parts);
}

/** Ids of what is made by the plan itself are new each time. */
function knownRefs({ kind, body }: Resource, changes: readonly Planned[]): string[] {
  const made = new Set(changes.filter(({ change }) => change === 'create').map(({ id }) => id));
  return referencesOf(kind, body).map(({ value }) => (made.has(value) ? '' : value));
}
