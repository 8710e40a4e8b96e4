import type { SqlValue } from './db.ts';

/** Conditions that are there only where a value is. */
export class Where {
  readonly #conditions = ['space_id = ?'];
  readonly params: SqlValue[];

  constructor(spaceId: string) {
    this.params = [spaceId];
  }

  and(condition: string, value: SqlValue | undefined): void {
    if (value === undefined) return;
    this.#conditions.push(condition);
    this.params.push(value);
  }

  get text(): string {
    return this.#conditions.join(' AND ');
  }
}
