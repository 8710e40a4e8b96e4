import type { Migration } from '../db.ts';

/** A registration token may make a machine a deployment target: what it says of that, as JSON; null: it does not. */
export const migration: Migration = {
  number: 22,
  name: 'target-tokens',
  statements: [`ALTER TABLE tokens ADD COLUMN target TEXT`],
};
