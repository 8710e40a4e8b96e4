/** A broken uniqueness rule of the database, told as what it means to the caller. */
import { AppError, isErrno } from '@longshore/base';

/** SQLSTATE of PostgreSQL, and SQLite's extended result codes. */
const UNIQUE_VIOLATION = ['23505', 'SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY'];

/**
 * Runs a statement that may break a uniqueness rule.
 *
 * @throws AppError `conflict` with `message` when it did
 */
export async function orConflict<T>(message: string, statement: Promise<T>): Promise<T> {
  try {
    return await statement;
  } catch (thrown) {
    if (isUniqueViolation(thrown)) throw new AppError('conflict', message, { cause: thrown });
    throw thrown;
  }
}

function isUniqueViolation(thrown: unknown): boolean {
  if (isErrno(thrown, ...UNIQUE_VIOLATION)) return true;
  return (
    typeof thrown === 'object' && thrown !== null && 'cause' in thrown && isUniqueViolation(thrown.cause)
  );
}
