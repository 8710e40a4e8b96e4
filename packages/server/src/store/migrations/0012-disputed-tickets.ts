import type { Migration } from '../db.ts';

/** Tickets of copies that an operator did not choose; `pending` may hold several, with commas between. */
export const migration: Migration = {
  number: 12,
  name: 'disputed-tickets',
  statements: [`ALTER TABLE tickets ADD COLUMN disputed TEXT NOT NULL DEFAULT ''`],
};
