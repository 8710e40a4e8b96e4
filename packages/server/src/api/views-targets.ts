/** Deployment targets to JSON, field by field. */
import type { MachineOfTarget, TargetOverview } from '../app/targets/target-overview.ts';
import type { Worker } from '../domain/worker.ts';
import type { TargetView } from './schemas/targets.ts';

export function targetView(overview: TargetOverview): TargetView {
  const { target, environments, tenants, machine, pool, leases, warnings } = overview;
  const { id, name, body, version, createdAt, changedAt } = target;
  const { description, roles, tenanted, tenantTags, disabled } = body;
  return {
    ...{ id, name, description, environments, roles, tenanted, tenants, tenantTags, disabled },
    machine: machine === null ? null : machineView(machine),
    ...{ pool, leases, warnings, version, createdAt, changedAt },
  };
}

function machineView({ id, worker, pools, connected }: MachineOfTarget): NonNullable<TargetView['machine']> {
  if (worker === undefined)
    return {
      ...{ id, name: '', mode: '', pools, state: 'gone', stateReason: 'its agent is no longer registered' },
      ...{ connected, health: 'unavailable', healthReason: '', healthAt: 0, version: '', lastSeenAt: null },
    };
  const { name, mode, health, healthReason, healthAt, version, lastSeenAt } = worker;
  return {
    ...{ id, name, mode, pools, ...stateOf(worker, connected) },
    ...{ connected, health, healthReason, healthAt, version, lastSeenAt },
  };
}

type State = Pick<NonNullable<TargetView['machine']>, 'state' | 'stateReason'>;

function stateOf(worker: Worker, connected: boolean): State {
  const { revoked, locked, quarantined, enabled, draining } = worker;
  if (revoked) return { state: 'revoked', stateReason: locked };
  if (locked !== '') return { state: 'locked', stateReason: locked };
  if (quarantined !== '') return { state: 'quarantined', stateReason: quarantined };
  if (!enabled) return { state: 'disabled', stateReason: '' };
  if (draining) return { state: 'draining', stateReason: '' };
  return { state: connected ? 'ready' : 'away', stateReason: '' };
}
