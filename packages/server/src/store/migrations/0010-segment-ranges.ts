import type { Migration } from '../db.ts';

/** Where each verified segment begins and ends, so that one can be checked against its digest by itself. */
export const migration: Migration = {
  number: 10,
  name: 'segment-ranges',
  statements: [`ALTER TABLE attempts ADD COLUMN segment_ranges TEXT NOT NULL DEFAULT '[]'`],
};
